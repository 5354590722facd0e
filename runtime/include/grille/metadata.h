/* SPDX-License-Identifier: Apache-2.0
 * Metadata: ordered pairs that travel beside messages, as in gRPC. */
#ifndef GRILLE_METADATA_H
#define GRILLE_METADATA_H

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keys: 1 to 128 of [0-9a-z_.-]; `grille-` at the start is the library's own. A key may come several times; order is
 * kept. Values of keys that end in `-bin` are any bytes, others are printable ASCII (0x20 to 0x7e). */
typedef struct grille_metadata_pair {
    const char *key;
    grille_bytes value;
} grille_metadata_pair;

/* A view of pairs; both views and pairs belong to whoever made them. */
typedef struct grille_metadata {
    const grille_metadata_pair *pairs;
    size_t count;
} grille_metadata;

/* The value of the `index`-th pair with this key (0: the first), or an empty view with data NULL. Any thread. */
grille_bytes grille_metadata_get(const grille_metadata *metadata, const char *key, size_t index);

#ifdef __cplusplus
}
#endif
#endif
