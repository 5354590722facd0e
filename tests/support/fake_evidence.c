/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_evidence.h"

#include <string.h>

#include "attest/defence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

grille_identity_kind grille_identity_get_kind(const grille_identity *identity) {
    return identity->kind;
}

const char *grille_identity_kind_name(grille_identity_kind kind) {
    static const char *const names[] = {"", "nitro", "x509", "psk", "anonymous"};
    return names[kind];
}

grille_identity *grille_identity_ref(const grille_identity *identity) {
    return (grille_identity *)identity;
}

void grille_identity_free(grille_identity *identity) {
    (void)identity;
}

grille_policy *grille_policy_ref(grille_policy *policy) {
    return policy;
}

void grille_policy_free(grille_policy *policy) {
    (void)policy;
}

bool grille_policy_accepts_kind(const grille_policy *policy, grille_identity_kind kind) {
    return (policy->accepted_kinds >> kind & 1) != 0;
}

bool grille_policy_requires_responder_first(const grille_policy *policy) {
    return policy->responder_first;
}

grille_reason grille_evidence_prove(const grille_identity *identity, const grille_crypto *crypto,
                                    const grille_binding *binding, uint8_t *body, size_t capacity, size_t *len,
                                    grille_error *error) {
    grille_writer writer = grille_writer_into(body, capacity);
    (void)crypto;
    ((grille_identity *)identity)->proved++;
    if (identity->prove_answer != GRILLE_REASON_OK) return grille_error_default(error, identity->prove_answer);
    grille_write_u8(&writer, (uint8_t)binding->prover_role);
    grille_write_bytes(&writer, grille_bytes_of(binding->binder, sizeof binding->binder));
    grille_write_block_u16(&writer, binding->verifier_nonce);
    grille_write_block_u16(&writer, binding->prover_spki);
    if (grille_written(&writer).len < identity->body_len)
        grille_write_zeros(&writer, identity->body_len - grille_written(&writer).len);
    *len = grille_written(&writer).len;
    return grille_writer_end(&writer);
}

static grille_reason compare(const grille_binding *binding, grille_bytes body) {
    grille_reader reader = grille_reader_of(body);
    const uint8_t role = grille_read_u8(&reader);
    const grille_bytes binder = grille_read_bytes(&reader, GRILLE_BINDER_BYTES);
    const grille_bytes nonce = grille_read_block_u16(&reader);
    const grille_bytes key = grille_read_block_u16(&reader);
    if (!grille_defence_nonce_matches(nonce, binding->verifier_nonce)) return GRILLE_REASON_ATTEST_NONCE_MISMATCH;
    if (role != (uint8_t)binding->prover_role) return GRILLE_REASON_ATTEST_ROLE_MISMATCH;
    if (!grille_defence_binder_matches(binder, grille_bytes_of(binding->binder, sizeof binding->binder)))
        return GRILLE_REASON_ATTEST_BINDER_MISMATCH;
    if (!grille_defence_key_matches(key, binding->prover_spki)) return GRILLE_REASON_ATTEST_KEY_MISMATCH;
    return GRILLE_REASON_OK;
}

grille_reason grille_evidence_verify(const grille_judge *judge, grille_identity_kind kind,
                                     const grille_binding *binding, grille_bytes body, grille_peer_identity *peer,
                                     grille_evidence_facts *facts, grille_error *error) {
    grille_policy *policy = (grille_policy *)judge->policy;
    grille_reason reason = policy->verify_answer;
    policy->verified++;
    if (reason == GRILLE_REASON_OK && !policy->any_evidence) reason = compare(binding, body);
    *peer = (grille_peer_identity){.kind = kind, .expires_ms = GRILLE_WALL_NEVER};
    if (facts != NULL) {
        *facts = (grille_evidence_facts){.prover_role = binding->prover_role,
                                         .evidence_expires_ms = GRILLE_WALL_NEVER,
                                         .set_expires_ms = GRILLE_WALL_NEVER,
                                         .verified_ms = judge->now_ms};
    }
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}
