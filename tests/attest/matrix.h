/* SPDX-License-Identifier: Apache-2.0
 * The mutation matrix: documents, sessions and policies that are right but for one thing, signed again at every layer
 * after the change, and what each is refused for. One file for each class; matrix_test.c runs them all and then looks
 * which reasons came up. */
#ifndef GRILLE_TESTS_ATTEST_MATRIX_H
#define GRILLE_TESTS_ATTEST_MATRIX_H

#include "forge_document.h"
#include "forge_session.h"
#include "grille/reasons.h"

/* The usual chain and a document under it, live for the whole run. */
const forge_chain *matrix_chain(void);
void matrix_begin(void);
void matrix_end(void);

/* What a document is judged by when a row does not say otherwise: live, at FORGE_NOW_MS, with the chain's root and the
 * nonce of matrix_document. */
typedef struct matrix_judgement {
    const forge_chain *chain; /* signs */
    grille_bytes root;
    int64_t now_ms;
    bool stored;
} matrix_judgement;
matrix_judgement matrix_judgement_of(const forge_chain *chain);
forge_document matrix_document(const forge_chain *chain);

/* Signs, verifies by grille/attest.h, and fails the test unless this is the verdict and, for a refusal, its text is
 * whole: what was observed, what was expected, a likely cause and what to do next. */
void matrix_expect(const char *row, grille_reason expected, const forge_document *document,
                   const matrix_judgement *judgement);
/* The same of a verdict that came about elsewhere. */
void matrix_expect_verdict(const char *row, grille_reason expected, grille_reason observed, const grille_error *error);
/* An encoded document. */
void matrix_expect_bytes(const char *row, grille_reason expected, grille_bytes encoded,
                         const matrix_judgement *judgement);

/* Evidence of a channel, as the peer with this binding shows it; `own`: who we are, NULL: nobody. */
void matrix_expect_evidence(const char *row, grille_reason expected, const grille_policy *policy,
                            const grille_identity *own, grille_identity_kind kind, const grille_binding *binding,
                            grille_bytes body);
/* The usual enclave's document for one session, user_data with this prefix; good until the next call. */
grille_bytes matrix_evidence_of(const forge_session *session, const char *prefix);

/* How many rows had this verdict so far; reason OK: were accepted. */
size_t matrix_count(grille_reason reason);

/* The classes, as cmocka tests. */
void matrix_a_cose(void **state);
void matrix_b_cbor(void **state);
void matrix_c_fields(void **state);
void matrix_c_optional_fields(void **state);
void matrix_c_pcrs(void **state);
void matrix_c_times(void **state);
void matrix_c_bundles(void **state);
void matrix_d_times(void **state);
void matrix_d_extensions(void **state);
void matrix_d_keys_and_signatures(void **state);
void matrix_d_encoding(void **state);
void matrix_d_chains(void **state);
void matrix_e_binding(void **state);
void matrix_e_x509(void **state);
void matrix_e_psk(void **state);
void matrix_e_later_epochs(void **state);
void matrix_e_failing_crypto(void **state);
void matrix_f_pcrs(void **state);
void matrix_f_sets(void **state);
void matrix_f_claims(void **state);
void matrix_f_self(void **state);
void matrix_f_empty_policies(void **state);

#define MATRIX_BYTES(literal) grille_bytes_of("" literal, sizeof literal - 1)

#endif
