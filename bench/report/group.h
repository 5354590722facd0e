/* SPDX-License-Identifier: Apache-2.0
 * The rows of one pattern and placement, and which columns a table of them has. The report outlives its groups. */
#ifndef GRILLE_BENCH_REPORT_GROUP_H
#define GRILLE_BENCH_REPORT_GROUP_H

#include "bench/report/figures.h"

enum { BENCH_GROUP_COLUMNS_MAX = 40, BENCH_REFERENCES_MAX = 8 };

typedef enum bench_column_kind {
    BENCH_COLUMN_MODE,
    BENCH_COLUMN_TRANSPORT,
    BENCH_COLUMN_BYTES,
    BENCH_COLUMN_IN_FLIGHT,
    BENCH_COLUMN_CONNECTIONS,
    BENCH_COLUMN_IDLE_STREAMS,
    BENCH_COLUMN_IDLE_CONNECTIONS,
    BENCH_COLUMN_RATE,
    BENCH_COLUMN_ROUNDS,
    BENCH_COLUMN_ERRORS,
    BENCH_COLUMN_FIGURE,
    BENCH_COLUMN_RATIO, /* the main figure as a multiple of that of the row `against` for the same work */
} bench_column_kind;

typedef struct bench_column {
    bench_column_kind kind;
    bench_figure figure;
    const char *against; /* a mode */
    char heading[48];
} bench_column;

typedef struct bench_group {
    const bench_report_row **rows; /* in the report's order */
    size_t row_count;
    bench_figure main; /* BENCH_FIGURE_COUNT: none is known */
    bench_column columns[BENCH_GROUP_COLUMNS_MAX];
    size_t column_count;
    char title[256]; /* pattern, placement and whatever all rows have in common */
} bench_group;

/* The groups in the order in which their first rows stand. False: no memory. */
bool bench_groups_of(const bench_report *report, bench_group **groups, size_t *count);
void bench_groups_free(bench_group *groups, size_t count);

/* `range` is "[min-max]", or empty when nothing varied; unknown figures are "-". */
void bench_group_cell(const bench_group *group, const bench_column *column, const bench_report_row *row,
                      bench_text *value, bench_text *range);

/* True for the columns that name the row rather than tell a result. */
bool bench_column_names(const bench_column *column);

/* What its figure is to that of the row `against`; negative: one of the two is not known. */
double bench_group_ratio(const bench_group *group, const bench_report_row *row, const char *against);

/* The words for a placement in a title. */
const char *bench_placement_text(const char *placement);

#endif
