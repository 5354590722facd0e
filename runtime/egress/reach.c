/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct grille_reach {
    grille_reach_start start;
    grille_egress_target target;
    char name[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    grille_time_us ends_us;
    grille_question *question; /* while the name is looked up */
    grille_dialer *dialer;     /* while an address is tried */
    grille_address addresses[GRILLE_LIMIT_HOST_ADDRESSES];
    size_t count;
    size_t at;
    uv_timer_t timer; /* while the name is looked up; last to go */
    grille_error error;
};

static void free_reach(uv_handle_t *timer) {
    free(timer->data);
}

static void close_reach(grille_reach *reach) {
    uv_close((uv_handle_t *)&reach->timer, free_reach);
}

static void fail(grille_reach *reach) {
    reach->start.done(reach->start.user, GRILLE_NO_CONDUIT, NULL, &reach->error);
    close_reach(reach);
}

/* ---- Addresses, in turn ---- */

static void try_next(grille_reach *reach);

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    grille_reach *reach = user;
    reach->dialer = NULL;
    if (grille_conduit_is_open(conduit)) {
        reach->start.done(reach->start.user, conduit, &reach->addresses[reach->at], error);
        close_reach(reach);
        return;
    }
    reach->error = *error;
    reach->at++;
    if (reach->at < reach->count && grille_clock_us() < reach->ends_us) {
        try_next(reach);
        return;
    }
    if (grille_egress_target_is_name(&reach->target)) {
        const bool late = strcmp(error->name, grille_reason_name(GRILLE_REASON_LOOP_DIAL_TIMEOUT)) == 0;
        (void)grille_error_set(&reach->error, late ? GRILLE_REASON_LOOP_DIAL_TIMEOUT : GRILLE_REASON_LOOP_DIAL,
                               "%s: %zu of %zu addresses tried; the last one: %.300s", reach->name, reach->at,
                               reach->count, error->text);
    }
    fail(reach);
}

/* Each gets its share of what is left. */
static void try_next(grille_reach *reach) {
    const grille_time_us now_us = grille_clock_us();
    const uint64_t left_ms = now_us < reach->ends_us ? (reach->ends_us - now_us + 999) / 1000 : 1;
    const uint64_t share_ms = left_ms / (reach->count - reach->at);
    if (grille_dialer_start(reach->start.loop, &reach->addresses[reach->at], share_ms == 0 ? 1 : (uint32_t)share_ms,
                            on_dialed, reach, &reach->dialer) == GRILLE_REASON_OK) {
        return;
    }
    (void)grille_error_default(&reach->error, GRILLE_REASON_OUT_OF_MEMORY);
    fail(reach);
}

/* ---- Names ---- */

static bool may_try(const grille_reach *reach, const grille_address *address) {
    if (!grille_address_is_inside(address)) return true;
    return reach->start.allow != NULL && grille_allow_has_address(reach->start.allow, address);
}

static void take_addresses(grille_reach *reach, const grille_resolved *resolved) {
    for (size_t i = 0; i < resolved->count; i++) {
        grille_address *address = &reach->addresses[reach->count];
        *address = resolved->addresses[i];
        address->port = reach->target.address.port;
        if (may_try(reach, address)) reach->count++;
    }
}

static void on_resolved(void *user, const grille_resolved *resolved) {
    grille_reach *reach = user;
    char first[GRILLE_ADDRESS_TEXT_BYTES];
    reach->question = NULL;
    (void)uv_timer_stop(&reach->timer);
    take_addresses(reach, resolved);
    if (reach->count > 0) {
        try_next(reach);
        return;
    }
    if (resolved->count == 0) {
        (void)grille_error_set(&reach->error, GRILLE_REASON_EGRESS_NAME, "the name %s has no address: %s",
                               reach->target.host, resolved->problem[0] != '\0' ? resolved->problem : "none found");
    } else {
        grille_address address = resolved->addresses[0];
        address.port = reach->target.address.port;
        grille_address_format(&address, first);
        (void)grille_error_set(&reach->error, GRILLE_REASON_EGRESS_INSIDE,
                               "the name %s leads to inside, to %s: it is refused, so that whoever answers for names "
                               "can't lead there; where that is meant, list this address and port in the allow-list",
                               reach->target.host, first);
    }
    fail(reach);
}

static void on_timer(uv_timer_t *timer) {
    grille_reach *reach = timer->data;
    grille_loop_active(reach->start.loop);
    grille_resolver_cancel(reach->question);
    (void)grille_error_set(&reach->error, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "the name %s was not found within the connect timeout of %u ms: do the name servers answer?",
                           reach->target.host, reach->start.timeout_ms);
    fail(reach);
}

/* ---- Start ---- */

static grille_reason begin(grille_reach *reach) {
    const grille_reach_start *start = &reach->start;
    if (!grille_egress_target_is_name(&reach->target)) {
        reach->addresses[0] = reach->target.address;
        reach->count = 1;
        return grille_dialer_start(start->loop, &reach->addresses[0], start->timeout_ms, on_dialed, reach,
                                   &reach->dialer);
    }
    const grille_reason reason =
        grille_resolver_ask(start->resolver, reach->target.host, on_resolved, reach, &reach->question);
    if (reason == GRILLE_REASON_OK) (void)uv_timer_start(&reach->timer, on_timer, start->timeout_ms, 0);
    return reason;
}

grille_reason grille_reach_begin(const grille_reach_start *start, grille_reach **reach) {
    grille_reach *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    made->start = *start;
    made->target = *start->target;
    made->ends_us = grille_time_after(grille_clock_us(), (uint64_t)start->timeout_ms * 1000);
    grille_egress_target_format(&made->target, made->name);
    (void)uv_timer_init(&start->loop->uv, &made->timer);
    made->timer.data = made;
    const grille_reason reason = begin(made);
    if (reason == GRILLE_REASON_OK) {
        *reach = made;
    } else {
        close_reach(made);
    }
    return reason;
}

void grille_reach_cancel(grille_reach *reach) {
    if (reach->question != NULL) grille_resolver_cancel(reach->question);
    if (reach->dialer != NULL) grille_dialer_cancel(reach->dialer);
    close_reach(reach);
}
