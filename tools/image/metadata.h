/* SPDX-License-Identifier: Apache-2.0
 * The metadata section: JSON that says what built the image and when. Nothing measures it: it is for people. */
#ifndef GRILLE_TOOLS_IMAGE_METADATA_H
#define GRILLE_TOOLS_IMAGE_METADATA_H

#include <stdbool.h>

#include "grille/reasons.h"

/* What can be said of an image; views and texts are borrowed. */
typedef struct image_metadata {
    const char *name;             /* NULL: "" */
    const char *version;          /* NULL: "" */
    const char *build_time;       /* RFC 3339 */
    const char *operating_system; /* NULL: "" */
    const char *kernel_version;   /* NULL: "" */
    grille_bytes custom;          /* JSON object; without data: {} */
} image_metadata;

/* One line of JSON with nitro-cli's keys, in one order always; free(3) by the caller. False: custom is no JSON object
 * (with line and column), or no memory. */
GRILLE_MUST_USE bool image_metadata_write(const image_metadata *metadata, char **json, grille_error *error);

/* Is the section one JSON object? EIF_MALFORMED otherwise. */
GRILLE_MUST_USE bool image_metadata_check(grille_bytes section, grille_error *error);

/* The text at the key ("ImageName"), or of a key in an object ("BuildMetadata", "BuildTool"; `inner` NULL: none):
 * printable, at most `capacity` bytes with the terminator; empty when there is none. */
void image_metadata_text(grille_bytes section, const char *key, const char *inner, char *text, size_t capacity);

#endif
