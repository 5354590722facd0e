/* SPDX-License-Identifier: Apache-2.0
 * The write cursor never passes its buffer's end; what does not fit leaves no half of itself. */
#include "base/writer.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
                                   0x0f, 0x00, 0x02, 'a',  'b',  0x00, 0x00, 0x00, 0x03, 'c',  'd',  'e',  0x00, 0x00};

static void write_sample(grille_writer *writer) {
    grille_write_u8(writer, 0x01);
    grille_write_u16(writer, 0x0203);
    grille_write_u32(writer, 0x04050607);
    grille_write_u64(writer, UINT64_C(0x08090a0b0c0d0e0f));
    grille_write_block_u16(writer, grille_bytes_of_text("ab"));
    grille_write_block_u32(writer, grille_bytes_of_text("cde"));
    grille_write_zeros(writer, 2);
}

static void test_values(void **state) {
    uint8_t buffer[sizeof expected];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    write_sample(&writer);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), grille_bytes_of(expected, sizeof expected)));
}

/* Into every smaller buffer: an error, a prefix made of whole items, and no byte past the end. */
static void test_every_smaller_buffer(void **state) {
    static const size_t item_ends[] = {0, 1, 3, 7, 15, 19, 26, 28};
    (void)state;
    for (size_t capacity = 0; capacity < sizeof expected; capacity++) {
        uint8_t buffer[sizeof expected];
        grille_writer writer = grille_writer_into(buffer, capacity);
        size_t whole = 0;
        memset(buffer, 0xee, sizeof buffer);
        write_sample(&writer);
        for (size_t i = 0; i < sizeof item_ends / sizeof item_ends[0]; i++) {
            if (item_ends[i] <= capacity) whole = item_ends[i];
        }
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_NO_SPACE);
        assert_int_equal(grille_written(&writer).len, whole);
        assert_memory_equal(buffer, expected, whole);
        for (size_t i = whole; i < sizeof buffer; i++)
            assert_int_equal(buffer[i], 0xee);
    }
}

static void test_block_over_its_length(void **state) {
    static uint8_t big[65536];
    static uint8_t buffer[70000];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    grille_write_block_u16(&writer, grille_bytes_of(big, 65535));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_int_equal(grille_written(&writer).len, 65537);
    writer = grille_writer_into(buffer, sizeof buffer);
    grille_write_block_u16(&writer, grille_bytes_of(big, 65536));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_NO_SPACE);
    assert_int_equal(grille_written(&writer).len, 0);
}

static void test_space(void **state) {
    uint8_t buffer[4];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    assert_ptr_equal(grille_write_space(&writer, 3), buffer);
    assert_null(grille_write_space(&writer, 2));
    assert_null(grille_write_space(&writer, 1));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_NO_SPACE);
    writer = grille_writer_into(buffer, sizeof buffer);
    assert_null(grille_write_space(&writer, SIZE_MAX));
}

static void test_write_over(void **state) {
    uint8_t buffer[8];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    grille_write_zeros(&writer, 4);
    grille_write_over(&writer, 1, grille_bytes_of_text("xy"));
    grille_write_over(&writer, 4, grille_bytes_of(NULL, 0));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_memory_equal(buffer, "\0xy\0", 4);
    grille_write_over(&writer, 3, grille_bytes_of_text("zz"));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_INTERNAL);
    writer = grille_writer_into(buffer, sizeof buffer);
    grille_write_over(&writer, SIZE_MAX, grille_bytes_of_text("z"));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_INTERNAL);
    grille_write_over(&writer, 0, grille_bytes_of_text("z"));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_INTERNAL);
}

static void test_failure_is_sticky(void **state) {
    uint8_t buffer[8];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    grille_writer_fail(&writer, GRILLE_REASON_WIRE_LIMIT);
    grille_writer_fail(&writer, GRILLE_REASON_INTERNAL);
    write_sample(&writer);
    grille_write_bytes(&writer, grille_bytes_of_text("a"));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(grille_written(&writer).len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_smaller_buffer),
        cmocka_unit_test(test_block_over_its_length),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_write_over),
        cmocka_unit_test(test_failure_is_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
