/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_evidence.h"

#include <stdlib.h>
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
    policy->references++;
    return policy;
}

void grille_policy_free(grille_policy *policy) {
    if (policy != NULL) policy->references--;
}

bool grille_policy_accepts_kind(const grille_policy *policy, grille_identity_kind kind) {
    return (policy->accepted_kinds >> kind & 1) != 0;
}

int64_t grille_policy_reattest_ms(const grille_policy *policy) {
    return policy->reattest_ms;
}

bool grille_policy_requires_responder_first(const grille_policy *policy) {
    return policy->responder_first;
}

/* role ‖ binder ‖ nonce ‖ key ‖ module ‖ expiry, unsigned. */
static grille_reason write_body(grille_identity *identity, const grille_binding *binding, grille_writer *writer) {
    grille_write_u8(writer, (uint8_t)binding->prover_role);
    grille_write_bytes(writer, grille_bytes_of(binding->binder, sizeof binding->binder));
    grille_write_block_u16(writer, binding->verifier_nonce);
    grille_write_block_u16(writer, binding->prover_spki);
    grille_write_u8(writer, identity->module);
    grille_write_u64(writer, (uint64_t)identity->expires_ms);
    if (grille_written(writer).len < identity->body_len)
        grille_write_zeros(writer, identity->body_len - grille_written(writer).len);
    return grille_writer_end(writer);
}

grille_reason grille_evidence_prove(const grille_identity *proves, const grille_crypto *crypto,
                                    const grille_binding *binding, uint8_t *body, size_t capacity, size_t *len,
                                    grille_error *error) {
    grille_identity *identity = (grille_identity *)proves;
    grille_writer writer = grille_writer_into(body, capacity);
    grille_reason reason = GRILLE_REASON_OK;
    (void)crypto;
    identity->proved++;
    if (identity->prove_answer != GRILLE_REASON_OK) return grille_error_default(error, identity->prove_answer);
    if (identity->replays && identity->last_len > 0)
        grille_write_bytes(&writer, grille_bytes_of(identity->last_body, identity->last_len));
    else
        reason = write_body(identity, binding, &writer);
    *len = grille_written(&writer).len;
    if (reason == GRILLE_REASON_OK && *len <= sizeof identity->last_body) {
        memcpy(identity->last_body, body, *len);
        identity->last_len = *len;
    }
    return reason;
}

struct grille_proof {
    grille_identity *identity;
    void (*done)(void *user);
    void *user;
    bool waits;
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len;
};

grille_reason grille_evidence_prove_later(const grille_identity *identity, const grille_crypto *crypto,
                                          const grille_binding *binding, void (*done)(void *user), void *user,
                                          grille_proof **out, grille_error *error) {
    grille_proof *proof = calloc(1, sizeof *proof);
    grille_reason reason = GRILLE_REASON_OK;
    *out = NULL;
    if (proof == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    reason = grille_evidence_prove(identity, crypto, binding, proof->body, sizeof proof->body, &proof->len, error);
    if (reason != GRILLE_REASON_OK) {
        free(proof);
        return reason;
    }
    proof->identity = (grille_identity *)identity;
    proof->done = done;
    proof->user = user;
    proof->waits = identity->holds;
    if (proof->waits) proof->identity->waiting = proof;
    *out = proof;
    return GRILLE_REASON_OK;
}

grille_reason grille_proof_take(grille_proof *proof, uint8_t *body, size_t capacity, size_t *len, grille_error *error) {
    *len = 0;
    if (proof->waits) return GRILLE_REASON_MORE;
    if (proof->identity->prove_answer != GRILLE_REASON_OK)
        return grille_error_default(error, proof->identity->prove_answer);
    if (proof->len > capacity) return grille_error_default(error, GRILLE_REASON_NO_SPACE);
    memcpy(body, proof->body, proof->len);
    *len = proof->len;
    return GRILLE_REASON_OK;
}

void grille_proof_free(grille_proof *proof) {
    if (proof == NULL) return;
    if (proof->waits) {
        proof->identity->cancelled++;
        proof->identity->waiting = NULL;
    }
    free(proof);
}

void fake_evidence_release(grille_identity *identity) {
    grille_proof *proof = identity->waiting;
    if (proof == NULL) return;
    proof->waits = false;
    identity->waiting = NULL;
    proof->done(proof->user);
}

typedef struct fake_body {
    uint8_t module;
    grille_wall_ms expires_ms;
} fake_body;

/* What an attacker writes by hand may leave out who it is and how long. */
static grille_reason compare(const grille_binding *binding, grille_bytes body, fake_body *read) {
    grille_reader reader = grille_reader_of(body);
    const uint8_t role = grille_read_u8(&reader);
    const grille_bytes binder = grille_read_bytes(&reader, GRILLE_BINDER_BYTES);
    const grille_bytes nonce = grille_read_block_u16(&reader);
    const grille_bytes key = grille_read_block_u16(&reader);
    if (reader.left >= 9) {
        read->module = grille_read_u8(&reader);
        read->expires_ms = (grille_wall_ms)grille_read_u64(&reader);
    }
    if (!grille_defence_nonce_matches(nonce, binding->verifier_nonce)) return GRILLE_REASON_ATTEST_NONCE_MISMATCH;
    if (role != (uint8_t)binding->prover_role) return GRILLE_REASON_ATTEST_ROLE_MISMATCH;
    if (!grille_defence_binder_matches(binder, grille_bytes_of(binding->binder, sizeof binding->binder)))
        return GRILLE_REASON_ATTEST_BINDER_MISMATCH;
    if (!grille_defence_key_matches(key, binding->prover_spki)) return GRILLE_REASON_ATTEST_KEY_MISMATCH;
    return GRILLE_REASON_OK;
}

static grille_wall_ms or_never(grille_wall_ms expires_ms) {
    return expires_ms != 0 ? expires_ms : GRILLE_WALL_NEVER;
}

/* The chain of x509 evidence is the whole body. */
grille_reason grille_evidence_verify(const grille_judge *judge, grille_identity_kind kind,
                                     const grille_binding *binding, grille_bytes body, grille_peer_identity *peer,
                                     grille_evidence_facts *facts, grille_error *error) {
    grille_policy *policy = (grille_policy *)judge->policy;
    grille_reason reason = policy->verify_answer;
    fake_body read = {0};
    policy->verified++;
    if (reason == GRILLE_REASON_OK && !policy->any_evidence) reason = compare(binding, body, &read);
    *peer = (grille_peer_identity){.kind = kind, .expires_ms = or_never(read.expires_ms)};
    peer->module_id[0] = (char)read.module;
    if (facts != NULL) {
        *facts = (grille_evidence_facts){.prover_role = binding->prover_role,
                                         .chain = kind == GRILLE_IDENTITY_X509 ? body : grille_bytes_of(NULL, 0),
                                         .evidence_expires_ms = or_never(read.expires_ms),
                                         .set_expires_ms = or_never(policy->set_expires_ms),
                                         .verified_ms = judge->now_ms};
    }
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

grille_reason grille_evidence_same_identity(const grille_peer_identity *before, const grille_peer_identity *after,
                                            grille_error *error) {
    if (before->kind == after->kind && before->module_id[0] == after->module_id[0]) return GRILLE_REASON_OK;
    return grille_error_default(error, GRILLE_REASON_ATTEST_IDENTITY_CHANGED);
}

grille_reason grille_evidence_judge_again(const grille_judge *judge, grille_evidence_facts *facts,
                                          grille_peer_identity *peer, grille_error *error) {
    grille_policy *policy = (grille_policy *)judge->policy;
    const bool ended = judge->now_ms >= or_never(policy->set_expires_ms);
    policy->judged_again++;
    if (policy->again_answer != GRILLE_REASON_OK) return grille_error_default(error, policy->again_answer);
    if (ended && !policy->set_follows) return grille_error_default(error, GRILLE_REASON_ATTEST_SET_EXPIRED);
    facts->set_expires_ms = ended ? GRILLE_WALL_NEVER : or_never(policy->set_expires_ms);
    peer->expires_ms =
        facts->evidence_expires_ms < facts->set_expires_ms ? facts->evidence_expires_ms : facts->set_expires_ms;
    return GRILLE_REASON_OK;
}
