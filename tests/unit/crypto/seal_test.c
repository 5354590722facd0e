/* SPDX-License-Identifier: Apache-2.0
 * Goal: what is sealed opens for its key and purpose only, and nothing else does. */
#include "grille/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define TEXT(text) grille_bytes_of_text(text)

static void a_sealed_key_opens_for_its_owner_only(void **state) {
    grille_sealing_key *key = NULL;
    grille_sealing_key *other = NULL;
    uint8_t encapsulated[GRILLE_SEAL_ENCAPSULATED];
    uint8_t sealed[64];
    uint8_t plain[64];
    size_t sealed_len = 0;
    size_t len = 0;
    size_t at = 0;
    grille_error error;
    grille_bytes enc = {encapsulated, sizeof encapsulated};
    (void)state;
    assert_int_equal(grille_sealing_key_new(&key, &error), GRILLE_OK);
    assert_int_equal(grille_sealing_key_new(&other, &error), GRILLE_OK);
    assert_int_equal(grille_sealing_key_public(key).len, 91);
    assert_int_equal(grille_seal(grille_sealing_key_public(key), TEXT("purpose"), TEXT("data key"), encapsulated,
                                 sealed, sizeof sealed, &sealed_len, &error),
                     GRILLE_OK);
    assert_int_equal(sealed_len, 8 + GRILLE_SEAL_TAG_BYTES);
    assert_int_equal(grille_sealing_key_open(key, enc, TEXT("purpose"), grille_bytes_of(sealed, sealed_len), plain,
                                             sizeof plain, &len, &error),
                     GRILLE_OK);
    assert_true(grille_bytes_equal(grille_bytes_of(plain, len), TEXT("data key")));
    assert_int_equal(grille_sealing_key_open(other, enc, TEXT("purpose"), grille_bytes_of(sealed, sealed_len), plain,
                                             sizeof plain, &len, &error),
                     GRILLE_UNAUTHENTICATED);
    assert_int_equal(grille_sealing_key_open(key, enc, TEXT("purposf"), grille_bytes_of(sealed, sealed_len), plain,
                                             sizeof plain, &len, &error),
                     GRILLE_UNAUTHENTICATED);
    for (at = 0; at < sealed_len; at++) {
        sealed[at] ^= 1;
        assert_int_equal(grille_sealing_key_open(key, enc, TEXT("purpose"), grille_bytes_of(sealed, sealed_len), plain,
                                                 sizeof plain, &len, &error),
                         GRILLE_UNAUTHENTICATED);
        sealed[at] ^= 1;
        assert_int_equal(grille_sealing_key_open(key, enc, TEXT("purpose"), grille_bytes_of(sealed, at), plain,
                                                 sizeof plain, &len, &error),
                         GRILLE_UNAUTHENTICATED);
    }
    assert_int_equal(
        grille_seal(TEXT("no key"), TEXT("p"), TEXT("x"), encapsulated, sealed, sizeof sealed, &len, &error),
        GRILLE_INVALID_ARGUMENT);
    assert_string_equal(error.name, "CRYPTO-BAD-KEY");
    grille_sealing_key_free(key);
    grille_sealing_key_free(other);
    grille_sealing_key_free(NULL);
}

static void sealed_data_opens_with_its_key_and_purpose_only(void **state) {
    uint8_t key[GRILLE_DATA_KEY_BYTES];
    uint8_t sealed[64];
    uint8_t again[64];
    uint8_t plain[64];
    size_t sealed_len = 0;
    size_t len = 0;
    size_t at = 0;
    grille_error error;
    (void)state;
    assert_int_equal(grille_random(key, sizeof key, &error), GRILLE_OK);
    assert_int_equal(grille_data_seal(key, TEXT("file"), TEXT("content"), sealed, sizeof sealed, &sealed_len, &error),
                     GRILLE_OK);
    assert_int_equal(sealed_len, 7 + GRILLE_DATA_OVERHEAD_BYTES);
    assert_int_equal(grille_data_seal(key, TEXT("file"), TEXT("content"), again, sizeof again, &len, &error),
                     GRILLE_OK);
    assert_memory_not_equal(sealed, again, sealed_len);
    assert_int_equal(
        grille_data_open(key, TEXT("file"), grille_bytes_of(sealed, sealed_len), plain, sizeof plain, &len, &error),
        GRILLE_OK);
    assert_true(grille_bytes_equal(grille_bytes_of(plain, len), TEXT("content")));
    assert_int_equal(
        grille_data_open(key, TEXT("fila"), grille_bytes_of(sealed, sealed_len), plain, sizeof plain, &len, &error),
        GRILLE_UNAUTHENTICATED);
    for (at = 0; at < sealed_len; at++) {
        sealed[at] ^= 0x80;
        assert_int_equal(
            grille_data_open(key, TEXT("file"), grille_bytes_of(sealed, sealed_len), plain, sizeof plain, &len, &error),
            GRILLE_UNAUTHENTICATED);
        sealed[at] ^= 0x80;
        assert_int_equal(
            grille_data_open(key, TEXT("file"), grille_bytes_of(sealed, at), plain, sizeof plain, &len, &error),
            GRILLE_UNAUTHENTICATED);
    }
    key[31] ^= 1;
    assert_int_equal(
        grille_data_open(key, TEXT("file"), grille_bytes_of(sealed, sealed_len), plain, sizeof plain, &len, &error),
        GRILLE_UNAUTHENTICATED);
    assert_int_equal(grille_data_seal(key, TEXT("file"), TEXT("content"), sealed, 34, &len, &error),
                     GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(len, 0);
}

static void fingerprints_are_stable_and_depend_on_everything(void **state) {
    uint8_t key[GRILLE_DATA_KEY_BYTES] = {1};
    uint8_t one[16];
    uint8_t two[16];
    uint8_t whole[GRILLE_DATA_FINGERPRINT_MAX];
    grille_error error;
    (void)state;
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4111"), one, 16, &error), GRILLE_OK);
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4111"), two, 16, &error), GRILLE_OK);
    assert_memory_equal(one, two, 16);
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4111"), whole, 32, &error), GRILLE_OK);
    assert_memory_equal(one, whole, 16);
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4112"), two, 16, &error), GRILLE_OK);
    assert_memory_not_equal(one, two, 16);
    assert_int_equal(grille_data_fingerprint(key, TEXT("other"), TEXT("4111"), two, 16, &error), GRILLE_OK);
    assert_memory_not_equal(one, two, 16);
    key[0] = 2;
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4111"), two, 16, &error), GRILLE_OK);
    assert_memory_not_equal(one, two, 16);
    assert_int_equal(grille_data_fingerprint(key, TEXT("token"), TEXT("4111"), whole, 33, &error),
                     GRILLE_RESOURCE_EXHAUSTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_key_opens_for_its_owner_only),
        cmocka_unit_test(sealed_data_opens_with_its_key_and_purpose_only),
        cmocka_unit_test(fingerprints_are_stable_and_depend_on_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
