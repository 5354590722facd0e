/* SPDX-License-Identifier: Apache-2.0
 * The groups of client_test. */
#ifndef GRILLE_TESTS_KMS_CLIENT_TESTS_H
#define GRILLE_TESTS_KMS_CLIENT_TESTS_H

int credentials_tests(void);
int key_ring_tests(void);
int key_supply_tests(void);
int service_error_tests(void);
int client_call_tests(void);
int client_join_tests(void);
int client_memory_tests(void);
int client_options_tests(void);
int client_schedule_tests(void);

#endif
