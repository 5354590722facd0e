/* SPDX-License-Identifier: Apache-2.0
 * The groups of core_test. */
#ifndef GRILLE_TESTS_CORE_TESTS_H
#define GRILLE_TESTS_CORE_TESTS_H

int actions_data_tests(void);
int actions_recipient_tests(void);
int actions_key_tests(void);
int actions_policy_tests(void);
int actions_tests(void);
int blob_tests(void);
int cms_write_tests(void);
int store_tests(void);

#endif
