/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

#include "cmocka_all.h"
#include "front_tests.h"
#include "kms_emulator/json_file.h"

static char folder[] = "/tmp/settings.XXXXXX";

static int begin(void **state) {
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int end(void **state) {
    char path[64];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/" KMS_SETTINGS_FILE, folder);
    (void)unlink(path);
    return rmdir(folder);
}

static void what_is_written_is_read(void **state) {
    kms_settings settings = kms_settings_default(), read;
    grille_error error = {0};
    struct stat status;
    char path[64];
    (void)state;
    settings.takes_aws_root = true;
    settings.primitive_content = true;
    settings.insecure_explain = false;
    settings.documents_at_ms = INT64_C(1767268800000);
    (void)snprintf(settings.listen, sizeof settings.listen, "[::1]:0");
    assert_true(kms_settings_write(folder, &settings, &error));
    assert_true(kms_settings_read(folder, &read, &error));
    assert_string_equal(settings.region, read.region);
    assert_string_equal(settings.account, read.account);
    assert_string_equal(settings.listen, read.listen);
    assert_true(read.takes_aws_root && read.primitive_content && !read.insecure_explain);
    assert_int_equal(settings.documents_at_ms, read.documents_at_ms);
    (void)snprintf(path, sizeof path, "%s/" KMS_SETTINGS_FILE, folder);
    assert_int_equal(0, stat(path, &status));
    assert_int_equal(0600, status.st_mode & 0777);
    settings = kms_settings_default();
    assert_true(kms_settings_write(folder, &settings, &error));
    assert_true(kms_settings_read(folder, &read, &error));
    assert_int_equal(0, read.documents_at_ms);
}

typedef struct row {
    const char *text, *problem;
} row;

#define HEAD "{\"insecure\": \"\", "
#define TAIL ", \"aws_root\": false, \"documents_at\": \"\", \"primitive_content\": false, \"insecure_explain\": true}"

static void what_is_wrong_is_said(void **state) {
    static const row rows[] = {
        {"", "line 1"},
        {"{", "line 1"},
        {"[]", "Expected object"},
        {HEAD "\"region\": \"r\", \"account\": \"111122223333\"" TAIL, "listen"},
        {HEAD "\"region\": \"r\", \"region\": \"r\", \"account\": \"111122223333\", \"listen\": \"127.0.0.1:1\"" TAIL,
         "duplicate"},
        {HEAD "\"region\": \"r\", \"more\": 1, \"account\": \"111122223333\", \"listen\": \"127.0.0.1:1\"" TAIL,
         "more"},
        {HEAD "\"region\": 1, \"account\": \"111122223333\", \"listen\": \"127.0.0.1:1\"" TAIL, "Expected string"},
        {HEAD "\"region\": \"EU\", \"account\": \"111122223333\", \"listen\": \"127.0.0.1:1\"" TAIL, "\"region\""},
        {HEAD "\"region\": \"r\", \"account\": \"11112222333\", \"listen\": \"127.0.0.1:1\"" TAIL, "\"account\""},
        {HEAD "\"region\": \"r\", \"account\": \"111122223333\", \"listen\": \"0.0.0.0:1\"" TAIL, "\"listen\""},
        {HEAD "\"region\": \"r\", \"account\": \"111122223333\", \"listen\": \"127.0.0.1:1\", \"aws_root\": false, "
              "\"documents_at\": \"tomorrow\", \"primitive_content\": false, \"insecure_explain\": true}",
         "\"documents_at\""},
    };
    kms_settings read;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_error error = {0};
        assert_true(kms_file_put(folder, KMS_SETTINGS_FILE, grille_bytes_of_text(rows[i].text), &error));
        if (kms_settings_read(folder, &read, &error)) fail_msg("%s is taken", rows[i].text);
        assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
        if (strstr(error.text, rows[i].problem) == NULL) fail_msg("%s: %s", rows[i].text, error.text);
    }
    assert_false(kms_settings_read("/nonexistent", &read, NULL));
}

static void only_the_loopback_interface_is_listened_on(void **state) {
    static const char *const good[] = {"127.0.0.1:8443", "127.1.2.3:0", "[::1]:65535"};
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "0.0.0.0:1",
                                      "192.168.0.1:1",
                                      "localhost:1",
                                      "[::]:1",
                                      "::1:1",
                                      "[::1]",
                                      "[::1]1",
                                      "[127.0.0.1]:1",
                                      "128.0.0.1:1",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:1 ",
                                      "[fe80::1]:1",
                                      ":1",
                                      "127.1:1",
                                      "127.0.0.1:000001",
                                      "[::1%lo]:1"};
    char host[KMS_LISTEN_BYTES];
    unsigned port = 0;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!kms_listen_parse(good[i], host, &port)) fail_msg("\"%s\" is refused", good[i]);
    assert_string_equal("::1", host);
    assert_int_equal(65535, port);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (kms_listen_parse(bad[i], host, &port)) fail_msg("\"%s\" is taken", bad[i]);
}

int settings_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(only_the_loopback_interface_is_listened_on),
    };
    return cmocka_run_group_tests_name("settings", tests, begin, end);
}
