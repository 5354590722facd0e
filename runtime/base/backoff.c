/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

void grille_backoff_init(grille_backoff *backoff, uint64_t first_us, uint64_t longest_us, uint32_t growth_permille) {
    *backoff = (grille_backoff){.first_us = first_us < longest_us ? first_us : longest_us,
                                .longest_us = longest_us,
                                .growth_permille = growth_permille};
    grille_backoff_reset(backoff);
}

uint64_t grille_jitter_us(uint64_t value_us, uint32_t permille, uint32_t random) {
    const uint64_t most_off_us = value_us / 1000 * permille + value_us % 1000 * permille / 1000;
    /* 16 bits of randomness are enough, and the product fits 64. */
    return value_us - most_off_us + (2 * most_off_us * (random >> 16) >> 16);
}

uint64_t grille_backoff_next_us(grille_backoff *backoff, uint32_t random) {
    const uint64_t pause_us = backoff->pause_us;
    const uint64_t grown_us =
        pause_us / 1000 * backoff->growth_permille + pause_us % 1000 * backoff->growth_permille / 1000;
    backoff->pause_us = grown_us < backoff->longest_us ? grown_us : backoff->longest_us;
    return grille_jitter_us(pause_us, GRILLE_BACKOFF_JITTER_PERMILLE, random);
}

void grille_backoff_reset(grille_backoff *backoff) {
    backoff->pause_us = backoff->first_us;
}
