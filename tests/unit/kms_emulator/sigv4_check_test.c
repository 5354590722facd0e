/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/sigv4_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "front_tests.h"
#include "kms/sigv4.h"
#include "kms_emulator/authorization.h"
#include "wire/limits.h"

static const grille_wall_ms now_ms = INT64_C(1440938160000); /* 2015-08-30T12:36:00Z */
static const char body[] = "{\"KeyId\":\"alias/x\"}";
static const char token[] = "IQoJb3JpZ2luX2VjEXAMPLE";

/* A user's keys, a session's, and a session's that has expired. */
static kms_credentials credentials;

enum { USER, SESSION, EXPIRED };

/* One request, with the text that it points into. */
typedef struct signed_form {
    kms_signed_request request;
    char date[GRILLE_SIGV4_TIME_BYTES];
    char authorization[1024];
} signed_form;

static void make_credentials(void) {
    static const char *const keys[] = {"AKIDEXAMPLE", "ASIAEXAMPLE", "ASIAEXPIRED"};
    credentials.count = 3;
    for (size_t i = 0; i < 3; i++) {
        kms_credential *item = &credentials.items[i];
        *item = (kms_credential){.identity_policy_allows = true};
        (void)snprintf(item->access_key_id, sizeof item->access_key_id, "%s", keys[i]);
        (void)snprintf(item->secret_access_key, sizeof item->secret_access_key, "secret%zu", i);
        if (i != USER) (void)snprintf(item->session_token, sizeof item->session_token, "%s", token);
        if (i == EXPIRED) item->expires_ms = now_ms;
    }
}

static void add(kms_signed_request *request, const char *name, const char *value) {
    request->headers[request->header_count++] = (grille_kms_header){.name = name, .value = grille_bytes_of_text(value)};
}

static void sign(signed_form *form, size_t who, const char *region) {
    const kms_credential *item = &credentials.items[who];
    const grille_sigv4_credentials keys = {.access_key_id = grille_bytes_of_text(item->access_key_id),
                                           .secret_access_key = grille_bytes_of_text(item->secret_access_key),
                                           .session_token = grille_bytes_of_text(item->session_token)};
    const grille_sigv4_request request = {.method = "POST",
                                          .path = grille_bytes_of_text("/"),
                                          .headers = form->request.headers,
                                          .header_count = form->request.header_count,
                                          .body = form->request.body,
                                          .region = region,
                                          .service = "kms"};
    grille_writer writer = grille_writer_into((uint8_t *)form->authorization, sizeof form->authorization - 1);
    grille_sigv4_time time;
    memcpy(time.text, form->date, sizeof time.text);
    assert_int_equal(GRILLE_REASON_OK, grille_sigv4_sign(grille_crypto_wolf(), &keys, &request, &time, &writer));
    form->authorization[grille_written(&writer).len] = '\0';
}

/* A good request of `who`, sent so much after the service's time. */
static void make_in(signed_form *form, size_t who, int64_t after_ms, const char *region) {
    grille_sigv4_time time;
    *form = (signed_form){.request = {.method = "POST",
                                      .credentials = &credentials,
                                      .region = "eu-central-1",
                                      .now_ms = now_ms,
                                      .body = grille_bytes_of_text(body)}};
    assert_int_equal(GRILLE_REASON_OK, grille_sigv4_time_of(now_ms + after_ms, &time));
    memcpy(form->date, time.text, sizeof form->date);
    add(&form->request, "content-type", "application/x-amz-json-1.1");
    add(&form->request, "host", "kms.eu-central-1.amazonaws.com");
    add(&form->request, "x-amz-date", form->date);
    if (who != USER) add(&form->request, "x-amz-security-token", token);
    add(&form->request, "x-amz-target", "TrentService.Decrypt");
    sign(form, who, region);
    add(&form->request, "user-agent", "a client");
    add(&form->request, "authorization", form->authorization);
}

static void make(signed_form *form, size_t who) {
    make_in(form, who, 0, "eu-central-1");
}

static void assert_found(const signed_form *form, kms_error error, const char *message) {
    kms_signature found;
    kms_signature_check(grille_crypto_wolf(), &form->request, &found);
    if (found.error != error || strstr(found.message, message) == NULL)
        fail_msg("%s: \"%s\", expected %s: \"%s\"", kms_error_type(found.error), found.message, kms_error_type(error),
                 message);
}

static grille_kms_header *header(signed_form *form, const char *name) {
    for (size_t i = 0; i < form->request.header_count; i++)
        if (strcmp(form->request.headers[i].name, name) == 0) return &form->request.headers[i];
    fail_msg("no header %s", name);
    return NULL;
}

static void who_signed_is_known(void **state) {
    signed_form form;
    kms_signature found;
    (void)state;
    for (size_t who = USER; who <= SESSION; who++) {
        make(&form, who);
        kms_signature_check(grille_crypto_wolf(), &form.request, &found);
        assert_int_equal(KMS_ERROR_NONE, found.error);
        assert_ptr_equal(&credentials.items[who], found.who);
    }
}

/* What was signed can't be another's: each byte of each signed value, of the body and of the signature. */
static void no_byte_of_what_was_signed_may_change(void **state) {
    signed_form form;
    char changed[256];
    size_t tried = 0;
    (void)state;
    make(&form, SESSION);
    for (size_t i = 0; i < form.request.header_count; i++) {
        grille_kms_header *at = &form.request.headers[i];
        const grille_bytes before = at->value;
        const bool is_signature = strcmp(at->name, "authorization") == 0;
        if (strcmp(at->name, "user-agent") == 0) continue;
        for (size_t byte = is_signature ? before.len - KMS_SIGNATURE_CHARACTERS : 0; byte < before.len; byte++) {
            kms_signature found;
            assert_true(before.len <= sizeof changed * 4);
            {
                char *copy = malloc(before.len);
                memcpy(copy, before.data, before.len);
                copy[byte] = is_signature ? (copy[byte] == '0' ? '1' : '0') : (char)(copy[byte] ^ 1);
                at->value = grille_bytes_of(copy, before.len);
                kms_signature_check(grille_crypto_wolf(), &form.request, &found);
                assert_int_not_equal(KMS_ERROR_NONE, found.error);
                free(copy);
            }
            tried++;
        }
        at->value = before;
    }
    for (size_t byte = 0; byte < strlen(body); byte++) {
        memcpy(changed, body, sizeof body);
        changed[byte] ^= 1;
        form.request.body = grille_bytes_of(changed, strlen(body));
        assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "");
    }
    form.request.body = grille_bytes_of_text(body);
    form.request.method = "PUT";
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "");
    form.request.method = "POST";
    assert_found(&form, KMS_ERROR_NONE, "");
    assert_true(tried > 150);
}

static void the_time_may_be_five_minutes_off(void **state) {
    static const struct {
        int64_t after_ms;
        kms_error error;
        const char *message;
    } rows[] = {
        {0, KMS_ERROR_NONE, ""},
        {KMS_SIGNATURE_SKEW_MS, KMS_ERROR_NONE, ""},
        {-KMS_SIGNATURE_SKEW_MS, KMS_ERROR_NONE, ""},
        {KMS_SIGNATURE_SKEW_MS + 1000, KMS_ERROR_INVALID_SIGNATURE,
         "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z + 5 "
         "min.)"},
        {-KMS_SIGNATURE_SKEW_MS - 1000, KMS_ERROR_INVALID_SIGNATURE,
         "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)"},
        {INT64_C(-86400000), KMS_ERROR_INVALID_SIGNATURE, "Signature expired"},
        {INT64_C(86400000), KMS_ERROR_INVALID_SIGNATURE, "Signature not yet current"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        signed_form form;
        make_in(&form, USER, rows[i].after_ms, "eu-central-1");
        assert_found(&form, rows[i].error, rows[i].message);
    }
}

static void remove_header(signed_form *form, const char *name) {
    grille_kms_header *at = header(form, name);
    *at = form->request.headers[--form->request.header_count];
}

static void what_is_missing_is_said(void **state) {
    signed_form form;
    (void)state;
    make(&form, USER);
    remove_header(&form, "authorization");
    assert_found(&form, KMS_ERROR_MISSING_TOKEN, "");
    make(&form, USER);
    header(&form, "authorization")->value = grille_bytes_of_text("Basic dXNlcg==");
    assert_found(&form, KMS_ERROR_INCOMPLETE_SIGNATURE, "Unsupported AWS 'algorithm'");
    make(&form, USER);
    remove_header(&form, "x-amz-date");
    assert_found(&form, KMS_ERROR_INCOMPLETE_SIGNATURE, "'X-Amz-Date'");
    make(&form, USER);
    header(&form, "x-amz-date")->value = grille_bytes_of_text("2015-08-30");
    assert_found(&form, KMS_ERROR_INCOMPLETE_SIGNATURE, "Got '2015-08-30'");
    make(&form, USER);
    remove_header(&form, "content-type");
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'content-type' is to be signed");
}

static void whose_keys_they_are_not_is_refused(void **state) {
    signed_form form;
    (void)state;
    make(&form, SESSION);
    remove_header(&form, "x-amz-security-token");
    assert_found(&form, KMS_ERROR_UNRECOGNIZED_CLIENT, "");
    make(&form, SESSION);
    header(&form, "x-amz-security-token")->value = grille_bytes_of_text("another");
    assert_found(&form, KMS_ERROR_UNRECOGNIZED_CLIENT, "");
    make(&form, USER);
    add(&form.request, "x-amz-security-token", token);
    assert_found(&form, KMS_ERROR_UNRECOGNIZED_CLIENT, "");
    make(&form, USER);
    memcpy(strstr(form.authorization, "AKID"), "XXXX", 4);
    assert_found(&form, KMS_ERROR_UNRECOGNIZED_CLIENT, "");
    make(&form, EXPIRED);
    assert_found(&form, KMS_ERROR_EXPIRED_TOKEN, "");
    form.request.now_ms = now_ms - 1;
    assert_found(&form, KMS_ERROR_NONE, "");
}

/* The scope's texts are of the same length as the good ones: only they change. */
static void the_scope_must_be_this_services(void **state) {
    signed_form form;
    (void)state;
    make_in(&form, USER, 0, "eu-central-2");
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "valid region, not 'eu-central-2'");
    make(&form, USER);
    memcpy(strstr(form.authorization, "/kms/"), "/kmt/", 5);
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "correct service: 'kms'");
    make(&form, USER);
    memcpy(strstr(form.authorization, "aws4_request"), "aws5_request", 12);
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "not 'aws5_request'");
    make(&form, USER);
    memcpy(strstr(form.authorization, "20150830"), "20150831", 8);
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'20150831' != '20150830', from '20150830T123600Z'");
}

static void all_that_changes_the_meaning_is_signed_and_there_once(void **state) {
    signed_form form;
    (void)state;
    make(&form, USER);
    add(&form.request, "x-amz-more", "1");
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'x-amz-more' must be a 'SignedHeader'");
    make(&form, USER);
    add(&form.request, "x-amz-target", "TrentService.Encrypt");
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'x-amz-target' is there twice");
    make(&form, USER);
    add(&form.request, "host", "another");
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'host' is there twice");
    make(&form, USER);
    add(&form.request, "user-agent", "another");
    assert_found(&form, KMS_ERROR_NONE, "");
    /* The name of the host is left out of the list of what is signed. */
    make(&form, USER);
    memmove(strstr(form.authorization, "host;"), strstr(form.authorization, "host;") + 5,
            strlen(strstr(form.authorization, "host;") + 5) + 1);
    header(&form, "authorization")->value = grille_bytes_of_text(form.authorization);
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "'Host' must be a 'SignedHeader'");
}

static void more_signed_headers_than_the_limit_are_refused(void **state) {
    static char names[GRILLE_LIMIT_KMS_HEADERS + 1][16];
    signed_form form;
    char list[512] = "";
    (void)state;
    make(&form, USER);
    form.request.header_count = 0;
    for (size_t i = 0; i <= GRILLE_LIMIT_KMS_HEADERS; i++) {
        (void)snprintf(names[i], sizeof names[i], "header-%02zu", i);
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i == 0 ? "" : ";", names[i]);
        add(&form.request, names[i], "1");
    }
    add(&form.request, "x-amz-date", form.date);
    (void)snprintf(form.authorization, sizeof form.authorization,
                   "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, "
                   "SignedHeaders=%s, Signature=%064d",
                   list, 0);
    add(&form.request, "authorization", form.authorization);
    assert_found(&form, KMS_ERROR_INVALID_SIGNATURE, "one of more than 16");
}

int sigv4_check_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_signed_is_known),
        cmocka_unit_test(no_byte_of_what_was_signed_may_change),
        cmocka_unit_test(the_time_may_be_five_minutes_off),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(whose_keys_they_are_not_is_refused),
        cmocka_unit_test(the_scope_must_be_this_services),
        cmocka_unit_test(all_that_changes_the_meaning_is_signed_and_there_once),
        cmocka_unit_test(more_signed_headers_than_the_limit_are_refused),
    };
    make_credentials();
    return cmocka_run_group_tests_name("sigv4_check", tests, NULL, NULL);
}
