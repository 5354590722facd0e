/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

grille_gen_text grille_gen_text_of(grille_gen_pool *pool) {
    return (grille_gen_text){.pool = pool, .start = grille_gen_alloc(pool, 1)};
}

/* Room for `len` more characters and the zero byte. */
static void reserve(grille_gen_text *text, size_t len) {
    if (text->capacity >= text->len + len + 1) return;
    size_t capacity = (text->len + len + 1) * 2;
    char *start = grille_gen_alloc(text->pool, capacity);
    memcpy(start, text->start, text->len);
    text->start = start;
    text->capacity = capacity;
}

void grille_gen_add_raw(grille_gen_text *text, const char *characters, size_t len) {
    reserve(text, len);
    memcpy(text->start + text->len, characters, len);
    text->len += len;
    text->start[text->len] = 0;
}

void grille_gen_add(grille_gen_text *text, const char *format, ...) {
    va_list arguments;
    char *formatted = NULL;
    va_start(arguments, format);
    int len = vasprintf(&formatted, format, arguments);
    va_end(arguments);
    if (len > 0) grille_gen_add_raw(text, formatted, (size_t)len);
    free(len < 0 ? NULL : formatted);
}
