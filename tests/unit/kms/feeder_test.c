/* SPDX-License-Identifier: Apache-2.0
 * Goal: an enclave holds credentials from the moment that it is there: put at once, again to another enclave, again
 * when they are lost, refused or wanted; and a feeder stops at any moment. What is awaited is an event each time. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "fake_enclave.h"
#include "fake_imds.h"
#include "grille/kms_parent.h"
#include "grille/v1/key_release.grille-nano.h"
#include "parent_tests.h"

#define ADDRESS "inproc:feeder"

enum { LONG_MS = 120000 };

typedef grille_own_grille_v1_key_release_watch_credentials_server_stream server_stream;

/* ---- an enclave that does as it is told; under its lock ---- */

typedef struct fake_enclave {
    grille_server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char name; /* makes its client's id */
    unsigned puts, refused, watches;
    unsigned refuse; /* so many puts */
    char last_id[32], last_region[32], last_token[64];
    uint64_t last_expires_ms;
    server_stream *stream;   /* the newest */
    grille_kms_feeder *asks; /* a put waits for this one, which it must not */
    grille_code told;
} fake_enclave;

static key_release_world world;

static grille_bytes client_of(const fake_enclave *enclave, uint8_t id[16]) {
    memset(id, enclave->name, 16);
    return grille_bytes_of(id, 16);
}

static void copy(char *into, size_t capacity, grille_bytes text) {
    (void)snprintf(into, capacity, "%.*s", (int)text.len, text.len > 0 ? (const char *)text.data : "");
}

static grille_code take(grille_call *call, const grille_v1_Credentials *request, grille_v1_CredentialsTaken *response,
                        void *user) {
    fake_enclave *enclave = user;
    uint8_t *id = grille_call_alloc(call, 16);
    grille_code code = GRILLE_OK;
    assert_non_null(id);
    pthread_mutex_lock(&enclave->lock);
    copy(enclave->last_id, sizeof enclave->last_id, request->access_key_id);
    copy(enclave->last_region, sizeof enclave->last_region, request->region);
    copy(enclave->last_token, sizeof enclave->last_token, request->session_token);
    enclave->last_expires_ms = request->expires_ms;
    if (enclave->refuse > 0) {
        enclave->refuse--;
        enclave->refused++;
        code = GRILLE_INVALID_ARGUMENT;
    } else {
        enclave->puts++;
    }
    if (enclave->asks != NULL) enclave->told = grille_kms_feeder_wait(enclave->asks, LONG_MS, NULL);
    response->client = client_of(enclave, id);
    pthread_cond_broadcast(&enclave->changed);
    pthread_mutex_unlock(&enclave->lock);
    return code == GRILLE_OK ? code : grille_fail(call, code, "no good");
}

static grille_code open_watch(server_stream *stream, const grille_v1_WatchCredentialsRequest *request, void *user) {
    fake_enclave *enclave = user;
    uint8_t id[16];
    (void)request;
    pthread_mutex_lock(&enclave->lock);
    const grille_v1_CredentialsState told = {.client = client_of(enclave, id), .held = enclave->puts > 0};
    enclave->watches++;
    enclave->stream = stream;
    const grille_code code = grille_own_grille_v1_key_release_watch_credentials_server_send(stream, &told);
    pthread_cond_broadcast(&enclave->changed);
    pthread_mutex_unlock(&enclave->lock);
    return code;
}

static void end_watch(server_stream *stream, grille_call_end why, void *user) {
    fake_enclave *enclave = user;
    (void)why;
    pthread_mutex_lock(&enclave->lock);
    if (enclave->stream == stream) enclave->stream = NULL;
    pthread_mutex_unlock(&enclave->lock);
}

/* It says that it has lost them. */
static void lose(fake_enclave *enclave) {
    uint8_t id[16];
    pthread_mutex_lock(&enclave->lock);
    const grille_v1_CredentialsState told = {.client = client_of(enclave, id), .held = false};
    while (enclave->stream == NULL)
        pthread_cond_wait(&enclave->changed, &enclave->lock);
    assert_int_equal(grille_own_grille_v1_key_release_watch_credentials_server_send(enclave->stream, &told), GRILLE_OK);
    pthread_mutex_unlock(&enclave->lock);
}

static void wait_for(fake_enclave *enclave, const unsigned *counter, unsigned count) {
    pthread_mutex_lock(&enclave->lock);
    while (*counter < count)
        pthread_cond_wait(&enclave->changed, &enclave->lock);
    pthread_mutex_unlock(&enclave->lock);
}

static void open_enclave_with(fake_enclave *enclave, char name, grille_policy *policy) {
    static const grille_own_grille_v1_key_release_handlers handlers = {
        .put_credentials = take, .watch_credentials = {.open = open_watch, .end = end_watch}};
    grille_error error;
    *enclave = (fake_enclave){.name = name};
    pthread_mutex_init(&enclave->lock, NULL);
    pthread_cond_init(&enclave->changed, NULL);
    enclave->server = key_release_server(&world, policy);
    assert_int_equal(grille_own_grille_v1_key_release_register_with_error(enclave->server, &handlers, enclave, &error),
                     GRILLE_OK);
    key_release_start(enclave->server, ADDRESS);
}

static void open_enclave(fake_enclave *enclave, char name) {
    open_enclave_with(enclave, name, world.trusts_parent);
}

static void close_enclave(fake_enclave *enclave) {
    grille_server_free(enclave->server);
    pthread_cond_destroy(&enclave->changed);
    pthread_mutex_destroy(&enclave->lock);
}

/* ---- a source that does as it is told ---- */

typedef struct fake_source {
    pthread_mutex_t lock;
    unsigned reads;
    unsigned fail; /* so many reads */
    int64_t expires_ms;
    bool same; /* the same each time */
} fake_source;

static fake_source told_source = {.lock = PTHREAD_MUTEX_INITIALIZER};

static grille_code give(void *user, grille_kms_role_credentials *credentials, grille_error *error) {
    fake_source *own = user;
    grille_code code = GRILLE_OK;
    pthread_mutex_lock(&own->lock);
    if (own->fail > 0) {
        own->fail--;
        code = GRILLE_UNAVAILABLE;
        (void)snprintf(error->text, sizeof error->text, "not yet");
    } else {
        own->reads++;
    }
    (void)snprintf(credentials->access_key_id, sizeof credentials->access_key_id, "ASIA%u", own->same ? 1 : own->reads);
    (void)snprintf(credentials->secret_access_key, sizeof credentials->secret_access_key, "secret");
    (void)snprintf(credentials->session_token, sizeof credentials->session_token, "a-session-token");
    (void)snprintf(credentials->region, sizeof credentials->region, "eu-central-1");
    credentials->expires_ms = own->expires_ms;
    pthread_mutex_unlock(&own->lock);
    return code;
}

static grille_kms_source *source;
static grille_kms_feeder *feeder;
static grille_channel *channel;
static fake_enclave first, second;
static grille_error error;

static void start(grille_kms_source *from) {
    grille_kms_feeder_options options = grille_kms_feeder_options_default();
    assert_int_equal(options.renew_ahead_ms, 300000);
    options.source = from;
    options.first_backoff_ms = 1;
    options.longest_backoff_ms = 20;
    options.call_timeout_ms = LONG_MS;
    channel = key_release_channel(&world, ADDRESS);
    if (grille_kms_feeder_start(channel, &options, &feeder, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

static void finish(void) {
    grille_kms_feeder_stop(feeder);
    grille_channel_close(channel);
}

static void expect_held(void) {
    if (grille_kms_feeder_wait(feeder, LONG_MS, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

static int set_up(void **state) {
    (void)state;
    told_source.reads = 0;
    told_source.fail = 0;
    told_source.expires_ms = INT64_C(4102444800000);
    told_source.same = false;
    assert_int_equal(grille_kms_source_open_callback(give, &told_source, &source, &error), GRILLE_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_kms_source_free(source);
    return 0;
}

static int set_up_group(void **state) {
    (void)state;
    key_release_world_init(&world);
    return 0;
}

static int tear_down_group(void **state) {
    (void)state;
    key_release_world_deinit(&world);
    return 0;
}

/* ---- cases ---- */

static void they_are_put_at_once(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    start(source);
    expect_held();
    assert_int_equal(first.puts, 1);
    assert_string_equal(first.last_id, "ASIA1");
    assert_string_equal(first.last_token, "a-session-token");
    assert_string_equal(first.last_region, "eu-central-1");
    assert_int_equal(first.last_expires_ms, INT64_C(4102444800000));
    wait_for(&first, &first.watches, 1);
    const grille_kms_feeder_stats stats = grille_kms_feeder_get_stats(feeder);
    assert_int_equal(stats.reads, 1);
    assert_int_equal(stats.puts, 1);
    assert_int_equal(stats.failed, 0);
    assert_true(stats.held);
    assert_int_equal(stats.until_ms, INT64_C(4102444800000));
    finish();
    assert_int_equal(first.puts, 1);
    close_enclave(&first);
}

static void an_enclave_that_comes_later_gets_them(void **state) {
    (void)state;
    start(source);
    assert_int_equal(grille_kms_feeder_wait(feeder, 1, &error), GRILLE_DEADLINE_EXCEEDED);
    assert_non_null(strstr(error.text, "the enclave took no credentials within 1 ms"));
    open_enclave(&first, 'a');
    expect_held();
    finish();
    close_enclave(&first);
}

static void another_enclave_gets_them(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    start(source);
    wait_for(&first, &first.watches, 1);
    close_enclave(&first);
    open_enclave(&second, 'b');
    wait_for(&second, &second.puts, 1);
    expect_held();
    assert_string_equal(second.last_id, "ASIA1");
    finish();
    close_enclave(&second);
}

static void lost_ones_are_read_and_put_again(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    start(source);
    for (unsigned i = 1; i <= 3; i++) {
        wait_for(&first, &first.puts, i);
        lose(&first);
    }
    wait_for(&first, &first.puts, 4);
    assert_true(told_source.reads >= 4);
    finish();
    close_enclave(&first);
}

static void refused_ones_are_read_and_put_again(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    first.refuse = 2;
    start(source);
    expect_held();
    assert_int_equal(first.refused, 2);
    assert_string_equal(first.last_id, "ASIA3");
    assert_int_equal(grille_kms_feeder_get_stats(feeder).failed, 2);
    finish();
    close_enclave(&first);
}

static void a_source_that_fails_is_asked_again(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    told_source.fail = 3;
    start(source);
    expect_held();
    assert_int_equal(grille_kms_feeder_get_stats(feeder).failed, 3);
    finish();
    close_enclave(&first);
}

static void what_fails_is_told(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    told_source.fail = UINT32_MAX;
    start(source);
    while (grille_kms_feeder_get_stats(feeder).failed == 0)
        assert_int_not_equal(grille_kms_feeder_wait(feeder, 1, &error), GRILLE_OK);
    assert_int_equal(grille_kms_feeder_wait(feeder, 0, &error), GRILLE_UNAVAILABLE);
    assert_string_equal(error.name, "KMS-SOURCE");
    assert_non_null(strstr(error.text, "not yet"));
    finish();
    told_source.fail = 0;
    told_source.expires_ms = INT64_C(1767268800000);
    start(source);
    while (grille_kms_feeder_get_stats(feeder).failed == 0)
        assert_int_not_equal(grille_kms_feeder_wait(feeder, 1, &error), GRILLE_OK);
    assert_int_equal(grille_kms_feeder_wait(feeder, 0, &error), GRILLE_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "ended at 2026-01-01T12:00:00Z"));
    assert_int_equal(first.puts, 0);
    finish();
    close_enclave(&first);
}

static void expect_told(grille_code code, const char *says) {
    start(source);
    while (grille_kms_feeder_get_stats(feeder).failed == 0)
        assert_int_not_equal(grille_kms_feeder_wait(feeder, 1, &error), GRILLE_OK);
    assert_int_equal(grille_kms_feeder_wait(feeder, 0, &error), code);
    if (strstr(error.text, says) == NULL) fail_msg("%s", error.text);
    finish();
}

/* An enclave without the service, and one that does not let us. */
static void what_the_enclave_lacks_is_told(void **state) {
    grille_server *server = key_release_server(&world, world.trusts_parent);
    (void)state;
    key_release_start(server, ADDRESS);
    expect_told(GRILLE_UNIMPLEMENTED, "grille_kms_register_credentials");
    grille_server_free(server);
    open_enclave_with(&first, 'a', world.trusts_parent_with_nothing);
    expect_told(GRILLE_PERMISSION_DENIED, "may_call");
    close_enclave(&first);
}

static void a_renewal_puts_again(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    told_source.same = true;
    start(source);
    expect_held();
    grille_kms_feeder_renew(feeder);
    wait_for(&first, &first.puts, 2);
    assert_int_equal(told_source.reads, 2);
    finish();
    close_enclave(&first);
}

/* Whoever waits on a loop's thread would wait for itself. */
static void nobody_waits_on_a_loop(void **state) {
    (void)state;
    open_enclave(&first, 'a');
    start(source);
    expect_held();
    pthread_mutex_lock(&first.lock);
    first.asks = feeder;
    pthread_mutex_unlock(&first.lock);
    grille_kms_feeder_renew(feeder);
    wait_for(&first, &first.puts, 2);
    assert_int_equal(first.told, GRILLE_WOULD_DEADLOCK);
    finish();
    close_enclave(&first);
}

static void a_role_that_rotates(void **state) {
    fake_imds imds;
    grille_kms_imds_options options = grille_kms_imds_options_default();
    grille_kms_source *role = NULL;
    (void)state;
    fake_imds_open(&imds);
    options.address = imds.address;
    options.timeout_ms = LONG_MS;
    assert_int_equal(grille_kms_source_open_imds(&options, &role, &error), GRILLE_OK);
    open_enclave(&first, 'a');
    start(role);
    expect_held();
    assert_string_equal(first.last_id, "ASIAFIRST");
    fake_imds_set(&imds, "ASIASECOND", "2126-01-02T18:00:00Z");
    lose(&first);
    wait_for(&first, &first.puts, 2);
    assert_string_equal(first.last_id, "ASIASECOND");
    assert_string_equal(first.last_token, "token-of-ASIASECOND");
    /* It stops while the metadata service says nothing. */
    fake_imds_set_way(&imds, (fake_imds_way){.mood = FAKE_IMDS_HANGS});
    grille_kms_feeder_renew(feeder);
    fake_imds_wait(&imds, 9);
    finish();
    grille_kms_source_free(role);
    close_enclave(&first);
    fake_imds_close(&imds);
}

/* Neither the feeder nor either end of the channel gives memory back that has a token in it. */
static void nothing_of_them_stays_in_memory(void **state) {
    (void)state;
    failing_malloc_seek("a-session-token", 15);
    open_enclave(&first, 'a');
    start(source);
    expect_held();
    grille_kms_feeder_renew(feeder);
    wait_for(&first, &first.puts, 2);
    finish();
    memset(first.last_token, 0, sizeof first.last_token);
    close_enclave(&first);
    assert_int_equal(failing_malloc_found(), 0);
    failing_malloc_seek(NULL, 0);
}

static void it_stops_at_any_moment(void **state) {
    (void)state;
    start(source);
    finish();
    start(source);
    assert_int_equal(grille_kms_feeder_wait(feeder, 5, &error), GRILLE_DEADLINE_EXCEEDED);
    finish();
    open_enclave(&first, 'a');
    start(source);
    finish();
    start(source);
    expect_held();
    grille_channel_close(channel);
    grille_kms_feeder_stop(feeder);
    grille_kms_feeder_stop(NULL);
    close_enclave(&first);
}

static void wrong_options(void **state) {
    grille_kms_feeder_options options = grille_kms_feeder_options_default();
    (void)state;
    channel = key_release_channel(&world, ADDRESS);
    assert_int_equal(grille_kms_feeder_start(channel, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(feeder);
    options.source = source;
    assert_int_equal(grille_kms_feeder_start(NULL, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    options.size = 0;
    assert_int_equal(grille_kms_feeder_start(channel, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    options = grille_kms_feeder_options_default();
    options.source = source;
    options.first_backoff_ms = 0;
    assert_int_equal(grille_kms_feeder_start(channel, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    options.first_backoff_ms = options.longest_backoff_ms + 1;
    assert_int_equal(grille_kms_feeder_start(channel, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    options = grille_kms_feeder_options_default();
    options.source = source;
    options.call_timeout_ms = 0;
    assert_int_equal(grille_kms_feeder_start(channel, &options, &feeder, &error), GRILLE_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "grille_kms_feeder_options_default()"));
    grille_channel_close(channel);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int feeder_tests(void) {
    const struct CMUnitTest tests[] = {
        CASE(they_are_put_at_once),
        CASE(an_enclave_that_comes_later_gets_them),
        CASE(another_enclave_gets_them),
        CASE(lost_ones_are_read_and_put_again),
        CASE(refused_ones_are_read_and_put_again),
        CASE(a_source_that_fails_is_asked_again),
        CASE(what_fails_is_told),
        CASE(what_the_enclave_lacks_is_told),
        CASE(a_renewal_puts_again),
        CASE(nobody_waits_on_a_loop),
        CASE(a_role_that_rotates),
        CASE(nothing_of_them_stays_in_memory),
        CASE(it_stops_at_any_moment),
        CASE(wrong_options),
    };
    return cmocka_run_group_tests_name("feeder", tests, set_up_group, tear_down_group);
}
