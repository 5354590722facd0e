/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include <pthread.h>
#include <stdio.h>

#include "crypto/private_key_der.h"
#include "crypto/wolf.h"

/* The keys of RFC 6979 A.2.5 and A.2.6 as openssl writes them: ec -outform DER, pkcs8 -topk8 -nocrypt -outform DER. */
static const char p256_scalar[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char p256_point[] =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e9"
    "5628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char p384_scalar[] =
    "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5";
static const char p384_point[] =
    "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a25451"
    "5480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe73"
    "44fd2533264720";
static const char p256_sec1[] =
    "30770201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a00a06082a8648ce3d030107a1440342"
    "000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d"
    "7e9f5177a3c294d4462299";
static const char p256_pkcs8[] =
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50c3"
    "db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe10"
    "08b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char p384_sec1[] =
    "3081a402010104306b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2ed"
    "f5a00706052b81040022a16403620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea905586"
    "6064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd253326"
    "4720";
static const char p384_pkcs8[] =
    "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b02010104306b9d3dad2e1b8c1c05b19875b6659f4de23c3b66"
    "7bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5a16403620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae"
    "92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b"
    "3f1c9db1288b231c3ae0d4fe7344fd2533264720";

static const struct {
    grille_curve curve;
    const char *der, *sec1, *point;
} good_rows[] = {
    {GRILLE_P256, p256_sec1, p256_sec1, p256_point},
    {GRILLE_P256, p256_pkcs8, p256_sec1, p256_point},
    {GRILLE_P384, p384_sec1, p384_sec1, p384_point},
    {GRILLE_P384, p384_pkcs8, p384_sec1, p384_point},
};
enum { good_count = sizeof good_rows / sizeof *good_rows };

static void known_keys_are_imported_and_exported(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < good_count; i++) {
        test_bytes der = from_hex(good_rows[i].der);
        uint8_t out[GRILLE_PRIVATE_KEY_DER_MAX];
        grille_private_key *key = NULL;
        size_t len = 0, whole;
        assert_reason(OK, crypto->key_import(view(&der), &key));
        assert_int_equal(good_rows[i].curve, crypto->key_curve(key));
        assert_reason(OK, crypto->key_point(key, out, sizeof out, &len));
        assert_bytes(good_rows[i].point, out, len);
        assert_reason(NO_SPACE, crypto->key_point(key, out, len - 1, &len));
        assert_reason(OK, crypto->key_export(key, out, sizeof out, &whole));
        assert_bytes(good_rows[i].sec1, out, whole);
        for (size_t capacity = 0; capacity < whole; capacity++) {
            assert_reason(NO_SPACE, crypto->key_export(key, out, capacity, &len));
            assert_true(grille_bytes_all_zero(grille_bytes_of(out, capacity)));
        }
        crypto->key_free(key);
    }
}

static void every_prefix_and_suffix_is_refused(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < good_count; i++) {
        test_bytes der = from_hex(good_rows[i].der);
        grille_private_key *key = NULL;
        for (size_t len = 0; len < der.len; len++) {
            uint8_t *exact = malloc(len + 1);
            assert_non_null(exact);
            memcpy(exact, der.data, len);
            assert_reason(CRYPTO_BAD_KEY, crypto->key_import(grille_bytes_of(exact, len), &key));
            assert_null(key);
            free(exact);
        }
        der.data[der.len++] = 0;
        assert_reason(CRYPTO_BAD_KEY, crypto->key_import(view(&der), &key));
    }
}

/* Structure, scalar and point each determine the others: not one flipped bit is taken. */
static void every_flipped_bit_is_refused(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < good_count; i++) {
        test_bytes der = from_hex(good_rows[i].der);
        for (size_t bit = 0; bit < 8 * der.len; bit++) {
            grille_private_key *key = NULL;
            der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (crypto->key_import(view(&der), &key) != GRILLE_REASON_CRYPTO_BAD_KEY)
                fail_msg("row %zu, bit %zu was taken", i, bit);
            der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void other_forms_of_keys(void **state) {
    static const struct {
        const char *what, *head, *scalar, *tail;
        bool good;
    } rows[] = {
        {"SEC1 without its point", "30310201010420", p256_scalar, "a00a06082a8648ce3d030107", true},
        {"SEC1 without its curve", "30250201010420", p256_scalar, "", false},
        {"PKCS#8 whose SEC1 has neither curve nor point",
         "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar, "", true},
        {"PKCS#8 whose SEC1 names its curve again",
         "304d020100301306072a8648ce3d020106082a8648ce3d030107043330310201010420", p256_scalar,
         "a00a06082a8648ce3d030107", true},
        {"PKCS#8 whose SEC1 names another curve",
         "304a020100301306072a8648ce3d020106082a8648ce3d0301070430302e0201010420", p256_scalar, "a00706052b81040022",
         false},
        {"PKCS#8 version 2 with its public key",
         "308185020101301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar,
         "8142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b"
         "20c2d"
         "7e9f5177a3c294d4462299",
         true},
        {"PKCS#8 version 2 with another public key",
         "308185020101301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar,
         "8142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6fc01ef01f7474365bee516"
         "a9d7439b0d0d4df3d38160ae885c3d6b2bb9dd66",
         false},
        {"PKCS#8 version 1 with a public key",
         "308185020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar,
         "8142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b"
         "20c2d"
         "7e9f5177a3c294d4462299",
         false},
        {"PKCS#8 version 2 without a public key",
         "3041020101301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar, "", false},
        {"PKCS#8 version 3", "3041020102301306072a8648ce3d020106082a8648ce3d030107042730250201010420", p256_scalar, "",
         false},
        {"SEC1 version 2", "30310201020420", p256_scalar, "a00a06082a8648ce3d030107", false},
        {"P-256's scalar on P-384", "302e0201010420", p256_scalar, "a00706052b81040022", false},
        {"P-384's scalar on P-256", "30410201010430", p384_scalar, "a00a06082a8648ce3d030107", false},
        {"scalar 0", "30310201010420", "0000000000000000000000000000000000000000000000000000000000000000",
         "a00a06082a8648ce3d030107", false},
        {"scalar 1", "30310201010420", "0000000000000000000000000000000000000000000000000000000000000001",
         "a00a06082a8648ce3d030107", true},
        {"scalar n - 1", "30310201010420", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
         "a00a06082a8648ce3d030107", true},
        {"scalar n", "30310201010420", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
         "a00a06082a8648ce3d030107", false},
        {"scalar n + 1", "30310201010420", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
         "a00a06082a8648ce3d030107", false},
        {"scalar of all ones", "30310201010420", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         "a00a06082a8648ce3d030107", false},
        {"P-384 scalar n - 1", "303e0201010430",
         "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52972",
         "a00706052b81040022", true},
        {"P-384 scalar n", "303e0201010430",
         "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
         "a00706052b81040022", false},
    };
    const grille_crypto *crypto = grille_crypto_wolf();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[600];
        test_bytes der;
        grille_private_key *key = NULL;
        grille_reason reason;
        (void)snprintf(text, sizeof text, "%s%s%s", rows[i].head, rows[i].scalar, rows[i].tail);
        der = from_hex(text);
        reason = crypto->key_import(view(&der), &key);
        if (reason != (rows[i].good ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_BAD_KEY))
            fail_msg("%s: %s", rows[i].what, grille_reason_name(reason));
        crypto->key_free(key);
    }
}

static void fresh_keys_differ_sign_and_survive_export(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    static const uint8_t digest[GRILLE_SHA384_BYTES] = {1, 2, 3};
    (void)state;
    for (int i = 0; i < 2; i++) {
        grille_curve curve = i == 0 ? GRILLE_P256 : GRILLE_P384;
        grille_private_key *key = NULL, *other = NULL, *back = NULL;
        uint8_t der[GRILLE_PRIVATE_KEY_DER_MAX], raw[2][GRILLE_RAW_SIGNATURE_MAX];
        uint8_t point[GRILLE_POINT_MAX], other_point[GRILLE_POINT_MAX];
        size_t der_len = 0, raw_len = 0, point_len = 0;
        assert_reason(OK, crypto->key_generate(curve, &key));
        assert_reason(OK, crypto->key_generate(curve, &other));
        assert_reason(OK, crypto->key_point(other, other_point, sizeof other_point, &point_len));
        assert_reason(OK, crypto->key_point(key, point, sizeof point, &point_len));
        assert_memory_not_equal(point, other_point, point_len);
        assert_reason(OK, crypto->key_export(key, der, sizeof der, &der_len));
        assert_reason(OK, crypto->key_import(grille_bytes_of(der, der_len), &back));
        for (size_t digest_len = 32; digest_len <= 48; digest_len += 16)
            for (int k = 0; k < 2; k++) {
                grille_bytes signed_digest = grille_bytes_of(digest, digest_len);
                assert_reason(OK,
                              crypto->key_sign(k == 0 ? key : back, signed_digest, raw[k], sizeof raw[k], &raw_len));
                assert_int_equal(2 * grille_curve_scalar_len(curve), raw_len);
                assert_reason(OK, crypto->ecdsa_verify(curve, grille_bytes_of(point, point_len), signed_digest,
                                                       grille_bytes_of(raw[k], raw_len)));
                assert_reason(CRYPTO_BAD_SIGNATURE,
                              crypto->ecdsa_verify(curve, grille_bytes_of(other_point, point_len), signed_digest,
                                                   grille_bytes_of(raw[k], raw_len)));
            }
        assert_memory_not_equal(raw[0], raw[1], raw_len);
        assert_reason(NO_SPACE, crypto->key_sign(key, grille_bytes_of(digest, 32), raw[0], raw_len - 1, &raw_len));
        assert_reason(BAD_ARGUMENT,
                      crypto->key_sign(key, grille_bytes_of(digest, 31), raw[0], sizeof raw[0], &raw_len));
        crypto->key_free(key);
        crypto->key_free(other);
        crypto->key_free(back);
    }
}

/* r and s keep their width also when they begin with zeros, which one in 128 signatures does. */
static void signatures_have_fixed_width(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t digest[32] = {0}, point[GRILLE_POINT_MAX], raw[GRILLE_RAW_SIGNATURE_MAX];
    size_t point_len = 0, raw_len = 0, with_zero = 0;
    grille_private_key *key = NULL;
    (void)state;
    assert_reason(OK, crypto->key_generate(GRILLE_P256, &key));
    assert_reason(OK, crypto->key_point(key, point, sizeof point, &point_len));
    for (unsigned i = 0; i < 4000 && with_zero < 4; i++) {
        digest[0] = (uint8_t)i;
        digest[1] = (uint8_t)(i >> 8);
        assert_reason(OK, crypto->key_sign(key, grille_bytes_of(digest, 32), raw, sizeof raw, &raw_len));
        assert_int_equal(64, raw_len);
        if (raw[0] != 0 && raw[32] != 0) continue;
        with_zero++;
        assert_reason(OK, crypto->ecdsa_verify(GRILLE_P256, grille_bytes_of(point, point_len),
                                               grille_bytes_of(digest, 32), grille_bytes_of(raw, raw_len)));
    }
    assert_int_equal(4, with_zero);
    crypto->key_free(key);
}

static void unknown_curves_are_refused(void **state) {
    grille_private_key *key = NULL;
    (void)state;
    assert_reason(BAD_ARGUMENT, grille_crypto_wolf()->key_generate((grille_curve)5, &key));
    assert_null(key);
    grille_crypto_wolf()->key_free(NULL);
}

/* RFC 5903 8.1: both sides of a P-256 exchange. */
static void ecdh_gives_the_known_secret(void **state) {
    static const char i_scalar[] = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";
    static const char r_scalar[] = "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53";
    static const char shared[] = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
    grille_private_key *keys[2] = {NULL, NULL};
    uint8_t points[2][GRILLE_P256_POINT], secret[32];
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 2; i++) {
        test_bytes scalar = from_hex(i == 0 ? i_scalar : r_scalar);
        assert_reason(OK, grille_wolf_key_from_scalar(GRILLE_P256, view(&scalar), &keys[i]));
        assert_reason(OK, grille_wolf_key_point(keys[i], points[i], sizeof points[i], &len));
    }
    for (int i = 0; i < 2; i++) {
        assert_reason(OK,
                      grille_wolf_shared_secret(keys[i], grille_bytes_of(points[1 - i], GRILLE_P256_POINT), secret));
        assert_bytes(shared, secret, sizeof secret);
    }
    points[0][1] ^= 1;
    assert_reason(CRYPTO_BAD_KEY,
                  grille_wolf_shared_secret(keys[1], grille_bytes_of(points[0], GRILLE_P256_POINT), secret));
    memset(points[0] + 1, 0, sizeof points[0] - 1);
    assert_reason(CRYPTO_BAD_KEY,
                  grille_wolf_shared_secret(keys[1], grille_bytes_of(points[0], GRILLE_P256_POINT), secret));
    grille_wolf_key_free(keys[0]);
    grille_wolf_key_free(keys[1]);
}

typedef struct signer {
    const grille_private_key *key;
    grille_bytes point;
    size_t good;
} signer;

static void *sign_many(void *argument) {
    signer *self = argument;
    const grille_crypto *crypto = grille_crypto_wolf();
    for (uint8_t i = 0; i < 50; i++) {
        uint8_t digest[32] = {i}, raw[GRILLE_RAW_SIGNATURE_MAX];
        size_t len = 0;
        if (crypto->key_sign(self->key, grille_bytes_of(digest, 32), raw, sizeof raw, &len) == GRILLE_REASON_OK &&
            crypto->ecdsa_verify(GRILLE_P256, self->point, grille_bytes_of(digest, 32), grille_bytes_of(raw, len)) ==
                GRILLE_REASON_OK)
            self->good++;
    }
    return NULL;
}

static void one_key_signs_in_several_threads(void **state) {
    enum { thread_count = 4 };
    const grille_crypto *crypto = grille_crypto_wolf();
    pthread_t threads[thread_count];
    signer signers[thread_count];
    uint8_t point[GRILLE_P256_POINT];
    size_t len = 0;
    grille_private_key *key = NULL;
    (void)state;
    assert_reason(OK, crypto->key_generate(GRILLE_P256, &key));
    assert_reason(OK, crypto->key_point(key, point, sizeof point, &len));
    for (int i = 0; i < thread_count; i++) {
        signers[i] = (signer){.key = key, .point = grille_bytes_of(point, len)};
        assert_int_equal(0, pthread_create(&threads[i], NULL, sign_many, &signers[i]));
    }
    for (int i = 0; i < thread_count; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_int_equal(50, signers[i].good);
    }
    crypto->key_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_are_imported_and_exported),
        cmocka_unit_test(every_prefix_and_suffix_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(other_forms_of_keys),
        cmocka_unit_test(fresh_keys_differ_sign_and_survive_export),
        cmocka_unit_test(signatures_have_fixed_width),
        cmocka_unit_test(unknown_curves_are_refused),
        cmocka_unit_test(ecdh_gives_the_known_secret),
        cmocka_unit_test(one_key_signs_in_several_threads),
    };
    (void)grille_crypto_wolf();
    return cmocka_run_group_tests_name("wolf_key", tests, NULL, NULL);
}
