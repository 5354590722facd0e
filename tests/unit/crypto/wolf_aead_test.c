/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

enum { tag_bytes = 16 };

typedef struct aead_row {
    const char *key, *nonce, *aad, *plain, *sealed;
} aead_row;

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16. */
static const aead_row rows[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a63"
     "7b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0ab"
     "cc9"
     "f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

static void seals_and_opens_known_messages(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes key = from_hex(rows[i].key), nonce = from_hex(rows[i].nonce), aad = from_hex(rows[i].aad);
        test_bytes plain = from_hex(rows[i].plain);
        uint8_t sealed[128], opened[128];
        size_t sealed_len = 0, opened_len = 99;
        assert_reason(OK, crypto->aead_seal(view(&key), view(&nonce), view(&aad), view(&plain), sealed, sizeof sealed,
                                            &sealed_len));
        assert_bytes(rows[i].sealed, sealed, sealed_len);
        assert_reason(OK, crypto->aead_open(view(&key), view(&nonce), view(&aad), grille_bytes_of(sealed, sealed_len),
                                            opened, sizeof opened, &opened_len));
        assert_bytes(rows[i].plain, opened, opened_len);
    }
}

static void refuses_every_flipped_bit_and_leaves_no_plaintext(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    test_bytes key = from_hex(rows[2].key), nonce = from_hex(rows[2].nonce), aad = from_hex(rows[2].aad);
    test_bytes sealed = from_hex(rows[2].sealed);
    test_bytes *const inputs[] = {&key, &nonce, &aad, &sealed};
    (void)state;
    for (size_t input = 0; input < 4; input++)
        for (size_t bit = 0; bit < 8 * inputs[input]->len; bit++) {
            uint8_t opened[128], zeros[128] = {0};
            size_t len = 7;
            memset(opened, 0, sizeof opened);
            inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_reason(CRYPTO_NOT_AUTHENTIC, crypto->aead_open(view(&key), view(&nonce), view(&aad), view(&sealed),
                                                                  opened, sizeof opened, &len));
            inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_memory_equal(zeros, opened, sizeof opened);
            assert_int_equal(7, len);
        }
}

static void refuses_every_prefix(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    test_bytes key = from_hex(rows[2].key), nonce = from_hex(rows[2].nonce), aad = from_hex(rows[2].aad);
    test_bytes sealed = from_hex(rows[2].sealed);
    (void)state;
    for (size_t len = 0; len < sealed.len; len++) {
        uint8_t opened[128];
        size_t opened_len = 0;
        assert_reason(CRYPTO_NOT_AUTHENTIC,
                      crypto->aead_open(view(&key), view(&nonce), view(&aad), grille_bytes_of(sealed.data, len), opened,
                                        sizeof opened, &opened_len));
    }
}

static void refuses_wrong_sizes(void **state) {
    static const uint8_t bytes[64] = {0};
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_bytes key = grille_bytes_of(bytes, 32), nonce = grille_bytes_of(bytes, 12), none = {NULL, 0};
    grille_bytes plain = grille_bytes_of(bytes, 10);
    uint8_t out[64];
    size_t len = 0;
    (void)state;
    for (size_t bad = 0; bad <= 64; bad++) {
        if (bad != 32)
            assert_reason(BAD_ARGUMENT,
                          crypto->aead_seal(grille_bytes_of(bytes, bad), nonce, none, plain, out, 64, &len));
        if (bad != 12)
            assert_reason(BAD_ARGUMENT,
                          crypto->aead_open(key, grille_bytes_of(bytes, bad), none, plain, out, 64, &len));
    }
    assert_reason(NO_SPACE, crypto->aead_seal(key, nonce, none, plain, out, 10 + tag_bytes - 1, &len));
    assert_reason(OK, crypto->aead_seal(key, nonce, none, plain, out, 10 + tag_bytes, &len));
    assert_int_equal(10 + tag_bytes, len);
    assert_reason(NO_SPACE, crypto->aead_open(key, nonce, none, grille_bytes_of(out, len), out + 32, 9, &len));
}

/* The accelerated code takes 8 blocks at once and the rest one by one: every length takes another way through it. */
static void round_trips_every_length(void **state) {
    static uint8_t plain[600], sealed[600 + tag_bytes], opened[600];
    const grille_crypto *crypto = grille_crypto_wolf();
    test_bytes key = from_hex(rows[2].key), nonce = from_hex(rows[2].nonce);
    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof plain; len++) {
        grille_bytes aad = grille_bytes_of(plain, len % 70);
        size_t sealed_len = 0, opened_len = 0;
        assert_reason(OK, crypto->aead_seal(view(&key), view(&nonce), aad, grille_bytes_of(plain, len), sealed,
                                            sizeof sealed, &sealed_len));
        assert_reason(OK, crypto->aead_open(view(&key), view(&nonce), aad, grille_bytes_of(sealed, sealed_len), opened,
                                            sizeof opened, &opened_len));
        assert_int_equal(len, opened_len);
        assert_memory_equal(plain, opened, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_and_opens_known_messages),
        cmocka_unit_test(refuses_every_flipped_bit_and_leaves_no_plaintext),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(refuses_wrong_sizes),
        cmocka_unit_test(round_trips_every_length),
    };
    return cmocka_run_group_tests_name("wolf_aead", tests, NULL, NULL);
}
