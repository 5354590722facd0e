/* SPDX-License-Identifier: Apache-2.0
 * Goal: a client opens with options that are whole and pinned, and says of any other what is wrong. */
#include <string.h>

#include "base/bytes.h"
#include "client_tests.h"
#include "client_world.h"
#include "cmocka_all.h"

static client_world world;

static int setup(void **state) {
    (void)state;
    client_world_init(&world, false);
    client_world_open(&world);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    client_world_end(&world);
    return 0;
}

static void expect_refused(const grille_kms_options *options, const char *name, const char *text) {
    grille_kms *kms = world.kms;
    grille_error error;
    assert_int_not_equal(GRILLE_OK, grille_kms_open_with(options, &world.seams, &kms, &error));
    assert_null(kms);
    assert_string_equal(name, error.name);
    if (strstr(error.text, text) == NULL) fail_msg("%s", error.text);
}

static void expect_opens(const grille_kms_options *options, const char *host) {
    grille_kms *kms = NULL;
    grille_error error;
    if (grille_kms_open_with(options, &world.seams, &kms, &error) != GRILLE_OK) fail_msg("%s", error.text);
    assert_string_equal(host, kms->config.host);
    grille_kms_close(kms);
}

static void numbers_have_ranges(void **state) {
    const struct {
        size_t offset;
        uint32_t least, most;
        const char *text;
    } rows[] = {
        {offsetof(grille_kms_options, max_in_flight), 1, GRILLE_LIMIT_KMS_IN_FLIGHT, "max_in_flight: "},
        {offsetof(grille_kms_options, max_queued), 0, GRILLE_LIMIT_KMS_QUEUED, "max_queued: "},
        {offsetof(grille_kms_options, timeout_ms), 1, 43200000, "timeout_ms: "},
        {offsetof(grille_kms_options, connect_timeout_ms), 1, 43200000, "connect_timeout_ms: "},
        {offsetof(grille_kms_options, attempt_timeout_ms), 1, 43200000, "attempt_timeout_ms: "},
        {offsetof(grille_kms_options, max_attempts), 1, 1000, "max_attempts: "},
        {offsetof(grille_kms_options, longest_backoff_ms), 1, 43200000, "longest_backoff_ms: "},
        {offsetof(grille_kms_options, uses_per_key), 1, 65536, "uses_per_key: "},
        {offsetof(grille_kms_options, key_age_ms), 1, 43200000, "key_age_ms: "},
        {offsetof(grille_kms_options, keys_ahead), 0, GRILLE_LIMIT_KMS_KEYS_AHEAD, "keys_ahead: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grille_kms_options options = world.options;
        uint32_t *number = (uint32_t *)(void *)((char *)&options + rows[i].offset);
        if (rows[i].least > 0) {
            *number = rows[i].least - 1;
            expect_refused(&options, "LOOP-BAD-OPTIONS", rows[i].text);
        }
        *number = rows[i].most + 1;
        expect_refused(&options, "LOOP-BAD-OPTIONS", rows[i].text);
    }
    grille_kms_options options = world.options;
    options.port = 0;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "port: ");
    options = world.options;
    options.first_backoff_ms = 10;
    options.longest_backoff_ms = 9;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "longest_backoff_ms: observed 9, expected 10");
    options = world.options;
    options.size = 0;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "size");
    expect_refused(NULL, "LOOP-BAD-OPTIONS", "size");
}

static void an_identity_is_an_enclaves(void **state) {
    grille_kms_options options = world.options;
    grille_identity *anonymous = NULL;
    grille_error error;
    (void)state;
    options.identity = NULL;
    expect_refused(&options, "ATTEST-IDENTITY", "observed none");
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&anonymous, &error));
    options.identity = anonymous;
    expect_refused(&options, "ATTEST-IDENTITY", "observed anonymous");
    grille_identity_free(anonymous);
}

static void regions_and_hosts_are_names(void **state) {
    static const char *const bad[] = {"",
                                      "EU-WEST-1",
                                      "eu west",
                                      "eu-west-1/",
                                      "eu-west-1.evil.example",
                                      "eu-west-1\r\nx: y",
                                      "a-region-of-more-than-thirty-two-characters"};
    static const char *const bad_hosts[] = {"", "kms.example:443", "KMS.example", "kms.example/", "kms example"};
    char long_host[GRILLE_LIMIT_KMS_HOST_BYTES + 2];
    const char *arns[] = {"arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"};
    grille_kms_options options = world.options;
    (void)state;
    options.region = NULL;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "region: ");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.region = bad[i];
        expect_refused(&options, "LOOP-BAD-OPTIONS", "region: ");
    }
    options = world.options;
    for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++) {
        options.host = bad_hosts[i];
        expect_refused(&options, "LOOP-BAD-OPTIONS", "or NULL for kms.eu-west-1.amazonaws.com");
    }
    memset(long_host, 'h', sizeof long_host);
    long_host[GRILLE_LIMIT_KMS_HOST_BYTES + 1] = '\0';
    options.host = long_host;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "host: ");
    options.host = NULL;
    expect_opens(&options, "kms.eu-west-1.amazonaws.com");
    options.region = "cn-north-1";
    options.key_arns = arns;
    options.key_arn_count = 1;
    expect_opens(&options, "kms.cn-north-1.amazonaws.com.cn");
}

static void keys_are_whole_arns_of_the_region(void **state) {
    static const char *const bad[] = {
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "alias/mine",
        "arn:aws:kms:eu-west-1:111122223333:alias/mine",
        "arn:aws:kms:eu-west-2:111122223333:key/1234abcd",
        "arn:aws:kms:eu-west-11:111122223333:key/1234abcd",
        "arn:aws:kms:eu-west-1:11112222333:key/1234abcd",
        "arn:aws:kms:eu-west-1:1111222233334:key/1234abcd",
        "arn:aws:kms:eu-west-1:111122223333:key/",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd/x",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd ",
        "arn:aws:s3:eu-west-1:111122223333:key/1234abcd",
        "arn::kms:eu-west-1:111122223333:key/1234abcd",
        "urn:aws:kms:eu-west-1:111122223333:key/1234abcd",
        "",
        NULL,
    };
    const char *many[GRILLE_LIMIT_KMS_KEYS + 1];
    grille_kms_options options = world.options;
    (void)state;
    options.key_arns = many;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        many[0] = KEY_SERVICE_ARN;
        many[1] = bad[i];
        options.key_arn_count = 2;
        expect_refused(&options, "LOOP-BAD-OPTIONS", "expected arn:aws:kms:eu-west-1:ACCOUNT:key/ID");
    }
    options.key_arn_count = 0;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "key_arns: observed 0");
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = KEY_SERVICE_ARN;
    options.key_arn_count = GRILLE_LIMIT_KMS_KEYS + 1;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "key_arns: observed 33");
    options.key_arn_count = GRILLE_LIMIT_KMS_KEYS;
    expect_opens(&options, HTTPS_NAME);
}

static void anchors_are_cas(void **state) {
    static char twice[16384];
    const char *ca = key_service_ca(world.service);
    grille_kms_options options = world.options;
    (void)state;
    options.ca_pem = grille_bytes_of(NULL, 0);
    expect_refused(&options, "LOOP-BAD-OPTIONS", "there is none");
    options.ca_pem = grille_bytes_of_text("no PEM");
    expect_refused(&options, "LOOP-BAD-OPTIONS", "certificate 1: ");
    (void)snprintf(twice, sizeof twice, "%s%s", ca, ca);
    options.ca_pem = grille_bytes_of_text(twice);
    expect_opens(&options, HTTPS_NAME);
    options.ca_pem.len -= 30;
    expect_refused(&options, "LOOP-BAD-OPTIONS", "certificate 2: ");
}

static void ways_out_can_be_dialled_again(void **state) {
    static const char *const bad[] = {"vsock:any:8000", "fd:7", "tcp:kms.example:443", "unix:", "kms.example"};
    grille_kms_options options = world.options;
    grille_kms_state now;
    grille_kms *kms = NULL;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.egress = bad[i];
        expect_refused(&options,
                       strncmp(bad[i], "vsock", 5) == 0 || strncmp(bad[i], "fd", 2) == 0 ? "LOOP-ADDRESS-UNSUPPORTED"
                                                                                         : "LOOP-BAD-ADDRESS",
                       "");
    }
    options.egress = "vsock:parent:8000";
    expect_opens(&options, HTTPS_NAME);
    assert_int_equal(GRILLE_FAILED_PRECONDITION, grille_kms_set_egress_channel(world.kms, NULL, &error));
    options.egress = NULL; /* by a channel, later */
    assert_int_equal(GRILLE_OK, grille_kms_open_with(&options, &world.seams, &kms, &error));
    grille_kms_get_state(kms, &now);
    assert_false(now.has_egress);
    assert_int_equal(GRILLE_OK, grille_kms_set_egress_channel(kms, NULL, &error));
    grille_kms_close(kms);
}

static void pinned_contexts_are_texts(void **state) {
    grille_kms_pair pairs[2] = {grille_kms_pair_of_text("k", "v"), grille_kms_pair_of_text("k", "w")};
    grille_kms_options options = world.options;
    (void)state;
    options.required_context = pairs;
    options.required_context_count = 2;
    expect_refused(&options, "BAD-ARGUMENT", "pairs 1 and 2 have the same key");
    pairs[1] = grille_kms_pair_of_text("\xc3\x28", "w");
    expect_refused(&options, "BAD-ARGUMENT", "pair 2");
    pairs[1] = grille_kms_pair_of_text("l", "");
    expect_opens(&options, HTTPS_NAME);
}

int client_options_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_have_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(an_identity_is_an_enclaves, setup, teardown),
        cmocka_unit_test_setup_teardown(regions_and_hosts_are_names, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_whole_arns_of_the_region, setup, teardown),
        cmocka_unit_test_setup_teardown(anchors_are_cas, setup, teardown),
        cmocka_unit_test_setup_teardown(ways_out_can_be_dialled_again, setup, teardown),
        cmocka_unit_test_setup_teardown(pinned_contexts_are_texts, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_options", tests, NULL, NULL);
}
