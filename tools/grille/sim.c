/* SPDX-License-Identifier: Apache-2.0
 * grille sim: in development builds only. */
#include "sim.h"

#include "command.h"
#include "options.h"

static const char usage[] = "usage: grille sim init DIR [--debug] [--pcr N=HEX]… [--role ARN] [--instance ID]\n"
                            "                           [--executable FILE] [--region R]\n"
                            "         makes a simulated NSM: a random root and what it says of itself\n"
                            "       grille sim show [--json] DIR\n"
                            "         its root and the PCRs of its documents\n"
                            "       development only: its documents prove nothing\n";

int command_sim(int argc, char **argv) {
    static const command_verb verbs[] = {{"init", sim_init}, {"show", sim_show}};
    return command_verb_run(usage, verbs, sizeof verbs / sizeof verbs[0], argc, argv);
}
