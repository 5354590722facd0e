/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/der.h"

#include "tests/unit/crypto/crypto_test.h"

static const grille_reason bad = GRILLE_REASON_CRYPTO_BAD_KEY;

/* Round every change of the length's form, X.690 8.1.3. */
static void lengths_take_their_shortest_form(void **state) {
    static const struct {
        size_t len;
        const char *head;
    } rows[] = {
        {0, "0400"},     {1, "0401"},       {127, "047f"},       {128, "048180"},
        {255, "0481ff"}, {256, "04820100"}, {65535, "0482ffff"}, {65536, "0483010000"},
    };
    static uint8_t content[65536], out[65536 + 8];
    (void)state;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t head_len = strlen(rows[i].head) / 2, len = 0;
        grille_writer writer = grille_writer_into(out, head_len + rows[i].len);
        grille_reader reader;
        grille_bytes read;
        grille_der_write(&writer, GRILLE_DER_OCTET_STRING, grille_bytes_of(content, rows[i].len));
        assert_reason(OK, grille_der_finish(&writer, &len));
        assert_int_equal(head_len + rows[i].len, len);
        assert_bytes(rows[i].head, out, head_len);
        assert_memory_equal(content, out + head_len, rows[i].len);
        reader = grille_reader_of(grille_bytes_of(out, len));
        read = grille_der_read(&reader, GRILLE_DER_OCTET_STRING, bad);
        assert_reason(OK, grille_reader_end(&reader));
        assert_int_equal(rows[i].len, read.len);
        writer = grille_writer_into(out, head_len + rows[i].len - 1);
        grille_der_write(&writer, GRILLE_DER_OCTET_STRING, grille_bytes_of(content, rows[i].len));
        assert_reason(NO_SPACE, grille_der_finish(&writer, &len));
    }
}

static void elements_nest(void **state) {
    uint8_t out[300];
    grille_writer writer = grille_writer_into(out, sizeof out);
    size_t outer = grille_der_begin(&writer, GRILLE_DER_SEQUENCE), middle, inner, len = 0;
    (void)state;
    middle = grille_der_begin(&writer, GRILLE_DER_SET);
    inner = grille_der_begin(&writer, GRILLE_DER_OCTET_STRING);
    grille_write_zeros(&writer, 200);
    grille_der_end(&writer, inner);
    grille_der_end(&writer, middle);
    grille_der_write_true(&writer);
    grille_der_end(&writer, outer);
    assert_reason(OK, grille_der_finish(&writer, &len));
    assert_int_equal(3 + 3 + 3 + 200 + 3, len);
    assert_bytes("3081d13181cb0481c8", out, 9);
    assert_bytes("0101ff", out + len - 3, 3);
}

static void unsigned_integers_are_minimal_and_never_negative(void **state) {
    static const struct {
        const char *value, *der, *read;
    } rows[] = {
        {"", "020100", "00"},       {"00", "020100", "00"},       {"000000", "020100", "00"},
        {"01", "020101", "01"},     {"7f", "02017f", "7f"},       {"80", "02020080", "80"},
        {"00ff", "020200ff", "ff"}, {"0100", "02020100", "0100"}, {"8000", "0203008000", "8000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes value = from_hex(rows[i].value);
        uint8_t out[8];
        grille_writer writer = grille_writer_into(out, sizeof out);
        grille_reader reader;
        grille_bytes read;
        grille_der_write_unsigned(&writer, view(&value));
        assert_bytes(rows[i].der, out, writer.len);
        reader = grille_reader_of(grille_written(&writer));
        read = grille_der_read_unsigned(&reader, bad);
        assert_reason(OK, grille_reader_end(&reader));
        assert_bytes(rows[i].read, read.data, read.len);
    }
}

static void malformed_elements_are_refused(void **state) {
    static const struct {
        const char *what, *hex;
    } rows[] = {
        {"nothing", ""},
        {"tag alone", "04"},
        {"other tag", "0500"},
        {"content missing", "0401"},
        {"content short", "040201"},
        {"indefinite length", "04800000"},
        {"long form for a short length", "04817f"},
        {"leading zero in the length", "0482008000"},
        {"five length bytes", "04850000000080"},
        {"length of 2^32 - 1", "0484ffffffff00"},
        {"reserved length", "04ff00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes encoded = from_hex(rows[i].hex);
        grille_reader reader = grille_reader_of(view(&encoded));
        grille_bytes content = grille_der_read(&reader, GRILLE_DER_OCTET_STRING, bad);
        if (reader.failed != bad || content.len != 0) fail_msg("%s was taken", rows[i].what);
        assert_int_equal(0, grille_der_peek(&reader));
        /* and the failure stays */
        (void)grille_der_read(&reader, GRILLE_DER_OCTET_STRING, GRILLE_REASON_INTERNAL);
        assert_reason(CRYPTO_BAD_KEY, reader.failed);
    }
}

static void malformed_integers_and_bit_strings_are_refused(void **state) {
    static const char *const integers[] = {"0200", "020180", "02020001", "0202007f", "0202ff80", "02028000", "0301"};
    static const char *const bit_strings[] = {"0300", "03020180", "030107", "03020800", "0401ff"};
    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        test_bytes encoded = from_hex(integers[i]);
        grille_reader reader = grille_reader_of(view(&encoded));
        assert_int_equal(0, grille_der_read_unsigned(&reader, bad).len);
        assert_reason(CRYPTO_BAD_KEY, reader.failed);
    }
    for (size_t i = 0; i < sizeof bit_strings / sizeof *bit_strings; i++) {
        test_bytes encoded = from_hex(bit_strings[i]);
        grille_reader reader = grille_reader_of(view(&encoded));
        assert_int_equal(0, grille_der_read_bit_string(&reader, bad).len);
        assert_reason(CRYPTO_BAD_KEY, reader.failed);
    }
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime. */
static void times_have_the_form_of_their_year(void **state) {
    static const struct {
        grille_wall_ms time_ms;
        unsigned tag;
        const char *text;
    } rows[] = {
        {0, GRILLE_DER_UTC_TIME, "700101000000Z"},
        {999, GRILLE_DER_UTC_TIME, "700101000000Z"},
        {951782399999, GRILLE_DER_UTC_TIME, "000228235959Z"},
        {951782400000, GRILLE_DER_UTC_TIME, "000229000000Z"},
        {951868800000, GRILLE_DER_UTC_TIME, "000301000000Z"},
        {1735689599000, GRILLE_DER_UTC_TIME, "241231235959Z"},
        {1732287304000, GRILLE_DER_UTC_TIME, "241122145504Z"},
        {2524607999999, GRILLE_DER_UTC_TIME, "491231235959Z"},
        {2524608000000, GRILLE_DER_GENERALIZED_TIME, "20500101000000Z"},
        {4107542400000, GRILLE_DER_GENERALIZED_TIME, "21000301000000Z"},
        {253402300799000, GRILLE_DER_GENERALIZED_TIME, "99991231235959Z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[32];
        grille_writer writer = grille_writer_into(out, sizeof out);
        grille_reader reader;
        grille_der_write_time(&writer, rows[i].time_ms);
        reader = grille_reader_of(grille_written(&writer));
        assert_true(grille_bytes_equal(grille_bytes_of_text(rows[i].text), grille_der_read(&reader, rows[i].tag, bad)));
        assert_reason(OK, grille_reader_end(&reader));
    }
}

static void times_out_of_range_are_refused(void **state) {
    static const grille_wall_ms times[] = {-1, INT64_MIN, 253402300800000, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint8_t out[32];
        grille_writer writer = grille_writer_into(out, sizeof out);
        grille_der_write_time(&writer, times[i]);
        assert_reason(BAD_ARGUMENT, grille_writer_end(&writer));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_take_their_shortest_form),
        cmocka_unit_test(elements_nest),
        cmocka_unit_test(unsigned_integers_are_minimal_and_never_negative),
        cmocka_unit_test(malformed_elements_are_refused),
        cmocka_unit_test(malformed_integers_and_bit_strings_are_refused),
        cmocka_unit_test(times_have_the_form_of_their_year),
        cmocka_unit_test(times_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
