/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/prescan.h"

#include "base/reader.h"
#include "wire/limits.h"

/* Bytes of a varint of 64 and of 32 bits. */
enum { LONGEST_VARINT = 10, LONGEST_VARINT32 = 5 };

/* One message that is being scanned. */
typedef struct scan_level {
    grille_reader reader;
    const void *descriptor; /* NULL: unknown */
} scan_level;

typedef struct message_scan {
    scan_level levels[GRILLE_LIMIT_PROTOBUF_DEPTH];
    size_t depth;
    size_t fields;
    grille_find_field_fn *find;
} message_scan;

static grille_reason read_varint(grille_reader *reader, unsigned longest, uint64_t *value) {
    *value = 0;
    for (unsigned i = 0; i < longest; i++) {
        uint8_t byte = grille_read_u8(reader);
        if (reader->failed != GRILLE_REASON_OK) return GRILLE_REASON_CODEC_MALFORMED;
        if (i == LONGEST_VARINT - 1 && byte > 1) return GRILLE_REASON_CODEC_MALFORMED;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) return GRILLE_REASON_OK;
    }
    return GRILLE_REASON_CODEC_MALFORMED;
}

/* A value that is not bytes. */
static grille_reason skip_number(grille_reader *reader, grille_wire_type wire_type) {
    uint64_t ignored;
    switch (wire_type) {
    case GRILLE_WIRE_VARINT:
        return read_varint(reader, LONGEST_VARINT, &ignored);
    case GRILLE_WIRE_FIXED64:
        (void)grille_read_bytes(reader, 8);
        break;
    case GRILLE_WIRE_FIXED32:
        (void)grille_read_bytes(reader, 4);
        break;
    case GRILLE_WIRE_GROUP_START:
    case GRILLE_WIRE_GROUP_END:
        return GRILLE_REASON_CODEC_GROUP;
    case GRILLE_WIRE_BYTES:
    default:
        return GRILLE_REASON_CODEC_MALFORMED;
    }
    return reader->failed == GRILLE_REASON_OK ? GRILLE_REASON_OK : GRILLE_REASON_CODEC_MALFORMED;
}

static grille_reason read_block(grille_reader *reader, grille_bytes *block) {
    uint64_t len;
    grille_reason reason = read_varint(reader, LONGEST_VARINT32, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    if (len > reader->left) return GRILLE_REASON_CODEC_MALFORMED;
    *block = grille_read_bytes(reader, (size_t)len);
    return GRILLE_REASON_OK;
}

static grille_reason scan_packed(grille_bytes block, grille_wire_type wire_type) {
    grille_reader reader = grille_reader_of(block);
    grille_reason reason = GRILLE_REASON_OK;
    while (reason == GRILLE_REASON_OK && reader.left > 0)
        reason = skip_number(&reader, wire_type);
    return reason;
}

static grille_reason enter(message_scan *scan, grille_bytes block, const void *descriptor) {
    if (scan->depth == GRILLE_LIMIT_PROTOBUF_DEPTH) return GRILLE_REASON_CODEC_DEPTH;
    scan->levels[scan->depth++] = (scan_level){.reader = grille_reader_of(block), .descriptor = descriptor};
    return GRILLE_REASON_OK;
}

static grille_reason read_tag(grille_reader *reader, uint32_t *number, grille_wire_type *wire_type) {
    uint64_t tag;
    grille_reason reason = read_varint(reader, LONGEST_VARINT32, &tag);
    if (reason != GRILLE_REASON_OK) return reason;
    if (tag > UINT32_MAX || tag >> 3 == 0) return GRILLE_REASON_CODEC_MALFORMED;
    *number = (uint32_t)(tag >> 3);
    *wire_type = (grille_wire_type)(tag & 7);
    return GRILLE_REASON_OK;
}

static grille_reason scan_value(message_scan *scan, grille_reader *reader, grille_wire_type wire_type,
                                const grille_field_shape *shape) {
    grille_bytes block;
    bool is_packed = shape && wire_type == GRILLE_WIRE_BYTES && shape->packable;
    if (wire_type == GRILLE_WIRE_GROUP_START || wire_type == GRILLE_WIRE_GROUP_END) return GRILLE_REASON_CODEC_GROUP;
    if (shape && wire_type != shape->wire_type && !is_packed) return GRILLE_REASON_CODEC_WIRE_TYPE;
    if (wire_type != GRILLE_WIRE_BYTES) return skip_number(reader, wire_type);
    grille_reason reason = read_block(reader, &block);
    if (reason != GRILLE_REASON_OK || !shape) return reason;
    if (is_packed) return scan_packed(block, shape->wire_type);
    return shape->message ? enter(scan, block, shape->message) : GRILLE_REASON_OK;
}

static grille_reason scan_field(message_scan *scan, grille_scan_end *end, const uint8_t *start) {
    scan_level *at = &scan->levels[scan->depth - 1];
    grille_field_shape shape = {.message = NULL};
    grille_wire_type wire_type;
    end->offset = (size_t)(at->reader.at - start);
    end->field = 0;
    if (++scan->fields > GRILLE_LIMIT_PROTOBUF_FIELDS) return GRILLE_REASON_CODEC_FIELDS;
    grille_reason reason = read_tag(&at->reader, &end->field, &wire_type);
    if (reason != GRILLE_REASON_OK) return reason;
    bool known = scan->find(at->descriptor, end->field, &shape);
    return scan_value(scan, &at->reader, wire_type, known ? &shape : NULL);
}

grille_reason grille_prescan(grille_bytes encoded, const void *descriptor, grille_find_field_fn *find,
                             grille_scan_end *end) {
    message_scan scan;
    grille_reason reason;
    scan.depth = 0;
    scan.fields = 0;
    scan.find = find;
    *end = (grille_scan_end){0, 0};
    reason = enter(&scan, encoded, descriptor);
    while (reason == GRILLE_REASON_OK && scan.depth > 0) {
        if (scan.levels[scan.depth - 1].reader.left == 0)
            scan.depth--;
        else
            reason = scan_field(&scan, end, encoded.data);
    }
    return reason;
}

grille_scan_end grille_locate(grille_bytes encoded, size_t offset) {
    grille_reader reader = grille_reader_of(encoded);
    grille_scan_end end = {0, 0};
    grille_bytes block;
    while (reader.left > 0 && encoded.len - reader.left < offset) {
        grille_wire_type wire_type;
        end.offset = encoded.len - reader.left;
        if (read_tag(&reader, &end.field, &wire_type) != GRILLE_REASON_OK) break;
        grille_reason reason =
            wire_type == GRILLE_WIRE_BYTES ? read_block(&reader, &block) : skip_number(&reader, wire_type);
        if (reason != GRILLE_REASON_OK) break;
    }
    return end;
}
