/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "attest/defence.h"
#include "attest/document.h"
#include "attest/evidence_kinds.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

#define PREFIX_BYTES    (sizeof GRILLE_ATTEST_CHANNEL_PREFIX - 1)
#define USER_DATA_BYTES (PREFIX_BYTES + 1 + GRILLE_BINDER_BYTES)

static void write_user_data(const grille_binding *binding, uint8_t user_data[USER_DATA_BYTES]) {
    grille_writer writer = grille_writer_into(user_data, USER_DATA_BYTES);
    grille_write_bytes(&writer, grille_bytes_of_text(GRILLE_ATTEST_CHANNEL_PREFIX));
    grille_write_u8(&writer, (uint8_t)binding->prover_role);
    grille_write_bytes(&writer, grille_bytes_of(binding->binder, sizeof binding->binder));
}

static grille_nsm_request request_of(const grille_binding *binding, const uint8_t user_data[USER_DATA_BYTES]) {
    return (grille_nsm_request){.user_data = grille_bytes_of(user_data, USER_DATA_BYTES),
                                .nonce = binding->verifier_nonce,
                                .public_key = binding->prover_spki};
}

grille_reason grille_evidence_prove_nitro(const grille_identity *identity, const grille_binding *binding,
                                          grille_writer *body, grille_error *error) {
    uint8_t user_data[USER_DATA_BYTES] = {0};
    const grille_nsm_request request = request_of(binding, user_data);
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    size_t len = 0;
    grille_reason reason;
    write_user_data(binding, user_data);
    reason = identity->nsm->functions->attest(identity->nsm, &request, document, sizeof document, &len, error);
    if (reason == GRILLE_REASON_OK) grille_write_bytes(body, grille_bytes_of(document, len));
    return reason;
}

grille_reason grille_evidence_queue_nitro(const grille_identity *identity, const grille_binding *binding,
                                          grille_nsm_done_fn *done, void *user, grille_nsm_job **job,
                                          grille_error *error) {
    uint8_t user_data[USER_DATA_BYTES] = {0};
    const grille_nsm_request request = request_of(binding, user_data);
    write_user_data(binding, user_data);
    return grille_nsm_attest_later(identity->nsm, &request, done, user, job, error);
}

/* Which part of user_data is another one: for the operator, after the defence has decided. */
static grille_reason explain_user_data(grille_bytes user_data, const grille_binding *binding, grille_error *error) {
    grille_reader reader = grille_reader_of(user_data);
    grille_bytes prefix = grille_read_bytes(&reader, PREFIX_BYTES);
    uint8_t role = grille_read_u8(&reader);
    if (!grille_bytes_equal(prefix, grille_bytes_of_text(GRILLE_ATTEST_CHANNEL_PREFIX)) ||
        user_data.len != USER_DATA_BYTES) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_PREFIX_MISMATCH,
                                "observed user_data of %zu bytes in the document, expected that it begins with %s",
                                user_data.len, GRILLE_ATTEST_CHANNEL_PREFIX);
    }
    if (role != (uint8_t)binding->prover_role) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_ROLE_MISMATCH,
                                "observed a document for role %c, expected one for %c",
                                role == 'I' || role == 'R' ? (char)role : '?', binding->prover_role);
    }
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_BINDER_MISMATCH,
        "observed a document that is bound to another session, expected one that is bound to this one");
}

/* Nonce, binder, public key: no cryptography yet. */
static grille_reason check_binding(const grille_document *document, const grille_binding *binding,
                                   grille_error *error) {
    uint8_t expected[USER_DATA_BYTES];
    if (!grille_defence_nonce_matches(document->nonce, binding->verifier_nonce)) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_NONCE_MISMATCH,
            "observed another nonce (of %zu bytes) in the document, expected the one that we sent for this session",
            document->nonce.len);
    }
    write_user_data(binding, expected);
    if (!grille_defence_binder_matches(document->user_data, grille_bytes_of(expected, sizeof expected))) {
        return explain_user_data(document->user_data, binding, error);
    }
    if (!grille_defence_key_matches(document->public_key, binding->prover_spki)) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_KEY_MISMATCH,
            "observed another public_key (of %zu bytes) in the document, expected the key of the peer's "
            "TLS certificate",
            document->public_key.len);
    }
    return GRILLE_REASON_OK;
}

static void fill_peer(const grille_document *document, const grille_policy_set *set, grille_peer_identity *peer) {
    (void)snprintf(peer->set, sizeof peer->set, "%s", set->name);
    (void)snprintf(peer->module_id, sizeof peer->module_id, "%.*s", (int)document->module_id.len,
                   (const char *)document->module_id.data);
    peer->pcr_mask = document->pcr_mask;
    for (size_t i = 0; i < GRILLE_PCR_COUNT; i++) {
        if (document->pcrs[i].len == GRILLE_PCR_BYTES) memcpy(peer->pcrs[i], document->pcrs[i].data, GRILLE_PCR_BYTES);
    }
    peer->document_time_ms = document->timestamp_ms;
}

grille_reason grille_evidence_verify_nitro(const grille_evidence *evidence, grille_peer_identity *peer,
                                           grille_evidence_facts *facts, grille_error *error) {
    const grille_judge *judge = evidence->judge;
    const grille_policy *policy = judge->policy;
    const grille_document_check check = {.root = policy->development_root,
                                         .now_ms = judge->now_ms,
                                         .clock_skew_ms = policy->clock_skew_ms,
                                         .max_age_ms = policy->max_age_ms,
                                         .any_pcr4 = policy->development_root.len != 0,
                                         .cache = judge->cache};
    const grille_policy_set *set = NULL;
    grille_document document;
    bool debug = false;
    grille_reason reason = grille_document_read(evidence->body, &document, error);
    if (reason == GRILLE_REASON_OK) reason = check_binding(&document, evidence->binding, error);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_document_verify(judge->crypto, &document, &check, &facts->evidence_expires_ms, error);
    }
    if (reason == GRILLE_REASON_OK) {
        reason = grille_policy_judge_nitro(policy, judge->own, &document, peer, judge->now_ms, &set, &debug, error);
    }
    if (reason == GRILLE_REASON_OK) reason = judge->crypto->hash(GRILLE_SHA256, document.cabundle, 1, facts->anchor);
    if (reason != GRILLE_REASON_OK) return reason;
    facts->set_expires_ms = set->not_after_ms;
    peer->debug = debug;
    peer->insecure = debug || policy->development_root.len != 0;
    fill_peer(&document, set, peer);
    return GRILLE_REASON_OK;
}
