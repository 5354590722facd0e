/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_limit.h"

#include <inttypes.h>

void grille_log_limit_init(grille_log_limit *limit, uint64_t burst, uint64_t per_second, grille_time_us now_us) {
    *limit = (grille_log_limit){0};
    grille_rate_limit_init(&limit->lines, burst, per_second, now_us);
}

bool grille_log_limit_take(grille_log_limit *limit, grille_time_us now_us, uint64_t *left_out) {
    *left_out = 0;
    if (!grille_rate_limit_take(&limit->lines, 1, now_us)) {
        limit->left_out++;
        return false;
    }
    *left_out = limit->left_out;
    limit->left_out = 0;
    return true;
}

void grille_log_left_out(grille_log_module module, const char *about, uint64_t left_out) {
    if (left_out == 0) return;
    grille_log(GRILLE_LOG_WARNING, module, "%s: %" PRIu64 " lines were left out: there were too many", about, left_out);
}

bool grille_log_shared_take(grille_log_shared_limit *shared, grille_log_module module, const char *about,
                            grille_time_us now_us) {
    uint64_t left_out = 0;
    bool may = false;
    pthread_mutex_lock(&shared->lock);
    if (shared->limit.lines.burst == 0) {
        grille_log_limit_init(&shared->limit, shared->burst, shared->per_second, now_us);
    }
    may = grille_log_limit_take(&shared->limit, now_us, &left_out);
    pthread_mutex_unlock(&shared->lock);
    grille_log_left_out(module, about, left_out);
    return may;
}
