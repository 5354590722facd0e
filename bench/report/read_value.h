/* SPDX-License-Identifier: Apache-2.0
 * Members of a JSON object, taken one by one: each must be there, of its type and in its range, and none may be left
 * over. The first thing that is wrong is kept as a text with file and line. One thread at a time. */
#ifndef GRILLE_BENCH_REPORT_READ_VALUE_H
#define GRILLE_BENCH_REPORT_READ_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grille/bytes.h"

enum { BENCH_WHY_BYTES = 512, BENCH_MEMBERS_MAX = 20 };

typedef struct bench_json_file {
    const char *path;
    const char *text; /* the whole file */
    char *why;        /* BENCH_WHY_BYTES; empty while all is well */
} bench_json_file;

/* An object or array on the way from the root. */
typedef struct bench_json_place {
    bench_json_file *file;
    const struct bench_json_place *parent; /* NULL: the root */
    const char *name;                      /* in the parent, or */
    size_t index;                          /* when `name` is NULL */
    const json_t *value;
    const char *taken[BENCH_MEMBERS_MAX]; /* members that were asked for */
    size_t taken_count;
} bench_json_place;

/* False always: keeps the first complaint, with the line of `member` (NULL: of the place itself). */
GRILLE_PRINTF(3, 4)
bool bench_json_wrong(const bench_json_place *place, const char *member, const char *format, ...);

/* Each is false after a complaint. Texts are cut nowhere: too long is wrong. */
bool bench_json_text(bench_json_place *place, const char *member, char *text, size_t size);
bool bench_json_bool(bench_json_place *place, const char *member, bool *flag);
bool bench_json_whole(bench_json_place *place, const char *member, uint64_t least, uint64_t most, uint64_t *number);
bool bench_json_number(bench_json_place *place, const char *member, bool negative_too, double *number);
bool bench_json_object(bench_json_place *place, const char *member, bench_json_place *object);
bool bench_json_array(bench_json_place *place, const char *member, bench_json_place *array);
/* False after a complaint about a member that nobody took. */
bool bench_json_nothing_else(const bench_json_place *place);

/* Element `index` of an array. */
bench_json_place bench_json_element(const bench_json_place *array, size_t index);

#endif
