/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/poller.h"

#define SMALLEST_SHARE 16

void grille_poller_init(grille_poller *poller, uint32_t spin_us) {
    *poller = (grille_poller){.max_us = spin_us, .budget_us = spin_us};
}

void grille_poller_hit(grille_poller *poller) {
    poller->budget_us = poller->max_us;
}

void grille_poller_missed(grille_poller *poller, uint64_t waited_us) {
    /* Waking up takes about as long as the budget itself, so the wait looks up to twice as long as it was. */
    if (waited_us <= 2 * poller->max_us) {
        poller->budget_us = poller->max_us;
        return;
    }
    uint64_t least = (poller->max_us + SMALLEST_SHARE - 1) / SMALLEST_SHARE;
    poller->budget_us = poller->budget_us / 2 > least ? poller->budget_us / 2 : least;
}
