/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/poller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/limits.h"

#include <cmocka.h>

static void test_starts_with_the_whole_budget(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, GRILLE_DEFAULT_SPIN_US);
    assert_int_equal(poller.budget_us, GRILLE_DEFAULT_SPIN_US);
    grille_poller_init(&poller, 0);
    assert_int_equal(poller.budget_us, 0);
}

static void test_misses_halve_down_to_a_sixteenth(void **state) {
    static const uint64_t expected[] = {24, 12, 6, 3, 3, 3};
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 48);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        grille_poller_missed(&poller, 5000);
        assert_int_equal(poller.budget_us, expected[i]);
    }
}

/* The least budget is never 0, or polling could not come back. */
static void test_small_budgets_keep_one_microsecond(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 1);
    for (int i = 0; i < 10; i++)
        grille_poller_missed(&poller, 5000);
    assert_int_equal(poller.budget_us, 1);
}

static void test_a_hit_restores(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 48);
    for (int i = 0; i < 10; i++)
        grille_poller_missed(&poller, 5000);
    grille_poller_hit(&poller);
    assert_int_equal(poller.budget_us, 48);
}

/* A wait that the whole budget would have caught restores it; one microsecond more does not. */
static void test_a_short_wait_restores(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 48);
    for (int i = 0; i < 10; i++)
        grille_poller_missed(&poller, 5000);
    grille_poller_missed(&poller, 97);
    assert_int_equal(poller.budget_us, 3);
    grille_poller_missed(&poller, 96);
    assert_int_equal(poller.budget_us, 48);
}

/* A round that took longer than the whole budget, twice: somebody else has the CPU. */
static void test_rests_where_others_run(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, GRILLE_DEFAULT_SPIN_US);
    grille_poller_round(&poller, GRILLE_DEFAULT_SPIN_US, 1000);
    assert_int_equal(grille_poller_budget(&poller, 1000), GRILLE_DEFAULT_SPIN_US);
    grille_poller_round(&poller, GRILLE_DEFAULT_SPIN_US + 1, 1000);
    assert_int_equal(grille_poller_budget(&poller, 1000), GRILLE_DEFAULT_SPIN_US);
    grille_poller_round(&poller, GRILLE_DEFAULT_SPIN_US + 1, 1000);
    assert_int_equal(grille_poller_budget(&poller, 1000), 0);
    assert_int_equal(grille_poller_budget(&poller, 1000 + GRILLE_POLLER_FIRST_REST_US - 1), 0);
    assert_int_equal(grille_poller_budget(&poller, 1000 + GRILLE_POLLER_FIRST_REST_US), GRILLE_DEFAULT_SPIN_US);
}

/* What an interrupt costs now and then, and no more often. */
static void test_a_long_round_alone_is_no_sign(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 50);
    for (int i = 0; i < 1000; i++) {
        grille_poller_round(&poller, 4000, 0);
        for (int hit = 0; hit < GRILLE_POLLER_CALM_HITS; hit++)
            grille_poller_hit(&poller);
    }
    assert_int_equal(grille_poller_budget(&poller, 0), 50);
    grille_poller_round(&poller, 4000, 0);
    for (int hit = 1; hit < GRILLE_POLLER_CALM_HITS; hit++)
        grille_poller_hit(&poller);
    assert_int_equal(grille_poller_budget(&poller, 0), 50);
    grille_poller_round(&poller, 4000, 0);
    assert_int_equal(grille_poller_budget(&poller, 0), 0);
}

static void test_rests_grow_and_shrink(void **state) {
    grille_poller poller;
    (void)state;
    grille_poller_init(&poller, 50);
    grille_poller_round(&poller, 4000, 0);
    for (uint64_t rest_us = GRILLE_POLLER_FIRST_REST_US; rest_us < GRILLE_POLLER_LONGEST_REST_US; rest_us *= 2) {
        grille_poller_round(&poller, 4000, 0);
        assert_int_equal(poller.rests_until_us, rest_us);
    }
    for (int i = 0; i < 3; i++) {
        grille_poller_round(&poller, 4000, 0);
        assert_int_equal(poller.rests_until_us, GRILLE_POLLER_LONGEST_REST_US);
    }
    for (int i = 0; i < 8; i++)
        grille_poller_hit(&poller);
    grille_poller_round(&poller, 4000, 0);
    assert_int_equal(poller.rests_until_us, GRILLE_POLLER_FIRST_REST_US);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_with_the_whole_budget),
        cmocka_unit_test(test_misses_halve_down_to_a_sixteenth),
        cmocka_unit_test(test_small_budgets_keep_one_microsecond),
        cmocka_unit_test(test_a_hit_restores),
        cmocka_unit_test(test_a_short_wait_restores),
        cmocka_unit_test(test_rests_where_others_run),
        cmocka_unit_test(test_a_long_round_alone_is_no_sign),
        cmocka_unit_test(test_rests_grow_and_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
