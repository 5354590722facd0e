/* SPDX-License-Identifier: Apache-2.0
 * Log lines that peers cause: so many, then so many a second, and a count of those that were left out. */
#ifndef GRILLE_BASE_LOG_LIMIT_H
#define GRILLE_BASE_LOG_LIMIT_H

#include "base/rate_limit.h"
#include "grille/log.h"

/* Caller's storage; one thread at a time. */
typedef struct grille_log_limit {
    grille_rate_limit lines;
    uint64_t left_out; /* since the last line */
} grille_log_limit;

void grille_log_limit_init(grille_log_limit *limit, uint64_t burst, uint64_t per_second, grille_time_us now_us);

/* Whether one more line may be written now. *left_out is how many were left out before it, to be told first. */
GRILLE_MUST_USE bool grille_log_limit_take(grille_log_limit *limit, grille_time_us now_us, uint64_t *left_out);
/* Tells so; nothing for 0. `about` names the lines ("server connections"). Any thread; not under a lock. */
void grille_log_left_out(grille_log_module module, const char *about, uint64_t left_out);

#endif
