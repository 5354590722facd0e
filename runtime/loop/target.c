/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "loop/target_private.h"

/* Each pause between failed attempts is so much longer than the one before. */
#define GROWTH_PERMILLE 1600

/* ---- Dialling ---- */

static grille_reason start_connection(grille_target *target, grille_conduit conduit, grille_error *error) {
    grille_connection_options options = *target->options->connection;
    channel_connection *own = calloc(1, sizeof *own);
    if (own == NULL) {
        grille_conduit_close(conduit);
        return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    own->target = target;
    options.name = target->name;
    grille_list_init(&own->link);
    grille_reason reason = grille_connection_new(target->loop, conduit, &options, &grille_target_connection_events, own,
                                                 &own->connection, error);
    if (reason != GRILLE_REASON_OK) {
        free(own);
        return reason;
    }
    target->connection_count++;
    target->candidate = own;
    return GRILLE_REASON_OK;
}

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    grille_target *target = user;
    grille_error why = *error;
    target->dialer = NULL;
    if (!grille_conduit_is_open(conduit) || start_connection(target, conduit, &why) != GRILLE_REASON_OK) {
        grille_target_attempt_failed(target, &why);
    }
}

void grille_target_connect(grille_target *target) {
    const uint32_t timeout_ms = target->options->connect_timeout_ms;
    if (grille_target_is_attempting(target) || target->closed) return;
    target->attempt_ends_us = grille_time_after(grille_clock_us(), (uint64_t)timeout_ms * 1000);
    target->replace_at_us = GRILLE_TIME_NEVER;
    if (grille_dialer_start(target->loop, &target->address, timeout_ms, on_dialed, target, &target->dialer) !=
        GRILLE_REASON_OK) {
        grille_error error = {.code = GRILLE_OK};
        (void)grille_error_default(&error, GRILLE_REASON_OUT_OF_MEMORY);
        grille_target_attempt_failed(target, &error);
    }
}

static void time_out_attempt(grille_target *target) {
    grille_error why;
    target->attempt_ends_us = GRILLE_TIME_NEVER;
    /* The dialer has a timeout of its own. */
    if (target->candidate == NULL) return;
    (void)grille_error_set(&why, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "%s: no attested channel within the connect timeout of %u ms: something answers, but does "
                           "not finish the handshake; is it a grille server, and is it overloaded?",
                           target->name, target->options->connect_timeout_ms);
    grille_connection_end(target->candidate->connection, &why, GRILLE_UNAVAILABLE);
}

/* ---- Time ---- */

grille_time_us grille_target_expiry(const grille_target *target) {
    const grille_time_us watch_us = grille_target_watch_expiry(target);
    const grille_time_us attempt_us =
        target->attempt_ends_us < target->replace_at_us ? target->attempt_ends_us : target->replace_at_us;
    return attempt_us < watch_us ? attempt_us : watch_us;
}

void grille_target_tick(grille_target *target, grille_time_us now_us) {
    if (target->attempt_ends_us <= now_us) time_out_attempt(target);
    if (target->replace_at_us <= now_us) grille_target_connect(target);
    grille_target_tick_watch(target, now_us);
}

/* ---- Asking ---- */

channel_connection *grille_target_taker(grille_target *target) {
    channel_connection *own = target->current != NULL ? target->current : target->candidate;
    grille_endpoint *endpoint = NULL;
    if (own == NULL) return NULL;
    grille_connection_expect_call(own->connection);
    endpoint = grille_connection_endpoint(own->connection);
    return endpoint != NULL && grille_endpoint_can_start(endpoint) ? own : NULL;
}

static bool serves(channel_connection *own) {
    grille_endpoint *endpoint = own == NULL ? NULL : grille_connection_endpoint(own->connection);
    return endpoint != NULL && grille_endpoint_has_peer_calls(endpoint);
}

bool grille_target_serves(const grille_target *target) {
    return serves(target->current);
}

/* ---- Life ---- */

void grille_target_init(grille_target *target, grille_loop *loop, const grille_target_options *options, size_t index,
                        const grille_address *address) {
    memset(target, 0, sizeof *target);
    target->loop = loop;
    target->options = options;
    target->index = index;
    target->address = *address;
    grille_address_format(address, target->name);
    grille_list_init(&target->retiring);
    grille_backoff_init(&target->backoff, (uint64_t)options->first_backoff_ms * 1000,
                        (uint64_t)options->longest_backoff_ms * 1000, GROWTH_PERMILLE);
    target->watch_backoff = target->backoff;
    target->attempt_ends_us = GRILLE_TIME_NEVER;
    target->replace_at_us = GRILLE_TIME_NEVER;
    target->watch_at_us = GRILLE_TIME_NEVER;
    target->answer_by_us = GRILLE_TIME_NEVER;
}

static void give_up_attempt(grille_target *target) {
    channel_connection *candidate = target->candidate;
    target->attempt_ends_us = GRILLE_TIME_NEVER;
    target->candidate = NULL;
    if (target->dialer != NULL) grille_dialer_cancel(target->dialer);
    target->dialer = NULL;
    if (candidate != NULL) {
        grille_connection_close(candidate->connection, GRILLE_UNAVAILABLE, "another connection is used instead");
    }
}

void grille_target_disconnect(grille_target *target, grille_drain_reason reason) {
    give_up_attempt(target);
    grille_target_retire(target, reason);
}

void grille_target_close(grille_target *target) {
    static const char text[] = "the channel was closed";
    target->closed = true;
    if (target->dialer != NULL) grille_dialer_cancel(target->dialer);
    target->dialer = NULL;
    if (target->candidate != NULL) grille_connection_close(target->candidate->connection, GRILLE_CANCELLED, text);
    if (target->current != NULL) grille_connection_close(target->current->connection, GRILLE_CANCELLED, text);
    for (grille_link *link = target->retiring.next, *next; link != &target->retiring; link = next) {
        next = link->next;
        grille_connection_close(grille_container(link, channel_connection, link)->connection, GRILLE_CANCELLED, text);
    }
}

void grille_target_renew(grille_target *target, grille_policy *policy, grille_identity *identity) {
    if (target->candidate != NULL) grille_connection_renew(target->candidate->connection, policy, identity);
    if (target->current != NULL) grille_connection_renew(target->current->connection, policy, identity);
    for (grille_link *link = target->retiring.next, *next; link != &target->retiring; link = next) {
        next = link->next;
        grille_connection_renew(grille_container(link, channel_connection, link)->connection, policy, identity);
    }
}

void grille_target_forget_failure(grille_target *target) {
    if (target->current != NULL || grille_target_is_attempting(target)) return;
    grille_backoff_reset(&target->backoff);
    grille_error_clear(&target->last_error);
}

grille_reason grille_target_reattest(grille_target *target) {
    if (target->current == NULL) return GRILLE_REASON_LOOP_WRONG_STATE;
    return grille_connection_reattest(target->current->connection);
}

bool grille_target_is_closed(const grille_target *target) {
    return target->connection_count == 0;
}
