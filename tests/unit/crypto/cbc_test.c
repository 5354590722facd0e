/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cbc.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>

#include "tests/unit/crypto/crypto_test.h"

/* The key, IV and text of SP 800-38A F.2.5, with a block of padding. */
static const char key_hex[] = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
static const char iv_hex[] = "000102030405060708090a0b0c0d0e0f";
static const char plain_hex[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                                "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
static const char cipher_hex[] = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
                                 "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
                                 "3f461796d6b0d6b2e0c2a72b4d80e644";

static void encrypt(const test_bytes *key, const test_bytes *iv, uint8_t *text, size_t len) {
    Aes aes;
    assert_int_equal(0, wc_AesInit(&aes, NULL, INVALID_DEVID));
    assert_int_equal(0, wc_AesSetKey(&aes, key->data, (word32)key->len, iv->data, AES_ENCRYPTION));
    assert_int_equal(0, wc_AesCbcEncrypt(&aes, text, text, (word32)len));
    wc_AesFree(&aes);
}

static void the_published_text_opens(void **state) {
    const test_bytes key = from_hex(key_hex), iv = from_hex(iv_hex);
    test_bytes text = from_hex(cipher_hex);
    size_t len = 0;
    (void)state;
    assert_reason(OK, grille_cbc_open(view(&key), view(&iv), text.data, text.len, &len));
    assert_bytes(plain_hex, text.data, len);
}

/* Whether 16 bytes end in a padding, said in other words than the source does. */
static size_t padding_of(const uint8_t *block) {
    const size_t padding = block[15];
    if (padding == 0 || padding > 16) return 0;
    for (size_t i = 16 - padding; i < 16; i++)
        if (block[i] != padding) return 0;
    return padding;
}

static void expect_padding(const uint8_t *last, size_t blocks) {
    const test_bytes key = from_hex(key_hex), iv = from_hex(iv_hex);
    const size_t text_len = 16 * blocks, padding = padding_of(last);
    uint8_t text[64] = {0}, plain[64];
    size_t len = 12345;
    grille_reason reason;
    memcpy(text + text_len - 16, last, 16);
    memcpy(plain, text, sizeof plain);
    encrypt(&key, &iv, text, text_len);
    reason = grille_cbc_open(view(&key), view(&iv), text, text_len, &len);
    if (padding == 0) {
        assert_reason(CRYPTO_NOT_AUTHENTIC, reason);
        assert_int_equal(12345, len);
        assert_true(grille_bytes_all_zero(grille_bytes_of(text, text_len)));
    } else {
        assert_reason(OK, reason);
        assert_int_equal(text_len - padding, len);
        assert_memory_equal(plain, text, len);
    }
}

static void each_padding_is_right_or_refused(void **state) {
    size_t right = 0;
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (size_t count = 1; count <= 16; count++) {
            uint8_t last[16];
            memset(last, 0xee, sizeof last);
            memset(last + 16 - count, (int)value, count);
            expect_padding(last, 1 + value % 3);
            if (padding_of(last) != 0) right++;
        }
    }
    assert_int_equal(16 * 17 / 2, right); /* value v, by v to 16 bytes of it */
}

/* A wrong byte at each place of each padding. */
static void one_wrong_byte_is_seen(void **state) {
    (void)state;
    for (unsigned padding = 1; padding <= 16; padding++) {
        for (size_t at = 16 - padding; at < 16; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                uint8_t last[16];
                memset(last, 0xee, sizeof last);
                memset(last + 16 - padding, (int)padding, padding);
                last[at] = (uint8_t)(last[at] ^ 1u << bit);
                expect_padding(last, 2);
            }
        }
    }
}

static void sizes_are_exact(void **state) {
    const test_bytes key = from_hex(key_hex), iv = from_hex(iv_hex);
    static const size_t wrong_lens[] = {0, 1, 15, 17, 31, 79};
    test_bytes text = from_hex(cipher_hex);
    const test_bytes before = text;
    size_t len = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong_lens / sizeof *wrong_lens; i++)
        assert_reason(BAD_ARGUMENT, grille_cbc_open(view(&key), view(&iv), text.data, wrong_lens[i], &len));
    assert_reason(BAD_ARGUMENT, grille_cbc_open(grille_bytes_of(key.data, 16), view(&iv), text.data, text.len, &len));
    assert_reason(BAD_ARGUMENT, grille_cbc_open(grille_bytes_of(key.data, 31), view(&iv), text.data, text.len, &len));
    assert_reason(BAD_ARGUMENT, grille_cbc_open(view(&key), grille_bytes_of(iv.data, 12), text.data, text.len, &len));
    assert_reason(BAD_ARGUMENT, grille_cbc_open(view(&key), grille_bytes_of(NULL, 0), text.data, text.len, &len));
    assert_memory_equal(before.data, text.data, text.len);
    assert_int_equal(0, len);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_text_opens),
        cmocka_unit_test(each_padding_is_right_or_refused),
        cmocka_unit_test(one_wrong_byte_is_seen),
        cmocka_unit_test(sizes_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
