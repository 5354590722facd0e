/* SPDX-License-Identifier: Apache-2.0
 * What we announce when the application says nothing, what may come once or twice only, and a peer that goes one over
 * each, by the names of limits.h. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

/* One end with defaults; the peer is the test, and has sent its SETTINGS. */
static session_pair *make(void) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    script_write(pair_writer(pair), "S");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    return pair;
}

static grille_reason say(session_pair *pair, const char *format, unsigned first, unsigned second) {
    char frames[128];
    (void)snprintf(frames, sizeof frames, format, first, second);
    script_write(pair_writer(pair), frames);
    return pair_feed(pair, &pair->responder);
}

static void defaults_are_announced(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_settings told = {0};
    (void)state;
    assert_true(pair_frame(pair_take_output(pair, &pair->responder), GRILLE_FRAME_SETTINGS, 0, &header, &payload));
    assert_int_equal(grille_settings_decode(payload, &told), GRILLE_REASON_OK);
    assert_int_equal(told.max_streams, GRILLE_DEFAULT_STREAMS);
    assert_int_equal(told.max_handlers, GRILLE_DEFAULT_HANDLERS);
    assert_int_equal(told.max_message_bytes, GRILLE_DEFAULT_MESSAGE_BYTES);
    assert_int_equal(told.max_metadata_bytes, GRILLE_DEFAULT_METADATA_BYTES);
    assert_int_equal(told.stream_window_bytes, GRILLE_DEFAULT_STREAM_WINDOW_BYTES);
    assert_int_equal(told.connection_window_bytes, GRILLE_DEFAULT_CONNECTION_WINDOW_BYTES);
    pair_free(pair);
}

static void one_stream_too_many(void **state) {
    session_pair *pair = make();
    (void)state;
    assert_int_equal(say(pair, "%u*C1", GRILLE_DEFAULT_STREAMS, 0), GRILLE_REASON_OK);
    assert_int_equal(say(pair, "C%u", 2 * GRILLE_DEFAULT_STREAMS + 1, 0), GRILLE_REASON_SESSION_TOO_MANY_STREAMS);
    assert_int_equal(pair->responder.counts[PAIR_CALL], GRILLE_DEFAULT_STREAMS);
    pair_free(pair);
}

/* Its calls are over for the peer, but their handlers still run: the next one is refused. */
static void one_handler_too_many(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    unsigned id = 1;
    (void)state;
    options.responder.settings.max_streams = 2 * GRILLE_DEFAULT_HANDLERS;
    pair = pair_new(&options);
    assert_int_equal(say(pair, "S", 0, 0), GRILLE_REASON_OK);
    for (; id < 2 * GRILLE_DEFAULT_HANDLERS; id += 2)
        assert_int_equal(say(pair, "C%u X%u:1", id, id), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], GRILLE_DEFAULT_HANDLERS);
    (void)pair_take_output(pair, &pair->responder);
    assert_int_equal(say(pair, "C%u", id, 0), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], GRILLE_DEFAULT_HANDLERS);
    assert_true(pair_frame(pair_take_output(pair, &pair->responder), GRILLE_FRAME_RESET, 0, &header, &payload));
    assert_int_equal(header.stream, id);
    assert_int_equal(payload.data[0], GRILLE_RESET_REFUSED);
    pair_free(pair);
}

static void expect_exhausted(session_pair *pair, const char *text) {
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_status_payload status = {0};
    assert_true(pair_frame(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS, 0, &header, &payload));
    assert_int_equal(grille_status_payload_decode(header.flags, payload, &status), GRILLE_REASON_OK);
    assert_int_equal(status.header.code, GRILLE_RESOURCE_EXHAUSTED);
    assert_non_null(memmem(status.header.message.data, status.header.message.len, text, strlen(text)));
}

static void messages_and_metadata_one_byte_too_long(void **state) {
    char text[128];
    session_pair *pair = make();
    (void)state;
    assert_int_equal(say(pair, "C1 D1:%u:10b", GRILLE_DEFAULT_MESSAGE_BYTES, 0), GRILLE_REASON_OK);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS), 0);
    assert_int_equal(say(pair, "C3 D3:%u:10b", GRILLE_DEFAULT_MESSAGE_BYTES + 1, 0), GRILLE_REASON_OK);
    (void)snprintf(text, sizeof text, "a message of %u bytes is over the limit of %u bytes",
                   GRILLE_DEFAULT_MESSAGE_BYTES + 1, GRILLE_DEFAULT_MESSAGE_BYTES);
    expect_exhausted(pair, text);
    assert_int_equal(say(pair, "Q5:%u", GRILLE_DEFAULT_METADATA_BYTES, 0), GRILLE_REASON_OK);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS), 0);
    assert_int_equal(say(pair, "Q7:%u", GRILLE_DEFAULT_METADATA_BYTES + 1, 0), GRILLE_REASON_OK);
    (void)snprintf(text, sizeof text, "metadata of %u bytes is over the limit of %u bytes",
                   GRILLE_DEFAULT_METADATA_BYTES + 1, GRILLE_DEFAULT_METADATA_BYTES);
    expect_exhausted(pair, text);
    pair_free(pair);
}

/* Whole messages that nobody reads, until this much of the stream's window is used. */
static void use_window(session_pair *pair, uint32_t stream, uint32_t bytes) {
    assert_int_equal(say(pair, "C%u", stream, 0), GRILLE_REASON_OK);
    while (bytes > 0) {
        const uint32_t most = GRILLE_LIMIT_FRAME_PAYLOAD_BYTES - GRILLE_MESSAGE_LENGTH_BYTES;
        const uint32_t room = bytes - GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
        uint32_t len = room < most ? room : most;
        /* What is left holds a frame, or nothing. */
        if (room > len && room - len <= GRILLE_CREDIT_PER_DATA_FRAME_BYTES)
            len -= 2 * GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
        pair_write_data(pair_writer(pair), stream, true, len, pair_bytes(len), false);
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
        bytes -= len + GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
    }
}

/* Even an empty message costs what a DATA frame costs. */
static void a_window_one_over(void **state) {
    const uint32_t cost = GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
    (void)state;
    for (uint32_t missing = 0; missing < 2; missing++) {
        session_pair *pair = make();
        use_window(pair, 1, GRILLE_DEFAULT_STREAM_WINDOW_BYTES - cost);
        assert_int_equal(say(pair, "D1:%u:%ub", missing, missing),
                         missing == 0 ? GRILLE_REASON_OK : GRILLE_REASON_SESSION_FLOW_CONTROL);
        if (missing == 0) assert_int_equal(say(pair, "D1:0:0b", 0, 0), GRILLE_REASON_SESSION_FLOW_CONTROL);
        pair_free(pair);
    }
}

static void a_connections_window_one_over(void **state) {
    session_pair *pair = make();
    uint32_t id = 1;
    (void)state;
    for (int i = 0; i < GRILLE_STREAM_WINDOWS_PER_CONNECTION; i++, id += 2)
        use_window(pair, id, GRILLE_DEFAULT_CONNECTION_WINDOW_BYTES / GRILLE_STREAM_WINDOWS_PER_CONNECTION);
    assert_int_equal(say(pair, "C%u", id, 0), GRILLE_REASON_OK);
    assert_int_equal(say(pair, "D%u:0:0b", id, 0), GRILLE_REASON_SESSION_FLOW_CONTROL);
    pair_free(pair);
}

/* A peer may announce a sixteenth of its connection's window for a stream, and no byte more. */
static void a_stream_window_over_its_share(void **state) {
    const uint32_t share = GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES / GRILLE_STREAM_WINDOWS_PER_CONNECTION;
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        const pair_options options = pair_options_default();
        session_pair *pair = pair_new(&options);
        assert_int_equal(say(pair, "S:16:16:65536:8192:%u:%u", share + over, GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES),
                         over == 0 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_LIMIT);
        pair_free(pair);
    }
}

static void settings_and_drain_come_so_often(void **state) {
    static const char *const drains[] = {"N4294967295:1", "N0:1", "N0:1"};
    session_pair *pair = make();
    (void)state;
    /* make() has sent the first. */
    for (int i = 1; i < GRILLE_LIMIT_SETTINGS_FRAMES; i++)
        assert_int_equal(say(pair, "S", 0, 0), GRILLE_REASON_OK);
    assert_int_equal(say(pair, "S", 0, 0), GRILLE_REASON_SESSION_BAD_ORDER);
    pair_free(pair);
    pair = make();
    for (int i = 0; i < GRILLE_LIMIT_DRAIN_FRAMES; i++)
        assert_int_equal(say(pair, drains[i], 0, 0), GRILLE_REASON_OK);
    assert_int_equal(say(pair, drains[GRILLE_LIMIT_DRAIN_FRAMES], 0, 0), GRILLE_REASON_SESSION_BAD_DRAIN);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_announced),
        cmocka_unit_test(one_stream_too_many),
        cmocka_unit_test(one_handler_too_many),
        cmocka_unit_test(messages_and_metadata_one_byte_too_long),
        cmocka_unit_test(a_window_one_over),
        cmocka_unit_test(a_connections_window_one_over),
        cmocka_unit_test(a_stream_window_over_its_share),
        cmocka_unit_test(settings_and_drain_come_so_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
