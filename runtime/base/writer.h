/* SPDX-License-Identifier: Apache-2.0
 * The one write cursor, into a fixed buffer of the caller. A write that does not fit writes nothing and makes the
 * writer fail; the error is sticky. */
#ifndef GRILLE_BASE_WRITER_H
#define GRILLE_BASE_WRITER_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "grille/reasons.h"

/* Caller's storage; borrows the buffer. */
typedef struct grille_writer {
    uint8_t *start;
    size_t len;
    size_t capacity;
    grille_reason failed;
} grille_writer;

/* Inline for the reason that the read cursor is. */

/* Writes into `buffer`, which must outlive the writer. */
static inline grille_writer grille_writer_into(uint8_t *buffer, size_t capacity) {
    return (grille_writer){.start = buffer, .len = 0, .capacity = capacity, .failed = GRILLE_REASON_OK};
}

/* Marks the writer failed (the first reason stays). */
static inline void grille_writer_fail(grille_writer *writer, grille_reason reason) {
    if (writer->failed == GRILLE_REASON_OK) writer->failed = reason;
}

/* Room for `len` bytes that the caller fills at once, or NULL when they do not fit. */
static inline uint8_t *grille_write_space(grille_writer *writer, size_t len) {
    uint8_t *space = NULL;
    if (len > writer->capacity - writer->len) grille_writer_fail(writer, GRILLE_REASON_NO_SPACE);
    if (writer->failed != GRILLE_REASON_OK) return NULL;
    space = writer->start + writer->len;
    writer->len += len;
    return space;
}

/* Big-endian integers. */
static inline void grille_write_u8(grille_writer *writer, uint8_t value) {
    uint8_t *space = grille_write_space(writer, sizeof value);
    if (space != NULL) *space = value;
}

static inline void grille_write_u16(grille_writer *writer, uint16_t value) {
    uint8_t *space = grille_write_space(writer, sizeof value);
    const uint16_t big_endian = htobe16(value);
    if (space != NULL) memcpy(space, &big_endian, sizeof big_endian);
}

static inline void grille_write_u32(grille_writer *writer, uint32_t value) {
    uint8_t *space = grille_write_space(writer, sizeof value);
    const uint32_t big_endian = htobe32(value);
    if (space != NULL) memcpy(space, &big_endian, sizeof big_endian);
}

static inline void grille_write_u64(grille_writer *writer, uint64_t value) {
    uint8_t *space = grille_write_space(writer, sizeof value);
    const uint64_t big_endian = htobe64(value);
    if (space != NULL) memcpy(space, &big_endian, sizeof big_endian);
}

/* Bytes as they are; `grille_write_zeros` writes `len` zero bytes. */
static inline void grille_write_bytes(grille_writer *writer, grille_bytes bytes) {
    uint8_t *space = grille_write_space(writer, bytes.len);
    if (space != NULL && bytes.len > 0) memcpy(space, bytes.data, bytes.len);
}

static inline void grille_write_zeros(grille_writer *writer, size_t len) {
    uint8_t *space = grille_write_space(writer, len);
    if (space != NULL && len > 0) memset(space, 0, len);
}

/* A length and then the bytes; over 65,535 (4,294,967,295) it fails with NO_SPACE. A block that does not fit leaves no
 * half of itself. */
void grille_write_block_u16(grille_writer *writer, grille_bytes bytes);
void grille_write_block_u32(grille_writer *writer, grille_bytes bytes);

/* Overwrites bytes that were written already (a length that is known only at the end); INTERNAL when they were not. */
void grille_write_over(grille_writer *writer, size_t offset, grille_bytes bytes);

/* What was written so far; lives as long as the buffer. */
static inline grille_bytes grille_written(const grille_writer *writer) {
    return (grille_bytes){.data = writer->start, .len = writer->len};
}

/* OK, or the first failure. */
GRILLE_MUST_USE static inline grille_reason grille_writer_end(const grille_writer *writer) {
    return writer->failed;
}

#endif
