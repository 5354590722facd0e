/* SPDX-License-Identifier: Apache-2.0
 * The table of attacks as docs/security.md has it: both must say the same. */
#ifndef GRILLE_TESTS_ATTACK_TABLE_H
#define GRILLE_TESTS_ATTACK_TABLE_H

#include "attacks.h"

/* Counts rows that one has and the other has not, saying which: attacks, and defences. */
unsigned table_differences(const char *page);

#endif
