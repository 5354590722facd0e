/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/emulator.h"

#include <errno.h>
#include <stdio.h>

#include "command.h"

int emulator_failed(const char *verb, const grille_error *error) {
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, verb, error->text);
    return error->code == GRILLE_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

int emulator_printed(const char *verb) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return EXIT_DONE;
    (void)fprintf(stderr, "%s: %s: standard output can't be written\n", program_invocation_short_name, verb);
    return EXIT_FAILED;
}
