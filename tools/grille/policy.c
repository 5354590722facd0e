/* SPDX-License-Identifier: Apache-2.0
 * grille policy: whom to trust. */
#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "grille/log.h"
#include "options.h"

static const char usage[] =
    "usage: grille policy check [--strict] FILE     is FILE a policy, and what does it leave open?\n"
    "       grille policy explain [options] FILE    whom it accepts, in words; or what it makes of a document\n"
    "       grille policy diff OLD NEW              what changes for whom\n"
    "       grille policy add [options] FILE        adds a set that pins a build's measurements\n"
    "       grille policy sign --key KEY FILE       FILE as a signed update, to standard output\n";

int policy_open(const char *command, const char *own_usage, const char *path, grille_policy **policy) {
    grille_error error = {.code = GRILLE_OK};
    if (grille_policy_load(path, policy, &error) == GRILLE_OK) return EXIT_DONE;
    if (strcmp(error.name, "POLICY-FILE") == 0 && strncmp(error.text, path, strlen(path)) == 0) {
        return usage_error(own_usage, "%s: %s", command, error.text);
    }
    (void)fprintf(stderr, "grille: %s: %s: %s\n", command, error.name, error.text);
    return EXIT_USAGE;
}

int command_policy(int argc, char **argv) {
    static const command_verb verbs[] = {{"check", policy_check},
                                         {"explain", policy_explain},
                                         {"diff", policy_diff},
                                         {"add", policy_add},
                                         {"sign", policy_sign}};
    /* The verbs say themselves what they found. */
    grille_log_set_module(GRILLE_LOG_ATTEST, GRILLE_LOG_ERROR);
    return command_verb_run(usage, verbs, sizeof verbs / sizeof verbs[0], argc, argv);
}
