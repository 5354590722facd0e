/* SPDX-License-Identifier: Apache-2.0
 * The order of what is written, and its shape. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static void settings_come_first(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_bytes output = {0};
    (void)state;
    (void)pair_call(pair, &pair->initiator, pair_bytes(10));
    grille_session_drain(pair->initiator.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    output = pair_take_output(pair, &pair->initiator);
    assert_int_equal(grille_frame_take(&output, &header, &payload), GRILLE_REASON_OK);
    assert_int_equal(header.type, GRILLE_FRAME_SETTINGS);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_SETTINGS), 0);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_CALL), 1);
    pair_free(pair);
}

static void a_buffer_below_one_frame_is_refused(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    uint8_t small[GRILLE_SESSION_SEND_BYTES];
    size_t len = 1;
    (void)state;
    assert_int_equal(grille_session_send(pair->initiator.session, small, sizeof small - 1, &len, pair->now_us),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(len, 0);
    assert_int_equal(grille_session_send(pair->initiator.session, small, sizeof small, &len, pair->now_us),
                     GRILLE_REASON_OK);
    assert_true(len > 0);
    pair_free(pair);
}

/* What waits at a time with nothing to say costs no frame. */
static void nothing_to_say_is_nothing_written(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    (void)state;
    assert_false(grille_session_wants_write(pair->initiator.session));
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    pair_free(pair);
}

/* Position of the first frame of a stream among all frames. */
static size_t position(grille_bytes output, uint32_t stream) {
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    size_t at = 0;
    for (; grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK; at++) {
        if (header.stream == stream) return at;
    }
    return SIZE_MAX;
}

/* A call that comes while 64 MiB are under way waits for one frame of them. */
static void a_long_message_delays_a_short_call_by_one_frame(void **state) {
    const pair_options options = pair_options_wide();
    session_pair *pair = pair_start(&options);
    size_t len = 0;
    uint64_t frames = 0;
    (void)state;
    (void)pair_call(pair, &pair->initiator, pair_bytes(64 << 20));
    assert_int_equal(grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    assert_int_equal(len, PAIR_BUFFER_BYTES);
    grille_session_sent(pair->initiator.session, pair->now_us);
    (void)pair_call(pair, &pair->initiator, pair_bytes(10));
    assert_int_equal(grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    assert_int_equal(position(grille_bytes_of(pair->buffer, len), 3), 1);
    grille_session_sent(pair->initiator.session, pair->now_us);
    /* The rest of the long one is sent in frames as large as they may be. */
    frames = grille_session_get_stats(pair->initiator.session).frames_out;
    while (len > 0) {
        assert_int_equal(
            grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        grille_session_sent(pair->initiator.session, pair->now_us);
    }
    assert_true(grille_session_get_stats(pair->initiator.session).frames_out - frames > 4000);
    assert_true(grille_session_get_stats(pair->initiator.session).frames_out - frames < 4200);
    pair_free(pair);
}

/* Ten long messages take turns: none is ever more than a frame ahead. */
static void streams_take_turns(void **state) {
    const pair_options options = pair_options_wide();
    session_pair *pair = pair_start(&options);
    size_t counts[10] = {0};
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 10; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(1 << 20));
    for (int buffer = 0; buffer < 100; buffer++) {
        grille_bytes output = {0};
        grille_frame_header header = {0};
        grille_bytes payload = {0};
        size_t least = SIZE_MAX;
        size_t most = 0;
        assert_int_equal(
            grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        output = grille_bytes_of(pair->buffer, len);
        while (grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK)
            counts[(header.stream - 1) / 2]++;
        grille_session_sent(pair->initiator.session, pair->now_us);
        for (int i = 0; i < 10; i++) {
            if (counts[i] < least) least = counts[i];
            if (counts[i] > most) most = counts[i];
        }
        assert_true(most - least <= 1);
    }
    pair_free(pair);
}

/* PINGs that wait for the transport get one answer, the newest. */
static void answers_to_pings_are_coalesced(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_bytes output = {0};
    uint64_t token = 0;
    (void)state;
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S P5 P6 P7");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_PING), 1);
    assert_true(pair_frame(output, GRILLE_FRAME_PING, 0, &header, &payload));
    assert_int_equal(header.flags, GRILLE_FLAG_ACK);
    assert_int_equal(grille_ping_payload_decode(payload, &token), GRILLE_REASON_OK);
    assert_int_equal(token, 7);
    pair_free(pair);
}

/* What a peer that never reads can make wait: one answer, one grant, one RESET for each stream. */
static void a_peer_that_never_reads_costs_little(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    size_t before = 0;
    (void)state;
    options.responder.settings = grille_settings_minimum();
    pair = pair_new(&options);
    pair->responder.releases = true;
    script_write(pair_writer(pair), "S");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    before = pair->responder.budget.used_bytes;
    script_write(pair_writer(pair), "16*C1 16*E1 16*E1 16=P1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 16);
    /* The streams are reset, but the peer has not been told: they still count. */
    script_write(pair_writer(pair), "C33");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_TOO_MANY_STREAMS);
    assert_true(pair->responder.budget.peak_bytes - before < 131072);
    pair_free(pair);
}

static void a_gate_frame_is_carried(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_bytes output = {0};
    (void)state;
    assert_int_equal(grille_session_send_gate(pair->initiator.session, grille_bytes_of("ask", 3)), GRILLE_REASON_OK);
    assert_int_equal(grille_session_send_gate(pair->initiator.session, grille_bytes_of("ask", 3)),
                     GRILLE_REASON_SESSION_WINDOW_FULL);
    assert_int_equal(grille_session_send_gate(pair->initiator.session, pair_bytes(0)), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(
        grille_session_send_gate(pair->initiator.session, pair_bytes(GRILLE_LIMIT_FRAME_PAYLOAD_BYTES + 1)),
        GRILLE_REASON_BAD_ARGUMENT);
    output = pair_take_output(pair, &pair->initiator);
    assert_true(pair_frame(output, GRILLE_FRAME_GATE, 0, &header, &payload));
    assert_memory_equal(payload.data, "ask", 3);
    assert_int_equal(grille_session_send_gate(pair->initiator.session, grille_bytes_of("ask", 3)), GRILLE_REASON_OK);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_come_first),
        cmocka_unit_test(a_buffer_below_one_frame_is_refused),
        cmocka_unit_test(nothing_to_say_is_nothing_written),
        cmocka_unit_test(a_long_message_delays_a_short_call_by_one_frame),
        cmocka_unit_test(streams_take_turns),
        cmocka_unit_test(answers_to_pings_are_coalesced),
        cmocka_unit_test(a_peer_that_never_reads_costs_little),
        cmocka_unit_test(a_gate_frame_is_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
