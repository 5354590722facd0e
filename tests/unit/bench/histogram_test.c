/* SPDX-License-Identifier: Apache-2.0
 * Goal: a histogram's quantiles are those of the sorted values, to under 0.8 %; extremes are exact; merging and reading
 * back lose nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/agent/histogram.h"

enum { VALUES = 20000 };
static const uint64_t top = (uint64_t)1 << 40;
static const double quantiles[] = {0, 0.0001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};

static uint64_t state;

/* xorshift64 (Marsaglia 2003): the same values in each run. */
static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Of all magnitudes alike. */
static uint64_t next_value(void) {
    const unsigned bits = (unsigned)(next_random() % 40);
    return ((uint64_t)1 << bits) + next_random() % ((uint64_t)1 << bits);
}

static int compare(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static uint64_t exact_at(const uint64_t *sorted, size_t count, double quantile) {
    size_t rank = (size_t)(quantile * (double)count);
    if ((double)rank < quantile * (double)count) rank++;
    return sorted[rank > 0 ? rank - 1 : 0];
}

static void assert_close(uint64_t observed, uint64_t expected) {
    assert_true(observed >= expected);
    assert_true((double)(observed - expected) < 0.008 * (double)expected || observed == expected);
}

static void assert_same(const bench_histogram *left, const bench_histogram *right) {
    uint64_t value[2] = {0, 0};
    uint64_t count[2] = {0, 0};
    size_t step[2] = {0, 0};
    while (bench_histogram_next(left, &step[0], &value[0], &count[0])) {
        assert_true(bench_histogram_next(right, &step[1], &value[1], &count[1]));
        assert_int_equal(value[0], value[1]);
        assert_int_equal(count[0], count[1]);
    }
    assert_false(bench_histogram_next(right, &step[1], &value[1], &count[1]));
    assert_int_equal(bench_histogram_count(left), bench_histogram_count(right));
}

static void test_quantiles_of_random_values(void **unused) {
    uint64_t *values = malloc(VALUES * sizeof *values);
    bench_histogram *histogram = bench_histogram_new();
    (void)unused;
    state = 88172645463325252u;
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = next_value();
        bench_histogram_add(histogram, values[i], 1);
    }
    qsort(values, VALUES, sizeof *values, compare);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        assert_close(bench_histogram_at(histogram, quantiles[i]), exact_at(values, VALUES, quantiles[i]));
    assert_int_equal(bench_histogram_count(histogram), VALUES);
    assert_int_equal(bench_histogram_least(histogram), values[0]);
    assert_int_equal(bench_histogram_most(histogram), values[VALUES - 1]);
    assert_int_equal(bench_histogram_at(histogram, 1), values[VALUES - 1]);
    bench_histogram_free(histogram);
    free(values);
}

/* Every bucket's neighbours, at every magnitude. */
static void test_each_value_is_known_to_one_part_in_128(void **unused) {
    bench_histogram *histogram = bench_histogram_new();
    (void)unused;
    for (unsigned bits = 0; bits < 40; bits++) {
        for (uint64_t part = 0; part < 256; part++) {
            const uint64_t value = ((uint64_t)1 << bits) + (((uint64_t)1 << bits) * part >> 8);
            bench_histogram_clear(histogram);
            bench_histogram_add(histogram, value, 1);
            bench_histogram_add(histogram, top, 1);
            assert_close(bench_histogram_at(histogram, 0.5), value);
        }
    }
    bench_histogram_free(histogram);
}

static void test_small_values_are_exact(void **unused) {
    bench_histogram *histogram = bench_histogram_new();
    uint64_t value = 0;
    uint64_t count = 0;
    size_t step = 0;
    (void)unused;
    for (uint64_t i = 0; i < 256; i++)
        bench_histogram_add(histogram, i, i + 1);
    for (uint64_t i = 0; i < 256; i++) {
        assert_true(bench_histogram_next(histogram, &step, &value, &count));
        assert_int_equal(value, i);
        assert_int_equal(count, i + 1);
    }
    assert_false(bench_histogram_next(histogram, &step, &value, &count));
    bench_histogram_free(histogram);
}

static void test_extremes(void **unused) {
    bench_histogram *histogram = bench_histogram_new();
    size_t step = 0;
    uint64_t value = 0;
    uint64_t count = 0;
    (void)unused;
    assert_int_equal(bench_histogram_count(histogram), 0);
    assert_int_equal(bench_histogram_at(histogram, 0.5), 0);
    assert_int_equal(bench_histogram_least(histogram), 0);
    assert_int_equal(bench_histogram_most(histogram), 0);
    assert_true(bench_histogram_mean(histogram) == 0 && bench_histogram_deviation(histogram) == 0);
    assert_false(bench_histogram_next(histogram, &step, &value, &count));
    bench_histogram_add(histogram, 7, 0);
    assert_int_equal(bench_histogram_count(histogram), 0);
    bench_histogram_add(histogram, UINT64_MAX, 2);
    bench_histogram_add(histogram, top + 1, 1);
    bench_histogram_add(histogram, top, 1);
    assert_int_equal(bench_histogram_most(histogram), top);
    assert_int_equal(bench_histogram_least(histogram), top);
    assert_int_equal(bench_histogram_at(histogram, 0.5), top);
    bench_histogram_add(histogram, top - 1, 1);
    assert_int_equal(bench_histogram_least(histogram), top - 1);
    step = 0;
    assert_true(bench_histogram_next(histogram, &step, &value, &count));
    assert_int_equal(value, top - 1);
    assert_int_equal(count, 1);
    assert_true(bench_histogram_next(histogram, &step, &value, &count));
    assert_int_equal(value, top);
    assert_int_equal(count, 4);
    bench_histogram_clear(histogram);
    assert_int_equal(bench_histogram_count(histogram), 0);
    assert_int_equal(bench_histogram_most(histogram), 0);
    bench_histogram_free(histogram);
}

static void test_merging_is_adding(void **unused) {
    bench_histogram *parts[2] = {bench_histogram_new(), bench_histogram_new()};
    bench_histogram *all = bench_histogram_new();
    bench_histogram *read_back = bench_histogram_new();
    uint64_t value = 0;
    uint64_t count = 0;
    size_t step = 0;
    (void)unused;
    state = 2463534242u;
    for (size_t i = 0; i < VALUES; i++) {
        value = next_value();
        bench_histogram_add(parts[i % 2], value, i % 3);
        bench_histogram_add(all, value, i % 3);
    }
    bench_histogram_merge(parts[0], parts[1]);
    assert_same(parts[0], all);
    assert_int_equal(bench_histogram_least(parts[0]), bench_histogram_least(all));
    assert_int_equal(bench_histogram_most(parts[0]), bench_histogram_most(all));
    while (bench_histogram_next(all, &step, &value, &count))
        bench_histogram_add(read_back, value, count);
    assert_same(read_back, all);
    bench_histogram_clear(parts[1]);
    bench_histogram_merge(all, parts[1]);
    assert_same(read_back, all);
    bench_histogram_merge(parts[1], all);
    assert_int_equal(bench_histogram_least(parts[1]), bench_histogram_least(all));
    bench_histogram_free(parts[0]);
    bench_histogram_free(parts[1]);
    bench_histogram_free(all);
    bench_histogram_free(read_back);
}

static void test_mean_and_deviation(void **unused) {
    bench_histogram *histogram = bench_histogram_new();
    (void)unused;
    bench_histogram_add(histogram, 100, 3);
    bench_histogram_add(histogram, 200, 1);
    assert_true(bench_histogram_mean(histogram) == 125);
    /* sqrt((3 * 25² + 75²) / 4) */
    assert_true(bench_histogram_deviation(histogram) > 43.30 && bench_histogram_deviation(histogram) < 43.31);
    bench_histogram_clear(histogram);
    bench_histogram_add(histogram, 1000000, 1);
    bench_histogram_add(histogram, 3000000, 1);
    assert_true(bench_histogram_mean(histogram) > 1992000 && bench_histogram_mean(histogram) < 2008000);
    assert_true(bench_histogram_deviation(histogram) > 992000 && bench_histogram_deviation(histogram) < 1008000);
    bench_histogram_free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_of_random_values),
        cmocka_unit_test(test_each_value_is_known_to_one_part_in_128),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_merging_is_adding),
        cmocka_unit_test(test_mean_and_deviation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
