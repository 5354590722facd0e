/* SPDX-License-Identifier: Apache-2.0
 * Defences that can be switched off: the linker puts these in place of the functions of attest/defence.h. */
#ifndef GRILLE_TESTS_ATTEST_CANARY_CANARY_H
#define GRILLE_TESTS_ATTEST_CANARY_CANARY_H

/* The defences that answer yes to everything from now on. */
void canary_switch_off(unsigned defences);
/* Defences that were asked since the last call, on or off. */
unsigned canary_asked(void);

#endif
