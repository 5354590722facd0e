/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/role_credentials.h"

#include <string.h>

#include "cmocka_all.h"
#include "parent_tests.h"

static grille_kms_role_credentials good(void) {
    return (grille_kms_role_credentials){.access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                         .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                         .session_token = "FwoGZXIvYXdzE/+==",
                                         .region = "eu-central-1",
                                         .expires_ms = 1};
}

static void fields(void **state) {
    char field[4];
    (void)state;
    assert_true(grille_role_field_set(field, sizeof field, grille_bytes_of_text("abc")));
    assert_string_equal(field, "abc");
    assert_false(grille_role_field_set(field, sizeof field, grille_bytes_of_text("abcd")));
    assert_string_equal(field, "");
    assert_true(grille_role_field_set(field, sizeof field, grille_bytes_of(NULL, 0)));
    assert_string_equal(field, "");
    assert_false(grille_role_field_set(field, sizeof field, grille_bytes_of("a\0b", 3)));
}

static void ends(void **state) {
    static const char *const others[] = {"",
                                         "soon",
                                         "2026-01-01T12:00:00",
                                         "2026-01-01T12:00:00+01:00",
                                         "2026-01-01T12:00:00Z+00:00",
                                         "2026-02-30T12:00:00Z",
                                         "+00:00"};
    int64_t end_ms = 0;
    (void)state;
    assert_true(grille_role_expiry_read(grille_bytes_of_text("2026-01-01T12:00:00Z"), &end_ms));
    assert_int_equal(end_ms, INT64_C(1767268800000));
    assert_true(grille_role_expiry_read(grille_bytes_of_text("2026-01-01T12:00:01+00:00"), &end_ms));
    assert_int_equal(end_ms, INT64_C(1767268801000));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (grille_role_expiry_read(grille_bytes_of_text(others[i]), &end_ms)) fail_msg("%s", others[i]);
}

static void expect_refused(const grille_kms_role_credentials *credentials, const char *says) {
    grille_error error = {.code = GRILLE_OK};
    assert_int_equal(grille_role_credentials_check(credentials, "a test", &error), GRILLE_REASON_KMS_CREDENTIALS);
    assert_string_equal(error.name, "KMS-CREDENTIALS");
    if (strstr(error.text, says) == NULL) fail_msg("\"%s\" lacks: %s", error.text, says);
    assert_non_null(strstr(error.text, "credentials of a test: "));
    assert_null(strstr(error.text, "wJal"));
}

static void what_can_be_credentials(void **state) {
    grille_kms_role_credentials credentials = good();
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_int_equal(grille_role_credentials_check(&credentials, "a test", &error), GRILLE_REASON_OK);
    memset(credentials.session_token, 0, sizeof credentials.session_token);
    memset(credentials.region, 0, sizeof credentials.region);
    assert_int_equal(grille_role_credentials_check(&credentials, "a test", &error), GRILLE_REASON_OK);
}

static void what_can_not(void **state) {
    grille_kms_role_credentials credentials = good();
    (void)state;
    credentials.access_key_id[0] = '\0';
    expect_refused(&credentials, "the access key id");
    credentials = good();
    credentials.access_key_id[3] = '/';
    expect_refused(&credentials, "the access key id");
    credentials = good();
    credentials.secret_access_key[0] = '\0';
    expect_refused(&credentials, "the secret access key");
    credentials = good();
    credentials.secret_access_key[9] = ' ';
    expect_refused(&credentials, "the secret access key");
    credentials = good();
    credentials.session_token[2] = '\x7f';
    expect_refused(&credentials, "the session token");
    credentials = good();
    credentials.session_token[2] = '\n';
    expect_refused(&credentials, "the session token");
    credentials = good();
    credentials.region[2] = '.';
    expect_refused(&credentials, "the region");
    credentials = good();
    credentials.expires_ms = -1;
    expect_refused(&credentials, "before 1970");
}

static void which_are_the_same(void **state) {
    const grille_kms_role_credentials one = good();
    grille_kms_role_credentials other = good();
    (void)state;
    memcpy(other.region, "us-east-1", sizeof "us-east-1");
    assert_true(grille_role_credentials_equal(&one, &other));
    other.expires_ms++;
    assert_false(grille_role_credentials_equal(&one, &other));
    other = good();
    other.access_key_id[0] = 'B';
    assert_false(grille_role_credentials_equal(&one, &other));
    other = good();
    other.secret_access_key[39] = 'Z';
    assert_false(grille_role_credentials_equal(&one, &other));
    other = good();
    other.session_token[0] = '\0';
    assert_false(grille_role_credentials_equal(&one, &other));
    grille_kms_role_credentials_wipe(&other);
    assert_true(grille_bytes_all_zero(grille_bytes_of(&other, sizeof other)));
}

int role_credentials_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(ends),
        cmocka_unit_test(what_can_be_credentials),
        cmocka_unit_test(what_can_not),
        cmocka_unit_test(which_are_the_same),
    };
    return cmocka_run_group_tests_name("role_credentials", tests, NULL, NULL);
}
