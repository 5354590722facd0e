/* SPDX-License-Identifier: Apache-2.0
 * Requests with an attestation document: what it opens, and what it does not. */
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_tests.h"
#include "kms/cms.h"
#include "service.h"

#define PLAIN     "cGxhaW4="
#define MINUTE_MS 60000

static forge_document document;

static int setup(void **state) {
    document_init(&document);
    return service_setup(state);
}

static char *blob_of(const char *id) {
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_done();
    return strdup(answer_text("CiphertextBlob"));
}

/* A Recipient's member with such a document. */
static const char *recipient_of(const char *document_text) {
    static char member[60000];
    (void)snprintf(member, sizeof member,
                   "\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"%s\"}",
                   document_text);
    return member;
}

static const char *recipient(void) {
    return recipient_of(document_base64(&document));
}

/* What the answer has for our key. */
static size_t opened(uint8_t plain[2000]) {
    const grille_bytes message = unbase64(answer_text("CiphertextForRecipient"));
    const unsigned char *at = message.data;
    CMS_ContentInfo *info = d2i_CMS_ContentInfo(NULL, &at, (long)message.len);
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes;
    size_t len;
    assert_done();
    assert_true(json_is_null(json_object_get(ask_last(), "Plaintext")));
    assert_non_null(info);
    assert_int_equal(1, CMS_decrypt(info, recipient_key(), NULL, NULL, out, 0));
    len = (size_t)BIO_get_mem_data(out, &bytes);
    assert_in_range(len, 0, 2000);
    memcpy(plain, bytes, len);
    BIO_free(out);
    CMS_ContentInfo_free(info);
    return len;
}

static void assert_opened(const char *expected) {
    uint8_t plain[2000];
    assert_int_equal(strlen(expected), opened(plain));
    assert_memory_equal(expected, plain, strlen(expected));
}

static void test_decrypt_for_the_documents_key(void **state) {
    char *blob = blob_of(make_key());
    grille_cms cms;
    (void)state;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_opened("plain");
    assert_int_equal(GRILLE_REASON_OK, grille_cms_read(unbase64(answer_text("CiphertextForRecipient")), &cms));
    assert_false(cms.content.is_primitive);
    service.primitive_content = true;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_opened("plain");
    assert_int_equal(GRILLE_REASON_OK, grille_cms_read(unbase64(answer_text("CiphertextForRecipient")), &cms));
    assert_true(cms.content.is_primitive);
    free(blob);
}

static void test_secrets_for_the_documents_key(void **state) {
    const char *id = make_key();
    uint8_t data_key[2000], again[2000];
    char *blob;
    (void)state;
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\",%s}", id, recipient());
    assert_int_equal(32, opened(data_key));
    blob = strdup(answer_text("CiphertextBlob"));
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_int_equal(32, opened(again));
    assert_memory_equal(data_key, again, 32);
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":1024,%s}", recipient());
    assert_int_equal(1024, opened(again));
    free(blob);
}

/* The service keeps no nonces: a document counts for five minutes, whoever shows it. */
static void test_a_document_may_be_shown_again(void **state) {
    char *blob = blob_of(make_key());
    char *same = strdup(recipient());
    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, same);
        assert_opened("plain");
    }
    now_ms += 5 * MINUTE_MS;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, same);
    assert_opened("plain");
    now_ms += 1;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, same);
    assert_refused("ValidationException");
    assert_non_null(strstr(answer_message(), "The attestation document is not valid: ATTEST-DOCUMENT-STALE"));
    free(same);
    free(blob);
}

static void assert_document_refused(const char *with, const char *problem) {
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", with);
    assert_refused("ValidationException");
    if (strstr(answer_message(), problem) == NULL) fail_msg("expected %s: %s", problem, answer_message());
    assert_null(answer_text("CiphertextForRecipient"));
}

static void test_times_of_documents(void **state) {
    (void)state;
    document.timestamp_ms = FORGE_NOW_MS + 2 * MINUTE_MS;
    assert_document_refused(recipient(), "ATTEST-DOCUMENT-FUTURE");
    document_init(&document);
    now_ms = FORGE_NOW_MS + 3 * FORGE_HOUR_MS;
    document.timestamp_ms = (uint64_t)now_ms;
    assert_document_refused(recipient(), "ATTEST-CERT-EXPIRED");
    /* The service's own time for documents, and not that of the request. */
    document_init(&document);
    service.documents_at_ms = FORGE_NOW_MS;
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", recipient());
    assert_done();
    service.documents_at_ms = now_ms;
    now_ms = FORGE_NOW_MS;
    assert_document_refused(recipient(), "ATTEST-CERT-EXPIRED");
}

static void flip_signature(uint8_t *signature, size_t *len) {
    signature[*len - 1] ^= 1;
}

static void test_documents_that_were_made_otherwise(void **state) {
    static forge_template templates[FORGE_CHAIN];
    forge_chain other;
    (void)state;
    document.edit_signature = flip_signature;
    assert_document_refused(recipient(), "ATTEST-COSE-SIGNATURE");
    document_init(&document);
    document.nitrotpm = true;
    assert_document_refused(recipient(), "ATTEST-DOCUMENT-NITROTPM");
    document_init(&document);
    document.omitted = "pcrs";
    assert_document_refused(recipient(), "ATTEST-DOCUMENT-");
    document_init(&document);
    document.pcr_mask &= ~1u;
    assert_document_refused(recipient(), "ATTEST-PCR-MISSING");
    assert_document_refused(recipient_of(base64(grille_bytes_of_text("no document"))), "ATTEST-CO");
    /* Right in itself, but under a root of somebody else's. */
    forge_chain_templates(templates);
    forge_chain_make(templates, &other);
    forge_document_init(&document, &other);
    document.public_key = recipient_spki();
    assert_document_refused(recipient_of(base64(forge_document_sign(&document, &other))), "ATTEST-ROOT-MISMATCH");
    forge_chain_free(&other);
}

static void test_a_document_that_was_changed(void **state) {
    const grille_bytes right = forge_document_sign(&document, &chain);
    uint8_t *changed = malloc(right.len);
    (void)state;
    memcpy(changed, right.data, right.len);
    /* Some byte of each part; the last one is of the signature. */
    for (size_t at = 10; at < right.len; at += right.len / 16) {
        changed[at] ^= 0x20;
        assert_document_refused(recipient_of(base64(grille_bytes_of(changed, right.len))), "ATTEST-");
        changed[at] ^= 0x20;
    }
    assert_document_refused(recipient_of(base64(grille_bytes_of(changed, right.len - 1))), "ATTEST-");
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", recipient_of(base64(grille_bytes_of(changed, right.len))));
    assert_done();
    free(changed);
}

static void test_keys_of_documents(void **state) {
    uint8_t spki[1024];
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    uint8_t *der = NULL;
    const int der_len = i2d_PUBKEY(curve, &der);
    (void)state;
    document.public_key = (grille_bytes){.len = 0};
    assert_document_refused(recipient(), "it has no public_key");
    document.public_key = spki_of_bits(1024, 65537, spki);
    assert_document_refused(recipient(), "its public_key is an RSA key below 2,048 bits");
    document.public_key = grille_bytes_of(der, (size_t)der_len);
    assert_document_refused(recipient(), "its public_key is no RSA key");
    document.public_key = grille_bytes_of_text("no key");
    assert_document_refused(recipient(), "its public_key is no SubjectPublicKeyInfo in DER");
    document.public_key = spki_of_bits(3072, 65537, spki);
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", recipient());
    assert_done();
    OPENSSL_free(der);
    EVP_PKEY_free(curve);
}

static void test_recipients_that_are_none(void **state) {
    static char large[400000];
    static const struct {
        const char *member;
        const char *type;
    } rows[] = {
        {"\"Recipient\":[]", "SerializationException"},
        {"\"Recipient\":{}", "ValidationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}", "ValidationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\",\"AttestationDocument\":\"AAAA\"}",
         "ValidationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":1,\"AttestationDocument\":\"AAAA\"}", "SerializationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"\"}",
         "ValidationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"A\"}",
         "SerializationException"},
        {"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":7}",
         "SerializationException"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", rows[i].member);
        assert_refused(rows[i].type);
    }
    (void)snprintf(large, sizeof large,
                   "\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\",\"AttestationDocument\":\"%s\"}",
                   document_base64(&document));
    assert_document_refused(large, "Member must satisfy enum value set: [RSAES_OAEP_SHA_256]");
    memset(large, 'A', 349532); /* of 262,149 bytes */
    (void)ask("GenerateRandom",
              "{\"NumberOfBytes\":16,\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
              "\"AttestationDocument\":\"%s\"}}",
              large);
    assert_refused("ValidationException");
    assert_non_null(strstr(answer_message(), "less than or equal to 262144"));
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,\"Recipient\":null}");
    assert_done();
    assert_non_null(answer_text("Plaintext"));
}

static void test_no_root_at_all(void **state) {
    (void)state;
    service.insecure_development_root_count = 0;
    assert_document_refused(recipient(), "this service trusts no root");
    service.takes_aws_root = true;
    assert_document_refused(recipient(), "ATTEST-ROOT-MISMATCH");
}

static void test_any_of_the_roots(void **state) {
    static forge_template templates[FORGE_CHAIN];
    forge_chain other;
    grille_bytes roots[2];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &other);
    roots[0] = forge_chain_der(&other, 0);
    roots[1] = forge_chain_der(&chain, 0);
    service.insecure_development_roots = roots;
    service.insecure_development_root_count = 2;
    service.takes_aws_root = true;
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", recipient());
    assert_done();
    forge_document_init(&document, &other);
    document.public_key = recipient_spki();
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}",
              recipient_of(base64(forge_document_sign(&document, &other))));
    assert_done();
    forge_chain_free(&other);
}

/* An Allow for decrypting under a condition, and one for everything else. */
static const char *policy_with(const char *condition) {
    static char policy[4096];
    (void)snprintf(policy, sizeof policy,
                   "{\"Version\":\"2012-10-17\",\"Statement\":["
                   "{\"Sid\":\"Owner\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::" ACCOUNT ":root\"},"
                   "\"Action\":[\"kms:Encrypt\",\"kms:PutKeyPolicy\"],\"Resource\":\"*\"},"
                   "{\"Sid\":\"Enclave\",\"Effect\":\"Allow\","
                   "\"Principal\":{\"AWS\":\"arn:aws:iam::" ACCOUNT ":role/Enclaves\"},"
                   "\"Action\":[\"kms:Decrypt\",\"kms:GenerateDataKey\"],\"Resource\":\"*\",\"Condition\":%s}]}",
                   condition);
    return policy;
}

static const char *hex_of(unsigned pcr) {
    static char texts[4][2 * GRILLE_PCR_BYTES + 1];
    static unsigned next;
    char *text = texts[next++ % 4];
    grille_hex_encode(grille_bytes_of(document.pcrs[pcr], GRILLE_PCR_BYTES), text);
    return text;
}

static const char *zeros = "000000000000000000000000000000000000000000000000"
                           "000000000000000000000000000000000000000000000000";

static const char *condition_on(const char *key, const char *value) {
    static char condition[400];
    (void)snprintf(condition, sizeof condition, "{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:%s\":\"%s\"}}",
                   key, value);
    return condition;
}

static void test_each_measurement_decides(void **state) {
    static const unsigned numbers[] = {0, 1, 2, 3, 4, 8};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char key[16];
        char *blob;
        (void)snprintf(key, sizeof key, "PCR%u", numbers[i]);
        blob = blob_of(make_key_with(policy_with(condition_on(key, hex_of(numbers[i])))));
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
        assert_opened("plain");
        document.pcrs[numbers[i]][47] ^= 1;
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
        /* An instance is in its certificates, too; of a development root it need not be. */
        assert_refused("AccessDeniedException");
        document.pcrs[numbers[i]][47] ^= 1;
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
        assert_refused("AccessDeniedException");
        free(blob);
    }
}

static void test_the_image_decides(void **state) {
    char *blob = blob_of(make_key_with(policy_with(condition_on("ImageSha384", hex_of(0)))));
    (void)state;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_opened("plain");
    document.pcrs[0][0] ^= 1;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_refused("AccessDeniedException");
    assert_non_null(strstr(answer_message(), "User: " ROLE_SESSION " is not authorized to perform: kms:Decrypt on"));
    assert_non_null(strstr(answer_message(), "because no resource-based policy allows the kms:Decrypt action"));
    assert_null(strstr(answer_message(), "ImageSha384"));
    service.insecure_explain = true;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_non_null(strstr(answer_message(), "ImageSha384"));
    free(blob);
}

/* A debug enclave's measurements are zeros, for the policy as for any other: it must not name them. */
static void test_debug_enclaves(void **state) {
    char *blob = blob_of(make_key_with(policy_with(condition_on("PCR0", hex_of(0)))));
    char *careless = blob_of(make_key_with(policy_with(condition_on("PCR0", zeros))));
    (void)state;
    memset(document.pcrs[0], 0, GRILLE_PCR_BYTES);
    memset(document.pcrs[1], 0, GRILLE_PCR_BYTES);
    memset(document.pcrs[2], 0, GRILLE_PCR_BYTES);
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_refused("AccessDeniedException");
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", careless, recipient());
    assert_opened("plain");
    free(blob);
    free(careless);
}

/* Without a document the key is absent: negations hold then, as IAM says. */
static void test_absent_documents(void **state) {
    char *not_that =
        blob_of(make_key_with(policy_with("{\"StringNotEquals\":{\"kms:RecipientAttestation:PCR0\":\"00\"}}")));
    char *present =
        blob_of(make_key_with(policy_with("{\"Null\":{\"kms:RecipientAttestation:ImageSha384\":\"false\"}}")));
    (void)state;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", not_that);
    assert_done();
    assert_string_equal(PLAIN, answer_text("Plaintext"));
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", present);
    assert_refused("AccessDeniedException");
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", present, recipient());
    assert_opened("plain");
    free(not_that);
    free(present);
}

static const json_t *additional(const char *name) {
    return json_object_get(json_object_get(answer_log(), "additionalEventData"), name);
}

static const char *logged(const char *name) {
    return json_string_value(json_object_get(additional("recipient"), name));
}

static void test_the_log_tells_of_the_document(void **state) {
    char *blob = blob_of(make_key_with(policy_with(condition_on("PCR3", hex_of(3)))));
    const json_t *decision;
    (void)state;
    memset(document.pcrs[8], 0, GRILLE_PCR_BYTES);
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_opened("plain");
    assert_string_equal(FORGE_MODULE, logged("attestationDocumentModuleId"));
    assert_string_equal(hex_of(0), logged("attestationDocumentEnclaveImageDigest"));
    assert_string_equal(hex_of(1), logged("attestationDocumentEnclavePCR1"));
    assert_string_equal(hex_of(2), logged("attestationDocumentEnclavePCR2"));
    assert_string_equal(hex_of(3), logged("attestationDocumentEnclavePCR3"));
    assert_string_equal(hex_of(4), logged("attestationDocumentEnclavePCR4"));
    assert_null(logged("attestationDocumentEnclavePCR8")); /* zeros: no signed image */
    decision = additional("keyPolicyDecision");
    assert_string_equal("Allow", json_string_value(json_object_get(decision, "verdict")));
    assert_int_equal(2, json_integer_value(json_object_get(decision, "statement")));
    assert_non_null(strstr(json_string_value(json_object_get(decision, "reason")), "Enclave"));
    document.pcrs[3][0] ^= 1;
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient());
    assert_string_equal(hex_of(3), logged("attestationDocumentEnclavePCR3"));
    decision = additional("keyPolicyDecision");
    assert_string_equal("DefaultDeny", json_string_value(json_object_get(decision, "verdict")));
    assert_non_null(strstr(json_string_value(json_object_get(decision, "reason")), "PCR3"));
    free(blob);
}

#define THREADS       10
#define CALLS_OF_EACH 10

/* How many of its decryptions were not done. */
static void *decrypt_often(void *body) {
    const kms_request request = {
        .target = "TrentService.Decrypt", .body = grille_bytes_of_text(body), .now_ms = FORGE_NOW_MS};
    uintptr_t failed = 0;
    for (int i = 0; i < CALLS_OF_EACH; i++) {
        kms_answer one;
        kms_action(&service, &caller, &request, &one);
        if (one.error != KMS_ERROR_NONE || strstr(one.body, "CiphertextForRecipient") == NULL || one.log == NULL)
            failed++;
        kms_answer_clear(&one);
    }
    return (void *)failed;
}

static void test_a_hundred_at_once(void **state) {
    char *blob = blob_of(make_key());
    pthread_t threads[THREADS];
    char *body;
    (void)state;
    assert_true(asprintf(&body, "{\"CiphertextBlob\":\"%s\",%s}", blob, recipient()) > 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, decrypt_often, body));
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
    free(body);
    free(blob);
}

/* Documents of real enclaves that carry an RSA key: Amazon's root, and the time at which they were made. */
static void test_real_documents(void **state) {
    const char *folder = getenv("GRILLE_TESTDATA");
    unsigned found = 0;
    json_t *list;
    const json_t *row;
    char path[4096];
    size_t at;
    (void)state;
    if (folder == NULL) {
        print_message("0 real documents: no GRILLE_TESTDATA\n");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/attestation/real.json", folder);
    list = json_load_file(path, 0, NULL);
    assert_true(json_is_array(list));
    service.takes_aws_root = true;
    json_array_foreach(list, at, row) {
        static uint8_t bytes[20000];
        FILE *file;
        size_t len;
        if (json_integer_value(json_object_get(row, "public_key")) != 294) continue;
        (void)snprintf(path, sizeof path, "%s/attestation/%s", folder, json_string_value(json_object_get(row, "file")));
        file = fopen(path, "rb");
        assert_non_null(file);
        len = fread(bytes, 1, sizeof bytes, file);
        assert_int_equal(0, fclose(file));
        service.documents_at_ms = json_integer_value(json_object_get(row, "timestamp_ms"));
        (void)ask("GenerateRandom", "{\"NumberOfBytes\":16,%s}", recipient_of(base64(grille_bytes_of(bytes, len))));
        assert_done();
        assert_non_null(answer_text("CiphertextForRecipient"));
        service.documents_at_ms += 6 * MINUTE_MS;
        assert_document_refused(recipient_of(base64(grille_bytes_of(bytes, len))), "ATTEST-DOCUMENT-STALE");
        found++;
    }
    assert_true(found > 0);
    print_message("%u real documents\n", found);
    json_decref(list);
}

int actions_recipient_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_decrypt_for_the_documents_key),
        T(test_secrets_for_the_documents_key),
        T(test_a_document_may_be_shown_again),
        T(test_times_of_documents),
        T(test_documents_that_were_made_otherwise),
        T(test_a_document_that_was_changed),
        T(test_keys_of_documents),
        T(test_recipients_that_are_none),
        T(test_no_root_at_all),
        T(test_any_of_the_roots),
        T(test_each_measurement_decides),
        T(test_the_image_decides),
        T(test_debug_enclaves),
        T(test_absent_documents),
        T(test_the_log_tells_of_the_document),
        T(test_a_hundred_at_once),
        T(test_real_documents),
    };
    return cmocka_run_group_tests_name("actions_recipient", tests, service_group_setup, NULL);
}
