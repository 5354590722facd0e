/* SPDX-License-Identifier: Apache-2.0
 * A channel's life: opening, what can be asked of it, closing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/path_cache.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "loop/address_list.h"
#include "loop/channel_private.h"
#include "loop/socket.h"

/* Calls kept for reuse. */
#define IDLE_CALLS 256

static grille_cipher cipher_of(grille_cipher_choice choice) {
    switch (choice) {
    case GRILLE_CIPHER_CHOICE_AES128:
        return GRILLE_CIPHER_AES128;
    case GRILLE_CIPHER_CHOICE_AES256:
        return GRILLE_CIPHER_AES256;
    case GRILLE_CIPHER_CHOICE_CHACHA20:
        return GRILLE_CIPHER_CHACHA20;
    case GRILLE_CIPHER_CHOICE_AUTO:
        break;
    }
    return GRILLE_CIPHER_AUTO;
}

static void take_options(dialed_channel *channel, const grille_channel_options *options) {
    channel->connection_options = (grille_connection_options){
        .role = GRILLE_INITIATOR,
        .cipher = cipher_of(options->cipher),
        .crypto = grille_crypto_wolf(),
        .identity = grille_identity_ref(options->identity),
        .cache = grille_path_cache_shared(),
        .system_clock = options->system_clock,
        .revoke_grace_ms = options->revoke_grace_ms,
        .stats = channel->stats,
        .interceptors = &channel->interceptors,
        .policy = grille_policy_ref(options->policy),
        .build = options->build,
        .registry = options->services,
        .executor = &channel->executor.executor,
        .max_streams = options->services != NULL ? options->max_streams : GRILLE_MINIMUM_STREAMS,
        .max_calls = options->max_calls,
        .max_message_bytes = options->max_message_bytes,
        .max_memory_bytes = options->max_memory_bytes,
        .keepalive_interval_ms = options->keepalive_interval_ms,
        .keepalive_timeout_ms = options->keepalive_timeout_ms,
    };
    channel->target_options = (grille_target_options){
        .connection = &channel->connection_options,
        .connect_timeout_ms = options->connect_timeout_ms,
        .first_backoff_ms = options->first_backoff_ms,
        .longest_backoff_ms = options->longest_backoff_ms,
        .max_age_ms = options->max_age_ms,
        .health_source = options->health_source,
        .events = &grille_channel_target_events,
        .user = channel,
    };
    channel->idle_timeout_ms = options->idle_timeout_ms;
    channel->retry_options = options->retry;
    grille_retry_throttle_init(&channel->throttle, &options->retry);
}

static void init_lists(dialed_channel *channel) {
    grille_list_init(&channel->waiters);
    grille_list_init(&channel->noticed);
    grille_list_init(&channel->submitted);
    grille_list_init(&channel->waiting);
    grille_list_init(&channel->again);
    grille_list_init(&channel->resting);
    grille_job_init(&channel->submit_job, grille_channel_on_submit);
    grille_list_init(&channel->own_submitted);
    grille_job_init(&channel->own_submit_job, grille_channel_on_own_submit);
    grille_job_init(&channel->notice_job, grille_channel_on_notice);
    grille_job_init(&channel->hold_job, grille_channel_on_hold);
    grille_job_init(&channel->close_job, grille_channel_on_close);
    grille_job_init(&channel->again_job, grille_channel_on_again);
    grille_job_init(&channel->connect_job, grille_channel_on_connect);
    grille_list_init(&channel->orders);
    grille_job_init(&channel->orders_job, grille_channel_on_orders);
    pthread_mutex_init(&channel->lock, NULL);
    pthread_mutex_init(&channel->notice_lock, NULL);
    pthread_mutex_init(&channel->submit_lock, NULL);
    channel->armed_us = GRILLE_TIME_NEVER;
}

static grille_reason init_loop(dialed_channel *channel, const grille_channel_options *options, grille_error *error) {
    grille_call_pool *pool = NULL;
    grille_reason reason = grille_call_pool_new(IDLE_CALLS, &pool);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    grille_channel_init(&channel->base, &grille_dialed_channel_ops, pool, options->max_message_bytes);
    channel->base.interceptors = &channel->interceptors;
    channel->base.stats = channel->stats;
    reason = grille_loop_init(&channel->loop, options->spin_us, error);
    if (reason != GRILLE_REASON_OK) {
        grille_call_pool_unref(channel->base.pool);
        return reason;
    }
    grille_stats_table_set_loop(channel->stats, &channel->loop);
    grille_call_pool_set_loop(pool, &channel->loop);
    (void)uv_timer_init(&channel->loop.uv, &channel->timer);
    (void)uv_timer_init(&channel->loop.uv, &channel->ready_timer);
    channel->timer.data = channel;
    channel->ready_timer.data = &channel->loop;
    return GRILLE_REASON_OK;
}

static void need_leader(void *user) {
    grille_channel_need_leader(user);
}

/* What the peer may call here. */
static grille_reason serve(dialed_channel *channel, const grille_channel_options *options, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (options->services != NULL) grille_services_freeze(options->services);
    if (options->services != NULL && options->workers > 0 && grille_services_offload(options->services)) {
        reason = grille_workers_new(options->workers, GRILLE_LIMIT_QUEUED_TASKS, &channel->workers, error);
    }
    grille_loop_executor_init(&channel->executor, channel->workers, &channel->loop);
    channel->executor.on_post = need_leader;
    channel->executor.on_post_user = channel;
    return reason;
}

/* What can be freed of a channel whose keeper never ran. */
static void discard(dialed_channel *channel) {
    grille_channel_disconnect(channel);
    grille_channel_destroy(channel);
}

static void name_channel(dialed_channel *channel, const grille_address_list *addresses) {
    char first[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address_format(&addresses->addresses[0], first);
    if (addresses->count == 1) {
        (void)snprintf(channel->name, sizeof channel->name, "%s", first);
    } else {
        (void)snprintf(channel->name, sizeof channel->name, "%s and %zu more", first, addresses->count - 1);
    }
}

static grille_reason make_targets(dialed_channel *channel, const grille_address_list *addresses,
                                  const grille_channel_options *options) {
    channel->balancer = malloc(grille_balancer_bytes(addresses->count));
    if (channel->balancer == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    grille_balancer_init(channel->balancer, options->balancing, addresses->count, options->health_source != NULL);
    if (options->health_service != NULL) {
        channel->health_service = strdup(options->health_service);
        if (channel->health_service == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
        channel->target_options.health_service = channel->health_service;
    }
    channel->targets = calloc(addresses->count, sizeof *channel->targets);
    if (channel->targets == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < addresses->count; i++) {
        grille_target_init(&channel->targets[i], &channel->loop, &channel->target_options, i, &addresses->addresses[i]);
    }
    return GRILLE_REASON_OK;
}

static void free_trust(dialed_channel *channel) {
    grille_policy_free(channel->connection_options.policy);
    grille_identity_free(channel->connection_options.identity);
}

static grille_reason make_channel(const grille_address_list *addresses, const grille_channel_options *options,
                                  const grille_channel_hooks *hooks, dialed_channel **channel, grille_error *error) {
    dialed_channel *made = calloc(1, sizeof *made);
    grille_reason reason = GRILLE_REASON_OK;
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    name_channel(made, addresses);
    init_lists(made);
    made->stats = grille_stats_table_new(0, 1);
    take_options(made, options);
    made->hooks = *hooks;
    made->connection_options.first_stream_id = hooks->first_stream_id;
    if (made->stats == NULL) reason = GRILLE_REASON_OUT_OF_MEMORY;
    if (reason == GRILLE_REASON_OK) {
        reason = grille_interceptor_list_copy(&made->interceptors, options->interceptors, options->interceptor_count);
    }
    if (reason == GRILLE_REASON_OK) reason = make_targets(made, addresses, options);
    if (reason != GRILLE_REASON_OK) (void)grille_error_default(error, reason);
    if (reason == GRILLE_REASON_OK) reason = init_loop(made, options, error);
    if (reason != GRILLE_REASON_OK) {
        free_trust(made);
        grille_interceptor_list_free(&made->interceptors);
        grille_stats_table_unref(made->stats);
        free(made->targets);
        free(made->balancer);
        free(made->health_service);
        free(made);
        return reason;
    }
    reason = serve(made, options, error);
    if (reason == GRILLE_REASON_OK) {
        grille_channel_connect(made);
        reason = grille_channel_start_keeper(made, error);
    }
    if (reason != GRILLE_REASON_OK) {
        discard(made);
        return reason;
    }
    *channel = made;
    return GRILLE_REASON_OK;
}

static grille_reason check_dialable(const grille_address_list *addresses, grille_error *error) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < addresses->count; i++) {
        const grille_address *address = &addresses->addresses[i];
        if (grille_dialer_takes(address)) continue;
        grille_address_format(address, text);
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS,
                                "%s is an address to listen on, not one to connect to", text);
    }
    return GRILLE_REASON_OK;
}

grille_code grille_channel_open_with_hooks(const char *text, const grille_channel_options *options,
                                           const grille_channel_hooks *hooks, grille_channel **channel,
                                           grille_error *error) {
    const char *fault = grille_channel_options_fault(options);
    grille_address_list addresses = {0};
    dialed_channel *made = NULL;
    *channel = NULL;
    grille_error_clear(error);
    if (fault != NULL) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS, "channel options: %s", fault));
    }
    grille_reason reason = grille_identity_check_role(options->identity, 'I', error);
    if (reason == GRILLE_REASON_OK) reason = grille_address_list_parse(text, &addresses, error);
    if (reason == GRILLE_REASON_OK) reason = check_dialable(&addresses, error);
    if (reason == GRILLE_REASON_OK) reason = make_channel(&addresses, options, hooks, &made, error);
    if (made != NULL) *channel = &made->base;
    grille_address_list_free(&addresses);
    return grille_reason_code(reason);
}

grille_code grille_channel_open(const char *text, const grille_channel_options *options, grille_channel **channel,
                                grille_error *error) {
    static const grille_channel_hooks none = {0};
    return grille_channel_open_with_hooks(text, options, &none, channel, error);
}

/* ---- Closing ---- */

void grille_channel_on_close(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, close_job);
    if (channel->closed) return;
    grille_channel_on_submit(&channel->submit_job);
    channel->closed = true;
    grille_channel_set_state(channel, GRILLE_CHANNEL_CLOSED, NULL);
    grille_channel_fail_waiting(channel, true, GRILLE_CANCELLED, "the channel was closed");
    grille_channel_end_retries(channel);
    grille_channel_disconnect(channel);
    grille_job_cancel(&channel->again_job);
    uv_close((uv_handle_t *)&channel->timer, NULL);
    uv_close((uv_handle_t *)&channel->ready_timer, NULL);
}

void grille_channel_destroy(dialed_channel *channel) {
    if (!channel->closed) grille_channel_on_close(&channel->close_job);
    grille_workers_free(channel->workers);
    grille_loop_deinit(&channel->loop);
    grille_loop_executor_deinit(&channel->executor);
    grille_call_pool_unref(channel->base.pool);
    grille_channel_drop_orders(channel);
    free_trust(channel);
    grille_interceptor_list_free(&channel->interceptors);
    grille_stats_table_unref(channel->stats);
    free(channel->targets);
    free(channel->balancer);
    free(channel->health_service);
    pthread_cond_destroy(&channel->keeper_woken);
    pthread_mutex_destroy(&channel->submit_lock);
    pthread_mutex_destroy(&channel->notice_lock);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}

void grille_channel_close_dialed(grille_channel *base) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    bool inside = grille_loop_in_turn() == &channel->loop;
    pthread_mutex_lock(&channel->lock);
    channel->closing = true;
    if (inside) channel->detached = true;
    pthread_mutex_unlock(&channel->lock);
    if (inside) pthread_detach(channel->keeper);
    grille_loop_post(&channel->loop, &channel->close_job);
    grille_channel_need_leader(channel);
    if (!inside) grille_channel_end_keeper(channel);
}
