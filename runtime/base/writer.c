/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"

#include <string.h>

#include "base/bytes.h"

grille_writer grille_writer_into(uint8_t *buffer, size_t capacity) {
    return (grille_writer){.start = buffer, .len = 0, .capacity = capacity, .failed = GRILLE_REASON_OK};
}

uint8_t *grille_write_space(grille_writer *writer, size_t len) {
    uint8_t *space = NULL;
    if (writer->failed != GRILLE_REASON_OK) return NULL;
    if (len > writer->capacity - writer->len) {
        writer->failed = GRILLE_REASON_NO_SPACE;
        return NULL;
    }
    space = writer->start + writer->len;
    writer->len += len;
    return space;
}

static void write_big_endian(grille_writer *writer, uint64_t value, size_t len) {
    uint8_t *space = grille_write_space(writer, len);
    if (space == NULL) return;
    for (size_t i = len; i > 0; i--, value >>= 8)
        space[i - 1] = (uint8_t)value;
}

void grille_write_u8(grille_writer *writer, uint8_t value) {
    write_big_endian(writer, value, 1);
}
void grille_write_u16(grille_writer *writer, uint16_t value) {
    write_big_endian(writer, value, 2);
}
void grille_write_u32(grille_writer *writer, uint32_t value) {
    write_big_endian(writer, value, 4);
}
void grille_write_u64(grille_writer *writer, uint64_t value) {
    write_big_endian(writer, value, 8);
}

void grille_write_bytes(grille_writer *writer, grille_bytes bytes) {
    uint8_t *space = grille_write_space(writer, bytes.len);
    if (space != NULL && bytes.len > 0) memcpy(space, bytes.data, bytes.len);
}

void grille_write_zeros(grille_writer *writer, size_t len) {
    uint8_t *space = grille_write_space(writer, len);
    if (space != NULL && len > 0) memset(space, 0, len);
}

/* Reserves length and bytes together, so that a block that does not fit leaves no half of itself. */
static void write_block(grille_writer *writer, grille_bytes bytes, size_t length_bytes, size_t most) {
    if (writer->failed != GRILLE_REASON_OK) return;
    if (bytes.len > most || length_bytes > writer->capacity - writer->len ||
        bytes.len > writer->capacity - writer->len - length_bytes) {
        writer->failed = GRILLE_REASON_NO_SPACE;
        return;
    }
    write_big_endian(writer, bytes.len, length_bytes);
    grille_write_bytes(writer, bytes);
}

void grille_write_block_u16(grille_writer *writer, grille_bytes bytes) {
    write_block(writer, bytes, 2, UINT16_MAX);
}
void grille_write_block_u32(grille_writer *writer, grille_bytes bytes) {
    write_block(writer, bytes, 4, UINT32_MAX);
}

void grille_write_over(grille_writer *writer, size_t offset, grille_bytes bytes) {
    if (writer->failed != GRILLE_REASON_OK) return;
    if (offset > writer->len || bytes.len > writer->len - offset) {
        writer->failed = GRILLE_REASON_INTERNAL;
        return;
    }
    if (bytes.len > 0) memcpy(writer->start + offset, bytes.data, bytes.len);
}

void grille_writer_fail(grille_writer *writer, grille_reason reason) {
    if (writer->failed == GRILLE_REASON_OK) writer->failed = reason;
}

grille_bytes grille_written(const grille_writer *writer) {
    return grille_bytes_of(writer->start, writer->len);
}

grille_reason grille_writer_end(const grille_writer *writer) {
    return writer->failed;
}
