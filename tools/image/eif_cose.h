/* SPDX-License-Identifier: Apache-2.0
 * What the signer of an image signs: COSE_Sign1 (RFC 9052 4.2) without a tag over
 * {"register_index": 0, "register_value": PCR0}. */
#ifndef GRILLE_TOOLS_IMAGE_EIF_COSE_H
#define GRILLE_TOOLS_IMAGE_EIF_COSE_H

#include "crypto/crypto.h"
#include "image/eif.h"
#include "nsm/nsm.h"

#define EIF_COSE_MAX 512

/* False with EIF_SIGNATURE: malformed, of another register or value, or not by the key of this point. */
GRILLE_MUST_USE bool eif_cose_verify(const grille_crypto *crypto, grille_bytes cose, grille_curve curve,
                                     grille_bytes point, const uint8_t pcr0[GRILLE_NSM_PCR_BYTES], grille_error *error);

GRILLE_MUST_USE grille_reason eif_cose_sign(const grille_crypto *crypto, const grille_private_key *key,
                                            const uint8_t pcr0[GRILLE_NSM_PCR_BYTES], uint8_t *cose, size_t capacity,
                                            size_t *len);

#endif
