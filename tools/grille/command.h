/* SPDX-License-Identifier: Apache-2.0
 * The grille command: one file per noun, each with the signature of main. */
#ifndef GRILLE_TOOLS_COMMAND_H
#define GRILLE_TOOLS_COMMAND_H

#include "grille/bytes.h"

/* What a process ends with (docs/commands.md). */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,   /* something went wrong while doing it; of `policy diff`: they differ */
    EXIT_USAGE = 2,    /* the command line, or a file that it names, can't be used */
    EXIT_REJECTED = 4, /* the thing looked at was judged, and refused */
};

/* Each gets the arguments from its own noun on and answers an exit status; errors are one line on standard error. */
int command_attest(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_enclave(int argc, char **argv);
int command_identity(int argc, char **argv);
int command_kms(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_relay(int argc, char **argv);
int command_sim(int argc, char **argv);

/* Prints the program's name ("grille: …") and what to write instead; answers EXIT_USAGE. */
int usage_error(const char *usage, const char *format, ...) GRILLE_PRINTF(2, 3);

#endif
