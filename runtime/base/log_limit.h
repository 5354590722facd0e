/* SPDX-License-Identifier: Apache-2.0
 * Log lines that peers cause: so many, then so many a second, and a count of those that were left out. */
#ifndef GRILLE_BASE_LOG_LIMIT_H
#define GRILLE_BASE_LOG_LIMIT_H

#include <pthread.h>

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
/* The same for all threads of the process, in static storage: GRILLE_LOG_SHARED_LIMIT(burst, per_second). */
typedef struct grille_log_shared_limit {
    pthread_mutex_t lock;
    grille_log_limit limit;
    uint64_t burst;
    uint64_t per_second;
} grille_log_shared_limit;

#define GRILLE_LOG_SHARED_LIMIT(lines_at_once, lines_per_second)                                                       \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .burst = (lines_at_once), .per_second = (lines_per_second) }

/* Whether one more line may be written now; tells first, as `about`, how many were left out before it. Any thread. */
GRILLE_MUST_USE bool grille_log_shared_take(grille_log_shared_limit *shared, grille_log_module module,
                                            const char *about, grille_time_us now_us);

/* Tells so; nothing for 0. `about` names the lines ("server connections"). Any thread; not under a lock. */
void grille_log_left_out(grille_log_module module, const char *about, uint64_t left_out);

#endif
