/* SPDX-License-Identifier: Apache-2.0
 * Bounded reader and writer for the protobuf messages of the protocol itself (wire.proto). Stricter than protobuf:
 * varints are minimal, numbers that overflow their type, groups, wrong wire types of known fields and a singular field
 * that comes twice are refused; unknown fields are skipped and counted. No allocation, no recursion.
 * Encoding: https://protobuf.dev/programming-guides/encoding. */
#ifndef GRILLE_WIRE_MESSAGE_H
#define GRILLE_WIRE_MESSAGE_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/writer.h"

typedef enum grille_wire_type {
    GRILLE_WIRE_VARINT = 0,
    GRILLE_WIRE_FIXED64 = 1,
    GRILLE_WIRE_BYTES = 2,
    GRILLE_WIRE_FIXED32 = 5
} grille_wire_type;

typedef struct grille_message_reader {
    grille_reader bytes;
    uint32_t fields; /* read so far */
    uint64_t seen;   /* bit n: the singular field n came (n < 64) */
} grille_message_reader;

/* One field as it stands in the message; borrows. */
typedef struct grille_message_field {
    uint32_t number;
    grille_wire_type wire_type;
    uint64_t number_value; /* VARINT, FIXED32, FIXED64 */
    grille_bytes bytes;    /* BYTES */
    grille_bytes encoded;  /* the whole field, tag and length included */
} grille_message_field;

/* Starts at the first field; the bytes must outlive the reader. */
static inline grille_message_reader grille_message_reader_of(grille_bytes encoded) {
    return (grille_message_reader){.bytes = grille_reader_of(encoded)};
}

/* The next field; false at the end and after a failure. */
GRILLE_MUST_USE bool grille_message_next(grille_message_reader *message, grille_message_field *field);

/* The field's value as a singular field of that type; zero or empty, and a failed reader, when it is another wire type,
 * out of range or there for the second time. */
uint32_t grille_message_u32(grille_message_reader *message, const grille_message_field *field);
uint64_t grille_message_u64(grille_message_reader *message, const grille_message_field *field);
uint32_t grille_message_fixed32(grille_message_reader *message, const grille_message_field *field);
grille_bytes grille_message_bytes(grille_message_reader *message, const grille_message_field *field);
/* The same for one item of a repeated bytes, string or message field. */
grille_bytes grille_message_item(grille_message_reader *message, const grille_message_field *field);

/* Marks the message failed with WIRE_BAD_MESSAGE or WIRE_LIMIT (the first reason stays). */
void grille_message_fail(grille_message_reader *message, grille_reason reason);

/* OK when all was read; WIRE_BAD_MESSAGE, or WIRE_LIMIT when something was over its limit. */
GRILLE_MUST_USE grille_reason grille_message_end(const grille_message_reader *message);

/* Sizes and writers of single fields, value zero included: callers leave out what proto3 leaves out. */
size_t grille_varint_size(uint64_t value);
size_t grille_message_varint_size(uint32_t number, uint64_t value);
size_t grille_message_fixed32_size(uint32_t number);
size_t grille_message_bytes_size(uint32_t number, size_t len);
void grille_varint_write(grille_writer *writer, uint64_t value);
void grille_message_varint_write(grille_writer *writer, uint32_t number, uint64_t value);
void grille_message_fixed32_write(grille_writer *writer, uint32_t number, uint32_t value);
void grille_message_bytes_write(grille_writer *writer, uint32_t number, grille_bytes bytes);
/* Tag and length of a nested message of `len` bytes that the caller writes next. */
void grille_message_nested_write(grille_writer *writer, uint32_t number, size_t len);

#endif
