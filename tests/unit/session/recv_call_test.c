/* SPDX-License-Identifier: Apache-2.0
 * What a handler is told of a call, and which calls get none. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static grille_call_header seen;
static bool seen_value;

static void look(void *user, grille_stream *stream, const grille_call_header *header) {
    grille_bytes value = {0};
    (void)user;
    seen = *header;
    seen_value = grille_metadata_find(&header->metadata, grille_bytes_of("k-bin", 5), &value) && value.len == 3 &&
                 memcmp(value.data, "v\0w", 3) == 0;
    grille_stream_set_user(stream, &seen);
}

/* Method, timeout and metadata; the metadata lives until release although the frame is gone. */
static void the_header_is_told(void **state) {
    const grille_session_events events = {.on_call = look};
    pair_options options = pair_options_default();
    uint8_t encoded[64];
    grille_writer writer = grille_writer_into(encoded, sizeof encoded);
    const grille_metadata_entry entry = {grille_bytes_of("k-bin", 5), grille_bytes_of("v\0w", 3)};
    grille_call_open open = {.method_id = 0xfedcba98, .has_timeout = true, .timeout_us = 77};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    grille_bytes value = {0};
    (void)state;
    options.responder.events = &events;
    pair = pair_new(&options);
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &open.metadata), GRILLE_REASON_OK);
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    memset(encoded, 0, sizeof encoded);
    pair_run(pair);
    memset(pair->buffer, 0, sizeof pair->buffer);
    assert_int_equal(seen.method_id, 0xfedcba98);
    assert_true(seen.has_timeout && seen.timeout_us == 77);
    assert_true(seen_value);
    assert_true(grille_metadata_find(&seen.metadata, grille_bytes_of("k-bin", 5), &value));
    assert_int_equal(value.len, 3);
    pair_free(pair);
}

static void without_on_call_every_call_is_refused(void **state) {
    const grille_session_events none = {0};
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    const pair_event *reset = NULL;
    (void)state;
    options.responder.events = &none;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    for (int i = 0; i < 100; i++) {
        (void)pair_call(pair, &pair->initiator, pair_bytes(30000));
        pair_run(pair);
    }
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 100);
    reset = pair_last(&pair->initiator, PAIR_RESET);
    assert_true(reset->end.never_processed && !reset->end.local);
    assert_int_equal(reset->end.code, GRILLE_RESET_REFUSED);
    assert_int_equal(reset->code, GRILLE_UNAVAILABLE);
    assert_int_equal(grille_session_get_stats(pair->responder.session).slots_held, 0);
    pair_free(pair);
}

/* No memory for a slot: the call is refused, the connection lives and takes calls again. */
static void without_memory_a_call_is_refused(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair_run(pair);
    pair->initiator.releases = true;
    pair->responder.answers = true;
    pair->responder.budget.limit_bytes = pair->responder.budget.used_bytes + 100;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->end.code, GRILLE_RESET_REFUSED);
    pair->responder.budget.limit_bytes = 1 << 20;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
    pair_free(pair);
}

/* Metadata that does not fit the slot needs memory of its own. */
static void without_memory_for_metadata_a_call_is_refused(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    script_write(pair_writer(pair), "S M1:5e");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    pair->responder.budget.limit_bytes = pair->responder.budget.used_bytes;
    script_write(pair_writer(pair), "Q3:8000e Q5:500e");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 2);
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->id, 5);
    assert_int_equal(grille_session_get_stats(pair->responder.session).calls_refused, 1);
    assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_RESET), 1);
    pair_free(pair);
}

static void write_call_with(grille_writer *writer, uint32_t id, size_t entries, size_t key_len) {
    static uint8_t encoded[8192];
    grille_writer metadata = grille_writer_into(encoded, sizeof encoded);
    const grille_metadata_entry entry = {{pair_bytes(key_len).data, key_len}, {0}};
    grille_call_payload call = {.header = {.method_id = 7}};
    for (size_t i = 0; i < entries; i++)
        grille_metadata_entry_write(&metadata, &entry);
    call.header.metadata.encoded = grille_written(&metadata);
    call.header.metadata.count = (uint32_t)entries;
    call.header.metadata.encoded_bytes = (uint32_t)metadata.len;
    grille_call_frame_write(writer, id, &call);
}

/* GRILLE_LIMIT_METADATA_ENTRIES and GRILLE_LIMIT_METADATA_KEY_BYTES, and one over each: only the call ends. */
static void limits_of_fields_end_the_call(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_bytes output = {0};
    (void)state;
    script_write(pair_writer(pair), "S");
    write_call_with(pair_writer(pair), 1, GRILLE_LIMIT_METADATA_ENTRIES, 5);
    write_call_with(pair_writer(pair), 3, 1, GRILLE_LIMIT_METADATA_KEY_BYTES);
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 2);
    write_call_with(pair_writer(pair), 5, GRILLE_LIMIT_METADATA_ENTRIES + 1, 5);
    write_call_with(pair_writer(pair), 7, 1, GRILLE_LIMIT_METADATA_KEY_BYTES + 1);
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 2);
    output = pair_take_output(pair, &pair->responder);
    for (size_t i = 0; i < 2; i++) {
        grille_status_payload status = {0};
        assert_true(pair_frame(output, GRILLE_FRAME_STATUS, i, &header, &payload));
        assert_int_equal(header.stream, 5 + 2 * i);
        assert_int_equal(grille_status_payload_decode(header.flags, payload, &status), GRILLE_REASON_OK);
        assert_int_equal(status.header.code, GRILLE_RESOURCE_EXHAUSTED);
        assert_non_null(memmem(status.header.message.data, status.header.message.len, "64 entries", 10));
    }
    pair_free(pair);
}

/* Calls that come expired are counted: their flood ends the connection. */
static void a_flood_of_expired_calls_ends_the_connection(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    uint32_t id = 1;
    (void)state;
    script_write(pair_writer(pair), "S");
    for (; pair->responder.reason == GRILLE_REASON_OK && id < 100000; id += 2) {
        const grille_call_payload call = {.header = {.method_id = 7, .has_timeout = true}, .end_stream = true};
        grille_call_frame_write(pair_writer(pair), id, &call);
        (void)pair_feed(pair, &pair->responder);
        (void)pair_take_output(pair, &pair->responder);
    }
    assert_int_equal((id - 1) / 2, GRILLE_LIMIT_RESET_BURST + 1);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_SESSION_FLOOD);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_told),
        cmocka_unit_test(without_on_call_every_call_is_refused),
        cmocka_unit_test(without_memory_a_call_is_refused),
        cmocka_unit_test(without_memory_for_metadata_a_call_is_refused),
        cmocka_unit_test(limits_of_fields_end_the_call),
        cmocka_unit_test(a_flood_of_expired_calls_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
