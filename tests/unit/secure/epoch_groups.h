/* SPDX-License-Identifier: Apache-2.0
 * The groups of one test program: each runs its cases and returns how many failed. */
#ifndef GRILLE_TESTS_EPOCH_GROUPS_H
#define GRILLE_TESTS_EPOCH_GROUPS_H

int epoch_evidence_group(void);
int epoch_rules_group(void);
int epoch_replace_group(void);

#endif
