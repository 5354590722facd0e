/* SPDX-License-Identifier: Apache-2.0
 * What comes to a supervisor. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/supervisor_state.h"

int64_t supervisor_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Keeps the end of what the programs say, as one line. */
static void keep_complaints(supervisor *s, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        size_t used = strlen(s->complaints);
        if (used == sizeof s->complaints - 1) {
            memmove(s->complaints, &s->complaints[1], used);
            used--;
        }
        s->complaints[used] = text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
        s->complaints[used + 1] = '\0';
    }
}

void supervisor_drain(supervisor *s, int *pipe_end) {
    uint8_t bytes[16384];
    while (*pipe_end >= 0) {
        const ssize_t got = read(*pipe_end, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            (void)close(*pipe_end);
            *pipe_end = -1;
        } else if (pipe_end == &s->console_in) {
            machine_console_put(&s->console, grille_bytes_of(bytes, (size_t)got));
        } else {
            keep_complaints(s, (const char *)bytes, (size_t)got);
        }
        if (got < (ssize_t)sizeof bytes) return;
    }
}

static void take_signals(supervisor *s) {
    struct signalfd_siginfo one;
    while (read(s->signals, &one, sizeof one) == (ssize_t)sizeof one)
        if (one.ssi_signo != SIGCHLD) s->asked_to_end = true;
    machine_child_look(&s->vhost);
    machine_child_look(&s->qemu);
}

void supervisor_wait(supervisor *s, int timeout_ms) {
    /* Nothing is ever read from the report's end: it tells that nobody waits for it any more. */
    struct pollfd ends[] = {{.fd = s->signals, .events = POLLIN},          {.fd = s->console_in, .events = POLLIN},
                            {.fd = s->complaints_in, .events = POLLIN},    {.fd = s->ready.listener, .events = POLLIN},
                            {.fd = s->ready.connection, .events = POLLIN}, {.fd = s->report}};
    if (poll(ends, sizeof ends / sizeof ends[0], timeout_ms) <= 0) return;
    if (ends[0].revents != 0) take_signals(s);
    if (ends[1].revents != 0) supervisor_drain(s, &s->console_in);
    if (ends[2].revents != 0) supervisor_drain(s, &s->complaints_in);
    if (ends[3].revents != 0 || ends[4].revents != 0) machine_ready_look(&s->ready);
    if (ends[5].revents != 0) s->asked_to_end = true;
}

bool supervisor_wait_until(supervisor *s, bool (*done)(supervisor *s), int step_ms, int64_t end_ms, const char *what) {
    const machine_child *gone = NULL;
    char how[64] = "";
    while (!done(s)) {
        const int64_t left_ms = end_ms - supervisor_now_ms();
        if (s->qemu.ended || s->vhost.ended || s->asked_to_end || left_ms <= 0) {
            gone = s->qemu.ended ? &s->qemu : s->vhost.ended ? &s->vhost : NULL;
            break;
        }
        supervisor_wait(s, step_ms > 0 && step_ms < left_ms ? step_ms : (int)left_ms);
    }
    if (done(s)) return true;
    supervisor_drain(s, &s->complaints_in);
    if (gone != NULL) {
        machine_child_tell(gone, how, sizeof how);
        (void)grille_error_set(&s->error, GRILLE_REASON_SYSTEM, "%s %s before %s%s%s", gone->what, how, what,
                               s->complaints[0] == '\0' ? "" : "; it said: ", s->complaints);
    } else if (s->asked_to_end) {
        (void)grille_error_set(&s->error, GRILLE_REASON_SYSTEM, "told to end before %s", what);
    } else {
        (void)grille_error_set(&s->error, GRILLE_REASON_SYSTEM, "no sign within %u.%u s that %s", s->patience_ms / 1000,
                               s->patience_ms % 1000 / 100, what);
    }
    return false;
}
