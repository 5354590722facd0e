/* SPDX-License-Identifier: Apache-2.0
 * A budget is never overdrawn, and what failed is not charged. */
#include "base/budget.h"

#include <pthread.h>
#include <string.h>

#include "cmocka_all.h"
#include "failing_malloc.h"
#include "prng.h"

static void test_charge_to_the_limit(void **state) {
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, 100);
    assert_true(grille_budget_charge(&budget, 60));
    assert_false(grille_budget_charge(&budget, 41));
    assert_int_equal(budget.used_bytes, 60);
    assert_true(grille_budget_charge(&budget, 40));
    assert_false(grille_budget_charge(&budget, 1));
    assert_true(grille_budget_charge(&budget, 0));
    assert_false(grille_budget_charge(&budget, SIZE_MAX));
    grille_budget_release(&budget, 100);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(budget.peak_bytes, 100);
}

static void test_release_too_much_does_not_open_it(void **state) {
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, 100);
    assert_true(grille_budget_charge(&budget, 10));
    grille_budget_release(&budget, 11);
    assert_int_equal(budget.used_bytes, 0);
    assert_false(grille_budget_charge(&budget, 101));
}

static void test_alloc_grow_free(void **state) {
    grille_budget budget;
    uint8_t *memory = NULL;
    uint8_t *grown = NULL;
    (void)state;
    grille_budget_init(&budget, 100);
    memory = grille_budget_alloc(&budget, 50);
    assert_non_null(memory);
    memset(memory, 7, 50);
    assert_null(grille_budget_alloc(&budget, 51));
    assert_null(grille_budget_grow(&budget, memory, 50, 101));
    assert_int_equal(budget.used_bytes, 50);
    grown = grille_budget_grow(&budget, memory, 50, 100);
    assert_non_null(grown);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(grown[i], 7);
    assert_int_equal(budget.used_bytes, 100);
    memory = grille_budget_grow(&budget, grown, 100, 20);
    assert_non_null(memory);
    assert_int_equal(budget.used_bytes, 20);
    grille_budget_free(&budget, memory, 20);
    grille_budget_free(&budget, NULL, 20);
    grille_budget_free_wiped(&budget, NULL, 20);
    assert_int_equal(budget.used_bytes, 0);
    memory = grille_budget_grow(&budget, NULL, 0, 10);
    assert_non_null(memory);
    assert_int_equal(budget.used_bytes, 10);
    grille_budget_free(&budget, memory, 10);
}

static void test_out_of_memory_is_not_charged(void **state) {
    grille_budget budget;
    void *memory = NULL;
    size_t living = failing_malloc_living();
    (void)state;
    grille_budget_init(&budget, 1000);
    failing_malloc_from(0);
    assert_null(grille_budget_alloc(&budget, 10));
    assert_null(grille_budget_grow(&budget, NULL, 0, 10));
    failing_malloc_never();
    assert_int_equal(budget.used_bytes, 0);
    memory = grille_budget_alloc(&budget, 10);
    failing_malloc_from(0);
    assert_null(grille_budget_grow(&budget, memory, 10, 20));
    assert_null(grille_budget_grow(&budget, memory, 10, 5));
    failing_malloc_never();
    assert_int_equal(budget.used_bytes, 10);
    grille_budget_free(&budget, memory, 10);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(failing_malloc_living(), living);
}

static void test_free_wiped_wipes(void **state) {
    enum { BYTES = 4088 }; /* a size that the allocator does not round */
    grille_budget budget;
    uint8_t *memory = NULL;
    (void)state;
    grille_budget_init(&budget, BYTES);
    memory = grille_budget_alloc(&budget, BYTES);
    assert_non_null(memory);
    memset(memory, 0x5a, BYTES);
    failing_malloc_spy(BYTES);
    grille_budget_free_wiped(&budget, memory, BYTES);
    assert_int_equal(failing_malloc_spied(), 0);
    failing_malloc_spy(0);
}

/* Random operations against a sum kept by hand. */
static void test_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        enum { SLOTS = 16, LIMIT = 10000 };
        uint64_t random = seed;
        size_t sizes[SLOTS] = {0};
        void *blocks[SLOTS] = {0};
        size_t used = 0;
        grille_budget budget;
        grille_budget_init(&budget, LIMIT);
        for (int step = 0; step < 2000; step++) {
            size_t slot = prng_below(&random, SLOTS);
            size_t bytes = prng_below(&random, 2000);
            if (prng_below(&random, 3) == 0) {
                grille_budget_free_wiped(&budget, blocks[slot], sizes[slot]);
                used -= sizes[slot];
                blocks[slot] = NULL;
                sizes[slot] = 0;
            } else {
                bool fits = bytes <= sizes[slot] || bytes - sizes[slot] <= LIMIT - used;
                void *grown = grille_budget_grow(&budget, blocks[slot], sizes[slot], bytes);
                assert_int_equal(grown != NULL, fits);
                if (grown != NULL) {
                    used = used - sizes[slot] + bytes;
                    blocks[slot] = grown;
                    sizes[slot] = bytes;
                }
            }
            assert_int_equal(budget.used_bytes, used);
            assert_true(budget.peak_bytes <= LIMIT && budget.peak_bytes >= used);
        }
        for (size_t slot = 0; slot < SLOTS; slot++)
            grille_budget_free(&budget, blocks[slot], sizes[slot]);
        assert_int_equal(budget.used_bytes, 0);
    }
}

/* A part is bounded by its own limit and by the whole; both give back what the other refused. */
static void test_a_part_leaves_the_rest(void **state) {
    grille_budget whole;
    grille_budget part;
    (void)state;
    grille_budget_init(&whole, 100);
    grille_budget_init_part(&part, &whole, 80);
    assert_true(grille_budget_charge(&part, 80));
    assert_false(grille_budget_charge(&part, 1));
    assert_true(whole.used_bytes == 80 && part.used_bytes == 80);
    assert_true(grille_budget_charge(&whole, 20));
    assert_false(grille_budget_charge(&whole, 1));
    grille_budget_release(&part, 30);
    assert_true(whole.used_bytes == 70 && part.used_bytes == 50);
    assert_true(grille_budget_charge(&whole, 20));
    assert_false(grille_budget_charge(&part, 11));
    assert_true(whole.used_bytes == 90 && part.used_bytes == 50);
    grille_budget_release(&part, 50);
    grille_budget_release(&whole, 40);
    assert_true(whole.used_bytes == 0 && part.used_bytes == 0);
}

enum { THREADS = 4, CHARGE_BYTES = 100, SHARED_LIMIT_BYTES = 250 };

/* Charges and releases; the answer is how often the budget was over its limit. */
static void *charge_often(void *argument) {
    grille_budget *budget = argument;
    uintptr_t broken = 0;
    for (int i = 0; i < 20000; i++) {
        if (!grille_budget_charge(budget, CHARGE_BYTES)) continue;
        broken += budget->used_bytes > SHARED_LIMIT_BYTES || budget->peak_bytes > SHARED_LIMIT_BYTES;
        grille_budget_release(budget, CHARGE_BYTES);
    }
    return (void *)broken;
}

static void test_threads_share_a_budget(void **state) {
    pthread_t threads[THREADS];
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, SHARED_LIMIT_BYTES);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, charge_often, &budget), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *broken = NULL;
        assert_int_equal(pthread_join(threads[i], &broken), 0);
        assert_null(broken);
    }
    assert_int_equal(budget.used_bytes, 0);
    assert_true(budget.peak_bytes >= CHARGE_BYTES && budget.peak_bytes <= SHARED_LIMIT_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charge_to_the_limit),    cmocka_unit_test(test_release_too_much_does_not_open_it),
        cmocka_unit_test(test_alloc_grow_free),        cmocka_unit_test(test_out_of_memory_is_not_charged),
        cmocka_unit_test(test_free_wiped_wipes),       cmocka_unit_test(test_model),
        cmocka_unit_test(test_a_part_leaves_the_rest), cmocka_unit_test(test_threads_share_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
