/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/gate_message.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

enum { payload_max = 17000 };

/* Room for any message; a decoder sees a heap block of exactly the payload's size, so that a read past it is seen. */
typedef struct message {
    uint8_t bytes[payload_max];
    size_t len;
} message;

static message hello_of(uint8_t flags, uint8_t kind_count) {
    grille_gate_hello hello = {.flags = flags, .epoch = 0x01020304, .kind_count = kind_count};
    message m = {.len = 0};
    grille_writer writer = grille_writer_into(m.bytes, sizeof m.bytes);
    for (uint8_t i = 0; i < GRILLE_GATE_NONCE_BYTES; i++)
        hello.nonce[i] = (uint8_t)(0xa0 + i);
    for (uint8_t i = 0; i < kind_count; i++)
        hello.kinds[i] = (uint8_t)(i + 1);
    grille_gate_hello_write(&writer, &hello);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    m.len = grille_written(&writer).len;
    return m;
}

static message evidence_of(size_t claims_len, size_t body_len) {
    static const uint8_t zeros[payload_max];
    const grille_gate_evidence evidence = {2, grille_bytes_of(zeros, claims_len), grille_bytes_of(zeros, body_len)};
    message m = {.len = 0};
    grille_writer writer = grille_writer_into(m.bytes, sizeof m.bytes);
    grille_gate_evidence_write(&writer, &evidence);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    m.len = grille_written(&writer).len;
    return m;
}

typedef grille_reason decode_fn(grille_bytes payload);

static grille_reason decode_hello(grille_bytes payload) {
    grille_gate_hello hello;
    return grille_gate_hello_decode(payload, &hello);
}

static grille_reason decode_evidence(grille_bytes payload) {
    grille_gate_evidence evidence;
    return grille_gate_evidence_decode(payload, &evidence);
}

static grille_reason decode_confirm(grille_bytes payload) {
    grille_bytes mac;
    return grille_gate_confirm_decode(payload, &mac);
}

static grille_reason decode_refused(grille_bytes payload) {
    return grille_gate_empty_decode(payload, GRILLE_GATE_REFUSED);
}

static grille_reason decode_request(grille_bytes payload) {
    return grille_gate_empty_decode(payload, GRILLE_GATE_REQUEST);
}

static grille_reason decode_exact(decode_fn *decode, const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len > 0 ? len : 1);
    grille_reason reason = GRILLE_REASON_OK;
    assert_non_null(copy);
    if (len > 0) memcpy(copy, bytes, len);
    reason = decode(grille_bytes_of(copy, len));
    free(copy);
    return reason;
}

/* Whole: OK. Every prefix, and one byte more: GATE_BAD_MESSAGE (a prefix of a Hello before its version byte, too). */
static void assert_exact(decode_fn *decode, message m) {
    assert_int_equal(decode_exact(decode, m.bytes, m.len), GRILLE_REASON_OK);
    for (size_t len = 0; len < m.len; len++)
        assert_int_not_equal(decode_exact(decode, m.bytes, len), GRILLE_REASON_OK);
    m.bytes[m.len] = 0;
    assert_int_equal(decode_exact(decode, m.bytes, m.len + 1), GRILLE_REASON_GATE_BAD_MESSAGE);
}

static void messages_are_consumed_exactly(void **state) {
    message confirm = {{GRILLE_GATE_CONFIRM}, 1 + GRILLE_GATE_CONFIRM_BYTES};
    const message refused = {{GRILLE_GATE_REFUSED}, 1};
    const message request = {{GRILLE_GATE_REQUEST}, 1};
    (void)state;
    assert_exact(decode_hello, hello_of(0, 1));
    assert_exact(decode_hello, hello_of(GRILLE_GATE_INITIATOR_FIRST, 4));
    assert_exact(decode_evidence, evidence_of(0, 0));
    assert_exact(decode_evidence, evidence_of(33, 700));
    assert_exact(decode_confirm, confirm);
    assert_exact(decode_refused, refused);
    assert_exact(decode_request, request);
}

static void no_decoder_takes_another_type(void **state) {
    decode_fn *const decoders[] = {decode_hello, decode_evidence, decode_confirm, decode_refused, decode_request};
    message samples[] = {hello_of(0, 1), evidence_of(3, 5), {{3}, 49}, {{4}, 1}, {{5}, 1}, {{6}, 1}, {{0}, 1}};
    (void)state;
    for (size_t d = 0; d < sizeof decoders / sizeof decoders[0]; d++)
        for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++)
            assert_int_equal(decode_exact(decoders[d], samples[s].bytes, samples[s].len) == GRILLE_REASON_OK, d == s);
}

static void a_hello_has_its_layout(void **state) {
    /* type, version, flags, epoch, nonce, n, kinds */
    const message m = hello_of(1, 2);
    grille_gate_hello hello;
    (void)state;
    assert_int_equal(m.len, 1 + 1 + 1 + 4 + 32 + 1 + 2);
    assert_memory_equal(m.bytes, ((const uint8_t[]){1, 1, 1, 1, 2, 3, 4, 0xa0, 0xa1}), 9);
    assert_memory_equal(m.bytes + 39, ((const uint8_t[]){2, 1, 2}), 3);
    assert_int_equal(grille_gate_hello_decode(grille_bytes_of(m.bytes, m.len), &hello), GRILLE_REASON_OK);
    assert_int_equal(hello.flags, GRILLE_GATE_INITIATOR_FIRST);
    assert_int_equal(hello.epoch, 0x01020304);
    assert_int_equal(hello.nonce[31], 0xa0 + 31);
    assert_true(grille_gate_hello_offers(&hello, 2));
    assert_false(grille_gate_hello_offers(&hello, 3));
    assert_false(grille_gate_hello_offers(&hello, 0));
}

static void evidence_has_its_layout(void **state) {
    static const uint8_t bytes[] = {2, 1, 0, 2, 'c', 'l', 0, 3, 'd', 'o', 'c'};
    grille_gate_evidence evidence;
    (void)state;
    assert_int_equal(grille_gate_evidence_decode(grille_bytes_of(bytes, sizeof bytes), &evidence), GRILLE_REASON_OK);
    assert_int_equal(evidence.kind, 1);
    assert_true(grille_bytes_equal(evidence.claims, grille_bytes_of_text("cl")));
    assert_true(grille_bytes_equal(evidence.body, grille_bytes_of_text("doc")));
}

typedef struct bad_hello {
    const char *what;
    size_t offset;
    uint8_t value;
    grille_reason expected;
} bad_hello;

static void bad_hellos_are_refused(void **state) {
    static const bad_hello rows[] = {
        {"version 0", 1, 0, GRILLE_REASON_GATE_VERSION},
        {"version 2", 1, 2, GRILLE_REASON_GATE_VERSION},
        {"unknown flag", 2, 2, GRILLE_REASON_GATE_BAD_MESSAGE},
        {"known and unknown flag", 2, 0x81, GRILLE_REASON_GATE_BAD_MESSAGE},
        {"no kind, bytes left", 39, 0, GRILLE_REASON_GATE_BAD_MESSAGE},
        {"more kinds than bytes", 39, 3, GRILLE_REASON_GATE_BAD_MESSAGE},
        {"a kind twice", 41, 1, GRILLE_REASON_GATE_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        message m = hello_of(0, 2);
        m.bytes[rows[i].offset] = rows[i].value;
        if (decode_exact(decode_hello, m.bytes, m.len) != rows[i].expected) fail_msg("%s", rows[i].what);
    }
    assert_int_equal(decode_exact(decode_hello, hello_of(0, 0).bytes, 40), GRILLE_REASON_GATE_BAD_MESSAGE);
}

/* A later version may look different behind its version byte, and must still be told that it is one. */
static void another_version_is_told_whatever_follows(void **state) {
    static const uint8_t bytes[] = {1, 2, 0xff, 0xff, 0xff};
    (void)state;
    for (size_t len = 2; len <= sizeof bytes; len++)
        assert_int_equal(decode_exact(decode_hello, bytes, len), GRILLE_REASON_GATE_VERSION);
}

static void limits_hold_to_the_byte(void **state) {
    const size_t body_max = GRILLE_LIMIT_EVIDENCE_BYTES - 6;
    message m = hello_of(0, GRILLE_LIMIT_HELLO_KINDS);
    (void)state;
    assert_int_equal(decode_exact(decode_hello, m.bytes, m.len), GRILLE_REASON_OK);
    m.bytes[39] = GRILLE_LIMIT_HELLO_KINDS + 1;
    m.bytes[m.len] = GRILLE_LIMIT_HELLO_KINDS + 1;
    assert_int_equal(decode_exact(decode_hello, m.bytes, m.len + 1), GRILLE_REASON_GATE_BAD_MESSAGE);
    m = evidence_of(GRILLE_LIMIT_CLAIMS_BYTES, 10);
    assert_int_equal(decode_exact(decode_evidence, m.bytes, m.len), GRILLE_REASON_OK);
    m = evidence_of(GRILLE_LIMIT_CLAIMS_BYTES + 1, 10);
    assert_int_equal(decode_exact(decode_evidence, m.bytes, m.len), GRILLE_REASON_GATE_BAD_MESSAGE);
    m = evidence_of(0, body_max);
    assert_int_equal(decode_exact(decode_evidence, m.bytes, m.len), GRILLE_REASON_OK);
    m = evidence_of(0, body_max + 1);
    assert_int_equal(decode_exact(decode_evidence, m.bytes, m.len), GRILLE_REASON_GATE_BAD_MESSAGE);
    assert_int_equal(grille_gate_payload_max(GRILLE_GATE_HELLO), GRILLE_LIMIT_HELLO_BYTES);
    memset(m.bytes, 0, sizeof m.bytes);
    m.bytes[0] = 1;
    m.bytes[1] = 1;
    assert_int_equal(decode_exact(decode_hello, m.bytes, GRILLE_LIMIT_HELLO_BYTES + 1), GRILLE_REASON_GATE_BAD_MESSAGE);
}

static void a_failed_decode_writes_nothing(void **state) {
    message m = hello_of(2, 1);
    grille_gate_hello hello;
    grille_gate_hello untouched;
    (void)state;
    memset(&hello, 0x5a, sizeof hello);
    memset(&untouched, 0x5a, sizeof untouched);
    assert_int_not_equal(grille_gate_hello_decode(grille_bytes_of(m.bytes, m.len), &hello), GRILLE_REASON_OK);
    assert_memory_equal(&hello, &untouched, sizeof hello);
}

static void types_have_names_and_sizes(void **state) {
    (void)state;
    assert_string_equal(grille_gate_type_name(GRILLE_GATE_HELLO), "HELLO");
    assert_string_equal(grille_gate_type_name(GRILLE_GATE_REQUEST), "REQUEST");
    assert_string_equal(grille_gate_type_name(0), "UNKNOWN");
    assert_string_equal(grille_gate_type_name(6), "UNKNOWN");
    assert_int_equal(grille_gate_payload_max(0), 0);
    assert_int_equal(grille_gate_payload_max(255), 0);
    assert_int_equal(grille_gate_payload_max(GRILLE_GATE_CONFIRM), 49);
    assert_int_equal(grille_gate_payload_max(GRILLE_GATE_EVIDENCE), GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_consumed_exactly), cmocka_unit_test(no_decoder_takes_another_type),
        cmocka_unit_test(a_hello_has_its_layout),        cmocka_unit_test(evidence_has_its_layout),
        cmocka_unit_test(bad_hellos_are_refused),        cmocka_unit_test(another_version_is_told_whatever_follows),
        cmocka_unit_test(limits_hold_to_the_byte),       cmocka_unit_test(a_failed_decode_writes_nothing),
        cmocka_unit_test(types_have_names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
