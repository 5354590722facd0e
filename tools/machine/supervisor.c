/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/boot_files.h"
#include "machine/files.h"
#include "machine/supervisor_state.h"

/* vhost-device-vsock does not say when it listens. */
enum { STEP_MS = 5 };

static bool refuse_system(supervisor *s, const char *what) {
    (void)grille_error_set(&s->error, GRILLE_REASON_SYSTEM, "can't %s: %s", what, strerror(errno));
    return false;
}

/* ---- Starting ---- */

static bool open_signals(supervisor *s) {
    sigset_t taken;
    (void)sigemptyset(&taken);
    (void)sigaddset(&taken, SIGTERM);
    (void)sigaddset(&taken, SIGINT);
    (void)sigaddset(&taken, SIGHUP);
    (void)sigaddset(&taken, SIGCHLD);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &taken, NULL);
    s->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 || refuse_system(s, "take signals");
}

/* The name, a CID, and the first state of it. The lock is held. */
static bool claim(supervisor *s) {
    static machine_found found[MACHINE_RUNS_MAX];
    const machine_request *r = s->request;
    size_t count = 0;
    if (!machine_runs_look_locked(&s->runs, found, &count, &s->error)) return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].name, r->name) != 0 || (found[i].readable && found[i].state.phase == MACHINE_ENDED))
            continue;
        (void)grille_error_set(
            &s->error, GRILLE_REASON_BAD_ARGUMENT,
            "the name \"%s\" is in use: observed %s%s, expected none of that name. Next: grille "
            "enclave terminate %s, or another name",
            r->name, found[i].readable ? "an enclave that runs" : "a folder that is not understood: ", found[i].problem,
            r->name);
        return false;
    }
    if (count == MACHINE_RUNS_MAX) {
        (void)grille_error_set(&s->error, GRILLE_REASON_BAD_ARGUMENT, "%zu enclaves are there: no more are possible",
                               count);
        return false;
    }
    if (!machine_choose_cid(found, count, r->cid, &s->state.cid, &s->error)) return false;
    if (!machine_runs_make(&s->runs, r->name, &s->error)) return false;
    s->folder = machine_runs_enter(&s->runs, r->name);
    if (s->folder < 0) return refuse_system(s, "open the enclave's folder");
    return machine_state_put(s->folder, &s->state, &s->error);
}

static bool take_place(supervisor *s) {
    bool good = false;
    if (!machine_runs_open(&s->runs, true, &s->error)) return false;
    if (snprintf(s->path, sizeof s->path, "%s/%s", s->runs.path, s->request->name) >= (int)sizeof s->path) {
        (void)grille_error_set(&s->error, GRILLE_REASON_BAD_ARGUMENT, "the path of %.150s is too long", s->runs.path);
        return false;
    }
    if (!machine_process_of(getpid(), &s->state.supervisor)) return refuse_system(s, "read /proc/self/stat");
    if (!machine_runs_lock(&s->runs, &s->error)) return false;
    good = claim(s);
    machine_runs_unlock(&s->runs);
    return good;
}

static bool write_boot_files(supervisor *s) {
    const grille_bytes cmdline = eif_section_of(s->request->image, EIF_CMDLINE);
    if (cmdline.len >= sizeof s->cmdline) {
        (void)grille_error_set(&s->error, GRILLE_REASON_BAD_ARGUMENT,
                               "the image's command line: observed %zu bytes, expected at most %zu", cmdline.len,
                               sizeof s->cmdline - 1);
        return false;
    }
    memcpy(s->cmdline, cmdline.data, cmdline.len);
    return machine_boot_files_write(s->folder, s->request, s->cmdline, &s->state.attested, &s->error) &&
           machine_state_put(s->folder, &s->state, &s->error);
}

static bool vhost_listens(supervisor *s) {
    char path[GRILLE_RUN_PATH_BYTES + sizeof MACHINE_VHOST_SOCKET];
    (void)snprintf(path, sizeof path, "%s/" MACHINE_VHOST_SOCKET, s->path);
    return machine_socket_listens(path);
}

static bool init_is_up(supervisor *s) {
    return s->ready.is_up;
}

/* Starts both, the console and complaints on pipes of which the write ends are theirs alone. */
static bool start_programs(supervisor *s, int64_t end_ms, const int console[2], const int complaints[2]) {
    static machine_arguments arguments;
    machine_vhost_arguments(s->request->vhost, s->path, s->state.cid, &arguments);
    if (!machine_child_start(&s->vhost, &arguments, complaints[1], complaints[1], &s->error)) return false;
    if (!supervisor_wait_until(s, vhost_listens, STEP_MS, end_ms, "vhost-device-vsock listened")) return false;
    machine_qemu_arguments(s->request, s->path, s->cmdline, &arguments);
    return machine_child_start(&s->qemu, &arguments, s->request->debug ? console[1] : complaints[1], complaints[1],
                               &s->error);
}

/* An enclave that does not come up says why on its console, if it has one. */
static void advise(supervisor *s) {
    const size_t used = strlen(s->error.text);
    s->qemu_failed = s->qemu.ended;
    if (s->asked_to_end) return;
    /* A machine that ends well has been told to by its kernel, which does so when it panics. */
    (void)snprintf(&s->error.text[used], sizeof s->error.text - used, "%s. Next: %s%s",
                   s->qemu.ended && s->qemu.status == 0
                       ? ". Likely the kernel gave up: too little memory, or the image's init ended"
                       : "",
                   s->request->debug ? "grille enclave console " : "run it again with --debug, which keeps its console",
                   s->request->debug ? s->request->name : "");
}

static bool start(supervisor *s) {
    const int64_t end_ms = supervisor_now_ms() + s->patience_ms;
    int console[2] = {-1, -1}, complaints[2] = {-1, -1};
    bool good = false;
    if (pipe2(console, O_CLOEXEC) != 0 || pipe2(complaints, O_CLOEXEC) != 0) return refuse_system(s, "make a pipe");
    s->console_in = console[0];
    s->complaints_in = complaints[0];
    (void)fcntl(s->console_in, F_SETFL, O_NONBLOCK);
    (void)fcntl(s->complaints_in, F_SETFL, O_NONBLOCK);
    good = (!s->request->debug || machine_console_open(&s->console, s->folder, &s->error)) &&
           machine_ready_open(&s->ready, s->path, &s->error) && start_programs(s, end_ms, console, complaints);
    (void)close(console[1]);
    (void)close(complaints[1]);
    if (!good) return false;
    if (supervisor_wait_until(s, init_is_up, 0, end_ms, "the enclave's init was up")) return true;
    advise(s);
    return false;
}

/* ---- Running and ending ---- */

static bool announce(supervisor *s) {
    char line[MACHINE_ADDRESS_BYTES + 1];
    machine_ready_close(&s->ready);
    (void)unlinkat(s->folder, MACHINE_READY_SOCKET, 0);
    (void)unlinkat(s->folder, MACHINE_KERNEL_FILE, 0);
    (void)unlinkat(s->folder, MACHINE_INITRD_FILE, 0);
    s->state.phase = MACHINE_RUNNING;
    (void)snprintf(s->state.address, sizeof s->state.address, "hybrid:%.110s/" MACHINE_HYBRID_SOCKET, s->path);
    (void)snprintf(line, sizeof line, "%s\n", s->state.address);
    return machine_state_put(s->folder, &s->state, &s->error) &&
           machine_file_put(s->folder, MACHINE_ADDRESS_FILE, grille_bytes_of_text(line), &s->error);
}

static void take_down(supervisor *s) {
    grille_error ignored;
    const bool keep = s->request->debug || s->state.phase == MACHINE_RUNNING;
    machine_child_end(&s->qemu);
    machine_child_end(&s->vhost);
    supervisor_drain(s, &s->console_in);
    machine_console_close(&s->console);
    machine_ready_close(&s->ready);
    if (s->folder < 0) return;
    if (!machine_runs_lock(&s->runs, &ignored)) return;
    s->state.phase = MACHINE_ENDED;
    s->state.address[0] = '\0';
    machine_runs_clear(&s->runs, s->request->name, keep && machine_state_put(s->folder, &s->state, &ignored));
    machine_runs_unlock(&s->runs);
}

static void send_report(supervisor *s, bool is_up) {
    static machine_report report;
    report.is_up = is_up;
    report.state = s->state;
    report.failure.error = s->error;
    report.failure.qemu_ended = s->qemu_failed;
    if (!is_up && s->request->debug && s->folder >= 0)
        machine_console_last_lines(s->folder, report.failure.console, sizeof report.failure.console);
    (void)!write(s->report, &report, sizeof report);
    (void)close(s->report);
    s->report = -1;
}

static uint32_t patience_of(const machine_request *request) {
    if (request->patience_ms != 0) return request->patience_ms;
    return request->accelerator == MACHINE_KVM ? MACHINE_PATIENCE_KVM_MS : MACHINE_PATIENCE_TCG_MS;
}

void machine_supervise(const machine_request *request, int report) {
    static supervisor s;
    bool is_up = false;
    s = (supervisor){.request = request,
                     .runs = {.folder = -1},
                     .state = {.phase = MACHINE_STARTING,
                               .cpus = request->cpus,
                               .memory_mib = request->memory_mib,
                               .debug = request->debug},
                     .folder = -1,
                     .patience_ms = patience_of(request),
                     .signals = -1,
                     .report = report,
                     .console_in = -1,
                     .complaints_in = -1,
                     .ready = {.listener = -1, .connection = -1},
                     .console = {.file = -1},
                     .vhost = {.what = "vhost-device-vsock"},
                     .qemu = {.what = "QEMU"}};
    (void)snprintf(s.state.name, sizeof s.state.name, "%s", request->name);
    is_up = open_signals(&s) && take_place(&s) && write_boot_files(&s) && start(&s) && announce(&s);
    if (is_up) {
        send_report(&s, true);
        while (!s.qemu.ended && !s.vhost.ended && !s.asked_to_end)
            supervisor_wait(&s, -1);
    }
    take_down(&s);
    if (!is_up) send_report(&s, false);
}
