/* SPDX-License-Identifier: Apache-2.0
 * Frame headers: every rule for every header, and frames that arrive whole, byte by byte and split anywhere. */
#include "wire/frame.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"

/* docs/protocol.md, table of frames. */
typedef struct frame_spec {
    uint8_t type;
    const char *name;
    uint8_t flags;
    bool on_connection, on_stream;
    uint32_t least, most;
} frame_spec;

static const frame_spec specs[] = {
    {1, "GATE", 0x00, true, false, 1, 16376}, {2, "SETTINGS", 0x00, true, false, 0, 16376},
    {3, "CALL", 0x05, false, true, 2, 16376}, {4, "HEADERS", 0x00, false, true, 1, 16376},
    {5, "DATA", 0x06, false, true, 0, 16376}, {6, "STATUS", 0x01, false, true, 2, 16376},
    {7, "RESET", 0x00, false, true, 1, 1},    {8, "CREDIT", 0x00, true, true, 4, 4},
    {9, "PING", 0x08, true, false, 8, 8},     {10, "DRAIN", 0x00, true, false, 5, 5},
};

static const frame_spec *spec_of(uint8_t type) {
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        if (specs[i].type == type) return &specs[i];
    }
    return NULL;
}

static grille_reason expected_reason(const grille_frame_header *header) {
    const frame_spec *spec = spec_of(header->type);
    uint32_t least = 0;
    if (header->length > 16376) return GRILLE_REASON_WIRE_FRAME_TOO_LONG;
    if (spec == NULL) return header->flags & 0x80 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_UNKNOWN_TYPE;
    if (header->flags & (uint8_t)~spec->flags) return GRILLE_REASON_WIRE_BAD_FLAGS;
    if (header->stream == 0 ? !spec->on_connection : !spec->on_stream) return GRILLE_REASON_WIRE_BAD_STREAM;
    least = spec->least;
    if (header->type == 5) least = header->flags & 0x02 ? 4 : header->flags & 0x04 ? 0 : 1;
    return header->length < least || header->length > spec->most ? GRILLE_REASON_WIRE_BAD_PAYLOAD : GRILLE_REASON_OK;
}

static void test_every_header(void **state) {
    static const uint32_t streams[] = {0, 1, 2, 0x7fffffff, 0xffffffff};
    static const uint16_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16375, 16376, 16377, 65535};
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned flags = 0; flags < 256; flags++) {
            for (size_t s = 0; s < sizeof streams / sizeof streams[0]; s++) {
                for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                    grille_frame_header header = {lengths[l], (uint8_t)type, (uint8_t)flags, streams[s]};
                    assert_int_equal(grille_frame_check(&header), expected_reason(&header));
                }
            }
        }
    }
}

static void test_names(void **state) {
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        const frame_spec *spec = spec_of((uint8_t)type);
        assert_int_equal(grille_frame_is_known((uint8_t)type), spec != NULL);
        assert_string_equal(grille_frame_name((uint8_t)type), spec == NULL ? "UNKNOWN" : spec->name);
    }
}

static void test_header_bytes(void **state) {
    uint8_t buffer[8];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_frame_header header = {.length = 0x0102, .type = 5, .flags = 0x06, .stream = 0xa1a2a3a4};
    grille_frame_header decoded = {0};
    (void)state;
    grille_frame_header_write(&writer, &header);
    assert_true(grille_bytes_equal(grille_written(&writer), sample_hex("0102 05 06 a1a2a3a4")));
    assert_int_equal(grille_frame_header_decode(grille_written(&writer), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.length, 0x0102);
    assert_int_equal(decoded.type, 5);
    assert_int_equal(decoded.flags, 6);
    assert_int_equal(decoded.stream, 0xa1a2a3a4);
}

/* The limit and one over it. */
static void test_longest_frame(void **state) {
    grille_bytes longest = sample_hex("3ff8 05 00 00000001");
    grille_bytes one_over = sample_hex("3ff9 05 00 00000001");
    grille_frame_header header;
    (void)state;
    assert_int_equal(grille_frame_header_decode(longest, &header), GRILLE_REASON_OK);
    assert_int_equal(header.length, GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
    assert_int_equal(grille_frame_header_decode(one_over, &header), GRILLE_REASON_WIRE_FRAME_TOO_LONG);
}

/* A PING, a DATA with three bytes, a DATA without any, an unknown frame to skip, a CREDIT. */
static const char stream_of_frames[] = "0008 09 00 00000000 0102030405060708 0003 05 00 00000001 616263"
                                       "0000 05 04 00000001 0002 63 80 00000009 ffff 0004 08 00 00000000 00010000";
static const uint8_t types_in_order[] = {9, 5, 5, 99, 8};
static const uint16_t lengths_in_order[] = {8, 3, 0, 2, 4};
enum { FRAME_COUNT = 5 };

/* Takes the frames that are whole; the number of those taken before comes in and goes out. */
static size_t take_all(grille_bytes *input, size_t taken) {
    for (;;) {
        grille_frame_header header;
        grille_bytes payload = {0};
        size_t left = input->len;
        grille_reason reason = grille_frame_take(input, &header, &payload);
        if (reason == GRILLE_REASON_MORE) {
            assert_int_equal(input->len, left);
            return taken;
        }
        assert_int_equal(reason, GRILLE_REASON_OK);
        assert_true(taken < FRAME_COUNT);
        assert_int_equal(header.type, types_in_order[taken]);
        assert_int_equal(payload.len, lengths_in_order[taken]);
        assert_int_equal(left - input->len, 8 + payload.len);
        taken++;
    }
}

static void test_split_anywhere(void **state) {
    grille_bytes all = sample_hex(stream_of_frames);
    (void)state;
    for (size_t split = 0; split <= all.len; split++) {
        grille_bytes first = sample_copy(grille_bytes_of(all.data, split));
        size_t taken = take_all(&first, 0);
        grille_bytes second = sample_copy(grille_bytes_of(all.data + split - first.len, all.len - split + first.len));
        assert_int_equal(take_all(&second, taken), FRAME_COUNT);
        assert_int_equal(second.len, 0);
    }
}

static void test_byte_by_byte(void **state) {
    grille_bytes all = sample_hex(stream_of_frames);
    size_t consumed = 0;
    size_t taken = 0;
    (void)state;
    for (size_t end = 0; end <= all.len; end++) {
        grille_bytes window = sample_copy(grille_bytes_of(all.data + consumed, end - consumed));
        taken = take_all(&window, taken);
        consumed = end - window.len;
    }
    assert_int_equal(taken, FRAME_COUNT);
    assert_int_equal(consumed, all.len);
}

/* A wrong frame is refused with its header, before a byte of its payload came. */
static void test_wrong_header_is_refused_at_once(void **state) {
    static const struct {
        const char *hex;
        grille_reason reason;
    } rows[] = {
        {"ffff 05 00 00000001", GRILLE_REASON_WIRE_FRAME_TOO_LONG},
        {"0001 0b 00 00000001", GRILLE_REASON_WIRE_UNKNOWN_TYPE},
        {"0000 00 00 00000000", GRILLE_REASON_WIRE_UNKNOWN_TYPE},
        {"0008 09 88 00000000", GRILLE_REASON_WIRE_BAD_FLAGS},
        {"0008 09 00 00000001", GRILLE_REASON_WIRE_BAD_STREAM},
        {"0010 03 00 00000000", GRILLE_REASON_WIRE_BAD_STREAM},
        {"0009 09 00 00000000", GRILLE_REASON_WIRE_BAD_PAYLOAD},
        {"0000 05 00 00000001", GRILLE_REASON_WIRE_BAD_PAYLOAD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_bytes input = sample_hex(rows[i].hex);
        grille_frame_header header;
        grille_bytes payload = {0};
        assert_int_equal(grille_frame_take(&input, &header, &payload), rows[i].reason);
        assert_int_equal(input.len, 8);
        for (size_t len = 0; len < 8; len++) {
            grille_bytes part = sample_copy(grille_bytes_of(input.data, len));
            assert_int_equal(grille_frame_take(&part, &header, &payload), GRILLE_REASON_MORE);
        }
    }
}

static void test_build_in_place(void **state) {
    uint8_t buffer[64];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    size_t mark = 0;
    (void)state;
    grille_write_u8(&writer, 0xee);
    mark = grille_frame_begin(&writer);
    assert_int_equal(mark, 1);
    grille_write_bytes(&writer, grille_bytes_of_text("abc"));
    grille_frame_end(&writer, mark, GRILLE_FRAME_DATA, GRILLE_FLAG_END_STREAM, 7);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), sample_hex("ee 0003 05 04 00000007 616263")));
}

static grille_reason build(size_t capacity, size_t payload_bytes, grille_frame_type type, uint8_t flags,
                           uint32_t stream) {
    static uint8_t buffer[70000];
    grille_writer writer = grille_writer_into(buffer, capacity);
    size_t mark = grille_frame_begin(&writer);
    grille_write_zeros(&writer, payload_bytes);
    grille_frame_end(&writer, mark, type, flags, stream);
    return grille_writer_end(&writer);
}

static void test_build_keeps_the_rules(void **state) {
    (void)state;
    assert_int_equal(build(70000, 16376, GRILLE_FRAME_DATA, 0, 1), GRILLE_REASON_OK);
    assert_int_equal(build(70000, 16377, GRILLE_FRAME_DATA, 0, 1), GRILLE_REASON_WIRE_FRAME_TOO_LONG);
    assert_int_equal(build(70000, 65536 + 10, GRILLE_FRAME_DATA, 0, 1), GRILLE_REASON_WIRE_FRAME_TOO_LONG);
    assert_int_equal(build(70000, 10, GRILLE_FRAME_DATA, GRILLE_FLAG_ACK, 1), GRILLE_REASON_WIRE_BAD_FLAGS);
    assert_int_equal(build(70000, 10, GRILLE_FRAME_DATA, 0, 0), GRILLE_REASON_WIRE_BAD_STREAM);
    assert_int_equal(build(70000, 3, GRILLE_FRAME_DATA, GRILLE_FLAG_BEGIN, 1), GRILLE_REASON_WIRE_BAD_PAYLOAD);
    assert_int_equal(build(7, 0, GRILLE_FRAME_SETTINGS, 0, 0), GRILLE_REASON_NO_SPACE);
    assert_int_equal(build(8, 1, GRILLE_FRAME_DATA, 0, 1), GRILLE_REASON_NO_SPACE);
    assert_int_equal(build(8, 0, GRILLE_FRAME_SETTINGS, 0, 0), GRILLE_REASON_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_header),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_longest_frame),
        cmocka_unit_test(test_split_anywhere),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_wrong_header_is_refused_at_once),
        cmocka_unit_test(test_build_in_place),
        cmocka_unit_test(test_build_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
