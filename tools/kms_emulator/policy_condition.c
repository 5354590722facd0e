/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_condition.h"

#include "kms_emulator/policy_match.h"

static bool is_negation(key_policy_operator comparison) {
    return comparison == KEY_POLICY_STRING_NOT_EQUALS || comparison == KEY_POLICY_STRING_NOT_EQUALS_IGNORE_CASE ||
           comparison == KEY_POLICY_STRING_NOT_LIKE;
}

static bool equals(key_policy_operator comparison, grille_bytes expected, grille_bytes value) {
    switch (comparison) {
    case KEY_POLICY_STRING_EQUALS:
    case KEY_POLICY_STRING_NOT_EQUALS:
        return key_policy_equal(expected, value, KEY_POLICY_EXACT);
    case KEY_POLICY_STRING_EQUALS_IGNORE_CASE:
    case KEY_POLICY_STRING_NOT_EQUALS_IGNORE_CASE:
        return key_policy_equal(expected, value, KEY_POLICY_IGNORE_CASE);
    case KEY_POLICY_STRING_LIKE:
    case KEY_POLICY_STRING_NOT_LIKE:
        return key_policy_match(expected, value, KEY_POLICY_EXACT);
    case KEY_POLICY_NULL:
        break;
    }
    return false;
}

/* Of one value of the request: OR over the policy's values, NOR for a negation. */
static bool value_passes(const key_policy *policy, const key_policy_condition *condition, grille_bytes value) {
    const key_policy_range *values = &condition->values;
    bool any = false;
    for (size_t i = values->first; !any && i < values->first + values->count; i++)
        any = equals(condition->comparison, policy->texts[i], value);
    return any != is_negation(condition->comparison);
}

static bool holds_when_absent(const key_policy_condition *condition) {
    switch (condition->set) {
    case KEY_POLICY_FOR_ANY_VALUE:
        return false;
    case KEY_POLICY_FOR_ALL_VALUES:
        return true;
    case KEY_POLICY_NO_SET:
        break;
    }
    return condition->if_exists || is_negation(condition->comparison);
}

key_policy_answer key_policy_condition_holds(const key_policy *policy, const key_policy_condition *condition,
                                             const key_policy_facts *facts) {
    size_t at = 0, values = 0, passed = 0;
    grille_bytes value = {.len = 0};
    bool holds = false;
    while (key_policy_facts_next(facts, condition->key, &at, &value)) {
        values++;
        if (condition->comparison != KEY_POLICY_NULL && value_passes(policy, condition, value)) passed++;
    }
    if (condition->comparison == KEY_POLICY_NULL) {
        holds = condition->wants_absent == (values == 0);
    } else if (values == 0) {
        holds = holds_when_absent(condition);
    } else if (values > 1 && condition->set == KEY_POLICY_NO_SET) {
        return KEY_POLICY_UNDEFINED;
    } else {
        holds = condition->set == KEY_POLICY_FOR_ANY_VALUE ? passed > 0 : passed == values;
    }
    return holds ? KEY_POLICY_HOLDS : KEY_POLICY_FAILS;
}
