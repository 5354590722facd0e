/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a parent puts reaches the enclave's client whole, what the client says of it reaches the parent, and
 * nothing of it reaches a log. The client is one of this file. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_enclave.h"
#include "grille/kms.h"
#include "grille/log.h"
#include "grille/v1/key_release.grille-nano.h"
#include "kms/feed.h"
#include "parent_tests.h"
#include "wire/limits.h"

/* ---- a client of a key service that only remembers ---- */

struct grille_kms {
    char access_key_id[129], secret_access_key[129], session_token[8193];
    int64_t expiry_ms;
    int sets;
    bool refuses, held;
};

static grille_kms kms;

static void copy(char *into, grille_bytes text) {
    if (text.len > 0) memcpy(into, text.data, text.len);
    into[text.len] = '\0';
}

grille_code grille_kms_set_credentials(grille_kms *client, const grille_kms_credentials *credentials,
                                       grille_error *error) {
    client->sets++;
    if (client->refuses) {
        (void)snprintf(error->text, sizeof error->text, "they are no good");
        return GRILLE_INVALID_ARGUMENT;
    }
    copy(client->access_key_id, credentials->access_key_id);
    copy(client->secret_access_key, credentials->secret_access_key);
    copy(client->session_token, credentials->session_token);
    client->expiry_ms = credentials->expiry_ms;
    client->held = true;
    return GRILLE_OK;
}

void grille_kms_get_state(grille_kms *client, grille_kms_state *state) {
    memset(state, 0, sizeof *state);
    state->has_credentials = client->held;
}

/* ---- both ends ---- */

static key_release_world world;
static grille_server *server;
static grille_channel *channel;
static char logged[65536];

static void keep_line(grille_log_level level, const char *module, const char *line, void *user) {
    const size_t len = strlen(logged);
    (void)level;
    (void)module;
    (void)user;
    (void)snprintf(logged + len, sizeof logged - len, "%s\n", line);
}

static int set_up(void **state) {
    grille_error error;
    (void)state;
    key_release_world_init(&world);
    server = key_release_server(&world, world.trusts_parent);
    if (grille_kms_register_credentials(server, &kms, &error) != GRILLE_OK) fail_msg("%s", error.text);
    key_release_start(server, "inproc:credentials-service");
    channel = key_release_channel(&world, "inproc:credentials-service");
    assert_int_equal(grille_channel_wait_ready(channel, 60000, &error), GRILLE_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_channel_close(channel);
    grille_server_free(server);
    key_release_world_deinit(&world);
    return 0;
}

typedef struct put_answer {
    grille_code code;
    char message[256];
    uint8_t client[GRILLE_FEED_CLIENT_BYTES];
} put_answer;

static put_answer put(const grille_v1_Credentials *credentials) {
    grille_own_grille_v1_key_release_put_credentials_reply reply;
    put_answer answer = {.code = grille_own_grille_v1_key_release_put_credentials(
                             channel, credentials, &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &reply)};
    (void)snprintf(answer.message, sizeof answer.message, "%s", reply.message);
    if (answer.code == GRILLE_OK) {
        assert_int_equal(reply.response->client.len, sizeof answer.client);
        memcpy(answer.client, reply.response->client.data, sizeof answer.client);
    }
    grille_own_grille_v1_key_release_put_credentials_reply_free(&reply);
    return answer;
}

static grille_v1_Credentials good(void) {
    return (grille_v1_Credentials){.access_key_id = grille_bytes_of_text("ASIAEXAMPLE"),
                                   .secret_access_key = grille_bytes_of_text("the-secret-key"),
                                   .session_token = grille_bytes_of_text("the-session-token"),
                                   .expires_ms = 1767268800000,
                                   .region = grille_bytes_of_text("eu-central-1")};
}

static bool is_held(uint8_t client[GRILLE_FEED_CLIENT_BYTES]) {
    const grille_v1_WatchCredentialsRequest request = {0};
    grille_own_grille_v1_key_release_watch_credentials_stream *stream = NULL;
    grille_own_grille_v1_key_release_watch_credentials_reply reply;
    const grille_v1_CredentialsState *told = NULL;
    grille_error error;
    assert_int_equal(grille_own_grille_v1_key_release_watch_credentials_begin(
                         channel, &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &stream, &error),
                     GRILLE_OK);
    assert_int_equal(grille_own_grille_v1_key_release_watch_credentials_read(stream, &told), GRILLE_OK);
    const bool held = told->held;
    assert_int_equal(told->client.len, GRILLE_FEED_CLIENT_BYTES);
    memcpy(client, told->client.data, told->client.len);
    grille_own_grille_v1_key_release_watch_credentials_cancel(stream);
    assert_int_equal(grille_own_grille_v1_key_release_watch_credentials_finish(stream, &reply), GRILLE_CANCELLED);
    grille_own_grille_v1_key_release_watch_credentials_reply_free(&reply);
    return held;
}

static void they_arrive_whole(void **state) {
    const grille_v1_Credentials credentials = good();
    uint8_t client[GRILLE_FEED_CLIENT_BYTES];
    (void)state;
    kms = (grille_kms){.sets = 0};
    assert_false(is_held(client));
    const put_answer answer = put(&credentials);
    assert_int_equal(answer.code, GRILLE_OK);
    assert_string_equal(kms.access_key_id, "ASIAEXAMPLE");
    assert_string_equal(kms.secret_access_key, "the-secret-key");
    assert_string_equal(kms.session_token, "the-session-token");
    assert_int_equal(kms.expiry_ms, INT64_C(1767268800000));
    assert_true(is_held(client));
    assert_memory_equal(client, answer.client, sizeof client);
    assert_false(grille_bytes_all_zero(grille_bytes_of(client, sizeof client)));
}

static void what_the_client_refuses_is_told(void **state) {
    const grille_v1_Credentials credentials = good();
    (void)state;
    kms = (grille_kms){.refuses = true};
    const put_answer answer = put(&credentials);
    assert_int_equal(answer.code, GRILLE_INVALID_ARGUMENT);
    assert_string_equal(answer.message, "they are no good");
    assert_int_equal(kms.sets, 1);
}

/* No wrapping into the past or into "never". */
static void ends_beyond_all_time_stay_wrong(void **state) {
    grille_v1_Credentials credentials = good();
    (void)state;
    kms = (grille_kms){.sets = 0};
    credentials.expires_ms = UINT64_MAX;
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    assert_int_equal(kms.expiry_ms, -1);
    credentials.expires_ms = (uint64_t)INT64_MAX + 1;
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    assert_int_equal(kms.expiry_ms, -1);
}

static void a_request_has_a_limit(void **state) {
    static uint8_t token[16384];
    grille_v1_Credentials credentials = good();
    (void)state;
    kms = (grille_kms){.sets = 0};
    memset(token, 't', sizeof token);
    credentials.session_token = grille_bytes_of(token, sizeof token);
    assert_int_equal(put(&credentials).code, GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(kms.sets, 0);
}

static void nothing_is_logged(void **state) {
    static const char *const parts[] = {"ASIAEXAMPLE", "the-secret", "the-session"};
    const grille_v1_Credentials credentials = good();
    (void)state;
    logged[0] = '\0';
    grille_log_set(keep_line, NULL, GRILLE_LOG_DEBUG);
    kms = (grille_kms){.sets = 0};
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    kms.refuses = true;
    assert_int_equal(put(&credentials).code, GRILLE_INVALID_ARGUMENT);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    assert_non_null(strstr(logged, "says to be in eu-central-1\n"));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_null(strstr(logged, parts[i]));
}

/* What is logged is a word of bounded length, whatever came. */
static void regions_have_a_limit(void **state) {
    static char region[GRILLE_LIMIT_KMS_REGION_BYTES + 2];
    grille_v1_Credentials credentials = good();
    (void)state;
    memset(region, 'r', sizeof region - 1);
    logged[0] = '\0';
    grille_log_set(keep_line, NULL, GRILLE_LOG_INFO);
    kms = (grille_kms){.sets = 0};
    credentials.region = grille_bytes_of_text(region);
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    credentials.region = grille_bytes_of_text("a\nforged line");
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    assert_null(strstr(logged, "rrr"));
    assert_null(strstr(logged, "forged"));
    credentials.region = grille_bytes_of(region, GRILLE_LIMIT_KMS_REGION_BYTES);
    assert_int_equal(put(&credentials).code, GRILLE_OK);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    assert_non_null(strstr(logged, "rrr"));
}

int credentials_service_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_arrive_whole),
        cmocka_unit_test(what_the_client_refuses_is_told),
        cmocka_unit_test(ends_beyond_all_time_stay_wrong),
        cmocka_unit_test(a_request_has_a_limit),
        cmocka_unit_test(nothing_is_logged),
        cmocka_unit_test(regions_have_a_limit),
    };
    return cmocka_run_group_tests_name("credentials_service", tests, set_up, tear_down);
}
