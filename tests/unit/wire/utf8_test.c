/* SPDX-License-Identifier: Apache-2.0
 * UTF-8: every code point, short byte strings against the definition, and cuts between characters. */
#include "wire/utf8.h"

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"

/* RFC 3629, 3. */
static size_t encode(uint32_t code_point, uint8_t *out) {
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (uint8_t)(0xc0 | code_point >> 6);
        out[1] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code_point >> 12);
        out[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code_point >> 18);
    out[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code_point & 0x3f));
    return 4;
}

static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t code_point = 0; code_point < 0x200000; code_point++) {
        uint8_t bytes[4];
        size_t len = encode(code_point, bytes);
        bool valid = code_point != 0 && code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
        assert_int_equal(grille_utf8_valid(grille_bytes_of(bytes, len)), valid);
    }
}

/* Valid exactly when the bytes decode to code points that encode to them again (at most three bytes). */
static bool decodes(const uint8_t *bytes, size_t len) {
    while (len > 0) {
        size_t taken = 0;
        for (size_t try = 1; try <= len && taken == 0; try++) {
            uint32_t code_point = bytes[0];
            uint8_t again[4];
            if (try == 2) code_point = (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
            if (try == 3) {
                code_point = (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 | (bytes[2] & 0x3f);
            }
            if (code_point == 0 || (code_point >= 0xd800 && code_point <= 0xdfff)) continue;
            if (encode(code_point, again) != try) continue;
            if (grille_bytes_equal(grille_bytes_of(again, try), grille_bytes_of(bytes, try))) taken = try;
        }
        if (taken == 0) return false;
        bytes += taken;
        len -= taken;
    }
    return true;
}

static void test_every_short_string(void **state) {
    /* One of each kind of byte, and the edges of each range. */
    static const uint8_t thirds[] = {0x00, 0x01, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                     0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
    (void)state;
    for (uint32_t number = 0; number < 0x10000; number++) {
        uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number, 0};
        if (grille_utf8_valid(grille_bytes_of(bytes, 2)) != decodes(bytes, 2)) fail_msg("%04x", number);
        for (size_t i = 0; i < sizeof thirds; i++) {
            bytes[2] = thirds[i];
            if (grille_utf8_valid(grille_bytes_of(bytes, 3)) != decodes(bytes, 3)) {
                fail_msg("%04x%02x", number, thirds[i]);
            }
        }
    }
}

static void test_cut(void **state) {
    grille_bytes text = sample_hex("61 c3bc e282ac f09f9880 62"); /* 1, 2, 3, 4 and 1 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    (void)state;
    for (size_t most = 0; most < sizeof expected / sizeof expected[0]; most++) {
        assert_int_equal(grille_utf8_cut(text, most).len, expected[most]);
    }
    assert_int_equal(grille_utf8_cut(sample_hex("61 62 ff 63"), 10).len, 2);
    assert_int_equal(grille_utf8_cut(sample_hex("61 00 63"), 10).len, 1);
    assert_int_equal(grille_utf8_cut(sample_hex("61 e282"), 10).len, 1);
    assert_int_equal(grille_utf8_cut(grille_bytes_of(NULL, 0), 10).len, 0);
    assert_true(grille_utf8_valid(grille_bytes_of(NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_every_short_string),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
