/* SPDX-License-Identifier: Apache-2.0
 * SETTINGS as they are told and applied; GATE; floods of both. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static grille_service_digest seen[4];
static size_t seen_count;
static uint8_t seen_digest[GRILLE_SCHEMA_DIGEST_BYTES];
static size_t gates;

static void on_settings(void *user, const grille_settings *settings) {
    grille_service_iterator iterator = grille_settings_services(settings);
    (void)user;
    while (seen_count < 4 && grille_service_next(&iterator, &seen[seen_count]))
        seen_count++;
    if (seen_count > 0) memcpy(seen_digest, seen[0].digest.data, sizeof seen_digest);
}

static void on_gate(void *user, grille_bytes payload) {
    (void)user;
    assert_int_equal(payload.len, 4);
    gates++;
}

/* Numbers and services of one end are what the other end is told. */
static void settings_are_told(void **state) {
    const grille_session_events events = {.on_settings = on_settings};
    const grille_service_digest services[] = {{3, pair_bytes(GRILLE_SCHEMA_DIGEST_BYTES)},
                                              {900, pair_bytes(GRILLE_SCHEMA_DIGEST_BYTES)}};
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    const grille_settings *told = NULL;
    (void)state;
    options.initiator.events = &events;
    options.responder.settings.max_message_bytes = 123456;
    options.responder.services = services;
    options.responder.service_count = 2;
    pair = pair_new(&options);
    told = grille_session_peer_settings(pair->initiator.session);
    assert_int_equal(told->max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES);
    pair_run(pair);
    assert_int_equal(told->max_message_bytes, 123456);
    assert_int_equal(told->services_encoded.len, 0);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1].id, 900);
    assert_memory_equal(seen_digest, pair_bytes(GRILLE_SCHEMA_DIGEST_BYTES).data, GRILLE_SCHEMA_DIGEST_BYTES);
    assert_true(grille_session_is_initiator(pair->initiator.session));
    assert_false(grille_session_is_initiator(pair->responder.session));
    pair_free(pair);
}

/* Metadata over the minimum waits for SETTINGS, and goes or ends the call. */
static void long_metadata_waits_for_settings(void **state) {
    static uint8_t room[16384];
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        pair_options options = pair_options_default();
        grille_metadata_entry entry = {grille_bytes_of("t", 1), pair_bytes(8100)};
        grille_call_open open = {.method_id = 7};
        grille_stream *stream = NULL;
        session_pair *pair = NULL;
        grille_writer writer = grille_writer_into(room, sizeof room);
        options.responder.settings.max_metadata_bytes = 9000;
        pair = pair_new(&options);
        pair->initiator.releases = true;
        while (grille_metadata_entry_size(&entry) < 9000 + over)
            entry.value.len++;
        grille_metadata_entry_write(&writer, &entry);
        assert_int_equal(grille_metadata_view_of(grille_written(&writer), &open.metadata), GRILLE_REASON_OK);
        assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
        pair_run(pair);
        assert_int_equal(pair->responder.counts[PAIR_CALL], 1 - over);
        assert_int_equal(pair->initiator.counts[PAIR_RESET], over);
        if (over == 1) {
            assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->end.reason,
                             GRILLE_REASON_SESSION_METADATA_TOO_LONG);
            assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
        }
        pair_free(pair);
    }
}

/* GATE frames go to their owner, GRILLE_LIMIT_GATE_BURST of them at once. */
static void gate_frames_are_told(void **state) {
    const grille_session_events events = {.on_gate = on_gate};
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.responder.events = &events;
    pair = pair_new(&options);
    script_write(pair_writer(pair), "G4 S 15=G4"); /* the first may stand in the place of SETTINGS */
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(gates, GRILLE_LIMIT_GATE_BURST);
    pair_pass(pair, 1000000);
    script_write(pair_writer(pair), "G4");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "G4");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_FLOOD);
    assert_int_equal(gates, GRILLE_LIMIT_GATE_BURST + 1);
    pair_free(pair);
}

/* Buckets fill again with time. */
static void buckets_fill_again(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    script_write(pair_writer(pair), "S 16=P1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    for (int i = 0; i < 10; i++) {
        pair_pass(pair, 1000000 / GRILLE_LIMIT_PING_PER_SECOND);
        script_write(pair_writer(pair), "P1");
        assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    }
    script_write(pair_writer(pair), "P1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_FLOOD);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_told),
        cmocka_unit_test(long_metadata_waits_for_settings),
        cmocka_unit_test(gate_frames_are_told),
        cmocka_unit_test(buckets_fill_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
