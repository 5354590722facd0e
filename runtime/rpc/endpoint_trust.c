/* SPDX-License-Identifier: Apache-2.0
 * What changes under standing calls: the peer's epoch, and the policy that judges it. */
#include "rpc/bound_channel.h"
#include "rpc/endpoint_private.h"

grille_reason grille_endpoint_renew_peer(grille_endpoint *endpoint, const grille_peer_identity *peer) {
    grille_peer_snapshot *renewed = grille_peer_snapshot_new(peer);
    if (renewed == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    grille_peer_snapshot_unref(endpoint->peer);
    endpoint->peer = renewed;
    if (endpoint->peer_channel != NULL) grille_bound_channel_renew(endpoint->peer_channel, renewed);
    return GRILLE_REASON_OK;
}

const grille_peer_identity *grille_endpoint_peer(const grille_endpoint *endpoint) {
    return &endpoint->peer->identity;
}

uint32_t grille_endpoint_different_schemas(const grille_endpoint *endpoint) {
    return endpoint->peer_services.different;
}

const grille_error *grille_endpoint_failure(const grille_endpoint *endpoint) {
    return grille_session_failure(endpoint->session);
}

void grille_endpoint_replace_policy(grille_endpoint *endpoint, grille_policy *policy) {
    grille_policy *before = endpoint->policy;
    endpoint->policy = grille_policy_ref(policy);
    grille_policy_free(before);
}

void grille_endpoint_set_revoked(grille_endpoint *endpoint, bool revoked) {
    endpoint->revoked = revoked;
}

void grille_endpoint_end_calls(grille_endpoint *endpoint, const char *text, grille_time_us now_us) {
    if (endpoint->closed) return;
    grille_endpoint_set_now(endpoint, now_us);
    grille_session_end_streams(endpoint->session, GRILLE_REASON_RPC_PEER_REVOKED, text, now_us);
}

bool grille_call_peer_may_call(const grille_call *call, const char *path) {
    const grille_endpoint *endpoint =
        call->side == GRILLE_CALL_OF_HANDLER ? ((const grille_server_call *)(const void *)call)->endpoint : NULL;
    return endpoint != NULL && !endpoint->revoked &&
           grille_policy_may_call(endpoint->policy, &endpoint->peer->identity, path);
}
