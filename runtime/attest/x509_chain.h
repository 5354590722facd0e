/* SPDX-License-Identifier: Apache-2.0
 * The certificates of x509 evidence: reading them, and judging them by a policy, when they come and again later. */
#ifndef GRILLE_ATTEST_X509_CHAIN_H
#define GRILLE_ATTEST_X509_CHAIN_H

#include "attest/evidence.h"
#include "attest/x509.h"
#include "base/reader.h"
#include "wire/limits.h"

/* Views into the evidence's body, or into a copy of its chain. */
typedef struct grille_x509_chain {
    grille_bytes certificates[GRILLE_LIMIT_X509_CHAIN]; /* leaf first */
    size_t count;
    grille_bytes encoded; /* all of them as they stand in the body, and their count */
    grille_x509 leaf;
    grille_x509 top; /* the last one sent */
} grille_x509_chain;

/* Takes count and certificates from the front of a body: ATTEST_X509_BODY. */
GRILLE_MUST_USE grille_reason grille_x509_chain_read(grille_reader *body, grille_x509_chain *chain,
                                                     grille_error *error);
/* Sets the error: the body is malformed, `expected` was expected. ATTEST_X509_BODY. */
grille_reason grille_x509_chain_refuse(grille_error *error, const char *expected);

/* Reads the certificates themselves: leaf and top. ATTEST_CERT_FORMAT, ATTEST_CERT_DUPLICATE_EXTENSION. */
GRILLE_MUST_USE grille_reason grille_x509_chain_parse(grille_x509_chain *chain, grille_error *error);

/* Tries each x509 set of the policy: a name of the leaf, a path from one of its CAs, its end, the peer's claims. Who
 * proves by it has the role facts->prover_role. OK sets set, name and subject of *peer, chain and expiries of *facts;
 * else the reason of the last set that has a name of the leaf, or ATTEST_CERT_NAME. */
GRILLE_MUST_USE grille_reason grille_x509_chain_judge(const grille_judge *judge, const grille_x509_chain *chain,
                                                      grille_peer_identity *peer, grille_evidence_facts *facts,
                                                      grille_error *error);

#endif
