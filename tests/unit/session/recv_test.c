/* SPDX-License-Identifier: Apache-2.0
 * One conversation, recorded, then given to a new end whole, byte by byte, cut at every point and in random pieces: it
 * is told the same each time. */
#include <string.h>

#include "cmocka_all.h"
#include "prng.h"
#include "session_pair.h"
#include "session_script.h"

enum { RECORD_BYTES = 1 << 16 };

/* Everything that a caller may send, and what a callee may. */
static const char *const caller_script =
    "S:20:20:70000 C1 D1:5:2b D1:0:3 D1:0:0b D1:9:9be M3:100e M5:0 E5 C7 D7:3000:1000b O9:5000000e Q11:60e D7:0:2000 "
    "U99:128:3:5 P4 K0:100 K1:50 E7 C13 X13:1 C15e D13:1:1b K13:9 X13:1 C17 D17:1200:1200b D17:0:0be N4294967295:2 "
    "N0:2";
static const char *const callee_script =
    "S H1:30 D1:5:2b D1:0:3 V1:7 T3:5 X5:3 D7:2000:500b D7:0:1500 D7:0:0b T7:0 P9 K0:7 N4294967295:1 N9:1 T9:16";

static uint8_t record_bytes[RECORD_BYTES];

static grille_bytes record(const char *script) {
    grille_writer writer = grille_writer_into(record_bytes, sizeof record_bytes);
    script_write(&writer, script);
    return grille_written(&writer);
}

static session_pair *make(bool caller, pair_end **end) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    *end = caller ? &pair->initiator : &pair->responder;
    for (int i = 0; caller && i < 6; i++)
        (void)pair_call(pair, *end, pair_bytes(3));
    (void)pair_take_output(pair, *end);
    return pair;
}

static void feed(session_pair *pair, pair_end *end, grille_bytes bytes, size_t piece) {
    grille_reader reader = grille_reader_of(bytes);
    while (reader.left > 0) {
        const size_t len = piece < reader.left ? piece : reader.left;
        assert_int_equal(grille_session_recv(end->session, grille_read_bytes(&reader, len), pair->now_us),
                         GRILLE_REASON_OK);
    }
}

static void assert_same_events(const pair_end *left, const pair_end *right) {
    assert_int_equal(left->event_count, right->event_count);
    for (size_t i = 0; i < left->event_count; i++) {
        const pair_event *one = &left->events[i];
        const pair_event *other = &right->events[i];
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->id, other->id);
        assert_int_equal(one->len, other->len);
        assert_int_equal(one->code, other->code);
        assert_int_equal(one->end.reason, other->end.reason);
        assert_int_equal(one->metadata_count, other->metadata_count);
        assert_string_equal(one->text, other->text);
    }
}

static void cut_everywhere(bool caller, const char *script, size_t least_events) {
    const grille_bytes bytes = record(script);
    pair_end *whole_end = NULL;
    session_pair *whole = make(caller, &whole_end);
    feed(whole, whole_end, bytes, bytes.len);
    assert_true(whole_end->event_count >= least_events);
    for (size_t cut = 0; cut <= bytes.len; cut++) {
        pair_end *end = NULL;
        session_pair *pair = make(caller, &end);
        grille_reader reader = grille_reader_of(bytes);
        feed(pair, end, grille_read_bytes(&reader, cut), bytes.len);
        feed(pair, end, grille_read_rest(&reader), cut == 0 ? 1 : bytes.len); /* 0: byte by byte */
        assert_same_events(whole_end, end);
        pair_free(pair);
    }
    pair_free(whole);
}

static void a_callee_reads_any_pieces(void **state) {
    (void)state;
    cut_everywhere(false, caller_script, 26);
}

static void a_caller_reads_any_pieces(void **state) {
    (void)state;
    cut_everywhere(true, callee_script, 12);
}

static void random_pieces_are_told_the_same(void **state) {
    const grille_bytes bytes = record(caller_script);
    pair_end *whole_end = NULL;
    session_pair *whole = make(false, &whole_end);
    uint64_t random = 3;
    (void)state;
    feed(whole, whole_end, bytes, bytes.len);
    for (int round = 0; round < 500; round++) {
        pair_end *end = NULL;
        session_pair *pair = make(false, &end);
        grille_reader reader = grille_reader_of(bytes);
        while (reader.left > 0) {
            const size_t len = 1 + prng_below(&random, reader.left < 300 ? reader.left : 300);
            feed(pair, end, grille_read_bytes(&reader, len), len);
        }
        assert_same_events(whole_end, end);
        pair_free(pair);
    }
    pair_free(whole);
}

/* Nothing at all is not an error. */
static void no_bytes_are_no_frame(void **state) {
    pair_end *end = NULL;
    session_pair *pair = make(false, &end);
    (void)state;
    assert_int_equal(grille_session_recv(end->session, grille_bytes_of(NULL, 0), pair->now_us), GRILLE_REASON_OK);
    assert_int_equal(end->event_count, 0);
    pair_free(pair);
}

/* The payload of a frame that came in parts is wiped once it was read. */
static void parts_are_given_back_when_idle(void **state) {
    pair_end *end = NULL;
    session_pair *pair = make(false, &end);
    const size_t idle = end->budget.used_bytes;
    (void)state;
    feed(pair, end, record("S M1:9000e"), 100);
    assert_true(end->budget.used_bytes > idle + 9000);
    grille_stream_release(end->newest);
    (void)pair_take_output(pair, end);
    pair_pass(pair, 200000);
    assert_int_equal(end->budget.used_bytes, idle);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callee_reads_any_pieces),       cmocka_unit_test(a_caller_reads_any_pieces),
        cmocka_unit_test(random_pieces_are_told_the_same), cmocka_unit_test(no_bytes_are_no_frame),
        cmocka_unit_test(parts_are_given_back_when_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
