/* SPDX-License-Identifier: Apache-2.0
 * grille policy diff. */
#include <stdio.h>

#include "command.h"
#include "options.h"
#include "policy.h"
#include "policy_changes.h"

static const char usage[] = "usage: grille policy diff OLD NEW\n"
                            "         what NEW says otherwise than OLD; the order of sets and keys means nothing\n"
                            "         exit status: 0 the same, 1 different, 2 usage or a file that is no policy\n";

int policy_diff(int argc, char **argv) {
    const char *paths[2] = {NULL, NULL};
    const command_line line = {.command = "policy diff",
                               .usage = usage,
                               .operands = paths,
                               .least = 2,
                               .most = 2,
                               .operand_name = "OLD or NEW"};
    grille_policy *before = NULL, *after = NULL;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = policy_open("policy diff", usage, paths[0], &before);
    if (status == EXIT_DONE) status = policy_open("policy diff", usage, paths[1], &after);
    if (status == EXIT_DONE && policy_changes(before, after, stdout) > 0) status = EXIT_FAILED;
    grille_policy_free(before);
    grille_policy_free(after);
    return status;
}
