/* SPDX-License-Identifier: Apache-2.0
 * Defences that can be switched off: the linker puts these in place of the library's functions (BUILD, CANARIES). */
#ifndef GRILLE_TESTS_ATTACK_CANARY_H
#define GRILLE_TESTS_ATTACK_CANARY_H

#include "attacks.h"

/* The defences that are off from now on. */
void canary_switch_off(defence_set defences);
/* Defences that were asked since the last call, on or off. */
defence_set canary_asked(void);

#endif
