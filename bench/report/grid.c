/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/figures.h"

void bench_grid_init(bench_grid *grid, size_t fixed) {
    *grid = (bench_grid){.fixed = fixed};
}

void bench_grid_deinit(bench_grid *grid) {
    free(grid->cells);
    *grid = (bench_grid){0};
}

size_t bench_grid_column(bench_grid *grid, bool left, bool joined) {
    size_t column = grid->columns;
    if (column == BENCH_GRID_COLUMNS_MAX) {
        grid->failed = true;
        return column - 1;
    }
    grid->left[column] = left;
    grid->joined[column] = joined;
    grid->columns++;
    return column;
}

void bench_grid_line(bench_grid *grid) {
    if (grid->lines == grid->room && !grid->failed) {
        size_t room = grid->room * 2 + 16;
        void *cells = realloc(grid->cells, room * grid->columns * sizeof(*grid->cells));
        if (cells == NULL) {
            grid->failed = true;
        } else {
            grid->cells = cells;
            grid->room = room;
        }
    }
    if (grid->failed) return;
    memset(grid->cells[grid->lines * grid->columns], 0, grid->columns * sizeof(*grid->cells));
    grid->lines++;
}

/* U+0080 to U+009F, which terminals obey too. */
static bool second_controls(const char *at, size_t length) {
    return length == 2 && (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
}

void bench_plain_text(const char *text, char *plain, size_t size) {
    size_t used = 0;
    while (*text != '\0') {
        size_t length = bench_character(text);
        bool shown = length > 1 ? !second_controls(text, length) : length == 1 && *text >= 0x20 && *text < 0x7f;
        if (used + (shown ? length : 1) + 1 > size) break;
        if (shown) {
            memcpy(plain + used, text, length);
            used += length;
        } else {
            plain[used++] = '?';
        }
        text += length > 0 ? length : 1;
    }
    plain[used] = '\0';
}

void bench_grid_set(bench_grid *grid, size_t column, const char *text) {
    if (grid->failed || grid->lines == 0) return;
    bench_plain_text(text, grid->cells[(grid->lines - 1) * grid->columns + column], BENCH_GRID_CELL_BYTES);
}

static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static const char *cell(const bench_grid *grid, size_t line, size_t column) {
    return grid->cells[line * grid->columns + column];
}

static size_t gap_before(const bench_grid *grid, size_t column) {
    return column == 0 ? 0 : grid->joined[column] ? 1 : 2;
}

/* 0: nothing in it, not even a heading; takes no place at all. */
static void measure(const bench_grid *grid, size_t widths[BENCH_GRID_COLUMNS_MAX]) {
    for (size_t column = 0; column < grid->columns; column++) {
        widths[column] = 0;
        for (size_t line = 0; line < grid->lines; line++) {
            size_t width = width_of(cell(grid, line, column));
            if (width > widths[column]) widths[column] = width;
        }
    }
}

/* Prints the fixed columns and those from `first` to before `end`. */
static void print_block(const bench_grid *grid, const size_t *widths, size_t first, size_t end, FILE *out) {
    for (size_t line = 0; line < grid->lines; line++) {
        size_t owed = 0; /* spaces: not printed at the end of a line */
        for (size_t column = 0; column < end; column++) {
            if ((column >= grid->fixed && column < first) || widths[column] == 0) continue;
            const char *text = cell(grid, line, column);
            size_t fill = widths[column] - width_of(text);
            owed += gap_before(grid, column) + (grid->left[column] ? 0 : fill);
            if (*text != '\0') {
                (void)fprintf(out, "%*s%s", (int)owed, "", text);
                owed = 0;
            }
            if (grid->left[column]) owed += fill;
        }
        (void)fputc('\n', out);
    }
}

/* The end of the column and of what is joined to it. */
static size_t unit_end(const bench_grid *grid, size_t column) {
    size_t end = column + 1;
    while (end < grid->columns && grid->joined[end])
        end++;
    return end;
}

static size_t width_between(const bench_grid *grid, const size_t *widths, size_t first, size_t end) {
    size_t width = 0;
    for (size_t column = first; column < end; column++) {
        if (widths[column] > 0) width += widths[column] + gap_before(grid, column);
    }
    return width;
}

bool bench_grid_print(const bench_grid *grid, size_t width, FILE *out) {
    size_t widths[BENCH_GRID_COLUMNS_MAX];
    if (grid->failed) return false;
    measure(grid, widths);
    size_t fixed = width_between(grid, widths, 0, grid->fixed), first = grid->fixed;
    do {
        size_t used = fixed, end = first;
        while (end < grid->columns) {
            size_t next = unit_end(grid, end), more = width_between(grid, widths, end, next);
            if (end > first && used + more > width) break;
            used += more;
            end = next;
        }
        if (first > grid->fixed) (void)fputc('\n', out);
        print_block(grid, widths, first, end, out);
        first = end;
    } while (first < grid->columns);
    return !ferror(out);
}
