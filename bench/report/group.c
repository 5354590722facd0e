/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/group.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "grille/bytes.h"

const char *bench_placement_text(const char *placement) {
    if (strcmp(placement, "same") == 0) return "both ends on one CPU";
    if (strcmp(placement, "split") == 0) return "each end on a CPU of its own";
    if (strcmp(placement, "free") == 0) return "not pinned";
    return placement;
}

/* What a row is named by, as text; `words` for a title, else for a column under its heading. */
static bench_text parameter(const bench_report_row *row, bench_column_kind kind, bool words) {
    const bench_spec *spec = &row->spec;
    bench_text result = {""};
    char *text = result.text;
    size_t size = sizeof(result.text);
    switch (kind) {
    case BENCH_COLUMN_MODE:
        (void)snprintf(text, size, "%s", row->mode);
        break;
    case BENCH_COLUMN_TRANSPORT:
        (void)snprintf(text, size, "%s", row->transport);
        break;
    case BENCH_COLUMN_BYTES:
        result = bench_bytes_text(spec->bytes);
        break;
    case BENCH_COLUMN_IN_FLIGHT:
        (void)snprintf(text, size, "%" PRIu32 "%s", spec->in_flight, words ? " in flight" : "");
        break;
    case BENCH_COLUMN_CONNECTIONS:
        (void)snprintf(text, size, "%" PRIu32 "%s", spec->connections,
                       !words                   ? ""
                       : spec->connections == 1 ? " connection"
                                                : " connections");
        break;
    case BENCH_COLUMN_IDLE_STREAMS:
        if (words && spec->idle_streams == 0) break;
        (void)snprintf(text, size, "%" PRIu32 "%s", spec->idle_streams, words ? " idle streams" : "");
        break;
    case BENCH_COLUMN_IDLE_CONNECTIONS:
        if (words && spec->idle_connections == 0) break;
        (void)snprintf(text, size, "%" PRIu32 "%s", spec->idle_connections, words ? " idle connections" : "");
        break;
    case BENCH_COLUMN_RATE:
        if (!(spec->rate > 0)) {
            (void)snprintf(text, size, "%s", words ? "" : "-");
        } else {
            (void)snprintf(text, size, "%.20s%s", bench_figure_text(spec->rate).text, words ? " calls/s wanted" : "");
        }
        break;
    case BENCH_COLUMN_ROUNDS:
        (void)snprintf(text, size, "%" PRIu32 "%s", row->rounds, !words ? "" : row->rounds == 1 ? " round" : " rounds");
        break;
    case BENCH_COLUMN_ERRORS:
        if (words && row->errors == 0) break;
        (void)snprintf(text, size, "%" PRIu64 "%s", row->errors, words ? " errors each" : "");
        break;
    case BENCH_COLUMN_FIGURE:
    case BENCH_COLUMN_RATIO:
        break;
    }
    return result;
}

static const char *const headings[] = {
    [BENCH_COLUMN_MODE] = "row",
    [BENCH_COLUMN_TRANSPORT] = "transport",
    [BENCH_COLUMN_BYTES] = "bytes",
    [BENCH_COLUMN_IN_FLIGHT] = "in flight",
    [BENCH_COLUMN_CONNECTIONS] = "conns",
    [BENCH_COLUMN_IDLE_STREAMS] = "idle streams",
    [BENCH_COLUMN_IDLE_CONNECTIONS] = "idle conns",
    [BENCH_COLUMN_RATE] = "rate",
    [BENCH_COLUMN_ROUNDS] = "rounds",
    [BENCH_COLUMN_ERRORS] = "errors",
};

static bool differs(const bench_group *group, bench_column_kind kind) {
    bench_text first = parameter(group->rows[0], kind, false);
    for (size_t i = 1; i < group->row_count; i++) {
        if (strcmp(first.text, parameter(group->rows[i], kind, false).text) != 0) return true;
    }
    return false;
}

static void add_column(bench_group *group, bench_column column) {
    if (group->column_count < BENCH_GROUP_COLUMNS_MAX) group->columns[group->column_count++] = column;
}

GRILLE_PRINTF(2, 3) static void add_to_title(bench_group *group, const char *format, ...) {
    size_t used = strlen(group->title);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(group->title + used, sizeof(group->title) - used, format, arguments);
    va_end(arguments);
}

/* Names of rows: columns when they differ, else words of the title. */
static void name_rows(bench_group *group) {
    const bench_report_row *first = group->rows[0];
    const char *pattern = bench_pattern_word(first->spec.pattern), *separator = ": ";
    add_to_title(group, "%s, %s", pattern != NULL ? pattern : "?", bench_placement_text(first->placement));
    for (bench_column_kind kind = BENCH_COLUMN_MODE; kind <= BENCH_COLUMN_ERRORS; kind++) {
        if (kind == BENCH_COLUMN_MODE || differs(group, kind)) {
            bench_column column = {.kind = kind};
            (void)snprintf(column.heading, sizeof(column.heading), "%s", headings[kind]);
            add_column(group, column);
            continue;
        }
        bench_text words = parameter(first, kind, true);
        if (words.text[0] == '\0') continue;
        add_to_title(group, "%s%s", separator, words.text);
        separator = ", ";
    }
}

double bench_group_ratio(const bench_group *group, const bench_report_row *row, const char *against) {
    if (group->main == BENCH_FIGURE_COUNT || !bench_knows(row, group->main)) return -1;
    for (size_t i = 0; i < group->row_count; i++) {
        const bench_report_row *other = group->rows[i];
        if (strcmp(other->mode, against) != 0 || !bench_same_work(row, other)) continue;
        if (!bench_knows(other, group->main) || !(other->figures[group->main].median > 0)) return -1;
        return row->figures[group->main].median / other->figures[group->main].median;
    }
    return -1;
}

static bool has_ratio(const bench_group *group, const char *against) {
    for (size_t i = 0; i < group->row_count; i++) {
        if (strcmp(group->rows[i]->mode, against) != 0 && bench_group_ratio(group, group->rows[i], against) >= 0) {
            return true;
        }
    }
    return false;
}

static void add_ratio(bench_group *group, const char *against) {
    bench_column column = {.kind = BENCH_COLUMN_RATIO, .figure = group->main, .against = against};
    for (size_t i = 0; i < group->column_count; i++) {
        const bench_column *earlier = &group->columns[i];
        if (earlier->kind == BENCH_COLUMN_RATIO && strcmp(earlier->against, against) == 0) return;
    }
    if (!has_ratio(group, against)) return;
    (void)snprintf(column.heading, sizeof(column.heading), "x %s", against);
    add_column(group, column);
}

/* Against what a channel can't be faster than, and against peers; not against our own other rows. */
static void add_ratios(bench_group *group) {
    size_t before = group->column_count;
    add_ratio(group, "tls");
    add_ratio(group, "raw");
    for (size_t i = 0; i < group->row_count && group->column_count < before + BENCH_REFERENCES_MAX; i++) {
        if (strncmp(group->rows[i]->mode, "rpc-", 4) != 0) add_ratio(group, group->rows[i]->mode);
    }
}

static void add_figure(bench_group *group, bench_figure figure) {
    bench_column column = {.kind = BENCH_COLUMN_FIGURE, .figure = figure};
    bool known = false;
    for (size_t i = 0; i < group->row_count && !known; i++)
        known = bench_knows(group->rows[i], figure);
    if (!known) return;
    (void)snprintf(column.heading, sizeof(column.heading), "%s", bench_figure_names[figure].heading);
    add_column(group, column);
}

/* What the rows are compared by comes first, with its ratios. */
static void add_figures(bench_group *group) {
    if (group->main == BENCH_FIGURE_COUNT) return;
    add_figure(group, group->main);
    add_ratios(group);
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        if ((bench_figure)figure != group->main) add_figure(group, (bench_figure)figure);
    }
}

static bool same_group(const bench_report_row *one, const bench_report_row *other) {
    return one->spec.pattern == other->spec.pattern && strcmp(one->placement, other->placement) == 0;
}

static bench_group *group_for(bench_group *groups, size_t *count, const bench_report_row *row) {
    for (size_t i = 0; i < *count; i++) {
        if (same_group(groups[i].rows[0], row)) return &groups[i];
    }
    return &groups[(*count)++];
}

bool bench_groups_of(const bench_report *report, bench_group **groups, size_t *count) {
    *count = 0;
    *groups = calloc(report->row_count + 1, sizeof(**groups));
    if (*groups == NULL) return false;
    for (size_t i = 0; i < report->row_count; i++) {
        bench_group *group = group_for(*groups, count, &report->rows[i]);
        if (group->rows == NULL) group->rows = calloc(report->row_count, sizeof(const bench_report_row *));
        if (group->rows == NULL) {
            bench_groups_free(*groups, *count);
            *groups = NULL;
            *count = 0;
            return false;
        }
        group->rows[group->row_count++] = &report->rows[i];
    }
    for (size_t i = 0; i < *count; i++) {
        bench_group *group = &(*groups)[i];
        group->main = bench_main_figure(group->rows, group->row_count);
        name_rows(group);
        add_figures(group);
    }
    return true;
}

void bench_groups_free(bench_group *groups, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(groups[i].rows);
    free(groups);
}

bool bench_column_names(const bench_column *column) {
    return column->kind != BENCH_COLUMN_FIGURE && column->kind != BENCH_COLUMN_RATIO;
}

void bench_group_cell(const bench_group *group, const bench_column *column, const bench_report_row *row,
                      bench_text *value, bench_text *range) {
    range->text[0] = '\0';
    if (bench_column_names(column)) {
        *value = parameter(row, column->kind, false);
    } else if (column->kind == BENCH_COLUMN_RATIO) {
        double ratio = bench_group_ratio(group, row, column->against);
        (void)snprintf(value->text, sizeof(value->text), "-");
        if (ratio >= 0) *value = bench_figure_text(ratio);
    } else if (!bench_knows(row, column->figure)) {
        (void)snprintf(value->text, sizeof(value->text), "-");
    } else {
        const bench_median *median = &row->figures[column->figure];
        bench_text least = bench_figure_text(median->least), most = bench_figure_text(median->most);
        *value = bench_figure_text(median->median);
        if (strcmp(least.text, most.text) == 0) return;
        (void)snprintf(range->text, sizeof(range->text), "[%.20s-%.20s]", least.text, most.text);
    }
}
