/* SPDX-License-Identifier: Apache-2.0
 * Time is an argument. Two clocks, two types. */
#ifndef GRILLE_BASE_TIME_H
#define GRILLE_BASE_TIME_H

#include <stdint.h>

/* Monotonic microseconds from an arbitrary start: deadlines, timers, rates. */
typedef uint64_t grille_time_us;
/* Milliseconds since 1970-01-01T00:00:00Z: certificates and documents only. */
typedef int64_t grille_wall_ms;

/* No deadline. */
#define GRILLE_TIME_NEVER UINT64_MAX
/* No expiry. */
#define GRILLE_WALL_NEVER INT64_MAX

/* Sum that stops at GRILLE_TIME_NEVER - 1 instead of wrapping. */
static inline grille_time_us grille_time_after(grille_time_us now_us, uint64_t delay_us) {
    return delay_us >= GRILLE_TIME_NEVER - 1 - now_us ? GRILLE_TIME_NEVER - 1 : now_us + delay_us;
}

#endif
