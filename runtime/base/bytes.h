/* SPDX-License-Identifier: Apache-2.0
 * Small operations on byte views, and the two that secrets need. */
#ifndef GRILLE_BASE_BYTES_H
#define GRILLE_BASE_BYTES_H

#include <stdbool.h>
#include <string.h>

#include "grille/bytes.h"

/* Makes a view; grille_bytes_of_text leaves the terminator out. */
static inline grille_bytes grille_bytes_of(const void *data, size_t len) {
    return (grille_bytes){.data = data, .len = len};
}

static inline grille_bytes grille_bytes_of_text(const char *text) {
    return grille_bytes_of(text, strlen(text));
}

/* Compares public bytes; stops at the first difference. */
bool grille_bytes_equal(grille_bytes left, grille_bytes right);

/* Compares bytes in time that depends on the lengths only. For secrets, MACs and binders. */
bool grille_bytes_equal_constant_time(grille_bytes left, grille_bytes right);

/* True when every byte is zero (an unset PCR, an all-zero shared secret); constant time. */
bool grille_bytes_all_zero(grille_bytes bytes);

/* Overwrites memory in a way the compiler can't remove. Not inline: tests put another in its place. */
void grille_wipe(void *memory, size_t len);

/* Lower-case hex of `bytes` into `text`, which holds 2 * len + 1 characters. */
void grille_hex_encode(grille_bytes bytes, char *text);

/* Decodes exactly 2 * capacity or fewer hex characters (either case). False: odd length, another character, too long.
 */
GRILLE_MUST_USE bool grille_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *len);

#endif
