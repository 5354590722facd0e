/* SPDX-License-Identifier: Apache-2.0
 * The ways in which calls end without an answer. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static session_pair *make(void) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    pair_run(pair);
    return pair;
}

/* The connection goes: each call hears of it once; one that was never sent may be tried elsewhere. */
static void a_lost_connection_ends_each_call_once(void **state) {
    session_pair *pair = make();
    const pair_event *reset = NULL;
    (void)state;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    grille_session_abort(pair->initiator.session, GRILLE_REASON_SESSION_LOST, "reset by peer");
    grille_session_abort(pair->initiator.session, GRILLE_REASON_SESSION_CLOSED, NULL);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 2);
    reset = pair_find(&pair->initiator, PAIR_RESET, 0);
    assert_int_equal(reset->code, GRILLE_UNAVAILABLE);
    assert_false(reset->end.never_processed);
    assert_string_equal(reset->text, "reset by peer");
    assert_true(pair_find(&pair->initiator, PAIR_RESET, 1)->end.never_processed);
    assert_false(grille_session_wants_write(pair->initiator.session));
    assert_string_equal(grille_session_failure(pair->initiator.session)->name, "SESSION-LOST");
    pair_free(pair);
}

/* Released without an answer: the caller hears CANCELLED. */
static void a_handler_that_gives_up_cancels(void **state) {
    session_pair *pair = make();
    grille_stream *stream = NULL;
    (void)state;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    stream = pair->responder.newest;
    grille_stream_release(stream);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_CANCELLED);
    assert_false(pair_last(&pair->initiator, PAIR_RESET)->end.local);
    pair_free(pair);
}

/* A peer that is trusted no more: each call hears why, by STATUS or where half an answer is out by RESET. */
static void ended_streams_hear_why_and_the_connection_goes_on(void **state) {
    session_pair *pair = make();
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_call(pair, &pair->responder, pair_bytes(5));
    pair_run(pair);
    grille_stream *handled = pair->responder.newest;
    grille_session_end_streams(pair->responder.session, GRILLE_REASON_RPC_PEER_REVOKED, "not any more", pair->now_us);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 2);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->code, GRILLE_PERMISSION_DENIED);
    grille_stream_release(handled);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_PERMISSION_DENIED);
    assert_string_equal(pair_last(&pair->initiator, PAIR_STATUS)->text, "not any more");
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
    assert_int_equal(grille_session_failure(pair->initiator.session)->code, GRILLE_OK);
    assert_int_equal(grille_session_failure(pair->responder.session)->code, GRILLE_OK);
    pair_free(pair);
}

/* A call that is given up before it was sent leaves no trace on the wire. */
static void an_unsent_call_leaves_no_trace(void **state) {
    session_pair *pair = make();
    grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)state;
    assert_int_equal(grille_stream_id(stream), 0);
    grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
    grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
    grille_stream_release(stream);
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).slots, 0);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->id, 1);
    pair_free(pair);
}

/* What a broken rule of the call costs: the call, at both ends, and nothing else. */
static void a_broken_call_leaves_the_others_alone(void **state) {
    session_pair *pair = make();
    (void)state;
    pair->responder.releases = true;
    script_write(pair_writer(pair), "C1 C3 D1:9:2b D1:9:2b D3:2:2be");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 1);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->id, 1);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->code, GRILLE_INTERNAL);
    assert_int_equal(pair_last(&pair->responder, PAIR_HALF_CLOSE)->id, 3);
    pair_free(pair);
}

/* A peer that has answered can't say that nothing ran: neither by RESET nor by DRAIN. */
static void an_answered_call_was_processed(void **state) {
    static const char *const answers[] = {"H1:20", "D1:3:1b", "D1:1:1b"};
    static const char *const ends[] = {"X1:2", "N0:1"};
    (void)state;
    for (size_t i = 0; i <= sizeof answers / sizeof answers[0]; i++) {
        for (size_t end = 0; end < sizeof ends / sizeof ends[0]; end++) {
            session_pair *pair = make();
            pair->initiator.releases = true;
            (void)pair_call(pair, &pair->initiator, pair_bytes(5));
            (void)pair_take_output(pair, &pair->initiator);
            if (i > 0) script_write(pair_writer(pair), answers[i - 1]);
            script_write(pair_writer(pair), ends[end]);
            assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
            assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
            assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_UNAVAILABLE);
            assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed, i == 0);
            pair_free(pair);
        }
    }
}

/* STATUS needs no credit: a caller that gave none still learns over which limit it was. */
static void over_a_limit_is_said_without_credit(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    grille_bytes output = {0};
    (void)state;
    options.responder.settings = grille_settings_minimum();
    options.initiator.settings.max_message_bytes = 8 << 20;
    pair = pair_new(&options);
    (void)pair_take_output(pair, &pair->responder);
    /* The stream's window is wide, the connection's is used up. */
    script_write(pair_writer(pair), "S C1 K1:8388608");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(60000), 0), GRILLE_REASON_OK);
    for (int i = 0; i < 20; i++) {
        (void)pair_take_output(pair, &pair->responder);
        (void)!grille_stream_send_message(pair->responder.newest, pair_bytes(60000), 0);
    }
    assert_int_equal(grille_session_get_stats(pair->responder.session).blocked_streams, 1);
    assert_false(grille_session_wants_write(pair->responder.session));
    script_write(pair_writer(pair), "C3");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(60000), 0), GRILLE_REASON_OK);
    assert_int_equal(pair_take_output(pair, &pair->responder).len, 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).blocked_streams, 2);
    script_write(pair_writer(pair), "D3:65537:1b");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_STATUS), 1);
    assert_int_equal(grille_session_get_stats(pair->responder.session).blocked_streams, 1);
    pair_free(pair);
}

/* Both ends reset at once: each hears at most once, and no slot stays. */
static void resets_may_cross(void **state) {
    session_pair *pair = make();
    grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)state;
    pair_run(pair);
    grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
    grille_stream_release(stream);
    grille_stream_reset(pair->responder.newest, GRILLE_RESET_LIMIT);
    grille_stream_release(pair->responder.newest);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_RESET] + pair->responder.counts[PAIR_RESET], 0);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).slots, 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots, 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_connection_ends_each_call_once),
        cmocka_unit_test(a_handler_that_gives_up_cancels),
        cmocka_unit_test(ended_streams_hear_why_and_the_connection_goes_on),
        cmocka_unit_test(an_unsent_call_leaves_no_trace),
        cmocka_unit_test(a_broken_call_leaves_the_others_alone),
        cmocka_unit_test(an_answered_call_was_processed),
        cmocka_unit_test(over_a_limit_is_said_without_credit),
        cmocka_unit_test(resets_may_cross),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
