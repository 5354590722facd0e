/* SPDX-License-Identifier: Apache-2.0
 * The verbs of grille policy. */
#ifndef GRILLE_TOOLS_POLICY_H
#define GRILLE_TOOLS_POLICY_H

#include <stdbool.h>

#include "grille/policy.h"

/* Each gets the arguments after the verb and answers an exit status. */
int policy_check(int argc, char **argv);
int policy_explain(int argc, char **argv);
int policy_diff(int argc, char **argv);
int policy_add(int argc, char **argv);
int policy_sign(int argc, char **argv);

/* Loads a policy, or says on standard error why it can't be used: then EXIT_USAGE. Without a file to read, with usage.
 */
int policy_open(const char *command, const char *usage, const char *path, grille_policy **policy);

#endif
