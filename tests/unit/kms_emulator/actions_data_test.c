/* SPDX-License-Identifier: Apache-2.0
 * Actions that encrypt, decrypt and make secrets, without attestation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_tests.h"
#include "kms_emulator/blob.h"
#include "service.h"

/* "plain" */
#define PLAIN  "cGxhaW4="
#define DAY_MS INT64_C(86400000)

/* Texts that are good until the next but three. */
static const char *kept(const char *text) {
    static char texts[4][9000];
    static unsigned next;
    char *copy = texts[next++ % 4];
    assert_non_null(text);
    assert_true(strlen(text) < sizeof texts[0]);
    return strcpy(copy, text);
}

static const char *encrypted(const char *id, const char *more) {
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"%s}", id, more);
    assert_done();
    return kept(answer_text("CiphertextBlob"));
}

static const char *arn_of(const char *id) {
    static char arn[KMS_KEY_ARN_BYTES];
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", id);
    return arn;
}

static void assert_decrypts(const char *blob, const char *more) {
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"%s}", blob, more);
    assert_done();
    assert_string_equal(PLAIN, answer_text("Plaintext"));
}

static void assert_decrypt_refused(const char *blob, const char *more, const char *type) {
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"%s}", blob, more);
    assert_refused(type);
    assert_int_equal(type[0] == 'D' && type[1] == 'r' ? 412 : 400, answer_status());
    assert_null(answer_text("Plaintext"));
}

static void test_what_is_encrypted_is_decrypted(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, "");
    (void)state;
    assert_string_equal(arn_of(id), answer_text("KeyId"));
    assert_string_equal("SYMMETRIC_DEFAULT", answer_text("EncryptionAlgorithm"));
    assert_decrypts(blob, "");
    assert_string_equal(arn_of(id), answer_text("KeyId"));
    assert_string_equal("SYMMETRIC_DEFAULT", answer_text("EncryptionAlgorithm"));
    assert_decrypts(blob, ",\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"GrantTokens\":[],\"KeyId\":null");
    service_reopen();
    assert_decrypts(blob, "");
}

static void test_a_ciphertext_names_its_key(void **state) {
    const char *id = make_key();
    const char *other = make_key();
    const char *blob = encrypted(id, "");
    char more[256];
    (void)state;
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/mine\",\"TargetKeyId\":\"%s\"}", id);
    assert_done();
    (void)snprintf(more, sizeof more, ",\"KeyId\":\"%s\"", id);
    assert_decrypts(blob, more);
    (void)snprintf(more, sizeof more, ",\"KeyId\":\"%s\"", arn_of(id));
    assert_decrypts(blob, more);
    assert_decrypts(blob, ",\"KeyId\":\"alias/mine\"");
    assert_decrypts(blob, ",\"KeyId\":\"arn:aws:kms:" REGION ":" ACCOUNT ":alias/mine\"");
    (void)snprintf(more, sizeof more, ",\"KeyId\":\"%s\"", other);
    assert_decrypt_refused(blob, more, "IncorrectKeyException");
    assert_string_equal("The key ID in the request does not identify a CMK that can perform this operation.",
                        answer_message());
    assert_decrypt_refused(blob, ",\"KeyId\":\"alias/none\"", "NotFoundException");
}

static void test_the_context_must_be_the_same(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, ",\"EncryptionContext\":{\"a\":\"1\",\"b\":\"\"}");
    (void)state;
    assert_decrypts(blob, ",\"EncryptionContext\":{\"b\":\"\",\"a\":\"1\"}");
    assert_decrypt_refused(blob, "", "InvalidCiphertextException");
    assert_string_equal("", answer_message());
    assert_decrypt_refused(blob, ",\"EncryptionContext\":{}", "InvalidCiphertextException");
    assert_decrypt_refused(blob, ",\"EncryptionContext\":{\"a\":\"1\"}", "InvalidCiphertextException");
    assert_decrypt_refused(blob, ",\"EncryptionContext\":{\"a\":\"1\",\"b\":\"x\"}", "InvalidCiphertextException");
    assert_decrypt_refused(blob, ",\"EncryptionContext\":{\"A\":\"1\",\"b\":\"\"}", "InvalidCiphertextException");
    assert_decrypts(encrypted(id, ",\"EncryptionContext\":{}"), "");
}

static void test_what_is_no_ciphertext(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, "");
    grille_bytes bytes = unbase64(blob);
    uint8_t changed[256];
    char more[64];
    (void)state;
    memcpy(changed, bytes.data, bytes.len);
    changed[bytes.len - 20] ^= 1;
    assert_decrypt_refused(base64(grille_bytes_of(changed, bytes.len)), "", "InvalidCiphertextException");
    assert_decrypt_refused(base64(grille_bytes_of(bytes.data, bytes.len - 1)), "", "InvalidCiphertextException");
    assert_decrypt_refused(PLAIN, "", "InvalidCiphertextException");
    (void)snprintf(more, sizeof more, ",\"KeyId\":\"%s\"", id);
    assert_decrypt_refused(PLAIN, more, "InvalidCiphertextException");
    /* Of a secret that the key has not. */
    changed[bytes.len - 20] ^= 1;
    changed[24] = 2;
    assert_decrypt_refused(base64(grille_bytes_of(changed, bytes.len)), "", "InvalidCiphertextException");
    /* Of a key that nobody has: whether it is so does not show. */
    changed[24] = 1;
    changed[5] ^= 1;
    assert_decrypt_refused(base64(grille_bytes_of(changed, bytes.len)), "", "AccessDeniedException");
    assert_non_null(strstr(answer_message(), "The ciphertext refers to a customer master key that does not exist"));
}

static void test_lengths_of_plaintexts(void **state) {
    static uint8_t plain[KMS_PLAINTEXT_BYTES + 1];
    const char *id = make_key();
    const char *text;
    (void)state;
    memset(plain, 0x77, sizeof plain);
    text = base64(grille_bytes_of(plain, KMS_PLAINTEXT_BYTES));
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"}", id, text);
    assert_done();
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", kept(answer_text("CiphertextBlob")));
    assert_done();
    assert_string_equal(text, answer_text("Plaintext"));
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"}", id, base64(grille_bytes_of(plain, sizeof plain)));
    assert_refused("ValidationException");
    assert_string_equal("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "
                        "have length less than or equal to 4096",
                        answer_message());
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"\"}", id);
    assert_refused("ValidationException");
}

static void test_states_of_keys(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, "");
    char expected[128];
    (void)state;
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_decrypt_refused(blob, "", "DisabledException");
    (void)snprintf(expected, sizeof expected, "%s is disabled.", arn_of(id));
    assert_string_equal(expected, answer_message());
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("DisabledException");
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
    assert_refused("DisabledException");
    (void)ask("EnableKey", "{\"KeyId\":\"%s\"}", id);
    assert_decrypts(blob, "");
    (void)ask("ScheduleKeyDeletion", "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
    assert_done();
    assert_decrypt_refused(blob, "", "KMSInvalidStateException");
    (void)snprintf(expected, sizeof expected, "%s is pending deletion.", arn_of(id));
    assert_string_equal(expected, answer_message());
    now_ms += 7 * DAY_MS - 1;
    assert_decrypt_refused(blob, "", "KMSInvalidStateException");
    now_ms += 1;
    assert_decrypt_refused(blob, "", "AccessDeniedException");
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", id);
    assert_refused("NotFoundException");
}

static void test_keys_for_something_else(void **state) {
    const json_t *metadata = json_object_get(
        ask("CreateKey", "{\"KeyUsage\":\"GENERATE_VERIFY_MAC\",\"KeySpec\":\"HMAC_256\"}"), "KeyMetadata");
    const char *id = kept(json_string_value(json_object_get(metadata, "KeyId")));
    char expected[256];
    (void)state;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("InvalidKeyUsageException");
    (void)snprintf(expected, sizeof expected, "%s key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.",
                   arn_of(id));
    assert_string_equal(expected, answer_message());
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
    assert_refused("InvalidKeyUsageException");
    (void)ask("RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id);
    assert_refused("UnsupportedOperationException");
}

static void test_what_would_happen(void **state) {
    const char *id = make_key();
    const char *blob = encrypted(id, "");
    (void)state;
    assert_decrypt_refused(blob, ",\"DryRun\":true", "DryRunOperationException");
    assert_int_equal(412, answer_status());
    assert_decrypts(blob, ",\"DryRun\":false");
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"DryRun\":true}", id);
    assert_refused("DryRunOperationException");
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\",\"DryRun\":true}", id);
    assert_refused("DryRunOperationException");
    /* What is refused anyway is refused so. */
    assert_decrypt_refused(blob, ",\"DryRun\":true,\"KeyId\":\"alias/none\"", "NotFoundException");
}

static void test_members_that_nothing_here_has(void **state) {
    const char *blob = encrypted(make_key(), "");
    (void)state;
    assert_decrypt_refused(blob, ",\"GrantTokens\":[\"a\"]", "InvalidGrantTokenException");
    assert_decrypt_refused(blob, ",\"GrantTokens\":\"a\"", "SerializationException");
    assert_decrypt_refused(blob, ",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"", "ValidationException");
    assert_decrypt_refused(blob, ",\"EncryptionAlgorithm\":1", "SerializationException");
    assert_decrypts(blob, ",\"SomethingNew\":{\"a\":[1,2]}");
}

/* A data key in the clear and under its key are the same. */
static void test_data_keys(void **state) {
    static const struct {
        const char *asked;
        size_t len;
    } rows[] = {{"\"KeySpec\":\"AES_256\"", 32},
                {"\"KeySpec\":\"AES_128\"", 16},
                {"\"NumberOfBytes\":1", 1},
                {"\"NumberOfBytes\":1024", 1024}};
    const char *id = make_key();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *plain;
        (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"EncryptionContext\":{\"a\":\"b\"},%s}", id, rows[i].asked);
        assert_done();
        assert_string_equal(arn_of(id), answer_text("KeyId"));
        plain = kept(answer_text("Plaintext"));
        assert_int_equal(rows[i].len, unbase64(plain).len);
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{\"a\":\"b\"}}",
                  kept(answer_text("CiphertextBlob")));
        assert_done();
        assert_string_equal(plain, answer_text("Plaintext"));
    }
}

static void test_data_keys_without_plaintext(void **state) {
    const char *id = make_key();
    const char *blob;
    (void)state;
    (void)ask("GenerateDataKeyWithoutPlaintext", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
    assert_done();
    assert_null(answer_text("Plaintext"));
    assert_string_equal(arn_of(id), answer_text("KeyId"));
    blob = kept(answer_text("CiphertextBlob"));
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
    assert_done();
    assert_int_equal(32, unbase64(answer_text("Plaintext")).len);
}

static void test_data_keys_are_asked_for_in_one_way(void **state) {
    static const struct {
        const char *asked;
        const char *type;
    } rows[] = {{"", "ValidationException"},
                {",\"KeySpec\":\"AES_256\",\"NumberOfBytes\":32", "ValidationException"},
                {",\"KeySpec\":\"AES_512\"", "ValidationException"},
                {",\"KeySpec\":7", "SerializationException"},
                {",\"NumberOfBytes\":0", "ValidationException"},
                {",\"NumberOfBytes\":-1", "ValidationException"},
                {",\"NumberOfBytes\":1025", "ValidationException"},
                {",\"NumberOfBytes\":16.0", "SerializationException"},
                {",\"NumberOfBytes\":\"16\"", "SerializationException"}};
    const char *id = make_key();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\"%s}", id, rows[i].asked);
        assert_refused(rows[i].type);
        (void)ask("GenerateDataKeyWithoutPlaintext", "{\"KeyId\":\"%s\"%s}", id, rows[i].asked);
        assert_refused(rows[i].type);
    }
}

static void test_random(void **state) {
    const char *first;
    (void)state;
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1024}");
    assert_done();
    first = kept(answer_text("Plaintext"));
    assert_int_equal(1024, unbase64(first).len);
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1024}");
    assert_string_not_equal(first, answer_text("Plaintext"));
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1025}");
    assert_refused("ValidationException");
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":0}");
    assert_refused("ValidationException");
    (void)ask("GenerateRandom", "{}");
    assert_refused("ValidationException");
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1,\"CustomKeyStoreId\":\"cks-1\"}");
    assert_refused("UnsupportedOperationException");
    caller.identity_policy_allows = false;
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1}");
    assert_refused("AccessDeniedException");
    assert_string_equal("User: " ROLE_SESSION
                        " is not authorized to perform: kms:GenerateRandom on resource: * because "
                        "no identity-based policy allows the kms:GenerateRandom action",
                        answer_message());
}

static void test_older_secrets_go_on_decrypting(void **state) {
    const char *id = make_key();
    const char *before = encrypted(id, "");
    const char *after;
    (void)state;
    (void)ask("RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_string_equal(id, answer_text("KeyId"));
    after = encrypted(id, "");
    assert_int_equal(1, unbase64(before).data[24]);
    assert_int_equal(2, unbase64(after).data[24]);
    service_reopen();
    assert_decrypts(before, "");
    assert_decrypts(after, "");
}

static void test_contexts_that_are_refused(void **state) {
    const char *id = make_key();
    char *large = malloc(10000);
    json_t *many = json_object();
    char *text;
    char name[16];
    (void)state;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":[]}", id);
    assert_refused("SerializationException");
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":{\"a\":1}}", id);
    assert_refused("SerializationException");
    memset(large, 'x', KMS_CONTEXT_BYTES);
    large[KMS_CONTEXT_BYTES] = '\0';
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":{\"a\":\"%s\"}}", id,
              large);
    assert_refused("ValidationException");
    large[KMS_CONTEXT_BYTES - 1] = '\0';
    (void)encrypted(id, ""); /* the key is not to blame */
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":{\"a\":\"%s\"}}", id,
              large);
    assert_done();
    for (int i = 0; i < KMS_CONTEXT_PAIRS; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(0, json_object_set_new(many, name, json_string("v")));
    }
    text = json_dumps(many, 0);
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":%s}", id, text);
    assert_done();
    free(text);
    free(large);
    json_decref(many);
}

int actions_data_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_what_is_encrypted_is_decrypted),
        T(test_a_ciphertext_names_its_key),
        T(test_the_context_must_be_the_same),
        T(test_what_is_no_ciphertext),
        T(test_lengths_of_plaintexts),
        T(test_states_of_keys),
        T(test_keys_for_something_else),
        T(test_what_would_happen),
        T(test_members_that_nothing_here_has),
        T(test_data_keys),
        T(test_data_keys_without_plaintext),
        T(test_data_keys_are_asked_for_in_one_way),
        T(test_random),
        T(test_older_secrets_go_on_decrypting),
        T(test_contexts_that_are_refused),
    };
    return cmocka_run_group_tests_name("actions_data", tests, service_group_setup, NULL);
}
