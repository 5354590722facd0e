/* SPDX-License-Identifier: Apache-2.0
 * What a policy says, one line a fact: "pcr0: 1f…", "may_call: /a.B/C". Two policies with the same facts mean the same.
 * New keys of policies are added here. */
#ifndef GRILLE_TOOLS_POLICY_FACTS_H
#define GRILLE_TOOLS_POLICY_FACTS_H

#include "attest/policy_rules.h"
#include "lines.h"

/* Of a set of the policy; its name is left out. Sorted. A shared key is told by its id and by a digest of it. */
void policy_facts_of_set(const grille_policy *policy, const grille_policy_set *set, lines *facts);

/* Of the top level, its sets left out. Sorted. */
void policy_facts_of_all(const grille_policy *policy, lines *facts);

#endif
