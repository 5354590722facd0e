/* SPDX-License-Identifier: Apache-2.0
 * Where a further set goes in a policy's text. */
#ifndef GRILLE_TOOLS_POLICY_INSERT_H
#define GRILLE_TOOLS_POLICY_INSERT_H

#include <stdbool.h>

#include "grille/status.h"

/* Where to insert lines, and how far to indent them. */
typedef struct policy_place {
    size_t offset;      /* bytes before the first new line */
    size_t indent;      /* of the dash; keys stand two further */
    bool needs_newline; /* the text before it ends without one */
} policy_place;

/* Finds the place after the last set of `text`, which is a policy: below its last value and the comments that are
 * indented like it. False when `peers` is written in brackets; *error says what to do. */
GRILLE_MUST_USE bool policy_place_find(grille_bytes text, const char *name, policy_place *place, grille_error *error);

#endif
