/* SPDX-License-Identifier: Apache-2.0
 * An encryption context: pairs of texts that a ciphertext is bound to (AWS KMS Developer Guide, "Encryption context").
 * One thread at a time. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_CONTEXT_H
#define GRILLE_TOOLS_KMS_EMULATOR_CONTEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "grille/bytes.h"

/* Pairs, and bytes of their keys and values: what policies can be asked about, and AWS's own limit ("Encrypt"). */
#define KMS_CONTEXT_PAIRS 230
#define KMS_CONTEXT_BYTES 8192

/* Two lengths of four bytes before each pair's texts. */
#define KMS_CONTEXT_CANONICAL_BYTES (KMS_CONTEXT_BYTES + 8 * KMS_CONTEXT_PAIRS)

typedef struct kms_pair {
    grille_bytes key;
    grille_bytes value;
} kms_pair;

/* By ascending bytes of their keys; views into the JSON. */
typedef struct kms_context {
    size_t count;
    kms_pair pairs[KMS_CONTEXT_PAIRS];
} kms_context;

/* Reads a JSON object of texts; NULL: an empty one. False: a value that is no text, or over a limit. */
GRILLE_MUST_USE bool kms_context_read(const json_t *object, kms_context *context);

/* The one form that all spellings of a context share, whatever their order: of each pair, u32 length, key, u32 length,
 * value, by ascending keys, big-endian. How many bytes were written. */
size_t kms_context_write(const kms_context *context, uint8_t canonical[KMS_CONTEXT_CANONICAL_BYTES]);

#endif
