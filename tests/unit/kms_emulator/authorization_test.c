/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/authorization.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "front_tests.h"

#define HEX64 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define SCOPE "20150830/eu-central-1/kms/aws4_request"

static void assert_is(grille_bytes observed, const char *expected) {
    assert_int_equal(strlen(expected), observed.len);
    assert_memory_equal(expected, observed.data, observed.len);
}

static void the_three_parts_are_taken_in_any_order(void **state) {
    static const char *const values[] = {
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE ", SignedHeaders=host;x-amz-date, Signature=" HEX64,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE ",SignedHeaders=host;x-amz-date,Signature=" HEX64,
        "AWS4-HMAC-SHA256 Signature=" HEX64 ", SignedHeaders=host;x-amz-date, Credential=AKIDEXAMPLE/" SCOPE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char problem[KMS_AUTHORIZATION_PROBLEM_BYTES];
        kms_authorization read;
        grille_bytes names, name;
        assert_true(kms_authorization_read(grille_bytes_of_text(values[i]), &read, problem));
        assert_is(read.access_key_id, "AKIDEXAMPLE");
        assert_is(read.day, "20150830");
        assert_is(read.region, "eu-central-1");
        assert_is(read.service, "kms");
        assert_is(read.terminator, "aws4_request");
        assert_is(read.signature, HEX64);
        names = read.signed_headers;
        assert_true(kms_signed_header_next(&names, &name));
        assert_is(name, "host");
        assert_true(kms_signed_header_next(&names, &name));
        assert_is(name, "x-amz-date");
        assert_false(kms_signed_header_next(&names, &name));
    }
}

typedef struct row {
    const char *value, *problem;
} row;

static void what_is_wrong_is_said_as_the_service_does(void **state) {
#define GOOD_CREDENTIAL "Credential=K/" SCOPE
#define GOOD_NAMES      "SignedHeaders=host"
#define GOOD_SIGNATURE  "Signature=" HEX64
    static const row rows[] = {
        {"Basic dXNlcg==", "Unsupported AWS 'algorithm': 'Basic'"},
        {"AWS4-ECDSA-P256-SHA256 " GOOD_CREDENTIAL, "Unsupported AWS 'algorithm'"},
        {"", "Unsupported AWS 'algorithm': ''"},
        {"AWS4-HMAC-SHA256", "requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
                             "Authorization header requires 'SignedHeaders' parameter."},
        {"AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", " GOOD_NAMES, "requires 'Signature' parameter"},
        {"AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", " GOOD_SIGNATURE, "requires 'SignedHeaders' parameter"},
        {"AWS4-HMAC-SHA256 " GOOD_NAMES ", " GOOD_SIGNATURE, "requires 'Credential' parameter"},
        {"AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", nonsense", "'nonsense' not a valid key=value pair"},
        {"AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", , " GOOD_NAMES, "'' not a valid key=value pair"},
        {"AWS4-HMAC-SHA256 Credential=K/20150830/r/kms, " GOOD_NAMES, "exactly 5 slash-delimited elements"},
        {"AWS4-HMAC-SHA256 Credential=K/" SCOPE "/more, " GOOD_NAMES, "exactly 5 slash-delimited elements"},
        {"AWS4-HMAC-SHA256 Credential=K/" SCOPE "/, " GOOD_NAMES, "exactly 5 slash-delimited elements"},
        {"AWS4-HMAC-SHA256 Credential=/" SCOPE ", " GOOD_NAMES, "exactly 5 slash-delimited elements"},
        {"AWS4-HMAC-SHA256 Credential=, " GOOD_NAMES, "exactly 5 slash-delimited elements"},
        {"AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", " GOOD_CREDENTIAL, "parameter 'Credential' too many"},
        {"AWS4-HMAC-SHA256 " GOOD_NAMES ", " GOOD_NAMES, "parameter 'SignedHeaders' too many"},
        {"AWS4-HMAC-SHA256 " GOOD_SIGNATURE ", " GOOD_SIGNATURE, "parameter 'Signature' too many"},
        {"AWS4-HMAC-SHA256 Expires=60, " GOOD_SIGNATURE, "parameter 'Expires' too many"},
        {"AWS4-HMAC-SHA256 Signature=" HEX64 "00", "64 hex digits"},
        {"AWS4-HMAC-SHA256 Signature=abcd", "64 hex digits"},
        {"AWS4-HMAC-SHA256 Signature=", "64 hex digits"},
        {"AWS4-HMAC-SHA256 Signature=5FA00FA31553B73EBF1942676E86291E8372FF2A2260956D9B8AAE1D763FBF31",
         "64 hex digits"},
        {"AWS4-HMAC-SHA256 SignedHeaders=x-amz-date;host", "in ascending order"},
        {"AWS4-HMAC-SHA256 SignedHeaders=host;host", "in ascending order"},
        {"AWS4-HMAC-SHA256 SignedHeaders=host;;x-amz-date", "in ascending order"},
        {"AWS4-HMAC-SHA256 SignedHeaders=hosts;host", "in ascending order"},
        {"AWS4-HMAC-SHA256 SignedHeaders=", "requires 'SignedHeaders' parameter"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char problem[KMS_AUTHORIZATION_PROBLEM_BYTES] = "";
        kms_authorization read;
        const bool taken = kms_authorization_read(grille_bytes_of_text(rows[i].value), &read, problem);
        if (taken || strstr(problem, rows[i].problem) == NULL)
            fail_msg("\"%s\" (taken: %d): \"%s\" lacks \"%s\"", rows[i].value, taken, problem, rows[i].problem);
    }
}

static void every_cut_is_refused(void **state) {
    static const char whole[] = "AWS4-HMAC-SHA256 " GOOD_CREDENTIAL ", " GOOD_NAMES ", " GOOD_SIGNATURE;
    (void)state;
    for (size_t len = 0; len <= strlen(whole); len++) {
        char problem[KMS_AUTHORIZATION_PROBLEM_BYTES];
        char *copy = len == 0 ? NULL : malloc(len);
        kms_authorization read;
        if (len > 0) memcpy(copy, whole, len);
        assert_int_equal(len == strlen(whole), kms_authorization_read(grille_bytes_of(copy, len), &read, problem));
        free(copy);
    }
}

static void times_are_of_the_basic_format(void **state) {
    static const char *const wrong[] = {"",
                                        "20150830T123600",
                                        "20150830T123600z",
                                        "20150830t123600Z",
                                        "20150230T123600Z",
                                        "20150830T246000Z",
                                        "2015-08-30T12:36:00Z",
                                        "20150830T12360 Z",
                                        "20150830T123600ZZ"};
    grille_wall_ms at_ms = 0;
    (void)state;
    assert_true(kms_signature_time("20150830T123600Z", &at_ms));
    assert_int_equal(INT64_C(1440938160000), at_ms);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (kms_signature_time(wrong[i], &at_ms)) fail_msg("\"%s\" was taken", wrong[i]);
}

int authorization_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_parts_are_taken_in_any_order),
        cmocka_unit_test(what_is_wrong_is_said_as_the_service_does),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(times_are_of_the_basic_format),
    };
    return cmocka_run_group_tests_name("authorization", tests, NULL, NULL);
}
