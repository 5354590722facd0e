/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/bound_channel.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "rpc/endpoint_private.h"

/* Calls kept for reuse. */
enum { IDLE_CALLS = 64 };

static const char gone_text[] = "the connection of this channel has ended";

typedef struct bound_channel {
    grille_channel base;
    grille_bound_channel_options options;
    pthread_mutex_t lock;
    grille_link submitted; /* under lock, as the three below */
    grille_link noticed;
    bool gone;
    grille_peer_identity peer;
    grille_endpoint *endpoint; /* the loop's, as what follows */
    grille_link waiting;       /* for a free stream */
    size_t waiting_count;
} bound_channel;

static bound_channel *bound(grille_channel *base) {
    return grille_container(base, bound_channel, base);
}

/* ---- on the loop ---- */

static void fail_waiting(bound_channel *channel, grille_code code, const char *text) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&channel->waiting)) != NULL) {
        channel->waiting_count--;
        grille_client_call_fail(grille_client_call_of_link(link), code, text);
    }
}

static void wait_for_room(bound_channel *channel, grille_call *call) {
    char text[128];
    if (channel->waiting_count < GRILLE_LIMIT_WAITING_CALLS) {
        grille_list_append(&channel->waiting, grille_client_call_link(call));
        channel->waiting_count++;
        return;
    }
    (void)snprintf(text, sizeof text, "%zu calls of this channel wait already (limit %d)", channel->waiting_count,
                   GRILLE_LIMIT_WAITING_CALLS);
    grille_client_call_fail(call, GRILLE_RESOURCE_EXHAUSTED, text);
}

static void start(bound_channel *channel, grille_call *call) {
    grille_endpoint *endpoint = channel->endpoint;
    const bool first = channel->waiting_count == 0;
    if (first && grille_endpoint_start(endpoint, call, channel->options.clock_us())) {
        grille_endpoint_changed(endpoint);
    } else if (grille_endpoint_peer_drains(endpoint)) {
        grille_client_call_fail(call, GRILLE_UNAVAILABLE, "the peer takes no new calls on this connection");
    } else {
        wait_for_room(channel, call);
        grille_endpoint_changed(endpoint); /* its expiry */
    }
}

static grille_link *take(bound_channel *channel, grille_link *list) {
    grille_link *link = NULL;
    pthread_mutex_lock(&channel->lock);
    link = grille_list_take_first(list);
    pthread_mutex_unlock(&channel->lock);
    return link;
}

static void work(bound_channel *channel, grille_call *call) {
    if (grille_client_call_work(call, channel->options.clock_us())) return;
    grille_list_remove(grille_client_call_link(call));
    channel->waiting_count--;
    grille_client_call_fail(call, GRILLE_CANCELLED, "the caller cancelled the call");
}

/* Only what was noticed when it begins: a call that is held back comes again with the next post. */
static void take_noticed(bound_channel *channel, grille_link *batch) {
    grille_list_init(batch);
    pthread_mutex_lock(&channel->lock);
    grille_list_move_all(batch, &channel->noticed);
    pthread_mutex_unlock(&channel->lock);
}

void grille_bound_channel_run(grille_channel *base) {
    bound_channel *channel = bound(base);
    grille_link batch;
    grille_link *link = NULL;
    /* A call is submitted before it can be noticed, so all of the batch are known once what was submitted is. */
    take_noticed(channel, &batch);
    while ((link = take(channel, &channel->submitted)) != NULL)
        start(channel, grille_client_call_of_link(link));
    while ((link = take(channel, &batch)) != NULL)
        work(channel, grille_client_call_of_work_link(link));
}

void grille_bound_channel_pump(grille_channel *base) {
    bound_channel *channel = bound(base);
    if (channel->waiting_count != 0 && grille_endpoint_peer_drains(channel->endpoint)) {
        fail_waiting(channel, GRILLE_UNAVAILABLE, "the peer takes no new calls on this connection");
    }
    while (channel->waiting_count != 0 && grille_endpoint_can_start(channel->endpoint)) {
        grille_link *link = grille_list_take_first(&channel->waiting);
        channel->waiting_count--;
        if (grille_endpoint_start(channel->endpoint, grille_client_call_of_link(link), channel->options.clock_us())) {
            grille_endpoint_changed(channel->endpoint);
            continue;
        }
        grille_list_prepend(&channel->waiting, link);
        channel->waiting_count++;
        return;
    }
}

grille_time_us grille_bound_channel_expiry(const grille_channel *base) {
    const bound_channel *channel = bound((grille_channel *)(uintptr_t)base);
    grille_time_us first = GRILLE_TIME_NEVER;
    for (grille_link *link = channel->waiting.next; link != &channel->waiting; link = link->next) {
        const grille_time_us deadline_us = grille_client_call_deadline(grille_client_call_of_link(link));
        if (deadline_us < first) first = deadline_us;
    }
    return first;
}

void grille_bound_channel_tick(grille_channel *base, grille_time_us now_us) {
    bound_channel *channel = bound(base);
    for (grille_link *link = channel->waiting.next, *next; link != &channel->waiting; link = next) {
        grille_call *call = grille_client_call_of_link(link);
        next = link->next;
        if (grille_client_call_deadline(call) > now_us) continue;
        grille_list_remove(link);
        channel->waiting_count--;
        grille_client_call_fail(call, GRILLE_DEADLINE_EXCEEDED,
                                "the deadline passed while the call waited for a free stream");
    }
}

void grille_bound_channel_attach(grille_channel *base, grille_endpoint *endpoint) {
    bound_channel *channel = bound(base);
    channel->endpoint = endpoint;
    channel->peer = endpoint->peer;
    base->max_message_bytes = endpoint->max_message_bytes;
}

void grille_bound_channel_detach(grille_channel *base, grille_code code, const char *text) {
    bound_channel *channel = bound(base);
    grille_link *link = NULL;
    pthread_mutex_lock(&channel->lock);
    channel->gone = true;
    pthread_mutex_unlock(&channel->lock);
    while ((link = take(channel, &channel->submitted)) != NULL)
        grille_client_call_fail(grille_client_call_of_link(link), code, text);
    fail_waiting(channel, code, text);
    /* What is left are calls that are done, whose functions are about to return: their callbacks belong here. */
    while ((link = take(channel, &channel->noticed)) != NULL) {
        (void)sched_yield();
        work(channel, grille_client_call_of_work_link(link));
    }
    channel->endpoint = NULL;
}

/* ---- the table ---- */

static bool enter(grille_channel *base, bool closing_too) {
    (void)closing_too;
    (void)grille_channel_ref(base);
    return true;
}

static bool must_not_block(const grille_channel *base) {
    return bound((grille_channel *)(uintptr_t)base)->options.in_turn();
}

static bool on_loop(const grille_channel *base) {
    const bound_channel *channel = bound((grille_channel *)(uintptr_t)base);
    return channel->options.on_loop(channel->options.user);
}

static grille_code submit(grille_channel *base, grille_call *call, bool turns) {
    bound_channel *channel = bound(base);
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
    bound_channel *channel = bound(base);
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
    add_notice(bound(base), call);
}

static void hold(grille_channel *base, grille_call *call) {
    (void)sched_yield();
    add_notice(bound(base), call);
}

static void wake(grille_channel *base, grille_waiter *waiter) {
    bound_channel *channel = bound(base);
    pthread_mutex_lock(&channel->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->woken);
    pthread_mutex_unlock(&channel->lock);
}

static void forget(grille_channel *base, grille_call *call) {
    bound_channel *channel = bound(base);
    pthread_mutex_lock(&channel->lock);
    grille_list_remove(grille_client_call_work_link(call));
    pthread_mutex_unlock(&channel->lock);
    grille_channel_close(base);
}

static grille_channel_state state(grille_channel *base) {
    bound_channel *channel = bound(base);
    bool gone = false;
    pthread_mutex_lock(&channel->lock);
    gone = channel->gone;
    pthread_mutex_unlock(&channel->lock);
    return gone ? GRILLE_CHANNEL_CLOSED : GRILLE_CHANNEL_READY;
}

static grille_code peer(grille_channel *base, grille_peer_identity *identity) {
    if (state(base) != GRILLE_CHANNEL_READY) return GRILLE_FAILED_PRECONDITION;
    *identity = bound(base)->peer;
    return GRILLE_OK;
}

static void destroy(grille_channel *base) {
    bound_channel *channel = bound(base);
    grille_call_pool_unref(base->pool);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}

static grille_time_us clock_us(const grille_channel *base) {
    return bound((grille_channel *)(uintptr_t)base)->options.clock_us();
}

grille_reason grille_bound_channel_new(const grille_bound_channel_options *options, grille_channel **channel) {
    static const grille_channel_ops ops_of_bound = {.enter = enter,
                                                    .leave = grille_channel_close,
                                                    .must_not_block = must_not_block,
                                                    .on_loop = on_loop,
                                                    .clock_us = clock_us,
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
                                                    .close = destroy};
    bound_channel *made = calloc(1, sizeof *made);
    grille_call_pool *pool = NULL;
    *channel = NULL;
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    if (pthread_mutex_init(&made->lock, NULL) != 0 || grille_call_pool_new(IDLE_CALLS, &pool) != GRILLE_REASON_OK) {
        free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    grille_channel_init(&made->base, &ops_of_bound, pool, 0);
    made->options = *options;
    grille_list_init(&made->submitted);
    grille_list_init(&made->noticed);
    grille_list_init(&made->waiting);
    *channel = &made->base;
    return GRILLE_REASON_OK;
}
