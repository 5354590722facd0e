/* SPDX-License-Identifier: Apache-2.0
 * Goal: credentials are found where AWS's programs have them, by their rules; the metadata service is one on loopback.
 */
#include "kms/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "failing_malloc.h"
#include "fake_imds.h"
#include "parent_tests.h"
#include "wire/limits.h"

static const char *const settings[] = {"AWS_ACCESS_KEY_ID",
                                       "AWS_SECRET_ACCESS_KEY",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_CREDENTIAL_EXPIRATION",
                                       "AWS_REGION",
                                       "AWS_DEFAULT_REGION",
                                       "AWS_PROFILE",
                                       "AWS_SHARED_CREDENTIALS_FILE",
                                       "AWS_EC2_METADATA_DISABLED"};

static char folder[] = "/tmp/source.XXXXXX";
static char file[64], home_file[64];
static fake_imds imds;
static grille_kms_source *source;
static grille_kms_role_credentials got;
static grille_error error;

static void clear_settings(void) {
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_int_equal(unsetenv(settings[i]), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
}

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int set_up_group(void **state) {
    char aws[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/file", folder);
    (void)snprintf(aws, sizeof aws, "%s/.aws", folder);
    assert_int_equal(mkdir(aws, 0700), 0);
    (void)snprintf(home_file, sizeof home_file, "%s/.aws/credentials", folder);
    return 0;
}

static int tear_down_group(void **state) {
    char aws[64];
    (void)state;
    (void)snprintf(aws, sizeof aws, "%s/.aws", folder);
    (void)rmdir(aws);
    return rmdir(folder);
}

static int set_up(void **state) {
    (void)state;
    clear_settings();
    fake_imds_open(&imds);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_kms_source_free(source);
    source = NULL;
    fake_imds_close(&imds);
    (void)unlink(file);
    (void)unlink(home_file);
    clear_settings();
    return 0;
}

static void open_imds(uint32_t timeout_ms) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    assert_string_equal(options.address, "tcp:169.254.169.254:80");
    options.address = imds.address;
    options.timeout_ms = timeout_ms;
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_OK);
}

static void expect(const char *access_key_id, const char *where) {
    if (grille_kms_source_read(source, &got, &error) != GRILLE_OK) fail_msg("%s", error.text);
    assert_string_equal(got.access_key_id, access_key_id);
    if (strstr(grille_kms_source_describe(source), where) == NULL)
        fail_msg("\"%s\" lacks: %s", grille_kms_source_describe(source), where);
}

static void expect_failure(grille_code code, const char *name, const char *says) {
    memset(&got, 0xff, sizeof got);
    assert_int_equal(grille_kms_source_read(source, &got, &error), code);
    assert_true(grille_bytes_all_zero(grille_bytes_of(&got, sizeof got)));
    assert_string_equal(error.name, name);
    if (strstr(error.text, says) == NULL) fail_msg("\"%s\" lacks: %s", error.text, says);
}

#define EMPTY     GRILLE_NOT_FOUND, "KMS-SOURCE-EMPTY"
#define FAILS     GRILLE_UNAVAILABLE, "KMS-SOURCE"
#define MALFORMED GRILLE_INVALID_ARGUMENT, "KMS-CREDENTIALS"

static void environment(void **state) {
    static char long_value[GRILLE_KMS_SECRET_MAX + 2];
    (void)state;
    assert_int_equal(grille_kms_source_open_environment(&source, &error), GRILLE_OK);
    expect_failure(EMPTY, "AWS_ACCESS_KEY_ID is not set");
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1), 0);
    expect_failure(MALFORMED, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "secret", 1), 0);
    expect("AKIAENV", "the environment");
    assert_string_equal(got.session_token, "");
    assert_string_equal(got.region, "");
    assert_int_equal(got.expires_ms, 0);
    assert_int_equal(setenv("AWS_SESSION_TOKEN", "token", 1), 0);
    assert_int_equal(setenv("AWS_DEFAULT_REGION", "us-east-1", 1), 0);
    assert_int_equal(setenv("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T12:00:00+00:00", 1), 0);
    expect("AKIAENV", "the environment");
    assert_string_equal(got.secret_access_key, "secret");
    assert_string_equal(got.session_token, "token");
    assert_string_equal(got.region, "us-east-1");
    assert_int_equal(got.expires_ms, INT64_C(1767268800000));
    assert_int_equal(setenv("AWS_REGION", "us-west-2", 1), 0);
    expect("AKIAENV", "the environment");
    assert_string_equal(got.region, "us-west-2");
    assert_int_equal(setenv("AWS_CREDENTIAL_EXPIRATION", "soon", 1), 0);
    expect_failure(MALFORMED, "AWS_CREDENTIAL_EXPIRATION is no time");
    assert_int_equal(unsetenv("AWS_CREDENTIAL_EXPIRATION"), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "se cret", 1), 0);
    expect_failure(MALFORMED, "the secret access key");
    memset(long_value, 'x', sizeof long_value - 1);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", long_value, 1), 0);
    expect_failure(MALFORMED, "over its limit");
    assert_int_equal(unsetenv("AWS_ACCESS_KEY_ID"), 0);
    expect_failure(MALFORMED, "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not");
}

#define PROFILES                                                                                                       \
    "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = one\nregion = eu-west-1\n"                    \
    "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = two\n"

static void a_file(void **state) {
    (void)state;
    assert_int_equal(grille_kms_source_open_file(file, NULL, &source, &error), GRILLE_OK);
    expect_failure(EMPTY, "can't be read: No such file");
    write_file(file, PROFILES);
    expect("AKIADEFAULT", "profile default of /tmp/source.");
    assert_string_equal(got.region, "eu-west-1");
    assert_int_equal(setenv("AWS_PROFILE", "work", 1), 0);
    assert_int_equal(setenv("AWS_REGION", "us-west-2", 1), 0);
    expect("AKIAWORK", "profile work of ");
    assert_string_equal(got.region, "us-west-2");
    assert_int_equal(setenv("AWS_PROFILE", "lost", 1), 0);
    expect_failure(EMPTY, "no profile [lost]");
    grille_kms_source_free(source);
    assert_int_equal(grille_kms_source_open_file(file, "work", &source, &error), GRILLE_OK);
    assert_non_null(strstr(grille_kms_source_describe(source), "profile work of "));
    expect("AKIAWORK", "profile work of ");
    grille_kms_source_free(source);
    assert_int_equal(grille_kms_source_open_file(folder, "work", &source, &error), GRILLE_OK);
    expect_failure(FAILS, "it is no file");
    grille_kms_source_free(source);
    assert_int_equal(grille_kms_source_open_file("/dev/null", "work", &source, &error), GRILLE_OK);
    expect_failure(EMPTY, "/dev/null has no profile [work]");
}

static void where_the_file_is(void **state) {
    (void)state;
    assert_int_equal(grille_kms_source_open_file(NULL, NULL, &source, &error), GRILLE_OK);
    expect_failure(EMPTY, "/.aws/credentials can't be read");
    write_file(home_file, PROFILES);
    expect("AKIADEFAULT", "/.aws/credentials");
    write_file(file, "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = three\n");
    assert_int_equal(setenv("AWS_SHARED_CREDENTIALS_FILE", file, 1), 0);
    expect("AKIAOTHER", "/file");
}

static void files_have_a_limit(void **state) {
    static char text[GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES + 2];
    (void)state;
    memset(text, '\n', sizeof text - 1);
    memcpy(text, PROFILES, strlen(PROFILES));
    assert_int_equal(grille_kms_source_open_file(file, NULL, &source, &error), GRILLE_OK);
    write_file(file, text);
    expect_failure(FAILS, "is longer than 65536 bytes");
    text[GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES] = '\0';
    write_file(file, text);
    expect("AKIADEFAULT", "/file");
}

static void paths_that_are_too_long(void **state) {
    static char path[5000];
    (void)state;
    memset(path, 'p', sizeof path - 1);
    assert_int_equal(grille_kms_source_open_file(path, NULL, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(source);
    assert_int_equal(grille_kms_source_open_file(NULL, path, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_kms_source_open_file(NULL, NULL, &source, &error), GRILLE_OK);
    assert_int_equal(setenv("AWS_PROFILE", path, 1), 0);
    expect_failure(MALFORMED, "too long");
}

static void the_metadata_service(void **state) {
    (void)state;
    open_imds(20000);
    assert_non_null(strstr(grille_kms_source_describe(source), "the metadata service at 127.0.0.1:"));
    expect("ASIAFIRST", "role " FAKE_IMDS_ROLE " of the metadata service");
    assert_string_equal(got.secret_access_key, "of-ASIAFIRST");
    assert_string_equal(got.session_token, "token-of-ASIAFIRST");
    assert_string_equal(got.region, "eu-central-1");
    assert_true(got.expires_ms > INT64_C(4900000000000));
    assert_int_equal(imds.requests, 4);
    assert_string_equal(imds.last_host, imds.address + strlen("tcp:"));
    /* They rotate. */
    fake_imds_set(&imds, "ASIASECOND", "2126-01-02T18:00:00Z");
    expect("ASIASECOND", FAKE_IMDS_ROLE);
    assert_int_equal(imds.unauthorized, 0);
}

static void a_role_by_name(void **state) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    (void)state;
    options.address = imds.address;
    options.timeout_ms = 20000;
    options.role = FAKE_IMDS_ROLE;
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_OK);
    expect("ASIAFIRST", FAKE_IMDS_ROLE);
    assert_int_equal(imds.requests, 3);
    grille_kms_source_free(source);
    options.role = "Another";
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_OK);
    expect_failure(EMPTY, "no role named Another");
}

static void a_metadata_service_that_fails(void **state) {
    static const struct {
        fake_imds_way way;
        grille_code code;
        const char *name, *says;
    } rows[] = {
        {{.token_status = 403}, FAILS, "switched off"},
        {{.token_status = 500}, FAILS, "asking for a token: HTTP 500"},
        {{.role_status = 404}, EMPTY, "the instance has no role"},
        {{.credentials_status = 404}, EMPTY, "no role named " FAKE_IMDS_ROLE},
        {{.credentials_status = 500}, FAILS, "role's credentials: HTTP 500"},
        {{.credentials = "{\"Code\":\"Failed\"}"}, FAILS, "it has none now"},
        {{.mood = FAKE_IMDS_CUTS}, FAILS, "the connection ended before the answer was whole"},
        {{.region_status = 404, .credentials = "[]"}, FAILS, "not the JSON"},
    };
    (void)state;
    open_imds(20000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_imds_set(&imds, "ASIAFIRST", "2126-01-01T18:00:00Z");
        fake_imds_set_way(&imds, rows[i].way);
        expect_failure(rows[i].code, rows[i].name, rows[i].says);
    }
    fake_imds_set(&imds, "ASIAFIRST", "2126-01-01T18:00:00Z");
    fake_imds_set_way(&imds, (fake_imds_way){.region_status = 500});
    expect("ASIAFIRST", FAKE_IMDS_ROLE);
    assert_string_equal(got.region, "");
}

static void a_metadata_service_that_hangs(void **state) {
    (void)state;
    open_imds(20);
    fake_imds_set_way(&imds, (fake_imds_way){.mood = FAKE_IMDS_HANGS});
    expect_failure(FAILS, "no answer within 20 ms. Likely this is no EC2 instance, or a container");
}

static void no_metadata_service(void **state) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    (void)state;
    options.address = "unix:/tmp/there/is/no/such/socket";
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_OK);
    expect_failure(FAILS, "asking for a token");
    assert_non_null(strstr(error.text, "Likely this is no EC2 instance"));
}

static void a_stop_ends_the_waiting(void **state) {
    int stop[2];
    (void)state;
    open_imds(600000);
    fake_imds_set_way(&imds, (fake_imds_way){.mood = FAKE_IMDS_HANGS});
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(stop[1], "", 1), 1);
    assert_int_equal(grille_kms_source_take(source, stop[0], &got, &error), GRILLE_REASON_LOOP_CHANNEL_CLOSED);
    (void)close(stop[0]);
    (void)close(stop[1]);
}

static void wrong_options(void **state) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    (void)state;
    options.size--;
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_INVALID_ARGUMENT);
    options = grille_kms_imds_options_default();
    options.timeout_ms = 0;
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_INVALID_ARGUMENT);
    options = grille_kms_imds_options_default();
    options.role = "arn:aws:iam::111122223333:role/x";
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "not an ARN"));
    options = grille_kms_imds_options_default();
    options.address = "169.254.169.254";
    assert_int_equal(grille_kms_source_open_imds(&options, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_kms_source_open_default(&options, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(source);
    assert_int_equal(grille_kms_source_open_callback(NULL, NULL, &source, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(source);
    grille_kms_source_free(NULL);
    /* Nothing is connected to: only the host header shows the default address. */
    assert_int_equal(grille_kms_source_open_imds(NULL, &source, &error), GRILLE_OK);
    assert_string_equal(grille_kms_source_describe(source), "the metadata service at 169.254.169.254");
}

static void the_first_that_has_any(void **state) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    (void)state;
    options.address = imds.address;
    options.timeout_ms = 20000;
    assert_int_equal(grille_kms_source_open_default(&options, &source, &error), GRILLE_OK);
    expect("ASIAFIRST", FAKE_IMDS_ROLE);
    assert_int_equal(setenv("AWS_EC2_METADATA_DISABLED", "true", 1), 0);
    expect_failure(EMPTY, "/.aws/credentials can't be read");
    write_file(home_file, PROFILES);
    expect("AKIADEFAULT", "profile default of ");
    assert_int_equal(setenv("AWS_PROFILE", "lost", 1), 0);
    assert_int_equal(unsetenv("AWS_EC2_METADATA_DISABLED"), 0);
    expect("ASIAFIRST", FAKE_IMDS_ROLE);
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1), 0);
    /* Half of them are a mistake, not a reason to go on. */
    expect_failure(MALFORMED, "is not");
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "secret", 1), 0);
    expect("AKIAENV", "the environment");
}

static grille_code give(void *user, grille_kms_role_credentials *credentials, grille_error *why) {
    const int *mood = user;
    assert_true(grille_bytes_all_zero(grille_bytes_of(credentials, sizeof *credentials)));
    if (*mood == 1) {
        (void)snprintf(why->text, sizeof why->text, "the vault is sealed");
        return GRILLE_UNAVAILABLE;
    }
    if (*mood == 2) return GRILLE_NOT_FOUND;
    memset(credentials, 'x', sizeof *credentials);
    credentials->access_key_id[4] = '\0';
    credentials->region[4] = '\0';
    if (*mood == 3) credentials->secret_access_key[1] = '\n';
    credentials->expires_ms = 5;
    return GRILLE_OK;
}

static void an_own_source(void **state) {
    int mood = 0;
    (void)state;
    assert_int_equal(grille_kms_source_open_callback(give, &mood, &source, &error), GRILLE_OK);
    expect("xxxx", "the application");
    assert_int_equal(strlen(got.session_token), GRILLE_KMS_SESSION_TOKEN_MAX);
    mood = 1;
    expect_failure(FAILS, "UNAVAILABLE: the vault is sealed");
    mood = 2;
    expect_failure(EMPTY, "the application's source: NOT_FOUND");
    mood = 3;
    expect_failure(MALFORMED, "the secret access key");
}

/* Each source, without memory for its n-th wish. */
static void without_memory(void **state) {
    grille_kms_imds_options options = grille_kms_imds_options_default();
    size_t refused = 0;
    (void)state;
    options.address = imds.address;
    options.timeout_ms = 20000;
    write_file(file, PROFILES);
    for (int kind = 0; kind < 5; kind++) {
        grille_code code = GRILLE_RESOURCE_EXHAUSTED;
        for (size_t i = 0; code != GRILLE_OK; i++) {
            const size_t living = failing_malloc_living();
            failing_malloc_once(i);
            code = kind == 0   ? grille_kms_source_open_environment(&source, &error)
                   : kind == 1 ? grille_kms_source_open_file(file, NULL, &source, &error)
                   : kind == 2 ? grille_kms_source_open_imds(&options, &source, &error)
                   : kind == 3 ? grille_kms_source_open_default(&options, &source, &error)
                               : grille_kms_source_open_callback(give, &options, &source, &error);
            failing_malloc_never();
            if (code == GRILLE_OK) break;
            assert_int_equal(code, GRILLE_RESOURCE_EXHAUSTED);
            assert_string_equal(error.name, "OUT-OF-MEMORY");
            assert_null(source);
            assert_int_equal(failing_malloc_living(), living);
            refused++;
        }
        if (kind == 1 || kind == 2) {
            failing_malloc_once(0);
            code = grille_kms_source_read(source, &got, &error);
            failing_malloc_never();
            assert_int_equal(code, GRILLE_RESOURCE_EXHAUSTED);
            assert_string_equal(error.name, "OUT-OF-MEMORY");
        }
        grille_kms_source_free(source);
        source = NULL;
    }
    assert_int_equal(refused, 1 + 1 + 1 + 4 + 1);
}

/* Whatever a source needed memory for has nothing of the secret when it is given back. */
static void nothing_of_them_stays_in_memory(void **state) {
    static const char secrets[][16] = {"of-ASIAFIRST", "the-secret-key"};
    (void)state;
    write_file(file, "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = the-secret-key\n");
    for (size_t i = 0; i < 2; i++) {
        if (i == 0)
            open_imds(20000);
        else
            assert_int_equal(grille_kms_source_open_file(file, NULL, &source, &error), GRILLE_OK);
        failing_malloc_seek(secrets[i], strlen(secrets[i]));
        assert_int_equal(grille_kms_source_read(source, &got, &error), GRILLE_OK);
        assert_string_equal(got.secret_access_key, secrets[i]);
        assert_int_equal(failing_malloc_found(), 0);
        failing_malloc_seek(NULL, 0);
        grille_kms_source_free(source);
        source = NULL;
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int source_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(environment),
        CASE(a_file),
        CASE(where_the_file_is),
        CASE(files_have_a_limit),
        CASE(paths_that_are_too_long),
        CASE(the_metadata_service),
        CASE(a_role_by_name),
        CASE(a_metadata_service_that_fails),
        CASE(a_metadata_service_that_hangs),
        CASE(no_metadata_service),
        CASE(a_stop_ends_the_waiting),
        CASE(wrong_options),
        CASE(the_first_that_has_any),
        CASE(an_own_source),
        CASE(without_memory),
        CASE(nothing_of_them_stays_in_memory),
    };
    return cmocka_run_group_tests_name("source", tests, set_up_group, tear_down_group);
}
