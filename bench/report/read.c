/* SPDX-License-Identifier: Apache-2.0
 * Strict: what bench_report_json writes and nothing else, so that a file of another tool or version is not compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/figures.h"
#include "bench/report/labels.h"
#include "bench/report/read_row.h"

enum { FILE_MIB_MAX = 256, ROWS_MAX = 100000 };

static bool complain(const char *path, char *why, const char *text) {
    (void)snprintf(why, BENCH_WHY_BYTES, "%.220s: %.220s", path, text);
    return false;
}

/* The whole file as a C string: the caller's; NULL after a complaint. */
static char *file_text(const char *path, size_t *length, char *why) {
    const size_t most = (size_t)FILE_MIB_MAX << 20;
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    *length = 0;
    if (file == NULL) {
        (void)complain(path, why, strerror(errno));
        return NULL;
    }
    while (!feof(file) && !ferror(file) && *length < most) {
        if (*length + 1 >= room) {
            char *larger = realloc(text, room = room * 2 + 65536);
            if (larger == NULL) break;
            text = larger;
        }
        *length += fread(text + *length, 1, room - 1 - *length, file);
    }
    bool whole = feof(file), failed = ferror(file);
    (void)fclose(file);
    if (whole && text != NULL && *length < most) {
        text[*length] = '\0';
        return text;
    }
    (void)complain(path, why, failed ? "cannot be read" : *length >= most ? "has 256 MiB or more" : "no memory");
    free(text);
    return NULL;
}

static bool read_labels(bench_json_place *root, bench_labels *labels) {
    bench_json_place place;
    char notice[32];
    if (!bench_json_object(root, "labels", &place)) return false;
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++) {
        char text[512];
        const bench_label_place *label = &bench_label_texts[i];
        if (!bench_json_text(&place, label->name, text, label->size) || !bench_label_set(labels, i, text)) return false;
    }
    if (!bench_json_bool(&place, "nitro", &labels->nitro) ||
        !bench_json_bool(&place, "optimised", &labels->optimised) ||
        !bench_json_text(&place, "notice", notice, sizeof(notice))) {
        return false;
    }
    if (strcmp(notice, bench_notice(labels)) != 0) {
        return bench_json_wrong(&place, "notice", "is \"%s\", must be \"%s\" where nitro is %s", notice,
                                bench_notice(labels), labels->nitro ? "true" : "false");
    }
    return bench_json_nothing_else(&place);
}

static bool read_rows(bench_json_place *root, bench_report *report) {
    bench_json_place place;
    if (!bench_json_array(root, "rows", &place)) return false;
    size_t count = json_array_size(place.value);
    if (count > ROWS_MAX) return bench_json_wrong(&place, NULL, "has %zu elements, at most %d fit", count, ROWS_MAX);
    report->rows = calloc(count + 1, sizeof(*report->rows));
    if (report->rows == NULL) return bench_json_wrong(&place, NULL, "cannot be held: no memory");
    report->row_count = count;
    for (size_t i = 0; i < count; i++) {
        bench_json_place row = bench_json_element(&place, i);
        if (!bench_json_row(&row, &report->rows[i])) return false;
    }
    return true;
}

static bool read_root(bench_json_place *root, bench_report *report) {
    char schema[64];
    if (!json_is_object(root->value)) return bench_json_wrong(root, NULL, "must be an object");
    if (!bench_json_text(root, "schema", schema, sizeof(schema))) return false;
    if (strcmp(schema, "grille-bench/1") != 0) {
        return bench_json_wrong(root, "schema", "is \"%s\", must be \"grille-bench/1\"", schema);
    }
    return read_labels(root, &report->labels) && read_rows(root, report) && bench_json_nothing_else(root);
}

bool bench_report_read(const char *path, bench_report *report, char why[512]) {
    size_t length;
    json_error_t error;
    *report = (bench_report){0};
    why[0] = '\0';
    char *text = file_text(path, &length, why);
    if (text == NULL) return false;
    json_t *tree = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL) {
        (void)snprintf(why, BENCH_WHY_BYTES, "%.220s: line %d: %s", path, error.line, error.text);
        free(text);
        return false;
    }
    bench_json_file file = {.path = path, .text = text, .why = why};
    bench_json_place root = {.file = &file, .value = tree};
    bool read = read_root(&root, report);
    json_decref(tree);
    free(text);
    if (!read) bench_report_deinit(report);
    return read;
}
