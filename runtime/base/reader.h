/* SPDX-License-Identifier: Apache-2.0
 * The one read cursor. Its error is sticky: after the first failed read every further read yields zero or an empty
 * view, so that a parser reads like its schema and asks once, at the end. */
#ifndef GRILLE_BASE_READER_H
#define GRILLE_BASE_READER_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Caller's storage; borrows the bytes. */
typedef struct grille_reader {
    const uint8_t *at;
    size_t left;
    grille_reason failed;
} grille_reader;

/* Starts at the first of `bytes`, which must outlive the reader. Cannot fail. */
grille_reader grille_reader_of(grille_bytes bytes);

/* Big-endian integers; 0 when fewer bytes are left (then the reader has failed with TRUNCATED). */
uint8_t grille_read_u8(grille_reader *reader);
uint16_t grille_read_u16(grille_reader *reader);
uint32_t grille_read_u32(grille_reader *reader);
uint64_t grille_read_u64(grille_reader *reader);

/* A view of the next `len` bytes, empty when fewer are left. */
grille_bytes grille_read_bytes(grille_reader *reader, size_t len);

/* A view of a block with its length before it. */
grille_bytes grille_read_block_u16(grille_reader *reader);
grille_bytes grille_read_block_u32(grille_reader *reader);

/* Everything that is left. */
grille_bytes grille_read_rest(grille_reader *reader);

/* Marks the reader failed (the first reason stays). */
void grille_reader_fail(grille_reader *reader, grille_reason reason);

/* OK only when nothing failed and nothing is left; else the first failure, or TRAILING. */
GRILLE_MUST_USE grille_reason grille_reader_end(const grille_reader *reader);

#endif
