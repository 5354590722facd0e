/* SPDX-License-Identifier: Apache-2.0
 * Flat messages: a few fields, each text, bytes or a varint, none repeated, in a oneof or with a default. Most requests
 * and answers are. They are encoded, and scanned and decoded, in one pass without the message library. Whatever is not
 * plain (an unknown field, a wrong wire type, a length that does not fit) is left to the general way, which says what
 * is wrong: both give the same messages and the same bytes. */
#ifndef GRILLE_CODEC_FLAT_H
#define GRILLE_CODEC_FLAT_H

#include "base/reader.h"
#include "base/writer.h"

enum {
    /* Fields of a flat message, and of an encoded one. */
    GRILLE_FLAT_FIELDS = 8,
    /* Highest number: its tag has one byte. */
    GRILLE_FLAT_NUMBER = 15,
    GRILLE_FLAT_VARINT = 0,
    GRILLE_FLAT_BYTES = 2
};

typedef struct grille_flat_field {
    uint32_t number;
    bool is_bytes;
    uint64_t varint;
    grille_bytes bytes;
} grille_flat_field;

/* At most 64 bits in at most ten bytes; false: it is not whole, or longer. */
static inline bool grille_flat_read_varint(grille_reader *reader, uint64_t *value) {
    enum { LONGEST = 10 };
    uint8_t byte = grille_read_u8(reader);
    *value = byte & 0x7f;
    for (unsigned i = 1; byte >= 0x80; i++) {
        if (i == LONGEST) return false;
        byte = grille_read_u8(reader);
        if (i == LONGEST - 1 && byte > 1) return false;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
    }
    return reader->failed == GRILLE_REASON_OK;
}

/* The next field; false: it is not plain. */
static inline bool grille_flat_read(grille_reader *reader, grille_flat_field *field) {
    const uint8_t tag = grille_read_u8(reader);
    field->number = tag >> 3;
    field->is_bytes = (tag & 7) == GRILLE_FLAT_BYTES;
    field->bytes = (grille_bytes){0};
    if (tag >= 0x80 || (!field->is_bytes && (tag & 7) != GRILLE_FLAT_VARINT)) return false;
    if (!grille_flat_read_varint(reader, &field->varint)) return false;
    if (!field->is_bytes) return true;
    if (field->varint > reader->left) return false;
    field->bytes = grille_read_bytes(reader, (size_t)field->varint);
    return true;
}

/* All of an encoded message, before anything is allocated for it. */
typedef struct grille_flat_scan {
    unsigned count;
    grille_flat_field fields[GRILLE_FLAT_FIELDS];
} grille_flat_scan;

static inline bool grille_flat_read_all(grille_bytes encoded, grille_flat_scan *scan) {
    grille_reader reader = grille_reader_of(encoded);
    for (scan->count = 0; reader.left > 0; scan->count++) {
        if (scan->count == GRILLE_FLAT_FIELDS || !grille_flat_read(&reader, &scan->fields[scan->count])) return false;
    }
    return true;
}

static inline void grille_flat_write_varint(grille_writer *writer, uint64_t value) {
    for (; value > 0x7f; value >>= 7)
        grille_write_u8(writer, (uint8_t)(value | 0x80));
    grille_write_u8(writer, (uint8_t)value);
}

/* A field with a number of at most GRILLE_FLAT_NUMBER; zero and nothing are not sent. */
static inline void grille_flat_put_varint(grille_writer *writer, uint32_t number, uint64_t value) {
    if (value == 0) return;
    grille_write_u8(writer, (uint8_t)(number << 3 | GRILLE_FLAT_VARINT));
    grille_flat_write_varint(writer, value);
}

/* The same, an empty one too. */
static inline void grille_flat_put_bytes(grille_writer *writer, uint32_t number, grille_bytes bytes) {
    grille_write_u8(writer, (uint8_t)(number << 3 | GRILLE_FLAT_BYTES));
    grille_flat_write_varint(writer, bytes.len);
    grille_write_bytes(writer, bytes);
}

#endif
