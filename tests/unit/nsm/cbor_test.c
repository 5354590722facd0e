/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/cbor.h"

#include "tests/unit/crypto/crypto_test.h"

/* RFC 8949 appendix A and the values round each change of width. */
static const struct {
    uint64_t value;
    const char *hex;
} numbers[] = {
    {0, "00"},
    {23, "17"},
    {24, "1818"},
    {255, "18ff"},
    {256, "190100"},
    {65535, "19ffff"},
    {65536, "1a00010000"},
    {4294967295, "1affffffff"},
    {4294967296, "1b0000000100000000"},
    {1000000000000, "1b000000e8d4a51000"},
    {UINT64_MAX, "1bffffffffffffffff"},
};

static void numbers_take_their_shortest_form(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint8_t out[9];
        grille_writer writer = grille_writer_into(out, sizeof out);
        grille_reader reader;
        grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_UNSIGNED, numbers[i].value);
        assert_bytes(numbers[i].hex, out, writer.len);
        reader = grille_reader_of(grille_written(&writer));
        assert_true(grille_nsm_cbor_read_unsigned(&reader, UINT64_MAX) == numbers[i].value);
        assert_reason(OK, grille_reader_end(&reader));
        if (numbers[i].value == 0) continue;
        reader = grille_reader_of(grille_written(&writer));
        assert_true(grille_nsm_cbor_read_unsigned(&reader, numbers[i].value - 1) == 0);
        assert_reason(NSM_MALFORMED, reader.failed);
    }
}

static void longer_forms_are_refused(void **state) {
    static const char *const rows[] = {"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1d", "1e", "1f"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes encoded = from_hex(rows[i]);
        grille_reader reader = grille_reader_of(view(&encoded));
        assert_true(grille_nsm_cbor_read_unsigned(&reader, UINT64_MAX) == 0);
        assert_reason(NSM_MALFORMED, reader.failed);
    }
}

static void strings_null_and_booleans(void **state) {
    uint8_t out[64];
    grille_writer writer = grille_writer_into(out, sizeof out);
    grille_reader reader;
    grille_bytes bytes;
    (void)state;
    grille_nsm_cbor_write_text(&writer, "IETF");
    grille_nsm_cbor_write_bytes(&writer, grille_bytes_of("\1\2", 2));
    grille_nsm_cbor_write_optional(&writer, grille_bytes_of(NULL, 0));
    grille_nsm_cbor_write_optional(&writer, grille_bytes_of("", 0));
    grille_nsm_cbor_write_bool(&writer, true);
    grille_nsm_cbor_write_bool(&writer, false);
    assert_bytes("6449455446420102f640f5f4", out, writer.len);
    reader = grille_reader_of(grille_written(&writer));
    assert_int_equal(GRILLE_NSM_CBOR_TEXT, grille_nsm_cbor_peek(&reader));
    assert_true(grille_bytes_equal(grille_bytes_of_text("IETF"), grille_nsm_cbor_read_text(&reader)));
    assert_int_equal(2, grille_nsm_cbor_read_bytes(&reader).len);
    assert_null(grille_nsm_cbor_read_optional(&reader).data);
    bytes = grille_nsm_cbor_read_optional(&reader);
    assert_non_null(bytes.data);
    assert_int_equal(0, bytes.len);
    assert_true(grille_nsm_cbor_read_bool(&reader));
    assert_false(grille_nsm_cbor_read_bool(&reader));
    assert_reason(OK, grille_reader_end(&reader));
    assert_int_equal(8, grille_nsm_cbor_peek(&reader));
}

static void items_are_counted_or_end_with_a_break(void **state) {
    static const struct {
        const char *hex;
        size_t count;
        grille_reason reason;
    } rows[] = {
        {"80", 0, GRILLE_REASON_OK},
        {"820102", 2, GRILLE_REASON_OK},
        {"9fff", 0, GRILLE_REASON_OK},
        {"9f0102ff", 2, GRILLE_REASON_OK},
        {"8201", 1, GRILLE_REASON_TRUNCATED},
        {"9f01", 1, GRILLE_REASON_TRUNCATED},
        {"9f", 0, GRILLE_REASON_TRUNCATED},
        {"81ff", 0, GRILLE_REASON_NSM_MALFORMED},
        {"a0", 0, GRILLE_REASON_NSM_MALFORMED},
        {"80ff", 0, GRILLE_REASON_TRAILING},
        {"9bffffffffffffffff", 0, GRILLE_REASON_TRUNCATED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes encoded = from_hex(rows[i].hex);
        grille_reader reader = grille_reader_of(view(&encoded));
        grille_nsm_cbor_items items = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_ARRAY);
        size_t count = 0;
        while (grille_nsm_cbor_next(&items, &reader)) {
            (void)grille_nsm_cbor_read_unsigned(&reader, UINT64_MAX);
            count += reader.failed == GRILLE_REASON_OK;
        }
        assert_int_equal(rows[i].count, count);
        assert_string_equal(grille_reason_name(rows[i].reason), grille_reason_name(grille_reader_end(&reader)));
    }
}

static void any_item_is_passed_over_to_its_end(void **state) {
    static const struct {
        const char *hex;
        grille_reason reason;
    } rows[] = {
        {"00", GRILLE_REASON_OK},
        {"3903e7", GRILLE_REASON_OK},
        {"43010203", GRILLE_REASON_OK},
        {"6161", GRILLE_REASON_OK},
        {"f6", GRILLE_REASON_OK},
        {"83010203", GRILLE_REASON_OK},
        {"a201020304", GRILLE_REASON_OK},
        {"bf019f03ffff", GRILLE_REASON_OK},
        {"8181818100", GRILLE_REASON_OK},
        {"818181818100", GRILLE_REASON_NSM_MALFORMED},
        {"a1", GRILLE_REASON_TRUNCATED},
        {"a101", GRILLE_REASON_TRUNCATED},
        {"bf01ff", GRILLE_REASON_NSM_MALFORMED},
        {"c000", GRILLE_REASON_NSM_MALFORMED},
        {"f7", GRILLE_REASON_NSM_MALFORMED},
        {"ff", GRILLE_REASON_NSM_MALFORMED},
        {"5f4101ff", GRILLE_REASON_NSM_MALFORMED},
        {"", GRILLE_REASON_TRUNCATED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes encoded = from_hex(rows[i].hex);
        grille_reader reader = grille_reader_of(view(&encoded));
        grille_nsm_cbor_skip(&reader);
        assert_string_equal(grille_reason_name(rows[i].reason), grille_reason_name(grille_reader_end(&reader)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_their_shortest_form),   cmocka_unit_test(longer_forms_are_refused),
        cmocka_unit_test(strings_null_and_booleans),          cmocka_unit_test(items_are_counted_or_end_with_a_break),
        cmocka_unit_test(any_item_is_passed_over_to_its_end),
    };
    return cmocka_run_group_tests_name("nsm_cbor", tests, NULL, NULL);
}
