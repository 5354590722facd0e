/* SPDX-License-Identifier: Apache-2.0
 * COSE_Sign1 (RFC 9052 4.2) as the Nitro Security Module writes it: ES384, nothing unprotected, payload attached. */
#ifndef GRILLE_ATTEST_COSE_H
#define GRILLE_ATTEST_COSE_H

#include "crypto/crypto.h"

#define GRILLE_COSE_SIGNATURE_BYTES 96

/* Views into the document. */
typedef struct grille_cose {
    grille_bytes protected_header; /* exactly as received: it is part of what is signed */
    grille_bytes payload;
    grille_bytes signature; /* r ‖ s, 96 bytes */
} grille_cose;

/* Reads the structure, with tag 18 or none: protected exactly {1: -35}, unprotected empty, payload of 1 to 16,384
 * bytes, signature of 96, nothing after. ATTEST_COSE_STRUCTURE, _ALGORITHM or _UNPROTECTED with an explanation. */
GRILLE_MUST_USE grille_reason grille_cose_read(grille_bytes encoded, grille_cose *cose, grille_error *error);

/* OK when the signature over Sig_structure (RFC 9052 4.4, context "Signature1", empty external_aad) verifies under the
 * P-384 point; ATTEST_COSE_SIGNATURE otherwise. The signature's twin (r, n - s) verifies as well: a document's bytes
 * are no unique name of it. */
GRILLE_MUST_USE grille_reason grille_cose_verify(const grille_crypto *crypto, const grille_cose *cose,
                                                 grille_bytes point, grille_error *error);

#endif
