/* SPDX-License-Identifier: Apache-2.0
 * CiphertextForRecipient: a plaintext for the key of an attestation document, as EnvelopedData of CMS (RFC 5652 6) in
 * the form of AWS KMS's own messages: BER, indefinite lengths of what holds the rest, subjectKeyIdentifier = SHA-256 of
 * the SubjectPublicKeyInfo, RSAES-OAEP with SHA-256 (RFC 4055 4.1), AES-256-CBC (RFC 3565). Any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_CMS_WRITE_H
#define GRILLE_TOOLS_KMS_EMULATOR_CMS_WRITE_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "grille/bytes.h"

/* The smallest and the largest key that is taken, and what the form needs beside a plaintext and its padding. */
#define KMS_RECIPIENT_KEY_LEAST_BITS           2048
#define KMS_RECIPIENT_KEY_BITS                 4096
#define KMS_RECIPIENT_MESSAGE_BYTES(plain_len) ((plain_len) + 16 + KMS_RECIPIENT_KEY_BITS / 8 + 256)

typedef enum kms_content_form {
    KMS_CONTENT_CONSTRUCTED, /* [0] of indefinite length with OCTET STRINGs inside: what AWS writes */
    KMS_CONTENT_PRIMITIVE    /* [0] with the bytes themselves: what others have seen of it */
} kms_content_form;

/* Reads a public key as `spki` says it, DER without anything after it: RSA of 2,048 to KMS_RECIPIENT_KEY_BITS bits with
 * an odd exponent of at least 3. To be freed by EVP_PKEY_free; NULL: anything else, and *problem says what. */
EVP_PKEY *kms_recipient_key_read(grille_bytes spki, const char **problem);

/* Writes a message with a fresh content key; `message` holds KMS_RECIPIENT_MESSAGE_BYTES of the plaintext. False:
 * libcrypto failed. */
GRILLE_MUST_USE bool kms_cms_write(EVP_PKEY *recipient, grille_bytes spki, kms_content_form form, grille_bytes plain,
                                   uint8_t *message, size_t *len);

#endif
