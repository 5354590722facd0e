/* SPDX-License-Identifier: Apache-2.0
 * The read cursor takes what is there, and once it failed it yields nothing and keeps its first reason. */
#include "base/reader.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

/* Every kind of read once. 1 + 2 + 4 + 8 + (2 + 2) + (4 + 3) + 2 bytes. */
static const uint8_t sample[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
                                 0x0f, 0x00, 0x02, 'a',  'b',  0x00, 0x00, 0x00, 0x03, 'c',  'd',  'e',  'f',  'g'};

typedef struct sample_values {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    grille_bytes block_u16, block_u32, two;
} sample_values;

static grille_reason read_sample(grille_bytes bytes, sample_values *values) {
    grille_reader reader = grille_reader_of(bytes);
    values->u8 = grille_read_u8(&reader);
    values->u16 = grille_read_u16(&reader);
    values->u32 = grille_read_u32(&reader);
    values->u64 = grille_read_u64(&reader);
    values->block_u16 = grille_read_block_u16(&reader);
    values->block_u32 = grille_read_block_u32(&reader);
    values->two = grille_read_bytes(&reader, 2);
    return grille_reader_end(&reader);
}

static void test_values(void **state) {
    sample_values values;
    (void)state;
    assert_int_equal(read_sample(grille_bytes_of(sample, sizeof sample), &values), GRILLE_REASON_OK);
    assert_int_equal(values.u8, 0x01);
    assert_int_equal(values.u16, 0x0203);
    assert_int_equal(values.u32, 0x04050607);
    assert_true(values.u64 == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(grille_bytes_equal(values.block_u16, grille_bytes_of_text("ab")));
    assert_true(grille_bytes_equal(values.block_u32, grille_bytes_of_text("cde")));
    assert_true(grille_bytes_equal(values.two, grille_bytes_of_text("fg")));
}

static void test_every_prefix_is_truncated(void **state) {
    (void)state;
    for (size_t len = 0; len < sizeof sample; len++) {
        sample_values values;
        assert_int_equal(read_sample(grille_bytes_of(sample, len), &values), GRILLE_REASON_TRUNCATED);
        assert_int_equal(values.two.len, 0);
        assert_null(values.two.data);
    }
}

static void test_trailing(void **state) {
    uint8_t longer[sizeof sample + 1] = {0};
    sample_values values;
    (void)state;
    memcpy(longer, sample, sizeof sample);
    assert_int_equal(read_sample(grille_bytes_of(longer, sizeof longer), &values), GRILLE_REASON_TRAILING);
}

static void test_failure_is_sticky(void **state) {
    const uint8_t bytes[] = {1, 2, 3};
    grille_reader reader = grille_reader_of(grille_bytes_of(bytes, sizeof bytes));
    (void)state;
    assert_int_equal(grille_read_u32(&reader), 0);
    assert_int_equal(grille_read_u8(&reader), 0);
    assert_int_equal(grille_read_u16(&reader), 0);
    assert_int_equal(grille_read_rest(&reader).len, 0);
    assert_int_equal(grille_read_bytes(&reader, 1).len, 0);
    grille_reader_fail(&reader, GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_TRUNCATED);
}

static void test_own_failure(void **state) {
    const uint8_t bytes[] = {1, 2, 3};
    grille_reader reader = grille_reader_of(grille_bytes_of(bytes, sizeof bytes));
    (void)state;
    grille_reader_fail(&reader, GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_read_u8(&reader), 0);
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_BAD_ARGUMENT);
}

static void test_lengths_that_overflow(void **state) {
    const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0};
    grille_reader reader = grille_reader_of(grille_bytes_of(bytes, sizeof bytes));
    (void)state;
    assert_int_equal(grille_read_block_u32(&reader).len, 0);
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_TRUNCATED);
    reader = grille_reader_of(grille_bytes_of(bytes, sizeof bytes));
    assert_int_equal(grille_read_bytes(&reader, SIZE_MAX).len, 0);
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_TRUNCATED);
}

static void test_rest_and_empty(void **state) {
    grille_reader reader = grille_reader_of(grille_bytes_of("abc", 3));
    grille_reader empty = grille_reader_of(grille_bytes_of(NULL, 0));
    (void)state;
    assert_int_equal(grille_read_u8(&reader), 'a');
    assert_true(grille_bytes_equal(grille_read_rest(&reader), grille_bytes_of_text("bc")));
    assert_int_equal(grille_read_rest(&reader).len, 0);
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_OK);
    assert_int_equal(grille_read_rest(&empty).len, 0);
    assert_int_equal(grille_read_bytes(&empty, 0).len, 0);
    assert_int_equal(grille_reader_end(&empty), GRILLE_REASON_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),         cmocka_unit_test(test_every_prefix_is_truncated),
        cmocka_unit_test(test_trailing),       cmocka_unit_test(test_failure_is_sticky),
        cmocka_unit_test(test_own_failure),    cmocka_unit_test(test_lengths_that_overflow),
        cmocka_unit_test(test_rest_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
