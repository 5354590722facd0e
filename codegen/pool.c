/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grille_gen_block {
    struct grille_gen_block *next;
    _Alignas(max_align_t) unsigned char memory[];
};

static _Noreturn void out_of_memory(void) {
    fputs("protoc-gen-grille: out of memory\n", stderr);
    exit(1);
}

void *grille_gen_alloc(grille_gen_pool *pool, size_t bytes) {
    if (bytes > SIZE_MAX - sizeof(struct grille_gen_block)) out_of_memory();
    struct grille_gen_block *block = calloc(1, sizeof(*block) + bytes);
    if (!block) out_of_memory();
    block->next = pool->blocks;
    pool->blocks = block;
    return block->memory;
}

void *grille_gen_alloc_array(grille_gen_pool *pool, size_t count, size_t item_bytes) {
    if (item_bytes && count > SIZE_MAX / item_bytes) out_of_memory();
    return grille_gen_alloc(pool, count * item_bytes);
}

char *grille_gen_copy(grille_gen_pool *pool, const char *text) {
    return grille_gen_format(pool, "%s", text);
}

char *grille_gen_format(grille_gen_pool *pool, const char *format, ...) {
    va_list arguments;
    char *formatted = NULL;
    va_start(arguments, format);
    int len = vasprintf(&formatted, format, arguments);
    va_end(arguments);
    if (len < 0) out_of_memory();
    char *text = grille_gen_alloc(pool, (size_t)len + 1);
    memcpy(text, formatted, (size_t)len);
    free(formatted);
    return text;
}

void grille_gen_pool_free(grille_gen_pool *pool) {
    while (pool->blocks) {
        struct grille_gen_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
}
