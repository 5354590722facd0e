/* SPDX-License-Identifier: Apache-2.0
 * The signature section of an enclave image: CBOR [{"signing_certificate": PEM, "signature": COSE_Sign1}], both as
 * arrays of numbers; what is signed is {"register_index": 0, "register_value": PCR0}
 * (aws-nitro-enclaves-image-format, src/utils/eif_signer.rs). P-256 with ES256 and P-384 with ES384. */
#ifndef GRILLE_TOOLS_IMAGE_EIF_SIGNATURE_H
#define GRILLE_TOOLS_IMAGE_EIF_SIGNATURE_H

#include "attest/x509.h"
#include "image/eif_measure.h"

/* Of the one certificate; the section has room for more. */
#define EIF_CERTIFICATE_MAX 4096

typedef struct eif_signer {
    uint8_t certificate[EIF_CERTIFICATE_MAX]; /* DER */
    size_t certificate_len;
    grille_x509 x509; /* views `certificate`: a signer is not copied */
} eif_signer;

/* Reads the one PEM certificate of a signer. EIF_SIGNATURE otherwise. */
GRILLE_MUST_USE bool eif_signer_read(grille_bytes pem, eif_signer *signer, grille_error *error);

/* Sets PCR8 and is_signed. */
GRILLE_MUST_USE grille_reason eif_signer_measure(const grille_crypto *crypto, const eif_signer *signer,
                                                 eif_measurements *measured);

/* Reads a section and checks that its certificate's key signed measured->pcr0; then as eif_signer_measure. Who may
 * sign, and until when, is the policy's matter (PCR8). False: EIF_SIGNATURE. */
GRILLE_MUST_USE bool eif_signature_check(const grille_crypto *crypto, grille_bytes section, eif_signer *signer,
                                         eif_measurements *measured, grille_error *error);

/* Writes a section of at most `capacity` bytes; `key` must be the certificate's. */
GRILLE_MUST_USE bool eif_signature_write(const grille_crypto *crypto, const eif_signer *signer, grille_bytes pem,
                                         const grille_private_key *key, const uint8_t pcr0[GRILLE_NSM_PCR_BYTES],
                                         uint8_t *section, size_t capacity, size_t *len, grille_error *error);

#endif
