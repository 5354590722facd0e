/* SPDX-License-Identifier: Apache-2.0
 * Names and texts that every way to show a report shares. Pure functions, any thread. */
#ifndef GRILLE_BENCH_REPORT_FIGURES_H
#define GRILLE_BENCH_REPORT_FIGURES_H

#include "bench/report/report.h"

typedef struct bench_figure_name {
    const char *name;    /* in JSON and CSV */
    const char *heading; /* of a table's column */
    bool less_is_better;
} bench_figure_name;

extern const bench_figure_name bench_figure_names[BENCH_FIGURE_COUNT];

/* "NOT A NITRO NUMBER", or "" for a run on Nitro hardware. */
const char *bench_notice(const bench_labels *labels);
/* "DEBUG BUILD: not publishable", or "". */
const char *bench_build_warning(const bench_labels *labels);

/* Known, and a number that can be written. */
bool bench_knows(const bench_report_row *row, bench_figure figure);

/* What the rows of one pattern are compared by: the first choice that one of `rows` knows; BENCH_FIGURE_COUNT when
 * none does. */
bench_figure bench_main_figure(const bench_report_row *const *rows, size_t count);

/* Same transport, pattern, sizes and numbers; mode and placement may differ. */
bool bench_same_work(const bench_report_row *one, const bench_report_row *other);

/* Text for people: three digits, k and M from 100,000 on. */
typedef struct bench_text {
    char text[48];
} bench_text;
bench_text bench_figure_text(double value);
bench_text bench_bytes_text(size_t bytes); /* 64 B, 1.5 KiB, 1 MiB */
/* The shortest digits that read back as the same number. */
bench_text bench_exact_text(double value);

/* Bytes of the UTF-8 character (RFC 3629) that a C string starts with; 0 when none does, and at its end. */
size_t bench_character(const char *text);

#endif
