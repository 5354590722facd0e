/* SPDX-License-Identifier: Apache-2.0
 * The front with its folder, policies' files and log, without HTTP: tests/tools/kms_emulator_test.py has that. */
#include "kms_emulator/front.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "front_tests.h"
#include "kms/sigv4.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policies.h"

static const grille_wall_ms now_ms = INT64_C(1767268800000); /* 2026-01-01T12:00:00Z */

static char folder[32];
static kms_front *front;
static kms_answer answer;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void path_of(const char *name, char path[PATH_MAX]) {
    assert_true(kms_path_join(path, folder, name, NULL));
}

static void make_folder(const char *name) {
    char path[PATH_MAX];
    path_of(name, path);
    assert_int_equal(0, mkdir(path, 0700));
}

static void write_caller(const char *name) {
    kms_credentials *credentials = calloc(1, sizeof *credentials);
    grille_error error = {0};
    assert_non_null(credentials);
    assert_true(kms_credentials_add(credentials, name, "arn:aws:iam::111122223333:user/x", 0, true, &error));
    assert_true(kms_credentials_write(folder, credentials, &error));
    kms_credentials_free(credentials);
}

static void open_front(size_t throttled) {
    const kms_front_options options = {.folder = folder, .throttled = throttled};
    grille_error error = {0};
    kms_front_close(front);
    if (kms_front_open(&options, &front, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
}

/* As kms_folder_make, without the certificates, which only HTTPS needs. */
static int begin(void **state) {
    const kms_settings settings = kms_settings_default();
    grille_error error = {0};
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/front.XXXXXX");
    if (mkdtemp(folder) == NULL || !kms_settings_write(folder, &settings, &error)) return -1;
    make_folder(KMS_POLICIES_FOLDER);
    make_folder(KMS_ROOTS_FOLDER);
    write_caller("developer");
    open_front(0);
    return 0;
}

static int end(void **state) {
    (void)state;
    kms_answer_clear(&answer);
    kms_front_close(front);
    front = NULL;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void add(kms_front_request *request, const char *name, const char *value) {
    request->headers[request->header_count++] = (grille_kms_header){.name = name, .value = grille_bytes_of_text(value)};
}

static void sign(kms_front_request *request, uint8_t authorization[1024], const grille_sigv4_time *time) {
    kms_credentials *credentials = kms_credentials_read(folder, NULL);
    const kms_credential *who = &credentials->items[0];
    const grille_sigv4_credentials keys = {.access_key_id = grille_bytes_of_text(who->access_key_id),
                                           .secret_access_key = grille_bytes_of_text(who->secret_access_key)};
    const grille_sigv4_request signed_request = {.method = "POST",
                                                 .path = grille_bytes_of_text("/"),
                                                 .headers = request->headers,
                                                 .header_count = request->header_count,
                                                 .body = request->body,
                                                 .region = "eu-central-1",
                                                 .service = "kms"};
    grille_writer writer = grille_writer_into(authorization, 1024);
    assert_int_equal(GRILLE_REASON_OK, grille_sigv4_sign(grille_crypto_wolf(), &keys, &signed_request, time, &writer));
    request->headers[request->header_count++] =
        (grille_kms_header){.name = "authorization", .value = grille_written(&writer)};
    kms_credentials_free(credentials);
}

/* Asks as the first caller of the folder's file; `change` may make the request worse. */
static void ask_changed(const char *action, const char *body, void (*change)(kms_front_request *request)) {
    uint8_t authorization[1024];
    char target[64];
    grille_sigv4_time time;
    kms_front_request request = {.method = "POST",
                                 .path = "/",
                                 .source_address = "127.0.0.1",
                                 .now_ms = now_ms,
                                 .body = grille_bytes_of_text(body)};
    assert_int_equal(GRILLE_REASON_OK, grille_sigv4_time_of(now_ms, &time));
    (void)snprintf(target, sizeof target, "TrentService.%s", action);
    add(&request, "host", "localhost");
    add(&request, "x-amz-date", time.text);
    add(&request, "x-amz-target", target);
    sign(&request, authorization, &time);
    if (change != NULL) change(&request);
    kms_answer_clear(&answer);
    kms_front_answer(front, &request, &answer);
}

static void ask(const char *action, const char *body) {
    ask_changed(action, body, NULL);
}

static void assert_answered(kms_error error) {
    if (answer.error != error) fail_msg("%s: %s", kms_error_type(answer.error), answer.body);
    assert_int_equal(kms_error_status(error), answer.status);
    assert_int_equal(strlen(answer.body), answer.body_len);
}

static void ask_well(const char *action, const char *body) {
    ask(action, body);
    assert_answered(KMS_ERROR_NONE);
}

/* A new key's id. */
static void make_key(char id[KMS_KEY_ID_BYTES]) {
    json_t *value = NULL;
    const char *text = NULL;
    ask_well("CreateKey", "{}");
    value = json_loads(answer.body, 0, NULL);
    assert_int_equal(0, json_unpack(value, "{s:{s:s}}", "KeyMetadata", "KeyId", &text));
    (void)snprintf(id, KMS_KEY_ID_BYTES, "%s", text);
    json_decref(value);
}

static char *read_policy_file(const char *id) {
    char name[64], path[PATH_MAX];
    size_t len = 0;
    (void)snprintf(name, sizeof name, KMS_POLICIES_FOLDER "/%s.json", id);
    path_of(name, path);
    return kms_file_read(path, &len, NULL);
}

static void write_policy_file(const char *name, const char *text) {
    char path[80];
    (void)snprintf(path, sizeof path, KMS_POLICIES_FOLDER "/%s", name);
    assert_true(kms_file_put(folder, path, grille_bytes_of_text(text), NULL));
}

static size_t lines_of_log(void) {
    char path[PATH_MAX];
    size_t len = 0, lines = 0;
    char *text = NULL;
    path_of(KMS_EVENTS_FILE, path);
    text = kms_file_read(path, &len, NULL);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    free(text);
    return lines;
}

static const char user_policy[] =
    "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": "
    "\"arn:aws:iam::111122223333:root\"}, \"Action\": [\"kms:DescribeKey\", \"kms:PutKeyPolicy\"], \"Resource\": "
    "\"*\"}]}";

static void put_this_policy(const char *id, const char *policy) {
    char body[1024];
    json_t *value = json_pack("{s:s, s:s, s:s}", "KeyId", id, "PolicyName", "default", "Policy", policy);
    char *text = json_dumps(value, 0);
    (void)snprintf(body, sizeof body, "%s", text);
    free(text);
    json_decref(value);
    ask("PutKeyPolicy", body);
}

static void put_policy(const char *id) {
    put_this_policy(id, user_policy);
}

static void ask_of(const char *action, const char *id) {
    char body[128];
    (void)snprintf(body, sizeof body, "{\"KeyId\": \"%s\"}", id);
    ask(action, body);
}

static void as_get(kms_front_request *request) {
    request->method = "GET";
}
static void elsewhere(kms_front_request *request) {
    request->path = "/?x=1";
}
static void too_large(kms_front_request *request) {
    request->is_too_large = true;
}
static void too_many_headers(kms_front_request *request) {
    request->has_too_many_headers = true;
}
static void unsigned_one(kms_front_request *request) {
    request->header_count--;
}
static void later(kms_front_request *request) {
    request->now_ms += KMS_SIGNATURE_SKEW_MS + 1;
}

static void each_request_is_answered_and_logged(void **state) {
    static const struct {
        void (*change)(kms_front_request *request);
        kms_error error;
    } rows[] = {{NULL, KMS_ERROR_NONE},
                {as_get, KMS_ERROR_UNKNOWN_OPERATION},
                {elsewhere, KMS_ERROR_UNKNOWN_OPERATION},
                {too_large, KMS_ERROR_REQUEST_TOO_LARGE},
                {too_many_headers, KMS_ERROR_VALIDATION},
                {unsigned_one, KMS_ERROR_MISSING_TOKEN},
                {later, KMS_ERROR_INVALID_SIGNATURE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask_changed("ListKeys", "{}", rows[i].change);
        assert_answered(rows[i].error);
        assert_int_equal(i + 1, lines_of_log());
    }
}

static void the_first_signed_requests_are_throttled(void **state) {
    (void)state;
    open_front(2);
    ask_changed("ListKeys", "{}", unsigned_one);
    assert_answered(KMS_ERROR_MISSING_TOKEN);
    for (size_t i = 0; i < 2; i++) {
        ask("ListKeys", "{}");
        assert_answered(KMS_ERROR_THROTTLING);
    }
    ask_well("ListKeys", "{}");
}

static void a_policy_stands_in_its_file_before_the_answer(void **state) {
    char id[KMS_KEY_ID_BYTES];
    char *text = NULL;
    (void)state;
    make_key(id);
    text = read_policy_file(id);
    assert_non_null(strstr(text, "Enable IAM User Permissions"));
    free(text);
    put_policy(id);
    assert_answered(KMS_ERROR_NONE);
    text = read_policy_file(id);
    assert_string_equal(user_policy, text);
    free(text);
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_ACCESS_DENIED);
}

static void a_policy_that_can_not_be_kept_is_not_set(void **state) {
    char id[KMS_KEY_ID_BYTES], path[PATH_MAX], aside[PATH_MAX];
    (void)state;
    make_key(id);
    path_of(KMS_POLICIES_FOLDER, path);
    path_of("aside", aside);
    assert_int_equal(0, rename(path, aside));
    put_policy(id);
    assert_answered(KMS_ERROR_INTERNAL);
    ask("CreateKey", "{}");
    assert_answered(KMS_ERROR_INTERNAL);
    assert_int_equal(0, rename(aside, path));
    open_front(0);
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_NONE);
}

static void files_are_taken_at_the_start_and_again(void **state) {
    char id[KMS_KEY_ID_BYTES], name[64];
    grille_error error = {0};
    (void)state;
    make_key(id);
    (void)snprintf(name, sizeof name, "%s.json", id);
    write_policy_file(name, user_policy);
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_NONE);
    assert_true(kms_front_reload(front, &error));
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_ACCESS_DENIED);
    open_front(0);
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_ACCESS_DENIED);
}

static void files_that_are_no_policies_are_passed_over(void **state) {
    char id[KMS_KEY_ID_BYTES], name[64], path[PATH_MAX];
    (void)state;
    make_key(id);
    (void)snprintf(name, sizeof name, "%s.json", id);
    write_policy_file(name, "{\"Version\": \"2012-10-17\"");
    write_policy_file("note", "what is this?");
    write_policy_file(".hidden", "left by a kill");
    write_policy_file("11112222-3333-4444-5555-666677778888.json", user_policy);
    open_front(0);
    ask_of("GetKeyPolicy", id);
    assert_answered(KMS_ERROR_NONE);
    (void)snprintf(name, sizeof name, KMS_POLICIES_FOLDER "/%s.json", id);
    path_of(name, path);
    assert_int_equal(0, unlink(path));
    open_front(0);
    assert_int_equal(0, access(path, F_OK));
}

static void callers_and_the_log_are_read_again(void **state) {
    char path[PATH_MAX], old[PATH_MAX];
    grille_error error = {0};
    (void)state;
    ask_well("ListKeys", "{}");
    write_caller("other");
    ask("ListKeys", "{}");
    assert_answered(KMS_ERROR_UNRECOGNIZED_CLIENT);
    path_of(KMS_EVENTS_FILE, path);
    path_of("events.1", old);
    assert_int_equal(0, rename(path, old));
    assert_true(kms_front_reload(front, &error));
    ask_well("ListKeys", "{}");
    assert_int_equal(1, lines_of_log());
    assert_true(kms_file_put(folder, KMS_CREDENTIALS_FILE, grille_bytes_of_text("[{}]"), &error));
    assert_false(kms_front_reload(front, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
    write_caller("third");
    ask("ListKeys", "{}");
    assert_answered(KMS_ERROR_UNRECOGNIZED_CLIENT);
}

static atomic_bool reads_on;

static void *read_again(void *user) {
    grille_error error;
    (void)user;
    while (atomic_load(&reads_on))
        if (!kms_front_reload(front, &error)) return NULL;
    return front;
}

/* A file that is read while its key gets another policy must not bring the old one back. */
static void reading_again_undoes_nothing(void **state) {
    static const char format[] =
        "{\"Version\": \"2012-10-17\", \"Id\": \"%d\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": "
        "\"*\", \"Action\": \"kms:*\", \"Resource\": \"*\"}]}";
    char id[KMS_KEY_ID_BYTES], policy[512];
    pthread_t reader;
    void *read_well = NULL;
    (void)state;
    make_key(id);
    atomic_store(&reads_on, true);
    assert_int_equal(0, pthread_create(&reader, NULL, read_again, NULL));
    for (int i = 0; i < 20; i++) {
        char *text = NULL;
        (void)snprintf(policy, sizeof policy, format, i);
        put_this_policy(id, policy);
        assert_answered(KMS_ERROR_NONE);
        text = read_policy_file(id);
        assert_string_equal(policy, text);
        free(text);
        (void)snprintf(policy, sizeof policy, "\\\"Id\\\": \\\"%d\\\"", i);
        ask_of("GetKeyPolicy", id);
        assert_answered(KMS_ERROR_NONE);
        assert_non_null(strstr(answer.body, policy));
    }
    atomic_store(&reads_on, false);
    assert_int_equal(0, pthread_join(reader, &read_well));
    assert_ptr_equal(front, read_well);
}

static void assert_not_opened(const char *problem) {
    const kms_front_options options = {.folder = folder};
    grille_error error = {0};
    kms_front *none = NULL;
    assert_int_not_equal(GRILLE_REASON_OK, kms_front_open(&options, &none, &error));
    assert_null(none);
    if (strstr(error.text, problem) == NULL) fail_msg("%s", error.text);
}

static void a_folder_that_is_not_whole_is_not_served(void **state) {
    char path[PATH_MAX];
    grille_error error;
    (void)state;
    assert_true(kms_file_put(folder, KMS_ROOTS_FOLDER "/x.pem", grille_bytes_of_text("no root"), &error));
    assert_not_opened("is not one certificate");
    path_of(KMS_ROOTS_FOLDER "/x.pem", path);
    assert_int_equal(0, unlink(path));
    path_of(KMS_ROOTS_FOLDER, path);
    assert_int_equal(0, rmdir(path));
    assert_not_opened(KMS_ROOTS_FOLDER);
    make_folder(KMS_ROOTS_FOLDER);
    assert_true(kms_file_put(folder, KMS_CREDENTIALS_FILE, grille_bytes_of_text("{"), &error));
    assert_not_opened(KMS_CREDENTIALS_FILE);
    write_caller("developer");
    path_of(KMS_SETTINGS_FILE, path);
    assert_int_equal(0, unlink(path));
    assert_not_opened(KMS_SETTINGS_FILE);
}

int front_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_request_is_answered_and_logged, begin, end),
        cmocka_unit_test_setup_teardown(the_first_signed_requests_are_throttled, begin, end),
        cmocka_unit_test_setup_teardown(a_policy_stands_in_its_file_before_the_answer, begin, end),
        cmocka_unit_test_setup_teardown(a_policy_that_can_not_be_kept_is_not_set, begin, end),
        cmocka_unit_test_setup_teardown(files_are_taken_at_the_start_and_again, begin, end),
        cmocka_unit_test_setup_teardown(files_that_are_no_policies_are_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(callers_and_the_log_are_read_again, begin, end),
        cmocka_unit_test_setup_teardown(reading_again_undoes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_whole_is_not_served, begin, end),
    };
    return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
