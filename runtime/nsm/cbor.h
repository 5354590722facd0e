/* SPDX-License-Identifier: Apache-2.0
 * The little CBOR (RFC 8949) that NSM messages and documents need, over the cursors of base/: minimal lengths only,
 * maps and arrays of definite or indefinite length, nothing allocated. Errors stick to the cursor, as NSM_MALFORMED. */
#ifndef GRILLE_NSM_CBOR_H
#define GRILLE_NSM_CBOR_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/writer.h"

/* Major types, RFC 8949 3.1, in the upper three bits of the first byte. */
#define GRILLE_NSM_CBOR_UNSIGNED 0u
#define GRILLE_NSM_CBOR_NEGATIVE 1u
#define GRILLE_NSM_CBOR_BYTES    2u
#define GRILLE_NSM_CBOR_TEXT     3u
#define GRILLE_NSM_CBOR_ARRAY    4u
#define GRILLE_NSM_CBOR_MAP      5u

/* The first bytes of an item: its type, and its value, length or count. */
void grille_nsm_cbor_write_head(grille_writer *writer, unsigned major_type, uint64_t value);
void grille_nsm_cbor_write_text(grille_writer *writer, const char *text);
void grille_nsm_cbor_write_bytes(grille_writer *writer, grille_bytes bytes);
/* null for a view without data, else a byte string. */
void grille_nsm_cbor_write_optional(grille_writer *writer, grille_bytes bytes);
void grille_nsm_cbor_write_bool(grille_writer *writer, bool value);
/* A map without a count; ended by a break. */
void grille_nsm_cbor_write_open_map(grille_writer *writer);
void grille_nsm_cbor_write_break(grille_writer *writer);

uint64_t grille_nsm_cbor_read_unsigned(grille_reader *reader, uint64_t most);
grille_bytes grille_nsm_cbor_read_text(grille_reader *reader);
/* An empty byte string is a view with data and length 0. */
grille_bytes grille_nsm_cbor_read_bytes(grille_reader *reader);
/* The same, where null is a view without data. */
grille_bytes grille_nsm_cbor_read_optional(grille_reader *reader);
bool grille_nsm_cbor_read_bool(grille_reader *reader);

/* What is next, without taking it: a major type, or 8 at the end. */
unsigned grille_nsm_cbor_peek(const grille_reader *reader);

/* Entries of a map or items of an array: `begin` takes the head, `next` is true as long as there is one more. */
typedef struct grille_nsm_cbor_items {
    uint64_t left;
    bool open; /* ends with a break */
} grille_nsm_cbor_items;

grille_nsm_cbor_items grille_nsm_cbor_begin(grille_reader *reader, unsigned major_type);
bool grille_nsm_cbor_next(grille_nsm_cbor_items *items, grille_reader *reader);

/* Takes one item of any type, nested at most 4 deep. */
void grille_nsm_cbor_skip(grille_reader *reader);

#endif
