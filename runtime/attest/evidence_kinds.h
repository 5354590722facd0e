/* SPDX-License-Identifier: Apache-2.0
 * The kinds of evidence behind evidence.h. All arguments are checked there: sizes, kinds, claims. */
#ifndef GRILLE_ATTEST_EVIDENCE_KINDS_H
#define GRILLE_ATTEST_EVIDENCE_KINDS_H

#include "attest/evidence.h"
#include "attest/identity_state.h"
#include "base/writer.h"
#include "nsm/managed.h"

/* What is judged. Views borrowed during a call. */
typedef struct grille_evidence {
    const grille_judge *judge;
    const grille_binding *binding;
    grille_bytes body;
} grille_evidence;

GRILLE_MUST_USE grille_reason grille_evidence_prove_nitro(const grille_identity *identity,
                                                          const grille_binding *binding, grille_writer *body,
                                                          grille_error *error);
/* The same as a job of the NSM's thread, which is managed. */
GRILLE_MUST_USE grille_reason grille_evidence_queue_nitro(const grille_identity *identity,
                                                          const grille_binding *binding, grille_nsm_done_fn *done,
                                                          void *user, grille_nsm_job **job, grille_error *error);
GRILLE_MUST_USE grille_reason grille_evidence_verify_nitro(const grille_evidence *evidence, grille_peer_identity *peer,
                                                           grille_evidence_facts *facts, grille_error *error);

GRILLE_MUST_USE grille_reason grille_evidence_prove_x509(const grille_identity *identity, const grille_crypto *crypto,
                                                         const grille_binding *binding, grille_writer *body,
                                                         grille_error *error);
GRILLE_MUST_USE grille_reason grille_evidence_verify_x509(const grille_evidence *evidence, grille_peer_identity *peer,
                                                          grille_evidence_facts *facts, grille_error *error);

GRILLE_MUST_USE grille_reason grille_evidence_prove_psk(const grille_identity *identity, const grille_crypto *crypto,
                                                        const grille_binding *binding, grille_writer *body,
                                                        grille_error *error);
GRILLE_MUST_USE grille_reason grille_evidence_verify_psk(const grille_evidence *evidence, grille_peer_identity *peer,
                                                         grille_evidence_facts *facts, grille_error *error);

/* Its proof is empty. */
GRILLE_MUST_USE grille_reason grille_evidence_verify_anonymous(const grille_evidence *evidence,
                                                               grille_peer_identity *peer, grille_evidence_facts *facts,
                                                               grille_error *error);

#endif
