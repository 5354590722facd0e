/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa_private.h"

#include <pthread.h>

#include "bazel/third_party/wolfssl/private_numbers.h"
#include "crypto/rsa.h"
#include "failing_malloc.h"
#include "oaep_forge.h"
#include "tests/unit/crypto/crypto_test.h"

enum { key_len = GRILLE_RSA_PRIVATE_BYTES };

static oaep_forge_stream stream;
static grille_rsa_private_key *key;

static int setup(void **state) {
    (void)state;
    key = oaep_forge_key(&stream, 7);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_rsa_private_wolf()->free(key);
    return 0;
}

static grille_bytes spki(void) {
    return grille_rsa_private_wolf()->spki(key);
}

static void a_key_is_described(void **state) {
    const grille_bytes found = spki();
    uint8_t digest[GRILLE_SHA256_BYTES];
    grille_rsa_key numbers;
    (void)state;
    assert_int_equal(GRILLE_RSA_PRIVATE_SPKI_BYTES, found.len);
    assert_reason(OK, grille_rsa_wolf()->key_read(found, &numbers));
    assert_int_equal(key_len, numbers.modulus.len);
    assert_true(*numbers.modulus.data >= 0x80);
    assert_bytes("010001", numbers.exponent.data, numbers.exponent.len);
    assert_reason(OK, grille_crypto_wolf()->hash(GRILLE_SHA256, &found, 1, digest));
    assert_true(
        grille_bytes_equal(grille_bytes_of(digest, sizeof digest), grille_rsa_private_wolf()->spki_sha256(key)));
    assert_in_range(stream.draws, 10, 20000); /* of its randomness alone */
}

static void its_randomness_decides_the_key(void **state) {
    oaep_forge_stream again, other;
    grille_rsa_private_key *same = oaep_forge_key(&again, 7), *different = oaep_forge_key(&other, 8);
    const grille_rsa_private *rsa = grille_rsa_private_wolf();
    (void)state;
    assert_true(grille_bytes_equal(spki(), rsa->spki(same)));
    assert_false(grille_bytes_equal(spki(), rsa->spki(different)));
    assert_false(grille_bytes_equal(rsa->spki_sha256(key), rsa->spki_sha256(different)));
    rsa->free(same);
    rsa->free(different);
    rsa->free(NULL);
}

static grille_reason repeat(void *context, uint8_t *out, size_t len) {
    memset(out, *(const int *)context, len);
    return GRILLE_REASON_OK;
}

static void no_randomness_no_key(void **state) {
    oaep_forge_stream failing;
    const grille_rsa_random random = {.fill = oaep_forge_fill, .context = &failing};
    const size_t living = failing_malloc_living();
    const int bytes[] = {0x00, 0xff};
    grille_rsa_private_key *none = key;
    (void)state;
    for (size_t most = 1; most < stream.draws; most += stream.draws / 2) {
        failing = (oaep_forge_stream){.seed = 7, .most = most};
        assert_reason(CRYPTO_FAILED, grille_rsa_private_wolf()->generate(random, &none));
        assert_null(none);
    }
    for (size_t i = 0; i < 2; i++) { /* would never find a prime */
        int byte = bytes[i];
        const grille_rsa_random stuck = {.fill = repeat, .context = &byte};
        assert_reason(CRYPTO_FAILED, grille_rsa_private_wolf()->generate(stuck, &none));
    }
    assert_int_equal(living, failing_malloc_living());
}

/* Any block of the heap that is given back is without a word of the key's. */
static void a_key_is_wiped(void **state) {
    oaep_forge_stream own;
    uint8_t pattern[32];
    grille_rsa_private_key *made = oaep_forge_key(&own, 9);
    const size_t living = failing_malloc_living();
    (void)state;
    memcpy(pattern, grille_rsa_private_wolf()->spki(made).data + 100, sizeof pattern);
    failing_malloc_seek(pattern, sizeof pattern);
    grille_rsa_private_wolf()->free(made);
    assert_int_equal(0, failing_malloc_found());
    failing_malloc_seek(NULL, 0);
    assert_int_equal(living - 1, failing_malloc_living());
}

static void a_key_is_one_block(void **state) {
    grille_rsa_private_key *none = key;
    const grille_rsa_random random = {.fill = oaep_forge_fill, .context = &stream};
    (void)state;
    failing_malloc_from(0);
    assert_reason(OUT_OF_MEMORY, grille_rsa_private_wolf()->generate(random, &none));
    failing_malloc_never();
    assert_null(none);
}

/* Opens what was encrypted, with room for `len` bytes. */
static grille_reason open_with(grille_rsa_private_key *by, const uint8_t *ciphertext, size_t ciphertext_len,
                               uint8_t *message, size_t len) {
    memset(message, 0x5a, len);
    return grille_rsa_private_wolf()->open(by, grille_bytes_of(ciphertext, ciphertext_len), message, len);
}

static void expect_closed(const uint8_t *ciphertext, size_t ciphertext_len, size_t len) {
    uint8_t message[GRILLE_RSA_PRIVATE_MESSAGE_MOST];
    assert_reason(CRYPTO_NOT_AUTHENTIC, open_with(key, ciphertext, ciphertext_len, message, len));
    assert_true(grille_bytes_all_zero(grille_bytes_of(message, len)));
}

static void messages_of_each_length_open(void **state) {
    static const size_t lens[] = {1, 16, 31, 32, 33, 189, 190};
    uint8_t sent[GRILLE_RSA_PRIVATE_MESSAGE_MOST], ciphertext[key_len], found[GRILLE_RSA_PRIVATE_MESSAGE_MOST];
    (void)state;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i + 1);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(sent, lens[i]), ciphertext);
        failing_malloc_never(); /* counts from here */
        assert_reason(OK, open_with(key, ciphertext, key_len, found, lens[i]));
        assert_int_equal(0, failing_malloc_asked());
        assert_memory_equal(sent, found, lens[i]);
        if (lens[i] > 1) expect_closed(ciphertext, key_len, lens[i] - 1);
        if (lens[i] < sizeof sent) expect_closed(ciphertext, key_len, lens[i] + 1);
    }
    memset(sent, 0, sizeof sent); /* zeros, and the separator's value, are data, too */
    sent[1] = 1;
    oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(sent, 32), ciphertext);
    assert_reason(OK, open_with(key, ciphertext, key_len, found, 32));
    assert_memory_equal(sent, found, 32);
}

static void a_message_that_is_wrong_stays_closed(void **state) {
    const uint8_t sent[32] = {1, 2, 3};
    uint8_t ciphertext[key_len];
    (void)state;
    for (int defect = OAEP_FORGE_RIGHT + 1; defect < OAEP_FORGE_DEFECTS; defect++) {
        oaep_forge_encrypt(spki(), (oaep_forge_defect)defect, grille_bytes_of(sent, sizeof sent), ciphertext);
        expect_closed(ciphertext, key_len, sizeof sent);
    }
    oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(NULL, 0), ciphertext);
    expect_closed(ciphertext, key_len, sizeof sent);
}

/* SP 800-56B 7.1.2: ciphertexts out of range; others that are no encryption of anything. */
static void numbers_that_nobody_encrypts_stay_closed(void **state) {
    uint8_t number[key_len] = {0};
    grille_rsa_key numbers;
    (void)state;
    expect_closed(number, key_len, 32); /* 0 */
    number[key_len - 1] = 1;
    expect_closed(number, key_len, 32);
    number[key_len - 1] = 2;
    expect_closed(number, key_len, 32);
    memset(number, 0xff, sizeof number);
    expect_closed(number, key_len, 32);
    assert_reason(OK, grille_rsa_wolf()->key_read(spki(), &numbers));
    memcpy(number, numbers.modulus.data, key_len);
    expect_closed(number, key_len, 32); /* n */
    number[key_len - 1] ^= 1;
    expect_closed(number, key_len, 32); /* n - 1 */
}

static void ciphertexts_have_one_length(void **state) {
    const uint8_t sent[32] = {1};
    uint8_t ciphertext[key_len + 1] = {0}, message[GRILLE_RSA_PRIVATE_MESSAGE_MOST + 1];
    (void)state;
    oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(sent, sizeof sent), ciphertext + 1);
    assert_reason(OK, open_with(key, ciphertext + 1, key_len, message, 32));
    expect_closed(ciphertext, key_len + 1, 32);
    expect_closed(ciphertext + 1, key_len - 1, 32);
    expect_closed(ciphertext + 1, 128, 32);
    expect_closed(NULL, 0, 32);
    assert_reason(BAD_ARGUMENT, open_with(key, ciphertext + 1, key_len, message, 0));
    assert_reason(BAD_ARGUMENT, open_with(key, ciphertext + 1, key_len, message, sizeof message));
}

static void other_keys_do_not_open(void **state) {
    oaep_forge_stream own;
    grille_rsa_private_key *other = oaep_forge_key(&own, 8);
    const uint8_t sent[32] = {1};
    uint8_t ciphertext[key_len];
    (void)state;
    oaep_forge_encrypt(grille_rsa_private_wolf()->spki(other), OAEP_FORGE_RIGHT, grille_bytes_of(sent, 32), ciphertext);
    expect_closed(ciphertext, key_len, 32);
    grille_rsa_private_wolf()->free(other);
}

static void without_randomness_nothing_opens(void **state) {
    const uint8_t sent[32] = {1};
    uint8_t ciphertext[key_len], message[32];
    (void)state;
    oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(sent, 32), ciphertext);
    stream.most = stream.draws;
    expect_closed(ciphertext, key_len, 32);
    stream.most = 0;
    assert_reason(OK, open_with(key, ciphertext, key_len, message, 32));
}

static void *open_some(void *ciphertext) {
    static const uint8_t sent[32] = {1};
    for (int i = 0; i < 4; i++) {
        uint8_t message[32];
        if (open_with(key, ciphertext, key_len, message, 32) != GRILLE_REASON_OK || memcmp(message, sent, 32) != 0)
            return ciphertext;
    }
    return NULL;
}

static void threads_may_share_a_key(void **state) {
    const uint8_t sent[32] = {1};
    uint8_t ciphertext[key_len];
    pthread_t threads[3];
    (void)state;
    oaep_forge_encrypt(spki(), OAEP_FORGE_RIGHT, grille_bytes_of(sent, 32), ciphertext);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, open_some, ciphertext));
    for (size_t i = 0; i < 3; i++) {
        void *failed = ciphertext;
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
}

enum { stack_len = 1 << 18, fresh = 0xa5 };

/* Numbers that a thread of our own stack works with. */
typedef struct work {
    grille_private_numbers *numbers;
    oaep_forge_stream from;
    uint8_t modulus[key_len];
    uint8_t block[key_len];
    int result;
} work;

static int draw(void *context, unsigned char *out, size_t len) {
    return oaep_forge_fill(context, out, len) == GRILLE_REASON_OK ? 0 : -1;
}

static void *make_numbers(void *context) {
    work *job = context;
    job->result = grille_private_numbers_make(job->numbers, draw, &job->from);
    return NULL;
}

static void *open_block(void *context) {
    work *job = context;
    job->result = grille_private_numbers_open(job->numbers, job->block);
    return NULL;
}

static void run_on(uint8_t *stack, void *(*body)(void *), work *job) {
    pthread_attr_t attributes;
    pthread_t thread;
    memset(stack, fresh, stack_len);
    assert_int_equal(0, pthread_attr_init(&attributes));
    assert_int_equal(0, pthread_attr_setstack(&attributes, stack, stack_len));
    assert_int_equal(0, pthread_create(&thread, &attributes, body, job));
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_int_equal(0, pthread_attr_destroy(&attributes));
}

/* Places of the stack where 16 bytes of the key stand that are no address, no small number and nothing of the modulus.
 */
static size_t remains(const uint8_t *stack, const work *job) {
    const uint8_t *bytes = (const uint8_t *)job->numbers;
    uint8_t modulus[key_len]; /* as the key has it: least byte first */
    size_t found = 0, looked = 0;
    for (size_t i = 0; i < key_len; i++)
        modulus[i] = job->modulus[key_len - 1 - i];
    for (size_t at = 0; at + 16 <= grille_private_numbers_size(); at += 8) {
        uint64_t words[2];
        memcpy(words, bytes + at, sizeof words);
        if (words[0] >> 48 == 0 || words[1] >> 48 == 0 || memmem(modulus, key_len, bytes + at, 16) != NULL) continue;
        looked++;
        if (memmem(stack, stack_len, bytes + at, 16) != NULL) found++;
    }
    assert_true(looked > 60); /* d has 32 words, five numbers have 16 */
    return found;
}

/* Opening and making leave nothing of a key, and nothing of a message, where other functions will run. */
static void nothing_stays_on_the_stack(void **state) {
    uint8_t *stack = NULL, message[32], *storage = calloc(1, grille_private_numbers_size());
    work job = {.numbers = (grille_private_numbers *)(void *)storage, .from = {.seed = 11}};
    (void)state;
    assert_int_equal(0, posix_memalign((void **)&stack, 4096, stack_len));
    run_on(stack, make_numbers, &job);
    assert_int_equal(0, job.result);
    assert_int_equal(0, grille_private_numbers_modulus(job.numbers, job.modulus));
    assert_int_equal(0, remains(stack, &job));
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(71 * i + 13);
    oaep_forge_encrypt_for(job.modulus, OAEP_FORGE_RIGHT, grille_bytes_of(message, sizeof message), job.block);
    run_on(stack, open_block, &job);
    assert_int_equal(sizeof message, job.result);
    assert_int_equal(0, remains(stack, &job));
    assert_null(memmem(stack, stack_len, message, 16));
    assert_null(memmem(stack, stack_len, message + 16, 16));
    grille_private_numbers_end(job.numbers);
    free(storage);
    free(stack);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_described),
        cmocka_unit_test(its_randomness_decides_the_key),
        cmocka_unit_test(no_randomness_no_key),
        cmocka_unit_test(a_key_is_wiped),
        cmocka_unit_test(a_key_is_one_block),
        cmocka_unit_test(messages_of_each_length_open),
        cmocka_unit_test(a_message_that_is_wrong_stays_closed),
        cmocka_unit_test(numbers_that_nobody_encrypts_stay_closed),
        cmocka_unit_test(ciphertexts_have_one_length),
        cmocka_unit_test(other_keys_do_not_open),
        cmocka_unit_test(without_randomness_nothing_opens),
        cmocka_unit_test(threads_may_share_a_key),
        cmocka_unit_test(nothing_stays_on_the_stack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
