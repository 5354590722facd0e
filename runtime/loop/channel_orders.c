/* SPDX-License-Identifier: Apache-2.0
 * What is asked of a dialled channel's connections as a whole: another policy or identity, a new epoch. Done on the
 * loop, which the asking thread turns itself when nobody else does. */
#include <stdlib.h>

#include "base/error.h"
#include "loop/channel_private.h"
#include "loop/renewal.h"

typedef struct channel_order {
    grille_link link; /* in channel->orders */
    grille_renewal *renewal;
    bool reattest;
    grille_reason reason;
    channel_waiter *waiter; /* NULL: nobody waits, it frees itself */
} channel_order;

static dialed_channel *dialed(grille_channel *channel) {
    return grille_container(channel, dialed_channel, base);
}

/* ---- On the loop ---- */

static grille_reason renew(dialed_channel *channel, const grille_renewal *renewal) {
    const grille_policy *before = channel->connection_options.policy;
    if (renewal->policy != NULL && grille_policy_version(renewal->policy) < grille_policy_version(before)) {
        return GRILLE_REASON_POLICY_ROLLBACK;
    }
    grille_renewal_keep(renewal, &channel->connection_options.policy, &channel->connection_options.identity);
    for (size_t i = 0; i < channel->balancer->count; i++)
        grille_target_renew(&channel->targets[i], renewal->policy, renewal->identity);
    grille_channel_try_again(channel);
    return GRILLE_REASON_OK;
}

/* Every connection that takes calls; one that can't now is reason enough to say so. */
static grille_reason reattest(dialed_channel *channel) {
    grille_reason reason = GRILLE_REASON_LOOP_WRONG_STATE;
    for (size_t i = 0; i < channel->balancer->count; i++) {
        const grille_reason asked = grille_target_reattest(&channel->targets[i]);
        if (reason == GRILLE_REASON_LOOP_WRONG_STATE || asked == GRILLE_REASON_GATE_TOO_SOON) reason = asked;
    }
    return reason;
}

static void carry_out(dialed_channel *channel, channel_order *order) {
    if (channel->closed) {
        order->reason = GRILLE_REASON_LOOP_CHANNEL_CLOSED;
    } else if (order->reattest) {
        order->reason = reattest(channel);
    } else {
        order->reason = renew(channel, order->renewal);
    }
}

static channel_order *take_order(dialed_channel *channel) {
    pthread_mutex_lock(&channel->lock);
    grille_link *link = grille_list_take_first(&channel->orders);
    pthread_mutex_unlock(&channel->lock);
    return link == NULL ? NULL : grille_container(link, channel_order, link);
}

static void free_order(channel_order *order) {
    grille_renewal_free(order->renewal);
    free(order);
}

void grille_channel_on_orders(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, orders_job);
    channel_order *order = NULL;
    while ((order = take_order(channel)) != NULL) {
        channel_waiter *waiter = order->waiter;
        carry_out(channel, order);
        if (waiter == NULL) {
            free_order(order);
        } else {
            grille_channel_wake(&channel->base, waiter);
        }
    }
}

void grille_channel_drop_orders(dialed_channel *channel) {
    channel_order *order = NULL;
    while ((order = take_order(channel)) != NULL)
        free_order(order);
}

/* ---- From any thread ---- */

static void queue(dialed_channel *channel, void *user) {
    channel_order *order = user;
    pthread_mutex_lock(&channel->lock);
    grille_list_append(&channel->orders, &order->link);
    pthread_mutex_unlock(&channel->lock);
    grille_loop_post(&channel->loop, &channel->orders_job);
}

static void carry_out_here(dialed_channel *channel, void *user) {
    channel_order *order = user;
    carry_out(channel, order);
    grille_channel_wake(&channel->base, order->waiter);
}

static grille_reason wait_for(dialed_channel *channel, channel_order *order) {
    channel_waiter waiter;
    grille_waiter_init(&waiter);
    waiter.deadline_us = GRILLE_TIME_NEVER;
    order->waiter = &waiter;
    grille_channel_wait(channel, &waiter, carry_out_here, queue, order);
    grille_waiter_deinit(&waiter);
    return order->reason;
}

/* Takes the order over. On the loop itself it is carried out at once, on another one it is on its way. */
static grille_reason give(dialed_channel *channel, channel_order *order) {
    grille_reason reason = GRILLE_REASON_OK;
    if (grille_loop_in_turn() == &channel->loop) {
        carry_out(channel, order);
    } else if (grille_loop_in_turn() != NULL) {
        queue(channel, order);
        grille_channel_need_leader(channel);
        return reason;
    } else {
        (void)wait_for(channel, order);
    }
    reason = order->reason;
    free_order(order);
    return reason;
}

static grille_reason order_of(dialed_channel *channel, grille_renewal *renewal, bool reattests) {
    channel_order *order = calloc(1, sizeof *order);
    if (order == NULL || renewal == NULL) {
        if (renewal != NULL) grille_renewal_free(renewal);
        free(order);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    grille_list_init(&order->link);
    order->renewal = renewal;
    order->reattest = reattests;
    return give(channel, order);
}

grille_reason grille_channel_renew(grille_channel *base, grille_policy *policy, const grille_identity *identity) {
    grille_reason reason = identity == NULL ? GRILLE_REASON_OK : grille_identity_check_role(identity, 'I', NULL);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!grille_channel_enter(base, false)) return GRILLE_REASON_LOOP_CHANNEL_CLOSED;
    reason = order_of(dialed(base), grille_renewal_new(policy, identity), false);
    grille_channel_leave(base);
    return reason;
}

grille_reason grille_channel_ask_epoch(grille_channel *base) {
    if (!grille_channel_enter(base, false)) return GRILLE_REASON_LOOP_CHANNEL_CLOSED;
    const grille_reason reason = order_of(dialed(base), grille_renewal_new(NULL, NULL), true);
    grille_channel_leave(base);
    return reason;
}
