/* SPDX-License-Identifier: Apache-2.0
 * A drain from its first notice to its end; the last stream ids. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static void expect_drain(grille_bytes output, size_t n, uint32_t last_stream, grille_drain_reason reason) {
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_drain_payload drain = {0};
    assert_true(pair_frame(output, GRILLE_FRAME_DRAIN, n, &header, &payload));
    assert_int_equal(grille_drain_payload_decode(payload, &drain), GRILLE_REASON_OK);
    assert_int_equal(drain.last_stream, last_stream);
    assert_int_equal(drain.reason, reason);
}

/* Calls that are under way end well, new ones are refused at the caller, then it is told. */
static void a_drain_lets_calls_end(void **state) {
    const pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = pair_new(&options);
    grille_stream *stream = NULL;
    (void)state;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_POLICY, pair->now_us);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_PEER_DRAIN], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_PEER_DRAIN)->number, GRILLE_DRAIN_SHUTDOWN);
    assert_true(grille_session_peer_drains(pair->initiator.session));
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_DRAINING);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 0);
    /* By direction: the side that drains may still call. */
    assert_int_equal(grille_session_open(pair->responder.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    grille_stream_release(stream);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* The first notice with all ones and a PING, the second with the last id once the PING is answered. */
static void two_notices(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_bytes output = {0};
    (void)state;
    script_write(pair_writer(pair), "S C1 C3");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_IDS, pair->now_us);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DRAIN), 1);
    expect_drain(output, 0, GRILLE_DRAIN_ALL, GRILLE_DRAIN_IDS);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_PING), 1);
    /* A call that crossed the notice is taken; one that comes after the second is refused. */
    script_write(pair_writer(pair), "C5 A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "C7");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 3);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DRAIN), 1);
    expect_drain(output, 0, 5, GRILLE_DRAIN_IDS);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_RESET), 1);
    pair_free(pair);
}

/* A peer that does not answer the PING does not hold it up. */
static void the_second_notice_does_not_wait_for_ever(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    expect_drain(pair_take_output(pair, &pair->responder), 0, GRILLE_DRAIN_ALL, GRILLE_DRAIN_SHUTDOWN);
    pair_pass(pair, 100000); /* memory of the last turn is given back */
    assert_int_equal(grille_session_expiry(pair->responder.session), pair->now_us + 900000);
    pair_pass(pair, 899999);
    assert_false(grille_session_wants_write(pair->responder.session));
    pair_pass(pair, 1);
    expect_drain(pair_take_output(pair, &pair->responder), 0, 0, GRILLE_DRAIN_SHUTDOWN);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* Each PING is answered once. */
static void a_ping_is_answered_once(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_BAD_PING);
    pair_free(pair);
}

/* Calls that were not sent when the notice came, and those above the last id, may be tried elsewhere. */
static void unprocessed_calls_are_told_so(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->initiator.releases = true;
    for (int i = 0; i < 3; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_take_output(pair, &pair->initiator);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    script_write(pair_writer(pair), "S N4294967295:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
    script_write(pair_writer(pair), "N3:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 2);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_UNAVAILABLE);
    script_write(pair_writer(pair), "T1:0 T3:0");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 2);
    pair_free(pair);
}

/* GRILLE_LIMIT_STREAM_ID: nothing is opened from there on; what is open goes on. */
static void ids_are_used_up(void **state) {
    pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    (void)state;
    options.initiator.first_stream_id = GRILLE_LIMIT_STREAM_ID - 3;
    pair = pair_new(&options);
    pair_run(pair);
    pair->responder.answers = true;
    for (int i = 0; i < 2; i++) {
        assert_false(grille_session_needs_successor(pair->initiator.session));
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        pair_run(pair);
    }
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->id, GRILLE_LIMIT_STREAM_ID - 1);
    assert_true(grille_session_needs_successor(pair->initiator.session));
    assert_false(grille_session_can_open(pair->initiator.session));
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_IDS_USED_UP);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 2);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_lets_calls_end),
        cmocka_unit_test(two_notices),
        cmocka_unit_test(the_second_notice_does_not_wait_for_ever),
        cmocka_unit_test(a_ping_is_answered_once),
        cmocka_unit_test(unprocessed_calls_are_told_so),
        cmocka_unit_test(ids_are_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
