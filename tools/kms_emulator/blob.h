/* SPDX-License-Identifier: Apache-2.0
 * CiphertextBlob: what the service gives out in place of a plaintext, and takes back. AWS keeps its form to itself;
 * this one is our own:
 *
 *   "GRKB", u8 version 1, key id [16], u32 generation of its secret, nonce [12], AES-256-GCM of the plaintext, tag [16]
 *
 * with all that stands before the ciphertext, and then the encryption context, as associated data; big-endian. AES
 * under one secret with nonces at random: enough for a laptop. Pure but for randomness; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_BLOB_H
#define GRILLE_TOOLS_KMS_EMULATOR_BLOB_H

#include "kms_emulator/context.h"
#include "kms_emulator/identifier.h"
#include "kms_emulator/store_limits.h"

/* AWS's own ("Encrypt", "Decrypt"). */
#define KMS_PLAINTEXT_BYTES  4096
#define KMS_CIPHERTEXT_BYTES 6144

#define KMS_BLOB_OVERHEAD_BYTES (4 + 1 + KMS_UUID_BYTES + 4 + 12 + 16)

/* What stands on the outside of one. */
typedef struct kms_blob {
    char key_id[KMS_UUID_TEXT_BYTES];
    unsigned generation;
    grille_bytes header; /* views into the blob */
    grille_bytes nonce;
    grille_bytes sealed;
    grille_bytes tag;
} kms_blob;

/* False: it is none. Whether it is genuine shows only when it is opened. */
GRILLE_MUST_USE bool kms_blob_read(grille_bytes encoded, kms_blob *blob);

/* Opens one; `plain` has room for its sealed bytes. False: another secret, another context, or it was changed; nothing
 * is left in `plain`. */
GRILLE_MUST_USE bool kms_blob_open(const kms_blob *blob, const uint8_t secret[KMS_SECRET_BYTES],
                                   const kms_context *context, uint8_t plain[KMS_CIPHERTEXT_BYTES], size_t *len);

/* Makes one of at most KMS_PLAINTEXT_BYTES. False: longer, no such key id, or libcrypto failed. */
GRILLE_MUST_USE bool kms_blob_make(const char *key_id, unsigned generation, const uint8_t secret[KMS_SECRET_BYTES],
                                   const kms_context *context, grille_bytes plain, uint8_t blob[KMS_CIPHERTEXT_BYTES],
                                   size_t *len);

#endif
