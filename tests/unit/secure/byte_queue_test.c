/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/byte_queue.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"

static grille_bytes text(const char *t) {
    return grille_bytes_of_text(t);
}

static void first_in_is_first_out(void **state) {
    grille_budget budget;
    grille_byte_queue queue;
    (void)state;
    grille_budget_init(&budget, 4096);
    grille_byte_queue_init(&queue, &budget);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(grille_byte_queue_append(&queue, text("abc")), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_append(&queue, text("")), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_append(&queue, text("de")), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_byte_queue_view(&queue), text("abcde")));
    grille_byte_queue_consume(&queue, 2);
    assert_true(grille_bytes_equal(grille_byte_queue_view(&queue), text("cde")));
    grille_byte_queue_trim(&queue);
    assert_int_equal(grille_byte_queue_len(&queue), 3);
    grille_byte_queue_consume(&queue, 100);
    assert_int_equal(grille_byte_queue_len(&queue), 0);
    assert_null(grille_byte_queue_view(&queue).data);
    assert_int_not_equal(budget.used_bytes, 0);
    grille_byte_queue_trim(&queue);
    assert_int_equal(budget.used_bytes, 0);
    grille_byte_queue_deinit(&queue);
}

static void over_the_budget_nothing_changes(void **state) {
    static uint8_t big[5000];
    grille_budget budget;
    grille_byte_queue queue;
    uint8_t *room = NULL;
    (void)state;
    grille_budget_init(&budget, 2048);
    grille_byte_queue_init(&queue, &budget);
    assert_int_equal(grille_byte_queue_append(&queue, text("kept")), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_append(&queue, grille_bytes_of(big, sizeof big)), GRILLE_REASON_BUDGET);
    assert_int_equal(grille_byte_queue_reserve(&queue, SIZE_MAX, &room), GRILLE_REASON_BUDGET);
    assert_int_equal(grille_byte_queue_reserve(&queue, SIZE_MAX - 4, &room), GRILLE_REASON_BUDGET);
    assert_true(grille_bytes_equal(grille_byte_queue_view(&queue), text("kept")));
    grille_byte_queue_deinit(&queue);
    assert_int_equal(budget.used_bytes, 0);
}

static void lent_memory_is_given_back(void **state) {
    uint8_t lent[16];
    grille_budget budget;
    grille_byte_queue queue;
    (void)state;
    grille_budget_init(&budget, 4096);
    grille_byte_queue_init(&queue, &budget);
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(grille_byte_queue_append(&queue, text("leaves at once")), GRILLE_REASON_OK);
    assert_ptr_equal(grille_byte_queue_view(&queue).data, lent);
    assert_false(grille_byte_queue_holds(&queue));
    grille_byte_queue_consume(&queue, 14);
    assert_int_equal(grille_byte_queue_append(&queue, text("waits")), GRILLE_REASON_OK);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_OK);
    memset(lent, 0, sizeof lent);
    assert_true(grille_bytes_equal(grille_byte_queue_view(&queue), text("waits")));
    assert_true(grille_byte_queue_holds(&queue));
    assert_int_not_equal(budget.used_bytes, 0);
    /* Not while bytes wait. */
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(grille_byte_queue_append(&queue, text(" on")), GRILLE_REASON_OK);
    assert_int_equal(lent[0], 0);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_byte_queue_view(&queue), text("waits on")));
    grille_byte_queue_consume(&queue, 8);
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_len(&queue), 0);
    grille_byte_queue_deinit(&queue);
    assert_int_equal(budget.used_bytes, 0);
}

/* More than fits there moves to a block of the queue's own; one that is large stays until it is trimmed. */
static void what_outgrows_lent_memory_is_kept(void **state) {
    static uint8_t big[20000], lent[8];
    grille_budget budget;
    grille_byte_queue queue;
    (void)state;
    grille_budget_init(&budget, 100000);
    grille_byte_queue_init(&queue, &budget);
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(grille_byte_queue_append(&queue, text("12345678")), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_append(&queue, grille_bytes_of(big, sizeof big)), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_len(&queue), 8 + sizeof big);
    assert_memory_equal(grille_byte_queue_view(&queue).data, "12345678", 8);
    grille_byte_queue_consume(&queue, 8 + sizeof big);
    const size_t used = budget.used_bytes;
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(budget.used_bytes, used);
    assert_true(grille_byte_queue_holds(&queue));
    grille_byte_queue_trim(&queue);
    assert_false(grille_byte_queue_holds(&queue));
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    grille_byte_queue_trim(&queue);
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(grille_byte_queue_append(&queue, text("over")), GRILLE_REASON_OK);
    grille_byte_queue_deinit(&queue);
    assert_int_equal(budget.used_bytes, 0);
    assert_memory_equal(lent, "over", 4);
}

static void what_can_not_be_kept_is_lost(void **state) {
    uint8_t lent[16];
    grille_budget budget;
    grille_byte_queue queue;
    (void)state;
    grille_budget_init(&budget, 100);
    grille_byte_queue_init(&queue, &budget);
    grille_byte_queue_lend(&queue, lent, sizeof lent);
    assert_int_equal(grille_byte_queue_append(&queue, text("waits")), GRILLE_REASON_OK);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_BUDGET);
    assert_int_equal(grille_byte_queue_len(&queue), 0);
    assert_int_equal(grille_byte_queue_reclaim(&queue), GRILLE_REASON_OK);
    grille_byte_queue_deinit(&queue);
}

static void a_commit_never_passes_the_block(void **state) {
    grille_budget budget;
    grille_byte_queue queue;
    uint8_t *room = NULL;
    (void)state;
    grille_budget_init(&budget, 4096);
    grille_byte_queue_init(&queue, &budget);
    assert_int_equal(grille_byte_queue_reserve(&queue, 10, &room), GRILLE_REASON_OK);
    memset(room, 7, 10);
    grille_byte_queue_commit(&queue, SIZE_MAX);
    assert_int_equal(grille_byte_queue_len(&queue), queue.capacity);
    grille_byte_queue_deinit(&queue);
}

/* Random appends and takes against a counter: byte n of the stream is n modulo 251. */
static void agrees_with_a_plain_stream(void **state) {
    grille_budget budget;
    grille_byte_queue queue;
    uint64_t random = 1;
    size_t in = 0;
    size_t out = 0;
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    grille_byte_queue_init(&queue, &budget);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[700];
        const size_t len = prng_below(&random, sizeof bytes);
        if (prng_below(&random, 2) == 0) {
            for (size_t j = 0; j < len; j++)
                bytes[j] = (uint8_t)((in + j) % 251);
            assert_int_equal(grille_byte_queue_append(&queue, grille_bytes_of(bytes, len)), GRILLE_REASON_OK);
            in += len;
        } else {
            const grille_bytes view = grille_byte_queue_view(&queue);
            const size_t taken = len < view.len ? len : view.len;
            for (size_t j = 0; j < taken; j++)
                assert_int_equal(view.data[j], (out + j) % 251);
            grille_byte_queue_consume(&queue, taken);
            out += taken;
        }
        assert_int_equal(grille_byte_queue_len(&queue), in - out);
    }
    grille_byte_queue_deinit(&queue);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(lent_memory_is_given_back),
        cmocka_unit_test(what_outgrows_lent_memory_is_kept),
        cmocka_unit_test(what_can_not_be_kept_is_lost),
        cmocka_unit_test(over_the_budget_nothing_changes),
        cmocka_unit_test(a_commit_never_passes_the_block),
        cmocka_unit_test(agrees_with_a_plain_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
