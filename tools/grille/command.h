/* SPDX-License-Identifier: Apache-2.0
 * The grille command: one file per noun, each with the signature of main. */
#ifndef GRILLE_TOOLS_COMMAND_H
#define GRILLE_TOOLS_COMMAND_H

#include "grille/bytes.h"

/* What a process ends with. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Each gets the arguments from its own noun on and answers an exit status; errors are one line on standard error. */
int command_identity(int argc, char **argv);
int command_sim(int argc, char **argv);

/* Prints "grille: …" and what to write instead; answers EXIT_USAGE. */
int usage_error(const char *usage, const char *format, ...) GRILLE_PRINTF(2, 3);

#endif
