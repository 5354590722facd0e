/* SPDX-License-Identifier: Apache-2.0
 * Does a condition hold? Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_CONDITION_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_CONDITION_H

#include "kms_emulator/policy.h"
#include "kms_emulator/policy_facts.h"

typedef enum key_policy_answer {
    KEY_POLICY_FAILS,
    KEY_POLICY_HOLDS,
    /* Several values where the condition names no set operator: IAM leaves open what that means ("Multivalued context
     * keys require a condition set operator"). */
    KEY_POLICY_UNDEFINED
} key_policy_answer;

/* IAM User Guide, "Condition operators", "Conditions with multiple context keys or values" and "Set operators for
 * multivalued context keys":
 *
 *   key absent        operators fail, their negations hold, ...IfExists holds, Null as it says; ForAnyValue fails, even
 *                     of a negation; ForAllValues holds
 *   one value         an operator holds when one of the policy's values matches, a negation when none does
 *   several values    ForAnyValue: for one of them it must be so; ForAllValues: for each
 *
 * Values are told apart by case unless the operator says otherwise, which is then ASCII's. */
key_policy_answer key_policy_condition_holds(const key_policy *policy, const key_policy_condition *condition,
                                             const key_policy_facts *facts);

#endif
