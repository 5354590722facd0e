/* SPDX-License-Identifier: Apache-2.0
 * What is kept, up to which limit, and that it is wiped. */
#include <string.h>

#include "cmocka_all.h"
#include "session/buffer_pool.h"
#include "wire/limits.h"

static void the_smallest_that_fits_is_taken_again(void **state) {
    grille_budget budget;
    grille_buffer_pool pool;
    uint8_t *large = NULL;
    uint8_t *small = NULL;
    (void)state;
    grille_budget_init(&budget, 1 << 24);
    grille_buffer_pool_init(&pool, &budget);
    large = grille_buffer_take(&pool, 100000, 100000);
    small = grille_buffer_take(&pool, 5000, 5000);
    assert_int_equal(grille_buffer_capacity(small), 5000);
    grille_buffer_give(&pool, large, 100000);
    grille_buffer_give(&pool, small, 5000);
    grille_buffer_give(&pool, NULL, 5);
    assert_ptr_equal(grille_buffer_take(&pool, 10, 5000), small);
    assert_ptr_equal(grille_buffer_take(&pool, 10, 5001), large);
    /* Only one that holds the whole message is worth it. */
    grille_buffer_give(&pool, small, 0);
    small = grille_buffer_take(&pool, 10, 5001);
    assert_int_equal(grille_buffer_capacity(small), 10);
    grille_buffer_free(&pool, small, 10);
    grille_buffer_free(&pool, large, 0);
    grille_buffer_free(&pool, NULL, 0);
    grille_buffer_pool_shrink(&pool);
    assert_int_equal(budget.used_bytes, 0);
}

/* GRILLE_LIMIT_KEPT_BUFFER_BYTES, and so many buffers. */
static void little_is_kept(void **state) {
    grille_budget budget;
    grille_buffer_pool pool;
    uint8_t *buffers[GRILLE_KEPT_BUFFERS + 1];
    (void)state;
    grille_budget_init(&budget, 1 << 24);
    grille_buffer_pool_init(&pool, &budget);
    buffers[0] = grille_buffer_take(&pool, GRILLE_LIMIT_KEPT_BUFFER_BYTES + 1, GRILLE_LIMIT_KEPT_BUFFER_BYTES + 1);
    grille_buffer_give(&pool, buffers[0], 0);
    assert_int_equal(budget.used_bytes, 0);
    buffers[0] = grille_buffer_take(&pool, GRILLE_LIMIT_KEPT_BUFFER_BYTES, GRILLE_LIMIT_KEPT_BUFFER_BYTES);
    buffers[1] = grille_buffer_take(&pool, 1, 1);
    grille_buffer_give(&pool, buffers[0], 0);
    grille_buffer_give(&pool, buffers[1], 0);
    assert_int_equal(pool.kept_bytes, GRILLE_LIMIT_KEPT_BUFFER_BYTES);
    grille_buffer_pool_shrink(&pool);
    for (size_t i = 0; i < GRILLE_KEPT_BUFFERS + 1; i++)
        buffers[i] = grille_buffer_take(&pool, 10, 10);
    for (size_t i = 0; i < GRILLE_KEPT_BUFFERS + 1; i++)
        grille_buffer_give(&pool, buffers[i], 10);
    assert_int_equal(pool.kept_count, GRILLE_KEPT_BUFFERS);
    grille_buffer_pool_shrink(&pool);
    assert_int_equal(budget.used_bytes, 0);
}

/* A full queue of messages that are a little too long for the queue itself. */
static void a_queue_of_messages_of_one_length_finds_all_its_buffers(void **state) {
    enum { COUNT = GRILLE_LIMIT_SEND_QUEUE_BYTES / 1040, LEN = 1027 };
    grille_budget budget;
    grille_buffer_pool pool;
    uint8_t *buffers[COUNT];
    (void)state;
    grille_budget_init(&budget, 1 << 24);
    grille_buffer_pool_init(&pool, &budget);
    for (size_t i = 0; i < COUNT; i++)
        buffers[i] = grille_buffer_take(&pool, LEN, LEN);
    for (size_t i = 0; i < COUNT; i++)
        grille_buffer_give(&pool, buffers[i], LEN);
    assert_int_equal(pool.kept_count, COUNT);
    const size_t held_bytes = budget.used_bytes;
    for (size_t i = 0; i < COUNT; i++)
        assert_ptr_equal(grille_buffer_take(&pool, LEN, LEN), buffers[COUNT - 1 - i]);
    assert_int_equal(budget.used_bytes, held_bytes);
    for (size_t i = 0; i < COUNT; i++)
        grille_buffer_free(&pool, buffers[i], LEN);
    assert_int_equal(budget.used_bytes, 0);
}

/* What is kept gives way when the budget is used up. */
static void the_budget_comes_first(void **state) {
    grille_budget budget;
    grille_buffer_pool pool;
    uint8_t *buffer = NULL;
    (void)state;
    grille_budget_init(&budget, 10000);
    grille_buffer_pool_init(&pool, &budget);
    buffer = grille_buffer_take(&pool, 6000, 6000);
    grille_buffer_give(&pool, buffer, 0);
    buffer = grille_buffer_take(&pool, 7000, 7000);
    assert_non_null(buffer);
    assert_null(grille_buffer_take(&pool, 7000, 7000));
    assert_null(grille_buffer_take(&pool, SIZE_MAX, SIZE_MAX));
    grille_buffer_free(&pool, buffer, 7000);
    assert_int_equal(budget.used_bytes, 0);
}

static void kept_bytes_are_wiped(void **state) {
    grille_budget budget;
    grille_buffer_pool pool;
    uint8_t *buffer = NULL;
    (void)state;
    grille_budget_init(&budget, 10000);
    grille_buffer_pool_init(&pool, &budget);
    buffer = grille_buffer_take(&pool, 3000, 3000);
    memset(buffer, 0xaa, 3000);
    grille_buffer_give(&pool, buffer, 9999);
    assert_ptr_equal(grille_buffer_take(&pool, 3000, 3000), buffer);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(buffer[i], 0);
    grille_buffer_free(&pool, buffer, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_that_fits_is_taken_again),
        cmocka_unit_test(little_is_kept),
        cmocka_unit_test(a_queue_of_messages_of_one_length_finds_all_its_buffers),
        cmocka_unit_test(the_budget_comes_first),
        cmocka_unit_test(kept_bytes_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
