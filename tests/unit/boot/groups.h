/* SPDX-License-Identifier: Apache-2.0
 * The groups of one test program: each runs its cases and returns how many failed. */
#ifndef GRILLE_TESTS_BOOT_GROUPS_H
#define GRILLE_TESTS_BOOT_GROUPS_H

int boot_check_group(void);
int boot_main_group(void);

#endif
