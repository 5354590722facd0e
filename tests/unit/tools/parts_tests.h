/* SPDX-License-Identifier: Apache-2.0
 * The groups of parts_test. */
#ifndef GRILLE_TESTS_PARTS_TESTS_H
#define GRILLE_TESTS_PARTS_TESTS_H

int kms_policy_tests(void);

#endif
