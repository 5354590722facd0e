/* SPDX-License-Identifier: Apache-2.0
 * Goal: each row is measured once a round, in an order that a seed gives; figures are medians with the least and the
 * most; what failed is not shown. */
#include "bench/driver/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

enum { ROWS = 4, ROUNDS = 5, MEASUREMENTS = ROWS * ROUNDS };

/* What the fake measures next, for each row. */
typedef struct fake {
    const bench_plan *plan;
    size_t order[MEASUREMENTS];
    size_t made;
    size_t times[ROWS];
    size_t failing_row; /* ROWS: none */
    size_t failing_round;
    bench_outcome failure;
} fake;

static bench_plan_row rows[ROWS];
static const bench_plan plan = {.rows = rows, .row_count = ROWS, .rounds = ROUNDS};

/* Row r takes 100 (r + 1) us in its first round, then 10, 50, 20, 40 of that hundred more. */
static bench_outcome measure(void *user, const bench_plan_row *row, bench_result *result, char why[256]) {
    static const uint64_t more_us[ROUNDS] = {0, 10, 50, 20, 40};
    fake *own = user;
    const size_t which = (size_t)(row - own->plan->rows), round = own->times[which]++;
    own->order[own->made++] = which;
    if (which == own->failing_row && round == own->failing_round) {
        (void)snprintf(why, 256, "round %zu", round);
        return own->failure;
    }
    *result = (bench_result){.calls = 1000,
                             .errors = 1,
                             .message_bytes = 128000,
                             .wall_ns = (100 * (which + 1) + more_us[round]) * 1000 * 1000,
                             .client_cpu_ns = 3000000,
                             .server_cpu_ns = which == 1 ? -1 : 5000000,
                             .client_heap_calls = 0,
                             .server_heap_calls = 2000,
                             .server_rss_kib = 2048,
                             .server_first_rss_kib = -1,
                             .client_rss_kib = -1,
                             .cipher = "TLS13-TEST",
                             .latency_ns = bench_histogram_new()};
    assert_non_null(result->latency_ns);
    bench_histogram_add(result->latency_ns, 1000 * (which + 1), 1000);
    return BENCH_MEASURED;
}

static void begin(bench_rounds *rounds, fake *own, uint64_t seed) {
    memset(own, 0, sizeof *own);
    own->plan = &plan;
    own->failing_row = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        rows[i].spec = bench_spec_default();
        (void)snprintf(rows[i].mode, sizeof rows[i].mode, "row-%zu", i);
        (void)snprintf(rows[i].transport, sizeof rows[i].transport, "unix");
        (void)snprintf(rows[i].placement, sizeof rows[i].placement, "same");
    }
    assert_true(bench_rounds_init(rounds, &plan));
    rounds->seed = seed;
    rounds->measure = measure;
    rounds->measure_user = own;
}

static void each_round_has_each_row_once(void **state) {
    bench_rounds rounds;
    fake own, again, other;
    bool moved = false;
    (void)state;
    begin(&rounds, &own, 7);
    assert_true(bench_rounds_run(&rounds));
    bench_rounds_deinit(&rounds);
    assert_int_equal(own.made, MEASUREMENTS);
    for (size_t round = 0; round < ROUNDS; round++) {
        unsigned seen = 0;
        for (size_t i = 0; i < ROWS; i++) {
            seen |= 1u << own.order[round * ROWS + i];
            moved = moved || own.order[round * ROWS + i] != own.order[i];
        }
        assert_int_equal(seen, (1u << ROWS) - 1);
    }
    assert_true(moved); /* not the same order in all rounds */
    begin(&rounds, &again, 7);
    assert_true(bench_rounds_run(&rounds));
    bench_rounds_deinit(&rounds);
    assert_memory_equal(own.order, again.order, sizeof own.order);
    begin(&rounds, &other, 8);
    assert_true(bench_rounds_run(&rounds));
    bench_rounds_deinit(&rounds);
    assert_memory_not_equal(own.order, other.order, sizeof own.order);
}

/* All orders of three come about as often. */
static void shuffles_are_fair(void **state) {
    size_t counts[27] = {0}, orders = 0;
    uint64_t random = 0; /* a state that leads nowhere is not kept */
    (void)state;
    for (size_t i = 0; i < 6000; i++) {
        size_t places[3] = {0, 1, 2};
        bench_shuffle(&random, places, 3);
        counts[places[0] * 9 + places[1] * 3 + places[2]]++;
    }
    for (size_t i = 0; i < 27; i++) {
        if (counts[i] == 0) continue;
        assert_in_range(counts[i], 800, 1200);
        orders++;
    }
    assert_int_equal(orders, 6);
}

static void assert_median(const bench_report_row *row, bench_figure figure, double median, double least, double most) {
    const bench_median *found = &row->figures[figure];
    assert_true(found->known);
    assert_true(found->median > median * 0.999 && found->median < median * 1.001);
    assert_true(found->least > least * 0.999 && found->least < least * 1.001);
    assert_true(found->most > most * 0.999 && found->most < most * 1.001);
}

static void figures_are_medians(void **state) {
    bench_report report = {.row_count = 0};
    bench_rounds rounds;
    fake own;
    (void)state;
    begin(&rounds, &own, 3);
    assert_true(bench_rounds_run(&rounds));
    bench_rounds_note(&rounds, 0, BENCH_SYSTEM_CALLS, 6.5);
    assert_true(bench_rounds_report(&rounds, &report));
    bench_rounds_deinit(&rounds);
    assert_int_equal(report.row_count, ROWS);
    assert_string_equal(report.rows[2].mode, "row-2"); /* the plan's order */
    assert_string_equal(report.labels.cipher, "TLS13-TEST");
    assert_int_equal(report.rows[0].rounds, ROUNDS);
    assert_int_equal(report.rows[0].errors, ROUNDS);
    /* 100, 110, 150, 120, 140 ms for 1,000 calls */
    assert_median(&report.rows[0], BENCH_CALLS_PER_S, 1000 / 0.120, 1000 / 0.150, 1000 / 0.100);
    assert_median(&report.rows[0], BENCH_MB_PER_S, 0.128 / 0.120, 0.128 / 0.150, 0.128 / 0.100);
    assert_median(&report.rows[0], BENCH_CPU_US, 8, 8, 8);
    assert_median(&report.rows[0], BENCH_CLIENT_CPU_US, 3, 3, 3);
    assert_median(&report.rows[0], BENCH_SERVER_HEAP, 2, 2, 2);
    assert_median(&report.rows[0], BENCH_SYSTEM_CALLS, 6.5, 6.5, 6.5);
    assert_median(&report.rows[0], BENCH_SERVER_RSS_MIB, 2, 2, 2);
    assert_true(report.rows[0].figures[BENCH_P50_US].median > 0.99 &&
                report.rows[0].figures[BENCH_P50_US].median < 1.01);
    assert_true(report.rows[0].figures[BENCH_CLIENT_HEAP].known);
    assert_true(report.rows[0].figures[BENCH_CLIENT_HEAP].most == 0);
    assert_false(report.rows[1].figures[BENCH_CPU_US].known);
    assert_true(report.rows[1].figures[BENCH_CLIENT_CPU_US].known);
    assert_false(report.rows[0].figures[BENCH_WIRE_BYTES].known);
    assert_int_equal(bench_histogram_count(report.rows[0].latency_ns), 1000 * ROUNDS);
    bench_report_deinit(&report);
}

/* A row that fails is not tried again; the others go on. */
static void a_failed_row_is_left_out(void **state) {
    static const bench_outcome failures[] = {BENCH_FAILED, BENCH_UNSUPPORTED};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bench_report report = {.row_count = 0};
        bench_rounds rounds;
        fake own;
        begin(&rounds, &own, 3);
        own.failing_row = 1;
        own.failing_round = 2;
        own.failure = failures[i];
        assert_true(bench_rounds_run(&rounds));
        assert_int_equal(own.times[1], 3);
        assert_int_equal(own.times[0], ROUNDS);
        assert_string_equal(rounds.tallies[1].why, "round 2");
        assert_true(bench_rounds_report(&rounds, &report));
        assert_int_equal(report.row_count, ROWS - 1);
        assert_string_equal(report.rows[1].mode, "row-2");
        bench_report_deinit(&report);
        bench_rounds_deinit(&rounds);
    }
}

static void an_interrupt_ends_all_rounds(void **state) {
    bench_rounds rounds;
    fake own;
    (void)state;
    begin(&rounds, &own, 3);
    own.failing_row = 0;
    own.failing_round = 1;
    own.failure = BENCH_INTERRUPTED;
    assert_false(bench_rounds_run(&rounds));
    assert_in_range(own.made, ROWS + 1, 2 * ROWS);
    bench_rounds_deinit(&rounds);
}

/* What each pattern has figures of. */
static void figures_by_pattern(void **state) {
    bench_spec spec = bench_spec_default();
    bench_result result = {.calls = 200,
                           .wall_ns = 500000000,
                           .message_bytes = 1000000,
                           .client_cpu_ns = -1,
                           .server_cpu_ns = -1,
                           .client_heap_calls = -1,
                           .server_heap_calls = -1,
                           .server_rss_kib = 15 * 999 + 3072,
                           .server_first_rss_kib = 3072,
                           .client_rss_kib = -1};
    double values[BENCH_FIGURE_COUNT];
    bool known[BENCH_FIGURE_COUNT];
    (void)state;
    spec.pattern = BENCH_CONNECT;
    bench_figures_of(&spec, &result, values, known);
    assert_true(known[BENCH_CONNECTIONS_PER_S] && values[BENCH_CONNECTIONS_PER_S] > 399.9);
    assert_false(known[BENCH_CALLS_PER_S] || known[BENCH_CPU_US] || known[BENCH_P50_US]);
    spec.pattern = BENCH_IDLE;
    spec.connections = 1000;
    bench_figures_of(&spec, &result, values, known);
    assert_true(known[BENCH_KIB_PER_CONNECTION] && values[BENCH_KIB_PER_CONNECTION] > 14.99);
    assert_true(values[BENCH_KIB_PER_CONNECTION] < 15.01);
    assert_true(known[BENCH_SERVER_RSS_MIB] && values[BENCH_SERVER_RSS_MIB] > 2.99 &&
                values[BENCH_SERVER_RSS_MIB] < 3.01);
    assert_false(known[BENCH_CALLS_PER_S]);
    spec.connections = 1;
    bench_figures_of(&spec, &result, values, known);
    assert_false(known[BENCH_KIB_PER_CONNECTION]);
    /* Nothing happened: nothing is divided by it. */
    spec.pattern = BENCH_BULK;
    result.calls = 0;
    bench_figures_of(&spec, &result, values, known);
    assert_false(known[BENCH_CALLS_PER_S] || known[BENCH_MB_PER_S]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_round_has_each_row_once), cmocka_unit_test(shuffles_are_fair),
        cmocka_unit_test(figures_are_medians),          cmocka_unit_test(a_failed_row_is_left_out),
        cmocka_unit_test(an_interrupt_ends_all_rounds), cmocka_unit_test(figures_by_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
