/* SPDX-License-Identifier: Apache-2.0
 * Stands in for attest/evidence.h where a test is about the gate and not about documents: identities and policies made
 * of a few fields, evidence that is the binding itself, unsigned. Link it instead of //runtime/attest:evidence. */
#ifndef GRILLE_TESTS_SUPPORT_FAKE_EVIDENCE_H
#define GRILLE_TESTS_SUPPORT_FAKE_EVIDENCE_H

#include "attest/evidence.h"

struct grille_identity {
    grille_identity_kind kind;
    grille_reason prove_answer; /* OK, or the reason with which proving fails */
    size_t body_len;            /* at least; padded with zeros */
    int proved;                 /* how often */
};

struct grille_policy {
    uint32_t accepted_kinds; /* bit n: kind n */
    bool responder_first;
    bool any_evidence;           /* accepted whatever it is, for fuzzing */
    grille_reason verify_answer; /* OK, or the reason with which every evidence is refused */
    int verified;                /* how often verify was asked */
};

#endif
