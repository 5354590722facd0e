/* SPDX-License-Identifier: Apache-2.0
 * Metadata on the wire: field 15 of CallHeader, Headers and StatusHeader (wire.proto), the same number in each so that
 * one reader and one writer do. Pure functions, any thread, no allocation. */
#ifndef GRILLE_WIRE_METADATA_H
#define GRILLE_WIRE_METADATA_H

#include "wire/message.h"

#define GRILLE_METADATA_FIELD 15

typedef struct grille_metadata_entry {
    grille_bytes key;
    grille_bytes value;
} grille_metadata_entry;

/* The metadata of one encoded message: a view of that message whose other fields the iterator skips. {0} is empty. Only
 * the decoders of this room and grille_metadata_view_of make one that is not empty: its entries are valid. */
typedef struct grille_metadata_view {
    grille_bytes encoded;
    uint32_t count;         /* entries */
    uint32_t encoded_bytes; /* of the metadata fields alone, tags and lengths included: what metadata limits count */
} grille_metadata_view;

typedef struct grille_metadata_iterator {
    grille_message_reader message;
} grille_metadata_iterator;

/* Entries in the order they were sent. The view's bytes must outlive the iterator and the entries. */
grille_metadata_iterator grille_metadata_iterate(const grille_metadata_view *view);
/* False after the last one. */
GRILLE_MUST_USE bool grille_metadata_next(grille_metadata_iterator *iterator, grille_metadata_entry *entry);

/* The value of the first entry with this key; false when there is none. */
GRILLE_MUST_USE bool grille_metadata_find(const grille_metadata_view *view, grille_bytes key, grille_bytes *value);

/* Key: 1 to 128 of [0-9a-z_.-]. Value: printable ASCII (0x20 to 0x7e), or anything when the key ends in "-bin".
 * WIRE_BAD_MESSAGE, or WIRE_LIMIT for a key over its limit. */
GRILLE_MUST_USE grille_reason grille_metadata_entry_check(const grille_metadata_entry *entry);
/* True for keys that applications may not send: those that begin with "grille-". */
bool grille_metadata_key_is_reserved(grille_bytes key);

/* Checks the fields 15 of encoded bytes that applications collected with grille_metadata_entry_write. */
GRILLE_MUST_USE grille_reason grille_metadata_view_of(grille_bytes encoded, grille_metadata_view *view);

/* Appends one entry (not checked) or all entries of a view. */
size_t grille_metadata_entry_size(const grille_metadata_entry *entry);
void grille_metadata_entry_write(grille_writer *writer, const grille_metadata_entry *entry);
void grille_metadata_write(grille_writer *writer, const grille_metadata_view *view);

/* For the decoders of this room: takes one metadata field into a view over `encoded`. */
void grille_metadata_take(grille_message_reader *message, const grille_message_field *field, grille_bytes encoded,
                          grille_metadata_view *view);

#endif
