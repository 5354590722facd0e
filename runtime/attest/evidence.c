/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/evidence.h"

#include <string.h>

#include "attest/evidence_kinds.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "wire/claims.h"

grille_reason grille_evidence_prove(const grille_identity *identity, const grille_crypto *crypto,
                                    const grille_binding *binding, uint8_t *body, size_t capacity, size_t *len,
                                    grille_error *error) {
    grille_writer writer = grille_writer_into(body, capacity);
    grille_reason reason;
    *len = 0;
    grille_error_clear(error);
    reason = grille_identity_check_role(identity, binding->prover_role, error);
    if (reason != GRILLE_REASON_OK) return reason;
    switch (identity->kind) {
    case GRILLE_IDENTITY_NITRO:
        reason = grille_evidence_prove_nitro(identity, binding, &writer, error);
        break;
    case GRILLE_IDENTITY_X509:
        reason = grille_evidence_prove_x509(identity, crypto, binding, &writer, error);
        break;
    case GRILLE_IDENTITY_PSK:
        reason = grille_evidence_prove_psk(identity, crypto, binding, &writer, error);
        break;
    case GRILLE_IDENTITY_ANONYMOUS:
        break;
    default:
        reason = GRILLE_REASON_ATTEST_KIND_UNSUPPORTED;
    }
    if (reason == GRILLE_REASON_OK) reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) *len = grille_written(&writer).len;
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

/* What the kinds share, cheapest first: size, kind, claims. */
static grille_reason check_frame(const grille_evidence *evidence, grille_identity_kind kind, grille_claims *claims,
                                 grille_error *error) {
    grille_reason reason;
    const bool anonymous = kind == GRILLE_IDENTITY_ANONYMOUS;
    const size_t least = anonymous ? 0 : 1, most = anonymous ? 0 : GRILLE_LIMIT_EVIDENCE_BYTES;
    if (evidence->body.len < least || evidence->body.len > most) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_SIZE,
                                "observed evidence of %zu bytes, expected %zu to %zu of kind %s", evidence->body.len,
                                least, most, grille_identity_kind_name(kind));
    }
    if (kind < GRILLE_IDENTITY_NITRO || kind > GRILLE_IDENTITY_ANONYMOUS) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_KIND_UNSUPPORTED,
                                "observed evidence of kind %d, expected nitro, x509, psk or anonymous", (int)kind);
    }
    if (!grille_policy_accepts_kind(evidence->judge->policy, kind)) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_KIND_REFUSED,
                                "observed evidence of kind %s, expected a kind that a set of the policy has",
                                grille_identity_kind_name(kind));
    }
    reason = grille_claims_decode(evidence->binding->claims, claims);
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(error, GRILLE_REASON_ATTEST_CLAIMS,
                            "observed claims of %zu bytes in which %s; expected those of wire.proto",
                            evidence->binding->claims.len, grille_reason_text(reason));
}

static void keep_claims(const grille_claims *claims, grille_peer_identity *peer) {
    peer->build = claims->build;
    peer->logs = (grille_feature)claims->logs; /* the same numbers */
    peer->metrics = (grille_feature)claims->metrics;
    peer->reflection = (grille_feature)claims->reflection;
    peer->debug_features = (grille_feature)claims->debug;
    if (claims->policy_digest.len == sizeof peer->policy_digest) {
        memcpy(peer->policy_digest, claims->policy_digest.data, sizeof peer->policy_digest);
    }
}

/* An insecure peer is never let in silently. */
static void log_insecure(const grille_peer_identity *peer, grille_wall_ms now_ms) {
    static grille_log_shared_limit limit =
        GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_VERIFIED_LOG_BURST, GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND);
    if (!peer->insecure) return;
    if (!grille_log_shared_take(&limit, GRILLE_LOG_ATTEST, "insecure peers accepted", (grille_time_us)now_ms * 1000)) {
        return;
    }
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_ATTEST, "insecure peer accepted: set \"%s\", %s%s", peer->set,
               peer->debug ? "a debug enclave, whose memory its parent can read; " : "",
               "do not use insecure_ keys of the policy in production");
}

/* check_frame has left these four. */
static grille_reason verify_kind(const grille_evidence *evidence, grille_identity_kind kind, grille_peer_identity *peer,
                                 grille_evidence_facts *facts, grille_error *error) {
    switch (kind) {
    case GRILLE_IDENTITY_NITRO:
        return grille_evidence_verify_nitro(evidence, peer, facts, error);
    case GRILLE_IDENTITY_X509:
        return grille_evidence_verify_x509(evidence, peer, facts, error);
    case GRILLE_IDENTITY_PSK:
        return grille_evidence_verify_psk(evidence, peer, facts, error);
    default:
        return grille_evidence_verify_anonymous(evidence, peer, facts, error);
    }
}

grille_reason grille_evidence_verify(const grille_judge *judge, grille_identity_kind kind,
                                     const grille_binding *binding, grille_bytes body, grille_peer_identity *peer,
                                     grille_evidence_facts *facts, grille_error *error) {
    grille_evidence evidence = {.judge = judge, .binding = binding, .body = body};
    grille_peer_identity judged = {.kind = kind};
    grille_evidence_facts found = {.prover_role = binding->prover_role, .verified_ms = judge->now_ms};
    grille_claims claims = {.build = 0};
    grille_reason reason;
    *peer = (grille_peer_identity){.epoch = 0};
    if (facts != NULL) *facts = (grille_evidence_facts){.verified_ms = 0};
    grille_error_clear(error);
    reason = check_frame(&evidence, kind, &claims, error);
    if (reason != GRILLE_REASON_OK) return reason;
    keep_claims(&claims, &judged);
    reason = verify_kind(&evidence, kind, &judged, &found, error);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    judged.expires_ms =
        found.evidence_expires_ms < found.set_expires_ms ? found.evidence_expires_ms : found.set_expires_ms;
    log_insecure(&judged, judge->now_ms);
    *peer = judged;
    if (facts != NULL) *facts = found;
    return GRILLE_REASON_OK;
}
