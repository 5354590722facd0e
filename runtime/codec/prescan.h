/* SPDX-License-Identifier: Apache-2.0
 * One pass over an encoded message before a message library sees it: well-formed, not too deep, not too many fields,
 * each known field with a wire type of its schema. No recursion, no allocation. Format:
 * https://protobuf.dev/programming-guides/encoding/ */
#ifndef GRILLE_CODEC_PRESCAN_H
#define GRILLE_CODEC_PRESCAN_H

#include <stdbool.h>

#include "grille/reasons.h"

typedef enum grille_wire_type {
    GRILLE_WIRE_VARINT = 0,
    GRILLE_WIRE_FIXED64 = 1,
    GRILLE_WIRE_BYTES = 2,
    GRILLE_WIRE_GROUP_START = 3,
    GRILLE_WIRE_GROUP_END = 4,
    GRILLE_WIRE_FIXED32 = 5
} grille_wire_type;

/* What a schema says of one field. */
typedef struct grille_field_shape {
    grille_wire_type wire_type;
    bool packable;       /* repeated numbers: also as one block of bytes */
    const void *message; /* the descriptor of a field that is a message, else NULL */
} grille_field_shape;

/* Finds the field with this number in a descriptor; false for a field that the schema does not know. */
typedef bool grille_find_field_fn(const void *descriptor, uint32_t number, grille_field_shape *shape);

/* Where a scan ended: the number of the field and the offset of its tag; 0 before the first. */
typedef struct grille_scan_end {
    uint32_t field;
    size_t offset;
} grille_scan_end;

/* Scans all of `encoded`. Errors: CODEC_MALFORMED, CODEC_WIRE_TYPE, CODEC_GROUP, CODEC_DEPTH, CODEC_FIELDS, with the
 * place in `end`. */
GRILLE_MUST_USE grille_reason grille_prescan(grille_bytes encoded, const void *descriptor, grille_find_field_fn *find,
                                             grille_scan_end *end);

/* The field of the outermost message in whose bytes `offset` lies; of a message that grille_prescan has accepted. */
grille_scan_end grille_locate(grille_bytes encoded, size_t offset);

#endif
