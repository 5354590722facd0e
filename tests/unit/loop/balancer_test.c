/* SPDX-License-Identifier: Apache-2.0
 * Which target is connected and which gets the next call, for every order in which targets come, fail, serve and go;
 * under virtual time. */
#include "loop/balancer.h"

#include <stdlib.h>

#include "cmocka_all.h"
#include "prng.h"

static bool any(void *user, size_t target) {
    (void)user;
    (void)target;
    return true;
}

static bool none(void *user, size_t target) {
    (void)user;
    (void)target;
    return false;
}

static bool only(void *user, size_t target) {
    return target == *(const size_t *)user;
}

static void expect_step(grille_balancer *b, grille_time_us now_us, grille_balancer_act act, size_t target) {
    const grille_balancer_step step = grille_balancer_next(b, now_us);
    assert_int_equal(step.act, act);
    if (act != GRILLE_BALANCER_REST) assert_int_equal(step.target, target);
}

static void expect_pick(grille_balancer *b, size_t expected) {
    size_t target = 99;
    assert_true(grille_balancer_pick(b, any, NULL, &target));
    assert_int_equal(target, expected);
}

static void expect_no_pick(grille_balancer *b) {
    size_t target = 99;
    assert_false(grille_balancer_pick(b, any, NULL, &target));
}

static void expect_state(const grille_balancer *b, grille_channel_state state) {
    assert_int_equal(grille_balancer_state(b), state);
}

/* ---- pick_first ---- */

static void test_one_target(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 1, false);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    expect_step(&b, 0, GRILLE_BALANCER_REST, 0);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    grille_balancer_is_failed(&b, 0, 500, false);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    assert_false(grille_balancer_is_hopeless(&b));
    expect_step(&b, 499, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), 500);
    expect_step(&b, 500, GRILLE_BALANCER_CONNECT, 0);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    grille_balancer_is_ready(&b, 0);
    expect_state(&b, GRILLE_CHANNEL_READY);
    expect_step(&b, 500, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), GRILLE_TIME_NEVER);
    expect_pick(&b, 0);
    /* Lost after it lasted: at once again. */
    grille_balancer_is_idle(&b, 0);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_step(&b, 500, GRILLE_BALANCER_CONNECT, 0);
}

static void test_first_that_can_be_reached(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 3, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    expect_step(&b, 0, GRILLE_BALANCER_REST, 0);
    grille_balancer_is_failed(&b, 0, 20, false);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_step(&b, 1, GRILLE_BALANCER_CONNECT, 1);
    /* However long the second takes, the third has its turn before the first has another one. */
    grille_balancer_is_failed(&b, 1, 10020, false);
    expect_step(&b, 10000, GRILLE_BALANCER_CONNECT, 2);
    grille_balancer_is_ready(&b, 2);
    expect_state(&b, GRILLE_CHANNEL_READY);
    expect_step(&b, 20000, GRILLE_BALANCER_REST, 0);
    for (int i = 0; i < 10; i++)
        expect_pick(&b, 2);
}

static void test_a_pass_after_the_pauses_of_all(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 3, false);
    for (size_t i = 0; i < 3; i++) {
        expect_step(&b, 0, GRILLE_BALANCER_CONNECT, i);
        grille_balancer_is_failed(&b, i, 100 - i, false);
    }
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    expect_step(&b, 99, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), 100);
    for (size_t i = 0; i < 3; i++) {
        expect_step(&b, 100, GRILLE_BALANCER_CONNECT, i);
        expect_state(&b, GRILLE_CHANNEL_CONNECTING);
        grille_balancer_is_failed(&b, i, 300, false);
    }
    expect_state(&b, GRILLE_CHANNEL_FAILED);
}

static void test_stays_where_it_is(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 2, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_failed(&b, 0, 20, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 1);
    grille_balancer_is_ready(&b, 1);
    expect_step(&b, 1000, GRILLE_BALANCER_REST, 0);
    /* A drain: the same peer's successor first. */
    grille_balancer_is_connecting(&b, 1);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_step(&b, 1000, GRILLE_BALANCER_REST, 0);
    grille_balancer_is_ready(&b, 1);
    expect_step(&b, 1000, GRILLE_BALANCER_REST, 0);
    expect_pick(&b, 1);
    /* A drain without a successor, for it stops: the others. */
    grille_balancer_is_connecting(&b, 1);
    expect_step(&b, 1000, GRILLE_BALANCER_REST, 0);
    grille_balancer_is_failed(&b, 1, 1020, false);
    expect_step(&b, 1000, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_ready(&b, 0);
    expect_step(&b, 2000, GRILLE_BALANCER_REST, 0);
    expect_pick(&b, 0);
    /* A loss: in the order given. */
    grille_balancer_is_idle(&b, 0);
    expect_step(&b, 2000, GRILLE_BALANCER_CONNECT, 0);
}

static void test_what_can_not_be_tried_again(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 2, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_failed(&b, 0, GRILLE_TIME_NEVER, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 1);
    grille_balancer_is_failed(&b, 1, 50, false);
    assert_false(grille_balancer_is_hopeless(&b));
    expect_step(&b, 50, GRILLE_BALANCER_CONNECT, 1);
    grille_balancer_is_failed(&b, 1, GRILLE_TIME_NEVER, false);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    assert_true(grille_balancer_is_hopeless(&b));
    expect_step(&b, 1000000, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), GRILLE_TIME_NEVER);
}

static void test_all_must_be_rejected(void **state) {
    (void)state;
    for (int kind = GRILLE_PICK_FIRST; kind <= GRILLE_ROUND_ROBIN; kind++) {
        for (unsigned rejected = 0; rejected < 8; rejected++) {
            grille_balancer b;
            grille_balancer_init(&b, (grille_balancing)kind, 3, false);
            for (size_t i = 0; i < 3; i++) {
                assert_false(grille_balancer_is_hopeless(&b));
                expect_step(&b, 0, GRILLE_BALANCER_CONNECT, i);
                grille_balancer_is_failed(&b, i, 100, (rejected >> i & 1) != 0);
            }
            expect_state(&b, GRILLE_CHANNEL_FAILED);
            assert_int_equal(grille_balancer_is_hopeless(&b), rejected == 7);
        }
    }
}

static void test_only_its_own_target(void **state) {
    grille_balancer b;
    size_t target = 0, full = 1;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 2, false);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_ready(&b, 0);
    /* When it is full calls wait. */
    assert_false(grille_balancer_pick(&b, only, &full, &target));
    assert_true(grille_balancer_representative(&b, &target));
    assert_int_equal(target, 0);
}

/* ---- round_robin ---- */

static void make_round(grille_balancer *b, size_t count, bool asks_health) {
    grille_balancer_init(b, GRILLE_ROUND_ROBIN, count, asks_health);
    for (size_t i = 0; i < count; i++)
        expect_step(b, 0, GRILLE_BALANCER_CONNECT, i);
    expect_step(b, 0, GRILLE_BALANCER_REST, 0);
}

static void test_all_in_turn(void **state) {
    grille_balancer b;
    (void)state;
    make_round(&b, 3, false);
    for (size_t i = 0; i < 3; i++)
        grille_balancer_is_ready(&b, i);
    for (size_t i = 0; i < 30; i++)
        expect_pick(&b, i % 3);
}

static void test_those_that_fail_are_left_out(void **state) {
    grille_balancer b;
    size_t full = 0, target = 0;
    (void)state;
    make_round(&b, 3, false);
    grille_balancer_is_ready(&b, 0);
    expect_state(&b, GRILLE_CHANNEL_READY);
    grille_balancer_is_failed(&b, 1, 70, true);
    grille_balancer_is_ready(&b, 2);
    for (size_t i = 0; i < 10; i++)
        expect_pick(&b, i % 2 == 0 ? 0 : 2);
    expect_step(&b, 69, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), 70);
    expect_step(&b, 70, GRILLE_BALANCER_CONNECT, 1);
    expect_state(&b, GRILLE_CHANNEL_READY);
    grille_balancer_is_ready(&b, 1);
    expect_pick(&b, 0);
    expect_pick(&b, 1);
    expect_pick(&b, 2);
    /* Full ones are left out as well, and nothing is picked when all are. */
    for (int i = 0; i < 3; i++) {
        assert_true(grille_balancer_pick(&b, only, &full, &target));
        assert_int_equal(target, 0);
    }
    assert_false(grille_balancer_pick(&b, none, NULL, &target));
    expect_pick(&b, 1);
}

/* New attempts do not hide that all have failed. */
static void test_failed_until_one_is_ready(void **state) {
    grille_balancer b;
    (void)state;
    make_round(&b, 2, false);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    grille_balancer_is_failed(&b, 0, 10, false);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_step(&b, 10, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_failed(&b, 1, 20, false);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, 1);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    grille_balancer_is_ready(&b, 1);
    expect_state(&b, GRILLE_CHANNEL_READY);
    grille_balancer_is_idle(&b, 1);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
}

/* Of a large fleet only so many are dialled at once, and those that fail keep none from their turn. */
static void test_not_all_at_once(void **state) {
    enum { MOST = GRILLE_LIMIT_TARGETS_CONNECTING, COUNT = MOST + 3 };
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_ROUND_ROBIN, COUNT, false);
    for (size_t i = 0; i < MOST; i++)
        expect_step(&b, 0, GRILLE_BALANCER_CONNECT, i);
    expect_step(&b, 0, GRILLE_BALANCER_REST, 0);
    grille_balancer_is_failed(&b, 7, 10, false);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, MOST);
    /* It is due, and there is no room: it must not be asked for again and again. */
    expect_step(&b, 20, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), GRILLE_TIME_NEVER);
    grille_balancer_is_failed(&b, 3, 5, false);
    grille_balancer_is_ready(&b, 8);
    grille_balancer_is_ready(&b, 9);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, MOST + 1);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, MOST + 2);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, 3);
    grille_balancer_is_ready(&b, 10);
    expect_step(&b, 20, GRILLE_BALANCER_CONNECT, 7);
    expect_step(&b, 20, GRILLE_BALANCER_REST, 0);
}

/* No more of a balancer is touched than its targets need. */
static void test_bytes(void **state) {
    const size_t bytes = grille_balancer_bytes(2);
    uint8_t *memory = malloc(bytes);
    (void)state;
    assert_non_null(memory);
    assert_true(bytes < sizeof(grille_balancer) / 100);
    grille_balancer_init((grille_balancer *)memory, GRILLE_ROUND_ROBIN, 2, true);
    expect_step((grille_balancer *)memory, 0, GRILLE_BALANCER_CONNECT, 0);
    expect_step((grille_balancer *)memory, 0, GRILLE_BALANCER_CONNECT, 1);
    free(memory);
}

/* ---- early calls ---- */

static void test_calls_travel_with_the_end_of_the_gate(void **state) {
    size_t target = 9, started = 1;
    (void)state;
    for (int kind = GRILLE_PICK_FIRST; kind <= GRILLE_ROUND_ROBIN; kind++) {
        for (int asks = 0; asks < 2; asks++) {
            grille_balancer b;
            grille_balancer_init(&b, (grille_balancing)kind, 2, asks != 0);
            expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
            if (kind == GRILLE_PICK_FIRST) grille_balancer_is_failed(&b, 0, 10, false);
            expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 1);
            assert_false(grille_balancer_pick(&b, none, NULL, &target));
            /* Whether the peer serves is not known yet. */
            assert_int_equal(grille_balancer_pick(&b, only, &started, &target), asks == 0);
            if (asks == 0) assert_int_equal(target, 1);
        }
    }
}

/* ---- health ---- */

static void test_only_those_that_serve(void **state) {
    grille_balancer b;
    (void)state;
    make_round(&b, 3, true);
    for (size_t i = 0; i < 3; i++)
        grille_balancer_is_ready(&b, i);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    expect_no_pick(&b);
    grille_balancer_says(&b, 1, GRILLE_TARGET_SERVING);
    expect_state(&b, GRILLE_CHANNEL_READY);
    for (int i = 0; i < 4; i++)
        expect_pick(&b, 1);
    grille_balancer_says(&b, 0, GRILLE_TARGET_NOT_SERVING);
    grille_balancer_says(&b, 2, GRILLE_TARGET_SERVING);
    expect_pick(&b, 2);
    expect_pick(&b, 1);
    grille_balancer_says(&b, 1, GRILLE_TARGET_NOT_SERVING);
    grille_balancer_says(&b, 2, GRILLE_TARGET_NOT_SERVING);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    assert_false(grille_balancer_is_hopeless(&b));
    expect_no_pick(&b);
    expect_step(&b, 1000, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), GRILLE_TIME_NEVER);
    grille_balancer_says(&b, 0, GRILLE_TARGET_SERVING);
    expect_state(&b, GRILLE_CHANNEL_READY);
    expect_pick(&b, 0);
    /* A successor may be taken at its predecessor's word; any other connection has to say so again. */
    grille_balancer_is_ready(&b, 0);
    expect_pick(&b, 0);
    grille_balancer_is_connecting(&b, 0);
    grille_balancer_is_ready(&b, 0);
    expect_no_pick(&b);
}

static void test_pick_first_leaves_what_does_not_serve(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 2, true);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_is_ready(&b, 0);
    expect_step(&b, 0, GRILLE_BALANCER_REST, 0);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    grille_balancer_says(&b, 0, GRILLE_TARGET_SERVING);
    expect_pick(&b, 0);
    expect_step(&b, 0, GRILLE_BALANCER_REST, 0);
    grille_balancer_says(&b, 0, GRILLE_TARGET_NOT_SERVING);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 1);
    grille_balancer_is_failed(&b, 1, 30, false);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
    expect_step(&b, 29, GRILLE_BALANCER_REST, 0);
    assert_int_equal(grille_balancer_expiry(&b), 30);
    expect_step(&b, 30, GRILLE_BALANCER_CONNECT, 1);
    grille_balancer_is_ready(&b, 1);
    grille_balancer_says(&b, 1, GRILLE_TARGET_SERVING);
    expect_step(&b, 30, GRILLE_BALANCER_DISCONNECT, 0);
    expect_step(&b, 30, GRILLE_BALANCER_REST, 0);
    expect_pick(&b, 1);
}

static void test_words_of_what_is_gone(void **state) {
    grille_balancer b;
    (void)state;
    grille_balancer_init(&b, GRILLE_PICK_FIRST, 1, true);
    expect_step(&b, 0, GRILLE_BALANCER_CONNECT, 0);
    grille_balancer_says(&b, 0, GRILLE_TARGET_SERVING);
    expect_state(&b, GRILLE_CHANNEL_CONNECTING);
    grille_balancer_is_failed(&b, 0, 10, false);
    grille_balancer_says(&b, 0, GRILLE_TARGET_SERVING);
    expect_state(&b, GRILLE_CHANNEL_FAILED);
}

/* ---- any order of events ---- */

typedef struct world {
    grille_balancer balancer;
    grille_time_us now_us;
    uint64_t random;
    bool works[GRILLE_LIMIT_TARGETS]; /* whether an attempt succeeds, and a peer serves */
} world;

static void follow_steps(world *w) {
    for (unsigned steps = 0;; steps++) {
        const grille_balancer_step step = grille_balancer_next(&w->balancer, w->now_us);
        if (step.act == GRILLE_BALANCER_REST) return;
        assert_true(steps < 4 * GRILLE_LIMIT_TARGETS);
        assert_true(step.target < w->balancer.count);
    }
}

static void something_happens(world *w) {
    grille_balancer *b = &w->balancer;
    const size_t target = prng_below(&w->random, b->count);
    grille_balancer_entry *entry = &b->entries[target];
    if (prng_below(&w->random, 8) == 0) w->works[target] = !w->works[target];
    switch (entry->state) {
    case GRILLE_TARGET_CONNECTING:
        if (w->works[target]) {
            grille_balancer_is_ready(b, target);
        } else {
            grille_balancer_is_failed(b, target, w->now_us + 10 + prng_below(&w->random, 90),
                                      prng_below(&w->random, 2) == 0);
        }
        break;
    case GRILLE_TARGET_READY:
        if (prng_below(&w->random, 4) == 0) {
            grille_balancer_is_idle(b, target);
        } else if (prng_below(&w->random, 4) == 0) {
            grille_balancer_is_connecting(b, target);
        } else {
            grille_balancer_says(b, target, w->works[target] ? GRILLE_TARGET_SERVING : GRILLE_TARGET_NOT_SERVING);
        }
        break;
    case GRILLE_TARGET_IDLE:
    case GRILLE_TARGET_FAILED:
        w->now_us += prng_below(&w->random, 50);
        break;
    }
}

static void check(world *w) {
    grille_balancer *b = &w->balancer;
    size_t target = 0, connected = 0;
    const grille_channel_state state = grille_balancer_state(b);
    const bool picked = grille_balancer_pick(b, any, NULL, &target);
    if (state == GRILLE_CHANNEL_READY) {
        assert_true(picked);
        assert_int_equal(b->entries[target].state, GRILLE_TARGET_READY);
        assert_int_equal(b->entries[target].health, GRILLE_TARGET_SERVING);
    }
    for (size_t i = 0; i < b->count; i++)
        connected += b->entries[i].state == GRILLE_TARGET_READY || b->entries[i].state == GRILLE_TARGET_CONNECTING;
    if (state == GRILLE_CHANNEL_READY && b->kind == GRILLE_PICK_FIRST) assert_int_equal(connected, 1);
    if (grille_balancer_is_hopeless(b)) assert_int_equal(state, GRILLE_CHANNEL_FAILED);
    /* Somebody is always under way, or due at a time, or there and asked. */
    if (connected == 0) assert_true(grille_balancer_expiry(b) != GRILLE_TIME_NEVER);
}

/* From any state: when all work, all that are wanted are soon there. */
static void all_is_well_soon(world *w) {
    for (size_t i = 0; i < w->balancer.count; i++)
        w->works[i] = true;
    for (unsigned round = 0; round < 3; round++) {
        w->now_us += 1000;
        follow_steps(w);
        for (size_t i = 0; i < w->balancer.count; i++) {
            if (w->balancer.entries[i].state == GRILLE_TARGET_CONNECTING) grille_balancer_is_ready(&w->balancer, i);
            grille_balancer_says(&w->balancer, i, GRILLE_TARGET_SERVING);
        }
    }
    follow_steps(w);
    expect_state(&w->balancer, GRILLE_CHANNEL_READY);
    size_t usable = 0;
    for (size_t i = 0; i < w->balancer.count; i++)
        usable += w->balancer.entries[i].state == GRILLE_TARGET_READY;
    assert_int_equal(usable, w->balancer.kind == GRILLE_PICK_FIRST ? 1 : w->balancer.count);
}

static void test_any_order(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        world w = {.random = seed};
        const size_t count = seed % 50 == 0 ? 2 * GRILLE_LIMIT_TARGETS_CONNECTING : 1 + prng_below(&w.random, 5);
        grille_balancer_init(&w.balancer, seed % 2 == 0 ? GRILLE_PICK_FIRST : GRILLE_ROUND_ROBIN, count, seed % 3 == 0);
        for (int i = 0; i < 300; i++) {
            follow_steps(&w);
            check(&w);
            something_happens(&w);
        }
        all_is_well_soon(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_target),
        cmocka_unit_test(test_first_that_can_be_reached),
        cmocka_unit_test(test_a_pass_after_the_pauses_of_all),
        cmocka_unit_test(test_stays_where_it_is),
        cmocka_unit_test(test_what_can_not_be_tried_again),
        cmocka_unit_test(test_all_must_be_rejected),
        cmocka_unit_test(test_only_its_own_target),
        cmocka_unit_test(test_all_in_turn),
        cmocka_unit_test(test_those_that_fail_are_left_out),
        cmocka_unit_test(test_failed_until_one_is_ready),
        cmocka_unit_test(test_not_all_at_once),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_calls_travel_with_the_end_of_the_gate),
        cmocka_unit_test(test_only_those_that_serve),
        cmocka_unit_test(test_pick_first_leaves_what_does_not_serve),
        cmocka_unit_test(test_words_of_what_is_gone),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
