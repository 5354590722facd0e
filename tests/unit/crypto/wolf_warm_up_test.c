/* SPDX-License-Identifier: Apache-2.0
 * Threads that all use wolfCrypt for the first time at once, as server loops do. Under TSan a data race ends the test;
 * elsewhere the results are compared. */
#include <pthread.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>

#include "crypto/wolf.h"
#include "crypto_test.h"

enum { threads = 4 };

typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    uint8_t digest[2][GRILLE_HASH_MAX_BYTES];
    byte sealed[2][64], tag[2][16];
    bool signed_well[2], agreed;
} worker;

static void seal(worker *work) {
    static const byte key[32] = {1}, nonce[12] = {2}, plain[64] = {3};
    Aes aes;
    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0) return;
    if (wc_AesGcmSetKey(&aes, key, 16) == 0)
        (void)wc_AesGcmEncrypt(&aes, work->sealed[0], plain, sizeof plain, nonce, sizeof nonce, work->tag[0], 16, NULL,
                               0);
    wc_AesFree(&aes);
    (void)wc_ChaCha20Poly1305_Encrypt(key, nonce, NULL, 0, plain, sizeof plain, work->sealed[1], work->tag[1]);
}

static bool sign(const grille_crypto *crypto, grille_curve curve, grille_bytes digest) {
    uint8_t raw[GRILLE_RAW_SIGNATURE_MAX], point[GRILLE_POINT_MAX];
    size_t raw_len = 0, point_len = 0;
    grille_private_key *key = NULL;
    bool good = crypto->key_generate(curve, &key) == GRILLE_REASON_OK &&
                crypto->key_point(key, point, sizeof point, &point_len) == GRILLE_REASON_OK &&
                crypto->key_sign(key, digest, raw, sizeof raw, &raw_len) == GRILLE_REASON_OK &&
                crypto->ecdsa_verify(curve, grille_bytes_of(point, point_len), digest, grille_bytes_of(raw, raw_len)) ==
                    GRILLE_REASON_OK;
    crypto->key_free(key);
    return good;
}

static bool make_x25519(void) {
    WC_RNG *generator = NULL;
    curve25519_key key;
    bool made = false;
    if (grille_wolf_generator(&generator) != GRILLE_REASON_OK || wc_curve25519_init(&key) != 0) return false;
    made = wc_curve25519_make_key(generator, 32, &key) == 0;
    wc_curve25519_free(&key);
    return made;
}

static void *run(void *argument) {
    worker *work = argument;
    pthread_barrier_wait(work->start);
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_bytes part = grille_bytes_of_text("the same for all");
    (void)crypto->hash(GRILLE_SHA256, &part, 1, work->digest[0]);
    (void)crypto->hash(GRILLE_SHA384, &part, 1, work->digest[1]);
    seal(work);
    work->signed_well[0] = sign(crypto, GRILLE_P256, grille_bytes_of(work->digest[0], GRILLE_SHA256_BYTES));
    work->signed_well[1] = sign(crypto, GRILLE_P384, grille_bytes_of(work->digest[1], GRILLE_SHA384_BYTES));
    work->agreed = make_x25519();
    return NULL;
}

static void test_first_use_from_several_threads(void **state) {
    static const uint8_t zeros[64];
    static worker workers[threads];
    pthread_barrier_t start;
    (void)state;
    assert_int_equal(pthread_barrier_init(&start, NULL, threads), 0);
    for (size_t i = 0; i < threads; i++) {
        workers[i].start = &start;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&start), 0);
    assert_memory_not_equal(workers[0].sealed[0], zeros, sizeof zeros);
    assert_memory_not_equal(workers[0].sealed[1], zeros, sizeof zeros);
    for (size_t i = 0; i < threads; i++) {
        assert_memory_equal(workers[i].digest, workers[0].digest, sizeof workers[0].digest);
        assert_memory_equal(workers[i].sealed, workers[0].sealed, sizeof workers[0].sealed);
        assert_memory_equal(workers[i].tag, workers[0].tag, sizeof workers[0].tag);
        assert_true(workers[i].signed_well[0]);
        assert_true(workers[i].signed_well[1]);
        assert_true(workers[i].agreed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_use_from_several_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
