/* SPDX-License-Identifier: Apache-2.0
 * What a key policy says to a request. Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_DECIDE_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_DECIDE_H

#include "kms_emulator/policy.h"
#include "kms_emulator/policy_facts.h"

typedef enum key_policy_verdict {
    KEY_POLICY_DEFAULT_DENY, /* no statement allows it */
    KEY_POLICY_ALLOW,
    KEY_POLICY_EXPLICIT_DENY
} key_policy_verdict;

typedef struct key_policy_decision {
    key_policy_verdict verdict;
    /* The statement that decided, from 1. DEFAULT_DENY: the Allow that came closest; 0: the policy has none. */
    size_t statement;
    /* One line of printable ASCII for the log: which statement, and why. Holds values of the request, no secrets. */
    char reason[KEY_POLICY_REASON_BYTES];
} key_policy_decision;

/* IAM User Guide, "Policy evaluation logic": a Deny that applies wins over every Allow; without either it is denied. A
 * statement applies when one of its principals, one of its actions and all of its conditions do. A condition that is
 * undefined (policy_condition.h) lets no Allow apply and every Deny. */
void key_policy_decide(const key_policy *policy, const key_policy_facts *facts, key_policy_decision *decision);

#endif
