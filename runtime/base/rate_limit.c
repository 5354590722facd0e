/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rate_limit.h"

static const uint64_t us_per_second = 1000000;

void grille_rate_limit_init(grille_rate_limit *limit, uint64_t burst, uint64_t per_second, grille_time_us now_us) {
    *limit = (grille_rate_limit){.burst = burst, .per_second = per_second, .tokens = burst, .last_us = now_us};
}

static void fill(grille_rate_limit *limit) {
    limit->tokens = limit->burst;
    limit->remainder = 0;
}

static void refill(grille_rate_limit *limit, grille_time_us now_us) {
    uint64_t elapsed_us = 0;
    uint64_t parts = 0;
    uint64_t earned = 0;
    if (now_us <= limit->last_us) return;
    elapsed_us = now_us - limit->last_us;
    limit->last_us = now_us;
    if (limit->per_second == 0) return;
    if (elapsed_us > (UINT64_MAX - us_per_second) / limit->per_second) {
        fill(limit);
        return;
    }
    parts = elapsed_us * limit->per_second + limit->remainder;
    earned = parts / us_per_second;
    if (earned >= limit->burst - limit->tokens) {
        fill(limit);
        return;
    }
    limit->tokens += earned;
    limit->remainder = parts % us_per_second;
}

bool grille_rate_limit_take(grille_rate_limit *limit, uint64_t count, grille_time_us now_us) {
    refill(limit, now_us);
    if (count > limit->tokens) return false;
    limit->tokens -= count;
    return true;
}

uint64_t grille_rate_limit_wait_us(const grille_rate_limit *limit, uint64_t count) {
    uint64_t missing = 0;
    if (count <= limit->tokens) return 0;
    missing = count - limit->tokens;
    if (count > limit->burst || limit->per_second == 0) return UINT64_MAX;
    if (missing > UINT64_MAX / us_per_second - 1) return UINT64_MAX;
    return (missing * us_per_second - limit->remainder - 1) / limit->per_second + 1;
}
