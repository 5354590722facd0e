/* SPDX-License-Identifier: Apache-2.0
 * Actions on keys, their names and lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_tests.h"
#include "service.h"

#define DAY_MS INT64_C(86400000)

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static const json_t *described(const char *key) {
    const json_t *metadata = json_object_get(ask("DescribeKey", "{\"KeyId\":\"%s\"}", key), "KeyMetadata");
    assert_done();
    return metadata;
}

static void assert_state(const char *id, const char *state) {
    const json_t *metadata = described(id);
    assert_string_equal(state, text_of(metadata, "KeyState"));
    assert_int_equal(strcmp(state, "Enabled") == 0, json_is_true(json_object_get(metadata, "Enabled")));
    assert_int_equal(strcmp(state, "PendingDeletion") == 0, json_object_get(metadata, "DeletionDate") != NULL);
}

static void test_a_key_is_described(void **state) {
    const json_t *metadata;
    char id[KMS_KEY_ID_BYTES];
    (void)state;
    metadata = json_object_get(ask("CreateKey", "{\"Description\":\"for records\",\"KeySpec\":\"SYMMETRIC_DEFAULT\","
                                                "\"Origin\":\"AWS_KMS\",\"MultiRegion\":false,\"Tags\":[]}"),
                               "KeyMetadata");
    assert_done();
    (void)snprintf(id, sizeof id, "%s", text_of(metadata, "KeyId"));
    metadata = described(id);
    assert_string_equal(id, text_of(metadata, "KeyId"));
    assert_string_equal(ACCOUNT, text_of(metadata, "AWSAccountId"));
    assert_string_equal("for records", text_of(metadata, "Description"));
    assert_string_equal("ENCRYPT_DECRYPT", text_of(metadata, "KeyUsage"));
    assert_string_equal("SYMMETRIC_DEFAULT", text_of(metadata, "KeySpec"));
    assert_string_equal("SYMMETRIC_DEFAULT", text_of(metadata, "CustomerMasterKeySpec"));
    assert_string_equal("AWS_KMS", text_of(metadata, "Origin"));
    assert_string_equal("CUSTOMER", text_of(metadata, "KeyManager"));
    assert_true(json_is_false(json_object_get(metadata, "MultiRegion")));
    assert_string_equal("SYMMETRIC_DEFAULT",
                        json_string_value(json_array_get(json_object_get(metadata, "EncryptionAlgorithms"), 0)));
    assert_true(json_real_value(json_object_get(metadata, "CreationDate")) == (double)FORGE_NOW_MS / 1000);
    assert_state(id, "Enabled");
}

static void test_what_keys_can_not_be(void **state) {
    static const struct {
        const char *body;
        const char *type;
    } rows[] = {
        {"{\"KeySpec\":\"RSA_2048\",\"KeyUsage\":\"SIGN_VERIFY\"}", "UnsupportedOperationException"},
        {"{\"KeySpec\":\"HMAC_256\"}", "UnsupportedOperationException"},
        {"{\"KeyUsage\":\"GENERATE_VERIFY_MAC\"}", "UnsupportedOperationException"},
        {"{\"CustomerMasterKeySpec\":\"RSA_2048\"}", "UnsupportedOperationException"},
        {"{\"Origin\":\"EXTERNAL\"}", "UnsupportedOperationException"},
        {"{\"MultiRegion\":true}", "UnsupportedOperationException"},
        {"{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]}", "UnsupportedOperationException"},
        {"{\"CustomKeyStoreId\":\"cks-1\"}", "UnsupportedOperationException"},
        {"{\"MultiRegion\":\"no\"}", "SerializationException"},
        {"{\"Description\":7}", "SerializationException"},
        {"{\"Policy\":{}}", "SerializationException"},
        {"{\"Policy\":\"\"}", "ValidationException"},
        {"{\"Policy\":\"{}\"}", "MalformedPolicyDocumentException"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)ask("CreateKey", "%s", rows[i].body);
        assert_refused(rows[i].type);
    }
    caller.identity_policy_allows = false;
    (void)ask("CreateKey", "{}");
    assert_refused("AccessDeniedException");
    caller.identity_policy_allows = true;
    assert_int_equal(0, json_array_size(json_object_get(ask("ListKeys", "{}"), "Keys")));
}

static void test_names_of_keys(void **state) {
    const char *id = make_key();
    char wrong[128];
    static const struct {
        const char *name;
        const char *type;
        const char *message;
    } rows[] = {
        {"alias/none", "NotFoundException", "Alias arn:aws:kms:" REGION ":" ACCOUNT ":alias/none is not found."},
        {"00000000-0000-4000-8000-000000000000", "NotFoundException",
         "Key 'arn:aws:kms:" REGION ":" ACCOUNT ":key/00000000-0000-4000-8000-000000000000' does not exist"},
        {"arn:aws:kms:us-east-1:" ACCOUNT ":key/00000000-0000-4000-8000-000000000000", "NotFoundException",
         "Invalid arn us-east-1"},
        {"arn:aws:kms:" REGION ":" ACCOUNT ":tree/1", "InvalidArnException",
         "Invalid arn arn:aws:kms:" REGION ":" ACCOUNT ":tree/1"},
        {"arn:aws:s3:::bucket", "InvalidArnException", "Invalid arn arn:aws:s3:::bucket"},
        {"arn:aws:kms:" REGION, "InvalidArnException", "Invalid arn arn:aws:kms:" REGION},
        {"arn:aws:kms::" ACCOUNT ":key/1", "InvalidArnException", "Invalid arn arn:aws:kms::" ACCOUNT ":key/1"},
        {"arn:aws:kms:" REGION ":1111222233334:key/1", "InvalidArnException",
         "Invalid arn arn:aws:kms:" REGION ":1111222233334:key/1"},
        {"' OR 1=1 --", "NotFoundException", "Key 'arn:aws:kms:" REGION ":" ACCOUNT ":key/' OR 1=1 --' does not exist"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", rows[i].name);
        assert_refused(rows[i].type);
        assert_string_equal(rows[i].message, answer_message());
    }
    (void)ask("DescribeKey", "{}");
    assert_refused("ValidationException");
    assert_string_equal("1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must "
                        "not be null",
                        answer_message());
    (void)ask("DescribeKey", "{\"KeyId\":\"\"}");
    assert_refused("ValidationException");
    (void)ask("DescribeKey", "{\"KeyId\":[\"%s\"]}", id);
    assert_refused("SerializationException");
    /* Another account's key by its id alone. */
    (void)snprintf(wrong, sizeof wrong, "arn:aws:kms:" REGION ":" OTHER_ACCOUNT ":key/%s", id);
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", wrong);
    assert_refused("NotFoundException");
}

static void test_the_life_of_a_key(void **state) {
    const char *id = make_key();
    (void)state;
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_state(id, "Disabled");
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    (void)ask("RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id);
    assert_refused("DisabledException");
    (void)ask("EnableKey", "{\"KeyId\":\"arn:aws:kms:" REGION ":" ACCOUNT ":key/%s\"}", id);
    assert_done();
    assert_state(id, "Enabled");
    (void)ask("CancelKeyDeletion", "{\"KeyId\":\"%s\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_string_equal("PendingDeletion", answer_text("KeyState"));
    assert_int_equal(30, json_integer_value(json_object_get(ask_last(), "PendingWindowInDays")));
    assert_true(json_real_value(json_object_get(ask_last(), "DeletionDate")) ==
                (double)(FORGE_NOW_MS + 30 * DAY_MS) / 1000);
    assert_state(id, "PendingDeletion");
    (void)ask("ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("EnableKey", "{\"KeyId\":\"%s\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("PutKeyPolicy", "{\"KeyId\":\"%s\",\"PolicyName\":\"default\",\"Policy\":\"{}\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/late\",\"TargetKeyId\":\"%s\"}", id);
    assert_refused("KMSInvalidStateException");
    (void)ask("CancelKeyDeletion", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    assert_state(id, "Disabled");
    now_ms += 31 * DAY_MS;
    assert_state(id, "Disabled");
}

static void test_times_of_deletion(void **state) {
    static const char *const wrong[] = {"6", "31", "0", "-7", "\"7\"", "7.5"};
    const char *id = make_key();
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)ask("ScheduleKeyDeletion", "{\"KeyId\":\"%s\",\"PendingWindowInDays\":%s}", id, wrong[i]);
        assert_refused(i < 4 ? "ValidationException" : "SerializationException");
    }
    assert_state(id, "Enabled");
}

static void test_aliases(void **state) {
    static const struct {
        const char *name;
        const char *type;
    } rows[] = {{"records", "InvalidAliasNameException"},
                {"alias/", "InvalidAliasNameException"},
                {"alias/a b", "InvalidAliasNameException"},
                {"alias/\xc3\xa9", "InvalidAliasNameException"},
                {"alias/a:b", "InvalidAliasNameException"},
                {"alias/aws/s3", "InvalidAliasNameException"},
                {"", "ValidationException"}};
    const char *id = make_key();
    char longest[KMS_ALIAS_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)ask("CreateAlias", "{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}", rows[i].name, id);
        assert_refused(rows[i].type);
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "alias/", 6);
    longest[KMS_ALIAS_BYTES - 1] = '\0';
    (void)ask("CreateAlias", "{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}", longest, id);
    assert_done();
    assert_string_equal(id, text_of(described(longest), "KeyId"));
    (void)ask("CreateAlias", "{\"AliasName\":\"%sx\",\"TargetKeyId\":\"%s\"}", longest, id);
    assert_refused("ValidationException");
    (void)ask("CreateAlias", "{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}", longest, make_key());
    assert_refused("AlreadyExistsException");
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/b\",\"TargetKeyId\":\"%s\"}", longest);
    assert_refused("NotFoundException"); /* an alias is no target, and no name where a key is changed */
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", longest);
    assert_refused("NotFoundException");
    caller.identity_policy_allows = false;
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/c\",\"TargetKeyId\":\"%s\"}", id);
    assert_refused("AccessDeniedException");
}

/* All pages of a list by so many rows; how many rows there were, each seen once. */
static size_t count_rows(const char *action, const char *list, const char *name, size_t limit, size_t *pages) {
    json_t *seen = json_object();
    char marker[300] = "";
    size_t count;
    *pages = 0;
    for (bool more = true; more; (*pages)++) {
        const json_t *answer = ask(action, "{\"Limit\":%zu%s%s%s}", limit, marker[0] == '\0' ? "" : ",\"Marker\":\"",
                                   marker, marker[0] == '\0' ? "" : "\"");
        const json_t *rows = json_object_get(answer, list);
        const json_t *row;
        size_t i;
        assert_done();
        assert_in_range(json_array_size(rows), 0, limit);
        json_array_foreach(rows, i, row) {
            assert_null(json_object_get(seen, text_of(row, name)));
            assert_int_equal(0, json_object_set_new(seen, text_of(row, name), json_true()));
        }
        more = json_is_true(json_object_get(answer, "Truncated"));
        assert_int_equal(more, answer_text("NextMarker") != NULL);
        if (more) (void)snprintf(marker, sizeof marker, "%s", answer_text("NextMarker"));
    }
    count = json_object_size(seen);
    json_decref(seen);
    return count;
}

static void test_lists_of_keys(void **state) {
    static const size_t limits[] = {1, 2, 3, 6, 7, 8, 1000};
    static const size_t expected[] = {7, 4, 3, 2, 1, 1, 1};
    const json_t *row;
    size_t pages;
    char arn[KMS_KEY_ARN_BYTES];
    (void)state;
    assert_int_equal(0, count_rows("ListKeys", "Keys", "KeyId", 5, &pages));
    assert_int_equal(1, pages);
    for (int i = 0; i < 7; i++)
        (void)make_key();
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        assert_int_equal(7, count_rows("ListKeys", "Keys", "KeyId", limits[i], &pages));
        assert_int_equal(expected[i], pages);
    }
    row = json_array_get(json_object_get(ask("ListKeys", "{}"), "Keys"), 0);
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", text_of(row, "KeyId"));
    assert_string_equal(arn, text_of(row, "KeyArn"));
    (void)ask("ListKeys", "{\"Limit\":1001}");
    assert_refused("ValidationException");
    (void)ask("ListKeys", "{\"Limit\":0}");
    assert_refused("ValidationException");
    (void)ask("ListKeys", "{\"Marker\":\"page 2\"}");
    assert_refused("InvalidMarkerException");
    caller.account = OTHER_ACCOUNT;
    assert_int_equal(0, count_rows("ListKeys", "Keys", "KeyId", 5, &pages));
    caller.identity_policy_allows = false;
    (void)ask("ListKeys", "{}");
    assert_refused("AccessDeniedException");
}

static void test_lists_of_aliases(void **state) {
    const char *id = make_key();
    const char *other = make_key();
    const json_t *rows;
    size_t pages;
    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)ask("CreateAlias", "{\"AliasName\":\"alias/%d\",\"TargetKeyId\":\"%s\"}", i, i == 2 ? other : id);
        assert_done();
    }
    assert_int_equal(5, count_rows("ListAliases", "Aliases", "AliasName", 2, &pages));
    assert_int_equal(3, pages);
    rows = json_object_get(ask("ListAliases", "{\"KeyId\":\"%s\"}", other), "Aliases");
    assert_int_equal(1, json_array_size(rows));
    assert_string_equal("alias/2", text_of(json_array_get(rows, 0), "AliasName"));
    assert_string_equal("arn:aws:kms:" REGION ":" ACCOUNT ":alias/2", text_of(json_array_get(rows, 0), "AliasArn"));
    assert_string_equal(other, text_of(json_array_get(rows, 0), "TargetKeyId"));
    (void)ask("ListAliases", "{\"KeyId\":\"alias/2\"}");
    assert_refused("NotFoundException");
    (void)ask("ListAliases", "{\"Marker\":\"2\"}");
    assert_refused("InvalidMarkerException");
    (void)ask("ListAliases", "{\"Limit\":101}");
    assert_refused("ValidationException");
    caller.identity_policy_allows = false;
    (void)ask("ListAliases", "{}");
    assert_refused("AccessDeniedException");
}

static void test_all_of_it_survives_a_restart(void **state) {
    const char *id = make_key();
    size_t pages;
    (void)state;
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", id);
    (void)ask("ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", id);
    service_reopen();
    assert_state("alias/a", "PendingDeletion");
    assert_int_equal(1, count_rows("ListAliases", "Aliases", "AliasName", 2, &pages));
}

int actions_key_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_key_is_described), T(test_what_keys_can_not_be), T(test_names_of_keys),
        T(test_the_life_of_a_key),  T(test_times_of_deletion),    T(test_aliases),
        T(test_lists_of_keys),      T(test_lists_of_aliases),     T(test_all_of_it_survives_a_restart),
    };
    return cmocka_run_group_tests_name("actions_key", tests, service_group_setup, NULL);
}
