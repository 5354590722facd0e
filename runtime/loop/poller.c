/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/poller.h"

#include <stdbool.h>

#define SMALLEST_SHARE 16

void grille_poller_init(grille_poller *poller, uint32_t spin_us) {
    *poller = (grille_poller){.max_us = spin_us, .budget_us = spin_us, .calm_hits = GRILLE_POLLER_CALM_HITS};
}

uint64_t grille_poller_budget(const grille_poller *poller, grille_time_us now_us) {
    return now_us < poller->rests_until_us ? 0 : poller->budget_us;
}

static uint64_t longer_rest(uint64_t rest_us) {
    if (rest_us < GRILLE_POLLER_FIRST_REST_US) return GRILLE_POLLER_FIRST_REST_US;
    return rest_us >= GRILLE_POLLER_LONGEST_REST_US / 2 ? GRILLE_POLLER_LONGEST_REST_US : rest_us * 2;
}

void grille_poller_round(grille_poller *poller, uint64_t took_us, grille_time_us now_us) {
    if (took_us <= poller->max_us) return;
    const bool stands_alone = poller->calm_hits == GRILLE_POLLER_CALM_HITS;
    poller->calm_hits = 0;
    if (stands_alone) return;
    poller->rest_us = longer_rest(poller->rest_us);
    poller->rests_until_us = now_us + poller->rest_us;
}

void grille_poller_hit(grille_poller *poller) {
    poller->budget_us = poller->max_us;
    poller->rest_us /= 2;
    if (poller->calm_hits < GRILLE_POLLER_CALM_HITS) poller->calm_hits++;
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
