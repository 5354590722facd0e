/* SPDX-License-Identifier: Apache-2.0
 * Asks the peer behind a target's connection whether it serves, for as long as calls go there. */
#include "loop/target_private.h"

static void tell(grille_target *target, grille_target_health health) {
    target->options->events->on_health(target->options->user, target, health);
}

static void on_change(void *user, bool serving) {
    grille_target *target = user;
    target->answer_by_us = GRILLE_TIME_NEVER;
    grille_backoff_reset(&target->watch_backoff);
    tell(target, serving ? GRILLE_TARGET_SERVING : GRILLE_TARGET_NOT_SERVING);
}

/* The watch itself stays until it is stopped. */
static void on_ended(void *user, grille_code code) {
    grille_target *target = user;
    target->answer_by_us = GRILLE_TIME_NEVER;
    if (code == GRILLE_UNIMPLEMENTED) {
        tell(target, GRILLE_TARGET_SERVING);
        return;
    }
    target->watch_at_us = grille_time_after(grille_clock_us(),
                                            grille_backoff_next_us(&target->watch_backoff, grille_target_draw(target)));
    tell(target, GRILLE_TARGET_NOT_SERVING);
}

static const grille_health_events health_events = {on_change, on_ended};

void grille_target_begin_watch(grille_target *target) {
    const grille_target_options *options = target->options;
    const uint64_t patience_us = (uint64_t)options->connect_timeout_ms * 1000;
    if (options->health_source == NULL) return;
    target->answer_by_us = grille_time_after(grille_clock_us(), patience_us);
    target->watch = options->health_source->start(grille_connection_peer_channel(target->current->connection),
                                                  options->health_service, &health_events, target);
    if (target->watch == NULL) on_ended(target, GRILLE_RESOURCE_EXHAUSTED);
    options->events->on_expiry(options->user, target);
}

void grille_target_end_watch(grille_target *target) {
    grille_health_watch *watch = target->watch;
    target->watch = NULL;
    target->watch_at_us = GRILLE_TIME_NEVER;
    target->answer_by_us = GRILLE_TIME_NEVER;
    if (watch != NULL) target->options->health_source->stop(watch);
}

grille_time_us grille_target_watch_expiry(const grille_target *target) {
    return target->watch_at_us < target->answer_by_us ? target->watch_at_us : target->answer_by_us;
}

void grille_target_tick_watch(grille_target *target, grille_time_us now_us) {
    if (target->watch_at_us <= now_us) {
        grille_target_end_watch(target);
        grille_target_begin_watch(target);
    }
    /* A peer that says nothing is not one to wait for; what it says later counts. */
    if (target->answer_by_us <= now_us) {
        target->answer_by_us = GRILLE_TIME_NEVER;
        tell(target, GRILLE_TARGET_NOT_SERVING);
    }
}
