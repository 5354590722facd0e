/* SPDX-License-Identifier: Apache-2.0
 * The one write cursor, into a fixed buffer of the caller. A write that does not fit writes nothing and makes the
 * writer fail; the error is sticky. */
#ifndef GRILLE_BASE_WRITER_H
#define GRILLE_BASE_WRITER_H

#include "grille/reasons.h"

/* Caller's storage; borrows the buffer. */
typedef struct grille_writer {
    uint8_t *start;
    size_t len;
    size_t capacity;
    grille_reason failed;
} grille_writer;

/* Writes into `buffer`, which must outlive the writer. */
grille_writer grille_writer_into(uint8_t *buffer, size_t capacity);

/* Big-endian integers. */
void grille_write_u8(grille_writer *writer, uint8_t value);
void grille_write_u16(grille_writer *writer, uint16_t value);
void grille_write_u32(grille_writer *writer, uint32_t value);
void grille_write_u64(grille_writer *writer, uint64_t value);

/* Bytes as they are; `grille_write_zeros` writes `len` zero bytes. */
void grille_write_bytes(grille_writer *writer, grille_bytes bytes);
void grille_write_zeros(grille_writer *writer, size_t len);

/* A length and then the bytes; over 65,535 the u16 form fails with NO_SPACE. */
void grille_write_block_u16(grille_writer *writer, grille_bytes bytes);
void grille_write_block_u32(grille_writer *writer, grille_bytes bytes);

/* Room for `len` bytes that the caller fills at once, or NULL when they do not fit. */
uint8_t *grille_write_space(grille_writer *writer, size_t len);

/* Overwrites bytes that were written already (a length that is known only at the end); INTERNAL when they were not. */
void grille_write_over(grille_writer *writer, size_t offset, grille_bytes bytes);

/* Marks the writer failed (the first reason stays). */
void grille_writer_fail(grille_writer *writer, grille_reason reason);

/* What was written so far; lives as long as the buffer. */
grille_bytes grille_written(const grille_writer *writer);

/* OK, or the first failure. */
GRILLE_MUST_USE grille_reason grille_writer_end(const grille_writer *writer);

#endif
