/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cbor.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "wire/limits.h"

typedef struct row {
    const char *hex;
    grille_reason expected;
} row;

static grille_bytes from_hex(const char *hex) {
    static uint8_t bytes[20000];
    size_t len = 0;
    assert_true(grille_hex_decode(hex, strlen(hex), bytes, sizeof bytes, &len));
    return grille_bytes_of(bytes, len);
}

static const row rows[] = {
    /* RFC 8949 appendix A, what is allowed here */
    {"00", GRILLE_REASON_OK},
    {"17", GRILLE_REASON_OK},
    {"1818", GRILLE_REASON_OK},
    {"190100", GRILLE_REASON_OK},
    {"1a00010000", GRILLE_REASON_OK},
    {"1b0000000100000000", GRILLE_REASON_OK},
    {"1bffffffffffffffff", GRILLE_REASON_OK},
    {"3bffffffffffffffff", GRILLE_REASON_OK},
    {"f4", GRILLE_REASON_OK},
    {"f5", GRILLE_REASON_OK},
    {"f6", GRILLE_REASON_OK},
    {"40", GRILLE_REASON_OK},
    {"4401020304", GRILLE_REASON_OK},
    {"62c3bc", GRILLE_REASON_OK},
    {"80", GRILLE_REASON_OK},
    {"8301820203820405", GRILLE_REASON_OK},
    {"a0", GRILLE_REASON_OK},
    {"a201020304", GRILLE_REASON_OK},
    {"a26161016162820203", GRILLE_REASON_OK},
    {"bfff", GRILLE_REASON_OK},
    {"bf61610161629f", GRILLE_REASON_ATTEST_CBOR},
    {"bf6161016162a0ff", GRILLE_REASON_OK},
    {"a161618201bf6163a0ff", GRILLE_REASON_OK},
    /* integers and lengths that fit a shorter form */
    {"1800", GRILLE_REASON_ATTEST_CBOR},
    {"1817", GRILLE_REASON_ATTEST_CBOR},
    {"1900ff", GRILLE_REASON_ATTEST_CBOR},
    {"1a0000ffff", GRILLE_REASON_ATTEST_CBOR},
    {"1b00000000ffffffff", GRILLE_REASON_ATTEST_CBOR},
    {"3817", GRILLE_REASON_ATTEST_CBOR},
    {"580101", GRILLE_REASON_ATTEST_CBOR},
    {"780161", GRILLE_REASON_ATTEST_CBOR},
    {"980101", GRILLE_REASON_ATTEST_CBOR},
    {"b8010101", GRILLE_REASON_ATTEST_CBOR},
    /* reserved and indefinite */
    {"1c", GRILLE_REASON_ATTEST_CBOR},
    {"1d", GRILLE_REASON_ATTEST_CBOR},
    {"1e", GRILLE_REASON_ATTEST_CBOR},
    {"1f", GRILLE_REASON_ATTEST_CBOR},
    {"5f42010243030405ff", GRILLE_REASON_ATTEST_CBOR},
    {"7f657374726561646d696e67ff", GRILLE_REASON_ATTEST_CBOR},
    {"9fff", GRILLE_REASON_ATTEST_CBOR},
    {"ff", GRILLE_REASON_ATTEST_CBOR},
    {"bf01ff", GRILLE_REASON_ATTEST_CBOR}, /* a key without its value */
    {"8101ff", GRILLE_REASON_TRAILING},
    {"a1ff01", GRILLE_REASON_ATTEST_CBOR},
    /* floats, undefined, other simple values, tags */
    {"f93c00", GRILLE_REASON_ATTEST_CBOR},
    {"fa47c35000", GRILLE_REASON_ATTEST_CBOR},
    {"fb3ff199999999999a", GRILLE_REASON_ATTEST_CBOR},
    {"f7", GRILLE_REASON_ATTEST_CBOR},
    {"f0", GRILLE_REASON_ATTEST_CBOR},
    {"f8ff", GRILLE_REASON_ATTEST_CBOR},
    {"c11a514b67b0", GRILLE_REASON_ATTEST_CBOR},
    {"d2f6", GRILLE_REASON_ATTEST_CBOR},
    /* keys */
    {"a201010102", GRILLE_REASON_ATTEST_CBOR_DUPLICATE_KEY},
    {"a2616101616102", GRILLE_REASON_ATTEST_CBOR_DUPLICATE_KEY},
    {"bf616101616102ff", GRILLE_REASON_ATTEST_CBOR_DUPLICATE_KEY},
    {"a101a2200020f6", GRILLE_REASON_ATTEST_CBOR_DUPLICATE_KEY},
    {"a201a1010102a10101", GRILLE_REASON_OK}, /* the same key in two maps */
    {"a2616101416102", GRILLE_REASON_OK},     /* text and bytes differ */
    {"a1f600", GRILLE_REASON_ATTEST_CBOR},
    {"a18000", GRILLE_REASON_ATTEST_CBOR},
    {"a1a000", GRILLE_REASON_ATTEST_CBOR},
    /* counts larger than what is left: refused at once */
    {"9a10000000", GRILLE_REASON_TRUNCATED},
    {"ba10000000", GRILLE_REASON_TRUNCATED},
    {"9bffffffffffffffff", GRILLE_REASON_TRUNCATED},
    {"bbffffffffffffffff", GRILLE_REASON_TRUNCATED},
    {"5bffffffffffffffff", GRILLE_REASON_TRUNCATED},
    {"7bffffffffffffffff", GRILLE_REASON_TRUNCATED},
    {"8201", GRILLE_REASON_TRUNCATED},
    {"a101", GRILLE_REASON_TRUNCATED},
    {"420a", GRILLE_REASON_TRUNCATED},
    {"", GRILLE_REASON_TRUNCATED},
    /* text that is no UTF-8 */
    {"61ff", GRILLE_REASON_ATTEST_CBOR},
    {"62c080", GRILLE_REASON_ATTEST_CBOR},
    {"63eda080", GRILLE_REASON_ATTEST_CBOR},
    {"a161ff01", GRILLE_REASON_ATTEST_CBOR},
    /* after the end */
    {"0000", GRILLE_REASON_TRAILING},
    {"a000", GRILLE_REASON_TRAILING},
};

static void each_encoding_gets_its_verdict(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_reason observed = grille_cbor_check(from_hex(rows[i].hex));
        if (observed != rows[i].expected) {
            fail_msg("%s: expected %s, observed %s", rows[i].hex, grille_reason_name(rows[i].expected),
                     grille_reason_name(observed));
        }
    }
}

static void no_prefix_of_a_good_item_is_good(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_bytes item = from_hex(rows[i].hex);
        if (rows[i].expected != GRILLE_REASON_OK) continue;
        for (size_t cut = 0; cut < item.len; cut++) {
            assert_int_not_equal(GRILLE_REASON_OK, grille_cbor_check(grille_bytes_of(item.data, cut)));
        }
    }
}

static void nesting_has_a_limit(void **state) {
    uint8_t nested[GRILLE_LIMIT_CBOR_DEPTH + 2];
    (void)state;
    memset(nested, 0x81, sizeof nested);
    nested[GRILLE_LIMIT_CBOR_DEPTH] = 0x00;
    assert_int_equal(GRILLE_REASON_OK, grille_cbor_check(grille_bytes_of(nested, GRILLE_LIMIT_CBOR_DEPTH + 1)));
    nested[GRILLE_LIMIT_CBOR_DEPTH] = 0x81;
    nested[GRILLE_LIMIT_CBOR_DEPTH + 1] = 0x00;
    assert_int_equal(GRILLE_REASON_ATTEST_CBOR_DEPTH, grille_cbor_check(grille_bytes_of(nested, sizeof nested)));
    nested[GRILLE_LIMIT_CBOR_DEPTH] = 0xbf; /* maps count alike */
    assert_int_equal(GRILLE_REASON_ATTEST_CBOR_DEPTH, grille_cbor_check(grille_bytes_of(nested, sizeof nested)));
}

/* A map of `count` entries {i: i}. */
static grille_bytes map_of(unsigned count, uint8_t *bytes) {
    size_t len = 0;
    bytes[len++] = 0xb8;
    bytes[len++] = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        if (i >= 24) bytes[len++] = 0x18;
        bytes[len++] = (uint8_t)i;
        bytes[len++] = 0xf6;
    }
    return grille_bytes_of(bytes, len);
}

static void open_keys_have_a_limit(void **state) {
    uint8_t bytes[1024];
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_cbor_check(map_of(GRILLE_LIMIT_CBOR_OPEN_KEYS, bytes)));
    assert_int_equal(GRILLE_REASON_ATTEST_CBOR, grille_cbor_check(map_of(GRILLE_LIMIT_CBOR_OPEN_KEYS + 1, bytes)));
}

static void typed_reads_take_their_type_only(void **state) {
    grille_reader reader = grille_reader_of(from_hex("182a43010203626869f6d28201a10203"));
    grille_cbor_map map;
    (void)state;
    assert_int_equal(GRILLE_CBOR_UNSIGNED, grille_cbor_peek(&reader));
    assert_int_equal(42, grille_cbor_read_unsigned(&reader));
    assert_int_equal(3, grille_cbor_read_bytes(&reader).len);
    assert_false(grille_cbor_take_null(&reader));
    assert_int_equal('h', grille_cbor_read_text(&reader).data[0]);
    assert_true(grille_cbor_take_null(&reader));
    assert_false(grille_cbor_take_tag(&reader, 17));
    assert_true(grille_cbor_take_tag(&reader, 18));
    assert_int_equal(2, grille_cbor_read_array(&reader));
    grille_cbor_skip(&reader);
    map = grille_cbor_read_map(&reader);
    assert_true(grille_cbor_next_entry(&reader, &map));
    assert_int_equal(2, grille_cbor_read_unsigned(&reader));
    assert_int_equal(3, grille_cbor_read_unsigned(&reader));
    assert_false(grille_cbor_next_entry(&reader, &map));
    assert_int_equal(GRILLE_REASON_OK, grille_reader_end(&reader));
    assert_false(grille_cbor_take_null(&reader));
    assert_int_equal(0, grille_cbor_read_unsigned(&reader));
    assert_int_equal(GRILLE_REASON_TRUNCATED, grille_reader_end(&reader));
}

static void another_type_is_refused(void **state) {
    static const char *const items[] = {"01", "20", "4101", "6161", "8101", "a10102", "c101", "f6"};
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        for (int reader_type = 0; reader_type < 5; reader_type++) {
            static const int own_item[] = {0, 2, 3, 4, 5};
            grille_reader reader = grille_reader_of(from_hex(items[i]));
            switch (reader_type) {
            case 0:
                (void)grille_cbor_read_unsigned(&reader);
                break;
            case 1:
                (void)grille_cbor_read_bytes(&reader);
                break;
            case 2:
                (void)grille_cbor_read_text(&reader);
                break;
            case 3:
                (void)grille_cbor_read_array(&reader);
                break;
            default:
                (void)grille_cbor_read_map(&reader);
            }
            assert_int_equal((int)i == own_item[reader_type] ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_CBOR,
                             reader.failed);
        }
    }
}

static void an_indefinite_map_ends_at_its_break(void **state) {
    grille_reader reader = grille_reader_of(from_hex("bf010203f6ff07"));
    grille_cbor_map map = grille_cbor_read_map(&reader);
    size_t entries = 0;
    (void)state;
    while (grille_cbor_next_entry(&reader, &map)) {
        (void)grille_cbor_read_unsigned(&reader);
        grille_cbor_skip(&reader);
        entries++;
    }
    assert_int_equal(2, entries);
    assert_false(grille_cbor_next_entry(&reader, &map));
    assert_int_equal(7, grille_cbor_read_unsigned(&reader));
    assert_int_equal(GRILLE_REASON_OK, grille_reader_end(&reader));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_gets_its_verdict),
        cmocka_unit_test(no_prefix_of_a_good_item_is_good),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(open_keys_have_a_limit),
        cmocka_unit_test(typed_reads_take_their_type_only),
        cmocka_unit_test(another_type_is_refused),
        cmocka_unit_test(an_indefinite_map_ends_at_its_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
