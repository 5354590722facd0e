/* SPDX-License-Identifier: Apache-2.0 */
#include "dump.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dump_add(dump_text *dump, const char *format, ...) {
    va_list arguments;
    char *piece = NULL;
    va_start(arguments, format);
    int len = vasprintf(&piece, format, arguments);
    va_end(arguments);
    if (len < 0) abort();
    if (dump->len + (size_t)len >= dump->capacity) {
        dump->capacity = (dump->len + (size_t)len + 1) * 2;
        dump->text = realloc(dump->text, dump->capacity);
        if (!dump->text) abort();
    }
    memcpy(dump->text + dump->len, piece, (size_t)len + 1);
    dump->len += (size_t)len;
    free(piece);
}

void dump_free(dump_text *dump) {
    free(dump->text);
    dump->text = NULL;
    dump->len = dump->capacity = 0;
}

void dump_bytes(dump_text *dump, const void *data, size_t len) {
    const unsigned char *bytes = data;
    dump_add(dump, "\"");
    for (size_t i = 0; i < len; i++)
        dump_add(dump, "%02x", bytes[i]);
    dump_add(dump, "\"");
}

void dump_field(dump_text *dump, size_t *count, unsigned number) {
    dump_add(dump, "%s%u:", (*count)++ ? "," : "", number);
}
