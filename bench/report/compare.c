/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/figures.h"
#include "bench/report/grid.h"
#include "bench/report/group.h"
#include "bench/report/labels.h"

enum { COMPARE_WIDTH = 150 };

typedef enum verdict {
    UNCHANGED,     /* within the bound */
    BETTER,        /* beyond it, ranges apart */
    WORSE,         /* the same, the wrong way: what is counted */
    RANGES_OVERLAP /* beyond it, but rounds of both runs say the same */
} verdict;

static const char *const verdict_texts[] = {
    [UNCHANGED] = "",
    [BETTER] = "better",
    [WORSE] = "WORSE",
    [RANGES_OVERLAP] = "ranges overlap",
};

/* By how much more: 0.1 is ten parts in a hundred; from 0 to anything is without bound. */
static double change_of(const bench_median *before, const bench_median *after) {
    if (before->median > 0) return after->median / before->median - 1;
    return after->median > 0 ? INFINITY : 0;
}

static verdict judge(const bench_median *before, const bench_median *after, bool less_is_better, double bound) {
    double more = after->median - before->median;
    if (fabs(more) <= bound * before->median) return UNCHANGED;
    if (!(after->least > before->most) && !(after->most < before->least)) return RANGES_OVERLAP;
    return (more > 0) == less_is_better ? WORSE : BETTER;
}

static bool same_row(const bench_report_row *one, const bench_report_row *other) {
    return strcmp(one->mode, other->mode) == 0 && strcmp(one->placement, other->placement) == 0 &&
           one->spec.loops == other->spec.loops && one->spec.spin_us == other->spec.spin_us &&
           bench_same_work(one, other);
}

/* Of those that are alike the first that has no partner yet. */
static size_t partner_of(const bench_report_row *row, const bench_report *after, const bool *used) {
    size_t i = 0;
    while (i < after->row_count && (used[i] || !same_row(row, &after->rows[i])))
        i++;
    return i;
}

static void print_row_name(const bench_report_row *row, FILE *out) {
    char mode[64], transport[32], placement[32];
    const bench_spec usual = bench_spec_default();
    const char *pattern = bench_pattern_word(row->spec.pattern);
    bench_plain_text(row->mode, mode, sizeof(mode));
    bench_plain_text(row->transport, transport, sizeof(transport));
    bench_plain_text(row->placement, placement, sizeof(placement));
    (void)fprintf(out, "%s: %s over %s, %s, %s, %u in flight, %u %s", mode, pattern != NULL ? pattern : "?", transport,
                  placement, bench_bytes_text(row->spec.bytes).text, row->spec.in_flight, row->spec.connections,
                  row->spec.connections == 1 ? "connection" : "connections");
    if (row->spec.idle_streams > 0) (void)fprintf(out, ", %u idle streams", row->spec.idle_streams);
    if (row->spec.idle_connections > 0) (void)fprintf(out, ", %u idle connections", row->spec.idle_connections);
    if (row->spec.rate > 0) (void)fprintf(out, ", %s calls/s wanted", bench_figure_text(row->spec.rate).text);
    if (row->spec.loops != usual.loops) (void)fprintf(out, ", %u loops", row->spec.loops);
    if (row->spec.spin_us != usual.spin_us) (void)fprintf(out, ", polling %u us", row->spec.spin_us);
}

static void set_median(bench_grid *grid, size_t column, const bench_report_row *row, bench_figure figure) {
    const bench_median *median = &row->figures[figure];
    char range[BENCH_GRID_CELL_BYTES];
    if (!bench_knows(row, figure)) {
        bench_grid_set(grid, column, "-");
        return;
    }
    bench_text least = bench_figure_text(median->least), most = bench_figure_text(median->most);
    bench_grid_set(grid, column, bench_figure_text(median->median).text);
    (void)snprintf(range, sizeof(range), "[%.30s-%.30s]", least.text, most.text);
    if (strcmp(least.text, most.text) != 0) bench_grid_set(grid, column + 1, range);
}

static void set_change(bench_grid *grid, size_t column, double change) {
    char text[32];
    (void)snprintf(text, sizeof(text), "%+.1f%%", change * 100);
    bench_grid_set(grid, column, isfinite(change) ? text : "from 0");
}

enum { NAME, BEFORE, BEFORE_RANGE, AFTER, AFTER_RANGE, CHANGE, VERDICT };

static void start_grid(bench_grid *grid) {
    bench_grid_init(grid, 0);
    for (int column = NAME; column <= VERDICT; column++) {
        bool range = column == BEFORE_RANGE || column == AFTER_RANGE;
        (void)bench_grid_column(grid, column == NAME || column == VERDICT || range, range);
    }
    bench_grid_line(grid);
    bench_grid_set(grid, NAME, "  figure");
    bench_grid_set(grid, BEFORE, "before");
    bench_grid_set(grid, AFTER, "after");
    bench_grid_set(grid, CHANGE, "change");
    bench_grid_set(grid, VERDICT, "verdict");
}

/* One line of the table; true when it is a regression. */
static bool compare_figure(bench_grid *grid, const bench_report_row *before, const bench_report_row *after,
                           bench_figure figure, double bound) {
    bool known_before = bench_knows(before, figure), known_after = bench_knows(after, figure);
    char name[48];
    if (!known_before && !known_after) return false;
    bench_grid_line(grid);
    (void)snprintf(name, sizeof(name), "  %s", bench_figure_names[figure].heading);
    bench_grid_set(grid, NAME, name);
    set_median(grid, BEFORE, before, figure);
    set_median(grid, AFTER, after, figure);
    if (!known_before || !known_after) {
        bench_grid_set(grid, VERDICT, known_before ? "only before" : "only after");
        return false;
    }
    const bench_median *was = &before->figures[figure], *is = &after->figures[figure];
    verdict found = judge(was, is, bench_figure_names[figure].less_is_better, bound);
    set_change(grid, CHANGE, change_of(was, is));
    bench_grid_set(grid, VERDICT, verdict_texts[found]);
    return found == WORSE;
}

/* Negative: no memory, or a write failed. */
static int compare_rows(const bench_report_row *before, const bench_report_row *after, double bound, FILE *out) {
    bench_grid grid;
    int worse = 0;
    (void)fputc('\n', out);
    print_row_name(before, out);
    (void)fputc('\n', out);
    start_grid(&grid);
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        worse += compare_figure(&grid, before, after, (bench_figure)figure, bound);
    }
    if (grid.failed || (grid.lines > 1 && !bench_grid_print(&grid, COMPARE_WIDTH, out))) worse = -1;
    if (before->errors != after->errors) {
        (void)fprintf(out, "  errors  %llu before, %llu after\n", (unsigned long long)before->errors,
                      (unsigned long long)after->errors);
    }
    if (before->rounds < 2 || after->rounds < 2) (void)fputs("  one round has no range: its noise is not known\n", out);
    bench_grid_deinit(&grid);
    return worse;
}

/* What must be alike for a change to be the code's. */
static void print_labels(const bench_labels *before, const bench_labels *after, FILE *out) {
    char was[600], is[600];
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++) {
        const char *name = bench_label_texts[i].name;
        bench_plain_text(bench_label_text(before, i), was, sizeof(was));
        bench_plain_text(bench_label_text(after, i), is, sizeof(is));
        bool expected = strcmp(name, "commit") == 0 || strcmp(name, "date_utc") == 0 || strcmp(name, "command") == 0 ||
                        strcmp(name, "note") == 0;
        if (strcmp(was, is) == 0) {
            if (*was != '\0') (void)fprintf(out, "%-9s %s\n", name, was);
        } else {
            (void)fprintf(out, "%-9s before: %s\n%-9s after:  %s\n", name, was, "", is);
            if (!expected) (void)fprintf(out, "%-9s differs: a change below may come from it\n", "");
        }
    }
    if (!before->nitro || !after->nitro) (void)fputs("NOT A NITRO NUMBER\n", out);
    if (!before->optimised || !after->optimised) (void)fputs("DEBUG BUILD: not publishable\n", out);
}

static void name_missing(const bench_report_row *row, const char *where, FILE *out) {
    (void)fprintf(out, "\nonly %s: ", where);
    print_row_name(row, out);
    (void)fputc('\n', out);
}

int bench_report_compare(const bench_report *before, const bench_report *after, double bound, FILE *out) {
    bool *used = calloc(after->row_count + 1, sizeof(*used));
    int worse = 0, common = 0, rows_worse;
    if (used == NULL) return -1;
    print_labels(&before->labels, &after->labels, out);
    for (size_t i = 0; i < before->row_count && worse >= 0; i++) {
        size_t partner = partner_of(&before->rows[i], after, used);
        if (partner == after->row_count) {
            name_missing(&before->rows[i], "before", out);
            continue;
        }
        used[partner] = true;
        common++;
        rows_worse = compare_rows(&before->rows[i], &after->rows[partner], bound, out);
        worse = rows_worse < 0 ? -1 : worse + rows_worse;
    }
    for (size_t i = 0; i < after->row_count; i++) {
        if (!used[i]) name_missing(&after->rows[i], "after", out);
    }
    free(used);
    if (worse < 0) return -1;
    if (common == 0) {
        (void)fputs("\nno row is in both\n", out);
        return -1;
    }
    (void)fprintf(out, "\n%d %s compared; worse by more than %g%% with ranges apart: %d\n", common,
                  common == 1 ? "row" : "rows", bound * 100, worse);
    return worse;
}
