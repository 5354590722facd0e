/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include "crypto/wolf.h"

/* Keys, info, aad and plaintext of RFC 9180 A.3.1; its cipher is AES-128-GCM, so that the ciphertext of AES-256-GCM
 * comes from a second implementation, in Python, which reproduces all of A.3.1 when told AES-128-GCM. */
static const char ephemeral_scalar[] = "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb";
static const char recipient_scalar[] = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2";
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char plain_hex[] = "4265617574792069732074727574682c20747275746820626561757479";
static const char aad_hex[] = "436f756e742d30";
static const char enc_hex[] = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f"
                              "951c0900be863c403ce65c9bfcb9382657222d18c4";
static const char sealed_hex[] =
    "518c46e6810fbc55362f7d5995b0f54339d93664ca44e5c74d0f289c4f7983b4781b193de04ad3319f177244"
    "de";

static grille_private_key *key_of(const char *scalar_hex) {
    test_bytes scalar = from_hex(scalar_hex);
    grille_private_key *key = NULL;
    (void)grille_crypto_wolf();
    assert_reason(OK, grille_wolf_key_from_scalar(GRILLE_P256, view(&scalar), &key));
    return key;
}

static grille_bytes point_of(const grille_private_key *key, uint8_t point[GRILLE_P256_POINT]) {
    size_t len = 0;
    assert_reason(OK, grille_crypto_wolf()->key_point(key, point, GRILLE_P256_POINT, &len));
    return grille_bytes_of(point, len);
}

static void seals_the_known_message(void **state) {
    grille_private_key *ephemeral = key_of(ephemeral_scalar), *recipient = key_of(recipient_scalar);
    test_bytes info = from_hex(info_hex), aad = from_hex(aad_hex), plain = from_hex(plain_hex);
    uint8_t point[GRILLE_P256_POINT], enc[GRILLE_P256_POINT], out[128];
    size_t len = 0;
    (void)state;
    assert_reason(OK, grille_wolf_hpke_seal_with(ephemeral, point_of(recipient, point), view(&info), view(&aad),
                                                 view(&plain), enc, out, sizeof out, &len));
    assert_bytes(enc_hex, enc, sizeof enc);
    assert_bytes(sealed_hex, out, len);
    grille_crypto_wolf()->key_free(ephemeral);
    grille_crypto_wolf()->key_free(recipient);
}

typedef struct sealed_message {
    test_bytes enc, info, aad, sealed;
} sealed_message;

static sealed_message known_message(void) {
    return (sealed_message){from_hex(enc_hex), from_hex(info_hex), from_hex(aad_hex), from_hex(sealed_hex)};
}

static grille_reason open_message(const grille_private_key *recipient, const sealed_message *message, uint8_t *out,
                                  size_t capacity, size_t *len) {
    return grille_crypto_wolf()->hpke_open(recipient, view(&message->enc), view(&message->info), view(&message->aad),
                                           view(&message->sealed), out, capacity, len);
}

static void opens_the_known_message(void **state) {
    grille_private_key *recipient = key_of(recipient_scalar);
    sealed_message message = known_message();
    uint8_t out[128];
    size_t len = 0;
    (void)state;
    assert_reason(OK, open_message(recipient, &message, out, sizeof out, &len));
    assert_bytes(plain_hex, out, len);
    assert_reason(NO_SPACE, open_message(recipient, &message, out, len - 1, &len));
    grille_crypto_wolf()->key_free(recipient);
}

static void refuses_every_flipped_bit(void **state) {
    grille_private_key *recipient = key_of(recipient_scalar);
    sealed_message message = known_message();
    test_bytes *const inputs[] = {&message.enc, &message.info, &message.aad, &message.sealed};
    (void)state;
    for (size_t input = 0; input < 4; input++)
        for (size_t bit = 0; bit < 8 * inputs[input]->len; bit++) {
            uint8_t out[128];
            size_t len = 0;
            inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_reason(CRYPTO_NOT_AUTHENTIC, open_message(recipient, &message, out, sizeof out, &len));
            inputs[input]->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    grille_crypto_wolf()->key_free(recipient);
}

static void refuses_every_prefix_of_enc_and_ciphertext(void **state) {
    grille_private_key *recipient = key_of(recipient_scalar);
    sealed_message message = known_message();
    test_bytes *const inputs[] = {&message.enc, &message.sealed};
    (void)state;
    for (size_t input = 0; input < 2; input++) {
        size_t whole = inputs[input]->len;
        for (size_t cut = 0; cut < whole; cut++) {
            uint8_t out[128];
            size_t len = 0;
            inputs[input]->len = cut;
            assert_reason(CRYPTO_NOT_AUTHENTIC, open_message(recipient, &message, out, sizeof out, &len));
        }
        inputs[input]->len = whole;
    }
    grille_crypto_wolf()->key_free(recipient);
}

static void seals_to_a_fresh_key_with_a_fresh_ephemeral(void **state) {
    static uint8_t long_info[5000];
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_bytes none = {NULL, 0}, info = grille_bytes_of(long_info, sizeof long_info);
    grille_private_key *recipient = NULL, *other = NULL;
    uint8_t point[GRILLE_P256_POINT], enc[2][GRILLE_P256_POINT], sealed[2][64], out[64];
    size_t sealed_len = 0, len = 9;
    (void)state;
    assert_reason(OK, crypto->key_generate(GRILLE_P256, &recipient));
    assert_reason(OK, crypto->key_generate(GRILLE_P256, &other));
    for (int i = 0; i < 2; i++)
        assert_reason(OK, crypto->hpke_seal(point_of(recipient, point), info, none, none, enc[i], sealed[i],
                                            sizeof sealed[i], &sealed_len));
    assert_int_equal(16, sealed_len);
    assert_memory_not_equal(enc[0], enc[1], sizeof enc[0]);
    assert_memory_not_equal(sealed[0], sealed[1], sealed_len);
    assert_reason(OK, crypto->hpke_open(recipient, grille_bytes_of(enc[0], sizeof enc[0]), info, none,
                                        grille_bytes_of(sealed[0], sealed_len), out, sizeof out, &len));
    assert_int_equal(0, len);
    assert_reason(CRYPTO_NOT_AUTHENTIC,
                  crypto->hpke_open(other, grille_bytes_of(enc[0], sizeof enc[0]), info, none,
                                    grille_bytes_of(sealed[0], sealed_len), out, sizeof out, &len));
    crypto->key_free(recipient);
    crypto->key_free(other);
}

static void refuses_keys_of_the_other_curve_and_points_off_the_curve(void **state) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_bytes none = {NULL, 0};
    grille_private_key *p384 = NULL, *p256 = NULL;
    uint8_t point[GRILLE_POINT_MAX], enc[GRILLE_P256_POINT], out[64];
    size_t len = 0;
    (void)state;
    assert_reason(OK, crypto->key_generate(GRILLE_P384, &p384));
    assert_reason(OK, crypto->key_generate(GRILLE_P256, &p256));
    assert_reason(OK, crypto->key_point(p384, point, sizeof point, &len));
    assert_reason(CRYPTO_BAD_KEY,
                  crypto->hpke_seal(grille_bytes_of(point, len), none, none, none, enc, out, sizeof out, &len));
    assert_reason(OK, crypto->key_point(p256, point, sizeof point, &len));
    assert_reason(BAD_ARGUMENT, crypto->hpke_open(p384, grille_bytes_of(point, len), none, none, none, out, 64, &len));
    point[64] ^= 1;
    assert_reason(CRYPTO_BAD_KEY,
                  crypto->hpke_seal(grille_bytes_of(point, 65), none, none, none, enc, out, sizeof out, &len));
    crypto->key_free(p256);
    crypto->key_free(p384);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_the_known_message),
        cmocka_unit_test(opens_the_known_message),
        cmocka_unit_test(refuses_every_flipped_bit),
        cmocka_unit_test(refuses_every_prefix_of_enc_and_ciphertext),
        cmocka_unit_test(seals_to_a_fresh_key_with_a_fresh_ephemeral),
        cmocka_unit_test(refuses_keys_of_the_other_curve_and_points_off_the_curve),
    };
    return cmocka_run_group_tests_name("wolf_hpke", tests, NULL, NULL);
}
