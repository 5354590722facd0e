/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/ber.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "tests/unit/crypto/crypto_test.h"

#define BAD GRILLE_REASON_KMS_MESSAGE

/* A copy of exactly so many bytes, so that a sanitizer sees each byte read beyond. */
static uint8_t *exact_copy(const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static void expect_content(const char *hex, unsigned tag, const char *content_hex, size_t left) {
    const test_bytes input = from_hex(hex);
    grille_reader reader = grille_reader_of(view(&input));
    const grille_bytes content = grille_ber_read(&reader, tag, BAD);
    assert_reason(OK, reader.failed);
    assert_bytes(content_hex, content.data, content.len);
    assert_int_equal(left, reader.left);
}

static void expect_refused(const char *hex, unsigned tag) {
    const test_bytes input = from_hex(hex);
    uint8_t *copy = exact_copy(input.data, input.len);
    grille_reader reader = grille_reader_of(grille_bytes_of(copy, input.len));
    const grille_bytes content = grille_ber_read(&reader, tag, BAD);
    if (reader.failed != BAD) fail_msg("taken: %s", hex);
    assert_null(content.data);
    assert_int_equal(0, content.len);
    free(copy);
}

static void definite_lengths_are_minimal(void **state) {
    char hex[2 * 300 + 16] = "0481";
    (void)state;
    expect_content("0400", 0x04, "", 0);
    expect_content("040161", 0x04, "61", 0);
    expect_content("04016105", 0x04, "61", 1);
    expect_content("3003020102", 0x30, "020102", 0);
    expect_refused("04810161", 0x04);
    expect_refused("0482000161", 0x04);
    expect_refused("04850000000161", 0x04);
    expect_refused("04850100000000", 0x04);
    expect_refused("04ff", 0x04);
    (void)snprintf(hex + 4, sizeof hex - 4, "80%0256d", 0);
    expect_content(hex, 0x04, hex + 6, 0);
    (void)snprintf(hex, sizeof hex, "048200ff%0510d", 0);
    expect_refused(hex, 0x04);
    (void)snprintf(hex, sizeof hex, "04820100%0512d", 0);
    expect_content(hex, 0x04, hex + 8, 0);
    (void)snprintf(hex, sizeof hex, "0483000100%0512d", 0);
    expect_refused(hex, 0x04);
}

static void lengths_say_no_more_than_there_is(void **state) {
    (void)state;
    expect_refused("", 0x04);
    expect_refused("04", 0x04);
    expect_refused("0401", 0x04);
    expect_refused("048180", 0x04);
    expect_refused("0484ffffffff00", 0x04);
    expect_refused("04847fffffff00", 0x04);
}

static void tags_are_exact(void **state) {
    (void)state;
    expect_refused("040161", 0x05);
    expect_refused("240161", 0x04);
    expect_refused("040161", 0x24);
    expect_refused("0000", 0x00);
    expect_refused("1f0101", 0x1f);
    expect_refused("bf0101", 0xbf);
    expect_refused("9f810100", 0x9f);
    expect_content("9e00", 0x9e, "", 0);
}

static void indefinite_lengths_end_in_their_marker(void **state) {
    (void)state;
    expect_content("30800000", 0x30, "", 0);
    expect_content("308002010200000500", 0x30, "020102", 2);
    expect_content("308030800000308004000000"
                   "0000",
                   0x30,
                   "308000003080"
                   "04000000",
                   0);
    expect_content("a08004020000"
                   "0000",
                   0xa0, "04020000", 0); /* zeros inside of a definite length end nothing */
    expect_refused("3080", 0x30);
    expect_refused("308000", 0x30);
    expect_refused("3080020102", 0x30);
    expect_refused("308002010200", 0x30);
    expect_refused("308030800000", 0x30);
    expect_refused("3080000100", 0x30);     /* a marker with a content */
    expect_refused("30800081000000", 0x30); /* a marker of long form */
    expect_refused("3080008000000000", 0x30);
    expect_refused("30801f01000000", 0x30);
}

static void only_constructed_elements_are_indefinite(void **state) {
    (void)state;
    expect_refused("04800000", 0x04);
    expect_refused("80800000", 0x80);
    expect_refused("3080048000000000", 0x30);
    expect_content("24800000", 0x24, "", 0);
}

/* Nested indefinite lengths, `depth` of them. */
static size_t nest(uint8_t *out, unsigned tag, unsigned depth) {
    grille_writer writer = grille_writer_into(out, 1024);
    for (unsigned i = 0; i < depth; i++) {
        grille_write_u8(&writer, (uint8_t)tag);
        grille_write_u8(&writer, 0x80);
    }
    for (unsigned i = 0; i < depth; i++)
        grille_write_zeros(&writer, 2);
    assert_reason(OK, grille_writer_end(&writer));
    return writer.len;
}

static void nesting_has_a_limit(void **state) {
    uint8_t bytes[1024];
    size_t len = nest(bytes, 0x30, GRILLE_LIMIT_BER_DEPTH);
    grille_reader reader = grille_reader_of(grille_bytes_of(bytes, len));
    (void)state;
    assert_int_equal(len - 4, grille_ber_read(&reader, 0x30, BAD).len);
    assert_reason(OK, grille_reader_end(&reader));
    len = nest(bytes, 0x30, GRILLE_LIMIT_BER_DEPTH + 1);
    reader = grille_reader_of(grille_bytes_of(bytes, len));
    (void)grille_ber_read(&reader, 0x30, BAD);
    assert_reason(KMS_MESSAGE, reader.failed);
}

static void a_failed_reader_yields_nothing(void **state) {
    const test_bytes input = from_hex("040161");
    grille_reader reader = grille_reader_of(view(&input));
    (void)state;
    assert_int_equal(0x04, grille_ber_peek(&reader));
    grille_reader_fail(&reader, GRILLE_REASON_TRUNCATED);
    assert_int_equal(0, grille_ber_peek(&reader));
    assert_null(grille_ber_read(&reader, 0x04, BAD).data);
    assert_reason(TRUNCATED, reader.failed);
}

/* The segments, each followed by '/', or "bad" after those that came before. */
static void expect_segments(const char *hex, unsigned tag, const char *expected) {
    const test_bytes input = from_hex(hex);
    uint8_t *copy = exact_copy(input.data, input.len);
    grille_reader reader = grille_reader_of(grille_bytes_of(copy, input.len));
    grille_ber_octets octets = grille_ber_read_octets(&reader, tag, BAD);
    grille_bytes segment;
    char text[1024] = "";
    while (grille_ber_octets_next(&octets, &segment)) {
        const size_t at = strlen(text);
        assert_true(at + 2 * segment.len + 2 < sizeof text);
        grille_hex_encode(segment, text + at);
        (void)strcat(text, "/");
    }
    assert_false(grille_ber_octets_next(&octets, &segment));
    if (octets.bad) (void)strcat(text, "bad");
    assert_string_equal(expected, text);
    free(copy);
}

static void octet_strings_come_whole_or_in_segments(void **state) {
    (void)state;
    expect_segments("04026162", 0x04, "6162/");
    expect_segments("0400", 0x04, "/");
    expect_segments("80026162", 0x80, "6162/");
    expect_segments("2400", 0x04, "");
    expect_segments("24800000", 0x04, "");
    expect_segments("24800401610402626304000000", 0x04, "61/6263//");
    expect_segments("a00704016104026263", 0x80, "61/6263/");
    expect_segments("a0800401612480040162240304016300000401640000", 0x80, "61/62/63/64/");
}

static void segments_are_octet_strings(void **state) {
    (void)state;
    expect_segments("0501", 0x04, "bad");
    expect_segments("2406040161050000", 0x04, "61/bad");
    expect_segments("a0060401618001620000", 0x80, "61/bad");
    expect_segments("24030c0161", 0x04, "bad");
    expect_segments("2405040161"
                    "0402",
                    0x04, "61/bad");
    expect_segments("2404a0020400", 0x04, "bad");
    expect_segments("240224040401610000", 0x04, "bad"); /* one inside says more than the one around it */
    expect_segments("248004016100", 0x04, "bad");
    expect_segments("240504016100"
                    "00",
                    0x04, "61/bad"); /* a marker inside of a definite length */
}

static void segments_are_nested_so_deep(void **state) {
    uint8_t bytes[1024];
    for (unsigned depth = 1; depth <= GRILLE_LIMIT_BER_DEPTH + 1; depth++) {
        grille_bytes segment;
        size_t len = 0;
        grille_reader reader;
        grille_ber_octets octets;
        for (unsigned i = 0; i < depth; i++) { /* from the inside out, of definite length */
            memmove(bytes + 2, bytes, len);
            bytes[0] = 0x24;
            bytes[1] = (uint8_t)len;
            len += 2;
        }
        reader = grille_reader_of(grille_bytes_of(bytes, len));
        octets = grille_ber_read_octets(&reader, 0x04, BAD);
        assert_false(grille_ber_octets_next(&octets, &segment));
        assert_int_equal(depth > GRILLE_LIMIT_BER_DEPTH, octets.bad);
    }
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definite_lengths_are_minimal),
        cmocka_unit_test(lengths_say_no_more_than_there_is),
        cmocka_unit_test(tags_are_exact),
        cmocka_unit_test(indefinite_lengths_end_in_their_marker),
        cmocka_unit_test(only_constructed_elements_are_indefinite),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_failed_reader_yields_nothing),
        cmocka_unit_test(octet_strings_come_whole_or_in_segments),
        cmocka_unit_test(segments_are_octet_strings),
        cmocka_unit_test(segments_are_nested_so_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
