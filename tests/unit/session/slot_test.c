/* SPDX-License-Identifier: Apache-2.0
 * When a slot is free, how many there can be, and that nothing of a call stays in it. */
#include <string.h>

#include "cmocka_all.h"
#include "session/kit.h"
#include "session/private.h"
#include "session_pair.h"
#include "session_script.h"

/* CALL and RESET, each in a write of its own. */
static void call_and_cancel(session_pair *pair) {
    grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    grille_stream_release(stream);
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
}

static uint32_t slots(const pair_end *end) {
    return grille_session_get_stats(end->session).slots;
}

/* Stream, handler and last frame's write: each alone keeps the slot. */
static void a_slot_waits_for_all_three(void **state) {
    const pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = pair_start(&options);
    grille_stream *first = NULL;
    size_t len = 0;
    (void)state;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    first = pair->responder.newest;
    /* The stream ends; the handler and the write do not. */
    assert_int_equal(grille_stream_send_status(first, &status), GRILLE_REASON_OK);
    assert_int_equal(grille_session_send(pair->responder.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    assert_int_equal(slots(&pair->responder), 1);
    /* The handler ends; the write does not. */
    grille_stream_release(first);
    assert_int_equal(slots(&pair->responder), 1);
    grille_session_sent(pair->responder.session, pair->now_us);
    assert_int_equal(slots(&pair->responder), 0);
    /* The write ends; the handler does not. */
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    first = pair->responder.newest;
    assert_int_equal(grille_stream_send_status(first, &status), GRILLE_REASON_OK);
    pair_run(pair);
    assert_int_equal(slots(&pair->responder), 1);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_ptr_not_equal(pair->responder.newest, first);
    grille_stream_release(first);
    assert_int_equal(slots(&pair->responder), 1);
    pair_free(pair);
}

/* A peer that resets its calls while their handlers run gets no more than max_handlers of them; the rest is refused. */
static void handlers_are_bounded_whatever_is_reset(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.responder.settings = grille_settings_minimum();
    pair = pair_start(&options);
    pair->initiator.releases = true;
    for (int i = 0; i < 200; i++) {
        call_and_cancel(pair);
        (void)pair_carry(pair, &pair->responder, &pair->initiator);
    }
    assert_int_equal(pair->responder.counts[PAIR_CALL], GRILLE_MINIMUM_HANDLERS);
    assert_int_equal(grille_session_get_stats(pair->responder.session).handlers, GRILLE_MINIMUM_HANDLERS);
    assert_int_equal(grille_session_get_stats(pair->responder.session).calls_refused, 200 - GRILLE_MINIMUM_HANDLERS);
    assert_int_equal(pair->responder.most_slots, GRILLE_MINIMUM_HANDLERS);
    pair_free(pair);
}

/* The peer's RESET of a call whose refusal still waits takes the refusal back: it counts no more. */
static void a_refused_call_may_be_reset(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.responder.settings = grille_settings_minimum();
    options.responder.events = &(grille_session_events){.on_call = NULL};
    pair = pair_new(&options);
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S 16*C1 8*X1:1 8*C33 8*X17:1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 8);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_RESET), 8);
    assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 0);
    script_write(pair_writer(pair), "17*C49");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_TOO_MANY_STREAMS);
    pair_free(pair);
}

/* Open and cancel as fast as it can: GRILLE_LIMIT_RESET_BURST of them, then the connection ends. */
static void a_flood_of_resets_ends_the_connection(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    int sent = 0;
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    while (pair->responder.reason == GRILLE_REASON_OK && sent < 100000) {
        call_and_cancel(pair);
        sent++;
    }
    assert_int_equal(sent, GRILLE_LIMIT_RESET_BURST + 1);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_FLOOD);
    pair_free(pair);
}

/* Open, cancel, and one honest call for each: no rate of that ends the connection. */
static void cancels_beside_answered_calls_are_no_flood(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    pair->responder.answers = true;
    for (int i = 0; i < 50000; i++) {
        const grille_call_open open = {.method_id = 7};
        grille_stream *stream = NULL;
        assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        grille_stream_release(stream);
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        (void)pair_carry(pair, &pair->responder, &pair->initiator);
    }
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 50000);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 50000);
    pair_free(pair);
}

/* Each cancel crosses the answer: a RESET for a closed stream, of which one a call is no flood of late frames either.
 */
static void cancels_that_cross_answers_are_no_flood(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    (void)state;
    pair->responder.answers = true;
    for (int i = 0; i < 3 * GRILLE_LIMIT_LATE_FRAME_BURST; i++) {
        grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(5));
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        grille_stream_release(stream);
        (void)pair_take_output(pair, &pair->responder);
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
    }
    assert_int_equal(pair->responder.counts[PAIR_RESET], 0);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    pair_free(pair);
}

/* What answered calls earn is not kept for ever: the burst, then once more as much. */
static void answered_calls_earn_no_more_than_a_burst(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    int sent = 0;
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    pair->responder.answers = true;
    for (int i = 0; i < 3 * GRILLE_LIMIT_RESET_BURST; i++) {
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        pair_run(pair);
    }
    pair->responder.answers = false;
    for (; pair->responder.reason == GRILLE_REASON_OK && sent < 100000; sent++) {
        call_and_cancel(pair);
    }
    assert_int_equal(sent, 2 * GRILLE_LIMIT_RESET_BURST + 1);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_FLOOD);
    pair_free(pair);
}

/* Every call is late: its caller resets it, as fast as calls can be made. That is load, not a flood; the same code
 * before half of the time is over is. */
static void deadlines_that_pass_are_no_flood(void **state) {
    for (int early = 0; early < 2; early++) {
        const pair_options options = pair_options_default();
        session_pair *pair = pair_new(&options);
        uint32_t id = 1;
        (void)state;
        pair->responder.releases = true;
        script_write(pair_writer(pair), "S");
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
        for (; pair->responder.reason == GRILLE_REASON_OK && id < 60000; id += 2) {
            const grille_call_payload call = {.header = {.method_id = 7, .has_timeout = true, .timeout_us = 10},
                                              .end_stream = true};
            grille_call_frame_write(pair_writer(pair), id, &call);
            (void)pair_feed(pair, &pair->responder);
            pair->now_us += early == 1 ? 4 : 5;
            grille_reset_frame_write(pair_writer(pair), id, GRILLE_RESET_DEADLINE);
            (void)pair_feed(pair, &pair->responder);
            (void)pair_take_output(pair, &pair->responder);
        }
        assert_int_equal(pair->responder.reason, early == 1 ? GRILLE_REASON_SESSION_FLOOD : GRILLE_REASON_OK);
        pair_free(pair);
    }
}

/* A callee that refuses or cancels all it gets hurts nobody but its caller, who may stop calling. */
static void calls_of_ours_may_be_reset_at_any_rate(void **state) {
    const grille_session_events none = {0};
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.responder.events = &none;
    pair = pair_start(&options);
    pair->initiator.releases = true;
    for (int i = 0; i < 30000; i++) {
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        pair_run(pair);
    }
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 30000);
    assert_int_equal(grille_session_get_stats(pair->responder.session).calls_refused, 30000);
    pair_free(pair);
}

/* Rules that the peer breaks make this end send resets; they drain the same bucket (CVE-2025-8671). */
static void a_flood_of_broken_calls_ends_the_connection(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    uint32_t id = 1;
    (void)state;
    pair->responder.releases = true;
    script_write(pair_writer(pair), "S");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    for (; pair->responder.reason == GRILLE_REASON_OK && id < 100000; id += 2) {
        pair_write_call(pair_writer(pair), id, true);
        pair_write_data(pair_writer(pair), id, true, 1, pair_bytes(1), false);
        (void)pair_feed(pair, &pair->responder);
        (void)pair_take_output(pair, &pair->responder);
    }
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_FLOOD);
    assert_int_equal((id - 1) / 2, GRILLE_LIMIT_RESET_BURST + 1);
    pair_free(pair);
}

/* Bytes of a message that are found in the memory of a slot. */
static bool holds_secret(const grille_stream *stream) {
    return memmem(stream, sizeof *stream, "card 4242 4242", 14) != NULL;
}

static void a_slot_is_wiped_when_it_is_free(void **state) {
    const pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_OK, .message = grille_bytes_of("card 4242 4242", 14)};
    session_pair *pair = pair_start(&options);
    grille_stream *caller = NULL;
    grille_stream *handler = NULL;
    (void)state;
    caller = pair_call(pair, &pair->initiator, grille_bytes_of("card 4242 4242", 14));
    assert_true(holds_secret(caller));
    pair_run(pair);
    handler = pair->responder.newest;
    assert_true(holds_secret(handler));
    assert_int_equal(grille_stream_send_status(handler, &status), GRILLE_REASON_OK);
    grille_stream_release(handler);
    pair_run(pair);
    assert_false(holds_secret(handler));
    assert_true(holds_secret(caller));
    grille_stream_release(caller);
    assert_false(holds_secret(caller));
    pair_free(pair);
}

/* Slots and the map are given back 100 ms after the last call. */
static void idle_memory_is_given_back(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    const size_t idle_bytes = pair->initiator.budget.used_bytes;
    (void)state;
    pair->responder.answers = true;
    pair->initiator.releases = true;
    for (int i = 0; i < 100; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(5000));
    pair_run(pair);
    assert_true(pair->initiator.budget.used_bytes > idle_bytes + 100 * sizeof(grille_stream));
    pair_pass(pair, 99999);
    assert_true(pair->initiator.budget.used_bytes > idle_bytes + 100 * sizeof(grille_stream));
    pair_pass(pair, 1);
    assert_int_equal(pair->initiator.budget.used_bytes, idle_bytes);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).slots_held, 0);
    assert_int_equal(grille_session_expiry(pair->initiator.session), GRILLE_TIME_NEVER);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 101);
    pair_free(pair);
}

static session_pair *pair_with_depot(grille_depot *depot) {
    pair_options options = pair_options_default();
    options.initiator.depot = depot;
    options.responder.depot = depot;
    session_pair *pair = pair_start(&options);
    pair->responder.answers = true;
    pair->initiator.releases = true;
    return pair;
}

/* What a loop lends goes back with the last call, no timer is needed for it, and others get the same memory, clean. */
static void a_lent_kit_is_given_back_at_once(void **state) {
    grille_depot *depot = grille_depot_new();
    session_pair *pairs[] = {pair_with_depot(depot), pair_with_depot(depot), pair_with_depot(depot)};
    const grille_stream *used[2] = {NULL, NULL}; /* both ends need one at a time */
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        session_pair *pair = pairs[i % 3];
        const size_t idle_bytes = pair->initiator.budget.used_bytes;
        const grille_stream *stream = pair_call(pair, &pair->initiator, grille_bytes_of("card 4242 4242", 14));
        assert_true(holds_secret(stream));
        assert_true(pair->initiator.budget.used_bytes >= idle_bytes + sizeof(grille_kit));
        if (i < 2) used[i] = stream;
        assert_true(stream == used[0] || stream == used[1]);
        pair_run(pair);
        assert_int_equal(pair->initiator.counts[PAIR_STATUS], i / 3 + 1);
        assert_false(holds_secret(stream));
        for (const pair_end *end = &pair->initiator;; end = &pair->responder) {
            assert_int_equal(grille_session_get_stats(end->session).slots_held, 0);
            assert_int_equal(grille_session_expiry(end->session), GRILLE_TIME_NEVER);
            if (end == &pair->responder) break;
        }
        assert_int_equal(pair->initiator.budget.used_bytes, idle_bytes);
    }
    for (unsigned i = 0; i < 3; i++)
        pair_free(pairs[i]);
    grille_depot_free(depot);
}

/* More than a kit is needed: that stays for a while, and whoever gets the kit next finds nothing of it. */
static void what_outgrew_a_kit_is_given_back_when_idle(void **state) {
    grille_depot *depot = grille_depot_new();
    session_pair *pair = pair_with_depot(depot);
    session_pair *next = pair_with_depot(depot);
    const size_t idle_bytes = pair->initiator.budget.used_bytes;
    (void)state;
    for (unsigned round = 1; round <= 3; round++) {
        for (int i = 0; i < 100; i++)
            (void)pair_call(pair, &pair->initiator, pair_bytes(50));
        pair_run(pair);
        assert_int_equal(pair->initiator.counts[PAIR_STATUS], 100 * round);
        assert_true(pair->initiator.budget.used_bytes > idle_bytes + 100 * sizeof(grille_stream));
        pair_pass(pair, 100000);
        assert_int_equal(pair->initiator.budget.used_bytes, idle_bytes);
        assert_int_equal(grille_session_get_stats(pair->initiator.session).slots_held, 0);
        for (int i = 0; i < 20; i++)
            (void)pair_call(next, &next->initiator, pair_bytes(50));
        pair_run(next);
        assert_int_equal(next->initiator.counts[PAIR_STATUS], 20 * round);
        pair_pass(next, 100000);
    }
    /* Freed with calls under way. */
    for (int i = 0; i < 20; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(50));
    pair_free(pair);
    pair_free(next);
    grille_depot_free(depot);
}

static void a_depot_keeps_what_was_needed_lately(void **state) {
    grille_depot *depot = grille_depot_new();
    grille_kit *kits[3];
    bool is_new = false;
    (void)state;
    assert_false(grille_depot_trim(depot));
    for (unsigned i = 0; i < 3; i++) {
        kits[i] = grille_kit_take(depot, &is_new);
        assert_non_null(kits[i]);
        assert_true(is_new);
    }
    for (unsigned i = 0; i < 3; i++)
        grille_kit_give(depot, kits[i]);
    assert_true(grille_depot_trim(depot)); /* all three were needed */
    assert_ptr_equal(grille_kit_take(depot, &is_new), kits[2]);
    assert_false(is_new);
    grille_kit_give(depot, kits[2]);
    assert_true(grille_depot_trim(depot)); /* one was */
    kits[0] = grille_kit_take(depot, &is_new);
    assert_false(is_new);
    kits[1] = grille_kit_take(depot, &is_new);
    assert_true(is_new);
    grille_kit_give(depot, kits[1]);
    assert_true(grille_depot_trim(depot));
    assert_false(grille_depot_trim(depot)); /* one is, and no other */
    grille_kit_give(depot, kits[0]);
    assert_true(grille_depot_trim(depot));
    assert_false(grille_depot_trim(depot));
    grille_depot_free(depot);
    grille_depot_free(NULL);
}

/* Buffers of long messages too, although another call goes on. */
static void idle_buffers_are_given_back_under_a_call(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    size_t before = 0;
    (void)state;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    before = pair->responder.budget.used_bytes;
    pair->responder.answers = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(500000));
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
    assert_true(pair->responder.budget.used_bytes > before + 500000);
    pair_pass(pair, 100000);
    assert_true(pair->responder.budget.used_bytes <= before);
    assert_int_equal(grille_session_expiry(pair->responder.session), GRILLE_TIME_NEVER);
    pair_free(pair);
}

/* Owners may keep things in the call's arena. */
static void the_arena_lives_until_release(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    char *mine = NULL;
    (void)state;
    mine = grille_arena_alloc(grille_stream_arena(stream), 100000);
    assert_non_null(mine);
    memset(mine, 1, 100000);
    pair_run(pair);
    assert_true(pair->initiator.budget.used_bytes > 100000);
    grille_stream_release(stream);
    pair_run(pair);
    assert_true(pair->initiator.budget.used_bytes < 100000);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_waits_for_all_three),
        cmocka_unit_test(handlers_are_bounded_whatever_is_reset),
        cmocka_unit_test(a_refused_call_may_be_reset),
        cmocka_unit_test(a_flood_of_resets_ends_the_connection),
        cmocka_unit_test(cancels_beside_answered_calls_are_no_flood),
        cmocka_unit_test(cancels_that_cross_answers_are_no_flood),
        cmocka_unit_test(answered_calls_earn_no_more_than_a_burst),
        cmocka_unit_test(deadlines_that_pass_are_no_flood),
        cmocka_unit_test(calls_of_ours_may_be_reset_at_any_rate),
        cmocka_unit_test(a_flood_of_broken_calls_ends_the_connection),
        cmocka_unit_test(a_slot_is_wiped_when_it_is_free),
        cmocka_unit_test(idle_memory_is_given_back),
        cmocka_unit_test(a_lent_kit_is_given_back_at_once),
        cmocka_unit_test(what_outgrew_a_kit_is_given_back_when_idle),
        cmocka_unit_test(a_depot_keeps_what_was_needed_lately),
        cmocka_unit_test(idle_buffers_are_given_back_under_a_call),
        cmocka_unit_test(the_arena_lives_until_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
