/* SPDX-License-Identifier: Apache-2.0
 * Messages as they come: their order, their memory, and what happens when there is none. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

/* Messages stay, in order, until they are done. */
static void messages_wait_until_they_are_done(void **state) {
    const pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    session_pair *pair = pair_start(&options);
    grille_stream *stream = NULL;
    grille_bytes message = {0};
    (void)state;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    for (size_t len = 0; len < 3000; len += 500)
        assert_int_equal(grille_stream_send_message(stream, pair_bytes(len), 0), GRILLE_REASON_OK);
    pair_run(pair);
    memset(pair->buffer, 0, sizeof pair->buffer);
    for (size_t len = 0; len < 3000; len += 500) {
        assert_true(grille_stream_next_message(pair->responder.newest, &message));
        assert_int_equal(message.len, len);
        if (len > 0) assert_memory_equal(message.data, pair_bytes(len).data, len);
        grille_stream_message_done(pair->responder.newest);
    }
    assert_false(grille_stream_next_message(pair->responder.newest, &message));
    grille_stream_message_done(pair->responder.newest);
    pair_free(pair);
}

/* A message that is not whole is not told, nor is it there to be taken. */
static void a_part_is_no_message(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_bytes message = {0};
    (void)state;
    script_write(pair_writer(pair), "S C1 D1:5000:4999b");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], 0);
    assert_false(grille_stream_next_message(pair->responder.newest, &message));
    grille_stream_message_done(pair->responder.newest);
    script_write(pair_writer(pair), "D1:0:1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], 1);
    pair_free(pair);
}

/* A long message can be read to its place: it is the same, most of it went there, and short ones between its frames
 * arrive whatever a read holds. */
static void long_messages_are_read_to_their_place(void **state) {
    static const size_t pieces[] = {0, 1, 7, 8, 9, 1000, 16383, 16384, 16385, 50000};
    enum { LONG_BYTES = 300000, WARM = 2 };
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const pair_options options = pair_options_default();
        const grille_call_open open = {.method_id = 7};
        session_pair *pair = pair_start(&options);
        grille_stream *streams[2];
        pair->piece = pieces[i];
        pair->direct = true;
        for (int round = 0; round < WARM; round++) {
            grille_bytes message = {0};
            for (int at = 0; at < 2; at++)
                assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &streams[at]),
                                 GRILLE_REASON_OK);
            assert_int_equal(grille_stream_send_message(streams[0], pair_bytes(LONG_BYTES), GRILLE_SEND_END_STREAM),
                             GRILLE_REASON_OK);
            (void)pair_carry(pair, &pair->initiator, &pair->responder);
            assert_int_equal(grille_stream_send_message(streams[1], pair_bytes(10), GRILLE_SEND_END_STREAM),
                             GRILLE_REASON_OK);
            grille_stream *receiver = pair->responder.newest;
            pair_run(pair);
            for (size_t at = 0; at < pair->responder.event_count; at++) {
                if (pair->responder.events[at].kind == PAIR_CALL && pair->responder.events[at].id % 4 == 1)
                    receiver = pair->responder.events[at].stream;
            }
            assert_true(grille_stream_next_message(receiver, &message));
            assert_int_equal(message.len, LONG_BYTES);
            assert_memory_equal(message.data, pair_bytes(LONG_BYTES).data, LONG_BYTES);
            for (int at = 0; at < 2; at++)
                grille_stream_release(streams[at]);
            pair_run(pair);
        }
        assert_int_equal(pair->responder.message_bytes, (LONG_BYTES + 10) * WARM);
        if (pieces[i] == 0) assert_true(pair->direct_bytes > LONG_BYTES / 2);
        pair_free(pair);
    }
}

static size_t own_limit;

static void limit_in_call(void *user, grille_stream *stream, const grille_call_header *header) {
    pair_end *end = user;
    (void)header;
    end->newest = stream;
    grille_stream_limit_messages(stream, own_limit);
}

/* The limit of one call, inside CALL and as DATA, at it and one over; 0 and what is over the session's are none. */
static void a_call_may_have_a_limit_of_its_own(void **state) {
    static const struct {
        size_t limit;
        const char *script;
        bool over;
    } rows[] = {
        {100, "M1:100e", false},         {100, "M1:101e", true},           {100, "C1 D1:100:10b", false},
        {100, "C1 D1:101:10b", true},    {0, "C1 D1:65536:10b", false},    {0, "C1 D1:65537:10b", true},
        {70000, "C1 D1:65537:9b", true}, {70000, "C1 D1:65536:9b", false}, {1, "C1 D1:2:1b", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_session_events events = {.on_call = limit_in_call};
        pair_options options = pair_options_default();
        session_pair *pair = NULL;
        options.responder.settings = grille_settings_minimum();
        options.responder.events = &events;
        own_limit = rows[i].limit;
        pair = pair_new(&options);
        (void)pair_take_output(pair, &pair->responder);
        script_write(pair_writer(pair), "S");
        script_write(pair_writer(pair), rows[i].script);
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
        assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS), rows[i].over);
        assert_int_equal(grille_stream_has_ended(pair->responder.newest), rows[i].over);
        pair_free(pair);
    }
}

/* Wherever in a frame it comes, the handler's answer is the one that is sent, also when the message that begins there
 * is over a limit, and nothing of it is kept. */
static void an_answer_inside_a_frame_stands(void **state) {
    for (size_t cut = GRILLE_FRAME_HEADER_BYTES; cut < GRILLE_FRAME_HEADER_BYTES + 14; cut++) {
        pair_options options = pair_options_default();
        const grille_status_header status = {.code = GRILLE_NOT_FOUND};
        session_pair *pair = NULL;
        uint8_t bytes[64];
        grille_writer writer = grille_writer_into(bytes, sizeof bytes);
        grille_frame_header header = {0};
        grille_bytes payload = {0};
        grille_status_payload sent = {0};
        grille_reader reader = {0};
        (void)state;
        options.responder.settings = grille_settings_minimum();
        pair = pair_new(&options);
        script_write(pair_writer(pair), "S C1");
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
        (void)pair_take_output(pair, &pair->responder);
        script_write(&writer, cut < 12 ? "D1:65537:10b" : "D1:65536:10b");
        reader = grille_reader_of(grille_written(&writer));
        assert_int_equal(grille_session_recv(pair->responder.session, grille_read_bytes(&reader, cut), pair->now_us),
                         GRILLE_REASON_OK);
        assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
        pair->responder.budget.limit_bytes = pair->responder.budget.used_bytes;
        assert_int_equal(grille_session_recv(pair->responder.session, grille_read_rest(&reader), pair->now_us),
                         GRILLE_REASON_OK);
        assert_int_equal(pair->responder.counts[PAIR_RESET], 0);
        assert_true(pair_frame(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS, 0, &header, &payload));
        assert_int_equal(grille_status_payload_decode(header.flags, payload, &sent), GRILLE_REASON_OK);
        assert_int_equal(sent.header.code, GRILLE_NOT_FOUND);
        pair_free(pair);
    }
}

/* An owner that answers in the middle of a frame hears no more of its bytes. */
static void an_answer_inside_a_frame_ends_it(void **state) {
    const pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_NOT_FOUND};
    session_pair *pair = pair_new(&options);
    uint8_t bytes[64];
    grille_writer writer = grille_writer_into(bytes, sizeof bytes);
    grille_reader reader = {0};
    (void)state;
    script_write(pair_writer(pair), "S C1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(&writer, "D1:10:10be");
    reader = grille_reader_of(grille_written(&writer));
    assert_int_equal(grille_session_recv(pair->responder.session, grille_read_bytes(&reader, 15), pair->now_us),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    assert_int_equal(grille_session_recv(pair->responder.session, grille_read_rest(&reader), pair->now_us),
                     GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], 0);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 0);
    grille_stream_release(pair->responder.newest);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_STATUS), 1);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots, 0);
    pair_free(pair);
}

/* The callee's memory is used up: only this call ends, RESOURCE_EXHAUSTED on both sides. */
static void without_memory_the_call_ends_at_the_callee(void **state) {
    const size_t rooms[] = {0, 40000, 70000};
    (void)state;
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        const pair_options options = pair_options_default();
        session_pair *pair = pair_start(&options);
        pair->initiator.releases = true;
        pair->responder.releases = true;
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
        pair_run(pair);
        grille_stream_release(pair->responder.newest);
        pair_run(pair);
        pair->responder.budget.limit_bytes = pair->responder.budget.used_bytes + rooms[i];
        (void)pair_call(pair, &pair->initiator, pair_bytes(60000));
        pair_run(pair);
        assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->end.reason, GRILLE_REASON_BUDGET);
        assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_RESOURCE_EXHAUSTED);
        assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
        pair->responder.budget.limit_bytes = 1 << 24;
        pair->responder.answers = true;
        (void)pair_call(pair, &pair->initiator, pair_bytes(60000));
        pair_run(pair);
        assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
        pair_free(pair);
    }
}

/* And at the caller. */
static void without_memory_the_call_ends_at_the_caller(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    pair->initiator.budget.limit_bytes = pair->initiator.budget.used_bytes;
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(60000), 0), GRILLE_REASON_OK);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->end.code, GRILLE_RESET_LIMIT);
    pair_free(pair);
}

/* Without on_message, messages are dropped and their credit comes back. */
static void nobody_asked_for_messages(void **state) {
    const grille_session_events none = {0};
    pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    (void)state;
    options.initiator.events = &none;
    pair = pair_start(&options);
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    pair_run(pair);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(60000), 0), GRILLE_REASON_OK);
        pair_run(pair);
    }
    assert_int_equal(grille_session_get_stats(pair->initiator.session).undone_bytes, 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_wait_until_they_are_done),
        cmocka_unit_test(a_part_is_no_message),
        cmocka_unit_test(long_messages_are_read_to_their_place),
        cmocka_unit_test(a_call_may_have_a_limit_of_its_own),
        cmocka_unit_test(an_answer_inside_a_frame_stands),
        cmocka_unit_test(an_answer_inside_a_frame_ends_it),
        cmocka_unit_test(without_memory_the_call_ends_at_the_callee),
        cmocka_unit_test(without_memory_the_call_ends_at_the_caller),
        cmocka_unit_test(nobody_asked_for_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
