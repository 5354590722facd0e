/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/call_watch.h"

#include "base/probe.h"

static int side_of(const grille_call_watch *watch) {
    return watch->is_caller ? GRILLE_PROBE_CALLER : GRILLE_PROBE_HANDLER;
}

void grille_call_watch_start(grille_call_watch *watch, grille_stats_table *table, const grille_method *method,
                             bool is_caller, grille_time_us now_us) {
    watch->method = method;
    watch->is_caller = is_caller;
    watch->counters = grille_stats_method(table, method, is_caller);
    watch->start_us = now_us;
    grille_stats_call_started(watch->counters);
    GRILLE_PROBE_CALL_START(side_of(watch), method->id);
}

void grille_call_watch_message(grille_call_watch *watch, grille_message_direction direction, size_t bytes) {
    if (watch->method == NULL) return;
    if (direction == GRILLE_MESSAGE_SENT) {
        grille_stats_message_sent(watch->counters, bytes);
    } else {
        grille_stats_message_received(watch->counters, bytes);
    }
    grille_interception_message(watch->interception, direction, bytes);
}

void grille_call_watch_end(grille_call_watch *watch, grille_code code, grille_time_us now_us) {
    uint64_t latency_us = now_us > watch->start_us ? now_us - watch->start_us : 0;
    if (watch->method == NULL) return;
    grille_stats_call_ended(watch->counters, code, latency_us);
    GRILLE_PROBE_CALL_END(side_of(watch), watch->method->id, code, latency_us);
    watch->method = NULL;
}
