/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/cbor.h"

#include "base/bytes.h"

enum {
    value_1_byte = 24, /* additional information from which on the value follows in 1, 2, 4, 8 bytes */
    value_8_bytes = 27,
    open_ended = 31,
    simple_or_float = 7,
    byte_false = 0xf4,
    byte_true = 0xf5,
    byte_null = 0xf6,
    byte_break = 0xff,
    byte_open_map = 0xbf,
    depth_most = 4,
};

static void malformed(grille_reader *reader) {
    grille_reader_fail(reader, GRILLE_REASON_NSM_MALFORMED);
}

void grille_nsm_cbor_write_head(grille_writer *writer, unsigned major_type, uint64_t value) {
    uint8_t type = (uint8_t)(major_type << 5);
    if (value < value_1_byte) {
        grille_write_u8(writer, (uint8_t)(type | value));
    } else if (value <= UINT8_MAX) {
        grille_write_u8(writer, type | 24);
        grille_write_u8(writer, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        grille_write_u8(writer, type | 25);
        grille_write_u16(writer, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        grille_write_u8(writer, type | 26);
        grille_write_u32(writer, (uint32_t)value);
    } else {
        grille_write_u8(writer, type | 27);
        grille_write_u64(writer, value);
    }
}

void grille_nsm_cbor_write_text(grille_writer *writer, const char *text) {
    grille_bytes bytes = grille_bytes_of_text(text);
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_TEXT, bytes.len);
    grille_write_bytes(writer, bytes);
}

void grille_nsm_cbor_write_bytes(grille_writer *writer, grille_bytes bytes) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_BYTES, bytes.len);
    grille_write_bytes(writer, bytes);
}

void grille_nsm_cbor_write_optional(grille_writer *writer, grille_bytes bytes) {
    if (bytes.data == NULL)
        grille_write_u8(writer, byte_null);
    else
        grille_nsm_cbor_write_bytes(writer, bytes);
}

void grille_nsm_cbor_write_bool(grille_writer *writer, bool value) {
    grille_write_u8(writer, value ? byte_true : byte_false);
}

void grille_nsm_cbor_write_open_map(grille_writer *writer) {
    grille_write_u8(writer, byte_open_map);
}

void grille_nsm_cbor_write_break(grille_writer *writer) {
    grille_write_u8(writer, byte_break);
}

/* A value that a shorter form could hold is refused. */
static uint64_t read_value(grille_reader *reader, unsigned information) {
    uint64_t value = information, least = 0;
    switch (information) {
    case 24:
        value = grille_read_u8(reader);
        least = value_1_byte;
        break;
    case 25:
        value = grille_read_u16(reader);
        least = (uint64_t)UINT8_MAX + 1;
        break;
    case 26:
        value = grille_read_u32(reader);
        least = (uint64_t)UINT16_MAX + 1;
        break;
    case value_8_bytes:
        value = grille_read_u64(reader);
        least = (uint64_t)UINT32_MAX + 1;
        break;
    default:
        if (information > value_8_bytes) malformed(reader);
    }
    if (value < least) malformed(reader);
    return reader->failed == GRILLE_REASON_OK ? value : 0;
}

static uint64_t read_head(grille_reader *reader, unsigned major_type) {
    uint8_t first = grille_read_u8(reader);
    if (first >> 5 != major_type) malformed(reader);
    return read_value(reader, first & 31u);
}

unsigned grille_nsm_cbor_peek(const grille_reader *reader) {
    return reader->failed == GRILLE_REASON_OK && reader->left > 0 ? (unsigned)*reader->at >> 5 : 8;
}

uint64_t grille_nsm_cbor_read_unsigned(grille_reader *reader, uint64_t most) {
    uint64_t value = read_head(reader, GRILLE_NSM_CBOR_UNSIGNED);
    if (value > most) malformed(reader);
    return reader->failed == GRILLE_REASON_OK ? value : 0;
}

static grille_bytes read_string(grille_reader *reader, unsigned major_type) {
    static const uint8_t empty[1] = {0};
    uint64_t len = read_head(reader, major_type);
    if (len > reader->left) grille_reader_fail(reader, GRILLE_REASON_TRUNCATED);
    if (reader->failed != GRILLE_REASON_OK) return grille_bytes_of(NULL, 0);
    return len == 0 ? grille_bytes_of(empty, 0) : grille_read_bytes(reader, (size_t)len);
}

grille_bytes grille_nsm_cbor_read_text(grille_reader *reader) {
    return read_string(reader, GRILLE_NSM_CBOR_TEXT);
}

grille_bytes grille_nsm_cbor_read_bytes(grille_reader *reader) {
    return read_string(reader, GRILLE_NSM_CBOR_BYTES);
}

grille_bytes grille_nsm_cbor_read_optional(grille_reader *reader) {
    if (grille_nsm_cbor_peek(reader) != simple_or_float) return grille_nsm_cbor_read_bytes(reader);
    if (grille_read_u8(reader) != byte_null) malformed(reader);
    return grille_bytes_of(NULL, 0);
}

bool grille_nsm_cbor_read_bool(grille_reader *reader) {
    uint8_t first = grille_read_u8(reader);
    if (first != byte_true && first != byte_false) malformed(reader);
    return first == byte_true;
}

grille_nsm_cbor_items grille_nsm_cbor_begin(grille_reader *reader, unsigned major_type) {
    grille_nsm_cbor_items items = {.left = 0, .open = false};
    if (reader->failed == GRILLE_REASON_OK && reader->left > 0 && *reader->at == (major_type << 5 | open_ended)) {
        (void)grille_read_u8(reader);
        items.open = true;
    } else {
        items.left = read_head(reader, major_type);
    }
    return items;
}

bool grille_nsm_cbor_next(grille_nsm_cbor_items *items, grille_reader *reader) {
    if (reader->failed != GRILLE_REASON_OK) return false;
    if (!items->open) return items->left > 0 && items->left-- > 0;
    if (reader->left == 0) {
        grille_reader_fail(reader, GRILLE_REASON_TRUNCATED);
        return false;
    }
    if (*reader->at != byte_break) return true;
    (void)grille_read_u8(reader);
    return false;
}

static void skip(grille_reader *reader, unsigned depth) {
    unsigned major_type = grille_nsm_cbor_peek(reader);
    uint8_t first;
    if (major_type == GRILLE_NSM_CBOR_ARRAY || major_type == GRILLE_NSM_CBOR_MAP) {
        grille_nsm_cbor_items items = grille_nsm_cbor_begin(reader, major_type);
        if (depth == depth_most) malformed(reader);
        while (grille_nsm_cbor_next(&items, reader)) {
            skip(reader, depth + 1);
            if (major_type == GRILLE_NSM_CBOR_MAP) skip(reader, depth + 1);
        }
    } else if (major_type == GRILLE_NSM_CBOR_BYTES || major_type == GRILLE_NSM_CBOR_TEXT) {
        (void)read_string(reader, major_type);
    } else if (major_type <= GRILLE_NSM_CBOR_NEGATIVE) {
        (void)read_head(reader, major_type);
    } else {
        first = grille_read_u8(reader);
        if (first != byte_false && first != byte_true && first != byte_null) malformed(reader);
    }
}

void grille_nsm_cbor_skip(grille_reader *reader) {
    skip(reader, 0);
}
