/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include "base/bytes.h"

grille_reader grille_reader_of(grille_bytes bytes) {
    return (grille_reader){.at = bytes.data, .left = bytes.len, .failed = GRILLE_REASON_OK};
}

/* The one place that moves the cursor: `len` bytes, or NULL and a failed reader. */
static const uint8_t *take(grille_reader *reader, size_t len) {
    const uint8_t *taken = reader->at;
    if (reader->failed == GRILLE_REASON_OK && len > reader->left) reader->failed = GRILLE_REASON_TRUNCATED;
    if (reader->failed != GRILLE_REASON_OK || len == 0) return NULL;
    reader->at += len;
    reader->left -= len;
    return taken;
}

static uint64_t take_big_endian(grille_reader *reader, size_t len) {
    const uint8_t *taken = take(reader, len);
    uint64_t value = 0;
    if (taken == NULL) return 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | taken[i];
    return value;
}

uint8_t grille_read_u8(grille_reader *reader) {
    return (uint8_t)take_big_endian(reader, 1);
}
uint16_t grille_read_u16(grille_reader *reader) {
    return (uint16_t)take_big_endian(reader, 2);
}
uint32_t grille_read_u32(grille_reader *reader) {
    return (uint32_t)take_big_endian(reader, 4);
}
uint64_t grille_read_u64(grille_reader *reader) {
    return take_big_endian(reader, 8);
}

grille_bytes grille_read_bytes(grille_reader *reader, size_t len) {
    const uint8_t *taken = take(reader, len);
    return taken == NULL ? grille_bytes_of(NULL, 0) : grille_bytes_of(taken, len);
}

grille_bytes grille_read_block_u16(grille_reader *reader) {
    size_t len = grille_read_u16(reader);
    return grille_read_bytes(reader, len);
}

grille_bytes grille_read_block_u32(grille_reader *reader) {
    size_t len = grille_read_u32(reader);
    return grille_read_bytes(reader, len);
}

grille_bytes grille_read_rest(grille_reader *reader) {
    return grille_read_bytes(reader, reader->left);
}

void grille_reader_fail(grille_reader *reader, grille_reason reason) {
    if (reader->failed == GRILLE_REASON_OK) reader->failed = reason;
}

grille_reason grille_reader_end(const grille_reader *reader) {
    if (reader->failed != GRILLE_REASON_OK) return reader->failed;
    return reader->left == 0 ? GRILLE_REASON_OK : GRILLE_REASON_TRAILING;
}
