/* SPDX-License-Identifier: Apache-2.0
 * A text that grows: the contents of a generated file, or the list of what is wrong. */
#ifndef GRILLE_CODEGEN_TEXT_H
#define GRILLE_CODEGEN_TEXT_H

#include "codegen/pool.h"

/* Made by grille_gen_text_of; lives in its pool. */
typedef struct grille_gen_text {
    grille_gen_pool *pool;
    char *start; /* always ends in a zero byte */
    size_t len;
    size_t capacity;
} grille_gen_text;

grille_gen_text grille_gen_text_of(grille_gen_pool *pool);

/* Appends formatted text. */
void grille_gen_add(grille_gen_text *text, const char *format, ...) GRILLE_PRINTF(2, 3);

/* Appends `len` characters as they are. */
void grille_gen_add_raw(grille_gen_text *text, const char *characters, size_t len);

#endif
