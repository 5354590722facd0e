/* SPDX-License-Identifier: Apache-2.0
 * The channel that applications get: that of the pair, whose close ends the pair too. */
#include <stdlib.h>

#include "base/error.h"
#include "testing/fake_pair.h"

typedef struct fake_channel {
    grille_channel base;
    grille_insecure_fake_pair *pair;
    grille_channel *inner;
} fake_channel;

static grille_channel *inner_of(const grille_channel *base) {
    return ((const fake_channel *)(const void *)base)->inner;
}

static bool enter(grille_channel *base, bool closing_too) {
    (void)closing_too;
    (void)grille_channel_ref(base);
    return true;
}

static bool must_not_block(const grille_channel *base) {
    return inner_of(base)->ops->must_not_block(inner_of(base));
}

static bool on_loop(const grille_channel *base) {
    return inner_of(base)->ops->on_loop(inner_of(base));
}

static grille_code submit(grille_channel *base, grille_call *call, bool turns) {
    return inner_of(base)->ops->submit(inner_of(base), call, turns);
}

static void wait_for(grille_channel *base, grille_waiter *waiter) {
    inner_of(base)->ops->wait(inner_of(base), waiter);
}

static void submit_and_wait(grille_channel *base, grille_call *call, grille_waiter *waiter) {
    inner_of(base)->ops->submit_and_wait(inner_of(base), call, waiter);
}

static void turn(grille_channel *base) {
    inner_of(base)->ops->turn(inner_of(base));
}

static void notify(grille_channel *base, grille_call *call, bool turns) {
    inner_of(base)->ops->notify(inner_of(base), call, turns);
}

static void wake(grille_channel *base, grille_waiter *waiter) {
    inner_of(base)->ops->wake(inner_of(base), waiter);
}

static void forget(grille_channel *base, grille_call *call) {
    inner_of(base)->ops->forget(inner_of(base), call);
}

static void hold(grille_channel *base, grille_call *call) {
    inner_of(base)->ops->hold(inner_of(base), call);
}

static grille_channel_state state(grille_channel *base) {
    return inner_of(base)->ops->state(inner_of(base));
}

static grille_code peer(grille_channel *base, grille_peer_identity *identity) {
    return inner_of(base)->ops->peer(inner_of(base), identity);
}

static void close_pair(grille_channel *base) {
    fake_channel *own = (fake_channel *)(void *)base;
    grille_insecure_fake_pair_free(own->pair);
    free(own);
}

grille_code grille_insecure_fake_channel_open(grille_services *services, const grille_peer_identity *caller,
                                              const grille_peer_identity *callee, grille_channel **channel,
                                              grille_error *error) {
    static const grille_channel_ops ops = {.enter = enter,
                                           .leave = grille_channel_close,
                                           .must_not_block = must_not_block,
                                           .on_loop = on_loop,
                                           .clock_us = grille_insecure_fake_clock_us,
                                           .submit = submit,
                                           .wait = wait_for,
                                           .submit_and_wait = submit_and_wait,
                                           .turn = turn,
                                           .notify = notify,
                                           .wake = wake,
                                           .forget = forget,
                                           .hold = hold,
                                           .state = state,
                                           .peer = peer,
                                           .close = close_pair};
    *channel = NULL;
    if (services == NULL) {
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the services are NULL"));
    }
    fake_channel *made = calloc(1, sizeof *made);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    const grille_code code = grille_insecure_fake_pair_new(services, caller, callee, &made->pair, error);
    if (code != GRILLE_OK) {
        free(made);
        return code;
    }
    made->inner = grille_insecure_fake_pair_channel(made->pair);
    grille_channel_init(&made->base, &ops, made->inner->pool, made->inner->max_message_bytes);
    *channel = &made->base;
    return GRILLE_OK;
}
