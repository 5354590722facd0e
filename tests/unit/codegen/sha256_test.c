#include "codegen/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/varint.h"

static void hash(const void *data, size_t len, size_t step, uint8_t digest[GRILLE_GEN_SHA256_BYTES]) {
    grille_gen_sha256 state;
    grille_gen_sha256_init(&state);
    for (size_t at = 0; at < len; at += step)
        grille_gen_sha256_add(&state, (const uint8_t *)data + at, at + step < len ? step : len - at);
    grille_gen_sha256_end(&state, digest);
}

/* FIPS 180-4's own examples. */
static void test_examples(void **state) {
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const uint8_t of_nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                         0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                         0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    static const uint8_t of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                     0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                     0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t of_two[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
                                     0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
                                     0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    static const uint8_t of_million[] = {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81, 0xa1, 0xc7,
                                         0xe2, 0x84, 0xd7, 0x3e, 0x67, 0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97,
                                         0x20, 0x0e, 0x04, 0x6d, 0x39, 0xcc, 0xc7, 0x11, 0x2c, 0xd0};
    static uint8_t million[1000000];
    uint8_t digest[GRILLE_GEN_SHA256_BYTES];
    (void)state;
    hash("", 0, 1, digest);
    assert_memory_equal(digest, of_nothing, sizeof(digest));
    hash("abc", 3, 3, digest);
    assert_memory_equal(digest, of_abc, sizeof(digest));
    for (size_t step = 1; step <= sizeof(two_blocks); step++) {
        hash(two_blocks, sizeof(two_blocks) - 1, step, digest);
        assert_memory_equal(digest, of_two, sizeof(digest));
    }
    memset(million, 'a', sizeof(million));
    hash(million, sizeof(million), 997, digest);
    assert_memory_equal(digest, of_million, sizeof(digest));
}

static void test_integers_are_big_endian(void **state) {
    grille_gen_sha256 one;
    uint8_t by_integers[GRILLE_GEN_SHA256_BYTES], by_bytes[GRILLE_GEN_SHA256_BYTES];
    (void)state;
    grille_gen_sha256_init(&one);
    grille_gen_sha256_add_u32(&one, 0x01020304);
    grille_gen_sha256_add_u8(&one, 5);
    grille_gen_sha256_end(&one, by_integers);
    hash("\x01\x02\x03\x04\x05", 5, 5, by_bytes);
    assert_memory_equal(by_integers, by_bytes, sizeof(by_bytes));
}

static void test_id(void **state) {
    (void)state;
    assert_int_equal(grille_gen_id_of("abc"), 0xba7816bf);
    assert_int_equal(grille_gen_id_of(""), 0xe3b0c442);
}

/* varint.c */
static void test_varints(void **state) {
    static const struct {
        uint64_t value;
        const char *bytes;
        size_t len;
    } rows[] = {{0, "\x00", 1},
                {127, "\x7f", 1},
                {128, "\x80\x01", 2},
                {1010 << 3, "\x90\x3f", 2},
                {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint8_t out[GRILLE_GEN_VARINT_BYTES];
        uint64_t value = 0;
        assert_int_equal(grille_gen_put_varint(out, rows[i].value), rows[i].len);
        assert_memory_equal(out, rows[i].bytes, rows[i].len);
        grille_bytes rest = {out, rows[i].len};
        assert_true(grille_gen_take_varint(&rest, &value));
        assert_true(value == rows[i].value);
        assert_int_equal(rest.len, 0);
        rest = (grille_bytes){out, rows[i].len - 1};
        assert_false(grille_gen_take_varint(&rest, &value));
    }
    grille_bytes too_long = {(const uint8_t *)"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11};
    grille_bytes too_large = {(const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10};
    uint64_t value;
    assert_false(grille_gen_take_varint(&too_long, &value));
    assert_false(grille_gen_take_varint(&too_large, &value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_varints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
