/* SPDX-License-Identifier: Apache-2.0
 * grille kms: what a parent has to do with a key service. */
#include "kms.h"

#include "command.h"
#include "grille/log.h"
#include "options.h"

static const char usage[] =
    "usage: grille kms policy --key ARN --role ARN MEASUREMENTS…  a key policy for enclaves of these builds\n"
    "       grille kms credentials                              where a parent's credentials come from\n"
    "       grille kms encrypt --key ARN [options] FILE         FILE encrypted under a key\n"
    "       grille kms create-data-key --key ARN [options]      a new data key, encrypted under a key\n";

int command_kms(int argc, char **argv) {
    static const command_verb verbs[] = {{"policy", kms_policy},
                                         {"credentials", kms_credentials},
                                         {"encrypt", kms_encrypt},
                                         {"create-data-key", kms_create_data_key}};
    /* The verbs say themselves what they found. */
    grille_log_set_module(GRILLE_LOG_ATTEST, GRILLE_LOG_ERROR);
    return command_verb_run(usage, verbs, sizeof verbs / sizeof verbs[0], argc, argv);
}
