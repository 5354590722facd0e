/* SPDX-License-Identifier: Apache-2.0
 * Goal: shared credentials files are read as AWS's programs read them, and no text tells what stands in them. */
#include "kms/profile.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "parent_tests.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define PAIR   "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=" SECRET "\n"

static grille_kms_role_credentials got;
static grille_error error;

/* From memory of its exact size, for the sanitizer. */
static grille_reason read_profile(const char *text, const char *profile) {
    const size_t len = strlen(text);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(&got, 0xff, sizeof got);
    error = (grille_error){.code = GRILLE_OK};
    const grille_reason reason = grille_profile_read(grille_bytes_of(copy, len), "creds", profile, &got, &error);
    free(copy);
    assert_null(strstr(error.text, "AKIA"));
    assert_null(strstr(error.text, SECRET));
    return reason;
}

static void expect_pair(void) {
    assert_string_equal(got.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_string_equal(got.secret_access_key, SECRET);
}

static void files(void **state) {
    static const char ordinary[] = "[default]\n" PAIR,
                      among_others[] = "# a comment\n; and another\n\n[other]\naws_access_key_id = x\nregion = r\n"
                                       "[default]\n" PAIR "\n[third]\nx = y\n",
                      of_windows[] = "[default]\r\naws_access_key_id\t=\tAKIAIOSFODNN7EXAMPLE\t\r\n"
                                     "aws_secret_access_key = " SECRET "\r\n",
                      nested[] = "[ default ]\n" PAIR "s3 =\n  max_concurrent_requests = 20\n  no equals\n",
                      before_any[] = "role_arn = before any profile\n[default]\n" PAIR,
                      in_two_parts[] = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n[x]\ny = z\n[default]\n"
                                       "aws_secret_access_key = " SECRET;
    static const char *const texts[] = {ordinary, among_others, of_windows, nested, before_any, in_two_parts};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (read_profile(texts[i], "default") != GRILLE_REASON_OK) fail_msg("row %zu: %s", i, error.text);
        expect_pair();
        assert_string_equal(got.session_token, "");
        assert_int_equal(got.expires_ms, 0);
    }
}

static void all_settings(void **state) {
    (void)state;
    assert_int_equal(read_profile("[a]\n" PAIR "aws_session_token = FwoG/=\nregion = eu-west-1\n"
                                  "aws_expiration = 2026-01-01T12:00:00+00:00\n",
                                  "a"),
                     GRILLE_REASON_OK);
    expect_pair();
    assert_string_equal(got.session_token, "FwoG/=");
    assert_string_equal(got.region, "eu-west-1");
    assert_int_equal(got.expires_ms, INT64_C(1767268800000));
    assert_int_equal(read_profile("[a]\n" PAIR "aws_security_token = old\n", "a"), GRILLE_REASON_OK);
    assert_string_equal(got.session_token, "old");
    assert_int_equal(read_profile("[a]\n" PAIR "aws_session_token = new\naws_security_token = old\n", "a"),
                     GRILLE_REASON_OK);
    assert_string_equal(got.session_token, "new");
    assert_int_equal(read_profile("[a]\n" PAIR "aws_security_token = old\naws_session_token = new\n", "a"),
                     GRILLE_REASON_OK);
    assert_string_equal(got.session_token, "new");
}

static void what_is_not_there(void **state) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "creds has no profile [default]"},
        {"[other]\n" PAIR, "creds has no profile [default]"},
        {"[profile default]\n" PAIR, "creds has no profile [default]"},
        {"[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", "role_arn, sso, credential_process"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_profile(rows[i].text, "default"), GRILLE_REASON_KMS_SOURCE_EMPTY);
        if (strstr(error.text, rows[i].says) == NULL) fail_msg("row %zu: %s", i, error.text);
    }
}

static void what_is_malformed(void **state) {
    static char long_value[2 * GRILLE_KMS_SECRET_MAX];
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[default]\naws_access_key_id = AKIA\n", "has one of"},
        {"[default]\naws_secret_access_key = x\n", "has one of"},
        {"[default]\n" PAIR "aws_access_key_id = x\n", "creds:4: a name of this profile stands twice"},
        {"[default]\n" PAIR "[default]\naws_secret_access_key = x\n", "creds:5: a name of this profile stands twice"},
        {"[default]\n" PAIR "aws_expiration = soon\n", "creds:4: a value is too long, or no time"},
        {"[default\n" PAIR, "creds:1: a profile's name has no ]"},
        {"[default]\n" PAIR "AKIAIOSFODNN7EXAMPLE\n", "creds:4: a line is neither"},
        {long_value, "creds:2: a value is too long"},
    };
    (void)state;
    memset(long_value, 'x', sizeof long_value - 1);
    memcpy(long_value, "[default]\naws_secret_access_key=", 32);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_profile(rows[i].text, "default"), GRILLE_REASON_KMS_CREDENTIALS);
        if (strstr(error.text, rows[i].says) == NULL) fail_msg("row %zu: %s", i, error.text);
        assert_true(grille_bytes_all_zero(grille_bytes_of(&got, sizeof got)));
    }
}

/* Each prefix and each changed byte is read or refused; nothing else happens. */
static void hostile_files(void **state) {
    static const char text[] = "[default]\n" PAIR "aws_expiration = 2026-01-01T12:00:00Z\n[a]\n";
    char changed[sizeof text];
    size_t good = 0;
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        memcpy(changed, text, sizeof text);
        changed[len] = '\0';
        good += read_profile(changed, "default") == GRILLE_REASON_OK;
        for (size_t i = 0; i < 5; i++) {
            memcpy(changed, text, sizeof text);
            changed[len] = "[]=\n\xff"[i];
            changed[sizeof text - 1] = '\0';
            good += read_profile(changed, "default") == GRILLE_REASON_OK;
        }
    }
    assert_in_range(good, 50, 5 * sizeof text);
}

int profile_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(all_settings),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(what_is_malformed),
        cmocka_unit_test(hostile_files),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
