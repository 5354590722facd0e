/* SPDX-License-Identifier: Apache-2.0
 * Goal: which calls are tried again and which never, who waits for what and how long, and how many go at once. */
#include <stdatomic.h>
#include <string.h>

#include "base/bytes.h"
#include "client_tests.h"
#include "client_world.h"
#include "cmocka_all.h"

static client_world world;
static grille_kms_reply reply;

/* What the service does with its first requests, one after the other; then it answers. */
static struct script {
    key_service_reply replies[64];
    size_t count, at;
} script;

static void decide(const key_service_request *request, key_service_reply *chosen, void *user) {
    (void)request;
    (void)user;
    if (script.at < script.count) *chosen = script.replies[script.at++];
}

static void say(unsigned status, const char *text) {
    script.replies[script.count++] = (key_service_reply){KEY_SERVICE_SAYS, status, text};
}

static void act(key_service_does does) {
    script.replies[script.count++] = (key_service_reply){.does = does};
}

static int setup(void **state) {
    (void)state;
    script.count = script.at = 0;
    client_world_init(&world, false);
    world.service_options.decide = decide;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_kms_reply_free(&reply);
    client_world_end(&world);
    return 0;
}

static grille_code decrypt(void) {
    return grille_kms_decrypt(world.kms, client_world_wrapped("x"), NULL, &reply);
}

static void expect(grille_code code, const char *name, unsigned attempts, const char *text) {
    assert_string_equal(name, reply.error.name);
    assert_int_equal(code, reply.code);
    assert_int_equal(code, reply.error.code);
    assert_int_equal(attempts, reply.attempts);
    if (strstr(reply.error.text, text) == NULL) fail_msg("%s", reply.error.text);
    assert_int_equal(0, reply.plaintext.len);
    assert_int_equal(0, reply.ciphertext.len);
    assert_null(reply.memory);
}

/* ---- Refusals ---- */

static void refusals_are_told_and_never_tried_again(void **state) {
    static const struct {
        const char *text, *type, *name;
        grille_code code;
    } rows[] = {
        {"{\"__type\":\"AccessDeniedException\",\"Message\":\"User is not authorized to perform: kms:Decrypt\"}",
         "AccessDeniedException", "KMS-REFUSED", GRILLE_PERMISSION_DENIED},
        {"{\"__type\":\"com.amazonaws.kms#NotFoundException\",\"message\":\"Key does not exist\"}", "NotFoundException",
         "KMS-NOT-FOUND", GRILLE_NOT_FOUND},
        {"{\"__type\":\"DisabledException\",\"message\":\"is disabled\"}", "DisabledException", "KMS-KEY-STATE",
         GRILLE_FAILED_PRECONDITION},
        {"{\"__type\":\"InvalidCiphertextException\"}", "InvalidCiphertextException", "KMS-CIPHERTEXT",
         GRILLE_INVALID_ARGUMENT},
        {"{\"__type\":\"ValidationException\",\"message\":\"bad document\"}", "ValidationException", "KMS-INVALID",
         GRILLE_INVALID_ARGUMENT},
        {"<html>", "", "KMS-REFUSED", GRILLE_PERMISSION_DENIED},
    };
    (void)state;
    client_world_open(&world);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        say(400, rows[i].text);
        assert_int_equal(rows[i].code, decrypt());
        expect(rows[i].code, rows[i].name, 1, "attempt 1 of 4. Likely ");
        assert_string_equal(rows[i].type, reply.error_type);
        assert_int_equal(400, reply.status);
        assert_non_null(strstr(reply.error.text, "Decrypt with " KEY_SERVICE_ARN " at " HTTPS_NAME));
        assert_non_null(strstr(reply.error.text, "(HTTP 400)"));
        assert_non_null(strstr(reply.error.text, ". Next: "));
        assert_int_equal(i + 1, key_service_requests(world.service));
    }
    say(400, rows[0].text);
    (void)decrypt();
    assert_non_null(strstr(reply.error.text, "User is not authorized to perform: kms:Decrypt"));
    assert_string_equal("User is not authorized to perform: kms:Decrypt", reply.error_message);
}

static void answers_that_must_not_be_believed(void **state) {
    static const struct {
        key_service_does does;
        const char *name;
        grille_code code;
    } rows[] = {
        {KEY_SERVICE_OF_ANOTHER_KEY, "KMS-KEY-ID", GRILLE_UNAUTHENTICATED},
        {KEY_SERVICE_IN_PLAIN, "KMS-PLAINTEXT", GRILLE_UNAUTHENTICATED},
        {KEY_SERVICE_FOR_ANOTHER, "KMS-RECIPIENT", GRILLE_UNAUTHENTICATED},
        {KEY_SERVICE_TAMPERED, "KMS-RECIPIENT", GRILLE_UNAUTHENTICATED},
        {KEY_SERVICE_TOO_SHORT, "KMS-ANSWER", GRILLE_INTERNAL},
    };
    (void)state;
    client_world_open(&world);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        act(rows[i].does);
        assert_int_equal(rows[i].code, grille_kms_generate_data_key(world.kms, 32, NULL, &reply));
        expect(rows[i].code, rows[i].name, 1, "GenerateDataKey with " KEY_SERVICE_ARN);
        assert_int_equal(200, reply.status);
    }
    say(200, "{\"KeyId\":\"" KEY_SERVICE_ARN "\"}");
    assert_int_equal(GRILLE_INTERNAL, decrypt());
    expect(GRILLE_INTERNAL, "KMS-ANSWER", 1, "malformed");
    say(200, "no JSON");
    assert_int_equal(GRILLE_INTERNAL, decrypt());
    assert_int_equal(sizeof rows / sizeof *rows + 2, key_service_requests(world.service));
}

/* ---- Further attempts ---- */

static const char throttled[] = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}";

static void what_was_busy_or_broken_is_tried_again(void **state) {
    (void)state;
    client_world_open(&world);
    say(400, throttled);
    say(500, "");
    act(KEY_SERVICE_CUTS);
    assert_int_equal(GRILLE_OK, decrypt());
    assert_int_equal(4, reply.attempts);
    assert_int_equal(200, reply.status);
    assert_string_equal("", reply.error_type);
    grille_kms_reply_free(&reply);
    act(KEY_SERVICE_CLOSES);
    assert_int_equal(GRILLE_OK, decrypt());
    assert_int_equal(2, reply.attempts);
    assert_int_equal(6, key_service_requests(world.service));
}

static void attempts_end(void **state) {
    (void)state;
    client_world_open(&world);
    for (int i = 0; i < 4; i++)
        say(400, throttled);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED, decrypt());
    expect(GRILLE_RESOURCE_EXHAUSTED, "KMS-THROTTLED", 4, "Rate exceeded; attempt 4 of 4");
    assert_string_equal("ThrottlingException", reply.error_type);
    for (int i = 0; i < 4; i++)
        say(503, "{}");
    assert_int_equal(GRILLE_UNAVAILABLE, decrypt());
    expect(GRILLE_UNAVAILABLE, "KMS-UNAVAILABLE", 4, "an error without a type (HTTP 503): no message");
    for (int i = 0; i < 4; i++)
        act(KEY_SERVICE_CUTS);
    assert_int_equal(GRILLE_UNAVAILABLE, decrypt());
    expect(GRILLE_UNAVAILABLE, "KMS-CUT-SHORT", 4, "(attempt 4 of 4)");
    assert_int_equal(12, key_service_requests(world.service));
}

static void nobody_at_the_address(void **state) {
    (void)state;
    world.options.egress = "unix-abstract:grille-nobody-listens-here";
    client_world_open(&world);
    assert_int_equal(GRILLE_UNAVAILABLE, decrypt());
    expect(GRILLE_UNAVAILABLE, "LOOP-DIAL", 4, "Decrypt at " HTTPS_NAME " (attempt 4 of 4): ");
    assert_non_null(strstr(reply.error.text, "grille-nobody-listens-here"));
}

/* ---- Time ---- */

typedef struct told {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int count, good;
    grille_code code;
    char name[GRILLE_ERROR_NAME_BYTES], text[GRILLE_ERROR_TEXT_BYTES];
    unsigned attempts;
} told;

#define NOTHING_TOLD                                                                                                   \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER }

static void on_done(const grille_kms_reply *got, void *user) {
    told *to = user;
    (void)pthread_mutex_lock(&to->lock);
    to->count++;
    to->good += got->code == GRILLE_OK && grille_bytes_equal(grille_bytes_of_text("x"), got->plaintext);
    to->code = got->code;
    to->attempts = got->attempts;
    memcpy(to->name, got->error.name, sizeof to->name);
    memcpy(to->text, got->error.text, sizeof to->text);
    (void)pthread_cond_broadcast(&to->came);
    (void)pthread_mutex_unlock(&to->lock);
}

static void begin_with(told *to, uint32_t timeout_ms) {
    assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(world.kms, client_world_wrapped("x"),
                                                         &GRILLE_KMS_CALL_OPTIONS(.timeout_ms = timeout_ms), on_done,
                                                         to, &world.error));
}

static void wait_told(told *to, int count) {
    (void)pthread_mutex_lock(&to->lock);
    while (to->count < count)
        (void)pthread_cond_wait(&to->came, &to->lock);
    (void)pthread_mutex_unlock(&to->lock);
}

static void a_service_that_hangs_is_left(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    world.options.attempt_timeout_ms = 5000;
    client_world_open(&world);
    act(KEY_SERVICE_HANGS);
    begin_with(&to, 600000);
    key_service_wait(world.service, 1);
    client_world_skip_ms(&world, 5000);
    wait_told(&to, 1);
    assert_int_equal(GRILLE_OK, to.code);
    assert_int_equal(2, to.attempts);
}

static void hanging_to_the_last_attempt(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    world.options.attempt_timeout_ms = 5000;
    world.options.max_attempts = 2;
    client_world_open(&world);
    act(KEY_SERVICE_HANGS);
    act(KEY_SERVICE_HANGS);
    begin_with(&to, 600000);
    for (size_t i = 1; i <= 2; i++) {
        key_service_wait(world.service, i);
        client_world_skip_ms(&world, 5000);
    }
    wait_told(&to, 1);
    assert_int_equal(GRILLE_UNAVAILABLE, to.code);
    assert_string_equal("KMS-TIMEOUT", to.name);
    assert_non_null(strstr(to.text, "waited for the answer for 5000 ms (attempt 2 of 2)"));
}

static void a_calls_time_ends_it(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    client_world_open(&world);
    act(KEY_SERVICE_HANGS);
    begin_with(&to, 2000);
    key_service_wait(world.service, 1);
    client_world_skip_ms(&world, 2000);
    wait_told(&to, 1);
    assert_int_equal(GRILLE_DEADLINE_EXCEEDED, to.code);
    assert_string_equal("KMS-DEADLINE", to.name);
    assert_non_null(strstr(to.text, "Decrypt at " HTTPS_NAME " waited for the answer when its 2000 ms were over"));
    assert_int_equal(1, to.attempts);
}

/* A pause that the time does not allow is not begun: the caller learns at once what was wrong. */
static void no_rest_beyond_the_time(void **state) {
    (void)state;
    world.options.first_backoff_ms = world.options.longest_backoff_ms = 60000;
    client_world_open(&world);
    say(400, throttled);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED,
                     grille_kms_decrypt(world.kms, client_world_wrapped("x"),
                                        &GRILLE_KMS_CALL_OPTIONS(.timeout_ms = 40000), &reply));
    expect(GRILLE_RESOURCE_EXHAUSTED, "KMS-THROTTLED", 1, "attempt 1 of 4");
}

static void pauses_are_waited_for(void **state) {
    told to = NOTHING_TOLD;
    grille_kms_state now = {.in_flight = 1};
    (void)state;
    world.options.first_backoff_ms = world.options.longest_backoff_ms = 60000;
    client_world_open(&world);
    say(400, throttled);
    begin_with(&to, 600000);
    key_service_wait(world.service, 1);
    while (now.in_flight > 0) /* until it rests */
        grille_kms_get_state(world.kms, &now);
    assert_int_equal(1, now.queued);
    assert_int_equal(0, to.count);
    assert_int_equal(1, key_service_requests(world.service));
    client_world_skip_ms(&world, 73000); /* a fifth of jitter more */
    wait_told(&to, 1);
    assert_int_equal(GRILLE_OK, to.code);
    assert_int_equal(2, to.attempts);
}

/* ---- Credentials ---- */

static void calls_wait_for_credentials(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    client_world_open_poor(&world);
    begin_with(&to, 600000);
    begin_with(&to, 600000);
    client_world_feed(&world, "one", HTTPS_NOW_MS + HTTPS_HOUR_MS);
    wait_told(&to, 2);
    assert_int_equal(2, to.good);
}

static void without_credentials_it_says_so(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    client_world_open_poor(&world);
    begin_with(&to, 3000);
    client_world_skip_ms(&world, 3000);
    wait_told(&to, 1);
    assert_int_equal(GRILLE_FAILED_PRECONDITION, to.code);
    assert_string_equal("KMS-NO-CREDENTIALS", to.name);
    assert_non_null(strstr(to.text, "observed no credentials within 3000 ms"));
    assert_int_equal(0, to.attempts);
    assert_int_equal(0, key_service_requests(world.service));
}

/* The service says that they expired: those are forgotten, and the call goes on with others. */
static void expired_credentials_wait_for_others(void **state) {
    told to = NOTHING_TOLD;
    grille_kms_state now = {.has_credentials = true};
    key_service_request request;
    (void)state;
    client_world_open_poor(&world);
    client_world_feed(&world, "old", HTTPS_NOW_MS + HTTPS_HOUR_MS);
    say(400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"The security token included is expired\"}");
    begin_with(&to, 600000);
    while (now.has_credentials)
        grille_kms_get_state(world.kms, &now);
    assert_int_equal(0, to.count);
    client_world_feed(&world, "new", HTTPS_NOW_MS + HTTPS_HOUR_MS);
    wait_told(&to, 1);
    assert_int_equal(1, to.good);
    assert_int_equal(2, to.attempts);
    key_service_last(world.service, &request);
    assert_string_equal("new", request.token);
}

/* By the NSM's time, which goes on from its documents by the monotonic clock. */
static void credentials_that_expire_here_are_not_sent(void **state) {
    told to = NOTHING_TOLD;
    const grille_kms_credentials over = {.access_key_id = grille_bytes_of_text(KEY_SERVICE_ID),
                                         .secret_access_key = grille_bytes_of_text(KEY_SERVICE_SECRET),
                                         .expiry_ms = HTTPS_NOW_MS - 1};
    (void)state;
    client_world_open_poor(&world);
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_kms_set_credentials(world.kms, &over, &world.error));
    assert_string_equal("KMS-CREDENTIALS", world.error.name);
    begin_with(&to, 1000);
    client_world_skip_ms(&world, 1000);
    wait_told(&to, 1);
    assert_string_equal("KMS-NO-CREDENTIALS", to.name);
    assert_int_equal(0, key_service_requests(world.service));
}

/* ---- How many ---- */

static void so_many_at_once_and_so_many_wait(void **state) {
    told to = NOTHING_TOLD;
    grille_error error;
    (void)state;
    world.options.max_in_flight = 2;
    world.options.max_queued = 3;
    client_world_open(&world);
    act(KEY_SERVICE_HANGS);
    act(KEY_SERVICE_HANGS);
    for (int i = 0; i < 5; i++)
        begin_with(&to, 5000);
    key_service_wait(world.service, 2);
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED,
                     grille_kms_decrypt_async(world.kms, client_world_wrapped("x"), NULL, on_done, &to, &error));
    assert_string_equal("KMS-QUEUE", error.name);
    assert_non_null(strstr(error.text, "observed 5 calls"));
    assert_int_equal(2, key_service_requests(world.service));
    assert_int_equal(2, key_service_busiest(world.service));
    client_world_skip_ms(&world, 5000); /* all five, held or waiting */
    wait_told(&to, 5);
    assert_int_equal(0, to.good);
    assert_string_equal("KMS-DEADLINE", to.name);
    begin_with(&to, 600000);
    wait_told(&to, 6);
    assert_int_equal(1, to.good);
}

static void a_hundred_at_once_all_come_back(void **state) {
    told to = NOTHING_TOLD;
    grille_kms_state now;
    (void)state;
    world.options.uses_per_key = 7;
    client_world_open(&world);
    for (int i = 0; i < 100; i++)
        begin_with(&to, 600000);
    wait_told(&to, 100);
    assert_int_equal(100, to.good);
    assert_int_equal(100, key_service_requests(world.service));
    assert_true(key_service_busiest(world.service) <= world.options.max_in_flight);
    grille_kms_get_state(world.kms, &now);
    assert_int_equal(100, now.calls);
    assert_int_equal(0, now.failures);
    assert_int_equal(0, now.in_flight + now.queued);
    assert_true(now.keys_made >= 100 / 7 + 1);
    assert_true(now.keys_wiped >= 100 / 7 - 1);
}

/* ---- Log lines ---- */

static struct {
    pthread_mutex_t lock;
    int lines, credentials, again;
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void look_at_line(grille_log_level level, const char *module, const char *line, void *user) {
    static const char *const secrets[] = {KEY_SERVICE_SECRET, KEY_SERVICE_TOKEN, "the plaintext", "d3JhcHBlZDp0aGUg",
                                          "a value"};
    (void)level;
    (void)user;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (strstr(line, secrets[i]) != NULL) fail_msg("%s", line);
    (void)pthread_mutex_lock(&logged.lock);
    logged.lines += strcmp(module, "kms") == 0;
    logged.credentials += strstr(line, "new credentials") != NULL;
    logged.again += strstr(line, "attempt 1 of 4 again in ") != NULL;
    (void)pthread_mutex_unlock(&logged.lock);
}

static void no_line_has_a_secret(void **state) {
    const grille_kms_pair pair = grille_kms_pair_of_text("name", "a value");
    const grille_kms_call_options options = {.size = sizeof options, .context = &pair, .context_count = 1};
    (void)state;
    grille_log_set(look_at_line, NULL, GRILLE_LOG_DEBUG);
    client_world_open(&world);
    say(400, throttled);
    assert_int_equal(GRILLE_OK, grille_kms_decrypt(world.kms, client_world_wrapped("the plaintext"), &options, &reply));
    grille_kms_reply_free(&reply);
    say(400, "{\"__type\":\"AccessDeniedException\"}");
    assert_int_equal(GRILLE_PERMISSION_DENIED,
                     grille_kms_decrypt(world.kms, client_world_wrapped("the plaintext"), &options, &reply));
    grille_kms_close(world.kms);
    world.kms = NULL;
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    assert_int_equal(3, logged.lines);
    assert_int_equal(1, logged.credentials);
    assert_int_equal(1, logged.again);
}

/* A parent that puts credentials all the time: so many lines at once, and few more in the moment that this takes. */
static void lines_are_limited(void **state) {
    (void)state;
    logged.credentials = 0;
    grille_log_set(look_at_line, NULL, GRILLE_LOG_INFO);
    client_world_open_poor(&world);
    for (int i = 0; i < 10 * GRILLE_LIMIT_VERIFIED_LOG_BURST; i++)
        client_world_feed(&world, KEY_SERVICE_TOKEN, 0);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    assert_in_range(logged.credentials, GRILLE_LIMIT_VERIFIED_LOG_BURST / 2, 5 * GRILLE_LIMIT_VERIFIED_LOG_BURST);
}

/* ---- The NSM ---- */

static void an_nsm_that_fails_is_asked_again(void **state) {
    (void)state;
    client_world_open(&world);
    client_world_nsm_fails(true);
    assert_int_equal(GRILLE_UNAVAILABLE, decrypt());
    expect(GRILLE_UNAVAILABLE, "NSM-FAILED", 4, "Attestation: InternalError");
    assert_int_equal(0, key_service_requests(world.service));
    client_world_nsm_fails(false);
    assert_int_equal(GRILLE_OK, decrypt());
}

/* ---- Closing ---- */

static void closing_ends_every_call_once(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    world.options.max_in_flight = 2;
    client_world_open(&world);
    act(KEY_SERVICE_HANGS);
    act(KEY_SERVICE_HANGS);
    for (int i = 0; i < 10; i++)
        begin_with(&to, 600000);
    key_service_wait(world.service, 2);
    grille_kms_close(world.kms);
    world.kms = NULL;
    assert_int_equal(10, to.count);
    assert_int_equal(0, to.good);
    assert_int_equal(GRILLE_CANCELLED, to.code);
    assert_string_equal("KMS-CLOSED", to.name);
    assert_int_equal(0, client_world_keys_living());
}

static void close_and_tell(const grille_kms_reply *got, void *user) {
    grille_kms_close(world.kms);
    on_done(got, user);
}

/* The thread frees what is left after the callback: the keys are the last of it. */
static void closing_in_a_callback(void **state) {
    told to = NOTHING_TOLD;
    (void)state;
    client_world_open(&world);
    act(KEY_SERVICE_ANSWERS);
    act(KEY_SERVICE_HANGS);
    assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(world.kms, client_world_wrapped("x"), NULL, close_and_tell,
                                                         &to, &world.error));
    wait_told(&to, 1);
    assert_int_equal(1, to.good);
    world.kms = NULL;
    while (client_world_keys_living() > 0)
        (void)sched_yield();
}

int client_schedule_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refusals_are_told_and_never_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_that_must_not_be_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_busy_or_broken_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(attempts_end, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_at_the_address, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_that_hangs_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(hanging_to_the_last_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_calls_time_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(no_rest_beyond_the_time, setup, teardown),
        cmocka_unit_test_setup_teardown(pauses_are_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_wait_for_credentials, setup, teardown),
        cmocka_unit_test_setup_teardown(without_credentials_it_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_credentials_wait_for_others, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_that_expire_here_are_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_at_once_and_so_many_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hundred_at_once_all_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(no_line_has_a_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(an_nsm_that_fails_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_ends_every_call_once, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_in_a_callback, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_schedule", tests, NULL, NULL);
}
