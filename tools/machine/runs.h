/* SPDX-License-Identifier: Apache-2.0
 * The folder of all enclaves that run here (loop/run_folder.h) and the one of each: who may write there, who has which
 * CID, and what is left when a supervisor was killed. Local files, blocking calls; one thread. */
#ifndef GRILLE_TOOLS_MACHINE_RUNS_H
#define GRILLE_TOOLS_MACHINE_RUNS_H

#include "loop/run_folder.h"
#include "machine/state.h"

/* More than these are not looked at. */
#define MACHINE_RUNS_MAX 256
/* Below are those with a meaning of their own; nitro-cli counts from here too. */
#define MACHINE_FIRST_CID 16u
#define MACHINE_LAST_CID  0xfffffffeu /* the one above is VMADDR_CID_ANY */

/* Files of an enclave's folder. */
#define MACHINE_STATE_FILE       "state.json"
#define MACHINE_ADDRESS_FILE     "address"
#define MACHINE_CONSOLE_FILE     "console"
#define MACHINE_CONSOLE_OLD_FILE "console.1" /* what came before that, when there was much */
#define MACHINE_KERNEL_FILE      "kernel"
#define MACHINE_INITRD_FILE      "initrd"
#define MACHINE_HYBRID_SOCKET    "v"
#define MACHINE_READY_SOCKET     "v_9000" /* nitro-cli's port for the init's byte */
#define MACHINE_VHOST_SOCKET     "vhost"

typedef struct machine_runs {
    char path[GRILLE_RUN_PATH_BYTES];
    int folder; /* -1: there is none, so nothing runs */
} machine_runs;

/* Opens the folder; with `make` it is made when it is missing (0700). False: BAD_ARGUMENT when it is a link, belongs to
 * somebody else or others may write to it, SYSTEM. End with machine_runs_close. */
GRILLE_MUST_USE bool machine_runs_open(machine_runs *runs, bool make, grille_error *error);
void machine_runs_close(machine_runs *runs);

/* One at a time takes a name or a CID, and clears what was left. */
GRILLE_MUST_USE bool machine_runs_lock(const machine_runs *runs, grille_error *error);
void machine_runs_unlock(const machine_runs *runs);

/* An enclave's folder, as it was found. */
typedef struct machine_found {
    char name[GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 1];
    bool readable; /* else `problem` says why there is no state */
    machine_state state;
    char problem[160];
} machine_found;

/* What is there, sorted by name; at most MACHINE_RUNS_MAX. Where a supervisor ended without clearing up (SIGKILL), that
 * is done now, so that no state says STARTING or RUNNING of something that does not live. Takes the lock. */
GRILLE_MUST_USE bool machine_runs_look(const machine_runs *runs, machine_found found[MACHINE_RUNS_MAX], size_t *count,
                                       grille_error *error);
/* The same while the lock is held. */
GRILLE_MUST_USE bool machine_runs_look_locked(const machine_runs *runs, machine_found found[MACHINE_RUNS_MAX],
                                              size_t *count, grille_error *error);

/* `wanted`, or when that is 0 the lowest CID that no living enclave has. BAD_ARGUMENT: somebody has it, by name; or it
 * is below MACHINE_FIRST_CID. */
GRILLE_MUST_USE bool machine_choose_cid(const machine_found *found, size_t count, uint32_t wanted, uint32_t *cid,
                                        grille_error *error);

/* Makes the folder NAME, empty, in place of that of an enclave that has ended. The lock is held. */
GRILLE_MUST_USE bool machine_runs_make(const machine_runs *runs, const char *name, grille_error *error);
/* A descriptor of the folder NAME, or -1. */
GRILLE_MUST_USE int machine_runs_enter(const machine_runs *runs, const char *name);
/* Removes everything there; with `keep` state and console stay. */
void machine_runs_clear(const machine_runs *runs, const char *name, bool keep);

/* Writes MACHINE_STATE_FILE. */
GRILLE_MUST_USE bool machine_state_put(int folder, const machine_state *state, grille_error *error);

#endif
