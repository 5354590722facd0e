/* SPDX-License-Identifier: Apache-2.0
 * What can be asked of a channel of any kind. */
#include "rpc/channel.h"

#include <time.h>

#include "base/error.h"

void grille_waiter_init(grille_waiter *waiter) {
    pthread_condattr_t attributes;
    *waiter = (grille_waiter){.deadline_us = GRILLE_TIME_NEVER};
    grille_list_init(&waiter->link);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter->woken, &attributes);
    pthread_condattr_destroy(&attributes);
}

void grille_waiter_deinit(grille_waiter *waiter) {
    pthread_cond_destroy(&waiter->woken);
}

void grille_channel_init(grille_channel *channel, const grille_channel_ops *ops, grille_call_pool *pool,
                         size_t max_message_bytes) {
    channel->ops = ops;
    atomic_init(&channel->references, 1);
    channel->pool = pool;
    channel->max_message_bytes = max_message_bytes;
    channel->interceptors = NULL;
    channel->stats = NULL;
}

grille_channel *grille_channel_ref(grille_channel *channel) {
    atomic_fetch_add(&channel->references, 1);
    return channel;
}

void grille_channel_close(grille_channel *channel) {
    if (channel == NULL || atomic_fetch_sub(&channel->references, 1) != 1) return;
    channel->ops->close(channel);
}

grille_code grille_channel_get_stats(grille_channel *channel, grille_stats **stats) {
    return grille_reason_code(
        grille_stats_take(&channel->stats, channel->stats != NULL ? 1 : 0, channel->ops->clock_us(), stats));
}

grille_channel_state grille_channel_get_state(grille_channel *channel) {
    return channel->ops->state(channel);
}

grille_code grille_channel_get_peer(grille_channel *channel, grille_peer_identity *peer) {
    return channel->ops->peer(channel, peer);
}

grille_code grille_channel_wait_ready(grille_channel *channel, uint32_t timeout_ms, grille_error *error) {
    if (channel->ops->must_not_block(channel)) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_LOOP_WOULD_DEADLOCK,
                             "grille_channel_wait_ready inside a callback or a handler on its loop thread"));
    }
    if (channel->ops->wait_ready != NULL) return channel->ops->wait_ready(channel, timeout_ms, error);
    grille_error_clear(error);
    if (channel->ops->state(channel) == GRILLE_CHANNEL_READY) return GRILLE_OK;
    return grille_reason_code(
        grille_error_set(error, GRILLE_REASON_LOOP_CONNECTION_LOST, "the connection of this channel has ended"));
}

void grille_channel_connect_now(grille_channel *channel) {
    if (channel->ops->connect_now != NULL) channel->ops->connect_now(channel);
}

/* ---- Trust ---- */

static grille_code renew(grille_channel *channel, grille_policy *policy, const grille_identity *identity,
                         grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(error);
    if (policy == NULL && identity == NULL) {
        return grille_reason_code(grille_error_default(error, GRILLE_REASON_BAD_ARGUMENT));
    }
    if (channel->ops->renew == NULL) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE,
                             "this channel was lent by a call or a server: replace policy and identity of the server "
                             "or of the channel that dialled"));
    }
    reason = channel->ops->renew(channel, policy, identity);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

grille_code grille_channel_replace_policy(grille_channel *channel, grille_policy *policy, grille_error *error) {
    return renew(channel, policy, NULL, error);
}

grille_code grille_channel_replace_identity(grille_channel *channel, const grille_identity *identity,
                                            grille_error *error) {
    return renew(channel, NULL, identity, error);
}

grille_code grille_channel_reattest(grille_channel *channel, grille_error *error) {
    grille_reason reason = GRILLE_REASON_LOOP_WRONG_STATE;
    grille_error_clear(error);
    if (channel->ops->reattest != NULL) reason = channel->ops->reattest(channel);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}
