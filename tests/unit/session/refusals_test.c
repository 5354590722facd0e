/* SPDX-License-Identifier: Apache-2.0
 * RESETs that wait without a slot: their order, what is taken back, and that the room is enough whatever the peer does.
 */
#include "session/refusals.h"

#include "cmocka_all.h"

enum { MOST = 16 };

static grille_budget budget;

static grille_refusals make(void) {
    grille_refusals refusals;
    grille_budget_init(&budget, 4096);
    grille_refusals_init(&refusals, MOST, &budget);
    assert_int_equal(budget.used_bytes, 0);
    return refusals;
}

static void drop(grille_refusals *refusals) {
    grille_refusals_deinit(refusals);
    grille_refusals_deinit(refusals);
    assert_int_equal(budget.used_bytes, 0);
}

static void push(grille_refusals *refusals, uint32_t id) {
    assert_true(grille_refusals_push(refusals, (grille_refusal){.id = id, .code = GRILLE_RESET_REFUSED}));
}

static void expect(grille_refusals *refusals, uint32_t id) {
    grille_refusal refusal = {0};
    assert_true(grille_refusals_take(refusals, &refusal));
    assert_int_equal(refusal.id, id);
    assert_int_equal(refusal.code, GRILLE_RESET_REFUSED);
}

static void expect_none(grille_refusals *refusals) {
    grille_refusal refusal = {0};
    assert_true(grille_refusals_empty(refusals));
    assert_false(grille_refusals_take(refusals, &refusal));
}

static void they_leave_in_their_order(void **state) {
    grille_refusals refusals = make();
    (void)state;
    expect_none(&refusals);
    for (uint32_t id = 1; id < 200; id += 2) {
        push(&refusals, id);
        push(&refusals, id + 1);
        expect(&refusals, id);
        expect(&refusals, id + 1);
    }
    expect_none(&refusals);
    drop(&refusals);
}

static void what_is_taken_back_is_not_sent(void **state) {
    grille_refusals refusals = make();
    (void)state;
    for (uint32_t id = 1; id <= MOST; id++)
        push(&refusals, 10 * id);
    assert_false(grille_refusals_take_back(&refusals, 5));
    assert_false(grille_refusals_take_back(&refusals, 15));
    assert_false(grille_refusals_take_back(&refusals, 10 * MOST + 1));
    for (uint32_t id = 2; id <= MOST; id += 2) {
        assert_true(grille_refusals_take_back(&refusals, 10 * id));
        assert_false(grille_refusals_take_back(&refusals, 10 * id));
    }
    for (uint32_t id = 1; id <= MOST; id += 2)
        expect(&refusals, 10 * id);
    expect_none(&refusals);
    assert_false(grille_refusals_take_back(&refusals, 10));
    drop(&refusals);
}

/* Fifteen stay, the sixteenth comes and goes: the ring never overflows, and nothing is lost. */
static void room_is_made_of_what_was_taken_back(void **state) {
    grille_refusals refusals = make();
    (void)state;
    for (uint32_t id = 1; id < MOST; id++)
        push(&refusals, id);
    for (uint32_t id = MOST; id < 1000; id++) {
        push(&refusals, id);
        assert_true(grille_refusals_take_back(&refusals, id));
    }
    for (uint32_t id = 1; id < MOST; id++)
        expect(&refusals, id);
    expect_none(&refusals);
    /* And all of them may go and come again. */
    for (uint32_t id = 1000; id < 2000; id += MOST) {
        for (uint32_t i = 0; i < MOST; i++)
            push(&refusals, id + i);
        for (uint32_t i = 0; i < MOST; i++)
            assert_true(grille_refusals_take_back(&refusals, id + (i * 7) % MOST));
        assert_true(grille_refusals_empty(&refusals));
    }
    expect_none(&refusals);
    drop(&refusals);
}

static void no_memory_is_said(void **state) {
    grille_refusals refusals;
    (void)state;
    grille_budget_init(&budget, 16);
    grille_refusals_init(&refusals, MOST, &budget);
    for (uint32_t id = 1; id <= GRILLE_REFUSALS_HOME; id++)
        push(&refusals, id);
    assert_false(grille_refusals_push(&refusals, (grille_refusal){.id = 99, .code = GRILLE_RESET_REFUSED}));
    for (uint32_t id = 1; id <= GRILLE_REFUSALS_HOME; id++)
        expect(&refusals, id);
    expect_none(&refusals);
    drop(&refusals);
}

/* The ring grows in the middle of a turn round, keeps the order, and is given back when nothing waits. */
static void room_grows_with_use_and_is_given_back(void **state) {
    enum { MANY = 300 };
    grille_refusals refusals;
    (void)state;
    grille_budget_init(&budget, 16384);
    grille_refusals_init(&refusals, MANY, &budget);
    for (uint32_t id = 1; id <= 10; id++)
        push(&refusals, id);
    for (uint32_t id = 1; id <= 8; id++)
        expect(&refusals, id);
    for (uint32_t id = 11; id <= MANY; id++)
        push(&refusals, id);
    grille_refusals_shrink(&refusals);
    assert_true(budget.used_bytes > 0);
    assert_true(grille_refusals_take_back(&refusals, 200));
    for (uint32_t id = 9; id <= MANY; id++) {
        if (id != 200) expect(&refusals, id);
    }
    expect_none(&refusals);
    grille_refusals_shrink(&refusals);
    assert_int_equal(budget.used_bytes, 0);
    push(&refusals, MANY + 1);
    expect(&refusals, MANY + 1);
    drop(&refusals);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_leave_in_their_order),
        cmocka_unit_test(what_is_taken_back_is_not_sent),
        cmocka_unit_test(room_is_made_of_what_was_taken_back),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(room_grows_with_use_and_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
