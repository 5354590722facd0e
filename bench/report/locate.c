/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/locate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at) {
    return at + strspn(at, " \t\r\n");
}

/* After the quote that ends a string. */
static const char *skip_string(const char *at) {
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0') at++;
    }
    return *at == '"' ? at + 1 : at;
}

static const char *skip_value(const char *at) {
    size_t depth = 0;
    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            at += strcspn(at, " \t\r\n,:{}[]\"");
        }
    } while (depth > 0 && *at != '\0');
    return at;
}

static const char *next_member(const char *at) {
    at = skip_space(at);
    return skip_space(*at == ',' ? at + 1 : at);
}

/* Names with escapes are nobody's here. */
static const char *member(const char *object, const char *name, size_t length) {
    const char *at = next_member(object + 1);
    while (*at == '"') {
        const char *end = skip_string(at), *value = skip_space(end);
        bool wanted = (size_t)(end - at) == length + 2 && memcmp(at + 1, name, length) == 0;
        value = skip_space(*value == ':' ? value + 1 : value);
        if (wanted) return value;
        at = next_member(skip_value(value));
    }
    return NULL;
}

static const char *element(const char *array, size_t index) {
    const char *at = next_member(array + 1);
    while (*at != ']' && *at != '\0') {
        if (index-- == 0) return at;
        at = next_member(skip_value(at));
    }
    return NULL;
}

size_t bench_json_line(const char *text, const char *path) {
    const char *at = skip_space(text), *next = at;
    size_t line = 1;
    while (next != NULL && *path != '\0') {
        size_t length = strcspn(path, "/");
        at = next;
        next = *at == '{' ? member(at, path, length) : *at == '[' ? element(at, strtoull(path, NULL, 10)) : NULL;
        path += length + (path[length] == '/' ? 1 : 0);
    }
    if (next != NULL) at = next;
    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    return line;
}
