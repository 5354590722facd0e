/* SPDX-License-Identifier: Apache-2.0
 * The groups of front_test. */
#ifndef GRILLE_TESTS_FRONT_TESTS_H
#define GRILLE_TESTS_FRONT_TESTS_H

int authorization_tests(void);
int certificates_tests(void);
int credentials_tests(void);
int front_tests(void);
int principal_tests(void);
int settings_tests(void);
int sigv4_check_tests(void);

#endif
