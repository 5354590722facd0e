/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/bound_channel.h"

#include <sched.h>
#include <stdlib.h>

#include "rpc/bound_channel_private.h"

/* Calls kept for reuse. */
enum { IDLE_CALLS = 64 };

static const char gone_text[] = "the connection of this channel has ended";

static bool enter(grille_channel *base, bool closing_too) {
    (void)closing_too;
    (void)grille_channel_ref(base);
    return true;
}

static bool must_not_block(const grille_channel *base) {
    return grille_bound_channel_of(base)->options.in_turn();
}

static bool on_loop(const grille_channel *base) {
    const bound_channel *channel = grille_bound_channel_of(base);
    return channel->options.on_loop(channel->options.user);
}

static grille_code submit(grille_channel *base, grille_call *call, bool turns) {
    bound_channel *channel = grille_bound_channel_of(base);
    bool gone = false;
    (void)turns;
    pthread_mutex_lock(&channel->lock);
    gone = channel->gone;
    if (!gone) {
        (void)grille_channel_ref(base); /* the call's, until `forget` */
        grille_list_append(&channel->submitted, grille_client_call_link(call));
        channel->options.post(channel->options.user);
    }
    pthread_mutex_unlock(&channel->lock);
    if (gone) return GRILLE_UNAVAILABLE;
    grille_client_call_submitted(call);
    return GRILLE_OK;
}

static void wait_for(grille_channel *base, grille_waiter *waiter) {
    bound_channel *channel = grille_bound_channel_of(base);
    pthread_mutex_lock(&channel->lock);
    while (!waiter->done)
        pthread_cond_wait(&waiter->woken, &channel->lock);
    pthread_mutex_unlock(&channel->lock);
}

static void submit_and_wait(grille_channel *base, grille_call *call, grille_waiter *waiter) {
    if (submit(base, call, true) == GRILLE_OK) {
        wait_for(base, waiter);
        return;
    }
    (void)grille_channel_ref(base);
    grille_client_call_fail(call, GRILLE_UNAVAILABLE, gone_text);
}

static void turn(grille_channel *base) {
    (void)base;
}

static void add_notice(bound_channel *channel, grille_call *call) {
    grille_link *link = grille_client_call_work_link(call);
    pthread_mutex_lock(&channel->lock);
    if (grille_list_empty(link)) grille_list_append(&channel->noticed, link);
    if (!channel->gone) channel->options.post(channel->options.user);
    pthread_mutex_unlock(&channel->lock);
}

static void notify(grille_channel *base, grille_call *call, bool turns) {
    (void)turns;
    add_notice(grille_bound_channel_of(base), call);
}

static void hold(grille_channel *base, grille_call *call) {
    (void)sched_yield();
    add_notice(grille_bound_channel_of(base), call);
}

static void wake(grille_channel *base, grille_waiter *waiter) {
    bound_channel *channel = grille_bound_channel_of(base);
    pthread_mutex_lock(&channel->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->woken);
    pthread_mutex_unlock(&channel->lock);
}

static void forget(grille_channel *base, grille_call *call) {
    bound_channel *channel = grille_bound_channel_of(base);
    pthread_mutex_lock(&channel->lock);
    grille_list_remove(grille_client_call_work_link(call));
    pthread_mutex_unlock(&channel->lock);
    grille_channel_close(base);
}

static grille_channel_state state(grille_channel *base) {
    bound_channel *channel = grille_bound_channel_of(base);
    bool gone = false;
    pthread_mutex_lock(&channel->lock);
    gone = channel->gone;
    pthread_mutex_unlock(&channel->lock);
    return gone ? GRILLE_CHANNEL_CLOSED : GRILLE_CHANNEL_READY;
}

static grille_code peer(grille_channel *base, grille_peer_identity *identity) {
    bound_channel *channel = grille_bound_channel_of(base);
    bool gone = false;
    pthread_mutex_lock(&channel->lock);
    gone = channel->gone;
    if (!gone) *identity = channel->peer->identity;
    pthread_mutex_unlock(&channel->lock);
    return gone ? GRILLE_FAILED_PRECONDITION : GRILLE_OK;
}

/* How it goes shows in the peer's epoch. */
static grille_reason reattest(grille_channel *base) {
    bound_channel *channel = grille_bound_channel_of(base);
    bool gone = false;
    pthread_mutex_lock(&channel->lock);
    gone = channel->gone;
    channel->wants_epoch = !gone;
    if (!gone) channel->options.post(channel->options.user);
    pthread_mutex_unlock(&channel->lock);
    return gone ? GRILLE_REASON_LOOP_CONNECTION_LOST : GRILLE_REASON_OK;
}

static void destroy(grille_channel *base) {
    bound_channel *channel = grille_bound_channel_of(base);
    grille_call_pool_unref(base->pool);
    grille_interceptor_list_free(&channel->interceptors);
    grille_stats_table_unref(base->stats);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}

static bool copy_interceptors(bound_channel *channel, const grille_bound_channel_options *options) {
    const grille_interceptor_list *given = options->interceptors;
    return given == NULL ||
           grille_interceptor_list_copy(&channel->interceptors, given->items, given->count) == GRILLE_REASON_OK;
}

grille_reason grille_bound_channel_new(const grille_bound_channel_options *options, grille_channel **channel) {
    static const grille_channel_ops ops_of_bound = {.enter = enter,
                                                    .leave = grille_channel_close,
                                                    .must_not_block = must_not_block,
                                                    .on_loop = on_loop,
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
                                                    .reattest = reattest,
                                                    .close = destroy};
    bound_channel *made = calloc(1, sizeof *made);
    grille_call_pool *pool = NULL;
    *channel = NULL;
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    if (!copy_interceptors(made, options) || pthread_mutex_init(&made->lock, NULL) != 0 ||
        grille_call_pool_new(IDLE_CALLS, &pool) != GRILLE_REASON_OK) {
        grille_interceptor_list_free(&made->interceptors);
        free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    grille_channel_init(&made->base, &made->ops, pool, 0);
    made->base.interceptors = &made->interceptors;
    made->base.stats = grille_stats_table_ref(options->stats);
    made->options = *options;
    made->ops = ops_of_bound;
    made->ops.clock_us = options->clock_us;
    grille_list_init(&made->submitted);
    grille_list_init(&made->noticed);
    grille_list_init(&made->waiting);
    *channel = &made->base;
    return GRILLE_REASON_OK;
}
