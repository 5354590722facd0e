/* SPDX-License-Identifier: Apache-2.0
 * Programs of others, found as a shell finds them, and nitro-cli run for what it prints. */
#ifndef GRILLE_TOOLS_MACHINE_PROGRAMS_H
#define GRILLE_TOOLS_MACHINE_PROGRAMS_H

#include <limits.h>
#include <stdbool.h>

#include "grille/reasons.h"

/* More is no answer of nitro-cli. */
#define MACHINE_OUTPUT_MAX (1u << 20)

/* The absolute path of the program `name`: in the folders of PATH, or, when it holds a slash, from here. False: there
 * is no file of that name that can be run. */
GRILLE_MUST_USE bool machine_program_find(const char *name, char path[PATH_MAX]);

/* This is a parent instance: it has /dev/nitro_enclaves, and nitro-cli can be found. */
bool machine_on_nitro(void);

/* Runs `program` with these arguments (the first is its name, NULL behind the last); its errors go to ours. *output has
 * what it printed, a text of its own with a terminator: free(3) by the caller. *status is what it ended with, 128 and
 * the signal for one that was killed. SYSTEM; BAD_ARGUMENT when it prints more than MACHINE_OUTPUT_MAX. */
GRILLE_MUST_USE bool machine_program_run(const char *program, char *const *arguments, char **output, int *status,
                                         grille_error *error);

#endif
