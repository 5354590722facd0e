/* SPDX-License-Identifier: Apache-2.0
 * What a channel is opened with: defaults, and what can't be. */
#include "loop/channel_private.h"
#include "rpc/retry.h"

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
        .max_calls = GRILLE_DEFAULT_STREAMS,
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

/* Of connections and attempts. */
static const char *life_fault(const grille_channel_options *options) {
    if ((unsigned)options->balancing > GRILLE_ROUND_ROBIN) return "balancing is none of grille_balancing";
    if (options->first_backoff_ms == 0) return "first_backoff_ms must not be 0";
    if (options->longest_backoff_ms < options->first_backoff_ms) {
        return "longest_backoff_ms must not be below first_backoff_ms";
    }
    if (options->keepalive_interval_ms != 0 && options->keepalive_timeout_ms == 0) {
        return "keepalive_timeout_ms must not be 0";
    }
    if (options->interceptor_count > 0 && options->interceptors == NULL) {
        return "interceptor_count is not 0, but interceptors is NULL";
    }
    if (options->health_source != NULL &&
        (options->health_source->start == NULL || options->health_source->stop == NULL)) {
        return "health_source is not complete: grille_channel_options_use_health() sets it";
    }
    return grille_retry_options_fault(&options->retry);
}

const char *grille_channel_options_fault(const grille_channel_options *options) {
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
    if (options->max_calls == 0) return "max_calls must not be 0";
    if (options->max_calls > GRILLE_LIMIT_STREAMS) return "max_calls must be at most 65,536";
    return life_fault(options);
}
