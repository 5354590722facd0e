/* SPDX-License-Identifier: Apache-2.0
 * Budgets of a test program, by the linker's --wrap: a chosen charge finds its budget used up. */
#ifndef GRILLE_TESTS_UNIT_SECURE_FAILING_BUDGET_H
#define GRILLE_TESTS_UNIT_SECURE_FAILING_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* Fails charge number `index` (0: the next one) of all budgets, and with `for_good` all after it. */
void failing_budget_at(size_t index, bool for_good);
void failing_budget_never(void);
/* True when a charge was failed since failing_budget_at. */
bool failing_budget_hit(void);

#endif
