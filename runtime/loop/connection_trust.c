/* SPDX-License-Identifier: Apache-2.0
 * What changes under a connection that stands: later epochs, another policy or identity, and what becomes of a peer
 * that the policy in force refuses. */
#include <string.h>

#include "attest/evidence.h"
#include "base/error.h"
#include "grille/log.h"
#include "loop/connection_private.h"
#include "rpc/registry.h"

/* ---- Time and claims ---- */

grille_wall_ms grille_connection_wall_ms(const grille_connection *connection) {
    grille_wall_ms wall_ms = 0;
    /* The machine's clock is the parent's; our NSM's is not. */
    if (!connection->system_clock && grille_identity_wall_ms(connection->identity, grille_clock_us(), &wall_ms)) {
        return wall_ms;
    }
    return grille_clock_wall_ms();
}

static grille_feature_state state_of(bool on) {
    return on ? GRILLE_FEATURE_STATE_ON : GRILLE_FEATURE_STATE_OFF;
}

static bool serves(const grille_services *registry, const char *name) {
    for (size_t i = 0; registry != NULL && i < grille_services_service_count(registry); i++) {
        if (strcmp(grille_services_service(registry, i)->name, name) == 0) return true;
    }
    return false;
}

static bool logs(void) {
    for (int module = 0; module < GRILLE_LOG_MODULE_COUNT; module++) {
        if (grille_log_is_on(GRILLE_LOG_ERROR, (grille_log_module)module)) return true;
    }
    return false;
}

grille_reason grille_connection_claims(const grille_connection *connection, const grille_policy *policy,
                                       uint8_t room[GRILLE_CLAIMS_MAX_BYTES], size_t *len) {
    uint8_t digest[GRILLE_POLICY_DIGEST_BYTES];
    grille_writer writer = grille_writer_into(room, GRILLE_CLAIMS_MAX_BYTES);
    const grille_claims claims = {
        .build = connection->build,
        .policy_digest = {digest, sizeof digest},
        .logs = state_of(logs()),
        .metrics = state_of(serves(connection->registry, "grille.v1.Stats")),
        .reflection = state_of(serves(connection->registry, "grille.v1.Reflection")),
        .debug = state_of(grille_policy_is_of_development_build()),
    };
    grille_policy_digest(policy, digest);
    grille_claims_write(&writer, &claims);
    *len = grille_written(&writer).len;
    return grille_writer_end(&writer);
}

/* ---- Evidence from another thread ---- */

void grille_connection_on_proved(void *user) {
    grille_connection *connection = user;
    grille_loop_post(connection->loop, &connection->proved);
    if (connection->events->on_posted != NULL) connection->events->on_posted(connection->user);
}

void grille_connection_on_proved_job(grille_job *job) {
    grille_connection *connection = grille_container(job, grille_connection, proved);
    if (!connection->ended) grille_loop_step(connection->loop, &connection->step);
}

/* ---- A peer that is refused ---- */

/* What runs ends now. A caller of ours goes to another connection, whose gate will tell it the same. */
static void end_calls(grille_connection *connection) {
    char text[GRILLE_ERROR_NAME_BYTES + GRILLE_ERROR_TEXT_BYTES];
    connection->revoke_at_us = GRILLE_TIME_NEVER;
    if (connection->initiator) {
        const grille_error why = connection->revoked_why;
        grille_error_describe(&why, text, sizeof text);
        grille_endpoint_end_calls(connection->endpoint, text, connection->loop->now_us);
        grille_connection_end(connection, &why, GRILLE_PERMISSION_DENIED);
        return;
    }
    /* The peer learns no more than that it is so. */
    grille_endpoint_end_calls(connection->endpoint, grille_reason_text(GRILLE_REASON_RPC_PEER_REVOKED),
                              connection->loop->now_us);
    grille_connection_drain(connection, GRILLE_DRAIN_POLICY);
    grille_connection_changed(connection);
}

static void refuse_peer(grille_connection *connection, const grille_error *why) {
    const uint64_t grace_us = connection->revoke_grace_us;
    connection->revoked = true;
    connection->revoked_why = *why;
    grille_endpoint_set_revoked(connection->endpoint, true);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_ATTEST,
               "%s: the policy in force refuses the peer of set \"%s\": %s: %s; what runs ends in %llu ms",
               connection->name, grille_endpoint_peer(connection->endpoint)->set, why->name, why->text,
               (unsigned long long)(grace_us / 1000));
    connection->revoke_at_us = grille_time_after(grille_loop_refresh(connection->loop), grace_us);
    if (grace_us == 0) end_calls(connection);
}

static void accept_again(grille_connection *connection) {
    connection->revoked = false;
    connection->revoke_at_us = GRILLE_TIME_NEVER;
    grille_endpoint_set_revoked(connection->endpoint, false);
}

/* ---- Following the secure channel ---- */

bool grille_connection_take_peer(grille_connection *connection) {
    const grille_peer_identity *peer = grille_secure_peer(connection->secure);
    if (peer == NULL || memcmp(peer, grille_endpoint_peer(connection->endpoint), sizeof *peer) == 0) return true;
    if (grille_endpoint_renew_peer(connection->endpoint, peer) != GRILLE_REASON_OK) return false;
    connection->renewed = true;
    return true;
}

static bool renew(grille_connection *connection) {
    if (!grille_connection_take_peer(connection)) {
        grille_error why;
        (void)grille_error_set(&why, GRILLE_REASON_OUT_OF_MEMORY, "no memory to keep what the peer has proved");
        grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
        return false;
    }
    const bool tell = connection->renewed && connection->events->on_renewed != NULL;
    connection->renewed = false;
    if (tell) connection->events->on_renewed(connection, connection->user);
    return !connection->ended;
}

void grille_connection_follow_trust(grille_connection *connection) {
    const grille_error *why = NULL;
    if (connection->ended || connection->endpoint == NULL || grille_secure_peer(connection->secure) == NULL) return;
    if (!renew(connection)) return;
    if (grille_secure_verdict(connection->secure, &why) != GRILLE_REASON_OK) {
        if (!connection->revoked) refuse_peer(connection, why);
    } else if (connection->revoked) {
        accept_again(connection);
    }
}

grille_time_us grille_connection_trust_expiry(const grille_connection *connection) {
    return connection->revoke_at_us;
}

void grille_connection_trust_tick(grille_connection *connection, grille_time_us now_us) {
    if (connection->revoke_at_us <= now_us) end_calls(connection);
}

/* ---- What the owner wants ---- */

static grille_reason replace_policy(grille_connection *connection, grille_policy *policy) {
    uint8_t claims[GRILLE_CLAIMS_MAX_BYTES];
    size_t len = 0;
    grille_reason reason = grille_connection_claims(connection, policy, claims, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_secure_replace_policy(connection->secure, policy, (grille_bytes){claims, len},
                                          grille_connection_wall_ms(connection));
    if (reason != GRILLE_REASON_OK) return reason;
    grille_policy_free(connection->policy);
    connection->policy = grille_policy_ref(policy);
    grille_endpoint_replace_policy(connection->endpoint, policy);
    return reason;
}

void grille_connection_renew(grille_connection *connection, grille_policy *policy, grille_identity *identity) {
    grille_reason reason = GRILLE_REASON_OK;
    if (connection->ended) return;
    if (connection->stage == CONNECTION_HANDSHAKE) {
        grille_connection_close(connection, GRILLE_UNAVAILABLE, "policy or identity were replaced during the gate");
        return;
    }
    grille_loop_refresh(connection->loop);
    if (policy == connection->policy) policy = NULL;
    if (identity != NULL && identity != connection->identity) {
        grille_secure_replace_identity(connection->secure, identity);
        grille_identity_free(connection->identity);
        connection->identity = grille_identity_ref(identity);
    }
    if (policy != NULL) reason = replace_policy(connection, policy);
    if (reason != GRILLE_REASON_OK) {
        grille_error why;
        (void)grille_error_set(&why, reason, "another policy could not be taken over: %s", grille_reason_text(reason));
        grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
        return;
    }
    grille_connection_follow_trust(connection);
    if (connection->ended) return;
    grille_loop_step(connection->loop, &connection->step);
    grille_connection_arm(connection);
    grille_connection_changed(connection);
}

grille_reason grille_connection_reattest(grille_connection *connection) {
    grille_reason reason = GRILLE_REASON_LOOP_WRONG_STATE;
    if (connection->ended || connection->stage != CONNECTION_FRAMES) return reason;
    reason = grille_secure_reattest(connection->secure, grille_loop_refresh(connection->loop),
                                    grille_connection_wall_ms(connection));
    grille_loop_step(connection->loop, &connection->step);
    grille_connection_arm(connection);
    grille_connection_changed(connection);
    return reason;
}
