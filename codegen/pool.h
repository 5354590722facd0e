/* SPDX-License-Identifier: Apache-2.0
 * Memory of one run of a generator: all of it lives until the end of the run. */
#ifndef GRILLE_CODEGEN_POOL_H
#define GRILLE_CODEGEN_POOL_H

#include <stddef.h>

#include "grille/bytes.h"

/* Caller's storage; {0} is empty. One thread. */
typedef struct grille_gen_pool {
    struct grille_gen_block *blocks;
} grille_gen_pool;

/* Zeroed memory for any type; never NULL: without memory the program says so and ends. */
void *grille_gen_alloc(grille_gen_pool *pool, size_t bytes);

/* Zeroed memory for `count` items; ends the program when the product overflows. */
void *grille_gen_alloc_array(grille_gen_pool *pool, size_t count, size_t item_bytes);

/* A copy, or a formatted text. */
char *grille_gen_copy(grille_gen_pool *pool, const char *text);
char *grille_gen_format(grille_gen_pool *pool, const char *format, ...) GRILLE_PRINTF(2, 3);

/* Gives everything back. */
void grille_gen_pool_free(grille_gen_pool *pool);

#endif
