/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_tests.h"

int main(void) {
    return policy_match_tests() + policy_facts_tests() + policy_parse_tests() + policy_decide_tests();
}
