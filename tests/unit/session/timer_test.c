/* SPDX-License-Identifier: Apache-2.0
 * Deadlines at both ends, keepalive, idle connections, and when the owner has to come back. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static grille_stream *timed_call(session_pair *pair, uint64_t timeout_us, size_t len) {
    const grille_call_open open = {.method_id = 7, .has_timeout = true, .timeout_us = timeout_us};
    grille_stream *stream = NULL;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(len), GRILLE_SEND_END_STREAM), GRILLE_REASON_OK);
    return stream;
}

/* The caller's clock runs out first: the handler hears of it by RESET. */
static void the_caller_ends_a_call_at_its_deadline(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->initiator.releases = true;
    (void)timed_call(pair, 1000, 5);
    pair_run(pair);
    assert_int_equal(grille_session_expiry(pair->initiator.session), pair->now_us + 1000);
    pair->now_us += 999;
    assert_int_equal(grille_session_tick(pair->initiator.session, pair->now_us), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 0);
    pair->now_us += 1;
    assert_int_equal(grille_session_tick(pair->initiator.session, pair->now_us), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_DEADLINE_EXCEEDED);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.local);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->end.code, GRILLE_RESET_DEADLINE);
    assert_false(pair_last(&pair->responder, PAIR_RESET)->end.local);
    pair_free(pair);
}

/* The handler's clock runs out: the caller hears of it by RESET, although its own clock stands still. */
static void the_callee_ends_a_call_at_its_deadline(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_bytes output = {0};
    (void)state;
    pair->responder.releases = true;
    script_write(pair_writer(pair), "S O1:1000 O3:2000 O5:1500");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    (void)pair_take_output(pair, &pair->responder);
    pair_pass(pair, 1600);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 2);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->end.reason, GRILLE_REASON_SESSION_DEADLINE);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_RESET), 2);
    assert_int_equal(grille_session_get_stats(pair->responder.session).deadlines_exceeded, 2);
    pair_free(pair);
}

/* A message that waits for credit does not outlive its call. */
static void a_blocked_write_ends_at_its_deadline(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    size_t before = 0;
    (void)state;
    options.responder.settings = grille_settings_minimum();
    options.responder.settings.max_message_bytes = 4 << 20;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    pair_run(pair);
    before = pair->initiator.budget.used_bytes;
    (void)timed_call(pair, 1000, 3 << 20);
    (void)pair_take_output(pair, &pair->initiator);
    assert_false(grille_session_wants_write(pair->initiator.session));
    assert_true(pair->initiator.budget.used_bytes > before + (3 << 20));
    pair_pass(pair, 1000);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_DEADLINE_EXCEEDED);
    assert_true(pair->initiator.budget.used_bytes < before + 65536);
    assert_true(grille_session_wants_write(pair->initiator.session));
    pair_free(pair);
}

/* Nobody saw a call that never left. */
static void an_unsent_call_ends_at_its_deadline(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    (void)timed_call(pair, 1000, 5);
    pair_pass(pair, 1000);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    pair_free(pair);
}

/* PING after silence, the end after more of it; any byte counts as life. */
static void keepalive_finds_a_dead_peer(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.initiator.keepalive_interval_us = 10000;
    options.initiator.keepalive_timeout_us = 3000;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    pair_run(pair);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(grille_session_expiry(pair->initiator.session), pair->now_us + 10000);
        pair_pass(pair, 10000);
        assert_true(grille_session_wants_write(pair->initiator.session));
        pair_run(pair);
    }
    pair_pass(pair, 10000);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->initiator), GRILLE_FRAME_PING), 1);
    assert_int_equal(grille_session_expiry(pair->initiator.session), pair->now_us + 3000);
    pair_pass(pair, 2999);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_OK);
    pair_pass(pair, 1);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_SESSION_KEEPALIVE);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_UNAVAILABLE);
    assert_int_equal(grille_session_expiry(pair->initiator.session), GRILLE_TIME_NEVER);
    pair_free(pair);
}

static void an_idle_connection_ends(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.initiator.idle_timeout_us = 500000;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    pair->responder.answers = true;
    pair_run(pair);
    pair_pass(pair, 400000);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_pass(pair, 400000);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
    pair_pass(pair, 499999);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_OK);
    pair_pass(pair, 1);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_SESSION_IDLE);
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    assert_int_equal(pair_last(&pair->responder, PAIR_PEER_DRAIN)->number, GRILLE_DRAIN_IDLE);
    pair_free(pair);
}

/* Both ends give up the same idle connection: each for itself, and the goodbyes cross. */
static void both_ends_may_find_it_idle(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.initiator.idle_timeout_us = 500000;
    options.responder.idle_timeout_us = 500000;
    pair = pair_start(&options);
    pair_pass(pair, 500000);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_SESSION_IDLE);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_IDLE);
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    (void)pair_carry(pair, &pair->responder, &pair->initiator);
    assert_int_equal(pair->initiator.counts[PAIR_PEER_DRAIN] + pair->responder.counts[PAIR_PEER_DRAIN], 0);
    assert_false(grille_session_wants_write(pair->initiator.session));
    pair_free(pair);
}

/* What keeps a connection from being idle: a call of either end, until its handler has returned too. PINGs and refused
 * calls do not. */
static void what_is_idle(void **state) {
    pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    (void)state;
    options.responder.idle_timeout_us = 500000;
    options.responder.settings = grille_settings_minimum();
    pair = pair_start(&options);
    stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    grille_stream_release(stream);
    pair_run(pair);
    pair_pass(pair, 5000000);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    stream = pair_call(pair, &pair->responder, pair_bytes(5));
    pair_run(pair);
    pair_pass(pair, 5000000);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(pair->initiator.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->initiator.newest);
    pair_run(pair);
    grille_stream_release(stream);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_AGE, pair->now_us);
    pair_run(pair);
    script_write(pair_writer(pair), "C3");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_session_get_stats(pair->responder.session).calls_refused, 1);
    pair_pass(pair, 499999);
    script_write(pair_writer(pair), "P7");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    pair_pass(pair, 1);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_IDLE);
    pair_free(pair);
}

/* Time that goes back is no time. */
static void a_clock_that_goes_back_does_no_harm(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    (void)timed_call(pair, 1000, 5);
    pair_run(pair);
    assert_int_equal(grille_session_tick(pair->initiator.session, 5), GRILLE_REASON_OK);
    assert_int_equal(grille_session_recv(pair->initiator.session, pair_bytes(0), 5), GRILLE_REASON_OK);
    assert_int_equal(grille_session_expiry(pair->initiator.session), pair->now_us + 1000);
    pair_pass(pair, 1000);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
    assert_int_equal(grille_session_tick(pair->initiator.session, 5), GRILLE_REASON_OK);
    pair->now_us -= 1000;
    (void)timed_call(pair, 1000, 5);
    pair->now_us += 1000;
    assert_int_equal(grille_session_expiry(pair->initiator.session), pair->now_us + 1000);
    pair_free(pair);
}

/* The longest timeouts do not wrap. */
static void a_timeout_of_ages_is_one(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    (void)timed_call(pair, UINT64_MAX, 5);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->timeout_us, UINT64_MAX - 1 - pair->now_us);
    pair_pass(pair, 1);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 0);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_ends_a_call_at_its_deadline),
        cmocka_unit_test(the_callee_ends_a_call_at_its_deadline),
        cmocka_unit_test(a_blocked_write_ends_at_its_deadline),
        cmocka_unit_test(an_unsent_call_ends_at_its_deadline),
        cmocka_unit_test(keepalive_finds_a_dead_peer),
        cmocka_unit_test(an_idle_connection_ends),
        cmocka_unit_test(both_ends_may_find_it_idle),
        cmocka_unit_test(what_is_idle),
        cmocka_unit_test(a_clock_that_goes_back_does_no_harm),
        cmocka_unit_test(a_timeout_of_ages_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
