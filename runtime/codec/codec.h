/* SPDX-License-Identifier: Apache-2.0
 * The seam to the message libraries: measure, encode, decode. Implementations: protobuf_c.c and nanopb.c, the only
 * files that include their libraries. Pure; any thread. */
#ifndef GRILLE_CODEC_CODEC_H
#define GRILLE_CODEC_CODEC_H

#include <stdbool.h>

#include "base/arena.h"
#include "grille/method.h"
#include "grille/reasons.h"

typedef struct grille_codec {
    const char *name; /* "protobuf-c", "nanopb" */

    /* Decoded messages hold views of the encoded bytes (nanopb), so that these must live as long. */
    bool borrows_encoded;

    /* Bytes that the message takes encoded. BAD_ARGUMENT when it can't be encoded (a count over its maximum, a required
     * field missing), with the field in `error`. */
    grille_reason (*measure)(const grille_message_type *type, const void *message, size_t *len, grille_error *error);

    /* Encodes into exactly `len` bytes as measured. */
    grille_reason (*encode)(const grille_message_type *type, const void *message, uint8_t *out, size_t len,
                            grille_error *error);

    /* Measures and encodes in one pass. NO_SPACE: it does not fit in `capacity`, or can't be encoded; measure says
     * which, and `out` may hold a part of it. NULL: the library has no such pass. */
    grille_reason (*encode_short)(const grille_message_type *type, const void *message, uint8_t *out, size_t capacity,
                                  size_t *len, grille_error *error);

    /* An initialised (default) message in the arena, for a handler's response. BUDGET when there is no memory. */
    grille_reason (*prepare)(const grille_message_type *type, grille_arena *arena, void **message);

    /* Decodes all of `encoded` into the arena: nanopb's views point into `encoded`, which must live as long. Depth,
     * field count and lengths are checked before anything is allocated; of flat messages (flat.h) the schema
     * comes later, so that a wrong one may have taken its structure and as much as it is long. Errors: CODEC_… with
     * field and offset. */
    grille_reason (*decode)(const grille_message_type *type, grille_bytes encoded, grille_arena *arena, void **message,
                            grille_error *error);
} grille_codec;

#endif
