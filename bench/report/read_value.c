/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/read_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/grid.h"
#include "bench/report/locate.h"

enum { PATH_BYTES = 160 };

/* "rows/3/bytes", as bench_json_line takes it. */
static void path_of(const bench_json_place *place, const char *member, char path[PATH_BYTES]) {
    const bench_json_place *way[8];
    size_t steps = 0, used = 0;
    path[0] = '\0';
    for (; place->parent != NULL && steps < 8; place = place->parent)
        way[steps++] = place;
    while (steps-- > 0 && used < PATH_BYTES) {
        const char *slash = used > 0 ? "/" : "";
        int added = way[steps]->name != NULL
                        ? snprintf(path + used, PATH_BYTES - used, "%s%s", slash, way[steps]->name)
                        : snprintf(path + used, PATH_BYTES - used, "%s%zu", slash, way[steps]->index);
        used += (size_t)added;
    }
    if (member != NULL && used < PATH_BYTES) {
        (void)snprintf(path + used, PATH_BYTES - used, "%s%s", used > 0 ? "/" : "", member);
    }
}

bool bench_json_wrong(const bench_json_place *place, const char *member, const char *format, ...) {
    bench_json_file *file = place->file;
    char path[PATH_BYTES], shown[PATH_BYTES], text[240];
    va_list arguments;
    if (file->why[0] != '\0') return false;
    path_of(place, member, path);
    bench_plain_text(path, shown, sizeof(shown));
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintf(file->why, BENCH_WHY_BYTES, "%.220s: line %zu: %.100s%s%.150s", file->path,
                   bench_json_line(file->text, path), shown, shown[0] != '\0' ? " " : "", text);
    return false;
}

/* What a value is, for a complaint. */
static const char *kind_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

static const json_t *take(bench_json_place *place, const char *member) {
    const json_t *value = json_object_get(place->value, member);
    if (value == NULL) {
        (void)bench_json_wrong(place, member, "is missing");
    } else if (place->taken_count < BENCH_MEMBERS_MAX) {
        place->taken[place->taken_count++] = member;
    }
    return value;
}

bool bench_json_text(bench_json_place *place, const char *member, char *text, size_t size) {
    const json_t *value = take(place, member);
    if (value == NULL) return false;
    if (!json_is_string(value)) return bench_json_wrong(place, member, "is %s, must be a text", kind_of(value));
    size_t length = json_string_length(value);
    if (length >= size) return bench_json_wrong(place, member, "has %zu bytes, at most %zu fit", length, size - 1);
    memcpy(text, json_string_value(value), length + 1);
    return true;
}

bool bench_json_bool(bench_json_place *place, const char *member, bool *flag) {
    const json_t *value = take(place, member);
    if (value == NULL) return false;
    if (!json_is_boolean(value)) return bench_json_wrong(place, member, "is %s, must be true or false", kind_of(value));
    *flag = json_is_true(value);
    return true;
}

bool bench_json_whole(bench_json_place *place, const char *member, uint64_t least, uint64_t most, uint64_t *number) {
    const json_t *value = take(place, member);
    if (value == NULL) return false;
    if (!json_is_integer(value))
        return bench_json_wrong(place, member, "is %s, must be a whole number", kind_of(value));
    json_int_t found = json_integer_value(value);
    if (found < 0 || (uint64_t)found < least || (uint64_t)found > most) {
        return bench_json_wrong(place, member, "is %" JSON_INTEGER_FORMAT ", must be %" PRIu64 " to %" PRIu64, found,
                                least, most);
    }
    *number = (uint64_t)found;
    return true;
}

bool bench_json_number(bench_json_place *place, const char *member, bool negative_too, double *number) {
    const json_t *value = take(place, member);
    if (value == NULL) return false;
    if (!json_is_number(value)) return bench_json_wrong(place, member, "is %s, must be a number", kind_of(value));
    *number = json_number_value(value);
    if (!negative_too && signbit(*number)) {
        return bench_json_wrong(place, member, "is %g, must be 0 or more", *number);
    }
    return true;
}

static bool inner(bench_json_place *place, const char *member, bool array, bench_json_place *found) {
    const json_t *value = take(place, member);
    *found = (bench_json_place){.file = place->file, .parent = place, .name = member, .value = value};
    if (value == NULL) return false;
    if (array ? json_is_array(value) : json_is_object(value)) return true;
    return bench_json_wrong(place, member, "is %s, must be %s", kind_of(value), array ? "an array" : "an object");
}

bool bench_json_object(bench_json_place *place, const char *member, bench_json_place *object) {
    return inner(place, member, false, object);
}

bool bench_json_array(bench_json_place *place, const char *member, bench_json_place *array) {
    return inner(place, member, true, array);
}

bench_json_place bench_json_element(const bench_json_place *array, size_t index) {
    return (bench_json_place){
        .file = array->file, .parent = array, .index = index, .value = json_array_get(array->value, index)};
}

static bool taken(const bench_json_place *place, const char *name) {
    for (size_t i = 0; i < place->taken_count; i++) {
        if (strcmp(place->taken[i], name) == 0) return true;
    }
    return false;
}

bool bench_json_nothing_else(const bench_json_place *place) {
    /* jansson's iterator takes no const object, though it changes nothing. */
    json_t *object = (json_t *)(uintptr_t)place->value;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        if (!taken(place, name)) return bench_json_wrong(place, name, "is not known");
    }
    return true;
}
