/* SPDX-License-Identifier: Apache-2.0
 * The frames of one stream. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

/* In a buffer of whole TLS records no DATA frame lies across two of them. */
static void frames_end_where_records_end(void **state) {
    const pair_options options = pair_options_wide();
    session_pair *pair = pair_start(&options);
    size_t len = 0;
    (void)state;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_call(pair, &pair->initiator, pair_bytes(1 << 20));
    do {
        grille_bytes output = {0};
        grille_frame_header header = {0};
        grille_bytes payload = {0};
        size_t at = 0;
        assert_int_equal(
            grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        output = grille_bytes_of(pair->buffer, len);
        while (grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK) {
            const size_t end = at + GRILLE_FRAME_HEADER_BYTES + header.length;
            assert_int_equal(at / GRILLE_SESSION_SEND_BYTES, (end - 1) / GRILLE_SESSION_SEND_BYTES);
            at = end;
        }
        grille_session_sent(pair->initiator.session, pair->now_us);
    } while (len == PAIR_BUFFER_BYTES);
    pair_free(pair);
}

/* The largest message that is one frame, and one byte more. */
static void a_message_that_does_not_fit_follows_as_data(void **state) {
    const pair_options options = pair_options_default();
    const size_t fits = GRILLE_LIMIT_FRAME_PAYLOAD_BYTES - 2 - 5 - GRILLE_MESSAGE_LENGTH_BYTES;
    session_pair *pair = pair_start(&options);
    grille_bytes output = {0};
    (void)state;
    (void)pair_call(pair, &pair->initiator, pair_bytes(fits));
    output = pair_take_output(pair, &pair->initiator);
    assert_int_equal(output.len, GRILLE_SESSION_SEND_BYTES);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_CALL), 1);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DATA), 0);
    (void)pair_call(pair, &pair->initiator, pair_bytes(fits + 1));
    output = pair_take_output(pair, &pair->initiator);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_CALL), 1);
    assert_true(pair_frame_count(output, GRILLE_FRAME_DATA) >= 1);
    pair_free(pair);
}

/* An answer: metadata first, a long message as DATA, STATUS last; a short one inside STATUS. */
static void an_answer_is_in_order(void **state) {
    const pair_options options = pair_options_default();
    const uint8_t types[] = {GRILLE_FRAME_HEADERS, GRILLE_FRAME_DATA, GRILLE_FRAME_DATA, GRILLE_FRAME_STATUS};
    const grille_status_header status = {.code = GRILLE_OK};
    uint8_t encoded[64];
    grille_writer writer = grille_writer_into(encoded, sizeof encoded);
    const grille_metadata_entry entry = {grille_bytes_of("k", 1), grille_bytes_of("v", 1)};
    grille_metadata_view metadata = {0};
    session_pair *pair = pair_start(&options);
    grille_stream *stream = NULL;
    grille_bytes output = {0};
    (void)state;
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &metadata), GRILLE_REASON_OK);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    stream = pair->responder.newest;
    assert_int_equal(grille_stream_send_headers(stream, &metadata), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(20000), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_OK);
    grille_stream_release(stream);
    output = pair_take_output(pair, &pair->responder);
    for (size_t i = 0; i < 4; i++) {
        grille_frame_header header = {0};
        grille_bytes payload = {0};
        assert_int_equal(grille_frame_take(&output, &header, &payload), GRILLE_REASON_OK);
        assert_int_equal(header.type, types[i]);
    }
    assert_int_equal(output.len, 0);
    pair_free(pair);
}

/* With credit for the frame alone nothing is sent; with one byte more, one byte is. */
static void a_frame_without_bytes_is_never_sent(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    (void)state;
    options.initiator.settings.max_message_bytes = 4 << 20;
    pair = pair_new(&options);
    stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_take_output(pair, &pair->initiator);
    grille_stream_release(stream);
    stream = pair_call(pair, &pair->initiator, pair_bytes(3 << 20));
    script_write(pair_writer(pair), "S:16:16:4194304");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    (void)pair_take_output(pair, &pair->initiator);
    /* First the stream's window is used up, then the connection's. */
    script_write(pair_writer(pair), "K3:8");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    script_write(pair_writer(pair), "K3:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, GRILLE_FRAME_HEADER_BYTES + 1);
    script_write(pair_writer(pair), "K3:4000000");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    (void)pair_take_output(pair, &pair->initiator);
    assert_int_equal(grille_session_get_stats(pair->initiator.session).send_credit_bytes, 0);
    script_write(pair_writer(pair), "K0:8");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    script_write(pair_writer(pair), "K0:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_true(pair_frame(pair_take_output(pair, &pair->initiator), GRILLE_FRAME_DATA, 0, &header, &payload));
    assert_int_equal(payload.len, 1);
    pair_free(pair);
}

/* The smallest buffer that may be given takes the largest frames of each kind. */
static void every_frame_fits_the_smallest_buffer(void **state) {
    static uint8_t buffer[GRILLE_SESSION_SEND_BYTES];
    (void)state;
    for (size_t len = GRILLE_LIMIT_FRAME_PAYLOAD_BYTES - 40; len < GRILLE_LIMIT_FRAME_PAYLOAD_BYTES + 20; len++) {
        const pair_options options = pair_options_default();
        session_pair *pair = pair_start(&options);
        bool moved = true;
        pair->responder.answers = true;
        (void)pair_call(pair, &pair->initiator, pair_bytes(len));
        for (int i = 0; moved; i++) {
            assert_true(i < 10);
            moved = false;
            for (int side = 0; side < 2; side++) {
                const pair_end *from = side == 0 ? &pair->initiator : &pair->responder;
                const pair_end *to = side == 0 ? &pair->responder : &pair->initiator;
                size_t taken = 0;
                assert_int_equal(grille_session_send(from->session, buffer, sizeof buffer, &taken, pair->now_us),
                                 GRILLE_REASON_OK);
                grille_session_sent(from->session, pair->now_us);
                assert_int_equal(grille_session_recv(to->session, grille_bytes_of(buffer, taken), pair->now_us),
                                 GRILLE_REASON_OK);
                moved = moved || taken > 0;
            }
        }
        assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, len);
        assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
        pair_free(pair);
    }
}

/* The time that a call waited here is not the peer's. */
static void what_is_left_of_the_time_travels(void **state) {
    const pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 3, .has_timeout = true, .timeout_us = 5000};
    session_pair *pair = pair_start(&options);
    grille_stream *stream = NULL;
    (void)state;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    pair->now_us += 1200;
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->timeout_us, 3800);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_end_where_records_end),
        cmocka_unit_test(a_message_that_does_not_fit_follows_as_data),
        cmocka_unit_test(an_answer_is_in_order),
        cmocka_unit_test(a_frame_without_bytes_is_never_sent),
        cmocka_unit_test(every_frame_fits_the_smallest_buffer),
        cmocka_unit_test(what_is_left_of_the_time_travels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
