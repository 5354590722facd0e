/* SPDX-License-Identifier: Apache-2.0
 * The algorithms of one certificate of a path: which a profile allows, and verifying by them. Part of path.h's walk. */
#ifndef GRILLE_ATTEST_PATH_ALGORITHM_H
#define GRILLE_ATTEST_PATH_ALGORITHM_H

#include "attest/x509.h"
#include "crypto/rsa.h"

typedef struct grille_path_algorithms {
    bool allows_p256;
    bool allows_sha256;
    const grille_rsa *rsa; /* NULL: no RSA */
} grille_path_algorithms;

/* What is wrong, for a message "observed …, expected …. Likely …". */
typedef struct grille_path_finding {
    grille_reason reason; /* OK: nothing, and the rest is not set */
    const char *observed;
    const char *expected;
    const char *cause;
} grille_path_finding;

/* The key of a certificate and how it says that it is signed: ATTEST_CERT_ALGORITHM, ATTEST_CERT_RSA_KEY. */
GRILLE_MUST_USE grille_path_finding grille_path_algorithms_judge(const grille_path_algorithms *allowed,
                                                                 const grille_x509 *certificate);

/* A certificate that says that it is signed by an algorithm which its issuer has no key for: ATTEST_CERT_ALGORITHM. */
GRILLE_MUST_USE grille_path_finding grille_path_issuer_judge(const grille_x509 *issuer, const grille_x509 *certificate);

/* The signature, after both certificates were judged. The reasons of crypto.h and rsa.h. */
GRILLE_MUST_USE grille_reason grille_path_signature_verify(const grille_crypto *crypto, const grille_rsa *rsa,
                                                           const grille_x509 *issuer, const grille_x509 *certificate);

#endif
