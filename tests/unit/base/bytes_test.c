/* SPDX-License-Identifier: Apache-2.0
 * Views compare by content, hex is exact both ways, wiping wipes. */
#include "base/bytes.h"

#include <string.h>

#include "cmocka_all.h"

static void test_views(void **state) {
    grille_bytes text = grille_bytes_of_text("grille");
    (void)state;
    assert_int_equal(text.len, 6);
    assert_memory_equal(text.data, "grille", 6);
    assert_int_equal(grille_bytes_of_text("").len, 0);
    assert_null(grille_bytes_of(NULL, 0).data);
}

/* Both comparisons give the same answer: every length, and a difference at every place and in every bit. */
static void test_equal(void **state) {
    uint8_t left[33];
    uint8_t right[33];
    (void)state;
    for (size_t len = 0; len <= sizeof left; len++) {
        grille_bytes left_view = grille_bytes_of(left, len);
        grille_bytes right_view = grille_bytes_of(right, len);
        memset(left, 0xa5, sizeof left);
        memset(right, 0xa5, sizeof right);
        assert_true(grille_bytes_equal(left_view, right_view));
        assert_true(grille_bytes_equal_constant_time(left_view, right_view));
        for (size_t bit = 0; bit < 8 * len; bit++) {
            right[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(grille_bytes_equal(left_view, right_view));
            assert_false(grille_bytes_equal_constant_time(left_view, right_view));
            right[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        if (len > 0) {
            assert_false(grille_bytes_equal(left_view, grille_bytes_of(right, len - 1)));
            assert_false(grille_bytes_equal_constant_time(left_view, grille_bytes_of(right, len - 1)));
        }
    }
    assert_true(grille_bytes_equal(grille_bytes_of(NULL, 0), grille_bytes_of(left, 0)));
}

static void test_all_zero(void **state) {
    uint8_t bytes[48] = {0};
    (void)state;
    assert_true(grille_bytes_all_zero(grille_bytes_of(bytes, sizeof bytes)));
    assert_true(grille_bytes_all_zero(grille_bytes_of(NULL, 0)));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_false(grille_bytes_all_zero(grille_bytes_of(bytes, sizeof bytes)));
        bytes[bit / 8] = 0;
    }
}

static void test_wipe_stays_inside(void **state) {
    uint8_t bytes[16];
    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    grille_wipe(bytes + 4, 8);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], i >= 4 && i < 12 ? 0 : 0xff);
    grille_wipe(NULL, 0);
}

static void test_hex_round_trip(void **state) {
    uint8_t bytes[256];
    uint8_t decoded[256];
    char text[513];
    size_t len = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    grille_hex_encode(grille_bytes_of(bytes, sizeof bytes), text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_true(grille_hex_decode(text, 512, decoded, sizeof decoded, &len));
    assert_int_equal(len, 256);
    assert_memory_equal(decoded, bytes, 256);
    assert_true(grille_hex_decode("AbCd", 4, decoded, sizeof decoded, &len));
    assert_memory_equal(decoded, "\xab\xcd", 2);
    assert_true(grille_hex_decode("", 0, decoded, 0, &len));
    assert_int_equal(len, 0);
}

static void test_hex_refuses(void **state) {
    uint8_t decoded[2];
    size_t len = 9;
    (void)state;
    assert_false(grille_hex_decode("abc", 3, decoded, sizeof decoded, &len));
    assert_int_equal(len, 0);
    assert_false(grille_hex_decode("aabbcc", 6, decoded, sizeof decoded, &len));
    for (int character = 0; character < 256; character++) {
        char text[2] = {'0', (char)character};
        int is_digit = (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
                       (character >= 'A' && character <= 'F');
        assert_int_equal(grille_hex_decode(text, 2, decoded, sizeof decoded, &len), is_digit);
        text[1] = '0';
        text[0] = (char)character;
        assert_int_equal(grille_hex_decode(text, 2, decoded, sizeof decoded, &len), is_digit);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),          cmocka_unit_test(test_equal),
        cmocka_unit_test(test_all_zero),       cmocka_unit_test(test_wipe_stays_inside),
        cmocka_unit_test(test_hex_round_trip), cmocka_unit_test(test_hex_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
