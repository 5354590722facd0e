/* SPDX-License-Identifier: Apache-2.0
 * A server before it runs: options, services, addresses. */
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/path_cache.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "loop/server_private.h"

/* More threads than any machine has processors for. */
#define MAX_THREADS 1024

grille_server_options grille_server_options_default(void) {
    return (grille_server_options){
        .size = sizeof(grille_server_options),
        .loops = 1,
        .workers = 2,
        .max_connections = GRILLE_DEFAULT_CONNECTIONS,
        .max_half_open = GRILLE_LIMIT_HALF_OPEN_CONNECTIONS,
        .max_streams = GRILLE_DEFAULT_STREAMS,
        .max_message_bytes = GRILLE_DEFAULT_MESSAGE_BYTES,
        .max_memory_bytes = GRILLE_DEFAULT_CONNECTION_BUDGET_BYTES,
        .drain_timeout_ms = GRILLE_DEFAULT_DRAIN_TIMEOUT_MS,
        .keepalive_interval_ms = GRILLE_KEEPALIVE_INTERVAL_MS,
        .keepalive_timeout_ms = GRILLE_KEEPALIVE_TIMEOUT_MS,
        .spin_us = GRILLE_DEFAULT_SPIN_US,
    };
}

/* The first option that can't be, or NULL. */
static const char *bad_option(const grille_server_options *options) {
    if (options == NULL) return "the options are NULL: make them with grille_server_options_default()";
    if (options->size != sizeof *options) {
        return "the size of the options is wrong: make them with grille_server_options_default()";
    }
    if (options->policy == NULL) return "policy is missing: load one with grille_policy_load()";
    if (options->identity == NULL)
        return "identity is missing: open one with grille_identity_load_x509() or _open_nsm()";
    if (options->loops == 0 || options->loops > MAX_THREADS) return "loops must be between 1 and 1,024";
    if (options->workers > MAX_THREADS) return "workers must be at most 1,024";
    if (options->max_connections == 0) return "max_connections must not be 0";
    if (options->max_half_open == 0) return "max_half_open must not be 0";
    if (options->max_streams > GRILLE_LIMIT_STREAMS) return "max_streams must be at most 65,536";
    if (options->max_message_bytes == 0) return "max_message_bytes must not be 0";
    if (options->max_message_bytes > GRILLE_LIMIT_MESSAGE_BYTES) return "max_message_bytes must be at most 1 GiB";
    if (options->max_memory_bytes == 0) return "max_memory_bytes must not be 0";
    if (options->interceptor_count > 0 && options->interceptors == NULL) {
        return "interceptor_count is not 0, but interceptors is NULL";
    }
    return NULL;
}

static void describe_connections(grille_server *server) {
    const grille_server_options *options = &server->options;
    server->counts.max_connections = options->max_connections;
    server->counts.max_half_open = options->max_half_open;
    server->connection_options = (grille_connection_options){
        .role = GRILLE_RESPONDER,
        .cipher = GRILLE_CIPHER_AUTO,
        .crypto = grille_crypto_wolf(),
        .identity = server->identity,
        .cache = grille_path_cache_shared(),
        .system_clock = options->system_clock,
        .revoke_grace_ms = options->revoke_grace_ms,
        .policy = options->policy,
        .build = options->build,
        .registry = server->registry,
        .interceptors = &server->interceptors,
        .max_streams = options->max_streams,
        .max_message_bytes = options->max_message_bytes,
        .max_memory_bytes = options->max_memory_bytes,
        .keepalive_interval_ms = options->keepalive_interval_ms,
        .keepalive_timeout_ms = options->keepalive_timeout_ms,
        .idle_timeout_ms = options->idle_timeout_ms,
        .max_age_ms = options->max_age_ms,
        .max_age_grace_ms = options->max_age_grace_ms,
        .name = "server connection",
    };
}

static void free_parts(grille_server *server) {
    for (size_t i = 0; server->stats_tables != NULL && i < server->stats_count; i++)
        grille_stats_table_unref(server->stats_tables[i]);
    free(server->stats_tables);
    grille_interceptor_list_free(&server->interceptors);
    grille_services_free(server->registry);
}

static grille_reason make_stats(grille_server *server, size_t count) {
    server->stats_tables = calloc(count, sizeof *server->stats_tables);
    if (server->stats_tables == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    for (; server->stats_count < count; server->stats_count++) {
        server->stats_tables[server->stats_count] = grille_stats_table_new(server->stats_count, count);
        if (server->stats_tables[server->stats_count] == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    }
    server->counts.stats = server->stats_tables[0];
    return GRILLE_REASON_OK;
}

/* What of a server can fail to be made; free_parts takes what there is. */
static grille_code make_parts(grille_server *server, const grille_server_options *options, grille_error *error) {
    grille_code code = grille_services_new(&server->registry, error);
    grille_reason reason = GRILLE_REASON_OK;
    if (code != GRILLE_OK) return code;
    reason = grille_interceptor_list_copy(&server->interceptors, options->interceptors, options->interceptor_count);
    if (reason == GRILLE_REASON_OK) reason = make_stats(server, options->loops);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

grille_code grille_server_new(const grille_server_options *options, grille_server **server, grille_error *error) {
    const char *bad = bad_option(options);
    *server = NULL;
    grille_error_clear(error);
    if (bad != NULL) {
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS, "server options: %s", bad));
    }
    grille_reason reason = grille_identity_check_role(options->identity, 'R', error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    grille_server *made = calloc(1, sizeof *made);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    grille_code code = make_parts(made, options, error);
    if (code != GRILLE_OK) {
        free_parts(made);
        free(made);
        return code;
    }
    made->options = *options;
    made->options.policy = grille_policy_ref(options->policy);
    made->identity = grille_identity_ref(options->identity);
    made->run_fd = -1;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->stopped, NULL);
    describe_connections(made);
    *server = made;
    return GRILLE_OK;
}

static grille_reason must_be_new(grille_server *server, const char *what, grille_error *error) {
    pthread_mutex_lock(&server->lock);
    bool is_new = server->state == SERVER_NEW;
    pthread_mutex_unlock(&server->lock);
    if (is_new) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE, "%s after the server was started", what);
}

grille_code grille_server_register(grille_server *server, const grille_service *service,
                                   const grille_method_handler *methods, const void *handlers, void *user,
                                   grille_error *error) {
    grille_error_clear(error);
    grille_reason reason = must_be_new(server, "a service can't be registered", error);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_services_add(server->registry, service, methods, handlers, user, error);
    }
    return grille_reason_code(reason);
}

grille_code grille_server_listen(grille_server *server, const char *text, grille_error *error) {
    grille_address address;
    grille_listener *listener = NULL;
    grille_error_clear(error);
    grille_reason reason = must_be_new(server, "no address can be bound", error);
    if (reason == GRILLE_REASON_OK && server->address_count == GRILLE_SERVER_MAX_LISTENERS) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS, "a server listens on at most %d addresses",
                                  GRILLE_SERVER_MAX_LISTENERS);
    }
    if (reason == GRILLE_REASON_OK) reason = grille_address_parse(text, &address, error);
    if (reason == GRILLE_REASON_OK) reason = grille_listener_bind(&address, &listener, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    (void)strcpy(server->addresses[server->address_count], grille_listener_address(listener));
    server->listeners[server->address_count++] = listener;
    return GRILLE_OK;
}

const char *grille_server_address(const grille_server *server, size_t index) {
    return index < server->address_count ? server->addresses[index] : NULL;
}

grille_services *grille_server_services(grille_server *server) {
    return server->registry;
}

grille_code grille_server_get_stats(grille_server *server, grille_stats **stats) {
    return grille_reason_code(grille_stats_take(server->stats_tables, server->stats_count, grille_clock_us(), stats));
}

void grille_server_free(grille_server *server) {
    if (server == NULL) return;
    grille_server_stop(server);
    if (!server->listeners_given) {
        for (size_t i = 0; i < server->address_count; i++)
            grille_listener_close(server->listeners[i]);
    }
    free_parts(server);
    grille_policy_free(server->options.policy);
    grille_identity_free(server->identity);
    pthread_cond_destroy(&server->stopped);
    pthread_mutex_destroy(&server->lock);
    free(server->threads);
    free(server);
}
