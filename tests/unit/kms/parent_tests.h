/* SPDX-License-Identifier: Apache-2.0
 * The groups of parent_test: each answers how many of its cases failed. */
#ifndef GRILLE_TESTS_KMS_PARENT_TESTS_H
#define GRILLE_TESTS_KMS_PARENT_TESTS_H

int credentials_service_tests(void);
int feed_tests(void);
int feeder_tests(void);
int imds_tests(void);
int profile_tests(void);
int pump_tests(void);
int role_credentials_tests(void);
int source_tests(void);

#endif
