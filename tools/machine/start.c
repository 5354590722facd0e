/* SPDX-License-Identifier: Apache-2.0
 * Starting a supervisor, and stopping one. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "machine/machine.h"
#include "machine/supervisor.h"

/* A supervisor ends two processes and removes some files; if that takes longer, something holds it. */
enum { STOP_PATIENCE_MS = 20000 };

static bool failed(grille_error *error, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s: %s", what, strerror(errno));
    return false;
}

/* Nothing of whoever started us stays with us: no terminal, no folder, no descriptor but `report`, which is 3 then. */
static int leave_all(int report) {
    enum { kept = 3 };
    const int nothing = open("/dev/null", O_RDWR);
    const bool moved = report == kept || dup2(report, kept) == kept;
    for (int standard = 0; nothing >= 0 && standard < kept; standard++)
        (void)dup2(nothing, standard);
    if (!moved || nothing < 0) _exit(EXIT_FAILURE);
    (void)fcntl(kept, F_SETFD, FD_CLOEXEC);
    (void)close_range(kept + 1, ~0u, 0);
    (void)umask(077);
    return kept;
}

/* Twice: a process that leads no session can get no terminal, and is no child of ours to be taken in. */
static void become_supervisor(const machine_request *request, int report) {
    const pid_t pid = setsid() < 0 ? -1 : fork();
    if (pid != 0) _exit(pid > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    machine_supervise(request, leave_all(report));
    _exit(EXIT_SUCCESS);
}

static bool read_report(int from, machine_report *report) {
    size_t got = 0;
    while (got < sizeof *report) {
        const ssize_t more = read(from, (char *)report + got, sizeof *report - got);
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) return false;
        got += (size_t)more;
    }
    return true;
}

bool machine_start(const machine_request *request, machine_state *state, machine_failure *failure) {
    static machine_report report;
    int ends[2] = {-1, -1};
    pid_t between = -1;
    bool told = false;
    *failure = (machine_failure){.qemu_ended = false};
    if (pipe2(ends, O_CLOEXEC) != 0) return failed(&failure->error, "make a pipe");
    between = fork();
    if (between == 0) become_supervisor(request, ends[1]);
    (void)close(ends[1]);
    if (between > 0) {
        while (waitpid(between, NULL, 0) < 0 && errno == EINTR) {
        }
        told = read_report(ends[0], &report);
    }
    (void)close(ends[0]);
    if (between < 0) return failed(&failure->error, "make a process");
    if (!told) {
        (void)grille_error_set(&failure->error, GRILLE_REASON_SYSTEM, "the supervisor ended without a word");
        return false;
    }
    *state = report.state;
    *failure = report.failure;
    return report.is_up;
}

bool machine_stop(const machine_state *state, grille_error *error) {
    const int supervisor = machine_process_open(&state->supervisor);
    struct pollfd end = {.fd = supervisor, .events = POLLIN};
    bool gone = false;
    if (supervisor < 0) return true;
    if (pidfd_send_signal(supervisor, SIGTERM, NULL, 0) != 0 && errno != ESRCH) {
        (void)failed(error, "end the supervisor");
        (void)close(supervisor);
        return false;
    }
    gone = poll(&end, 1, STOP_PATIENCE_MS) == 1;
    (void)close(supervisor);
    if (gone) return true;
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM,
                           "enclave \"%s\" does not end: observed process %ld after %d s, expected it gone. Next: kill "
                           "-9 %ld, then grille enclave terminate %s",
                           state->name, (long)state->supervisor.pid, STOP_PATIENCE_MS / 1000,
                           (long)state->supervisor.pid, state->name);
    return false;
}
