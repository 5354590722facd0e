/* SPDX-License-Identifier: Apache-2.0
 * Key policies: who may read, replace and use what is under them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_tests.h"
#include "service.h"

#define PLAIN "cGxhaW4="

/* One Allow for this principal. */
static const char *policy_for(const char *principal, const char *actions) {
    static char policies[4][1024];
    static unsigned next;
    char *policy = policies[next++ % 4];
    (void)snprintf(policy, sizeof policies[0],
                   "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"%s\"},"
                   "\"Action\":%s,\"Resource\":\"*\"}]}",
                   principal, actions);
    return policy;
}

static void put(const char *id, const char *policy, bool bypass) {
    json_t *body = json_pack("{s:s, s:s, s:s, s:b}", "KeyId", id, "PolicyName", "default", "Policy", policy,
                             "BypassPolicyLockoutSafetyCheck", bypass);
    char *text = json_dumps(body, 0);
    (void)ask("PutKeyPolicy", "%s", text);
    free(text);
    json_decref(body);
}

static void test_a_key_has_a_policy_from_the_start(void **state) {
    const char *id = make_key();
    json_t *policy;
    (void)state;
    (void)ask("GetKeyPolicy", "{\"KeyId\":\"%s\",\"PolicyName\":\"default\"}", id);
    assert_done();
    assert_string_equal("default", answer_text("PolicyName"));
    policy = json_loads(answer_text("Policy"), 0, NULL);
    assert_non_null(policy);
    assert_string_equal(
        "arn:aws:iam::" ACCOUNT ":root",
        json_string_value(json_object_get(
            json_object_get(json_array_get(json_object_get(policy, "Statement"), 0), "Principal"), "AWS")));
    json_decref(policy);
    (void)ask("GetKeyPolicy", "{\"KeyId\":\"%s\",\"PolicyName\":\"another\"}", id);
    assert_refused("NotFoundException");
}

static void test_a_policy_is_replaced(void **state) {
    const char *id = make_key();
    const char *policy = policy_for("arn:aws:iam::" ACCOUNT ":role/Enclaves", "\"kms:*\"");
    (void)state;
    put(id, policy, false);
    assert_done();
    service_reopen();
    (void)ask("GetKeyPolicy", "{\"KeyId\":\"%s\"}", id);
    assert_string_equal(policy, answer_text("Policy"));
    caller.identity_policy_allows = false; /* the role stands in the policy itself */
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_done();
    caller.arn = "arn:aws:sts::" ACCOUNT ":assumed-role/Others/session";
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("AccessDeniedException");
    put(id, policy, true);
    assert_refused("AccessDeniedException");
    (void)ask("GetKeyPolicy", "{\"KeyId\":\"%s\"}", id);
    assert_refused("AccessDeniedException");
}

static void test_policies_that_are_refused(void **state) {
    static const char *const wrong[] = {"{", "{}", "[]", "{\"Version\":\"2012-10-17\",\"Statement\":[]}"};
    const char *id = make_key();
    const char *other = policy_for("arn:aws:iam::" ACCOUNT ":role/Others", "\"kms:*\"");
    const char *no_way_back = policy_for("arn:aws:iam::" ACCOUNT ":role/Enclaves", "\"kms:Decrypt\"");
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put(id, wrong[i], true);
        assert_refused("MalformedPolicyDocumentException");
        assert_non_null(strstr(answer_message(), "line 1, column "));
    }
    put(id, other, false);
    assert_refused("MalformedPolicyDocumentException");
    assert_string_equal("The new key policy will not allow you to update the key policy in the future.",
                        answer_message());
    put(id, no_way_back, false);
    assert_refused("MalformedPolicyDocumentException");
    (void)ask("PutKeyPolicy", "{\"KeyId\":\"%s\"}", id);
    assert_refused("ValidationException");
    (void)ask("PutKeyPolicy", "{\"KeyId\":\"%s\",\"PolicyName\":\"another\",\"Policy\":\"{}\"}", id);
    assert_refused("NotFoundException");
    put(id, policy_for("arn:aws:iam::" ACCOUNT ":root", "\"kms:*\""), false);
    assert_done(); /* by the caller's own policies */
    /* Who insists locks himself out. */
    put(id, other, true);
    assert_done();
    put(id, policy_for("arn:aws:iam::" ACCOUNT ":root", "\"kms:*\""), true);
    assert_refused("AccessDeniedException");
}

static void test_a_policy_from_the_start_is_checked_too(void **state) {
    json_t *body = json_pack("{s:s}", "Policy", policy_for("arn:aws:iam::" ACCOUNT ":role/Others", "\"kms:*\""));
    char *text = json_dumps(body, 0);
    (void)state;
    (void)ask("CreateKey", "%s", text);
    assert_refused("MalformedPolicyDocumentException");
    free(text);
    json_decref(body);
}

static void test_the_account_leaves_it_to_its_own_policies(void **state) {
    const char *id = make_key();
    (void)state;
    caller.identity_policy_allows = false;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("AccessDeniedException");
}

static void test_deny_wins(void **state) {
    static const char policy[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\","
        "\"Resource\":\"*\"},{\"Sid\":\"NotThis\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:Encrypt\","
        "\"Resource\":\"*\"}]}";
    const char *id = make_key_with(policy);
    (void)state;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("AccessDeniedException");
    assert_non_null(strstr(answer_message(), "with an explicit deny in a resource-based policy"));
    (void)ask("GenerateDataKey", "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
    assert_done();
}

/* What a condition key of a policy sees of a request. */
static void test_facts_of_requests(void **state) {
    static const struct {
        const char *key;
        const char *value;
        const char *more;
    } rows[] = {
        {"kms:EncryptionContext:purpose", "records", ",\"EncryptionContext\":{\"purpose\":\"records\"}"},
        {"kms:CallerAccount", ACCOUNT, ""},
        {"aws:PrincipalAccount", ACCOUNT, ""},
        {"aws:PrincipalArn", "arn:aws:iam::" ACCOUNT ":role/Enclaves", ""},
        {"kms:KeySpec", "SYMMETRIC_DEFAULT", ""},
        {"kms:KeyUsage", "ENCRYPT_DECRYPT", ""},
        {"kms:KeyOrigin", "AWS_KMS", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int right = 0; right <= 1; right++) {
            char policy[1024];
            const char *id;
            (void)snprintf(policy, sizeof policy,
                           "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                           "\"arn:aws:iam::" ACCOUNT ":role/Enclaves\"},\"Action\":\"kms:*\",\"Resource\":\"*\","
                           "\"Condition\":{\"StringEquals\":{\"%s\":\"%s%s\"}}}]}",
                           rows[i].key, rows[i].value, right == 1 ? "" : "x");
            id = make_key_with(policy);
            (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"%s}", id, rows[i].more);
            assert_refused(right == 1 ? "" : "AccessDeniedException");
        }
    }
}

static void test_the_name_that_was_asked_for_is_a_fact(void **state) {
    static const char policy[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam:"
        ":" ACCOUNT
        ":root\"},\"Action\":\"kms:CreateAlias\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
        "\"arn:aws:iam::" ACCOUNT ":root\"},\"Action\":\"kms:Encrypt\",\"Resource\":\"*\",\"Condition\":{"
        "\"StringEquals\":{\"kms:RequestAlias\":\"alias/a\"}}}]}";
    const char *id = make_key_with(policy);
    (void)state;
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", id);
    assert_done();
    (void)ask("Encrypt", "{\"KeyId\":\"alias/a\",\"Plaintext\":\"" PLAIN "\"}");
    assert_done();
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("AccessDeniedException");
}

/* Each action on a key, and what it needs beside the key. */
static const struct {
    const char *action;
    const char *key; /* the member that names it; NULL: the ciphertext does */
    const char *more;
    bool owner_only;
} uses[] = {
    {"CancelKeyDeletion", "KeyId", "", true},
    {"CreateAlias", "TargetKeyId", ",\"AliasName\":\"alias/a\"", true},
    {"Decrypt", NULL, "", false},
    {"DescribeKey", "KeyId", "", false},
    {"DisableKey", "KeyId", "", true},
    {"EnableKey", "KeyId", "", true},
    {"Encrypt", "KeyId", ",\"Plaintext\":\"" PLAIN "\"", false},
    {"GenerateDataKey", "KeyId", ",\"KeySpec\":\"AES_256\"", false},
    {"GenerateDataKeyWithoutPlaintext", "KeyId", ",\"KeySpec\":\"AES_256\"", false},
    {"GetKeyPolicy", "KeyId", "", true},
    {"PutKeyPolicy", "KeyId", ",\"Policy\":\"{}\"", true},
    {"RotateKeyOnDemand", "KeyId", "", true},
    {"ScheduleKeyDeletion", "KeyId", "", true},
};

static void use(size_t which, const char *arn, const char *blob) {
    if (uses[which].key == NULL) {
        (void)ask(uses[which].action, "{\"CiphertextBlob\":\"%s\"}", blob);
    } else {
        (void)ask(uses[which].action, "{\"%s\":\"%s\"%s}", uses[which].key, arn, uses[which].more);
    }
}

/* Every other action is allowed: what is denied has no other name, and is asked for. */
static void test_each_action_is_asked_for(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        char policy[1024];
        char expected[512];
        const char *id;
        char *blob;
        (void)snprintf(policy, sizeof policy,
                       "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                       "\"arn:aws:iam::" ACCOUNT ":role/Enclaves\"},\"Action\":\"kms:*\",\"Resource\":\"*\"},"
                       "{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"arn:aws:iam::" ACCOUNT ":role/Enclaves\"},"
                       "\"Action\":\"kms:%s\",\"Resource\":\"*\"}]}",
                       uses[i].action);
        id = make_key_with(policy);
        (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
        blob = answer_text("CiphertextBlob") == NULL ? NULL : strdup(answer_text("CiphertextBlob"));
        use(i, id, blob);
        assert_refused("AccessDeniedException");
        (void)snprintf(expected, sizeof expected,
                       "User: " ROLE_SESSION " is not authorized to perform: kms:%s on resource: arn:aws:kms:" REGION
                       ":" ACCOUNT ":key/%s with an explicit deny in a resource-based policy",
                       uses[i].action, id);
        assert_string_equal(expected, answer_message());
        free(blob);
    }
}

static void test_each_action_of_another_account(void **state) {
    const char *id = make_key_with(policy_for("*", "\"kms:*\""));
    char arn[KMS_KEY_ARN_BYTES];
    char *blob;
    (void)state;
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", id);
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    blob = strdup(answer_text("CiphertextBlob"));
    caller.account = OTHER_ACCOUNT;
    caller.arn = "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/Guests/session";
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        use(i, arn, blob);
        assert_refused(uses[i].owner_only ? "AccessDeniedException" : "");
    }
    free(blob);
}

/* An alias is no part of its key: the caller's own policies must allow it, whatever the key's does. */
static void test_aliases_are_asked_for_twice(void **state) {
    const char *id = make_key_with(policy_for("arn:aws:iam::" ACCOUNT ":role/Enclaves", "\"kms:*\""));
    (void)state;
    caller.identity_policy_allows = false;
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", id);
    assert_done();
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", id);
    assert_refused("AccessDeniedException");
    caller.identity_policy_allows = true;
    (void)ask("CreateAlias", "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", id);
    assert_done();
}

static void test_other_accounts(void **state) {
    const char *id = make_key_with(policy_for("arn:aws:iam::" OTHER_ACCOUNT ":root", "\"kms:*\""));
    char arn[KMS_KEY_ARN_BYTES];
    (void)state;
    (void)snprintf(arn, sizeof arn, "arn:aws:kms:" REGION ":" ACCOUNT ":key/%s", id);
    caller.account = OTHER_ACCOUNT;
    caller.arn = "arn:aws:sts::" OTHER_ACCOUNT ":assumed-role/Guests/session";
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", arn);
    assert_done();
    (void)ask("DescribeKey", "{\"KeyId\":\"%s\"}", arn);
    assert_done();
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", id);
    assert_refused("NotFoundException"); /* an id alone is one of the caller's account */
    (void)ask("DisableKey", "{\"KeyId\":\"%s\"}", arn);
    assert_refused("AccessDeniedException");
    assert_non_null(strstr(answer_message(), "no resource-based policies allow access"));
    (void)ask("GetKeyPolicy", "{\"KeyId\":\"%s\"}", arn);
    assert_refused("AccessDeniedException");
    put(arn, policy_for("*", "\"kms:*\""), true);
    assert_refused("AccessDeniedException");
    caller.identity_policy_allows = false;
    (void)ask("Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"" PLAIN "\"}", arn);
    assert_refused("AccessDeniedException");
}

int actions_policy_tests(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, service_setup, service_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_key_has_a_policy_from_the_start),
        T(test_a_policy_is_replaced),
        T(test_policies_that_are_refused),
        T(test_a_policy_from_the_start_is_checked_too),
        T(test_the_account_leaves_it_to_its_own_policies),
        T(test_deny_wins),
        T(test_facts_of_requests),
        T(test_the_name_that_was_asked_for_is_a_fact),
        T(test_each_action_is_asked_for),
        T(test_each_action_of_another_account),
        T(test_aliases_are_asked_for_twice),
        T(test_other_accounts),
    };
    return cmocka_run_group_tests_name("actions_policy", tests, service_group_setup, NULL);
}
