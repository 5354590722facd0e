/* SPDX-License-Identifier: Apache-2.0
 * The groups of policy_test. policy_parse_test.c holds what the readers of all elements refuse, policy_decide_test.c
 * what principals and conditions mean: neither can be told without a whole policy. */
#ifndef GRILLE_TESTS_POLICY_TESTS_H
#define GRILLE_TESTS_POLICY_TESTS_H

int policy_match_tests(void);
int policy_facts_tests(void);
int policy_parse_tests(void);
int policy_decide_tests(void);

#endif
