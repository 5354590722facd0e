/* SPDX-License-Identifier: Apache-2.0
 * The one read cursor. Its error is sticky: after the first failed read every further read yields zero or an empty
 * view, so that a parser reads like its schema and asks once, at the end. */
#ifndef GRILLE_BASE_READER_H
#define GRILLE_BASE_READER_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "grille/reasons.h"

/* Caller's storage; borrows the bytes. */
typedef struct grille_reader {
    const uint8_t *at;
    size_t left;
    grille_reason failed;
} grille_reader;

/* Everything here is inline: a frame is a dozen of these reads, and a call costs as much as a read. */

/* Starts at the first of `bytes`, which must outlive the reader. Cannot fail. */
static inline grille_reader grille_reader_of(grille_bytes bytes) {
    return (grille_reader){.at = bytes.data, .left = bytes.len, .failed = GRILLE_REASON_OK};
}

/* Marks the reader failed (the first reason stays). */
static inline void grille_reader_fail(grille_reader *reader, grille_reason reason) {
    if (reader->failed == GRILLE_REASON_OK) reader->failed = reason;
}

/* The one place that moves the cursor: `len` bytes, or NULL when fewer are left or `len` is 0. */
static inline const uint8_t *grille_reader_take(grille_reader *reader, size_t len) {
    const uint8_t *taken = reader->at;
    if (len > reader->left) grille_reader_fail(reader, GRILLE_REASON_TRUNCATED);
    if (reader->failed != GRILLE_REASON_OK || len == 0) return NULL;
    reader->at += len;
    reader->left -= len;
    return taken;
}

/* Big-endian integers; 0 when fewer bytes are left (then the reader has failed with TRUNCATED). */
static inline uint8_t grille_read_u8(grille_reader *reader) {
    const uint8_t *taken = grille_reader_take(reader, sizeof(uint8_t));
    return taken == NULL ? 0 : *taken;
}

static inline uint16_t grille_read_u16(grille_reader *reader) {
    const uint8_t *taken = grille_reader_take(reader, sizeof(uint16_t));
    uint16_t value = 0;
    if (taken != NULL) memcpy(&value, taken, sizeof value);
    return be16toh(value);
}

static inline uint32_t grille_read_u32(grille_reader *reader) {
    const uint8_t *taken = grille_reader_take(reader, sizeof(uint32_t));
    uint32_t value = 0;
    if (taken != NULL) memcpy(&value, taken, sizeof value);
    return be32toh(value);
}

static inline uint64_t grille_read_u64(grille_reader *reader) {
    const uint8_t *taken = grille_reader_take(reader, sizeof(uint64_t));
    uint64_t value = 0;
    if (taken != NULL) memcpy(&value, taken, sizeof value);
    return be64toh(value);
}

/* A view of the next `len` bytes, empty when fewer are left. */
static inline grille_bytes grille_read_bytes(grille_reader *reader, size_t len) {
    const uint8_t *taken = grille_reader_take(reader, len);
    return (grille_bytes){.data = taken, .len = taken == NULL ? 0 : len};
}

/* A view of a block with its length before it. */
static inline grille_bytes grille_read_block_u16(grille_reader *reader) {
    const size_t len = grille_read_u16(reader);
    return grille_read_bytes(reader, len);
}

static inline grille_bytes grille_read_block_u32(grille_reader *reader) {
    const size_t len = grille_read_u32(reader);
    return grille_read_bytes(reader, len);
}

/* Everything that is left. */
static inline grille_bytes grille_read_rest(grille_reader *reader) {
    return grille_read_bytes(reader, reader->left);
}

/* OK only when nothing failed and nothing is left; else the first failure, or TRAILING. */
GRILLE_MUST_USE static inline grille_reason grille_reader_end(const grille_reader *reader) {
    if (reader->failed != GRILLE_REASON_OK) return reader->failed;
    return reader->left == 0 ? GRILLE_REASON_OK : GRILLE_REASON_TRAILING;
}

#endif
