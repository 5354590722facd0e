/* SPDX-License-Identifier: Apache-2.0
 * What all requests have in common: how they are read, refused and logged. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_tests.h"
#include "kms_emulator/store_state.h"
#include "service.h"

#define PLAIN "cGxhaW4="

static void test_actions_that_are_none(void **state) {
    static const char *const targets[] = {
        "TrentService.Sign",   "TrentService.decrypt", "TrentService.", "TrentService.DecryptMore", "Decrypt", "",
        "trentservice.Decrypt"};
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        (void)ask_raw(targets[i], grille_bytes_of_text("{}"));
        assert_refused("UnknownOperationException");
        assert_int_equal(400, answer_status());
        assert_string_equal(targets[i], json_string_value(json_object_get(answer_log(), "eventName")));
    }
    (void)ask_raw(NULL, grille_bytes_of_text("{}"));
    assert_refused("UnknownOperationException");
    assert_true(json_is_null(json_object_get(answer_log(), "eventName")));
    (void)ask_raw("\xff\xfe", grille_bytes_of_text("{}"));
    assert_string_equal("??", json_string_value(json_object_get(answer_log(), "eventName")));
}

static void test_bodies_that_are_none(void **state) {
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "\"a\"",
                                         "{",
                                         "{}}",
                                         "{\"a\":1,\"a\":2}",
                                         "{'a':1}",
                                         "{a:1}",
                                         "{\"a\":\"\\u0000\"}",
                                         "{\"a\":\"\xff\"}",
                                         "{\"a\":1e999}",
                                         "{\"Limit\":99999999999999999999}"};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        (void)ask_raw("TrentService.ListKeys", grille_bytes_of_text(bodies[i]));
        assert_refused("SerializationException");
    }
    (void)ask_raw("TrentService.ListKeys", grille_bytes_of("{}\0", 3));
    assert_refused("SerializationException");
    (void)ask_raw("TrentService.ListKeys", (grille_bytes){.len = 0});
    assert_refused("SerializationException");
    (void)ask_raw("TrentService.ListKeys", grille_bytes_of_text(" { } "));
    assert_done();
}

static void test_a_body_cut_anywhere_is_no_request(void **state) {
    static const char body[] = "{\"NumberOfBytes\":16}";
    (void)state;
    for (size_t len = 0; len < sizeof body - 1; len++) {
        (void)ask_raw("TrentService.GenerateRandom", grille_bytes_of(body, len));
        assert_refused("SerializationException");
    }
    (void)ask_raw("TrentService.GenerateRandom", grille_bytes_of(body, sizeof body - 1));
    assert_done();
}

static void test_bytes_that_are_no_base64(void **state) {
    static const char *const texts[] = {"A",    "AA",   "AAA",  "AA=A", "AAA=AAAA",
                                        "A A=", "AAA-", "AAB=", "*AAA", "AAAA\\n"};
    const char *id = make_key();
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"}", id, texts[i]);
        assert_refused("SerializationException");
        (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", texts[i]);
        assert_refused("SerializationException");
    }
    (void)ask("Decrypt", "{}");
    assert_refused("ValidationException");
    (void)ask("Decrypt", "{\"CiphertextBlob\":7}");
    assert_refused("SerializationException");
}

/* Each error's place in the service's own reference. */
static void test_errors(void **state) {
    static const struct {
        kms_error error;
        const char *type;
        unsigned status;
    } rows[] = {
        {KMS_ERROR_NONE, "", 200},
        {KMS_ERROR_ACCESS_DENIED, "AccessDeniedException", 400},
        {KMS_ERROR_DEPENDENCY_TIMEOUT, "DependencyTimeoutException", 503},
        {KMS_ERROR_DRY_RUN, "DryRunOperationException", 412},
        {KMS_ERROR_EXPIRED_TOKEN, "ExpiredTokenException", 400},
        {KMS_ERROR_INTERNAL, "KMSInternalException", 500},
        {KMS_ERROR_INVALID_SIGNATURE, "InvalidSignatureException", 400},
        {KMS_ERROR_INVALID_STATE, "KMSInvalidStateException", 400},
        {KMS_ERROR_KEY_UNAVAILABLE, "KeyUnavailableException", 500},
        {KMS_ERROR_REQUEST_TOO_LARGE, "RequestEntityTooLargeException", 413},
        {KMS_ERROR_THROTTLING, "ThrottlingException", 400},
        {KMS_ERROR_UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 400},
        {KMS_ERROR_COUNT, "KMSInternalException", 500},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(rows[i].type, kms_error_type(rows[i].error));
        assert_int_equal(rows[i].status, kms_error_status(rows[i].error));
        assert_non_null(kms_error_message(rows[i].error));
    }
    for (int error = KMS_ERROR_NONE + 1; error < KMS_ERROR_COUNT; error++) {
        assert_in_range(kms_error_status((kms_error)error), 400, 503);
        assert_true(strlen(kms_error_type((kms_error)error)) > 8);
    }
}

static void test_who_is_refused_at_the_door(void **state) {
    const kms_request request = {.target = "TrentService.Decrypt", .now_ms = FORGE_NOW_MS};
    kms_answer answer;
    json_t *log;
    (void)state;
    kms_refuse(&service, NULL, &request, KMS_ERROR_THROTTLING, NULL, &answer);
    assert_int_equal(KMS_ERROR_THROTTLING, answer.error);
    assert_int_equal(400, answer.status);
    assert_string_equal("{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", answer.body);
    assert_int_equal(strlen(answer.body), answer.body_len);
    log = json_loads(answer.log, 0, NULL);
    assert_string_equal("ThrottlingException", json_string_value(json_object_get(log, "errorCode")));
    assert_true(json_is_null(json_object_get(json_object_get(log, "userIdentity"), "arn")));
    json_decref(log);
    kms_answer_clear(&answer);
    assert_null(answer.body);
    kms_refuse(&service, &caller, &request, KMS_ERROR_INVALID_SIGNATURE, "Signature expired \xe2\x82", &answer);
    assert_string_equal("{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired ??\"}", answer.body);
    kms_answer_clear(&answer);
    kms_refuse(&service, &caller, &request, KMS_ERROR_ACCESS_DENIED, "no", &answer);
    assert_string_equal("{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}", answer.body);
    kms_answer_clear(&answer);
    kms_answer_clear(&answer);
}

static void run_sql(const char *sql) {
    assert_int_equal(SQLITE_OK, sqlite3_exec(service.store->db, sql, NULL, NULL, NULL));
}

static void test_a_store_that_fails(void **state) {
    const char *id = make_key();
    sqlite3 *other;
    char *blob;
    (void)state;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    blob = strdup(answer_text("CiphertextBlob"));
    assert_int_equal(SQLITE_OK, sqlite3_open(service_store_path(), &other));
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_busy_timeout(service.store->db, 1));
    (void)ask("CreateKey", "{}");
    assert_refused("DependencyTimeoutException");
    assert_int_equal(503, answer_status());
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(other));
    run_sql("UPDATE secrets SET secret = x'00'");
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
    assert_refused("KeyUnavailableException");
    assert_int_equal(500, answer_status());
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("KeyUnavailableException");
    run_sql("UPDATE keys SET policy = 'none'");
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", id);
    assert_refused("KeyUnavailableException");
    run_sql("DROP TABLE aliases");
    (void)ask("ListAliases", "{}");
    assert_refused("KMSInternalException");
    assert_int_equal(500, answer_status());
    assert_non_null(strstr(answer_message(), "no such table"));
    free(blob);
}

static const char *logged(const char *object, const char *name) {
    const json_t *place = object == NULL ? answer_log() : json_object_get(answer_log(), object);
    return json_string_value(json_object_get(place, name));
}

static void test_a_record_of_the_log(void **state) {
    const char *id = make_key();
    const json_t *resource;
    char arn[KMS_KEY_ARN_BYTES];
    (void)state;
    assert_true(json_is_false(json_object_get(answer_log(), "readOnly")));
    (void)ask("Encrypt",
              "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"EncryptionContext\":{\"purpose\":\"records\"}}", id);
    assert_done();
    assert_string_equal("2026-06-01T12:00:00Z", logged(NULL, "eventTime"));
    assert_string_equal("kms.amazonaws.com", logged(NULL, "eventSource"));
    assert_string_equal("Encrypt", logged(NULL, "eventName"));
    assert_string_equal(REGION, logged(NULL, "awsRegion"));
    assert_string_equal("127.0.0.1", logged(NULL, "sourceIPAddress"));
    assert_string_equal("a test", logged(NULL, "userAgent"));
    assert_string_equal("AwsApiCall", logged(NULL, "eventType"));
    assert_string_equal("Management", logged(NULL, "eventCategory"));
    assert_string_equal(ACCOUNT, logged(NULL, "recipientAccountId"));
    assert_null(logged(NULL, "errorCode"));
    assert_true(json_is_true(json_object_get(answer_log(), "readOnly")));
    assert_string_equal("AssumedRole", logged("userIdentity", "type"));
    assert_string_equal(ROLE_SESSION, logged("userIdentity", "arn"));
    assert_string_equal(ACCOUNT, logged("userIdentity", "accountId"));
    assert_string_equal("ASIAEXAMPLE", logged("userIdentity", "accessKeyId"));
    assert_string_equal(id, logged("requestParameters", "keyId"));
    assert_string_equal(
        "records",
        json_string_value(json_object_get(
            json_object_get(json_object_get(answer_log(), "requestParameters"), "encryptionContext"), "purpose")));
    assert_int_equal(2, json_object_size(json_object_get(answer_log(), "requestParameters")));
    resource = json_array_get(json_object_get(answer_log(), "resources"), 0);
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", id);
    assert_string_equal(arn, json_string_value(json_object_get(resource, "ARN")));
    assert_string_equal("AWS::KMS::Key", json_string_value(json_object_get(resource, "type")));
    assert_string_equal(ACCOUNT, json_string_value(json_object_get(resource, "accountId")));
    assert_null(json_object_get(json_object_get(answer_log(), "additionalEventData"), "recipient"));
}

static void test_kinds_of_callers(void **state) {
    (void)state;
    caller.arn = "arn:aws:iam::" ACCOUNT ":user/ada";
    (void)ask("ListKeys", "{}");
    assert_string_equal("IAMUser", logged("userIdentity", "type"));
    caller.arn = "arn:aws:iam::" ACCOUNT ":root";
    caller.user_agent = NULL;
    (void)ask("ListKeys", "{}");
    assert_string_equal("Root", logged("userIdentity", "type"));
    assert_true(json_is_null(json_object_get(answer_log(), "userAgent")));
    caller.user_agent = "\xff agent";
    (void)ask("ListKeys", "{}");
    assert_string_equal("? agent", logged(NULL, "userAgent"));
}

static void test_refusals_are_logged(void **state) {
    const char *id = make_key();
    (void)state;
    caller.identity_policy_allows = false;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("AccessDeniedException");
    assert_string_equal("AccessDenied", logged(NULL, "errorCode"));
    assert_string_equal(answer_message(), logged(NULL, "errorMessage"));
    assert_string_equal(
        "DefaultDeny",
        json_string_value(json_object_get(
            json_object_get(json_object_get(answer_log(), "additionalEventData"), "keyPolicyDecision"), "verdict")));
    (void)ask("DescribeKey", "{\"KeyId\":\"alias/none\"}");
    assert_string_equal("NotFoundException", logged(NULL, "errorCode"));
    assert_int_equal(0, json_array_size(json_object_get(answer_log(), "resources")));
}

static bool log_holds(const char *text) {
    char *line = json_dumps(answer_log(), 0);
    const bool found = strstr(line, text) != NULL;
    free(line);
    return found;
}

static void test_no_secret_is_logged(void **state) {
    const char *id = make_key();
    char *blob;
    (void)state;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\",\"Surprise\":\"" PLAIN "\"}", id);
    assert_done();
    assert_false(log_holds(PLAIN));
    blob = strdup(answer_text("CiphertextBlob"));
    assert_false(log_holds(blob));
    (void)ask("Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
    assert_string_equal(PLAIN, answer_text("Plaintext"));
    assert_false(log_holds(PLAIN));
    assert_false(log_holds(blob));
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
    assert_false(log_holds(answer_text("Plaintext")));
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":32}");
    assert_false(log_holds(answer_text("Plaintext")));
    /* Nor what stands where something else belongs. */
    (void)ask("Encrypt", "{\"KeyId\":[\"" PLAIN "\"],\"Plaintext\":\"" PLAIN "\"}");
    assert_refused("SerializationException");
    assert_false(log_holds(PLAIN));
    (void)ask("Encrypt", "{\"KeyId\":{\"a\":\"" PLAIN "\"},\"Plaintext\":\"" PLAIN "\"}");
    assert_refused("SerializationException");
    assert_false(log_holds(PLAIN));
    free(blob);
}

/* Of plaintexts that passed through. */
static void test_json_is_wiped(void **state) {
    json_malloc_t taken;
    json_free_t given_back;
    (void)state;
    (void)ask("GenerateRandom", "{\"NumberOfBytes\":16}");
    assert_done();
    json_get_alloc_funcs(&taken, &given_back);
    assert_true(taken == malloc);
    assert_false(given_back == free);
    given_back(taken(16));
    given_back(NULL);
}

int actions_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_actions_that_are_none),
        T(test_bodies_that_are_none),
        T(test_a_body_cut_anywhere_is_no_request),
        T(test_bytes_that_are_no_base64),
        T(test_errors),
        T(test_who_is_refused_at_the_door),
        T(test_a_store_that_fails),
        T(test_a_record_of_the_log),
        T(test_kinds_of_callers),
        T(test_refusals_are_logged),
        T(test_no_secret_is_logged),
        T(test_json_is_wiped),
    };
    return cmocka_run_group_tests_name("actions", tests, service_group_setup, NULL);
}
