/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "loop/connection_private.h"
#include "wire/claims.h"

static void free_when_over(grille_connection *connection) {
    if (connection->open_handles != 0) return;
    if (connection->endpoint != NULL) {
        if (!grille_endpoint_is_idle(connection->endpoint)) return;
        grille_endpoint_free(connection->endpoint);
    }
    /* Nobody posts any more once it is free. */
    grille_secure_free(connection->secure);
    grille_loop_unpost(connection->loop, &connection->proved);
    grille_policy_free(connection->policy);
    grille_identity_free(connection->identity);
    /* Whoever turns the loop may wait for just this. */
    grille_loop_active(connection->loop);
    connection->events->on_freed(connection, connection->user);
    free(connection);
}

static void handle_closed(grille_connection *connection) {
    connection->open_handles--;
    free_when_over(connection);
}

static void on_timer_closed(uv_handle_t *handle) {
    handle_closed(handle->data);
}

static void on_transport_closed(grille_transport *transport) {
    handle_closed(grille_container(transport, grille_connection, transport));
}

static void on_endpoint_idle(void *user) {
    free_when_over(user);
}

void grille_connection_finish(grille_connection *connection) {
    if (connection->stage == CONNECTION_GONE) return;
    connection->stage = CONNECTION_GONE;
    grille_job_cancel(&connection->flush);
    grille_job_cancel(&connection->step);
    if (connection->endpoint != NULL) {
        grille_endpoint_on_write(connection->endpoint, NULL, NULL);
        grille_endpoint_on_idle(connection->endpoint, on_endpoint_idle, connection);
    }
    grille_loop_wipe(connection->loop);
    /* A pipe is closed at once: the timer's handle keeps the connection until the next turn. */
    grille_transport_close(&connection->transport);
    uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
}

/* Whether one more connection that ended may have its line: anybody may cause those that never opened, a verified peer
 * those that did, and neither fills the log at the other's cost. */
static bool may_log(const grille_connection *connection) {
    static grille_log_shared_limit strangers =
        GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_STRANGER_LOG_BURST, GRILLE_LIMIT_STRANGER_LOG_PER_SECOND);
    static grille_log_shared_limit verified =
        GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_VERIFIED_LOG_BURST, GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND);
    grille_time_us now_us = connection->loop->now_us;
    if (connection->stage != CONNECTION_HANDSHAKE) {
        return grille_log_shared_take(&verified, GRILLE_LOG_LOOP, "connections that ended", now_us);
    }
    return grille_log_shared_take(&strangers, GRILLE_LOG_LOOP, "connections that did not open", now_us);
}

/* The room that found the reason, by the section that its name belongs to. */
static grille_log_module module_of(const grille_error *why) {
    static const struct {
        const char *prefix;
        grille_log_module module;
    } sections[] = {
        {"GATE-", GRILLE_LOG_SECURE},     {"TLS-", GRILLE_LOG_SECURE},    {"ATTEST-", GRILLE_LOG_ATTEST},
        {"POLICY-", GRILLE_LOG_ATTEST},   {"CRYPTO-", GRILLE_LOG_ATTEST}, {"NSM-", GRILLE_LOG_NSM},
        {"SESSION-", GRILLE_LOG_SESSION}, {"WIRE-", GRILLE_LOG_SESSION},  {"RPC-", GRILLE_LOG_RPC},
    };
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strncmp(why->name, sections[i].prefix, strlen(sections[i].prefix)) == 0) return sections[i].module;
    }
    return GRILLE_LOG_LOOP;
}

/* One line for the local operator. A peer that did not pass the gate or broke a rule is worth a warning. */
static void log_end(const grille_connection *connection, const grille_error *why) {
    if (why->code == GRILLE_OK) {
        grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_LOOP, "%s: closed", connection->name);
        return;
    }
    bool quiet = connection->stage == CONNECTION_FRAMES && why->code == GRILLE_UNAVAILABLE;
    grille_log_level level = quiet ? GRILLE_LOG_INFO : GRILLE_LOG_WARNING;
    grille_log_module module = module_of(why);
    /* A line that nobody hears takes from no bucket. */
    if (!grille_log_is_on(level, module) || !may_log(connection)) return;
    grille_log(level, module, "%s: %s: %s", connection->name, why->name, why->text);
}

static void tell_end(grille_connection *connection, const grille_error *why, grille_code code) {
    char text[GRILLE_ERROR_NAME_BYTES + GRILLE_ERROR_TEXT_BYTES];
    connection->ended = true;
    log_end(connection, why);
    grille_connection_count_end(connection, why);
    grille_job_cancel(&connection->step);
    grille_error_describe(why, text, sizeof text);
    if (connection->endpoint != NULL) {
        grille_endpoint_close(connection->endpoint, code, text);
        grille_connection_end_channel(connection);
    }
    connection->events->on_ended(connection, why, connection->user);
}

void grille_connection_end(grille_connection *connection, const grille_error *why, grille_code code) {
    if (connection->ended) return;
    grille_error kept = *why;
    tell_end(connection, &kept, code);
    connection->stage = CONNECTION_GOODBYE;
    connection->linger_until_us =
        grille_time_after(grille_loop_refresh(connection->loop), GRILLE_LIMIT_LINGER_MS * 1000);
    if (connection->broken) {
        grille_connection_finish(connection);
        return;
    }
    if (grille_secure_get_state(connection->secure) == GRILLE_SECURE_OPEN) grille_secure_shutdown(connection->secure);
    grille_connection_arm(connection);
    grille_loop_at_end_of_turn(connection->loop, &connection->flush);
    grille_loop_active(connection->loop);
}

void grille_connection_lose(grille_connection *connection, const grille_error *why) {
    grille_error kept = *why;
    if (!connection->ended) tell_end(connection, &kept, kept.code);
    grille_loop_active(connection->loop);
    grille_connection_finish(connection);
}

void grille_connection_break(grille_connection *connection, const grille_error *why) {
    if (connection->ended) {
        grille_connection_finish(connection);
        return;
    }
    if (connection->broken) return;
    connection->broken = true;
    connection->broken_why = *why;
    connection->broken_until_us =
        grille_time_after(grille_loop_refresh(connection->loop), GRILLE_LIMIT_LINGER_MS * 1000);
    grille_connection_poll(connection, UV_READABLE);
    grille_connection_arm(connection);
}

void grille_connection_said_goodbye(grille_connection *connection) {
    connection->stage = CONNECTION_LINGER;
    if (grille_transport_shutdown(&connection->transport) != 0) grille_connection_finish(connection);
}

void grille_connection_close(grille_connection *connection, grille_code code, const char *text) {
    grille_error why;
    grille_error_clear(&why);
    (void)snprintf(why.text, sizeof why.text, "%s", text);
    grille_connection_end(connection, &why, code);
}

void grille_connection_drain(grille_connection *connection, grille_drain_reason reason) {
    if (connection->ended || connection->draining) return;
    connection->draining = true;
    connection->drain_reason = reason;
    if (connection->stage == CONNECTION_HANDSHAKE) {
        grille_connection_close(connection, GRILLE_UNAVAILABLE, "stopped before the peer was verified");
        return;
    }
    grille_endpoint_drain(connection->endpoint, reason, grille_loop_refresh(connection->loop));
    grille_connection_arm(connection);
    grille_connection_changed(connection);
}

void grille_connection_changed(grille_connection *connection) {
    if (connection->stage < CONNECTION_LINGER) grille_loop_at_end_of_turn(connection->loop, &connection->flush);
}

grille_endpoint *grille_connection_endpoint(grille_connection *connection) {
    return connection->ended ? NULL : connection->endpoint;
}

const grille_peer_identity *grille_connection_peer(grille_connection *connection) {
    return connection->endpoint != NULL ? grille_endpoint_peer(connection->endpoint) : NULL;
}

bool grille_connection_is_open(const grille_connection *connection) {
    return connection->stage == CONNECTION_FRAMES;
}

/* ---- Start ---- */

static grille_reason make_secure(grille_connection *connection, const grille_connection_options *options,
                                 grille_error *error) {
    uint8_t claims[GRILLE_CLAIMS_MAX_BYTES];
    size_t claims_len = 0;
    grille_reason reason = grille_connection_claims(connection, options->policy, claims, &claims_len);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    grille_secure_options secure = {
        .role = options->role,
        .cipher = options->cipher,
        .crypto = options->crypto,
        .identity = options->identity,
        .policy = options->policy,
        .claims = {claims, claims_len},
        .cache = options->cache,
        .on_proved = grille_connection_on_proved,
        .on_proved_user = connection,
        .budget = &connection->budget,
        .now_us = connection->loop->now_us,
        .wall_ms = grille_connection_wall_ms(connection),
    };
    reason = options->crypto->random(secure.nonce, sizeof secure.nonce);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    return grille_secure_new(&secure, &connection->secure, error);
}

static grille_reason start_handles(grille_connection *connection, grille_conduit conduit, grille_error *error) {
    grille_reason reason = grille_transport_open(&connection->transport, connection->loop, conduit,
                                                 grille_connection_on_ready, on_transport_closed, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)uv_timer_init(&connection->loop->uv, &connection->timer);
    connection->timer.data = connection;
    connection->open_handles = 2;
    return GRILLE_REASON_OK;
}

static grille_connection *allocate(grille_loop *loop, const grille_connection_options *options,
                                   const grille_connection_events *events, void *user) {
    grille_connection *connection = aligned_alloc(_Alignof(grille_connection), sizeof *connection);
    if (connection == NULL) return NULL;
    *connection = (grille_connection){.loop = loop};
    connection->events = events;
    connection->user = user;
    connection->armed_us = GRILLE_TIME_NEVER;
    connection->linger_until_us = GRILLE_TIME_NEVER;
    connection->broken_until_us = GRILLE_TIME_NEVER;
    connection->registry = options->registry;
    connection->stats = options->stats;
    connection->interceptors = options->interceptors;
    connection->executor = options->executor;
    connection->initiator = options->role == GRILLE_INITIATOR;
    connection->max_streams = options->max_streams;
    connection->max_calls = options->max_calls;
    connection->max_message_bytes = options->max_message_bytes;
    connection->keepalive_interval_ms = options->keepalive_interval_ms;
    connection->keepalive_timeout_ms = options->keepalive_timeout_ms;
    connection->first_stream_id = options->first_stream_id;
    connection->policy = grille_policy_ref(options->policy);
    connection->identity = grille_identity_ref(options->identity);
    connection->system_clock = options->system_clock;
    connection->build = options->build;
    connection->revoke_grace_us = options->revoke_grace_ms * UINT64_C(1000);
    connection->revoke_at_us = GRILLE_TIME_NEVER;
    (void)snprintf(connection->name, sizeof connection->name, "%s", options->name);
    grille_job_init(&connection->flush, grille_connection_on_flush);
    grille_job_init(&connection->tell, grille_connection_on_tell);
    grille_job_init(&connection->step, grille_connection_on_step);
    grille_job_init(&connection->proved, grille_connection_on_proved_job);
    grille_budget_init(&connection->budget, options->max_memory_bytes);
    connection->last_active_us = grille_loop_refresh(loop);
    grille_connection_age_init(connection, options);
    return connection;
}

grille_reason grille_connection_new(grille_loop *loop, grille_conduit conduit, const grille_connection_options *options,
                                    const grille_connection_events *events, void *user, grille_connection **connection,
                                    grille_error *error) {
    grille_connection *made = allocate(loop, options, events, user);
    grille_reason reason =
        made == NULL ? grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY) : make_secure(made, options, error);
    if (reason != GRILLE_REASON_OK) {
        grille_conduit_close(conduit);
    } else {
        reason = start_handles(made, conduit, error);
    }
    if (reason != GRILLE_REASON_OK) {
        if (made != NULL) {
            grille_secure_free(made->secure);
            grille_policy_free(made->policy);
            grille_identity_free(made->identity);
            free(made);
        }
        return reason;
    }
    grille_connection_poll(made, UV_READABLE);
    grille_connection_arm(made);
    grille_connection_changed(made);
    *connection = made;
    return GRILLE_REASON_OK;
}
