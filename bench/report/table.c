/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/ioctl.h>

#include "bench/report/grid.h"
#include "bench/report/group.h"

enum { FILE_WIDTH = 150, TERMINAL_WIDTH_MIN = 60 };

/* Of the terminal, when it is one. */
static size_t width_of(FILE *out) {
    struct winsize size;
    if (fileno(out) < 0 || ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return FILE_WIDTH;
    return size.ws_col > TERMINAL_WIDTH_MIN ? size.ws_col : TERMINAL_WIDTH_MIN;
}

static void print_label(FILE *out, const char *name, const char *text) {
    char plain[600];
    if (*text == '\0') return;
    bench_plain_text(text, plain, sizeof(plain));
    (void)fprintf(out, "%-9s %s\n", name, plain);
}

static void print_labels(const bench_labels *labels, FILE *out) {
    char build[512];
    (void)snprintf(build, sizeof(build), "%s %s, commit %s", labels->compiler, labels->flags, labels->commit);
    print_label(out, "machine", labels->machine);
    print_label(out, "system", labels->system);
    print_label(out, "kernel", labels->kernel);
    print_label(out, "build", build);
    print_label(out, "cipher", labels->cipher);
    print_label(out, "date", labels->date_utc);
    print_label(out, "command", labels->command);
    print_label(out, "note", labels->note);
}

static void print_warnings(const bench_labels *labels, FILE *out) {
    const char *lines[] = {bench_notice(labels), bench_build_warning(labels)};
    for (size_t i = 0; i < 2; i++) {
        if (lines[i][0] != '\0') (void)fprintf(out, "%s\n", lines[i]);
    }
}

/* Each figure takes two columns: the median, and its range. */
static void fill_grid(const bench_group *group, bench_grid *grid) {
    size_t places[BENCH_GROUP_COLUMNS_MAX];
    for (size_t i = 0; i < group->column_count; i++) {
        bool names = bench_column_names(&group->columns[i]);
        places[i] = bench_grid_column(grid, group->columns[i].kind <= BENCH_COLUMN_TRANSPORT, false);
        if (names) grid->fixed = grid->columns;
        if (!names) (void)bench_grid_column(grid, true, true);
    }
    bench_grid_line(grid);
    for (size_t i = 0; i < group->column_count; i++)
        bench_grid_set(grid, places[i], group->columns[i].heading);
    for (size_t row = 0; row < group->row_count; row++) {
        bench_grid_line(grid);
        for (size_t i = 0; i < group->column_count; i++) {
            bench_text value, range;
            bench_group_cell(group, &group->columns[i], group->rows[row], &value, &range);
            bench_grid_set(grid, places[i], value.text);
            if (!bench_column_names(&group->columns[i])) bench_grid_set(grid, places[i] + 1, range.text);
        }
    }
}

static bool print_group(const bench_group *group, size_t width, FILE *out) {
    char title[sizeof(group->title)];
    bench_grid grid;
    bench_plain_text(group->title, title, sizeof(title));
    (void)fprintf(out, "\n%s\n", title);
    bench_grid_init(&grid, 0);
    fill_grid(group, &grid);
    bool printed = bench_grid_print(&grid, width, out);
    bench_grid_deinit(&grid);
    return printed;
}

static void print_legend(FILE *out) {
    (void)fputs("\nmedian [min-max] of the rounds; x tls: the first figure, as a multiple of that row's.\n"
                "Client and server share this machine: more work than it has CPUs for measures its scheduler.\n"
                "Only rows of one run compare, and of one placement; unpinned latency is mostly the scheduler's.\n",
                out);
}

bool bench_report_table_in(const bench_report *report, size_t width, FILE *out) {
    bench_group *groups;
    size_t count;
    bool printed = true;
    if (!bench_groups_of(report, &groups, &count)) return false;
    print_warnings(&report->labels, out);
    print_labels(&report->labels, out);
    for (size_t i = 0; i < count && printed; i++)
        printed = print_group(&groups[i], width, out);
    if (count == 0) (void)fputs("\nno rows\n", out);
    print_legend(out);
    print_warnings(&report->labels, out);
    bench_groups_free(groups, count);
    return printed && !ferror(out);
}

bool bench_report_table(const bench_report *report, FILE *out) {
    return bench_report_table_in(report, width_of(out), out);
}
