/* SPDX-License-Identifier: Apache-2.0
 * The bounded protobuf reader: each wire type, each way to be malformed, and sizes that agree with what is written. */
#include "wire/message.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "samples.h"
#include "wire/limits.h"

/* A message as the tests read it: 1 u32, 2 u64, 3 fixed32, 4 bytes, 5 repeated bytes. */
typedef struct test_values {
    uint32_t u32, fixed32;
    uint64_t u64;
    grille_bytes bytes;
    size_t items, fields;
} test_values;

static grille_reason read_test_message(grille_bytes encoded, test_values *values) {
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    *values = (test_values){0};
    while (grille_message_next(&message, &field)) {
        values->fields++;
        if (field.number == 1) values->u32 = grille_message_u32(&message, &field);
        if (field.number == 2) values->u64 = grille_message_u64(&message, &field);
        if (field.number == 3) values->fixed32 = grille_message_fixed32(&message, &field);
        if (field.number == 4) values->bytes = grille_message_bytes(&message, &field);
        if (field.number == 5) values->items += grille_message_item(&message, &field).len;
    }
    return grille_message_end(&message);
}

static void test_values_of_each_type(void **state) {
    test_values values;
    grille_bytes encoded = sample_hex("08 96 01 10 ff ff ff ff ff ff ff ff ff 01 1d 78 56 34 12 22 03 61 62 63"
                                      "2a 01 78 2a 00 2a 02 79 7a");
    (void)state;
    assert_int_equal(read_test_message(encoded, &values), GRILLE_REASON_OK);
    assert_int_equal(values.u32, 150);
    assert_true(values.u64 == UINT64_MAX);
    assert_int_equal(values.fixed32, 0x12345678);
    assert_true(grille_bytes_equal(values.bytes, grille_bytes_of_text("abc")));
    assert_int_equal(values.items, 3);
    assert_int_equal(values.fields, 7);
}

static void test_empty_message(void **state) {
    test_values values;
    (void)state;
    assert_int_equal(read_test_message(grille_bytes_of(NULL, 0), &values), GRILLE_REASON_OK);
    assert_int_equal(values.fields, 0);
}

/* Fields that a reader does not know, of every wire type and with the largest number, are skipped. */
static void test_unknown_fields_are_skipped(void **state) {
    static const char *const unknown[] = {"30 05",       "31 0102030405060708", "32 02 ffff",
                                          "35 01020304", "f8 ff ff ff 0f 00",   "fa ff ff ff 0f 00"};
    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const grille_bytes parts[] = {sample_hex("08 01"), sample_hex(unknown[i]), sample_hex("22 01 61")};
        test_values values;
        assert_int_equal(read_test_message(sample_join(parts, 3), &values), GRILLE_REASON_OK);
        assert_int_equal(values.u32, 1);
        assert_int_equal(values.bytes.len, 1);
    }
}

static const struct {
    const char *what;
    const char *hex;
} malformed[] = {
    {"a tag alone", "08"},
    {"an unfinished tag", "80"},
    {"an unfinished varint", "08 ff"},
    {"a varint of 11 bytes", "10 ff ff ff ff ff ff ff ff ff ff 01"},
    {"a varint over 64 bits", "10 ff ff ff ff ff ff ff ff ff 02"},
    {"a padded zero", "08 80 00"},
    {"a padded one", "08 81 00"},
    {"a varint padded to 10 bytes", "10 81 80 80 80 80 80 80 80 80 00"},
    {"a padded tag", "88 00 01"},
    {"a padded length", "22 81 00 61"},
    {"field number 0", "00 01"},
    {"field number 0 with bytes", "02 00"},
    {"a field number over 2^29 - 1", "80 80 80 80 10 00"},
    {"a start of a group", "0b"},
    {"a whole group", "33 34"},
    {"an end of a group", "0c"},
    {"wire type 6", "0e 00"},
    {"wire type 7", "0f 00"},
    {"a fixed32 that ends early", "1d 01 02 03"},
    {"a fixed64 that ends early", "31 01 02 03 04 05 06 07"},
    {"bytes that end early", "22 03 61 62"},
    {"bytes of 2^64 - 1", "22 ff ff ff ff ff ff ff ff ff 01"},
    {"an unknown field that ends early", "32 05 61"},
    {"a number over 32 bits in a u32", "08 80 80 80 80 10"},
    {"a u32 as fixed32", "0d 01 00 00 00"},
    {"a u32 as fixed64", "09 01 00 00 00 00 00 00 00"},
    {"a u32 as bytes", "0a 01 01"},
    {"a u64 as bytes", "12 01 01"},
    {"a fixed32 as varint", "18 01"},
    {"a fixed32 as fixed64", "19 01 00 00 00 00 00 00 00"},
    {"bytes as varint", "20 01"},
    {"an item as varint", "28 01"},
    {"an item as fixed32", "2d 01 00 00 00"},
    {"a u32 twice", "08 01 08 01"},
    {"a u32 twice, the first one zero", "08 00 08 01"},
    {"a u64 twice", "10 01 10 01"},
    {"a fixed32 twice", "1d 01000000 1d 01000000"},
    {"bytes twice", "22 01 61 22 01 61"},
    {"bytes twice, others between", "22 00 08 01 22 00"},
};

static void test_malformed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        test_values values;
        grille_reason reason = read_test_message(sample_hex(malformed[i].hex), &values);
        if (reason != GRILLE_REASON_WIRE_BAD_MESSAGE) fail_msg("%s: %s", malformed[i].what, grille_reason_name(reason));
    }
}

/* Every prefix of a message either ends between two fields or is malformed; nothing is read past its end. */
static void test_every_prefix(void **state) {
    static const size_t field_ends[] = {0, 3, 14, 19, 24, 27, 29, 33};
    grille_bytes encoded = sample_hex("08 96 01 10 ff ff ff ff ff ff ff ff ff 01 1d 78 56 34 12 22 03 61 62 63"
                                      "2a 01 78 2a 00 2a 02 79 7a");
    (void)state;
    for (size_t len = 0; len <= encoded.len; len++) {
        test_values values;
        bool whole = false;
        for (size_t i = 0; i < sizeof field_ends / sizeof field_ends[0]; i++)
            whole = whole || field_ends[i] == len;
        assert_int_equal(read_test_message(sample_copy(grille_bytes_of(encoded.data, len)), &values),
                         whole ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
    }
}

/* GRILLE_LIMIT_PROTOCOL_FIELDS and one over it. */
static void test_field_limit(void **state) {
    uint8_t encoded[2 * (GRILLE_LIMIT_PROTOCOL_FIELDS + 1)];
    test_values values;
    (void)state;
    for (size_t i = 0; i < sizeof encoded; i += 2)
        memcpy(encoded + i, "\x30\x00", 2);
    assert_int_equal(read_test_message(grille_bytes_of(encoded, sizeof encoded - 2), &values), GRILLE_REASON_OK);
    assert_int_equal(values.fields, GRILLE_LIMIT_PROTOCOL_FIELDS);
    assert_int_equal(read_test_message(grille_bytes_of(encoded, sizeof encoded), &values), GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(values.fields, GRILLE_LIMIT_PROTOCOL_FIELDS);
}

static void test_encoded_spans_join_to_the_message(void **state) {
    grille_bytes encoded = sample_hex("08 96 01 1d 78 56 34 12 22 03 61 62 63 2a 00");
    grille_message_reader message = grille_message_reader_of(encoded);
    grille_message_field field;
    grille_bytes spans[8];
    size_t count = 0;
    (void)state;
    while (grille_message_next(&message, &field))
        spans[count++] = field.encoded;
    assert_int_equal(count, 4);
    assert_true(grille_bytes_equal(sample_join(spans, count), encoded));
}

static void test_failure_is_sticky(void **state) {
    grille_message_reader message = grille_message_reader_of(sample_hex("08 01 10 01"));
    grille_message_field field;
    (void)state;
    assert_true(grille_message_next(&message, &field));
    grille_message_fail(&message, GRILLE_REASON_WIRE_LIMIT);
    grille_message_fail(&message, GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_false(grille_message_next(&message, &field));
    assert_int_equal(grille_message_end(&message), GRILLE_REASON_WIRE_LIMIT);
}

static uint64_t value_with_bits(uint64_t *random) {
    return prng_next(random) >> prng_below(random, 64);
}

static void test_written_fields_have_their_size_and_read_back(void **state) {
    uint64_t random = 1;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        uint8_t buffer[64];
        grille_writer writer = grille_writer_into(buffer, sizeof buffer);
        uint32_t u32 = (uint32_t)value_with_bits(&random);
        uint64_t u64 = value_with_bits(&random);
        uint32_t fixed = (uint32_t)value_with_bits(&random);
        grille_bytes bytes = sample_fill(0x61, prng_below(&random, 20));
        uint32_t unknown = 6 + (uint32_t)(value_with_bits(&random) % (UINT32_C(0x1fffffff) - 6));
        test_values values;
        size_t size = grille_message_varint_size(1, u32) + grille_message_varint_size(2, u64) +
                      grille_message_fixed32_size(3) + grille_message_bytes_size(4, bytes.len) +
                      grille_message_varint_size(unknown, u64);
        grille_message_varint_write(&writer, 1, u32);
        grille_message_varint_write(&writer, 2, u64);
        grille_message_fixed32_write(&writer, 3, fixed);
        grille_message_bytes_write(&writer, 4, bytes);
        grille_message_varint_write(&writer, unknown, u64);
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
        assert_int_equal(grille_written(&writer).len, size);
        assert_int_equal(read_test_message(grille_written(&writer), &values), GRILLE_REASON_OK);
        assert_int_equal(values.u32, u32);
        assert_true(values.u64 == u64);
        assert_int_equal(values.fixed32, fixed);
        assert_true(grille_bytes_equal(values.bytes, bytes));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_each_type),
        cmocka_unit_test(test_empty_message),
        cmocka_unit_test(test_unknown_fields_are_skipped),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_field_limit),
        cmocka_unit_test(test_encoded_spans_join_to_the_message),
        cmocka_unit_test(test_failure_is_sticky),
        cmocka_unit_test(test_written_fields_have_their_size_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
