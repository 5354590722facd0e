/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator: one function per verb, each gets the arguments after it and answers an exit status (tools' command.h).
 */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_EMULATOR_H
#define GRILLE_TOOLS_KMS_EMULATOR_EMULATOR_H

#include "grille/status.h"

int emulator_init(int argc, char **argv);
int emulator_serve(int argc, char **argv);
int emulator_create_key(int argc, char **argv);
int emulator_put_policy(int argc, char **argv);
int emulator_list_keys(int argc, char **argv);
int emulator_add_credentials(int argc, char **argv);
int emulator_show_credentials(int argc, char **argv);

/* Says `error` on standard error: EXIT_USAGE where what it was given can't be used, else EXIT_FAILED. */
int emulator_failed(const char *verb, const grille_error *error);

/* EXIT_DONE when all that was printed has left, else EXIT_FAILED. */
int emulator_printed(const char *verb);

#endif
