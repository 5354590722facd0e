/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

typedef struct hash_row {
    grille_hash_kind kind;
    const char *message;
    const char *digest;
} hash_row;

/* FIPS 180-4 examples, published with the standard. */
static const hash_row hash_rows[] = {
    {GRILLE_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {GRILLE_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {GRILLE_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {GRILLE_SHA384, "",
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"},
    {GRILLE_SHA384, "abc",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {GRILLE_SHA384,
     "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"},
};

static void hashes_known_messages_whole_and_in_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hash_rows / sizeof *hash_rows; i++) {
        const hash_row *row = &hash_rows[i];
        size_t len = strlen(row->message);
        for (size_t split = 0; split <= len; split++) {
            grille_bytes parts[3] = {
                grille_bytes_of(row->message, split), {NULL, 0}, grille_bytes_of(row->message + split, len - split)};
            uint8_t digest[GRILLE_HASH_MAX_BYTES];
            assert_reason(OK, grille_crypto_wolf()->hash(row->kind, parts, 3, digest));
            assert_bytes(row->digest, digest, grille_hash_len(row->kind));
        }
    }
}

static void hashes_nothing(void **state) {
    uint8_t digest[GRILLE_HASH_MAX_BYTES];
    (void)state;
    assert_reason(OK, grille_crypto_wolf()->hash(GRILLE_SHA384, NULL, 0, digest));
    assert_bytes(hash_rows[3].digest, digest, GRILLE_SHA384_BYTES);
}

static void refuses_an_unknown_hash(void **state) {
    uint8_t digest[GRILLE_HASH_MAX_BYTES];
    grille_bytes none = {NULL, 0};
    (void)state;
    assert_reason(BAD_ARGUMENT, grille_crypto_wolf()->hash((grille_hash_kind)9, &none, 1, digest));
    assert_reason(BAD_ARGUMENT, grille_crypto_wolf()->hmac((grille_hash_kind)9, none, &none, 1, digest));
    assert_reason(BAD_ARGUMENT, grille_crypto_wolf()->hkdf_expand((grille_hash_kind)9, none, none, digest, 1));
}

typedef struct hmac_row {
    const char *key, *data, *sha256, *sha384;
} hmac_row;

/* RFC 4231 4, without the truncated case. */
static const hmac_row hmac_rows[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
     "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
     "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
     "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
     "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
};

static void hmac_of_rfc_4231(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hmac_rows / sizeof *hmac_rows; i++) {
        test_bytes key = from_hex(hmac_rows[i].key), data = from_hex(hmac_rows[i].data);
        grille_bytes parts[2] = {grille_bytes_of(data.data, 3), grille_bytes_of(data.data + 3, data.len - 3)};
        uint8_t mac[GRILLE_HASH_MAX_BYTES];
        assert_reason(OK, grille_crypto_wolf()->hmac(GRILLE_SHA256, view(&key), parts, 2, mac));
        assert_bytes(hmac_rows[i].sha256, mac, GRILLE_SHA256_BYTES);
        assert_reason(OK, grille_crypto_wolf()->hmac(GRILLE_SHA384, view(&key), parts, 2, mac));
        assert_bytes(hmac_rows[i].sha384, mac, GRILLE_SHA384_BYTES);
    }
}

static void hmac_with_an_empty_key_and_no_parts(void **state) {
    grille_bytes none = {NULL, 0};
    uint8_t mac[GRILLE_HASH_MAX_BYTES];
    (void)state;
    assert_reason(OK, grille_crypto_wolf()->hmac(GRILLE_SHA256, none, NULL, 0, mac));
    assert_bytes("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", mac, GRILLE_SHA256_BYTES);
}

typedef struct hkdf_row {
    const char *secret, *salt, *info, *prk, *out;
} hkdf_row;

/* RFC 5869 A.1 to A.3. */
static const hkdf_row hkdf_rows[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233343536373"
     "839"
     "3a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f90919293949596979"
     "899"
     "9a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e"
     "8e9"
     "eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b83"
     "677"
     "93a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void hkdf_of_rfc_5869(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hkdf_rows / sizeof *hkdf_rows; i++) {
        const hkdf_row *row = &hkdf_rows[i];
        test_bytes secret = from_hex(row->secret), salt = from_hex(row->salt), info = from_hex(row->info);
        uint8_t prk[GRILLE_HASH_MAX_BYTES], out[128];
        size_t out_len = strlen(row->out) / 2;
        assert_reason(OK, grille_crypto_wolf()->hkdf_extract(GRILLE_SHA256, view(&salt), view(&secret), prk));
        assert_bytes(row->prk, prk, GRILLE_SHA256_BYTES);
        assert_reason(OK, grille_crypto_wolf()->hkdf_expand(GRILLE_SHA256, grille_bytes_of(prk, GRILLE_SHA256_BYTES),
                                                            view(&info), out, out_len));
        assert_bytes(row->out, out, out_len);
    }
}

/* Every length gives a prefix of the longest, and 255 digests are the end. */
static void hkdf_lengths(void **state) {
    static const uint8_t prk[GRILLE_SHA384_BYTES] = {1, 2, 3};
    static uint8_t longest[255 * GRILLE_SHA384_BYTES], out[255 * GRILLE_SHA384_BYTES + 1];
    grille_bytes key = grille_bytes_of(prk, sizeof prk), info = grille_bytes_of_text("info");
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    assert_reason(OK, crypto->hkdf_expand(GRILLE_SHA384, key, info, longest, sizeof longest));
    for (size_t len = 0; len <= 3 * GRILLE_SHA384_BYTES + 1; len++) {
        assert_reason(OK, crypto->hkdf_expand(GRILLE_SHA384, key, info, out, len));
        assert_memory_equal(longest, out, len);
    }
    assert_reason(BAD_ARGUMENT, crypto->hkdf_expand(GRILLE_SHA384, key, info, out, sizeof out));
    assert_reason(BAD_ARGUMENT, crypto->hkdf_expand(GRILLE_SHA384, grille_bytes_of(prk, 47), info, out, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_known_messages_whole_and_in_parts),
        cmocka_unit_test(hashes_nothing),
        cmocka_unit_test(refuses_an_unknown_hash),
        cmocka_unit_test(hmac_of_rfc_4231),
        cmocka_unit_test(hmac_with_an_empty_key_and_no_parts),
        cmocka_unit_test(hkdf_of_rfc_5869),
        cmocka_unit_test(hkdf_lengths),
    };
    return cmocka_run_group_tests_name("wolf_hash", tests, NULL, NULL);
}
