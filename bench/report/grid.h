/* SPDX-License-Identifier: Apache-2.0
 * Cells of text that are printed in aligned columns. One thread at a time. */
#ifndef GRILLE_BENCH_REPORT_GRID_H
#define GRILLE_BENCH_REPORT_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { BENCH_GRID_COLUMNS_MAX = 96, BENCH_GRID_CELL_BYTES = 80 };

typedef struct bench_grid {
    size_t columns;
    size_t fixed;                        /* so many first columns are repeated where the rest goes on below */
    size_t lines;                        /* with the heading */
    size_t room;                         /* lines that `cells` can hold */
    bool failed;                         /* no memory: prints nothing */
    bool left[BENCH_GRID_COLUMNS_MAX];   /* aligned left, else right */
    bool joined[BENCH_GRID_COLUMNS_MAX]; /* belongs to the column before it: one space between, never parted */
    char (*cells)[BENCH_GRID_CELL_BYTES];
} bench_grid;

void bench_grid_init(bench_grid *grid, size_t fixed);
void bench_grid_deinit(bench_grid *grid);
/* All columns before the first line. Returns its number. */
size_t bench_grid_column(bench_grid *grid, bool left, bool joined);
/* A line of empty cells after the last one. */
void bench_grid_line(bench_grid *grid);
/* Into the last line; cut to what a cell holds. Control characters and bytes that are no UTF-8 become '?'. */
void bench_grid_set(bench_grid *grid, size_t column, const char *text);
/* Columns that don't fit in `width` follow below in another block. False: no memory or a write failed. */
bool bench_grid_print(const bench_grid *grid, size_t width, FILE *out);

/* As a cell would show it, into `size` bytes. */
void bench_plain_text(const char *text, char *plain, size_t size);

#endif
