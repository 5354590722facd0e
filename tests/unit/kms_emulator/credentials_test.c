/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "front_tests.h"
#include "kms_emulator/json_file.h"

static char folder[] = "/tmp/credentials.XXXXXX";

static int begin(void **state) {
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int end(void **state) {
    char path[64];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/" KMS_CREDENTIALS_FILE, folder);
    (void)unlink(path);
    return rmdir(folder);
}

static kms_credentials *none(void) {
    kms_credentials *credentials = calloc(1, sizeof *credentials);
    assert_non_null(credentials);
    return credentials;
}

static void keys_are_as_awss_and_never_the_same(void **state) {
    kms_credentials *made = none(), *read = NULL;
    grille_error error = {0};
    (void)state;
    assert_true(kms_credentials_add(made, "user", "arn:aws:iam::111122223333:user/a", 0, true, &error));
    assert_true(
        kms_credentials_add(made, "role", "arn:aws:iam::444455556666:role/Parent", 1767268800000, false, &error));
    assert_int_equal(0, memcmp(made->items[0].access_key_id, "AKIA", 4));
    assert_int_equal(0, memcmp(made->items[1].access_key_id, "ASIA", 4));
    assert_int_equal(20, strlen(made->items[0].access_key_id));
    assert_int_equal(40, strlen(made->items[0].secret_access_key));
    assert_int_equal(0, strlen(made->items[0].session_token));
    assert_int_equal(320, strlen(made->items[1].session_token));
    assert_string_equal("arn:aws:sts::444455556666:assumed-role/Parent/role", made->items[1].principal);
    assert_string_equal("444455556666", made->items[1].account);
    assert_string_not_equal(made->items[0].secret_access_key, made->items[1].secret_access_key);
    assert_true(kms_credentials_write(folder, made, &error));
    read = kms_credentials_read(folder, &error);
    if (read == NULL) fail_msg("%s", error.text);
    assert_int_equal(2, read->count);
    assert_memory_equal(made->items, read->items, 2 * sizeof *made->items);
    assert_ptr_equal(&read->items[1], kms_credentials_find(read, grille_bytes_of_text(made->items[1].access_key_id)));
    assert_ptr_equal(&read->items[0], kms_credentials_named(read, "user"));
    assert_null(kms_credentials_named(read, "use"));
    assert_null(kms_credentials_find(read, grille_bytes_of_text("AKIA")));
    kms_credentials_free(made);
    kms_credentials_free(read);
}

static void who_can_not_be_added_is_not(void **state) {
    kms_credentials *made = none();
    grille_error error = {0};
    (void)state;
    assert_false(kms_credentials_add(made, "", "arn:aws:iam::111122223333:user/a", 0, true, &error));
    assert_false(kms_credentials_add(made, "a/b", "arn:aws:iam::111122223333:user/a", 0, true, &error));
    assert_false(kms_credentials_add(made, "a", "arn:aws:iam::111122223333:root", 0, true, &error));
    assert_int_equal(0, made->count);
    assert_true(kms_credentials_add(made, "a", "arn:aws:iam::111122223333:user/a", 0, true, &error));
    assert_false(kms_credentials_add(made, "a", "arn:aws:iam::111122223333:user/b", 0, true, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
    assert_int_equal(1, made->count);
    made->count = KMS_CREDENTIALS_MOST;
    assert_false(kms_credentials_add(made, "b", "arn:aws:iam::111122223333:user/b", 0, true, &error));
    assert_int_equal(KMS_CREDENTIALS_MOST, made->count);
    kms_credentials_free(made);
}

typedef struct row {
    const char *text, *problem;
} row;

#define CALLER(name, key, secret, token, expires, principal)                                                           \
    "{\"name\": \"" name "\", \"access_key_id\": \"" key "\", \"secret_access_key\": \"" secret                        \
    "\", \"session_token\": \"" token "\", \"expires\": \"" expires "\", \"principal\": \"" principal                  \
    "\", \"identity_policy_allows\": true}"
#define USER "arn:aws:iam::111122223333:user/a"
#define GOOD CALLER("a", "AKIA1", "s", "", "", USER)

static void what_is_wrong_with_a_caller_is_said(void **state) {
    static const row rows[] = {
        {"{}", "no array"},
        {"[{}]", "caller 1"},
        {"[1]", "caller 1: Expected object"},
        {"[" GOOD ", {\"name\": \"b\"}]", "caller 2"},
        {"[" GOOD ", " GOOD "]", "caller 2: \"name\" is another's"},
        {"[" GOOD ", " CALLER("b", "AKIA1", "s", "", "", USER) "]", "\"access_key_id\" is another's"},
        {"[" CALLER("", "AKIA1", "s", "", "", USER) "]", "\"name\""},
        {"[" CALLER("a", "AK/A", "s", "", "", USER) "]", "\"access_key_id\""},
        {"[" CALLER("a", "AKIA1", "", "", "", USER) "]", "\"secret_access_key\""},
        {"[" CALLER("a", "AKIA1", "a'b", "", "", USER) "]", "\"secret_access_key\""},
        {"[" CALLER("a", "AKIA1", "s", "a b", "", USER) "]", "\"session_token\""},
        {"[" CALLER("a", "AKIA1", "s", "", "soon", USER) "]", "\"expires\""},
        {"[" CALLER("a", "AKIA1", "s", "", "", "arn:aws:iam::1:user/a") "]", "\"principal\""},
        {"[" CALLER("0123456789012345678901234567890123456789012345678901234567890123", "AKIA1", "s", "", "", USER) "]",
         "too long"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_error error = {0};
        assert_true(kms_file_put(folder, KMS_CREDENTIALS_FILE, grille_bytes_of_text(rows[i].text), &error));
        if (kms_credentials_read(folder, &error) != NULL) fail_msg("%s is taken", rows[i].text);
        assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
        if (strstr(error.text, rows[i].problem) == NULL) fail_msg("%s: %s", rows[i].text, error.text);
    }
}

int credentials_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_as_awss_and_never_the_same),
        cmocka_unit_test(who_can_not_be_added_is_not),
        cmocka_unit_test(what_is_wrong_with_a_caller_is_said),
    };
    return cmocka_run_group_tests_name("credentials", tests, begin, end);
}
