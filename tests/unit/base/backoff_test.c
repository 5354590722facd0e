/* SPDX-License-Identifier: Apache-2.0
 * Pauses grow from the first to the longest and no further, are spread by a fifth each way, and start again after a
 * success. */
#include "base/backoff.h"

#include "cmocka_all.h"
#include "prng.h"

/* The draw in the middle: no jitter. */
static const uint32_t middle = 0x80000000;

static void test_grows_to_the_longest(void **state) {
    static const uint64_t expected[] = {20000, 32000, 51200, 81920, 131072, 200000, 200000, 200000};
    grille_backoff backoff;
    (void)state;
    grille_backoff_init(&backoff, 20000, 200000, 1600);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(grille_backoff_next_us(&backoff, middle), expected[i]);
}

static void test_starts_again(void **state) {
    grille_backoff backoff;
    (void)state;
    grille_backoff_init(&backoff, 1000, 1000000, 2000);
    for (int i = 0; i < 5; i++)
        assert_int_equal(grille_backoff_next_us(&backoff, middle), 1000u << i);
    grille_backoff_reset(&backoff);
    assert_int_equal(grille_backoff_next_us(&backoff, middle), 1000);
    assert_int_equal(grille_backoff_next_us(&backoff, middle), 2000);
}

static void test_jitter_is_a_fifth_each_way(void **state) {
    grille_backoff backoff;
    uint64_t random = 7;
    uint64_t least = UINT64_MAX, most = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        grille_backoff_init(&backoff, 100000, 100000, 1600);
        uint64_t pause_us = grille_backoff_next_us(&backoff, (uint32_t)prng_next(&random));
        if (pause_us < least) least = pause_us;
        if (pause_us > most) most = pause_us;
    }
    assert_in_range(least, 80000, 80100);
    assert_in_range(most, 119900, 120000);
    grille_backoff_init(&backoff, 100000, 100000, 1600);
    assert_int_equal(grille_backoff_next_us(&backoff, 0), 80000);
    assert_true(grille_backoff_next_us(&backoff, UINT32_MAX) <= 120000);
}

static void test_first_above_the_longest(void **state) {
    grille_backoff backoff;
    (void)state;
    grille_backoff_init(&backoff, 5000, 1000, 1600);
    assert_int_equal(grille_backoff_next_us(&backoff, middle), 1000);
    assert_int_equal(grille_backoff_next_us(&backoff, middle), 1000);
}

/* What options of 32 bits in milliseconds can ask for at most. */
static void test_longest_times_do_not_overflow(void **state) {
    const uint64_t most_us = (uint64_t)UINT32_MAX * 1000;
    grille_backoff backoff;
    (void)state;
    assert_int_equal(grille_jitter_us(most_us, 100, 0), most_us - most_us / 10);
    assert_in_range(grille_jitter_us(most_us, 1000, UINT32_MAX), most_us, 2 * most_us);
    grille_backoff_init(&backoff, most_us, most_us, 2000);
    for (int i = 0; i < 100; i++)
        assert_in_range(grille_backoff_next_us(&backoff, UINT32_MAX), most_us, most_us + most_us / 5);
}

static void test_no_jitter(void **state) {
    (void)state;
    assert_int_equal(grille_jitter_us(12345, 0, 0xdeadbeef), 12345);
    assert_int_equal(grille_jitter_us(0, 200, 0xdeadbeef), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_the_longest),          cmocka_unit_test(test_starts_again),
        cmocka_unit_test(test_jitter_is_a_fifth_each_way),    cmocka_unit_test(test_first_above_the_longest),
        cmocka_unit_test(test_longest_times_do_not_overflow), cmocka_unit_test(test_no_jitter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
