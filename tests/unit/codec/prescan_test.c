#include "codec/prescan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/limits.h"

/* A schema: field 1 is a number, 2 such a message itself, 3 bytes, 4 packable numbers, 5 packable fixed32, 6 fixed64.
 */
static const char schema[] = "schema";

static bool find(const void *descriptor, uint32_t number, grille_field_shape *shape) {
    assert_ptr_equal(descriptor, schema);
    switch (number) {
    case 1:
        *shape = (grille_field_shape){GRILLE_WIRE_VARINT, false, NULL};
        return true;
    case 2:
        *shape = (grille_field_shape){GRILLE_WIRE_BYTES, false, schema};
        return true;
    case 3:
        *shape = (grille_field_shape){GRILLE_WIRE_BYTES, false, NULL};
        return true;
    case 4:
        *shape = (grille_field_shape){GRILLE_WIRE_VARINT, true, NULL};
        return true;
    case 5:
        *shape = (grille_field_shape){GRILLE_WIRE_FIXED32, true, NULL};
        return true;
    case 6:
        *shape = (grille_field_shape){GRILLE_WIRE_FIXED64, false, NULL};
        return true;
    default:
        return false;
    }
}

static grille_reason scan(const void *data, size_t len, grille_scan_end *end) {
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    if (len) memcpy(copy, data, len);
    grille_reason reason = grille_prescan(grille_bytes_of(copy, len), schema, find, end);
    free(copy);
    return reason;
}

typedef struct row {
    const char *bytes;
    size_t len;
    grille_reason reason;
    uint32_t field;
    size_t offset;
} row;

#define ROW(text, reason, field, offset)                                                                               \
    { text, sizeof(text) - 1, GRILLE_REASON_##reason, field, offset }

static const row rows[] = {
    ROW("", OK, 0, 0),
    ROW("\x08\x01", OK, 1, 0),
    ROW("\x12\x04\x08\x01\x12\x00", OK, 2, 4),
    ROW("\x1a\x03\xff\xff\xff", OK, 3, 0),
    ROW("\x22\x03\x01\x80\x01", OK, 4, 0),
    ROW("\x20\x01", OK, 4, 0),
    ROW("\x22\x00", OK, 4, 0),
    ROW("\x2a\x04"
        "1234",
        OK, 5, 0),
    ROW("\x31"
        "12345678",
        OK, 6, 0),
    ROW("\x38\x01\x3a\x01x\x3d"
        "1234\x39"
        "12345678",
        OK, 7, 10),
    ROW("\x3a\x04\x0b\x0c\x80\x80", OK, 7, 0), /* inside of unknown bytes nothing is looked at */
    ROW("\xf8\xff\xff\xff\x0f\x01", OK, 0x1fffffff, 0),
    ROW("\x08", CODEC_MALFORMED, 1, 0),
    ROW("\x08\x80", CODEC_MALFORMED, 1, 0),
    ROW("\x88", CODEC_MALFORMED, 0, 0),
    ROW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", OK, 1, 0),
    ROW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", CODEC_MALFORMED, 1, 0),
    ROW("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", CODEC_MALFORMED, 1, 0),
    ROW("\x88\x80\x80\x80\x80\x00\x01", CODEC_MALFORMED, 0, 0),
    ROW("\x88\x80\x80\x80\x10\x01", CODEC_MALFORMED, 0, 0),
    ROW("\x00\x01", CODEC_MALFORMED, 0, 0),
    ROW("\x3e", CODEC_MALFORMED, 7, 0),
    ROW("\x3f", CODEC_MALFORMED, 7, 0),
    ROW("\x3b\x3c", CODEC_GROUP, 7, 0),
    ROW("\x3c", CODEC_GROUP, 7, 0),
    ROW("\x13\x14", CODEC_GROUP, 2, 0),
    ROW("\x1a\x02x", CODEC_MALFORMED, 3, 0),
    ROW("\x1a\x80\x80\x80\x80\x80\x00", CODEC_MALFORMED, 3, 0),
    ROW("\x1a\xff\xff\xff\xff\x7f", CODEC_MALFORMED, 3, 0),
    ROW("\x12\x03\x08\x01\x08", CODEC_MALFORMED, 1, 4),
    ROW("\x12\x02\x08\x01\x10\x01", CODEC_WIRE_TYPE, 2, 4),
    ROW("\x0a\x01x", CODEC_WIRE_TYPE, 1, 0),
    ROW("\x0d"
        "1234",
        CODEC_WIRE_TYPE, 1, 0),
    ROW("\x18\x01", CODEC_WIRE_TYPE, 3, 0),
    ROW("\x22\x02\x01\x80", CODEC_MALFORMED, 4, 0),
    ROW("\x2a\x05"
        "12345",
        CODEC_MALFORMED, 5, 0),
    ROW("\x32\x08"
        "12345678",
        CODEC_WIRE_TYPE, 6, 0),
    ROW("\x31"
        "1234567",
        CODEC_MALFORMED, 6, 0),
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        grille_scan_end end;
        grille_reason reason = scan(rows[i].bytes, rows[i].len, &end);
        if (reason != rows[i].reason || end.field != rows[i].field || end.offset != rows[i].offset)
            fail_msg("row %zu: %s, field %u at %zu", i, grille_reason_name(reason), end.field, end.offset);
    }
}

/* Accepted rows, cut at each byte: accepted where a field ends, malformed elsewhere, never anything else. */
static void test_cut_short(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t len = 0; rows[i].reason == GRILLE_REASON_OK && len < rows[i].len; len++) {
            grille_scan_end end;
            grille_reason reason = scan(rows[i].bytes, len, &end);
            assert_true(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_CODEC_MALFORMED);
            if (reason == GRILLE_REASON_CODEC_MALFORMED) assert_true(end.offset < len);
        }
}

/* `depth` messages, one in the other, none of them empty but the innermost. */
static size_t nest(uint8_t *out, size_t depth) {
    size_t at = 0;
    for (size_t left = depth - 1; left > 0; left--) {
        /* What lies inside takes 3 bytes for each level: a tag and a length of two bytes. */
        size_t len = 3 * (left - 1);
        out[at++] = 0x12;
        out[at++] = (uint8_t)(len | 0x80);
        out[at++] = (uint8_t)(len >> 7);
    }
    return at;
}

static void test_depth(void **state) {
    uint8_t bytes[3 * (GRILLE_LIMIT_PROTOBUF_DEPTH + 2)];
    grille_scan_end end;
    (void)state;
    assert_int_equal(scan(bytes, nest(bytes, GRILLE_LIMIT_PROTOBUF_DEPTH), &end), GRILLE_REASON_OK);
    assert_int_equal(scan(bytes, nest(bytes, GRILLE_LIMIT_PROTOBUF_DEPTH + 1), &end), GRILLE_REASON_CODEC_DEPTH);
    assert_int_equal(end.field, 2);
    assert_int_equal(end.offset, 3 * (GRILLE_LIMIT_PROTOBUF_DEPTH - 1));
}

static void test_deep_bytes_need_no_stack(void **state) {
    size_t depth = 200000;
    uint8_t *bytes = malloc(5 * depth);
    size_t at = 0;
    grille_scan_end end;
    (void)state;
    assert_non_null(bytes);
    for (size_t left = depth; left > 0; left--) {
        size_t len = 5 * (left - 1);
        bytes[at++] = 0x12;
        for (unsigned i = 0; i < 3; i++, len >>= 7)
            bytes[at++] = (uint8_t)(len | 0x80);
        bytes[at++] = (uint8_t)len;
    }
    assert_int_equal(scan(bytes, at, &end), GRILLE_REASON_CODEC_DEPTH);
    free(bytes);
}

static void test_field_count(void **state) {
    size_t len = 2 * (GRILLE_LIMIT_PROTOBUF_FIELDS + 1);
    uint8_t *bytes = malloc(len);
    grille_scan_end end;
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i += 2) {
        bytes[i] = 0x12;
        bytes[i + 1] = 0;
    }
    assert_int_equal(scan(bytes, len - 2, &end), GRILLE_REASON_OK);
    assert_int_equal(scan(bytes, len, &end), GRILLE_REASON_CODEC_FIELDS);
    assert_int_equal(end.offset, len - 2);
    free(bytes);
}

static void test_locate(void **state) {
    static const uint8_t bytes[] = "\x08\x01\x1a\x03"
                                   "abc\x20\x80\x01";
    grille_bytes encoded = grille_bytes_of(bytes, sizeof(bytes) - 1);
    static const struct {
        size_t offset;
        uint32_t field;
        size_t start;
    } expected[] = {{0, 0, 0}, {1, 1, 0}, {2, 1, 0}, {3, 3, 2}, {7, 3, 2}, {8, 4, 7}, {10, 4, 7}, {99, 4, 7}};
    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        grille_scan_end end = grille_locate(encoded, expected[i].offset);
        assert_int_equal(end.field, expected[i].field);
        assert_int_equal(end.offset, expected[i].start);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_deep_bytes_need_no_stack),
        cmocka_unit_test(test_field_count), cmocka_unit_test(test_locate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
