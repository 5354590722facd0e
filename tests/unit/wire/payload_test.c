/* SPDX-License-Identifier: Apache-2.0
 * Payloads: whole frames byte for byte, every prefix refused, tables of wrong ones. */
#include "wire/payload.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"

static uint8_t buffer[2 * (GRILLE_FRAME_HEADER_BYTES + GRILLE_LIMIT_FRAME_PAYLOAD_BYTES)];

/* Splits what `writer` holds into the one frame that it must be; the payload is an exact copy. */
static grille_frame_header one_frame(const grille_writer *writer, const char *expected_hex, grille_bytes *payload) {
    grille_bytes input = grille_written(writer);
    grille_frame_header header = {0};
    assert_int_equal(grille_writer_end(writer), GRILLE_REASON_OK);
    if (expected_hex != NULL) assert_true(grille_bytes_equal(input, sample_hex(expected_hex)));
    assert_int_equal(grille_frame_take(&input, &header, payload), GRILLE_REASON_OK);
    assert_int_equal(input.len, 0);
    *payload = sample_copy(*payload);
    return header;
}

static grille_writer fresh(void) {
    return grille_writer_into(buffer, sizeof buffer);
}

static void test_call(void **state) {
    grille_call_payload call = {.header = {.method_id = 1, .has_timeout = true, .timeout_us = 7},
                                .has_message = true,
                                .message = grille_bytes_of_text("abc"),
                                .end_stream = true};
    grille_call_payload decoded;
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    grille_frame_header header;
    (void)state;
    grille_call_frame_write(&writer, 9, &call);
    header = one_frame(&writer, "0010 03 05 00000009 0007 0d01000000 1007 00000003 616263", &payload);
    assert_int_equal(payload.len, grille_call_payload_size(&call.header) + GRILLE_MESSAGE_LENGTH_BYTES + 3);
    assert_int_equal(grille_call_payload_decode(header.flags, payload, &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.header.method_id, 1);
    assert_true(decoded.header.has_timeout && decoded.header.timeout_us == 7);
    assert_true(decoded.has_message && decoded.end_stream);
    assert_true(grille_bytes_equal(decoded.message, call.message));
    for (size_t len = 0; len < payload.len; len++) {
        grille_bytes cut = sample_copy(grille_bytes_of(payload.data, len));
        assert_int_equal(grille_call_payload_decode(header.flags, cut, &decoded), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    }
}

static void test_call_without_message(void **state) {
    grille_call_payload call = {.header = {.method_id = 1}};
    grille_call_payload decoded = {.has_message = true};
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    grille_frame_header header;
    (void)state;
    grille_call_frame_write(&writer, 9, &call);
    header = one_frame(&writer, "0007 03 00 00000009 0005 0d01000000", &payload);
    assert_int_equal(payload.len, grille_call_payload_size(&call.header));
    assert_int_equal(grille_call_payload_decode(header.flags, payload, &decoded), GRILLE_REASON_OK);
    assert_false(decoded.has_message || decoded.end_stream);
    assert_int_equal(decoded.message.len, 0);
}

/* An empty message is a message. */
static void test_call_with_empty_message(void **state) {
    grille_call_payload call = {.header = {.method_id = 1}, .has_message = true};
    grille_call_payload decoded = {0};
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    (void)state;
    grille_call_frame_write(&writer, 9, &call);
    (void)one_frame(&writer, "000b 03 01 00000009 0005 0d01000000 00000000", &payload);
    assert_int_equal(grille_call_payload_decode(GRILLE_FLAG_HAS_MESSAGE, payload, &decoded), GRILLE_REASON_OK);
    assert_true(decoded.has_message);
    assert_int_equal(decoded.message.len, 0);
}

static void test_status(void **state) {
    grille_status_payload status = {.header = {.code = GRILLE_NOT_FOUND, .message = grille_bytes_of_text("no")},
                                    .has_message = true,
                                    .message = grille_bytes_of_text("abc")};
    grille_status_payload decoded;
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    grille_frame_header header;
    (void)state;
    grille_status_frame_write(&writer, 9, &status);
    header = one_frame(&writer, "000f 06 01 00000009 0006 0805 1202 6e6f 00000003 616263", &payload);
    assert_int_equal(payload.len, grille_status_payload_size(&status.header) + GRILLE_MESSAGE_LENGTH_BYTES + 3);
    assert_int_equal(grille_status_payload_decode(header.flags, payload, &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.header.code, GRILLE_NOT_FOUND);
    assert_true(grille_bytes_equal(decoded.header.message, status.header.message));
    assert_true(decoded.has_message && grille_bytes_equal(decoded.message, status.message));
    for (size_t len = 0; len < payload.len; len++) {
        grille_bytes cut = sample_copy(grille_bytes_of(payload.data, len));
        assert_int_equal(grille_status_payload_decode(header.flags, cut, &decoded), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    }
    writer = fresh();
    status = (grille_status_payload){.header = {.code = GRILLE_OK}};
    grille_status_frame_write(&writer, 9, &status);
    header = one_frame(&writer, "0002 06 00 00000009 0000", &payload);
    assert_int_equal(grille_status_payload_decode(header.flags, payload, &decoded), GRILLE_REASON_OK);
    assert_false(decoded.has_message);
}

static void test_headers(void **state) {
    grille_metadata_view view = {0};
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    (void)state;
    assert_int_equal(grille_metadata_view_of(sample_hex("7a 06 0a 01 61 12 01 62"), &view), GRILLE_REASON_OK);
    grille_headers_frame_write(&writer, 9, &view);
    (void)one_frame(&writer, "0008 04 00 00000009 7a060a0161120162", &payload);
    assert_int_equal(grille_headers_decode(payload, &view), GRILLE_REASON_OK);
    view = (grille_metadata_view){0};
    grille_headers_frame_write(&writer, 9, &view);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_BAD_PAYLOAD);
}

static void data_round_trip(const grille_data_payload *data, const char *hex) {
    grille_data_payload decoded;
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    grille_frame_header header;
    grille_data_frame_write(&writer, 1, data);
    header = one_frame(&writer, hex, &payload);
    assert_int_equal(grille_data_payload_decode(header.flags, payload, &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.begin, data->begin);
    assert_int_equal(decoded.end_stream, data->end_stream);
    assert_int_equal(decoded.message_bytes, data->message_bytes);
    assert_true(grille_bytes_equal(decoded.bytes, data->bytes));
}

static void test_data(void **state) {
    const grille_bytes abc = grille_bytes_of_text("abc");
    (void)state;
    data_round_trip(&(grille_data_payload){.begin = true, .message_bytes = 3, .bytes = abc, .end_stream = true},
                    "0007 05 06 00000001 00000003 616263");
    data_round_trip(&(grille_data_payload){.begin = true, .message_bytes = 0xffffffff, .bytes = abc},
                    "0007 05 02 00000001 ffffffff 616263");
    data_round_trip(&(grille_data_payload){.begin = true}, "0004 05 02 00000001 00000000");
    data_round_trip(&(grille_data_payload){.begin = true, .message_bytes = 5}, "0004 05 02 00000001 00000005");
    data_round_trip(&(grille_data_payload){.bytes = abc}, "0003 05 00 00000001 616263");
    data_round_trip(&(grille_data_payload){.end_stream = true}, "0000 05 04 00000001");
}

static void test_data_refused(void **state) {
    grille_data_payload decoded = {.message_bytes = 77};
    (void)state;
    assert_int_equal(grille_data_payload_decode(0, grille_bytes_of(NULL, 0), &decoded), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    for (size_t len = 0; len < 4; len++) {
        assert_int_equal(grille_data_payload_decode(GRILLE_FLAG_BEGIN, sample_fill(0, len), &decoded),
                         GRILLE_REASON_WIRE_BAD_PAYLOAD);
    }
    /* More bytes than the message that begins has. */
    assert_int_equal(grille_data_payload_decode(GRILLE_FLAG_BEGIN, sample_hex("00000002 616263"), &decoded),
                     GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_data_payload_decode(GRILLE_FLAG_BEGIN, sample_hex("00000000 61"), &decoded),
                     GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(decoded.message_bytes, 77);
}

static void test_reset(void **state) {
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    grille_reset_code code = GRILLE_RESET_CANCELLED;
    (void)state;
    grille_reset_frame_write(&writer, 3, GRILLE_RESET_LIMIT);
    (void)one_frame(&writer, "0001 07 00 00000003 05", &payload);
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t byte = (uint8_t)value;
        grille_reason reason = grille_reset_payload_decode(grille_bytes_of(&byte, 1), &code);
        assert_int_equal(reason, value >= 1 && value <= 5 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_PAYLOAD);
        if (reason == GRILLE_REASON_OK) assert_int_equal(code, value);
    }
    assert_int_equal(grille_reset_payload_decode(grille_bytes_of(NULL, 0), &code), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_reset_payload_decode(sample_hex("0101"), &code), GRILLE_REASON_WIRE_BAD_PAYLOAD);
}

/* GRILLE_LIMIT_CREDIT_BYTES and one over it; nothing is no credit. */
static void test_credit(void **state) {
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    uint32_t bytes = 0;
    (void)state;
    grille_credit_frame_write(&writer, 0, GRILLE_LIMIT_CREDIT_BYTES);
    (void)one_frame(&writer, "0004 08 00 00000000 7fffffff", &payload);
    assert_int_equal(grille_credit_payload_decode(payload, &bytes), GRILLE_REASON_OK);
    assert_int_equal(bytes, GRILLE_LIMIT_CREDIT_BYTES);
    assert_int_equal(grille_credit_payload_decode(sample_hex("00000001"), &bytes), GRILLE_REASON_OK);
    assert_int_equal(bytes, 1);
    assert_int_equal(grille_credit_payload_decode(sample_hex("80000000"), &bytes), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_credit_payload_decode(sample_hex("ffffffff"), &bytes), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_credit_payload_decode(sample_hex("00000000"), &bytes), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_credit_payload_decode(sample_hex("000001"), &bytes), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_credit_payload_decode(sample_hex("0000000100"), &bytes), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(bytes, 1);
}

static void test_ping(void **state) {
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    uint64_t token = 0;
    (void)state;
    grille_ping_frame_write(&writer, true, UINT64_C(0x0102030405060708));
    (void)one_frame(&writer, "0008 09 08 00000000 0102030405060708", &payload);
    assert_int_equal(grille_ping_payload_decode(payload, &token), GRILLE_REASON_OK);
    assert_true(token == UINT64_C(0x0102030405060708));
    writer = fresh();
    grille_ping_frame_write(&writer, false, 1);
    (void)one_frame(&writer, "0008 09 00 00000000 0000000000000001", &payload);
    assert_int_equal(grille_ping_payload_decode(sample_fill(0, 7), &token), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_ping_payload_decode(sample_fill(0, 9), &token), GRILLE_REASON_WIRE_BAD_PAYLOAD);
}

static void test_drain(void **state) {
    grille_drain_payload drain = {.last_stream = GRILLE_DRAIN_ALL, .reason = GRILLE_DRAIN_SHUTDOWN};
    grille_drain_payload decoded = {0};
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    (void)state;
    grille_drain_frame_write(&writer, &drain);
    (void)one_frame(&writer, "0005 0a 00 00000000 ffffffff 01", &payload);
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t bytes[] = {0, 0, 0, 9, (uint8_t)value};
        grille_reason reason = grille_drain_payload_decode(grille_bytes_of(bytes, 5), &decoded);
        assert_int_equal(reason, value >= 1 && value <= 6 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_PAYLOAD);
        if (reason == GRILLE_REASON_OK) assert_true(decoded.last_stream == 9 && decoded.reason == value);
    }
    assert_int_equal(grille_drain_payload_decode(sample_hex("00000009"), &decoded), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(grille_drain_payload_decode(sample_hex("000000090100"), &decoded), GRILLE_REASON_WIRE_BAD_PAYLOAD);
}

static void test_wrong_calls_and_statuses(void **state) {
    static const struct {
        const char *what;
        uint8_t flags;
        const char *hex;
        grille_reason call, status;
    } rows[] = {
        {"bytes after the header", 0, "0005 0d01000000 00", GRILLE_REASON_WIRE_BAD_PAYLOAD,
         GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"a message without its flag", 0, "0000 00000001 61", GRILLE_REASON_WIRE_BAD_PAYLOAD,
         GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"a flag without its message", 1, "0000", GRILLE_REASON_WIRE_BAD_PAYLOAD, GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"a header longer than the frame", 0, "0006 0d01000000", GRILLE_REASON_WIRE_BAD_PAYLOAD,
         GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"a message longer than the frame", 1, "0000 00000002 61", GRILLE_REASON_WIRE_BAD_PAYLOAD,
         GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"a message of 4 GiB", 1, "0000 ffffffff 61", GRILLE_REASON_WIRE_BAD_PAYLOAD, GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"bytes after the message", 1, "0000 00000001 6161", GRILLE_REASON_WIRE_BAD_PAYLOAD,
         GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"an empty header", 0, "0000", GRILLE_REASON_WIRE_BAD_MESSAGE, GRILLE_REASON_OK},
        {"a header that is no message", 0, "0001 ff", GRILLE_REASON_WIRE_BAD_MESSAGE, GRILLE_REASON_WIRE_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_call_payload call;
        grille_status_payload status;
        grille_bytes payload = sample_hex(rows[i].hex);
        if (grille_call_payload_decode(rows[i].flags, payload, &call) != rows[i].call)
            fail_msg("CALL: %s", rows[i].what);
        if (grille_status_payload_decode(rows[i].flags, payload, &status) != rows[i].status) {
            fail_msg("STATUS: %s", rows[i].what);
        }
    }
}

/* What makes one call too large is told apart from what breaks the protocol. */
static void test_limit_in_a_header(void **state) {
    static uint8_t header[GRILLE_LIMIT_FRAME_PAYLOAD_BYTES];
    grille_writer writer = grille_writer_into(header, sizeof header);
    grille_call_payload call;
    grille_status_payload status;
    (void)state;
    grille_write_u16(&writer, 5 + 5 * (GRILLE_LIMIT_METADATA_ENTRIES + 1));
    grille_write_bytes(&writer, sample_hex("0d 01000000"));
    for (size_t i = 0; i <= GRILLE_LIMIT_METADATA_ENTRIES; i++)
        grille_write_bytes(&writer, sample_hex("7a 03 0a 01 61"));
    assert_int_equal(grille_call_payload_decode(0, grille_written(&writer), &call), GRILLE_REASON_WIRE_LIMIT);
    writer = grille_writer_into(header, sizeof header);
    grille_write_u16(&writer, 3 + GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1);
    grille_write_bytes(&writer, sample_hex("12 8108"));
    grille_write_bytes(&writer, sample_fill('m', GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1));
    assert_int_equal(grille_status_payload_decode(0, grille_written(&writer), &status), GRILLE_REASON_WIRE_LIMIT);
}

/* The largest message that fits beside its header, and one byte more. */
static void test_frame_that_is_full(void **state) {
    grille_call_payload call = {.header = {.method_id = 1}, .has_message = true};
    size_t room =
        GRILLE_LIMIT_FRAME_PAYLOAD_BYTES - grille_call_payload_size(&call.header) - GRILLE_MESSAGE_LENGTH_BYTES;
    grille_writer writer = fresh();
    grille_bytes payload = {0};
    (void)state;
    call.message = sample_fill('m', room);
    grille_call_frame_write(&writer, 1, &call);
    assert_int_equal(one_frame(&writer, NULL, &payload).length, GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
    writer = fresh();
    call.message = sample_fill('m', room + 1);
    grille_call_frame_write(&writer, 1, &call);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_FRAME_TOO_LONG);
}

static void test_header_that_fits_no_frame(void **state) {
    static uint8_t big[80000];
    grille_writer writer = grille_writer_into(big, sizeof big);
    grille_status_payload status = {.header = {.code = GRILLE_INTERNAL, .details = sample_fill('d', 70000)}};
    (void)state;
    grille_status_frame_write(&writer, 1, &status);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_FRAME_TOO_LONG);
}

/* A frame into every buffer that is too small: NO_SPACE, and no byte past the end. */
static void test_too_little_room(void **state) {
    enum { WHOLE_BYTES = 22 };
    grille_call_payload call = {
        .header = {.method_id = 1}, .has_message = true, .message = grille_bytes_of_text("abc")};
    (void)state;
    for (size_t capacity = 0; capacity <= WHOLE_BYTES; capacity++) {
        uint8_t room[WHOLE_BYTES + 1];
        grille_writer writer = grille_writer_into(room, capacity);
        memset(room, 0xee, sizeof room);
        grille_call_frame_write(&writer, 1, &call);
        assert_int_equal(grille_writer_end(&writer),
                         capacity < WHOLE_BYTES ? GRILLE_REASON_NO_SPACE : GRILLE_REASON_OK);
        for (size_t i = capacity; i < sizeof room; i++)
            assert_int_equal(room[i], 0xee);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_call_without_message),
        cmocka_unit_test(test_call_with_empty_message),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_data_refused),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_credit),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_wrong_calls_and_statuses),
        cmocka_unit_test(test_limit_in_a_header),
        cmocka_unit_test(test_frame_that_is_full),
        cmocka_unit_test(test_header_that_fits_no_frame),
        cmocka_unit_test(test_too_little_room),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
