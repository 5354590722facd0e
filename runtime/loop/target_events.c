/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/error.h"
#include "loop/target_private.h"

/* A connection that lasted this long is followed by an attempt at once when it is lost. */
#define LASTING_US 1000000

/* Connections that were made together do not age together. */
#define AGE_JITTER_PERMILLE 100

uint32_t grille_target_draw(const grille_target *target) {
    uint32_t drawn = 0;
    if (target->options->connection->crypto->random((uint8_t *)&drawn, sizeof drawn) != GRILLE_REASON_OK) return 0;
    return drawn;
}

static grille_time_us after_a_pause(grille_target *target) {
    return grille_time_after(grille_clock_us(), grille_backoff_next_us(&target->backoff, grille_target_draw(target)));
}

static bool has_one_attempt(const grille_target *target) {
    return target->address.kind == GRILLE_ADDRESS_FD;
}

bool grille_target_is_attempting(const grille_target *target) {
    return target->dialer != NULL || target->candidate != NULL;
}

/* ---- Leaving a connection ---- */

static void end_oldest_retiring(grille_target *target) {
    grille_link *oldest = grille_list_take_first(&target->retiring);
    target->retiring_count--;
    grille_connection_close(grille_container(oldest, channel_connection, link)->connection, GRILLE_UNAVAILABLE,
                            "too many connections to this peer wait for their last calls");
}

static bool is_in_use(channel_connection *own) {
    grille_endpoint *endpoint = grille_connection_endpoint(own->connection);
    return own->running != 0 || (endpoint != NULL && grille_endpoint_has_peer_calls(endpoint));
}

void grille_target_retire(grille_target *target, grille_drain_reason reason) {
    channel_connection *own = target->current;
    target->replace_at_us = GRILLE_TIME_NEVER;
    if (own == NULL) return;
    grille_target_end_watch(target);
    target->current = NULL;
    if (target->retiring_count == GRILLE_LIMIT_RETIRING_CONNECTIONS) {
        if (!is_in_use(own)) {
            grille_connection_close(own->connection, GRILLE_UNAVAILABLE, "another connection is used instead");
            return;
        }
        end_oldest_retiring(target);
    }
    grille_list_append(&target->retiring, &own->link);
    target->retiring_count++;
    grille_connection_drain(own->connection, reason);
}

static bool has_lasted(grille_target *target) {
    const bool lasted = grille_clock_us() - target->ready_since_us >= LASTING_US;
    if (lasted) grille_backoff_reset(&target->backoff);
    return lasted;
}

/* ---- How attempts end ---- */

static void fail(grille_target *target, const grille_error *why) {
    grille_time_us retry_at_us = GRILLE_TIME_NEVER;
    target->last_error = *why;
    if (!has_one_attempt(target)) retry_at_us = after_a_pause(target);
    target->options->events->on_failed(target->options->user, target, retry_at_us);
}

/* An attempt at a successor that failed costs nothing: the connection that it was for goes on. */
void grille_target_attempt_failed(grille_target *target, const grille_error *why) {
    target->attempt_ends_us = GRILLE_TIME_NEVER;
    if (target->closed) return;
    if (target->current == NULL) {
        fail(target, why);
        return;
    }
    target->replace_at_us = after_a_pause(target);
    target->options->events->on_expiry(target->options->user, target);
}

static void lose(grille_target *target, const grille_error *why) {
    const bool lasted = has_lasted(target);
    grille_target_end_watch(target);
    target->current = NULL;
    target->replace_at_us = GRILLE_TIME_NEVER;
    if (target->closed) return;
    if (grille_target_is_attempting(target)) {
        target->options->events->on_connecting(target->options->user, target);
    } else if (lasted && why->code != GRILLE_UNAUTHENTICATED && !has_one_attempt(target)) {
        target->options->events->on_idle(target->options->user, target);
    } else {
        fail(target, why);
    }
}

/* ---- Events of connections ---- */

static void on_started(grille_connection *connection, void *user) {
    channel_connection *own = user;
    grille_target *target = own->target;
    (void)connection;
    if (own == target->candidate) target->options->events->on_room(target->options->user, target);
}

static grille_time_us ages_at(const grille_target *target, grille_time_us now_us) {
    const uint64_t max_age_us = (uint64_t)target->options->max_age_ms * 1000;
    if (max_age_us == 0 || has_one_attempt(target)) return GRILLE_TIME_NEVER;
    return grille_time_after(now_us, grille_jitter_us(max_age_us, AGE_JITTER_PERMILLE, grille_target_draw(target)));
}

static void on_open(grille_connection *connection, void *user) {
    channel_connection *own = user;
    grille_target *target = own->target;
    const grille_time_us now_us = grille_clock_us();
    (void)connection;
    own->open = true;
    if (own != target->candidate) return;
    grille_target_retire(target, GRILLE_DRAIN_AGE);
    target->candidate = NULL;
    target->current = own;
    target->attempt_ends_us = GRILLE_TIME_NEVER;
    target->replace_at_us = ages_at(target, now_us);
    target->ready_since_us = now_us;
    grille_error_clear(&target->last_error);
    target->options->events->on_ready(target->options->user, target);
    /* The channel may have chosen another one inside. */
    if (target->current == own) grille_target_begin_watch(target);
}

/* The peer drains, or our ids are used up: its successor comes first. A peer that drains whatever it is given waits
 * longer each time. */
static void succeed(grille_target *target, bool peer_wants_it) {
    const bool at_once = has_lasted(target) || !peer_wants_it;
    grille_target_retire(target, peer_wants_it ? GRILLE_DRAIN_AGE : GRILLE_DRAIN_IDS);
    if (has_one_attempt(target)) {
        grille_error why;
        (void)grille_error_set(&why, GRILLE_REASON_LOOP_DRAINED, "the peer of %s is stopping", target->name);
        fail(target, &why);
        return;
    }
    if (at_once) {
        grille_target_connect(target);
    } else if (!grille_target_is_attempting(target)) {
        target->replace_at_us = after_a_pause(target);
    }
    if (grille_target_is_attempting(target) || target->replace_at_us != GRILLE_TIME_NEVER) {
        target->options->events->on_connecting(target->options->user, target);
    }
}

static void on_progress(grille_connection *connection, void *user) {
    channel_connection *own = user;
    grille_target *target = own->target;
    grille_endpoint *endpoint = grille_connection_endpoint(connection);
    if (endpoint == NULL || own != target->current) return;
    if (grille_endpoint_peer_drains(endpoint)) succeed(target, !grille_endpoint_ids_are_used_up(endpoint));
    target->options->events->on_room(target->options->user, target);
}

static void on_ended(grille_connection *connection, const grille_error *why, void *user) {
    channel_connection *own = user;
    grille_target *target = own->target;
    (void)connection;
    if (own == target->candidate) {
        target->candidate = NULL;
        grille_target_attempt_failed(target, why);
    } else if (own == target->current) {
        lose(target, why);
    } else if (!grille_list_empty(&own->link)) {
        grille_list_remove(&own->link);
        target->retiring_count--;
    }
}

static void on_freed(grille_connection *connection, void *user) {
    channel_connection *own = user;
    (void)connection;
    own->target->connection_count--;
    free(own);
}

static void on_posted(void *user) {
    const grille_target_options *options = ((const channel_connection *)user)->target->options;
    options->events->on_posted(options->user);
}

static void on_renewed(grille_connection *connection, void *user) {
    channel_connection *own = user;
    grille_target *target = own->target;
    (void)connection;
    if (own == target->current) target->options->events->on_renewed(target->options->user, target);
}

const grille_connection_events grille_target_connection_events = {on_started, on_open,   on_renewed, on_progress,
                                                                  on_ended,   on_posted, on_freed};
