/* SPDX-License-Identifier: Apache-2.0
 * Token bucket: what a peer may do often, but not for ever. Pure: time is an argument. */
#ifndef GRILLE_BASE_RATE_LIMIT_H
#define GRILLE_BASE_RATE_LIMIT_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/bytes.h"

/* Caller's storage. One thread. */
typedef struct grille_rate_limit {
    uint64_t burst;
    uint64_t per_second;
    uint64_t tokens;
    uint64_t remainder; /* token parts, in tokens * microseconds */
    grille_time_us last_us;
} grille_rate_limit;

/* Starts full. */
void grille_rate_limit_init(grille_rate_limit *limit, uint64_t burst, uint64_t per_second, grille_time_us now_us);
/* Takes `count` tokens; false, and none taken, when there are fewer. A clock that went back adds none. */
GRILLE_MUST_USE bool grille_rate_limit_take(grille_rate_limit *limit, uint64_t count, grille_time_us now_us);
/* After a take that was refused: how long after it `count` tokens are there, UINT64_MAX when they never are. */
uint64_t grille_rate_limit_wait_us(const grille_rate_limit *limit, uint64_t count);

#endif
