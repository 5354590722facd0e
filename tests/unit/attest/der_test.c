/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/der.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

#define REFUSED GRILLE_REASON_ATTEST_CERT_FORMAT

static grille_reader read_hex(const char *hex) {
    static uint8_t bytes[256];
    size_t len = 0;
    assert_true(grille_hex_decode(hex, strlen(hex), bytes, sizeof bytes, &len));
    return grille_reader_of(grille_bytes_of(bytes, len));
}

static void elements_are_taken_whole(void **state) {
    grille_reader reader = read_hex("3003020105040100");
    grille_bytes content;
    bool present;
    (void)state;
    assert_int_equal(5, grille_der_take_whole(&reader, GRILLE_DER_SEQUENCE).len);
    (void)grille_der_take_optional(&reader, GRILLE_DER_INTEGER, &present);
    assert_false(present);
    assert_int_equal(GRILLE_DER_OCTET_STRING, grille_der_take_any(&reader, &content));
    assert_int_equal(1, content.len);
    assert_int_equal(GRILLE_REASON_OK, grille_reader_end(&reader));
}

static void bad_headers_are_refused(void **state) {
    static const char *const bad[] = {
        "",                 /* nothing */
        "30",               /* no length */
        "3001",             /* shorter than it says */
        "3080020105000000", /* indefinite */
        "30810100",         /* a length that fits the short form */
        "3082000100",       /* and one that fits one byte */
        "308400000001ff",   /* four bytes of length */
        "30ff00",           /* reserved */
        "3100",             /* another tag */
        "3f8100",           /* a tag of several bytes */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        grille_reader reader = read_hex(bad[i]), any = read_hex(bad[i]);
        grille_bytes content;
        assert_int_equal(0, grille_der_take_whole(&reader, GRILLE_DER_SEQUENCE).len);
        assert_int_not_equal(GRILLE_REASON_OK, reader.failed);
        if (strcmp(bad[i], "3100") != 0) assert_int_equal(0, grille_der_take_any(&any, &content));
    }
}

static void a_default_is_not_encoded(void **state) {
    grille_reader reader = read_hex("0101ff");
    (void)state;
    assert_true(grille_der_take_default_false(&reader));
    assert_int_equal(GRILLE_REASON_OK, grille_reader_end(&reader));
    reader = read_hex("0400");
    assert_false(grille_der_take_default_false(&reader));
    assert_int_equal(GRILLE_REASON_OK, reader.failed);
    reader = read_hex("010100");
    assert_false(grille_der_take_default_false(&reader));
    assert_int_equal(REFUSED, reader.failed);
    reader = read_hex("010101"); /* BER's TRUE */
    assert_false(grille_der_take_default_false(&reader));
    assert_int_equal(REFUSED, reader.failed);
}

static void small_integers(void **state) {
    static const struct {
        const char *hex;
        int expected; /* -1: refused */
    } rows[] = {{"020100", 0}, {"02017f", 127}, {"02020080", 128}, {"020200ff", 255}, {"02020100", -1},
                {"0200", -1},  {"0201ff", -1},  {"02020001", -1},  {"0203000080", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_reader reader = read_hex(rows[i].hex);
        int value = grille_der_take_small(&reader);
        assert_int_equal(rows[i].expected < 0 ? REFUSED : GRILLE_REASON_OK, reader.failed);
        assert_int_equal(rows[i].expected < 0 ? 0 : rows[i].expected, value);
    }
}

static void object_identifiers_are_minimal(void **state) {
    static const struct {
        const char *hex;
        bool good;
    } rows[] = {{"0603551d13", true},
                {"06082a8648ce3d040303", true},
                {"0600", false},
                {"0602558f", false},      /* an arc without an end */
                {"060455801d13", false}}; /* an arc that begins with zeros */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_reader reader = read_hex(rows[i].hex);
        (void)grille_der_take_oid(&reader);
        assert_int_equal(rows[i].good ? GRILLE_REASON_OK : REFUSED, reader.failed);
    }
}

static void named_bits_have_no_trailing_zeros(void **state) {
    static const struct {
        const char *hex;
        int expected; /* -1: refused */
    } rows[] = {{"03020780", 0x80},   {"030206c0", 0xc0}, {"03020106", 0x06}, {"03020204", 0x04},
                {"0303070080", 0x00}, /* decipherOnly alone */
                {"030205c0", -1},     /* the lowest used bit is clear */
                {"030206c1", -1},     /* an unused bit is set */
                {"03020880", -1},     {"030100", -1},     {"0300", -1},       {"0304000180ff", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_reader reader = read_hex(rows[i].hex);
        int value = grille_der_take_named_bits(&reader);
        if (rows[i].expected < 0) {
            assert_int_equal(REFUSED, reader.failed);
        } else {
            assert_int_equal(GRILLE_REASON_OK, reader.failed);
            assert_int_equal(rows[i].expected, value);
        }
    }
}

static void times_are_in_the_form_of_their_year(void **state) {
    static const struct {
        unsigned tag;
        const char *text;
        grille_wall_ms expected; /* -1: refused */
    } rows[] = {
        {GRILLE_DER_UTC_TIME, "700101000000Z", 0},
        {GRILLE_DER_UTC_TIME, "491231235959Z", INT64_C(2524607999000)},
        {GRILLE_DER_UTC_TIME, "500101000000Z", INT64_C(-631152000000)},
        {GRILLE_DER_GENERALIZED_TIME, "20500101000000Z", INT64_C(2524608000000)},
        {GRILLE_DER_GENERALIZED_TIME, "99991231235959Z", INT64_C(253402300799000)},
        {GRILLE_DER_GENERALIZED_TIME, "20491231235959Z", -1},
        {GRILLE_DER_UTC_TIME, "7001010000Z", -1},
        {GRILLE_DER_UTC_TIME, "700101000000", -1},
        {GRILLE_DER_UTC_TIME, "700101000000+0000", -1},
        {GRILLE_DER_UTC_TIME, "700101000000z", -1},
        {GRILLE_DER_UTC_TIME, "700230000000Z", -1},
        {GRILLE_DER_UTC_TIME, "700101240000Z", -1},
        {GRILLE_DER_UTC_TIME, "7001010000 0Z", -1},
        {GRILLE_DER_GENERALIZED_TIME, "20500101000000.5Z", -1},
        {GRILLE_DER_GENERALIZED_TIME, "", -1},
        {GRILLE_DER_OCTET_STRING, "700101000000Z", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[64] = {(uint8_t)rows[i].tag, (uint8_t)strlen(rows[i].text)};
        grille_reader reader;
        grille_wall_ms observed;
        memcpy(&bytes[2], rows[i].text, strlen(rows[i].text));
        reader = grille_reader_of(grille_bytes_of(bytes, 2 + strlen(rows[i].text)));
        observed = grille_der_take_time(&reader);
        if (rows[i].expected == -1) {
            assert_int_equal(REFUSED, reader.failed);
        } else {
            assert_int_equal(GRILLE_REASON_OK, reader.failed);
            assert_int_equal(rows[i].expected, observed);
        }
    }
}

static void leaving_fails_on_what_is_left(void **state) {
    grille_reader outer = read_hex("00"), inner = read_hex("0102");
    (void)state;
    grille_der_leave(&inner, &outer);
    assert_int_equal(REFUSED, outer.failed);
    outer = read_hex("00");
    inner = read_hex("");
    grille_der_leave(&inner, &outer);
    assert_int_equal(GRILLE_REASON_OK, outer.failed);
    grille_reader_fail(&inner, GRILLE_REASON_ATTEST_CERT_DUPLICATE_EXTENSION);
    grille_der_leave(&inner, &outer);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_DUPLICATE_EXTENSION, outer.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_taken_whole),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(a_default_is_not_encoded),
        cmocka_unit_test(small_integers),
        cmocka_unit_test(object_identifiers_are_minimal),
        cmocka_unit_test(named_bits_have_no_trailing_zeros),
        cmocka_unit_test(times_are_in_the_form_of_their_year),
        cmocka_unit_test(leaving_fails_on_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
