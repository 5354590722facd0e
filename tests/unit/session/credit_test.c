/* SPDX-License-Identifier: Apache-2.0
 * Windows: what they are charged, what is granted and when. What flows through them: tests/sim/flow_control_test.c. */
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
        cmocka_unit_test(grants_are_coalesced),
        cmocka_unit_test(done_messages_give_credit_back),
        cmocka_unit_test(a_message_inside_call_is_charged),
        cmocka_unit_test(the_connection_ends_over_its_window),
        cmocka_unit_test(windows_grow_with_settings),
        cmocka_unit_test(late_data_inside_the_window_is_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
