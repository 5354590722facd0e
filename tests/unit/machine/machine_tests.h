/* SPDX-License-Identifier: Apache-2.0
 * The groups of machine_test, one for each source file. */
#ifndef GRILLE_TESTS_MACHINE_TESTS_H
#define GRILLE_TESTS_MACHINE_TESTS_H

int boot_files_tests(void);
int check_tests(void);
int child_tests(void);
int console_tests(void);
int init_tests(void);
int look_tests(void);
int process_tests(void);
int programs_tests(void);
int qemu_tests(void);
int ready_tests(void);
int runs_tests(void);
int stand_in_tests(void);
int start_tests(void);
int state_tests(void);

#endif
