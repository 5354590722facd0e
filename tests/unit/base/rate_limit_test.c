/* SPDX-License-Identifier: Apache-2.0
 * A bucket never gives more than its burst and its rate allow, and loses no part of a token. */
#include "base/rate_limit.h"

#include "cmocka_all.h"
#include "prng.h"

static const uint64_t second = 1000000;

static void test_burst_then_rate(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, 3, 2, 50);
    assert_true(grille_rate_limit_take(&limit, 2, 50));
    assert_true(grille_rate_limit_take(&limit, 1, 50));
    assert_false(grille_rate_limit_take(&limit, 1, 50));
    assert_true(grille_rate_limit_take(&limit, 0, 50));
    assert_false(grille_rate_limit_take(&limit, 1, 50 + second / 2 - 1));
    assert_true(grille_rate_limit_take(&limit, 1, 50 + second / 2));
    assert_false(grille_rate_limit_take(&limit, 1, 50 + second / 2));
}

static void test_failed_take_takes_nothing(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, 5, 1, 0);
    assert_false(grille_rate_limit_take(&limit, 6, 0));
    assert_true(grille_rate_limit_take(&limit, 5, 0));
}

static void test_full_bucket_keeps_no_more(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, 2, 1, 0);
    assert_false(grille_rate_limit_take(&limit, 3, 1000 * second));
    assert_true(grille_rate_limit_take(&limit, 2, 1000 * second));
    assert_false(grille_rate_limit_take(&limit, 1, 1001 * second - 1));
    assert_true(grille_rate_limit_take(&limit, 1, 1001 * second));
}

static void test_clock_that_goes_back(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, 1, 1, 10 * second);
    assert_true(grille_rate_limit_take(&limit, 1, 10 * second));
    assert_false(grille_rate_limit_take(&limit, 1, 5 * second));
    assert_false(grille_rate_limit_take(&limit, 1, 10 * second + second / 2));
    assert_true(grille_rate_limit_take(&limit, 1, 11 * second));
}

static void test_extremes(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, UINT64_MAX, UINT64_MAX, 0);
    assert_true(grille_rate_limit_take(&limit, UINT64_MAX, 0));
    assert_true(grille_rate_limit_take(&limit, UINT64_MAX, GRILLE_TIME_NEVER - 1));
    grille_rate_limit_init(&limit, 1, 0, 0);
    assert_true(grille_rate_limit_take(&limit, 1, 0));
    assert_false(grille_rate_limit_take(&limit, 1, GRILLE_TIME_NEVER - 1));
    grille_rate_limit_init(&limit, 0, 1000, 0);
    assert_false(grille_rate_limit_take(&limit, 1, 5 * second));
}

static void test_when_the_next_tokens_come(void **state) {
    grille_rate_limit limit;
    (void)state;
    grille_rate_limit_init(&limit, 3, 3, 50);
    assert_int_equal(0, grille_rate_limit_wait_us(&limit, 3));
    assert_true(grille_rate_limit_wait_us(&limit, 4) == UINT64_MAX);
    assert_true(grille_rate_limit_take(&limit, 3, 50));
    assert_int_equal(333334, grille_rate_limit_wait_us(&limit, 1));
    assert_int_equal(second, grille_rate_limit_wait_us(&limit, 3));
    assert_false(grille_rate_limit_take(&limit, 1, 50 + 333333));
    assert_int_equal(1, grille_rate_limit_wait_us(&limit, 1));
    assert_true(grille_rate_limit_take(&limit, 1, 50 + 333334));
    grille_rate_limit_init(&limit, 1, 0, 0);
    assert_true(grille_rate_limit_take(&limit, 1, 0));
    assert_true(grille_rate_limit_wait_us(&limit, 1) == UINT64_MAX);
    grille_rate_limit_init(&limit, UINT64_MAX, UINT64_MAX, 0);
    assert_true(grille_rate_limit_take(&limit, UINT64_MAX, 0));
    assert_int_equal(1, grille_rate_limit_wait_us(&limit, 1));
    assert_true(grille_rate_limit_wait_us(&limit, UINT64_MAX) == UINT64_MAX);
}

/* The model counts in millionths of a token, so that it needs no remainder. */
static void play(uint64_t seed) {
    uint64_t random = seed;
    uint64_t burst = prng_below(&random, 1000);
    uint64_t rate = prng_below(&random, 5000);
    uint64_t now = prng_next(&random) >> 20;
    uint64_t millionths = burst * second;
    grille_rate_limit limit;
    grille_rate_limit_init(&limit, burst, rate, now);
    for (int step = 0; step < 5000; step++) {
        uint64_t elapsed = prng_below(&random, prng_below(&random, 50) == 0 ? 10 * second : 3000);
        uint64_t count = prng_below(&random, 4);
        bool allowed = false;
        now += elapsed;
        millionths += elapsed * rate;
        if (millionths > burst * second) millionths = burst * second;
        allowed = millionths >= count * second;
        if (allowed) millionths -= count * second;
        assert_int_equal(grille_rate_limit_take(&limit, count, now), allowed);
    }
}

static void test_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++)
        play(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_failed_take_takes_nothing),
        cmocka_unit_test(test_full_bucket_keeps_no_more),
        cmocka_unit_test(test_clock_that_goes_back),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_when_the_next_tokens_come),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
