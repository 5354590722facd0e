/* SPDX-License-Identifier: Apache-2.0
 * What a hostile document costs: at most c + k·n bytes of memory for n bytes of input, with
 *     heap   c = 0, k = 0, wolfCrypt's signatures included
 *     stack  c = STACK_BYTES, k = 0
 * Nothing grows with the document: it is read in place, nesting and keys have fixed tables, and wolfCrypt sees digests
 * and points of fixed size.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "attest/document.h"
#include "attest/evidence.h"
#include "attest/path_cache.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "forge_document.h"
#include "forge_session.h"
#include "prng.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_TIMES 8 /* redzones around each local */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_TIMES 8
#endif
#endif
#ifndef STACK_TIMES
#define STACK_TIMES 1
#endif

#define STACK_BYTES (49152 * STACK_TIMES)
#define STACK_SIZE  (STACK_TIMES == 1 ? 128 << 10 : 512 << 10)
#define LONGEST     20000

static forge_chain chain;
static forge_document usual;
static grille_crypto accepting;
static bool own_only; /* signatures are taken for good, so that all of Grille's own code is reached and counted alone */
static size_t most_heap, most_stack;

static grille_reason accept_any(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    (void)curve;
    (void)point;
    (void)digest;
    (void)raw;
    return GRILLE_REASON_OK;
}

static int setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    accepting = *grille_crypto_wolf();
    accepting.ecdsa_verify = accept_any;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    forge_document_init(&usual, &chain);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

static grille_bytes input;
static grille_path_cache *cache;

static void *judge(void *unused) {
    const grille_document_check check = {
        .root = forge_chain_der(&chain, 0), .now_ms = FORGE_NOW_MS, .max_age_ms = -1, .cache = cache};
    grille_document document;
    grille_wall_ms expires_ms = 0;
    grille_error error;
    (void)unused;
    if (grille_document_read(input, &document, &error) != GRILLE_REASON_OK) return NULL;
    if (grille_document_verify(own_only ? &accepting : grille_crypto_wolf(), &document, &check, &expires_ms, &error) !=
        GRILLE_REASON_OK) {
        return NULL;
    }
    return &chain; /* accepted */
}

/* On a stack that was painted before. */
static bool measure(void *(*judged)(void *), grille_bytes encoded) {
    static uint8_t *stack;
    pthread_attr_t attributes;
    pthread_t thread;
    size_t untouched = 0;
    void *accepted = NULL;
    if (stack == NULL) {
        stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(stack != MAP_FAILED);
    }
    memset(stack, 0xa5, STACK_SIZE);
    input = encoded;
    assert_int_equal(0, pthread_attr_init(&attributes));
    assert_int_equal(0, pthread_attr_setstack(&attributes, stack, STACK_SIZE));
    failing_malloc_peak_restart();
    assert_int_equal(0, pthread_create(&thread, &attributes, judged, NULL));
    assert_int_equal(0, pthread_join(thread, &accepted));
    (void)pthread_attr_destroy(&attributes);
    while (untouched < STACK_SIZE && stack[untouched] == 0xa5)
        untouched++;
    if (failing_malloc_peak_bytes() > most_heap) most_heap = failing_malloc_peak_bytes();
    if (STACK_SIZE - untouched > most_stack) most_stack = STACK_SIZE - untouched;
    return accepted != NULL;
}

static bool measure_document(grille_bytes encoded) {
    size_t heap_before = most_heap;
    bool accepted;
    own_only = true;
    most_heap = 0;
    accepted = measure(judge, encoded);
    assert_int_equal(0, most_heap);
    most_heap = heap_before;
    own_only = false;
    return measure(judge, encoded) && accepted;
}

static uint8_t bytes[LONGEST];

/* Bombs as a whole document, and as the value of a key that is not known, under a good signature. */
static void bomb(grille_bytes item) {
    static uint8_t entry[LONGEST];
    grille_writer w = grille_writer_into(entry, sizeof entry);
    forge_document d = usual;
    (void)measure_document(item);
    grille_write_bytes(&w, grille_bytes_of("\x63new", 4));
    grille_write_bytes(&w, item);
    assert_int_equal(GRILLE_REASON_OK, grille_writer_end(&w));
    d.extra = grille_written(&w);
    assert_false(measure_document(forge_document_sign(&d, &chain)));
}

static void bombs(void **state) {
    static const struct {
        const char *literal;
        size_t len;
    } claims[] = {
#define C(literal) {literal, sizeof literal - 1}
        C("\x9a\x10\x00\x00\x00"), /* 5 bytes that claim 2^28 items */
        C("\xba\x10\x00\x00\x00"),
        C("\x9b\x20\x00\x00\x00\x00\x00\x00\x00"), /* 2^61 */
        C("\xbb\x80\x00\x00\x00\x00\x00\x00\x00"),
        C("\x9a\xff\xff\xff\xff"),
        C("\x5a\x7f\xff\xff\xff"),
        C("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
        C("\x7b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        C("\x84\x5a\x7f\xff\xff\xff"),
        C("\x84\x44\xa1\x01\x38\x22\xa0\x5a\x40\x00\x00\x00"),
#undef C
    };
    static const char *const repeated[] = {"\x81", "\xa1", "\xbf", "\x9f", "\x84", "\xd2", "\x9a\x40", "\xa1\x61k"};
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        bomb(grille_bytes_of(claims[i].literal, claims[i].len));
    for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        static const size_t lengths[] = {100, 500, 4000, 11000};
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            size_t unit = strlen(repeated[i]);
            for (size_t at = 0; at + unit <= lengths[j]; at += unit)
                memcpy(&bytes[at], repeated[i], unit);
            bomb(grille_bytes_of(bytes, lengths[j] / unit * unit));
        }
    }
    /* 100 nested arrays that claim 2^22 items each */
    for (size_t at = 0; at < 500; at += 5)
        memcpy(&bytes[at], "\x9a\x00\x40\x00\x00", 5);
    bomb(grille_bytes_of(bytes, 500));
}

/* Good ones that grow to the limit: the cost does not grow with them. */
static void long_documents(void **state) {
    static uint8_t filler[11000];
    forge_document d = usual;
    (void)state;
    for (size_t len = 1000; len < 11000; len += 1000) {
        grille_writer w = grille_writer_into(filler, sizeof filler);
        grille_write_bytes(&w, grille_bytes_of("\x63new\x59", 5));
        grille_write_u16(&w, (uint16_t)len);
        grille_write_zeros(&w, len);
        d.extra = grille_written(&w);
        assert_true(measure_document(forge_document_sign(&d, &chain)));
    }
    d.extra = grille_bytes_of(NULL, 0);
    /* eight certificates of the longest form */
    memset(bytes, 0x30, sizeof bytes);
    for (size_t i = 1; i < 8; i++)
        d.cabundle[i] = grille_bytes_of(bytes, 1024);
    d.cabundle_count = 8;
    assert_false(measure_document(forge_document_sign(&d, &chain)));
}

static void noise_and_mutants(void **state) {
    uint64_t random = 4;
    grille_bytes good = forge_document_sign(&usual, &chain);
    (void)state;
    for (size_t round = 0; round < 300; round++) {
        size_t len = prng_below(&random, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)prng_next(&random);
        assert_false(measure_document(grille_bytes_of(bytes, len)));
        memcpy(bytes, good.data, good.len);
        for (size_t i = 0; i <= prng_below(&random, 4); i++)
            bytes[prng_below(&random, good.len)] ^= (uint8_t)(1 + prng_below(&random, 255));
        (void)measure_document(grille_bytes_of(bytes, good.len));
    }
}

/* A cache is as large when it is full as when it is new. */
static void a_cache_does_not_grow(void **state) {
    forge_document d = usual;
    grille_bytes good = forge_document_sign(&d, &chain);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_path_cache_new(&cache));
    memcpy(bytes, good.data, good.len);
    for (size_t i = 0; i < 100; i++)
        assert_true(measure_document(grille_bytes_of(bytes, good.len)));
    failing_malloc_peak_restart();
    for (uint8_t i = 0; i < 255; i++) {
        const grille_path_cache_key key = {.issuer = {i}, .certificate = {(uint8_t)(i ^ 0xff)}};
        grille_path_cache_add(cache, &key, FORGE_NOW_MS, FORGE_NOW_MS);
    }
    assert_int_equal(0, failing_malloc_peak_bytes());
    grille_path_cache_free(cache);
    cache = NULL;
}

static const grille_policy *policy;
static forge_session session;

static void *judge_x509(void *unused) {
    const grille_judge judges = {
        .policy = policy, .crypto = own_only ? &accepting : grille_crypto_wolf(), .now_ms = FORGE_NOW_MS};
    grille_peer_identity peer;
    grille_error error;
    (void)unused;
    return grille_evidence_verify(&judges, GRILLE_IDENTITY_X509, &session.binding, input, &peer, NULL, &error) ==
                   GRILLE_REASON_OK
               ? &chain
               : NULL;
}

/* Chains of a peer: up to four certificates of 4,096 bytes. */
static void x509_evidence(void **state) {
    forge_template ca = forge_ca("ca", GRILLE_P384), end = forge_leaf("leaf", GRILLE_P384, "a.example", NULL);
    forge_identity root, leaf;
    grille_policy *made;
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    size_t heap_before = most_heap;
    (void)state;
    forge_certificate(&ca, NULL, &root);
    forge_certificate(&end, &root, &leaf);
    made = forge_policy("peers:\n- name: a\n  kind: x509\n  names: [a.example]\n  ca: %s\n",
                        forge_yaml_block(forge_pem(&root), 4));
    policy = made;
    forge_session_init(&session, 'I', 1);
    grille_write_u8(&w, 4);
    grille_write_block_u16(&w, forge_der(&leaf));
    grille_write_block_u16(&w, forge_der(&root));
    for (int i = 0; i < 2; i++) {
        grille_write_u16(&w, 4000);
        for (size_t at = 0; at < 4000; at++)
            grille_write_u8(&w, 0x30);
    }
    grille_write_u16(&w, 96);
    grille_write_zeros(&w, 96);
    for (int own = 0; own < 2; own++) {
        own_only = own == 1;
        for (size_t len = 1; len <= grille_written(&w).len; len += 97) {
            most_heap = 0;
            (void)measure(judge_x509, grille_bytes_of(bytes, len));
            if (own_only) assert_int_equal(0, most_heap);
        }
        bytes[0] = 2;
        (void)measure(judge_x509, grille_bytes_of(bytes, grille_written(&w).len));
        bytes[0] = 4;
    }
    if (heap_before > most_heap) most_heap = heap_before;
    grille_policy_free(made);
    forge_free(&root);
    forge_free(&leaf);
}

static void within_its_bounds(void **state) {
    void *volatile block;
    (void)state;
    print_message("a hostile document of any size: heap %zu bytes at most, stack %zu\n", most_heap, most_stack);
    assert_int_equal(0, most_heap);
    assert_true(most_stack > 1000 && most_stack <= STACK_BYTES);
    /* The spy sees what is there to be seen. */
    failing_malloc_peak_restart();
    block = malloc(1000);
    free(block);
    assert_in_range(failing_malloc_peak_bytes(), 1000, 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bombs),
        cmocka_unit_test(long_documents),
        cmocka_unit_test(noise_and_mutants),
        cmocka_unit_test(a_cache_does_not_grow),
        cmocka_unit_test(x509_evidence),
        cmocka_unit_test(within_its_bounds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
