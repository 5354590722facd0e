/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "base/bytes.h"
#include "wire/limits.h"

enum { LARGEST_VARINT_BYTES = 10 };

void grille_message_fail(grille_message_reader *message, grille_reason reason) {
    grille_reader_fail(&message->bytes, reason);
}

static void fail_malformed(grille_message_reader *message) {
    grille_message_fail(message, GRILLE_REASON_WIRE_BAD_MESSAGE);
}

/* All but the first byte, which had the continuation bit. */
static uint64_t read_long_varint(grille_message_reader *message, uint8_t first) {
    uint64_t value = first & 0x7f;
    for (unsigned index = 1; index < LARGEST_VARINT_BYTES; index++) {
        uint8_t byte = grille_read_u8(&message->bytes);
        bool overflows = index == LARGEST_VARINT_BYTES - 1 && byte > 1;
        if (overflows || byte == 0) break; /* 0: not the shortest form */
        value |= (uint64_t)(byte & 0x7f) << (7 * index);
        if ((byte & 0x80) == 0) return value;
    }
    fail_malformed(message);
    return 0;
}

static inline uint64_t read_varint(grille_message_reader *message) {
    uint8_t first = grille_read_u8(&message->bytes);
    return (first & 0x80) == 0 ? first : read_long_varint(message, first);
}

static void read_value(grille_message_reader *message, grille_message_field *field) {
    switch (field->wire_type) {
    case GRILLE_WIRE_VARINT:
        field->number_value = read_varint(message);
        return;
    case GRILLE_WIRE_FIXED64:
        field->number_value = __builtin_bswap64(grille_read_u64(&message->bytes));
        return;
    case GRILLE_WIRE_FIXED32:
        field->number_value = __builtin_bswap32(grille_read_u32(&message->bytes));
        return;
    case GRILLE_WIRE_BYTES: {
        uint64_t len = read_varint(message);
        if (len > message->bytes.left) break;
        field->bytes = grille_read_bytes(&message->bytes, (size_t)len);
        return;
    }
    }
    fail_malformed(message);
}

bool grille_message_next(grille_message_reader *message, grille_message_field *field) {
    grille_reader before = message->bytes;
    uint64_t tag = 0;
    if (before.failed != GRILLE_REASON_OK || before.left == 0) return false;
    *field = (grille_message_field){0};
    if (++message->fields > GRILLE_LIMIT_PROTOCOL_FIELDS) {
        grille_message_fail(message, GRILLE_REASON_WIRE_LIMIT);
        return false;
    }
    tag = read_varint(message);
    field->number = (uint32_t)(tag >> 3);
    field->wire_type = (grille_wire_type)(tag & 7);
    if (tag > UINT32_MAX || field->number == 0) fail_malformed(message);
    read_value(message, field);
    field->encoded = grille_read_bytes(&before, before.left - message->bytes.left);
    return message->bytes.failed == GRILLE_REASON_OK;
}

static bool is_first(grille_message_reader *message, const grille_message_field *field, grille_wire_type wire_type) {
    uint64_t bit = field->number < 64 ? UINT64_C(1) << field->number : 0;
    if (field->wire_type != wire_type || bit == 0 || (message->seen & bit) != 0) {
        fail_malformed(message);
        return false;
    }
    message->seen |= bit;
    return true;
}

uint32_t grille_message_u32(grille_message_reader *message, const grille_message_field *field) {
    if (!is_first(message, field, GRILLE_WIRE_VARINT)) return 0;
    if (field->number_value <= UINT32_MAX) return (uint32_t)field->number_value;
    fail_malformed(message);
    return 0;
}

uint64_t grille_message_u64(grille_message_reader *message, const grille_message_field *field) {
    return is_first(message, field, GRILLE_WIRE_VARINT) ? field->number_value : 0;
}

uint32_t grille_message_fixed32(grille_message_reader *message, const grille_message_field *field) {
    return is_first(message, field, GRILLE_WIRE_FIXED32) ? (uint32_t)field->number_value : 0;
}

grille_bytes grille_message_bytes(grille_message_reader *message, const grille_message_field *field) {
    return is_first(message, field, GRILLE_WIRE_BYTES) ? field->bytes : grille_bytes_of(NULL, 0);
}

grille_bytes grille_message_item(grille_message_reader *message, const grille_message_field *field) {
    if (field->wire_type == GRILLE_WIRE_BYTES) return field->bytes;
    fail_malformed(message);
    return grille_bytes_of(NULL, 0);
}

grille_reason grille_message_end(const grille_message_reader *message) {
    grille_reason reason = grille_reader_end(&message->bytes);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_WIRE_LIMIT) return reason;
    return GRILLE_REASON_WIRE_BAD_MESSAGE;
}

size_t grille_varint_size(uint64_t value) {
    size_t size = 1;
    for (; value > 0x7f; value >>= 7)
        size++;
    return size;
}

static uint64_t tag_of(uint32_t number, grille_wire_type wire_type) {
    return (uint64_t)number << 3 | (uint64_t)wire_type;
}

static size_t tag_size(uint32_t number) {
    return grille_varint_size(tag_of(number, GRILLE_WIRE_VARINT));
}

size_t grille_message_varint_size(uint32_t number, uint64_t value) {
    return tag_size(number) + grille_varint_size(value);
}

size_t grille_message_fixed32_size(uint32_t number) {
    return tag_size(number) + sizeof(uint32_t);
}

size_t grille_message_bytes_size(uint32_t number, size_t len) {
    return tag_size(number) + grille_varint_size(len) + len;
}

void grille_varint_write(grille_writer *writer, uint64_t value) {
    for (; value > 0x7f; value >>= 7)
        grille_write_u8(writer, (uint8_t)(value | 0x80));
    grille_write_u8(writer, (uint8_t)value);
}

void grille_message_varint_write(grille_writer *writer, uint32_t number, uint64_t value) {
    grille_varint_write(writer, tag_of(number, GRILLE_WIRE_VARINT));
    grille_varint_write(writer, value);
}

void grille_message_fixed32_write(grille_writer *writer, uint32_t number, uint32_t value) {
    grille_varint_write(writer, tag_of(number, GRILLE_WIRE_FIXED32));
    grille_write_u32(writer, __builtin_bswap32(value));
}

void grille_message_nested_write(grille_writer *writer, uint32_t number, size_t len) {
    grille_varint_write(writer, tag_of(number, GRILLE_WIRE_BYTES));
    grille_varint_write(writer, len);
}

void grille_message_bytes_write(grille_writer *writer, uint32_t number, grille_bytes bytes) {
    grille_message_nested_write(writer, number, bytes.len);
    grille_write_bytes(writer, bytes);
}
