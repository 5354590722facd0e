/* SPDX-License-Identifier: Apache-2.0
 * Goal: messages come out as they went in, a bounded number waits, the one that was taken stays, and nothing is left in
 * memory. */
#include "rpc/handover.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "wire/limits.h"

static bool put(grille_handover *handover, uint8_t first, size_t len) {
    uint8_t *room = NULL;
    if (!grille_handover_has_room(handover, len)) return false;
    room = grille_handover_put(handover, len);
    assert_non_null(room);
    memset(room, first, len);
    return true;
}

static void expect(grille_bytes message, uint8_t first, size_t len) {
    assert_int_equal(message.len, len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(message.data[i], first);
}

static void in_order_whatever_the_sizes(void **state) {
    grille_budget budget;
    grille_handover handover;
    uint64_t random = 7;
    size_t in = 0, out = 0, lens[4096];
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    grille_handover_init(&handover, &budget);
    while (out < 4000) {
        grille_bytes message = {0};
        size_t len = (size_t)prng_below(&random, 3) == 0 ? 0 : (size_t)prng_below(&random, 3000);
        if (in < 4000 && prng_below(&random, 2) == 0 && put(&handover, (uint8_t)in, len)) lens[in++] = len;
        assert_int_equal(handover.waiting, in - out);
        if (prng_below(&random, 2) != 0 || !grille_handover_take(&handover, &message)) continue;
        expect(message, (uint8_t)out, lens[out]);
        if (prng_below(&random, 4) == 0) {
            grille_handover_put_back(&handover, message);
            assert_true(grille_handover_take(&handover, &message));
            expect(message, (uint8_t)out, lens[out]);
        }
        out++;
    }
    grille_handover_deinit(&handover);
    assert_int_equal(budget.used_bytes, 0);
}

static void as_many_as_a_queue_holds(void **state) {
    grille_budget budget;
    grille_handover handover;
    grille_bytes message = {0};
    size_t count = 0;
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    grille_handover_init(&handover, &budget);
    while (put(&handover, 'x', 1000))
        count++;
    assert_int_equal(count, GRILLE_LIMIT_SEND_QUEUE_BYTES / 1004);
    /* Any when none waits. */
    while (grille_handover_take(&handover, &message))
        expect(message, 'x', 1000);
    assert_true(put(&handover, 'y', 500000));
    assert_false(grille_handover_has_room(&handover, 0));
    assert_true(grille_handover_take(&handover, &message));
    expect(message, 'y', 500000);
    /* What one long message took is given back. */
    assert_false(grille_handover_take(&handover, &message));
    assert_true(budget.used_bytes <= 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES);
    grille_handover_deinit(&handover);
    assert_int_equal(budget.used_bytes, 0);
}

static void the_message_that_was_taken_stays(void **state) {
    grille_budget budget;
    grille_handover handover;
    grille_bytes first = {0}, second = {0};
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    grille_handover_init(&handover, &budget);
    assert_true(put(&handover, 'a', 100));
    assert_true(grille_handover_take(&handover, &first));
    for (int i = 0; i < 50; i++)
        assert_true(put(&handover, 'b', 1000));
    expect(first, 'a', 100);
    assert_true(grille_handover_take(&handover, &second));
    expect(second, 'b', 1000);
    grille_handover_deinit(&handover);
}

static void without_memory_nothing_is_taken(void **state) {
    grille_budget budget;
    grille_handover handover = {0};
    grille_bytes message = {0};
    (void)state;
    grille_handover_deinit(&handover); /* harmless on zeroed memory */
    grille_budget_init(&budget, 2000);
    grille_handover_init(&handover, &budget);
    assert_true(put(&handover, 'a', 500));
    assert_null(grille_handover_put(&handover, 5000));
    assert_null(grille_handover_put(&handover, (size_t)GRILLE_LIMIT_MESSAGE_BYTES + 1));
    assert_true(grille_handover_take(&handover, &message));
    expect(message, 'a', 500);
    assert_false(grille_handover_take(&handover, &message));
    grille_handover_deinit(&handover);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_whatever_the_sizes),
        cmocka_unit_test(as_many_as_a_queue_holds),
        cmocka_unit_test(the_message_that_was_taken_stays),
        cmocka_unit_test(without_memory_nothing_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
