/* SPDX-License-Identifier: Apache-2.0
 * grille sim: in development builds only. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "grille/status.h"
#include "nsm/simulated.h"

static const char usage[] = "usage: grille sim init DIR   new random root for a simulated NSM; DIR is made, or is a\n"
                            "                             folder without one that nobody else may read\n";

int command_sim(int argc, char **argv) {
    grille_error error;
    if (argc < 2 || strcmp(argv[1], "init") != 0) return usage_error(usage, "sim: what to do?");
    if (argc != 3 || argv[2][0] == 0) return usage_error(usage, "sim init takes one folder");
    if (grille_sim_init_insecure(argv[2], &error) != GRILLE_REASON_OK) {
        (void)fprintf(stderr, "grille: sim init: %s: %s\n", error.name, error.text);
        return EXIT_FAILED;
    }
    (void)printf("simulated NSM in %s: its root certificate is %s/%s, for\n"
                 "`insecure_development_root` of a policy. "
                 "It proves nothing: whoever reads the folder can sign as any enclave.\n",
                 argv[2], argv[2], GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    return EXIT_DONE;
}
