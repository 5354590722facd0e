/* SPDX-License-Identifier: Apache-2.0
 * A channel's life: options, opening, what can be asked of it, closing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "loop/channel_private.h"

/* Calls kept for reuse. */
#define IDLE_CALLS 256

grille_channel_options grille_channel_options_default(void) {
    return (grille_channel_options){
        .size = sizeof(grille_channel_options),
        .connect_timeout_ms = GRILLE_DEFAULT_CONNECT_TIMEOUT_MS,
        .cipher = GRILLE_CIPHER_CHOICE_AUTO,
        .max_message_bytes = GRILLE_DEFAULT_MESSAGE_BYTES,
        .max_memory_bytes = GRILLE_DEFAULT_CONNECTION_BUDGET_BYTES,
        .spin_us = GRILLE_DEFAULT_SPIN_US,
        .workers = 2,
        .max_streams = GRILLE_DEFAULT_STREAMS,
        .retry = {.max_attempts = 3,
                  .first_backoff_ms = 20,
                  .longest_backoff_ms = 1000,
                  .codes = 1u << GRILLE_UNAVAILABLE,
                  .throttle_tokens = 10,
                  .throttle_ratio_permille = 100},
        .first_backoff_ms = GRILLE_RECONNECT_FIRST_MS,
        .longest_backoff_ms = GRILLE_RECONNECT_LONGEST_MS,
        .keepalive_interval_ms = GRILLE_KEEPALIVE_INTERVAL_MS,
        .keepalive_timeout_ms = GRILLE_KEEPALIVE_TIMEOUT_MS,
    };
}

/* The first option that can't be, or NULL. */
static const char *bad_option(const grille_channel_options *options) {
    if (options == NULL) return "the options are NULL: make them with grille_channel_options_default()";
    if (options->size != sizeof *options) {
        return "the size of the options is wrong: make them with grille_channel_options_default()";
    }
    if (options->policy == NULL) return "policy is missing: load one with grille_policy_load()";
    if (options->identity == NULL)
        return "identity is missing: open one with grille_identity_load_x509() or _open_nsm()";
    if (options->connect_timeout_ms == 0) return "connect_timeout_ms must not be 0";
    if ((unsigned)options->cipher > GRILLE_CIPHER_CHOICE_CHACHA20) return "cipher is none of grille_cipher_choice";
    if (options->max_message_bytes == 0) return "max_message_bytes must not be 0";
    if (options->max_message_bytes > GRILLE_LIMIT_MESSAGE_BYTES) return "max_message_bytes must be at most 1 GiB";
    if (options->max_memory_bytes == 0) return "max_memory_bytes must not be 0";
    if (options->workers > GRILLE_MAX_WORKERS) return "workers must be at most 1,024";
    if (options->max_streams > GRILLE_LIMIT_STREAMS) return "max_streams must be at most 65,536";
    return NULL;
}

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
    channel->connect_timeout_ms = options->connect_timeout_ms;
    channel->connection_options = (grille_connection_options){
        .role = GRILLE_INITIATOR,
        .cipher = cipher_of(options->cipher),
        .crypto = grille_crypto_wolf(),
        .identity = options->identity,
        .policy = grille_policy_ref(options->policy),
        .build = options->build,
        .registry = options->services,
        .executor = &channel->executor.executor,
        .max_streams = options->services != NULL ? options->max_streams : GRILLE_MINIMUM_STREAMS,
        .max_message_bytes = options->max_message_bytes,
        .max_memory_bytes = options->max_memory_bytes,
        .keepalive_interval_ms = options->keepalive_interval_ms,
        .keepalive_timeout_ms = options->keepalive_timeout_ms,
        .name = channel->name,
    };
}

static void init_lists(dialed_channel *channel) {
    grille_list_init(&channel->waiters);
    grille_list_init(&channel->noticed);
    grille_list_init(&channel->submitted);
    grille_list_init(&channel->waiting);
    grille_list_init(&channel->retiring);
    grille_job_init(&channel->submit_job, grille_channel_on_submit);
    grille_job_init(&channel->notice_job, grille_channel_on_notice);
    grille_job_init(&channel->hold_job, grille_channel_on_hold);
    grille_job_init(&channel->close_job, grille_channel_on_close);
    pthread_mutex_init(&channel->lock, NULL);
    pthread_mutex_init(&channel->notice_lock, NULL);
    pthread_mutex_init(&channel->submit_lock, NULL);
    channel->attempt_ends_us = GRILLE_TIME_NEVER;
    channel->retry_at_us = GRILLE_TIME_NEVER;
    channel->armed_us = GRILLE_TIME_NEVER;
}

static grille_reason init_loop(dialed_channel *channel, const grille_channel_options *options, grille_error *error) {
    grille_call_pool *pool = NULL;
    grille_reason reason = grille_call_pool_new(IDLE_CALLS, &pool);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    grille_channel_init(&channel->base, &grille_dialed_channel_ops, pool, options->max_message_bytes);
    reason = grille_loop_init(&channel->loop, options->spin_us, error);
    if (reason != GRILLE_REASON_OK) {
        grille_call_pool_unref(channel->base.pool);
        return reason;
    }
    (void)uv_timer_init(&channel->loop.uv, &channel->timer);
    (void)uv_timer_init(&channel->loop.uv, &channel->ready_timer);
    channel->timer.data = channel;
    channel->ready_timer.data = &channel->loop;
    return GRILLE_REASON_OK;
}

/* What the peer may call here. */
static grille_reason serve(dialed_channel *channel, const grille_channel_options *options, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (options->services != NULL) grille_services_freeze(options->services);
    if (options->services != NULL && options->workers > 0 && grille_services_offload(options->services)) {
        reason = grille_workers_new(options->workers, GRILLE_LIMIT_QUEUED_TASKS, &channel->workers, error);
    }
    grille_loop_executor_init(&channel->executor, channel->workers, &channel->loop);
    return reason;
}

/* What can be freed of a channel whose keeper never ran. */
static void discard(dialed_channel *channel) {
    grille_channel_disconnect(channel);
    grille_channel_destroy(channel);
}

static grille_reason make_channel(const grille_address *address, const grille_channel_options *options,
                                  dialed_channel **channel, grille_error *error) {
    dialed_channel *made = calloc(1, sizeof *made);
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    made->address = *address;
    grille_address_format(address, made->name);
    init_lists(made);
    grille_reason reason = init_loop(made, options, error);
    if (reason != GRILLE_REASON_OK) {
        free(made);
        return reason;
    }
    take_options(made, options);
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

grille_code grille_channel_open(const char *text, const grille_channel_options *options, grille_channel **channel,
                                grille_error *error) {
    const char *bad = bad_option(options);
    grille_address address;
    grille_socket_name name;
    dialed_channel *made = NULL;
    *channel = NULL;
    grille_error_clear(error);
    if (bad != NULL) {
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS, "channel options: %s", bad));
    }
    grille_reason reason = grille_address_parse(text, &address, error);
    if (reason == GRILLE_REASON_OK && address.kind != GRILLE_ADDRESS_FD && address.kind != GRILLE_ADDRESS_INPROC &&
        !grille_socket_name_to_dial(&address, 0, &name)) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS,
                                  "%s is an address to listen on, not one to connect to", text);
    }
    if (reason == GRILLE_REASON_OK) reason = make_channel(&address, options, &made, error);
    if (made != NULL) *channel = &made->base;
    return grille_reason_code(reason);
}

/* ---- Closing ---- */

void grille_channel_on_close(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, close_job);
    if (channel->closed) return;
    grille_channel_on_submit(&channel->submit_job);
    channel->closed = true;
    grille_channel_set_state(channel, GRILLE_CHANNEL_CLOSED, NULL);
    grille_channel_fail_waiting(channel, true, GRILLE_CANCELLED, "the channel was closed");
    grille_channel_disconnect(channel);
    uv_close((uv_handle_t *)&channel->timer, NULL);
    uv_close((uv_handle_t *)&channel->ready_timer, NULL);
}

void grille_channel_destroy(dialed_channel *channel) {
    if (!channel->closed) grille_channel_on_close(&channel->close_job);
    grille_workers_free(channel->workers);
    grille_loop_deinit(&channel->loop);
    grille_loop_executor_deinit(&channel->executor);
    grille_call_pool_unref(channel->base.pool);
    grille_policy_free(channel->connection_options.policy);
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
