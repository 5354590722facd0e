/* SPDX-License-Identifier: Apache-2.0
 * Goal: a change is a regression when it is worse by more than the bound and the rounds of both runs don't overlap. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/cmocka_all.h"
#include "tests/unit/bench/report/sample.h"

static bench_report before, after;
static int worse;

static bool compare(const bench_report *later, FILE *out) {
    worse = bench_report_compare(&before, later, 0.1, out);
    return true;
}

/* Compares both and frees `after`; the table is the caller's. */
static char *table(void) {
    char *text = sample_text(compare, &after);
    bench_report_deinit(&after);
    return text;
}

static int fresh(void **state) {
    (void)state;
    before = sample_report();
    after = sample_report();
    return 0;
}

static int done(void **state) {
    (void)state;
    bench_report_deinit(&before);
    bench_report_deinit(&after);
    return 0;
}

/* One figure of the row "raw", 3.5 [3.25-4.0] before; returns how many regressions a median and its range make. */
static void judged(bench_figure figure, bench_median was, bench_median is, int expected, const char *line) {
    before.rows[0].figures[figure] = was;
    after = sample_report();
    after.rows[0].figures[figure] = is;
    char *text = table();
    if (worse != expected || strstr(text, line) == NULL)
        fail_msg("%d regressions, no line %s in\n%s", worse, line, text);
    free(text);
}

static void the_same_is_no_regression(void **state) {
    (void)state;
    char *text = table();
    assert_int_equal(worse, 0);
    assert_null(strstr(text, "WORSE"));
    assert_null(strstr(text, "overlap"));
    assert_null(strstr(text, "differs"));
    assert_non_null(strstr(text, "NOT A NITRO NUMBER\n"));
    assert_non_null(strstr(text, "\n7 rows compared; worse by more than 10% with ranges apart: 0\n"));
    free(text);
}

static void worse_beyond_the_bound_counts_only_with_ranges_apart(void **state) {
    (void)state;
    bench_report_deinit(&after);
    const bench_median was = sample_median(10, 9, 11);
    judged(BENCH_P50_US, was, sample_median(12, 10.9, 13), 0, "+20.0%  ranges overlap\n");
    judged(BENCH_P50_US, was, sample_median(12, 11, 13), 0, "+20.0%  ranges overlap\n");
    judged(BENCH_P50_US, was, sample_median(12, 11.1, 13), 1, "+20.0%  WORSE\n");
    judged(BENCH_P50_US, was, sample_median(11, 11, 11), 0, "+10.0%\n");
    judged(BENCH_P50_US, sample_median(10, 10, 10), sample_median(10.9, 10.9, 10.9), 0, "+9.0%\n");
    judged(BENCH_P50_US, was, sample_median(8, 7, 8.9), 0, "-20.0%  better\n");
}

static void more_is_better_where_it_is(void **state) {
    (void)state;
    bench_report_deinit(&after);
    const bench_median was = sample_median(1000, 950, 1050);
    judged(BENCH_CALLS_PER_S, was, sample_median(800, 780, 949), 1, "-20.0%  WORSE\n");
    judged(BENCH_CALLS_PER_S, was, sample_median(800, 780, 950), 0, "-20.0%  ranges overlap\n");
    judged(BENCH_CALLS_PER_S, was, sample_median(1200, 1100, 1300), 0, "+20.0%  better\n");
    judged(BENCH_MB_PER_S, was, sample_median(1e6, 1e6, 1e6), 0, "better\n");
}

static void anything_is_worse_than_nothing(void **state) {
    (void)state;
    bench_report_deinit(&after);
    const bench_median none = sample_median(0, 0, 0);
    judged(BENCH_SERVER_HEAP, none, sample_median(0.01, 0.01, 0.01), 1, "from 0  WORSE\n");
    judged(BENCH_SERVER_HEAP, none, none, 0, "+0.0%\n");
    judged(BENCH_SERVER_HEAP, sample_median(1, 1, 1), none, 0, "-100.0%  better\n");
}

static void figures_of_one_side_are_named(void **state) {
    (void)state;
    bench_report_deinit(&after);
    const bench_median unknown = {.known = false}, known = sample_median(2, 2, 2);
    judged(BENCH_WIRE_BYTES, known, unknown, 0, "only before\n");
    judged(BENCH_WIRE_BYTES, unknown, known, 0, "only after\n");
}

static void rows_of_one_side_are_named(void **state) {
    (void)state;
    after.rows[0].spec.bytes = 1536;
    after.rows[1].spec.idle_streams = 9;
    after.rows[2].spec.idle_connections = 1000;
    after.rows[3].spec.rate = 1000;
    char *text = table();
    assert_int_equal(worse, 0);
    assert_non_null(strstr(text, "\nonly before: raw: ping-pong over unix, same, 64 B, 1 in flight, 1 connection\n"));
    assert_non_null(strstr(text, "\nonly after: raw: ping-pong over unix, same, 1.5 KiB, 1 in flight, 1 connection\n"));
    assert_non_null(strstr(text, "only after: tls: ping-pong over unix, same, 64 B, 1 in flight, 1 connection, 9 idle "
                                 "streams\n"));
    assert_non_null(
        strstr(text, "only before: rpc-attested: ping-pong over unix, same, 64 B, 1 in flight, 1 connection\n"));
    assert_non_null(strstr(text,
                           "only after: rpc-attested: ping-pong over unix, same, 64 B, 1 in flight, 1 connection, "
                           "1000 idle connections\n"));
    assert_non_null(strstr(text, "only after: tls: bulk over unix, free, 64 KiB, 4 in flight, 1 connection, 1000 "
                                 "calls/s wanted\n"));
    assert_non_null(strstr(text, "\n3 rows compared; "));
    free(text);
}

static void rows_that_are_there_twice_have_one_partner_each(void **state) {
    (void)state;
    (void)snprintf(before.rows[1].mode, sizeof(before.rows[1].mode), "raw");
    (void)snprintf(after.rows[1].mode, sizeof(after.rows[1].mode), "raw");
    char *text = table();
    assert_int_equal(worse, 0);
    assert_null(strstr(text, "\nonly "));
    free(text);
}

/* A server with two loops, or one that does not poll, is another row, whatever stands beside it. */
static void loops_and_polling_are_of_the_row(void **state) {
    (void)state;
    after.rows[0].spec.loops = 2;
    after.rows[1].spec.spin_us = 0;
    after.rows[0].figures[BENCH_P50_US] = after.rows[1].figures[BENCH_P50_US] = sample_median(99, 99, 99);
    char *text = table();
    assert_int_equal(worse, 0);
    assert_non_null(strstr(text, "\nonly before: raw: ping-pong over unix, same, 64 B, 1 in flight, 1 connection\n"));
    assert_non_null(
        strstr(text, "\nonly after: raw: ping-pong over unix, same, 64 B, 1 in flight, 1 connection, 2 loops\n"));
    assert_non_null(
        strstr(text, "\nonly after: tls: ping-pong over unix, same, 64 B, 1 in flight, 1 connection, polling 0 us\n"));
    assert_non_null(strstr(text, "\n5 rows compared; "));
    free(text);
}

static void nothing_in_common_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < after.row_count; i++)
        (void)snprintf(after.rows[i].transport, 8, "tcp");
    char *text = table();
    assert_int_equal(worse, -1);
    assert_non_null(strstr(text, "\nno row is in both\n"));
    free(text);
}

static void what_else_differs_is_told(void **state) {
    (void)state;
    (void)snprintf(after.labels.kernel, sizeof(after.labels.kernel), "Linux 6.12\x1b[2J");
    (void)snprintf(after.labels.commit, sizeof(after.labels.commit), "fedcba9");
    after.labels.nitro = true;
    after.labels.optimised = false;
    after.rows[0].rounds = 1;
    after.rows[0].errors = 2;
    char *text = table();
    assert_non_null(strstr(text, "kernel    before: Linux 6.1\n          after:  Linux 6.12?[2J\n          differs"));
    assert_non_null(strstr(text, "commit    before: 0123abc+\n          after:  fedcba9\ncipher"));
    assert_non_null(strstr(text, "NOT A NITRO NUMBER\nDEBUG BUILD: not publishable\n"));
    assert_non_null(strstr(text, "  errors  0 before, 2 after\n  one round has no range: its noise is not known\n"));
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_same_is_no_regression),
        CASE(worse_beyond_the_bound_counts_only_with_ranges_apart),
        CASE(more_is_better_where_it_is),
        CASE(anything_is_worse_than_nothing),
        CASE(figures_of_one_side_are_named),
        CASE(rows_of_one_side_are_named),
        CASE(rows_that_are_there_twice_have_one_partner_each),
        CASE(loops_and_polling_are_of_the_row),
        CASE(nothing_in_common_is_an_error),
        CASE(what_else_differs_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
