/* SPDX-License-Identifier: Apache-2.0
 * What one policy says otherwise than another. */
#ifndef GRILLE_TOOLS_POLICY_CHANGES_H
#define GRILLE_TOOLS_POLICY_CHANGES_H

#include <stdio.h>

#include "grille/policy.h"

/* Counts the facts (policy_facts.h) that only one of them has; sets are the same by their name. Prints them to `out`,
 * set by set, unless it is NULL. */
size_t policy_changes(const grille_policy *before, const grille_policy *after, FILE *out);

#endif
