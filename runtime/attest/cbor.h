/* SPDX-License-Identifier: Apache-2.0
 * Reading CBOR (RFC 8949) of a hostile peer: nothing is allocated, nothing recurses, and only one encoding of each
 * value is taken. Integers and lengths are minimal; strings and arrays are definite; maps may be indefinite (AWS emits
 * both); keys are integers or strings and unique within their map; text is UTF-8; tags, floats, `undefined` and other
 * simple values are refused; a count is never larger than the bytes that are left.
 *
 * Functions work on a grille_reader (base/reader.h) with its sticky error: ATTEST_CBOR, ATTEST_CBOR_DEPTH,
 * ATTEST_CBOR_DUPLICATE_KEY or TRUNCATED. Views point into the reader's bytes. Any thread. */
#ifndef GRILLE_ATTEST_CBOR_H
#define GRILLE_ATTEST_CBOR_H

#include "base/reader.h"

/* Major types (RFC 8949 3.1). */
typedef enum grille_cbor_type {
    GRILLE_CBOR_UNSIGNED = 0,
    GRILLE_CBOR_NEGATIVE = 1,
    GRILLE_CBOR_BYTES = 2,
    GRILLE_CBOR_TEXT = 3,
    GRILLE_CBOR_ARRAY = 4,
    GRILLE_CBOR_MAP = 5,
    GRILLE_CBOR_TAG = 6,
    GRILLE_CBOR_SIMPLE = 7
} grille_cbor_type;

/* A map while its entries are read. Caller's storage. */
typedef struct grille_cbor_map {
    bool indefinite;
    uint64_t left; /* entries, when definite */
} grille_cbor_map;

/* OK when `encoded` is exactly one item that keeps all rules above; else the reader's error or TRAILING. */
GRILLE_MUST_USE grille_reason grille_cbor_check(grille_bytes encoded);

/* Takes one whole item of any type, with all checks. */
void grille_cbor_skip(grille_reader *reader);

/* Type of the next item without taking it; GRILLE_CBOR_SIMPLE at the end. */
grille_cbor_type grille_cbor_peek(const grille_reader *reader);

/* What the next item is, for messages: "byte string of 1025 bytes", "unsigned number 7", "map of 33 entries",
 * "nothing". */
#define GRILLE_CBOR_DESCRIPTION_BYTES 48
typedef struct grille_cbor_description {
    char text[GRILLE_CBOR_DESCRIPTION_BYTES];
} grille_cbor_description;
grille_cbor_description grille_cbor_describe(const grille_reader *reader);

/* Take one item of the named type; another type fails with ATTEST_CBOR and yields 0 or an empty view. */
uint64_t grille_cbor_read_unsigned(grille_reader *reader);
grille_bytes grille_cbor_read_bytes(grille_reader *reader);
grille_bytes grille_cbor_read_text(grille_reader *reader);
/* The number of items that follow. */
size_t grille_cbor_read_array(grille_reader *reader);
grille_cbor_map grille_cbor_read_map(grille_reader *reader);
/* True when another key and value follow; takes the break of an indefinite map. False after any error. These two check
 * no uniqueness: call grille_cbor_check on the whole first. */
bool grille_cbor_next_entry(grille_reader *reader, grille_cbor_map *map);

/* Takes `null`, or this tag's head, when it is next; else takes nothing and answers false. */
bool grille_cbor_take_null(grille_reader *reader);
bool grille_cbor_take_tag(grille_reader *reader, uint8_t tag);

#endif
