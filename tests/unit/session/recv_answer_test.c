/* SPDX-License-Identifier: Apache-2.0
 * What a caller is told of an answer, and how long it may look at it. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static grille_status_header seen_status;
static grille_metadata_view seen_headers;
static int order;
static int headers_at, message_at, status_at;

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    (void)user;
    (void)stream;
    seen_headers = *metadata;
    headers_at = ++order;
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    (void)user;
    (void)stream;
    (void)message;
    message_at = ++order;
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    (void)user;
    (void)stream;
    seen_status = *status;
    status_at = ++order;
}

static grille_metadata_view one_entry(uint8_t *room, size_t room_bytes, const char *key, size_t value_len) {
    const grille_metadata_entry entry = {grille_bytes_of_text(key), pair_bytes(value_len)};
    grille_writer writer = grille_writer_into(room, room_bytes);
    grille_metadata_view view = {0};
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &view), GRILLE_REASON_OK);
    return view;
}

/* Metadata, message, status with everything, in this order; all of it lives until release. */
static void the_whole_answer_is_told(void **state) {
    const grille_session_events events = {.on_headers = on_headers, .on_message = on_message, .on_status = on_status};
    pair_options options = pair_options_default();
    uint8_t first[64];
    uint8_t last[64];
    const grille_metadata_view headers = one_entry(first, sizeof first, "h", 4);
    const grille_status_header status = {.code = GRILLE_DATA_LOSS,
                                         .message = grille_bytes_of_text("verlorene \xc3\x84hre"),
                                         .details = pair_bytes(3000),
                                         .trailers = one_entry(last, sizeof last, "t", 5)};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    grille_bytes value = {0};
    (void)state;
    options.initiator.events = &events;
    pair = pair_new(&options);
    stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(grille_stream_send_headers(pair->responder.newest, &headers), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(9), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    memset(first, 0, sizeof first);
    memset(last, 0, sizeof last);
    pair_run(pair);
    memset(pair->buffer, 0, sizeof pair->buffer);
    assert_true(headers_at == 1 && message_at == 2 && status_at == 3);
    assert_true(grille_metadata_find(&seen_headers, grille_bytes_of("h", 1), &value) && value.len == 4);
    assert_int_equal(seen_status.code, GRILLE_DATA_LOSS);
    assert_true(grille_bytes_equal(seen_status.message, grille_bytes_of_text("verlorene \xc3\x84hre")));
    assert_true(grille_bytes_equal(seen_status.details, pair_bytes(3000)));
    assert_true(grille_metadata_find(&seen_status.trailers, grille_bytes_of("t", 1), &value) && value.len == 5);
    assert_true(grille_stream_next_message(stream, &value) && value.len == 9);
    grille_stream_release(stream);
    pair_free(pair);
}

/* Trailers over the caller's limit: the call ends there, and the callee, which is done, hears nothing. */
static void trailers_over_the_limit_end_the_call(void **state) {
    const pair_options options = pair_options_default();
    static uint8_t room[16384];
    session_pair *pair = pair_new(&options);
    grille_status_payload status = {.header = {.code = GRILLE_OK}};
    (void)state;
    pair->initiator.releases = true;
    for (uint32_t over = 0; over < 2; over++) {
        size_t value_len = 8100;
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        (void)pair_take_output(pair, &pair->initiator);
        do {
            status.header.trailers = one_entry(room, sizeof room, "t", value_len++);
        } while (status.header.trailers.encoded_bytes < GRILLE_DEFAULT_METADATA_BYTES + over);
        if (over == 0) script_write(pair_writer(pair), "S");
        grille_status_frame_write(pair_writer(pair), 1 + 2 * over, &status);
        assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    }
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(pair_last(&pair->initiator, PAIR_RESET)->text, "8193 bytes is over the limit of 8192"));
    assert_int_equal(pair_take_output(pair, &pair->initiator).len, 0);
    pair_free(pair);
}

/* A status message one over its limit is the sender's fault, but only this call's. */
static void a_status_message_over_the_limit_ends_the_call(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_status_payload status = {.header = {.code = GRILLE_INTERNAL}};
    (void)state;
    pair->initiator.releases = true;
    for (uint32_t over = 0; over < 2; over++) {
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        (void)pair_take_output(pair, &pair->initiator);
        status.header.message = pair_bytes(GRILLE_LIMIT_STATUS_MESSAGE_BYTES + over);
        if (over == 0) script_write(pair_writer(pair), "S");
        grille_status_frame_write(pair_writer(pair), 1 + 2 * over, &status);
        assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    }
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->end.reason, GRILLE_REASON_WIRE_LIMIT);
    pair_free(pair);
}

/* Each code of RESET, and what a caller is told. */
static void each_reset_code_has_its_status(void **state) {
    const struct {
        grille_reset_code code;
        grille_code status;
        grille_reason reason;
    } rows[] = {
        {GRILLE_RESET_CANCELLED, GRILLE_CANCELLED, GRILLE_REASON_SESSION_PEER_CANCELLED},
        {GRILLE_RESET_REFUSED, GRILLE_UNAVAILABLE, GRILLE_REASON_SESSION_PEER_REFUSED},
        {GRILLE_RESET_DEADLINE, GRILLE_DEADLINE_EXCEEDED, GRILLE_REASON_SESSION_PEER_DEADLINE},
        {GRILLE_RESET_PROTOCOL, GRILLE_INTERNAL, GRILLE_REASON_SESSION_PEER_PROTOCOL},
        {GRILLE_RESET_LIMIT, GRILLE_RESOURCE_EXHAUSTED, GRILLE_REASON_SESSION_PEER_LIMIT},
    };
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    pair->initiator.releases = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const pair_event *told = NULL;
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        pair_run(pair);
        grille_stream_reset(pair->responder.newest, rows[i].code);
        grille_stream_release(pair->responder.newest);
        pair_run(pair);
        told = pair_last(&pair->initiator, PAIR_RESET);
        assert_int_equal(told->end.code, rows[i].code);
        assert_int_equal(told->code, rows[i].status);
        assert_int_equal(told->end.reason, rows[i].reason);
        assert_false(told->end.local);
        assert_int_equal(told->end.never_processed, rows[i].code == GRILLE_RESET_REFUSED);
    }
    pair_free(pair);
}

/* STATUS while the caller still sends: it stops, and what was under way is dropped by the callee. */
static void an_early_answer_stops_the_caller(void **state) {
    const pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_NOT_FOUND};
    session_pair *pair = pair_new(&options);
    uint64_t carried = 0;
    (void)state;
    pair_run(pair);
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(4 << 20));
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    (void)pair_carry(pair, &pair->responder, &pair->initiator);
    carried = pair->carried_bytes;
    pair_run(pair);
    assert_true(pair->carried_bytes - carried < 100);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_NOT_FOUND);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], 0);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots, 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_answer_is_told),
        cmocka_unit_test(trailers_over_the_limit_end_the_call),
        cmocka_unit_test(a_status_message_over_the_limit_ends_the_call),
        cmocka_unit_test(each_reset_code_has_its_status),
        cmocka_unit_test(an_early_answer_stops_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
