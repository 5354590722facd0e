/* SPDX-License-Identifier: Apache-2.0
 * Ciphertexts, and what they are bound to: contexts and identifiers have no other use. */
#include "kms_emulator/blob.h"

#include <stdio.h>
#include <string.h>

#include "core_tests.h"
#include "service.h"

#define KEY_ID "0f1e2d3c-4b5a-4697-8877-665544332211"

static const uint8_t secret[KMS_SECRET_BYTES] = {1, 2, 3};
static json_t *object;
static kms_context context;
static uint8_t blob[KMS_CIPHERTEXT_BYTES];
static size_t blob_len;
static uint8_t plain[KMS_CIPHERTEXT_BYTES];
static size_t plain_len;

static int setup(void **state) {
    (void)state;
    object = json_pack("{s:s, s:s, s:s}", "service", "records", "a", "", "ab", "\xc3\xa9");
    assert_true(kms_context_read(object, &context));
    assert_true(kms_blob_make(KEY_ID, 7, secret, &context, grille_bytes_of_text("a plaintext"), blob, &blob_len));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    json_decref(object);
    return 0;
}

static bool opens(grille_bytes bytes, const uint8_t *by, const kms_context *with) {
    kms_blob read;
    return kms_blob_read(bytes, &read) && kms_blob_open(&read, by, with, plain, &plain_len);
}

static void test_it_says_its_key_and_opens(void **state) {
    kms_blob read;
    (void)state;
    assert_int_equal(blob_len, strlen("a plaintext") + KMS_BLOB_OVERHEAD_BYTES);
    assert_memory_equal("GRKB\x01\x0f\x1e\x2d\x3c\x4b\x5a\x46\x97\x88\x77\x66\x55\x44\x33\x22\x11\0\0\0\x07", blob, 25);
    assert_true(kms_blob_read(grille_bytes_of(blob, blob_len), &read));
    assert_string_equal(KEY_ID, read.key_id);
    assert_int_equal(7, read.generation);
    assert_true(kms_blob_open(&read, secret, &context, plain, &plain_len));
    assert_int_equal(strlen("a plaintext"), plain_len);
    assert_memory_equal("a plaintext", plain, plain_len);
}

static void test_every_byte_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < blob_len; i++) {
        blob[i] ^= 1;
        assert_false(opens(grille_bytes_of(blob, blob_len), secret, &context));
        blob[i] ^= 1;
    }
    for (size_t len = 0; len < blob_len; len++)
        assert_false(opens(grille_bytes_of(blob, len), secret, &context));
    assert_false(opens(grille_bytes_of(blob, blob_len + 1), secret, &context));
    assert_true(opens(grille_bytes_of(blob, blob_len), secret, &context));
}

static void test_what_is_never_one(void **state) {
    static uint8_t longest[KMS_CIPHERTEXT_BYTES + 1];
    kms_blob read;
    (void)state;
    memcpy(longest, blob, blob_len);
    assert_true(kms_blob_read(grille_bytes_of(longest, KMS_CIPHERTEXT_BYTES), &read));
    assert_false(kms_blob_read(grille_bytes_of(longest, sizeof longest), &read));
    longest[24] = 0; /* of no generation */
    assert_false(kms_blob_read(grille_bytes_of(longest, blob_len), &read));
    assert_false(kms_blob_read((grille_bytes){.len = 0}, &read));
}

static void test_nothing_is_left_of_what_does_not_open(void **state) {
    static const uint8_t zeros[sizeof "a plaintext" - 1];
    (void)state;
    memset(plain, 0xff, sizeof plain);
    blob[blob_len - 1] ^= 1;
    assert_false(opens(grille_bytes_of(blob, blob_len), secret, &context));
    assert_memory_equal(zeros, plain, sizeof zeros);
    assert_int_equal(0, plain_len);
}

static void test_another_secret_or_context_does_not_open_it(void **state) {
    static const uint8_t other[KMS_SECRET_BYTES] = {1, 2, 4};
    /* The same texts cut elsewhere, one more, one less, one changed. */
    json_t *contexts[] = {json_pack("{s:s, s:s, s:s}", "service", "records", "a", "a", "b", "\xc3\xa9"),
                          json_pack("{s:s, s:s, s:s, s:s}", "service", "records", "a", "", "ab", "\xc3\xa9", "c", ""),
                          json_pack("{s:s, s:s}", "service", "records", "a", ""),
                          json_pack("{s:s, s:s, s:s}", "service", "Records", "a", "", "ab", "\xc3\xa9"), json_object()};
    (void)state;
    assert_false(opens(grille_bytes_of(blob, blob_len), other, &context));
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        kms_context wrong;
        assert_true(kms_context_read(contexts[i], &wrong));
        assert_false(opens(grille_bytes_of(blob, blob_len), secret, &wrong));
        json_decref(contexts[i]);
    }
}

static void test_the_order_of_a_context_does_not_matter(void **state) {
    json_t *other = json_pack("{s:s, s:s, s:s}", "ab", "\xc3\xa9", "service", "records", "a", "");
    kms_context same;
    uint8_t written[KMS_CONTEXT_CANONICAL_BYTES];
    (void)state;
    assert_true(kms_context_read(other, &same));
    assert_true(opens(grille_bytes_of(blob, blob_len), secret, &same));
    assert_int_equal(3 * 8 + 1 + 0 + 2 + 2 + 7 + 7, kms_context_write(&same, written));
    assert_memory_equal("\0\0\0\1a\0\0\0\0\0\0\0\2ab\0\0\0\2\xc3\xa9\0\0\0\7service\0\0\0\7records", written, 43);
    json_decref(other);
}

static void test_contexts_have_limits(void **state) {
    static char text[KMS_CONTEXT_BYTES + 1];
    json_t *many = json_object();
    json_t *large;
    kms_context read;
    char name[16];
    (void)state;
    for (int i = 0; i < KMS_CONTEXT_PAIRS; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(0, json_object_set_new(many, name, json_string("v")));
    }
    assert_true(kms_context_read(many, &read));
    assert_int_equal(KMS_CONTEXT_PAIRS, read.count);
    assert_int_equal(0, json_object_set_new(many, "more", json_string("v")));
    assert_false(kms_context_read(many, &read));
    json_decref(many);
    memset(text, 'x', KMS_CONTEXT_BYTES - 1);
    large = json_pack("{s:s}", "k", text);
    assert_true(kms_context_read(large, &read));
    assert_int_equal(0, json_object_set_new(large, "j", json_string("")));
    assert_false(kms_context_read(large, &read));
    json_decref(large);
    assert_true(kms_context_read(NULL, &read));
    assert_int_equal(0, read.count);
    large = json_pack("{s:i}", "k", 1);
    assert_false(kms_context_read(large, &read));
    json_decref(large);
    large = json_array();
    assert_false(kms_context_read(large, &read));
    json_decref(large);
}

static void test_the_longest_and_the_shortest(void **state) {
    static uint8_t longest[KMS_PLAINTEXT_BYTES + 1];
    (void)state;
    memset(longest, 0x5a, sizeof longest);
    assert_true(
        kms_blob_make(KEY_ID, 1, secret, &context, grille_bytes_of(longest, KMS_PLAINTEXT_BYTES), blob, &blob_len));
    assert_true(opens(grille_bytes_of(blob, blob_len), secret, &context));
    assert_int_equal(KMS_PLAINTEXT_BYTES, plain_len);
    assert_memory_equal(longest, plain, plain_len);
    assert_false(kms_blob_make(KEY_ID, 1, secret, &context, grille_bytes_of(longest, sizeof longest), blob, &blob_len));
    assert_int_equal(0, blob_len);
    assert_true(kms_blob_make(KEY_ID, 1, secret, &context, (grille_bytes){.len = 0}, blob, &blob_len));
    assert_true(opens(grille_bytes_of(blob, blob_len), secret, &context));
    assert_int_equal(0, plain_len);
}

static void test_it_is_never_the_same_twice(void **state) {
    uint8_t again[KMS_CIPHERTEXT_BYTES];
    size_t len;
    (void)state;
    assert_true(kms_blob_make(KEY_ID, 7, secret, &context, grille_bytes_of_text("a plaintext"), again, &len));
    assert_memory_not_equal(&blob[25], &again[25], 12);
    assert_memory_not_equal(&blob[37], &again[37], strlen("a plaintext"));
}

static void test_identifiers(void **state) {
    static const char *const wrong[] = {"",
                                        "0f1e2d3c-4b5a-4697-8877-66554433221",
                                        "0f1e2d3c-4b5a-4697-8877-6655443322110",
                                        "0F1e2d3c-4b5a-4697-8877-665544332211",
                                        "0f1e2d3c04b5a-4697-8877-665544332211",
                                        "0f1e2d3-c4b5a-4697-8877-665544332211",
                                        "0f1e2d3c-4b5a-4697-8877-66554433221g",
                                        "0f1e2d3c-4b5a-4697-8877--65544332211",
                                        "{f1e2d3c-4b5a-4697-8877-665544332211"};
    uint8_t uuid[KMS_UUID_BYTES];
    char text[KMS_UUID_TEXT_BYTES], other[KMS_UUID_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(kms_uuid_read(wrong[i], uuid));
        assert_false(kms_blob_make(wrong[i], 1, secret, &context, (grille_bytes){.len = 0}, blob, &blob_len));
    }
    assert_true(kms_uuid_read(KEY_ID, uuid));
    kms_uuid_write(uuid, text);
    assert_string_equal(KEY_ID, text);
    assert_true(kms_uuid_make(text));
    assert_true(kms_uuid_read(text, uuid));
    assert_int_equal('4', text[14]);
    assert_non_null(strchr("89ab", text[19]));
    assert_true(kms_uuid_make(other));
    assert_string_not_equal(text, other);
}

int blob_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_it_says_its_key_and_opens),
        T(test_every_byte_counts),
        T(test_what_is_never_one),
        T(test_nothing_is_left_of_what_does_not_open),
        T(test_another_secret_or_context_does_not_open_it),
        T(test_the_order_of_a_context_does_not_matter),
        T(test_contexts_have_limits),
        T(test_the_longest_and_the_shortest),
        T(test_it_is_never_the_same_twice),
        T(test_identifiers),
    };
    return cmocka_run_group_tests_name("blob", tests, NULL, NULL);
}
