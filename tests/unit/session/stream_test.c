/* SPDX-License-Identifier: Apache-2.0
 * What an owner may do with a stream, and what it is told when it may not. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static session_pair *make(void) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    pair_run(pair);
    return pair;
}

static grille_stream *open_stream(session_pair *pair) {
    const grille_call_open open = {.method_id = 7};
    grille_stream *stream = NULL;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    return stream;
}

/* The stream that the responder handles for a call of the initiator. */
static grille_stream *handled(session_pair *pair) {
    (void)open_stream(pair);
    pair_run(pair);
    return pair->responder.newest;
}

static void nothing_is_sent_after_half_close(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    uint8_t *room = NULL;
    (void)state;
    assert_false(grille_stream_has_ended(stream));
    assert_int_equal(grille_stream_half_close(stream), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_half_close(stream), GRILLE_REASON_SESSION_STREAM_ENDED);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(1), 0), GRILLE_REASON_SESSION_STREAM_ENDED);
    assert_int_equal(grille_stream_reserve_message(stream, 1, &room), GRILLE_REASON_SESSION_STREAM_ENDED);
    assert_null(room);
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 1);
    pair_free(pair);
}

static void nothing_is_sent_after_status(void **state) {
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = make();
    grille_stream *stream = handled(pair);
    (void)state;
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_OK);
    assert_true(grille_stream_has_ended(stream));
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_SESSION_STREAM_ENDED);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(1), 0), GRILLE_REASON_SESSION_STREAM_ENDED);
    pair_free(pair);
}

static void each_side_has_its_verbs(void **state) {
    const grille_status_header status = {.code = GRILLE_OK};
    const grille_metadata_view none = {0};
    session_pair *pair = make();
    grille_stream *theirs = handled(pair);
    grille_stream *ours = open_stream(pair);
    (void)state;
    assert_true(grille_stream_is_ours(ours));
    assert_false(grille_stream_is_ours(theirs));
    assert_int_equal(grille_stream_half_close(theirs), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_stream_send_message(theirs, pair_bytes(1), GRILLE_SEND_END_STREAM),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_stream_send_status(ours, &status), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_stream_send_headers(ours, &none), GRILLE_REASON_BAD_ARGUMENT);
    pair_free(pair);
}

static void a_status_is_checked(void **state) {
    session_pair *pair = make();
    grille_stream *stream = handled(pair);
    grille_status_header status = {.code = (grille_code)17};
    (void)state;
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_BAD_ARGUMENT);
    status.code = GRILLE_AGAIN;
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_BAD_ARGUMENT);
    status.code = GRILLE_INTERNAL;
    status.details = pair_bytes(GRILLE_LIMIT_STATUS_DETAILS_BYTES + 1);
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_SESSION_METADATA_TOO_LONG);
    status.details = pair_bytes(GRILLE_LIMIT_STATUS_DETAILS_BYTES);
    status.message = pair_bytes(GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1);
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_OK);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_INTERNAL);
    assert_int_equal(grille_session_failure(pair->initiator.session)->code, GRILLE_OK);
    pair_free(pair);
}

/* Metadata of the answer may follow the request, but not the first message of the answer. */
static void headers_come_before_messages(void **state) {
    uint8_t encoded[64];
    grille_writer writer = grille_writer_into(encoded, sizeof encoded);
    const grille_metadata_entry entry = {grille_bytes_of("k", 1), grille_bytes_of("v", 1)};
    grille_metadata_view metadata = {0};
    session_pair *pair = make();
    grille_stream *stream = NULL;
    (void)state;
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &metadata), GRILLE_REASON_OK);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    stream = pair->responder.newest;
    assert_int_equal(grille_stream_send_headers(stream, &metadata), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_headers(stream, &metadata), GRILLE_REASON_BAD_ARGUMENT);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_HEADERS)->metadata_count, 1);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    stream = pair->responder.newest;
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(5), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_headers(stream, &metadata), GRILLE_REASON_BAD_ARGUMENT);
    pair_free(pair);
}

/* GRILLE_LIMIT_SEND_QUEUE_BYTES: one message of any size, then as many as fit; on_writable once there is room. */
static void a_full_queue_is_told_and_told_off(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    size_t taken = 0;
    (void)state;
    while (grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
        taken++;
    assert_int_equal(taken, GRILLE_LIMIT_SEND_QUEUE_BYTES / 1016);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(1000), 0), GRILLE_REASON_SESSION_WINDOW_FULL);
    assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], 0);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], 1);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(3 << 20), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(0), 0), GRILLE_REASON_SESSION_WINDOW_FULL);
    pair_free(pair);
}

/* Full again before it was told: it is told when that is gone, never in vain, and once for each time it asked. */
static void on_writable_is_never_told_in_vain(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    (void)state;
    while (grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
        continue;
    for (size_t told = 0; told < 5; told++) {
        size_t len = 0;
        assert_int_equal(
            grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], told);
        /* Every other time the owner does not wait. */
        while (told % 2 == 0 && grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
            continue;
        assert_int_equal(grille_session_recv(pair->responder.session, grille_bytes_of(pair->buffer, len), pair->now_us),
                         GRILLE_REASON_OK);
        grille_session_sent(pair->initiator.session, pair->now_us);
        assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], told + (told % 2));
        pair_run(pair);
        assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], told + 1);
        while (grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
            continue;
    }
    pair_free(pair);
}

/* Between the frame that makes room and its write the stream goes, slot and all. */
static void on_writable_is_not_told_of_a_stream_that_has_gone(void **state) {
    session_pair *pair = make();
    grille_stream *gone = open_stream(pair);
    grille_stream *next = NULL;
    (void)state;
    for (int i = 0; i < 10; i++) {
        size_t len = 0;
        while (grille_stream_send_message(gone, pair_bytes(1000), 0) == GRILLE_REASON_OK)
            continue;
        assert_int_equal(
            grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        /* By its own owner, or because the answer comes. */
        if (i % 2 == 0) pair_write_status(pair_writer(pair), grille_stream_id(gone), GRILLE_OK);
        assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
        grille_stream_release(gone);
        next = open_stream(pair);
        grille_session_sent(pair->initiator.session, pair->now_us);
        (void)pair_take_output(pair, &pair->initiator);
        assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], 0);
        assert_int_equal(grille_session_get_stats(pair->initiator.session).slots, 1);
        gone = next;
    }
    pair_free(pair);
}

/* Nobody is told of room that it may not use. */
static void on_writable_is_not_told_after_half_close(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    (void)state;
    while (grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
        continue;
    assert_int_equal(grille_stream_half_close(stream), GRILLE_REASON_OK);
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 1);
    assert_int_equal(pair->initiator.counts[PAIR_WRITABLE], 0);
    pair_free(pair);
}

/* A handler that can't fill what it reserved says so by STATUS; messages before it are sent. */
static void a_status_may_come_in_place_of_a_reserved_message(void **state) {
    const grille_status_header status = {.code = GRILLE_INTERNAL};
    session_pair *pair = make();
    grille_stream *stream = handled(pair);
    uint8_t *room = NULL;
    (void)state;
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(3), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_reserve_message(stream, 5000, &room), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_reserved(stream, 0), GRILLE_REASON_SESSION_STREAM_ENDED);
    grille_stream_release(stream);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_MESSAGE], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 3);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_INTERNAL);
    pair_free(pair);
}

static void a_reserved_message_is_sent_in_its_turn(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    uint8_t *room = NULL;
    (void)state;
    for (size_t len = 0; len < 5000; len += 2499) {
        assert_int_equal(grille_stream_send_message(stream, pair_bytes(3), 0), GRILLE_REASON_OK);
        assert_int_equal(grille_stream_reserve_message(stream, len, &room), GRILLE_REASON_OK);
        if (len > 0) memset(room, 'r', len);
        /* Nothing else before it is handed over, and it is not sent before. */
        assert_int_equal(grille_stream_send_message(stream, pair_bytes(3), 0), GRILLE_REASON_BAD_ARGUMENT);
        assert_int_equal(grille_stream_half_close(stream), GRILLE_REASON_BAD_ARGUMENT);
        pair_run(pair);
        assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, 3);
        assert_int_equal(grille_stream_send_reserved(stream, 0), GRILLE_REASON_OK);
        assert_int_equal(grille_stream_send_reserved(stream, 0), GRILLE_REASON_BAD_ARGUMENT);
        pair_run(pair);
        assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, len);
        assert_true(len == 0 || pair_last(&pair->responder, PAIR_MESSAGE)->text[0] == 'r');
    }
    /* A reservation that is never handed over goes with the stream. */
    assert_int_equal(grille_stream_reserve_message(stream, 5000, &room), GRILLE_REASON_OK);
    grille_stream_release(stream);
    pair_run(pair);
    pair_free(pair);
}

static void a_borrowed_message_is_not_copied(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    size_t before = pair->initiator.budget.used_bytes;
    (void)state;
    assert_int_equal(
        grille_stream_send_message(stream, pair_bytes(1 << 20), GRILLE_SEND_BORROW | GRILLE_SEND_END_STREAM),
        GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.budget.used_bytes, before);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, 1 << 20);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 1);
    pair_free(pair);
}

/* An answer is sent after its handler has gone: what it lent is copied. */
static void a_borrowed_answer_outlives_its_handler(void **state) {
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = make();
    grille_stream *stream = handled(pair);
    uint8_t lent[2000];
    (void)state;
    memset(lent, 'x', sizeof lent);
    assert_int_equal(grille_stream_send_message(stream, grille_bytes_of(lent, sizeof lent), GRILLE_SEND_BORROW),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(stream, &status), GRILLE_REASON_OK);
    grille_stream_release(stream);
    memset(lent, 'y', sizeof lent);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->text[0], 'x');
    pair_free(pair);
}

/* As many streams as the peer allows; one more is refused here, and told when it would do. */
static void the_peers_stream_limit_is_kept(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    const grille_call_open open = {.method_id = 7};
    grille_stream *stream = NULL;
    (void)state;
    options.responder.settings.max_streams = 20;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    /* 16 until SETTINGS came. */
    for (int i = 0; i < 16; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(1));
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_STREAMS_FULL);
    assert_null(stream);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_SLOT_FREE], 1);
    for (int i = 0; i < 4; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(1));
    assert_false(grille_session_can_open(pair->initiator.session));
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_STREAMS_FULL);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_SLOT_FREE], 1);
    grille_stream_reset(pair->responder.newest, GRILLE_RESET_CANCELLED);
    grille_stream_release(pair->responder.newest);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_SLOT_FREE], 2);
    assert_true(grille_session_can_open(pair->initiator.session));
    pair_free(pair);
}

/* Over the minimum, a message waits for the peer's SETTINGS: sent if they allow it, else the call ends here. */
static void a_long_message_waits_for_settings(void **state) {
    for (uint32_t over = 0; over < 2; over++) {
        pair_options options = pair_options_default();
        session_pair *pair = NULL;
        (void)state;
        options.responder.settings.max_message_bytes = 200000;
        pair = pair_new(&options);
        pair->initiator.releases = true;
        (void)pair_call(pair, &pair->initiator, pair_bytes(200000 + over));
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        assert_int_equal(pair->responder.counts[PAIR_CALL], 0);
        pair_run(pair);
        assert_int_equal(pair->responder.counts[PAIR_CALL], 1 - over);
        assert_int_equal(pair->initiator.counts[PAIR_RESET], over);
        if (over == 1) {
            const pair_event *reset = pair_last(&pair->initiator, PAIR_RESET);
            assert_int_equal(reset->code, GRILLE_RESOURCE_EXHAUSTED);
            assert_true(reset->end.never_processed);
            assert_non_null(strstr(reset->text, "200001 bytes is over the limit of 200000"));
        }
        pair_free(pair);
    }
}

static void a_message_over_the_limit_is_refused_here(void **state) {
    session_pair *pair = make();
    grille_stream *stream = open_stream(pair);
    (void)state;
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(GRILLE_DEFAULT_MESSAGE_BYTES + 1), 0),
                     GRILLE_REASON_SESSION_MESSAGE_TOO_LONG);
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(GRILLE_DEFAULT_MESSAGE_BYTES), 0), GRILLE_REASON_OK);
    pair_free(pair);
}

/* Calls that can't even begin. */
static void bad_opens_are_refused(void **state) {
    session_pair *pair = make();
    grille_call_open open = {.method_id = 0};
    grille_stream *stream = NULL;
    (void)state;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_BAD_ARGUMENT);
    open = (grille_call_open){.method_id = 1, .has_timeout = true};
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_DEADLINE);
    open = (grille_call_open){.method_id = 1, .metadata = {.count = 1, .encoded_bytes = 8193}};
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_METADATA_TOO_LONG);
    grille_session_abort(pair->initiator.session, GRILLE_REASON_SESSION_LOST, NULL);
    open = (grille_call_open){.method_id = 1};
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_LOST);
    assert_null(stream);
    pair_free(pair);
}

static void options_are_checked(void **state) {
    const grille_session_events none = {0};
    const grille_service_digest falling[] = {{9, pair_bytes(32)}, {8, pair_bytes(32)}};
    grille_session_options options = grille_session_options_default();
    grille_session *session = NULL;
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_BAD_ARGUMENT);
    options.budget = &budget;
    options.events = &none;
    options.settings.max_streams = 15;
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_BAD_ARGUMENT);
    options.settings = grille_settings_default();
    options.first_stream_id = 1;
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_BAD_ARGUMENT);
    options.first_stream_id = 0;
    options.services = falling;
    options.service_count = 2;
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_BAD_ARGUMENT);
    options.service_count = 1;
    options.keepalive_interval_us = 1;
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_BAD_ARGUMENT);
    options.keepalive_timeout_us = 1;
    assert_int_equal(grille_session_new(&options, &session), GRILLE_REASON_OK);
    grille_session_free(session);
    grille_session_free(NULL);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_after_half_close),
        cmocka_unit_test(nothing_is_sent_after_status),
        cmocka_unit_test(each_side_has_its_verbs),
        cmocka_unit_test(a_status_is_checked),
        cmocka_unit_test(headers_come_before_messages),
        cmocka_unit_test(a_full_queue_is_told_and_told_off),
        cmocka_unit_test(on_writable_is_never_told_in_vain),
        cmocka_unit_test(on_writable_is_not_told_of_a_stream_that_has_gone),
        cmocka_unit_test(on_writable_is_not_told_after_half_close),
        cmocka_unit_test(a_status_may_come_in_place_of_a_reserved_message),
        cmocka_unit_test(a_reserved_message_is_sent_in_its_turn),
        cmocka_unit_test(a_borrowed_message_is_not_copied),
        cmocka_unit_test(a_borrowed_answer_outlives_its_handler),
        cmocka_unit_test(the_peers_stream_limit_is_kept),
        cmocka_unit_test(a_long_message_waits_for_settings),
        cmocka_unit_test(a_message_over_the_limit_is_refused_here),
        cmocka_unit_test(bad_opens_are_refused),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
