/* SPDX-License-Identifier: Apache-2.0
 * CiphertextForRecipient, what AWS KMS answers in place of a plaintext: EnvelopedData of CMS (RFC 5652 6) in the one
 * form that the service writes, in BER. Pure; any thread; no heap. */
#ifndef GRILLE_KMS_CMS_H
#define GRILLE_KMS_CMS_H

#include "kms/ber.h"

#define GRILLE_CMS_RECIPIENT_BYTES     32
#define GRILLE_CMS_ENCRYPTED_KEY_BYTES 256
#define GRILLE_CMS_IV_BYTES            16
#define GRILLE_CMS_BLOCK_BYTES         16

/* Views into the message. */
typedef struct grille_cms {
    grille_bytes recipient;     /* subjectKeyIdentifier: SHA-256 of the key's SubjectPublicKeyInfo DER */
    grille_bytes encrypted_key; /* RSAES-OAEP with SHA-256 and MGF1 of SHA-256, no label (RFC 4055 4.1), RSA-2048 */
    grille_bytes iv;            /* of AES-256-CBC (RFC 3565 2.3) */
    grille_ber_octets content;  /* before its first segment */
    size_t content_len;         /* of all segments: whole blocks, one at least */
} grille_cms;

/* Reads a whole message of at most GRILLE_LIMIT_KMS_RECIPIENT_BYTES: ContentInfo with EnvelopedData of version 2, one
 * KeyTransRecipientInfo by subjectKeyIdentifier, the algorithms above and no others, no attributes, nothing after it.
 * KMS_MESSAGE for anything else; *cms is set on OK only. */
GRILLE_MUST_USE grille_reason grille_cms_read(grille_bytes message, grille_cms *cms);

#endif
