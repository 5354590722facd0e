/* SPDX-License-Identifier: Apache-2.0
 * A policy in words. */
#ifndef GRILLE_TOOLS_WORDS_H
#define GRILLE_TOOLS_WORDS_H

#include "attest/policy_rules.h"

/* Prints whom a set of the policy accepts, what it lets them do and what it does not look at. */
void words_of_set(const grille_policy *policy, const grille_policy_set *set);

/* Prints what holds for all sets. */
void words_of_all(const grille_policy *policy);

#endif
