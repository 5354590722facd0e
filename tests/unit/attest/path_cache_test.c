/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path_cache.h"

#include <pthread.h>
#include <string.h>

#include "attest/path.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "wire/limits.h"

static grille_crypto crypto;
static size_t verified;
static forge_template templates[FORGE_CHAIN];
static forge_chain chain;
static grille_path_cache *cache;
static grille_error refusal;

static grille_reason count_and_verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    verified++;
    return grille_crypto_wolf()->ecdsa_verify(curve, point, digest, raw);
}

static int setup_group(void **state) {
    (void)state;
    crypto = *grille_crypto_wolf();
    crypto.ecdsa_verify = count_and_verify;
    forge_chain_templates(templates);
    templates[2].not_after_ms = FORGE_NOW_MS + 60000; /* the zonal one ends first */
    forge_chain_make(templates, &chain);
    return 0;
}

static int teardown_group(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

static int setup(void **state) {
    (void)state;
    verified = 0;
    return grille_path_cache_new(&cache) == GRILLE_REASON_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    grille_path_cache_free(cache);
    cache = NULL;
    return 0;
}

static grille_path_request request_of(const forge_chain *of, grille_bytes certificates[FORGE_CHAIN]) {
    for (size_t i = 0; i < FORGE_CHAIN; i++)
        certificates[i] = forge_chain_der(of, i);
    return (grille_path_request){.profile = GRILLE_PATH_NITRO,
                                 .certificates = certificates,
                                 .count = FORGE_CHAIN,
                                 .now_ms = FORGE_NOW_MS,
                                 .cache = cache};
}

static grille_reason walk(const grille_path_request *request) {
    grille_path path;
    return grille_path_verify(&crypto, request, &path, &refusal);
}

static grille_path_cache_counters counters(void) {
    grille_path_cache_counters read;
    grille_path_cache_get_counters(cache, &read);
    return read;
}

static void a_second_walk_verifies_the_leaf_alone(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(4, verified);
    assert_int_equal(3, counters().misses);
    assert_int_equal(3, counters().entries);
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(GRILLE_REASON_OK, walk(&request));
        assert_int_equal(4 + i, verified);
        assert_int_equal(3 * i, counters().hits);
    }
    assert_int_equal(3, counters().entries);
    request.cache = NULL;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(4 + 5 + 4, verified);
}

static void a_leafs_signature_is_verified_each_time(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    uint8_t leaf[4096];
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    memcpy(leaf, certificates[FORGE_CHAIN - 1].data, certificates[FORGE_CHAIN - 1].len);
    leaf[certificates[FORGE_CHAIN - 1].len - 1] ^= 1;
    certificates[FORGE_CHAIN - 1].data = leaf;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, walk(&request));
    assert_int_equal(3, counters().entries);
}

static void a_known_signature_does_not_prolong_a_certificate(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    request.now_ms = FORGE_NOW_MS + 60000;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(3, counters().hits);
    request.now_ms++;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_EXPIRED, walk(&request));
    request.now_ms = FORGE_NOW_MS - FORGE_HOUR_MS - 1;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID, walk(&request));
    assert_int_equal(3, counters().hits);
}

/* The same certificate under an issuer of the same name with another key. */
static void a_known_signature_is_that_of_one_issuer(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    forge_identity impostor;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    forge_certificate(&templates[0], NULL, &impostor);
    certificates[0] = forge_der(&impostor);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, walk(&request));
    assert_non_null(strstr(refusal.text, "certificate 2 of 5"));
    forge_free(&impostor);
}

/* The same names and the same key, other bytes: verified anew, and refused when nobody signed them. */
static void a_known_signature_is_that_of_these_bytes(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    forge_template longer = templates[1];
    forge_identity other, forged;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    longer.not_after_ms += FORGE_HOUR_MS;
    forge_certificate_over(&longer, &chain.certificates[0], chain.certificates[1].key, &other);
    certificates[1] = forge_der(&other);
    verified = 0;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(3, verified); /* it, what it issued, the leaf */
    longer.issuer = "root";
    forge_certificate_over(&longer, &chain.certificates[2], chain.certificates[1].key, &forged);
    certificates[1] = forge_der(&forged);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, walk(&request));
}

static void a_known_ca_is_judged_at_its_place(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    request.count = FORGE_CHAIN - 1; /* the instance's CA in the leaf's place */
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_IS_CA, walk(&request));
    certificates[2] = certificates[3]; /* where a CA would follow it */
    request.count = FORGE_CHAIN;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_PATH_LENGTH, walk(&request));
}

static void a_wrong_signature_is_never_remembered(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    uint8_t zonal[4096];
    (void)state;
    memcpy(zonal, certificates[2].data, certificates[2].len);
    zonal[certificates[2].len - 1] ^= 1;
    certificates[2].data = zonal;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, walk(&request));
        assert_int_equal(1, counters().entries); /* the regional one, which is right */
    }
    assert_int_equal(1 + 3, verified);
}

/* A chain that hangs on nothing that was pinned leaves nothing behind but what hangs on its own anchor. */
static void chains_that_are_refused_before_signatures_leave_nothing(void **state) {
    grille_bytes certificates[FORGE_CHAIN];
    grille_path_request request = request_of(&chain, certificates);
    (void)state;
    request.now_ms = FORGE_NOW_MS + 2 * FORGE_HOUR_MS;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_EXPIRED, walk(&request));
    assert_int_equal(0, counters().entries);
    assert_int_equal(0, counters().misses);
}

/* Also peers' certificates: a CA between the policy's and the leaf. */
static void peers_chains_use_it_too(void **state) {
    forge_template root = forge_ca("root", GRILLE_P256), middle = forge_ca("middle", GRILLE_P256);
    forge_template end = forge_leaf("leaf", GRILLE_P256, "a.example", NULL);
    forge_identity made[3];
    grille_bytes certificates[3];
    grille_path_request request = {.profile = GRILLE_PATH_PEER,
                                   .purpose = GRILLE_PATH_CLIENT,
                                   .certificates = certificates,
                                   .count = 3,
                                   .now_ms = FORGE_NOW_MS,
                                   .cache = cache};
    (void)state;
    forge_certificate(&root, NULL, &made[0]);
    forge_certificate(&middle, &made[0], &made[1]);
    forge_certificate(&end, &made[1], &made[2]);
    for (size_t i = 0; i < 3; i++)
        certificates[i] = forge_der(&made[i]);
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(GRILLE_REASON_OK, walk(&request));
    assert_int_equal(2 + 1, verified);
    assert_int_equal(1, counters().hits);
    for (size_t i = 0; i < 3; i++)
        forge_free(&made[i]);
}

static grille_path_cache_key key_number(size_t number) {
    grille_path_cache_key key = {.issuer = {(uint8_t)number, (uint8_t)(number >> 8)}};
    return key;
}

static void add(size_t number, grille_wall_ms not_after_ms, grille_wall_ms now_ms) {
    grille_path_cache_key key = key_number(number);
    grille_path_cache_add(cache, &key, not_after_ms, now_ms);
}

static bool has(size_t number, grille_wall_ms now_ms) {
    grille_path_cache_key key = key_number(number);
    return grille_path_cache_has(cache, &key, now_ms);
}

static void one_over_the_bound_takes_the_oldest_place(void **state) {
    (void)state;
    for (size_t i = 0; i < GRILLE_LIMIT_PATH_CACHE_ENTRIES; i++)
        add(i, 1000, 0);
    assert_int_equal(GRILLE_LIMIT_PATH_CACHE_ENTRIES, counters().entries);
    assert_true(has(0, 0)); /* used: number 1 is the oldest now */
    add(1000, 1000, 0);
    assert_int_equal(GRILLE_LIMIT_PATH_CACHE_ENTRIES, counters().entries);
    assert_int_equal(1, counters().evictions);
    assert_true(has(0, 0));
    assert_false(has(1, 0));
    assert_true(has(1000, 0));
    for (size_t i = 0; i < 10 * GRILLE_LIMIT_PATH_CACHE_ENTRIES; i++)
        add(2000 + i, 1000, 0);
    assert_int_equal(GRILLE_LIMIT_PATH_CACHE_ENTRIES, counters().entries);
}

static void expired_ones_go_first(void **state) {
    (void)state;
    for (size_t i = 0; i < GRILLE_LIMIT_PATH_CACHE_ENTRIES; i++)
        add(i, i == 7 ? 10 : 1000, 0);
    assert_true(has(7, 10));
    assert_false(has(7, 11));
    add(1000, 1000, 11);
    assert_int_equal(0, counters().evictions);
    assert_true(has(0, 11));
    assert_true(has(1000, 11));
}

#define THREADS 4
#define ROUNDS  2000

static void *use(void *argument) {
    size_t first = *(const size_t *)argument;
    for (size_t i = 0; i < ROUNDS; i++) {
        add((first + i) % 600, 1000, 0);
        (void)has((first + 3 * i) % 600, 0);
    }
    return NULL;
}

static void threads_share_it(void **state) {
    pthread_t threads[THREADS];
    size_t firsts[THREADS];
    grille_path_cache_counters read;
    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        firsts[i] = i * 150;
        assert_int_equal(0, pthread_create(&threads[i], NULL, use, &firsts[i]));
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_join(threads[i], NULL));
    read = counters();
    assert_int_equal(THREADS * ROUNDS, read.hits + read.misses);
    assert_int_equal(GRILLE_LIMIT_PATH_CACHE_ENTRIES, read.entries);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_walk_verifies_the_leaf_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_leafs_signature_is_verified_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_known_signature_does_not_prolong_a_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(a_known_signature_is_that_of_one_issuer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_known_signature_is_that_of_these_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_known_ca_is_judged_at_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_signature_is_never_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(chains_that_are_refused_before_signatures_leave_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(peers_chains_use_it_too, setup, teardown),
        cmocka_unit_test_setup_teardown(one_over_the_bound_takes_the_oldest_place, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_ones_go_first, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_share_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
