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
    uint8_t module;             /* who it says it is: peers compare it between epochs */
    grille_wall_ms expires_ms;  /* of its evidence; 0: never */
    bool replays;               /* shows the evidence of the time before again */
    uint8_t last_body[512];
    size_t last_len;
    bool holds;            /* proofs that are made elsewhere wait for fake_evidence_release */
    grille_proof *waiting; /* the last one of these */
    int cancelled;         /* how many were freed before they were there */
};

struct grille_policy {
    uint32_t accepted_kinds; /* bit n: kind n */
    bool responder_first;
    bool any_evidence;             /* accepted whatever it is, for fuzzing */
    grille_reason verify_answer;   /* OK, or the reason with which every evidence is refused */
    int verified;                  /* how often verify was asked */
    grille_reason again_answer;    /* of judging again */
    int judged_again;              /* how often */
    grille_wall_ms set_expires_ms; /* 0: never; judging again after it is refused, unless set_follows */
    bool set_follows;              /* another set accepts the peer after that, for ever */
    int64_t reattest_ms;           /* 0: only by expiry */
    int references;
};

/* The proof that waits is there: tells who waits for it. */
void fake_evidence_release(grille_identity *identity);

#endif
