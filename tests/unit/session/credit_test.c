/* SPDX-License-Identifier: Apache-2.0
 * Windows: what flows through them, what holds them, and that all credit comes back. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

enum { MINIMUM_WINDOW = GRILLE_MINIMUM_STREAM_WINDOW_BYTES };

static pair_options minimum_options(void) {
    pair_options options = pair_options_default();
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    options.responder.settings.max_message_bytes = 8 << 20;
    options.initiator.settings.max_message_bytes = 8 << 20;
    return options;
}

/* Both ends agree on what may be sent, and nothing is held. */
static void assert_credit_is_whole(session_pair *pair) {
    for (int i = 0; i < 2; i++) {
        const pair_end *sender = i == 0 ? &pair->initiator : &pair->responder;
        const pair_end *receiver = pair_other(pair, (pair_end *)(uintptr_t)sender);
        const grille_session_stats sending = grille_session_get_stats(sender->session);
        const grille_session_stats receiving = grille_session_get_stats(receiver->session);
        assert_int_equal(sending.send_credit_bytes, receiving.receive_credit_bytes);
        assert_int_equal(receiving.undone_bytes, 0);
        assert_true(receiving.receive_credit_bytes > GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES / 2);
    }
}

/* 4 MiB through a window of 64 KiB, there and back. */
static void a_message_longer_than_the_window_flows(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    pair->responder.answers = true;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(4 << 20));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, 4 << 20);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 4 << 20);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    assert_credit_is_whole(pair);
    pair_free(pair);
}

/* Credit is granted half a window at a time: few frames, and never one for each DATA frame. */
static void grants_are_coalesced(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    uint64_t frames = 0;
    (void)state;
    pair_run(pair);
    pair->responder.consumes = true;
    frames = grille_session_get_stats(pair->initiator.session).frames_in;
    (void)pair_call(pair, &pair->initiator, pair_bytes(4 << 20));
    pair_run(pair);
    frames = grille_session_get_stats(pair->initiator.session).frames_in - frames;
    /* 4 MiB are 128 half windows of the stream and 8 of the connection. */
    assert_in_range(frames, 64, 140);
    pair_free(pair);
}

static void nobody_reads(session_pair *pair, size_t streams) {
    for (size_t i = 0; i < streams; i++) {
        const grille_call_open open = {.method_id = 7};
        grille_stream *stream = NULL;
        assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
        while (grille_stream_send_message(stream, pair_bytes(4000), 0) == GRILLE_REASON_OK)
            continue;
        pair_run(pair);
        while (grille_stream_send_message(stream, pair_bytes(4000), 0) == GRILLE_REASON_OK)
            continue;
        pair_run(pair);
    }
}

/* 15 streams whose messages nobody takes leave the rest running, at memory that their windows bound. */
static void fifteen_stalled_streams_leave_the_rest_running(void **state) {
    pair_options options = minimum_options();
    session_pair *pair = NULL;
    size_t idle_bytes = 0;
    (void)state;
    options.responder.settings.max_streams = 32;
    options.responder.settings.max_handlers = 32;
    pair = pair_new(&options);
    pair_run(pair);
    idle_bytes = pair->responder.budget.used_bytes;
    nobody_reads(pair, 15);
    assert_in_range(grille_session_get_stats(pair->responder.session).undone_bytes, 15 * (MINIMUM_WINDOW - 4020),
                    15 * MINIMUM_WINDOW);
    assert_true(pair->responder.budget.used_bytes - idle_bytes < 15 * (MINIMUM_WINDOW * 3 / 2 + 16384));
    pair->responder.answers = true;
    pair->initiator.releases = true;
    for (int i = 0; i < 200; i++) {
        (void)pair_call(pair, &pair->initiator, pair_bytes(20000));
        pair_run(pair);
    }
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 200);
    pair_free(pair);
}

/* With 16 nothing is left: calls wait for their deadlines, whether or not their message fits a frame, and the numbers
 * name a holder. */
static void sixteen_stalled_streams_hold_the_connection(void **state) {
    pair_options options = minimum_options();
    const grille_call_open open = {.method_id = 9, .has_timeout = true, .timeout_us = 1000};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    grille_session_stats stats;
    (void)state;
    options.responder.settings.max_streams = 32;
    options.responder.settings.max_handlers = 32;
    pair = pair_new(&options);
    pair_run(pair);
    nobody_reads(pair, 16);
    stats = grille_session_get_stats(pair->responder.session);
    assert_int_not_equal(stats.largest_holder_stream, 0);
    for (size_t len = 10000; len <= 20000; len += 10000) {
        assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
        assert_int_equal(grille_stream_send_message(stream, pair_bytes(len), 0), GRILLE_REASON_OK);
        pair_run(pair);
        assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->number, 9);
        assert_int_not_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, len);
        pair_pass(pair, 1001);
        assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_DEADLINE_EXCEEDED);
        assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    }
    pair_free(pair);
}

/* A stalled stream goes on once its owner takes messages. */
static void done_messages_give_credit_back(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    grille_stream *stream = NULL;
    size_t told = 0;
    (void)state;
    pair_run(pair);
    nobody_reads(pair, 1);
    stream = pair_last(&pair->responder, PAIR_CALL)->stream;
    told = pair->responder.counts[PAIR_MESSAGE];
    assert_in_range(told, 15, 17);
    for (size_t i = 0; i < told; i++)
        grille_stream_message_done(stream);
    pair_run(pair);
    assert_true(pair->responder.counts[PAIR_MESSAGE] > told);
    pair_free(pair);
}

/* Calls that are reset with their data under way, by either side. */
static void a_thousand_resets_give_all_credit_back(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    pair->initiator.releases = true;
    for (int i = 0; i < 1000; i++) {
        grille_stream *stream = pair_call(pair, &pair->initiator, pair_bytes(60000));
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        if (i % 2 == 0) {
            grille_stream_release(stream);
        } else {
            grille_stream_reset(pair->responder.newest, GRILLE_RESET_CANCELLED);
        }
        grille_stream_release(pair->responder.newest);
        pair_run(pair);
    }
    assert_int_equal(grille_session_get_stats(pair->initiator.session).slots, 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots, 0);
    assert_credit_is_whole(pair);
    /* And it is there to be used. */
    pair->responder.answers = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(1 << 20));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    pair_free(pair);
}

/* Empty messages are not free: a reader that takes them sees all, at constant memory; without one the window ends them.
 */
static void a_million_empty_messages_are_bounded(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    const grille_call_open open = {.method_id = 7};
    grille_stream *stream = NULL;
    (void)state;
    pair_run(pair);
    pair->responder.consumes = true;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    for (int i = 0; i < 1000000; i++) {
        while (grille_stream_send_message(stream, pair_bytes(0), 0) != GRILLE_REASON_OK)
            pair_run(pair);
    }
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], 1000000);
    assert_true(pair->responder.budget.peak_bytes < 262144);
    assert_true(pair->initiator.budget.peak_bytes < 524288);
    pair->responder.consumes = false;
    for (int i = 0; i < 1000; i++) {
        while (grille_stream_send_message(stream, pair_bytes(0), 0) == GRILLE_REASON_OK)
            continue;
        pair_run(pair);
    }
    assert_in_range(pair->responder.counts[PAIR_MESSAGE], 1000000 + MINIMUM_WINDOW / 8 / 2,
                    1000000 + MINIMUM_WINDOW / 8);
    assert_true(pair->responder.budget.peak_bytes < 524288);
    pair_free(pair);
}

/* HAS_MESSAGE costs the message and 8 bytes, on the stream and on the connection. */
static void a_message_inside_call_is_charged(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    uint32_t before = 0;
    (void)state;
    pair_run(pair);
    before = grille_session_get_stats(pair->initiator.session).send_credit_bytes;
    (void)pair_call(pair, &pair->initiator, pair_bytes(100));
    pair_run(pair);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).send_credit_bytes, before - 108);
    assert_int_equal(grille_session_get_stats(pair->responder.session).receive_credit_bytes, before - 108);
    assert_int_equal(grille_session_get_stats(pair->responder.session).undone_bytes, 108);
    pair_free(pair);
}

/* What is over the connection's credit, although each stream has its own. */
static void the_connection_ends_over_its_window(void **state) {
    pair_options options = minimum_options();
    session_pair *pair = NULL;
    (void)state;
    options.responder.settings.max_streams = 128;
    options.responder.settings.max_handlers = 128;
    pair = pair_new(&options);
    script_write(pair_writer(pair), "S 64*M1:16350");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "M129:1656");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_session_get_stats(pair->responder.session).receive_credit_bytes, 0);
    script_write(pair_writer(pair), "C131");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "E131");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_FLOW_CONTROL);
    pair_free(pair);
}

/* What was opened before SETTINGS came gets the larger window too. */
static void windows_grow_with_settings(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->responder.consumes = true;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(10));
    (void)pair_call(pair, &pair->initiator, pair_bytes(900000));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, 900000);
    pair_free(pair);
}

/* Data that was under way when this end reset its stream drains no bucket, however small its frames are; more does. */
static void late_data_inside_the_window_is_no_flood(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_new(&options);
    (void)state;
    script_write(pair_writer(pair), "S C1 C3");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    for (size_t i = 0; i < 2; i++) {
        grille_stream *stream = pair_find(&pair->responder, PAIR_CALL, i)->stream;
        grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
        grille_stream_release(stream);
    }
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "7281=D1:1:1b 7281=D3:1:1b");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "10000=D1:1:1b");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "3=D1:1:1b");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_FLOOD);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_longer_than_the_window_flows),
        cmocka_unit_test(grants_are_coalesced),
        cmocka_unit_test(fifteen_stalled_streams_leave_the_rest_running),
        cmocka_unit_test(sixteen_stalled_streams_hold_the_connection),
        cmocka_unit_test(done_messages_give_credit_back),
        cmocka_unit_test(a_thousand_resets_give_all_credit_back),
        cmocka_unit_test(a_million_empty_messages_are_bounded),
        cmocka_unit_test(a_message_inside_call_is_charged),
        cmocka_unit_test(the_connection_ends_over_its_window),
        cmocka_unit_test(windows_grow_with_settings),
        cmocka_unit_test(late_data_inside_the_window_is_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
