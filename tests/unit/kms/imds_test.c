/* SPDX-License-Identifier: Apache-2.0
 * Goal: the walk through the metadata service's answers, whole and in pieces, and what is no answer of it. */
#include "kms/imds.h"

#include <stdio.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "parent_tests.h"

#define TOKEN  "AQAEAJ3kl2b0Qm3qJ8f-4T2bH1a=="
#define ROLE   "Enclave-Host"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define CREDENTIALS                                                                                                    \
    "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-01-01T11:00:00Z\",\n  \"Type\" : \"AWS-HMAC\",\n"        \
    "  \"AccessKeyId\" : \"ASIAIOSFODNN7EXAMPLE\",\n  \"SecretAccessKey\" : \"" SECRET "\",\n"                         \
    "  \"Token\" : \"FwoGZXIvYXdzE\\/\",\n  \"Expiration\" : \"2026-01-01T18:00:00Z\"\n}"

static grille_imds imds;
static grille_error error;

static void begin(const char *role) {
    grille_imds_begin(&imds, "169.254.169.254", role);
    error = (grille_error){.code = GRILLE_OK};
}

static void expect_request(const char *text) {
    uint8_t space[1024];
    grille_writer request = grille_writer_into(space, sizeof space);
    assert_int_equal(grille_imds_request(&imds, &request), GRILLE_REASON_OK);
    assert_int_equal(request.len, strlen(text));
    assert_memory_equal(space, text, request.len);
}

/* Ready for an answer, whatever was asked. */
static void ask(void) {
    uint8_t space[1024];
    grille_writer request = grille_writer_into(space, sizeof space);
    assert_int_equal(grille_imds_request(&imds, &request), GRILLE_REASON_OK);
}

static grille_reason take(unsigned status, const char *body, size_t piece) {
    static char text[2 * GRILLE_LIMIT_IMDS_ANSWER_BYTES];
    const int len = snprintf(text, sizeof text,
                             "HTTP/1.1 %u Whatever\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                             "Server: EC2ws\r\nConnection: close\r\n\r\n%s",
                             status, strlen(body), body);
    grille_reason reason = GRILLE_REASON_MORE;
    assert_true(len > 0 && (size_t)len < sizeof text);
    for (size_t at = 0; at < (size_t)len && (reason == GRILLE_REASON_MORE || reason == GRILLE_REASON_OK); at += piece) {
        assert_int_equal(reason, GRILLE_REASON_MORE);
        reason = grille_imds_take(
            &imds, grille_bytes_of(&text[at], (size_t)len - at < piece ? (size_t)len - at : piece), &error);
    }
    return reason;
}

static void answer(const char *body) {
    ask();
    if (take(200, body, 4096) != GRILLE_REASON_OK) fail_msg("%s", error.text);
}

static void a_walk(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 600; piece += piece < 8 ? 1 : 97) {
        begin(NULL);
        expect_request("PUT /latest/api/token HTTP/1.1\r\nhost: 169.254.169.254\r\n"
                       "x-aws-ec2-metadata-token-ttl-seconds: 60\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        assert_int_equal(take(200, TOKEN, piece), GRILLE_REASON_OK);
        expect_request("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\nhost: 169.254.169.254\r\n"
                       "x-aws-ec2-metadata-token: " TOKEN "\r\nconnection: close\r\n\r\n");
        assert_int_equal(take(200, ROLE, piece), GRILLE_REASON_OK);
        expect_request("GET /latest/meta-data/iam/security-credentials/" ROLE " HTTP/1.1\r\nhost: 169.254.169.254\r\n"
                       "x-aws-ec2-metadata-token: " TOKEN "\r\nconnection: close\r\n\r\n");
        assert_int_equal(take(200, CREDENTIALS, piece), GRILLE_REASON_OK);
        expect_request("GET /latest/meta-data/placement/region HTTP/1.1\r\nhost: 169.254.169.254\r\n"
                       "x-aws-ec2-metadata-token: " TOKEN "\r\nconnection: close\r\n\r\n");
        assert_int_equal(take(200, "eu-central-1", piece), GRILLE_REASON_OK);
        assert_int_equal(imds.step, GRILLE_IMDS_DONE);
        assert_string_equal(imds.credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE");
        assert_string_equal(imds.credentials.secret_access_key, SECRET);
        assert_string_equal(imds.credentials.session_token, "FwoGZXIvYXdzE/");
        assert_string_equal(imds.credentials.region, "eu-central-1");
        assert_int_equal(imds.credentials.expires_ms, INT64_C(1767290400000));
    }
    grille_imds_end(&imds);
    assert_true(grille_bytes_all_zero(grille_bytes_of(&imds, sizeof imds)));
}

static void a_role_that_is_known_is_not_asked_for(void **state) {
    (void)state;
    begin(ROLE);
    answer(TOKEN);
    assert_int_equal(imds.step, GRILLE_IMDS_CREDENTIALS);
}

static void a_list_of_roles_has_a_first(void **state) {
    (void)state;
    begin(NULL);
    answer(TOKEN);
    answer(ROLE "\nSecond\n");
    assert_string_equal(imds.role, ROLE);
}

static void a_region_is_no_must(void **state) {
    static const struct {
        unsigned status;
        const char *body;
    } rows[] = {{404, "none"}, {500, ""}, {200, "eu central"}, {200, ""}, {200, "eu-central-1\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(ROLE);
        answer(TOKEN);
        answer(CREDENTIALS);
        ask();
        assert_int_equal(take(rows[i].status, rows[i].body, 4096), GRILLE_REASON_OK);
        assert_int_equal(imds.step, GRILLE_IMDS_DONE);
        assert_string_equal(imds.credentials.region, "");
    }
}

static void to_step(grille_imds_step step) {
    begin(NULL);
    if (step > GRILLE_IMDS_TOKEN) answer(TOKEN);
    if (step > GRILLE_IMDS_ROLE) answer(ROLE);
    assert_int_equal(imds.step, step);
    ask();
}

typedef struct refusal {
    grille_imds_step step;
    unsigned status;
    const char *body;
    grille_reason reason;
    const char *says;
} refusal;

#define NO_CODE                                                                                                        \
    "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"c\",\"Expiration\":\"2026-01-01T18:00:00Z\""

static void what_is_no_credentials(void **state) {
    static const refusal rows[] = {
        {GRILLE_IMDS_TOKEN, 403, "", GRILLE_REASON_KMS_SOURCE, "switched off"},
        {GRILLE_IMDS_TOKEN, 404, "", GRILLE_REASON_KMS_SOURCE, "not of a metadata service with version 2"},
        {GRILLE_IMDS_TOKEN, 500, "", GRILLE_REASON_KMS_SOURCE, "HTTP 500, expected 200"},
        {GRILLE_IMDS_TOKEN, 302, "", GRILLE_REASON_KMS_SOURCE, "HTTP 302"},
        {GRILLE_IMDS_TOKEN, 200, "", GRILLE_REASON_KMS_SOURCE, "is no token"},
        {GRILLE_IMDS_TOKEN, 200, "two words", GRILLE_REASON_KMS_SOURCE, "is no token"},
        {GRILLE_IMDS_TOKEN, 200, "line\r\nx: y", GRILLE_REASON_KMS_SOURCE, "is no token"},
        {GRILLE_IMDS_ROLE, 404, "", GRILLE_REASON_KMS_SOURCE_EMPTY, "the instance has no role. Attach"},
        {GRILLE_IMDS_ROLE, 401, "", GRILLE_REASON_KMS_SOURCE, "asking for the role's name: HTTP 401"},
        {GRILLE_IMDS_ROLE, 200, "", GRILLE_REASON_KMS_SOURCE, "no role's name"},
        {GRILLE_IMDS_ROLE, 200, "../../user-data", GRILLE_REASON_KMS_SOURCE, "no role's name"},
        {GRILLE_IMDS_ROLE, 200, "a b", GRILLE_REASON_KMS_SOURCE, "no role's name"},
        {GRILLE_IMDS_CREDENTIALS, 404, "", GRILLE_REASON_KMS_SOURCE_EMPTY, "no role named " ROLE},
        {GRILLE_IMDS_CREDENTIALS, 503, "", GRILLE_REASON_KMS_SOURCE, "asked again"},
        {GRILLE_IMDS_CREDENTIALS, 200, "", GRILLE_REASON_KMS_SOURCE, "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200, "[]", GRILLE_REASON_KMS_SOURCE, "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200, CREDENTIALS "x", GRILLE_REASON_KMS_SOURCE, "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"x\"}",
         GRILLE_REASON_KMS_SOURCE, "trust policy"},
        {GRILLE_IMDS_CREDENTIALS, 200, "{\"Code\":\"Success\"}", GRILLE_REASON_KMS_SOURCE, "lacks a part"},
        {GRILLE_IMDS_CREDENTIALS, 200, NO_CODE "}", GRILLE_REASON_KMS_SOURCE, "lacks a part"},
        {GRILLE_IMDS_CREDENTIALS, 200, NO_CODE ",\"Code\":1}", GRILLE_REASON_KMS_SOURCE, "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200, NO_CODE ",\"Token\":\"d\",\"Code\":\"Success\"}", GRILLE_REASON_KMS_SOURCE,
         "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200,
         "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"c\",\"Expiration\":"
         "\"soon\"}",
         GRILLE_REASON_KMS_SOURCE, "not the JSON"},
        {GRILLE_IMDS_CREDENTIALS, 200, "{\"SecretAccessKey\":\"a\\u0000b\"}", GRILLE_REASON_KMS_SOURCE, "not the JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        to_step(rows[i].step);
        const grille_reason reason = take(rows[i].status, rows[i].body, 4096);
        if (reason != rows[i].reason || strstr(error.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s: %s", i, grille_reason_name(reason), error.text);
        assert_null(strstr(error.text, TOKEN));
        assert_int_equal(imds.step, rows[i].step);
    }
}

static void what_is_no_http(void **state) {
    static const char *const answers[] = {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.0 200 OK\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        to_step(GRILLE_IMDS_TOKEN);
        assert_int_equal(grille_imds_take(&imds, grille_bytes_of_text(answers[i]), &error), GRILLE_REASON_KMS_SOURCE);
        assert_non_null(strstr(error.text, "not the HTTP"));
    }
}

static void answers_have_limits(void **state) {
    static char body[GRILLE_LIMIT_IMDS_ANSWER_BYTES + 2];
    (void)state;
    memset(body, 'a', sizeof body);
    for (size_t over = 0; over < 2; over++) {
        to_step(GRILLE_IMDS_TOKEN);
        body[GRILLE_LIMIT_IMDS_TOKEN_BYTES + over] = '\0';
        assert_int_equal(take(200, body, 4096), over == 0 ? GRILLE_REASON_OK : GRILLE_REASON_KMS_SOURCE);
        body[GRILLE_LIMIT_IMDS_TOKEN_BYTES + over] = 'a';
    }
    memset(body, ' ', sizeof body);
    memcpy(body, CREDENTIALS, strlen(CREDENTIALS));
    for (size_t over = 0; over < 2; over++) {
        to_step(GRILLE_IMDS_CREDENTIALS);
        body[GRILLE_LIMIT_IMDS_ANSWER_BYTES + over] = '\0';
        assert_int_equal(take(200, body, 4096), over == 0 ? GRILLE_REASON_OK : GRILLE_REASON_KMS_SOURCE);
        body[GRILLE_LIMIT_IMDS_ANSWER_BYTES + over] = ' ';
    }
}

static void names_of_roles(void **state) {
    char name[GRILLE_IMDS_ROLE_BYTES + 2];
    (void)state;
    memset(name, 'r', sizeof name);
    name[GRILLE_IMDS_ROLE_BYTES] = '\0';
    assert_true(grille_imds_role_valid(grille_bytes_of_text(name)));
    assert_true(grille_imds_role_valid(grille_bytes_of_text("a+=,.@_-Z9")));
    assert_false(grille_imds_role_valid(grille_bytes_of(name, sizeof name)));
    assert_false(grille_imds_role_valid(grille_bytes_of(NULL, 0)));
    assert_false(grille_imds_role_valid(grille_bytes_of_text("arn:aws:iam::1:role/x")));
    assert_false(grille_imds_role_valid(grille_bytes_of("a\0b", 3)));
}

int imds_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk),
        cmocka_unit_test(a_role_that_is_known_is_not_asked_for),
        cmocka_unit_test(a_list_of_roles_has_a_first),
        cmocka_unit_test(a_region_is_no_must),
        cmocka_unit_test(what_is_no_credentials),
        cmocka_unit_test(what_is_no_http),
        cmocka_unit_test(answers_have_limits),
        cmocka_unit_test(names_of_roles),
    };
    return cmocka_run_group_tests_name("imds", tests, NULL, NULL);
}
