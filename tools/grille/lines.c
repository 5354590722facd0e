/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static void out_of_memory(void) {
    (void)fputs("grille: out of memory\n", stderr);
    exit(EXIT_FAILED);
}

void lines_add(lines *list, const char *format, ...) {
    va_list arguments;
    char *text = NULL;
    int len;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        char **grown = realloc(list->text, capacity * sizeof *grown);
        if (grown == NULL) out_of_memory();
        list->text = grown;
        list->capacity = capacity;
    }
    va_start(arguments, format);
    len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) out_of_memory();
    list->text[list->count++] = text;
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void lines_sort(lines *list) {
    if (list->count > 1) qsort(list->text, list->count, sizeof list->text[0], compare);
}

void lines_free(lines *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->text[i]);
    free(list->text);
    *list = (lines){.text = NULL};
}
