/* SPDX-License-Identifier: Apache-2.0
 * Evidence that is made while its caller does something else. */
#include <stdlib.h>

#include "attest/evidence_kinds.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "nsm/managed.h"

struct grille_proof {
    grille_nsm_job *job; /* nitro, on an NSM with a thread; NULL: the body is here */
    uint8_t *body;
    size_t len;
};

_Static_assert(GRILLE_NSM_RESPONSE_MAX <= GRILLE_LIMIT_EVIDENCE_BYTES, "what is charged covers a job's document too");

/* Bound to one session and one epoch: of no use to anybody else, but nobody else's business either. */
static grille_reason prove_now(const grille_identity *identity, const grille_crypto *crypto,
                               const grille_binding *binding, grille_proof *proof, grille_error *error) {
    proof->body = malloc(GRILLE_LIMIT_EVIDENCE_BYTES);
    if (proof->body == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    return grille_evidence_prove(identity, crypto, binding, proof->body, GRILLE_LIMIT_EVIDENCE_BYTES, &proof->len,
                                 error);
}

grille_reason grille_evidence_prove_later(const grille_identity *identity, const grille_crypto *crypto,
                                          const grille_binding *binding, void (*done)(void *user), void *user,
                                          grille_proof **out, grille_error *error) {
    grille_proof *proof = calloc(1, sizeof *proof);
    grille_reason reason = GRILLE_REASON_OK;
    *out = NULL;
    grille_error_clear(error);
    if (proof == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    if (identity->kind == GRILLE_IDENTITY_NITRO && grille_nsm_is_managed(identity->nsm))
        reason = grille_evidence_queue_nitro(identity, binding, done, user, &proof->job, error);
    else
        reason = prove_now(identity, crypto, binding, proof, error);
    if (reason != GRILLE_REASON_OK) {
        grille_proof_free(proof);
        return grille_error_default(error, reason);
    }
    *out = proof;
    return GRILLE_REASON_OK;
}

grille_reason grille_proof_take(grille_proof *proof, uint8_t *body, size_t capacity, size_t *len, grille_error *error) {
    grille_writer writer = grille_writer_into(body, capacity);
    grille_bytes made = grille_bytes_of(proof->body, proof->len);
    grille_reason reason = GRILLE_REASON_OK;
    *len = 0;
    if (proof->job != NULL) reason = grille_nsm_job_result(proof->job, &made, error);
    if (reason == GRILLE_REASON_MORE) return reason;
    if (reason == GRILLE_REASON_OK) {
        grille_write_bytes(&writer, made);
        reason = grille_writer_end(&writer);
    }
    if (reason == GRILLE_REASON_OK) *len = made.len;
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

void grille_proof_free(grille_proof *proof) {
    if (proof == NULL) return;
    grille_nsm_job_free(proof->job);
    if (proof->body != NULL) grille_wipe(proof->body, GRILLE_LIMIT_EVIDENCE_BYTES);
    free(proof->body);
    free(proof);
}
