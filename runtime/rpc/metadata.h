/* SPDX-License-Identifier: Apache-2.0
 * Metadata between its three forms: the application's pairs, encoded fields, and the wire's checked view. */
#ifndef GRILLE_RPC_METADATA_H
#define GRILLE_RPC_METADATA_H

#include "base/arena.h"
#include "grille/metadata.h"
#include "grille/reasons.h"
#include "wire/metadata.h"

/* Encoded metadata that grows in an arena. Zeroed storage is empty. */
typedef struct grille_metadata_builder {
    uint8_t *encoded;
    size_t len;
    size_t capacity;
    uint32_t count;
} grille_metadata_builder;

/* Appends a pair; both parts are copied into the arena. RPC_BAD_METADATA: characters, a reserved key;
 * RPC_METADATA_TOO_LONG: over GRILLE_LIMIT_METADATA_BYTES or _ENTRIES; BUDGET. */
GRILLE_MUST_USE grille_reason grille_metadata_builder_add(grille_metadata_builder *builder, grille_arena *arena,
                                                          const char *key, grille_bytes value);

/* The same for the library's own pairs: the key may be a reserved one. */
GRILLE_MUST_USE grille_reason grille_metadata_builder_add_own(grille_metadata_builder *builder, grille_arena *arena,
                                                              const char *key, grille_bytes value);

/* The checked view of what was built; lives as long as the arena's content. */
GRILLE_MUST_USE grille_reason grille_metadata_builder_view(const grille_metadata_builder *builder,
                                                           grille_metadata_view *view);

/* The application's form of a view: keys get a terminator, everything is copied into the arena. False: no memory. */
GRILLE_MUST_USE bool grille_metadata_to_pairs(const grille_metadata_view *view, grille_arena *arena,
                                              grille_metadata *pairs);

#endif
