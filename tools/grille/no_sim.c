/* SPDX-License-Identifier: Apache-2.0
 * grille sim in a release build. */
#include <stdio.h>

#include "command.h"

int command_sim(int argc, char **argv) {
    (void)argc;
    (void)argv;
    fputs("grille: this is a release build: it has no simulated NSM; build the command without --config=release\n",
          stderr);
    return EXIT_USAGE;
}
