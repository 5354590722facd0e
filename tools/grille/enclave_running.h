/* SPDX-License-Identifier: Apache-2.0
 * Enclaves that run on this machine, for the verbs that look at them: those of the run folder, and nitro-cli's. */
#ifndef GRILLE_TOOLS_ENCLAVE_RUNNING_H
#define GRILLE_TOOLS_ENCLAVE_RUNNING_H

#include "machine/programs.h"
#include "machine/runs.h"

/* Where enclaves run. */
typedef enum enclave_place {
    PLACE_QEMU,
    PLACE_NITRO,
} enclave_place;

/* "nitro", "qemu", or NULL: the place of this machine. False: *status is what the process ends with, all was said. */
bool enclave_place_parse(const char *text, const char *command, const char *usage, enclave_place *place, int *status);

/* Runs nitro-cli; its errors went to ours. False: it is not there, can't be run or failed, which was said with the next
 * step; *output is NULL. free(3) it. */
bool enclave_nitro(const char *command, char *const *arguments, char **output);

/* Prints "grille: COMMAND: TEXT"; answers `status`. */
int enclave_failed(const char *command, const grille_error *error, int status);

/* The run folder, and what is in it. */
typedef struct enclave_runs {
    machine_runs runs;
    machine_found found[MACHINE_RUNS_MAX];
    size_t count;
} enclave_runs;

/* False: *error says why. End with machine_runs_close. */
GRILLE_MUST_USE bool enclave_runs_open(enclave_runs *all, grille_error *error);
/* NULL: none of that name. */
const machine_found *enclave_runs_find(const enclave_runs *all, const char *name);

#endif
