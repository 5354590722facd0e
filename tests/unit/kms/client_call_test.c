/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a call sends and what it gives back; what the enclave's configuration pins is never asked for otherwise.
 */
#include <string.h>

#include "base/bytes.h"
#include "client_tests.h"
#include "client_world.h"
#include "cmocka_all.h"

static client_world world;
static grille_kms_reply reply;
static key_service_request request;

static int setup(void **state) {
    (void)state;
    client_world_init(&world, false);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_kms_reply_free(&reply);
    client_world_end(&world);
    return 0;
}

static void expect_good(grille_code code) {
    if (code != GRILLE_OK) fail_msg("%s: %s", reply.error.name, reply.error.text);
    assert_int_equal(GRILLE_OK, reply.code);
    assert_int_equal(1, reply.attempts);
    assert_int_equal(200, reply.status);
    assert_string_equal("", reply.error_type);
    assert_string_equal("", reply.error.text);
    key_service_last(world.service, &request);
    assert_string_equal("grille-kms-1", request.user_data);
    assert_string_equal(KEY_SERVICE_TOKEN, request.token);
}

static void a_ciphertext_is_decrypted(void **state) {
    (void)state;
    client_world_open(&world);
    expect_good(grille_kms_decrypt(world.kms, client_world_wrapped("a secret"), NULL, &reply));
    assert_true(grille_bytes_equal(grille_bytes_of_text("a secret"), reply.plaintext));
    assert_int_equal(0, reply.ciphertext.len);
    assert_string_equal("TrentService.Decrypt", request.target);
    assert_string_equal(KEY_SERVICE_ARN, request.key_arn);
    assert_string_equal("", request.context);
    assert_int_equal(8 + 8, request.ciphertext_len);
}

static void a_data_key_is_made(void **state) {
    (void)state;
    client_world_open(&world);
    expect_good(
        grille_kms_generate_data_key(world.kms, 32, &GRILLE_KMS_CALL_OPTIONS(.key_arn = KEY_SERVICE_SECOND), &reply));
    assert_int_equal(32, reply.plaintext.len);
    assert_int_equal(8 + 32, reply.ciphertext.len);
    assert_memory_equal(reply.ciphertext.data + 8, reply.plaintext.data, 32);
    assert_string_equal("TrentService.GenerateDataKey", request.target);
    assert_string_equal(KEY_SERVICE_SECOND, request.key_arn);
    assert_int_equal(32, request.wanted_bytes);
}

static void random_bytes_are_drawn(void **state) {
    const grille_kms_pair pinned = grille_kms_pair_of_text("tenant", "acme");
    (void)state;
    world.options.required_context = &pinned;
    world.options.required_context_count = 1;
    client_world_open(&world);
    expect_good(grille_kms_generate_random(world.kms, 1024, NULL, &reply));
    assert_int_equal(1024, reply.plaintext.len);
    assert_int_equal(255, reply.plaintext.data[1023]);
    assert_string_equal("TrentService.GenerateRandom", request.target);
    assert_string_equal("", request.key_arn);
    assert_string_equal("", request.context); /* there is none to pin */
}

static void plaintexts_of_every_length(void **state) {
    static char text[GRILLE_KMS_PLAINTEXT_MAX + 1];
    (void)state;
    client_world_open(&world);
    const size_t lengths[] = {1, 15, 16, 17, GRILLE_KMS_PLAINTEXT_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(text, 'p', lengths[i]);
        text[lengths[i]] = '\0';
        expect_good(grille_kms_decrypt(world.kms, client_world_wrapped(text), NULL, &reply));
        assert_true(grille_bytes_equal(grille_bytes_of_text(text), reply.plaintext));
        grille_kms_reply_free(&reply);
    }
}

/* The call's own pairs come behind; one that says the same as a pinned one stands once. */
static void the_context_is_pinned(void **state) {
    const grille_kms_pair pinned[] = {grille_kms_pair_of_text("tenant", "acme"),
                                      grille_kms_pair_of_text("use", "\"x\"")};
    const grille_kms_pair own[] = {grille_kms_pair_of_text("record", "7"), grille_kms_pair_of_text("tenant", "acme")};
    const grille_kms_pair other[] = {grille_kms_pair_of_text("tenant", "emca")};
    const grille_kms_pair empty[] = {grille_kms_pair_of_text("tenant", "")};
    (void)state;
    world.options.required_context = pinned;
    world.options.required_context_count = 2;
    client_world_open(&world);
    expect_good(grille_kms_decrypt(world.kms, client_world_wrapped("x"),
                                   &GRILLE_KMS_CALL_OPTIONS(.context = own, .context_count = 2), &reply));
    assert_string_equal("\"tenant\":\"acme\",\"use\":\"\\\"x\\\"\",\"record\":\"7\"", request.context);
    grille_kms_reply_free(&reply);
    expect_good(grille_kms_decrypt(world.kms, client_world_wrapped("x"), NULL, &reply));
    assert_string_equal("\"tenant\":\"acme\",\"use\":\"\\\"x\\\"\"", request.context);
    grille_kms_reply_free(&reply);
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_kms_decrypt(world.kms, client_world_wrapped("x"),
                                        &GRILLE_KMS_CALL_OPTIONS(.context = other, .context_count = 1), &reply));
    assert_string_equal("KMS-PINNED", reply.error.name);
    assert_non_null(strstr(reply.error.text, "tenant"));
    assert_null(strstr(reply.error.text, "emca"));
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_kms_generate_data_key(
                         world.kms, 32, &GRILLE_KMS_CALL_OPTIONS(.context = empty, .context_count = 1), &reply));
    assert_string_equal("KMS-PINNED", reply.error.name);
    assert_int_equal(2, key_service_requests(world.service)); /* the service was not asked */
}

static void keys_are_pinned(void **state) {
    static const char *const others[] = {
        "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab", /* the parent's account */
        "1234abcd-12ab-34cd-56ef-1234567890ab", "alias/mine", "", KEY_SERVICE_ARN "x"};
    (void)state;
    client_world_open(&world);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(GRILLE_INVALID_ARGUMENT,
                         grille_kms_decrypt(world.kms, client_world_wrapped("x"),
                                            &GRILLE_KMS_CALL_OPTIONS(.key_arn = others[i]), &reply));
        assert_string_equal("KMS-PINNED", reply.error.name);
    }
    assert_int_equal(0, key_service_requests(world.service));
}

static void expect_argument(grille_code code, const char *text) {
    assert_int_equal(GRILLE_INVALID_ARGUMENT, code);
    assert_string_equal("BAD-ARGUMENT", reply.error.name);
    if (strstr(reply.error.text, text) == NULL) fail_msg("%s", reply.error.text);
    assert_int_equal(0, reply.plaintext.len);
}

static void calls_have_limits(void **state) {
    static uint8_t bytes[GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES + 1];
    static char text[GRILLE_LIMIT_KMS_CONTEXT_BYTES + 1];
    grille_kms_pair pairs[GRILLE_LIMIT_KMS_CONTEXT_PAIRS + 1];
    char keys[GRILLE_LIMIT_KMS_CONTEXT_PAIRS + 1][8];
    grille_kms_call_options options = grille_kms_call_options_default();
    (void)state;
    client_world_open(&world);
    expect_argument(grille_kms_decrypt(world.kms, grille_bytes_of(bytes, sizeof bytes), NULL, &reply), "6145 bytes");
    expect_argument(grille_kms_decrypt(world.kms, grille_bytes_of(NULL, 0), NULL, &reply), "0 bytes");
    expect_argument(grille_kms_generate_data_key(world.kms, 0, NULL, &reply), "0 bytes");
    expect_argument(grille_kms_generate_random(world.kms, 1025, NULL, &reply), "1025 bytes");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%zu", i);
        pairs[i] = grille_kms_pair_of_text(keys[i], "v");
    }
    options.context = pairs;
    options.context_count = GRILLE_LIMIT_KMS_CONTEXT_PAIRS + 1;
    expect_argument(grille_kms_generate_data_key(world.kms, 1, &options, &reply), "33 pairs");
    options.context_count = GRILLE_LIMIT_KMS_CONTEXT_PAIRS;
    assert_int_equal(GRILLE_OK, grille_kms_generate_data_key(world.kms, 1, &options, &reply));
    grille_kms_reply_free(&reply);
    memset(text, 'v', GRILLE_LIMIT_KMS_CONTEXT_BYTES - 1);
    pairs[0] = grille_kms_pair_of_text("kk", text);
    options.context_count = 1;
    expect_argument(grille_kms_generate_data_key(world.kms, 1, &options, &reply), "8193 bytes");
    pairs[0] = grille_kms_pair_of_text("k", "\xff");
    expect_argument(grille_kms_generate_data_key(world.kms, 1, &options, &reply), "UTF-8");
    pairs[0] = grille_kms_pair_of_text("", "v");
    expect_argument(grille_kms_generate_data_key(world.kms, 1, &options, &reply), "empty key");
    pairs[0] = pairs[1] = grille_kms_pair_of_text("k", "v");
    options.context_count = 2;
    expect_argument(grille_kms_generate_data_key(world.kms, 1, &options, &reply), "the same key");
    expect_argument(grille_kms_generate_random(world.kms, 1, &options, &reply), "nobody's");
    options.size = 0;
    expect_argument(grille_kms_generate_random(world.kms, 1, &options, &reply), "size");
    assert_int_equal(1, key_service_requests(world.service));
}

typedef struct told {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int count;
    grille_code last, nested;
} told;

static void tell(told *to, grille_code code) {
    (void)pthread_mutex_lock(&to->lock);
    to->count++;
    to->last = code;
    (void)pthread_cond_broadcast(&to->came);
    (void)pthread_mutex_unlock(&to->lock);
}

static void wait_told(told *to, int count) {
    (void)pthread_mutex_lock(&to->lock);
    while (to->count < count)
        (void)pthread_cond_wait(&to->came, &to->lock);
    (void)pthread_mutex_unlock(&to->lock);
}

static void on_second(const grille_kms_reply *got, void *user) {
    tell(user, got->code);
}

/* A callback may begin another call, and may not wait for one. */
static void on_first(const grille_kms_reply *got, void *user) {
    told *to = user;
    grille_kms_reply nested;
    grille_error error;
    assert_int_equal(GRILLE_OK, got->code);
    assert_true(grille_bytes_equal(grille_bytes_of_text("x"), got->plaintext));
    to->nested = grille_kms_generate_random(world.kms, 1, NULL, &nested);
    assert_int_equal(GRILLE_OK, grille_kms_generate_data_key_async(world.kms, 16, NULL, on_second, user, &error));
    tell(to, got->code);
}

static void callbacks_may_go_on_but_not_block(void **state) {
    told to = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    (void)state;
    client_world_open(&world);
    assert_int_equal(GRILLE_OK,
                     grille_kms_decrypt_async(world.kms, client_world_wrapped("x"), NULL, on_first, &to, NULL));
    wait_told(&to, 2);
    assert_int_equal(GRILLE_WOULD_DEADLOCK, to.nested);
    assert_int_equal(GRILLE_OK, to.last);
    assert_int_equal(2, key_service_requests(world.service));
}

static void a_call_that_never_began_calls_nobody_back(void **state) {
    grille_error error;
    (void)state;
    client_world_open(&world);
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_kms_decrypt_async(world.kms, grille_bytes_of(NULL, 0), NULL, on_first, NULL, &error));
    assert_string_equal("BAD-ARGUMENT", error.name);
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_kms_generate_random_async(world.kms, 0, NULL, on_first, NULL, NULL));
}

static void the_state_tells_what_was_done(void **state) {
    grille_kms_state now;
    (void)state;
    client_world_open_poor(&world);
    grille_kms_get_state(world.kms, &now);
    assert_false(now.has_credentials);
    assert_true(now.has_egress);
    assert_int_equal(0, now.credentials_taken);
    client_world_feed(&world, KEY_SERVICE_TOKEN, HTTPS_NOW_MS + HTTPS_HOUR_MS);
    assert_int_equal(GRILLE_OK, grille_kms_generate_random(world.kms, 1, NULL, &reply));
    grille_kms_get_state(world.kms, &now);
    assert_true(now.has_credentials);
    assert_int_equal(HTTPS_NOW_MS + HTTPS_HOUR_MS, now.credentials_expiry_ms);
    assert_int_equal(1, now.credentials_taken);
    assert_int_equal(1, now.calls);
    assert_int_equal(0, now.failures);
    assert_int_equal(1, now.attempts);
    assert_int_equal(1, now.documents);
    assert_true(now.keys_made >= 1);
    assert_int_equal(0, now.keys_wiped);
}

int client_call_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_ciphertext_is_decrypted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_data_key_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(random_bytes_are_drawn, setup, teardown),
        cmocka_unit_test_setup_teardown(plaintexts_of_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(the_context_is_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_have_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_may_go_on_but_not_block, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_that_never_began_calls_nobody_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_state_tells_what_was_done, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_call", tests, NULL, NULL);
}
