/* SPDX-License-Identifier: Apache-2.0
 * The root that documents are verified against. */
#ifndef GRILLE_TOOLS_ANCHOR_H
#define GRILLE_TOOLS_ANCHOR_H

#include <stdbool.h>

#include "grille/status.h"

/* A root certificate from a file. */
typedef struct anchor {
    uint8_t bytes[16384];
    grille_bytes development_root; /* DER in `bytes`; empty: AWS Nitro Enclaves G1 */
} anchor;

/* Reads one certificate, PEM or DER. AWS's own root is told by its fingerprint and is the default, so that nothing has
 * to be trusted to it. Any other must be a CA with a P-384 key, and this a development build. */
GRILLE_MUST_USE bool anchor_read(const char *path, anchor *root, grille_error *error);

#endif
