/* SPDX-License-Identifier: Apache-2.0
 * One machine and what comes to its supervisor; of this room alone. */
#ifndef GRILLE_TOOLS_MACHINE_SUPERVISOR_STATE_H
#define GRILLE_TOOLS_MACHINE_SUPERVISOR_STATE_H

#include "machine/child.h"
#include "machine/console.h"
#include "machine/ready.h"
#include "machine/runs.h"

enum { COMPLAINTS_BYTES = 160 };

/* One machine: this process has no other. */
typedef struct supervisor {
    const machine_request *request;
    machine_runs runs;
    machine_state state;
    char path[GRILLE_RUN_PATH_BYTES]; /* of the enclave's folder */
    int folder;
    char cmdline[4096];
    int signals, report;
    int console_in, complaints_in; /* ends of pipes */
    machine_ready ready;
    machine_console console;
    machine_child vhost, qemu;
    uint32_t patience_ms;
    bool asked_to_end;
    bool qemu_failed;                  /* it ended before the init was up */
    char complaints[COMPLAINTS_BYTES]; /* the last of what the two programs said */
    grille_error error;
} supervisor;

int64_t supervisor_now_ms(void);

/* Waits for anything at most that long (-1: as long as it takes), and takes it. */
void supervisor_wait(supervisor *s, int timeout_ms);
/* Takes what is in a pipe; at its end it is closed. */
void supervisor_drain(supervisor *s, int *pipe_end);

/* Waits until `done` says so, looking every `step_ms` (0: when something came). False, with s->error: one of the
 * programs ended, the supervisor is told to end, or `end_ms` has come; `what` is what was waited for ("the init was
 * up"). */
GRILLE_MUST_USE bool supervisor_wait_until(supervisor *s, bool (*done)(supervisor *s), int step_ms, int64_t end_ms,
                                           const char *what);

#endif
