/* SPDX-License-Identifier: Apache-2.0
 * Goal: no payload, no metadata value and no key is ever in a log line, at the most verbose level, whatever goes right
 * or wrong; and every line names its module. */
#include "grille/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_codec.h"
#include "pair.h"

#define PAYLOAD "MARKEDPAYLOAD"
#define VALUE   "MARKEDVALUE"
#define TRAILER "MARKEDTRAILER"

enum { BOOK_BYTES = 1 << 20, KEY_BYTES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char book[BOOK_BYTES];
static size_t book_len;
static unsigned lines, strange_modules;
static e2e_counts counts;

static bool is_module(const char *name) {
    for (int module = 0; module < GRILLE_LOG_MODULE_COUNT; module++) {
        if (strcmp(name, grille_log_module_name((grille_log_module)module)) == 0) return true;
    }
    return false;
}

static void keep(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)user;
    pthread_mutex_lock(&lock);
    lines++;
    if (!is_module(module)) strange_modules++;
    book_len += (size_t)snprintf(book + book_len, sizeof book - book_len, "%s: %s\n", module, line);
    assert_true(book_len < sizeof book);
    pthread_mutex_unlock(&lock);
}

static bool in_book(const char *text) {
    pthread_mutex_lock(&lock);
    bool found = strstr(book, text) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

/* As text, and as hex of either case. */
static void assert_not_logged(const char *secret) {
    char hex[128];
    assert_true(2 * strlen(secret) < sizeof hex);
    grille_hex_encode(grille_bytes_of_text(secret), hex);
    assert_false(in_book(secret));
    assert_false(in_book(hex));
    for (char *at = hex; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'f') *at = (char)(*at - 'a' + 'A');
    assert_false(in_book(hex));
}

/* No line of a PEM file's body, nor half of one. */
static void assert_key_not_logged(const char *path) {
    char line[256];
    unsigned looked_at = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '-' || strlen(line) < 24) continue;
        line[24] = '\0';
        assert_false(in_book(line));
        looked_at++;
    }
    (void)fclose(file);
    assert_true(looked_at > 0);
}

static grille_code call(grille_channel *channel, e2e_method method, const char *text, const char *value,
                        size_t max_response_bytes) {
    const grille_metadata_pair pair_of[] = {{"secret", {(const uint8_t *)value, strlen(value)}},
                                            {"secret-bin", {(const uint8_t *)value, strlen(value)}}};
    const grille_metadata metadata = {pair_of, 2};
    const fake_message message = {(char *)(uintptr_t)text};
    grille_reply reply;
    grille_code code = grille_call_unary(
        channel, &e2e_methods[method], &message,
        &GRILLE_CALL_OPTIONS(.metadata = &metadata, .max_response_bytes = max_response_bytes, .timeout_ms = 20000),
        &reply);
    grille_reply_free(&reply);
    return code;
}

static void mark_trailers(grille_intercepted *call_seen, grille_code code, const char *message, void *user) {
    (void)code;
    (void)message;
    (void)user;
    assert_int_equal(
        grille_intercepted_add(call_seen, GRILLE_METADATA_TRAILERS, "secret", grille_bytes_of_text(TRAILER)),
        GRILLE_OK);
}

static void a_stranger_comes(const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = services_world.trusts_gateway;
    options.identity = services_world.stranger;
    assert_int_equal(grille_channel_open(address, &options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_wait_ready(channel, 20000, &error), GRILLE_UNAUTHENTICATED);
    assert_int_not_equal(call(channel, E2E_ECHO, PAYLOAD, VALUE, 0), GRILLE_OK);
    grille_channel_close(channel);
}

static void nothing_of_a_call_is_logged(void **state) {
    const grille_interceptor interceptor = {.on_end = mark_trailers};
    grille_server_options options = grille_server_options_default();
    services_pair pair;
    grille_error error;
    static char large[400000];
    (void)state;
    options.interceptors = &interceptor;
    options.interceptor_count = 1;
    options.max_message_bytes = 200000;
    services_pair_new(&pair, NULL, &options);
    assert_int_equal(e2e_register(pair.server, &counts, &error), GRILLE_OK);
    services_pair_start(&pair, "log", NULL);
    assert_int_equal(call(pair.channel, E2E_ECHO, PAYLOAD, VALUE, 0), GRILLE_OK);
    /* The answer is over the caller's limit, the request over the server's, the value over what may be. */
    assert_int_equal(call(pair.channel, E2E_ECHO, PAYLOAD, VALUE, 4), GRILLE_RESOURCE_EXHAUSTED);
    for (size_t at = 0; at + sizeof PAYLOAD < sizeof large; at += sizeof PAYLOAD - 1)
        memcpy(large + at, PAYLOAD, sizeof PAYLOAD - 1);
    assert_int_equal(call(pair.channel, E2E_ECHO, large, VALUE, 0), GRILLE_RESOURCE_EXHAUSTED);
    large[20000] = '\0';
    assert_int_equal(call(pair.channel, E2E_ECHO, PAYLOAD, large, 0), GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(call(pair.channel, E2E_ECHO, PAYLOAD, VALUE "\n", 0), GRILLE_INVALID_ARGUMENT);
    /* Not allowed: the policy lists Echo alone. */
    assert_int_equal(call(pair.channel, E2E_SECRET, PAYLOAD, VALUE, 0), GRILLE_PERMISSION_DENIED);
    assert_int_equal(call(pair.channel, E2E_ECHO, "fail:13", VALUE, 0), GRILLE_INTERNAL);
    assert_int_equal(call(pair.channel, E2E_ECHO, "sleep:15", VALUE, 0), GRILLE_OK);
    a_stranger_comes("inproc:log");
    services_pair_close(&pair);

    assert_true(lines >= 4);
    assert_int_equal(strange_modules, 0);
    /* The search finds what is there. */
    assert_true(in_book("rpc: peer of set \"them\" may not call /test.E2e/Secret"));
    assert_true(in_book("attest: server connection"));
    assert_not_logged(PAYLOAD);
    assert_not_logged(VALUE);
    assert_not_logged(TRAILER);
    assert_key_not_logged(world_path(&services_world, "parent/identity.key"));
    assert_key_not_logged(world_path(&services_world, "gateway/identity.key"));
    assert_key_not_logged(world_path(&services_world, "stranger/identity.key"));
    assert_key_not_logged(world_path(&services_world, "ca/ca.key"));
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_of_a_call_is_logged)};
    (void)count;
    services_arguments(arguments);
    grille_log_set(keep, NULL, GRILLE_LOG_DEBUG);
    return cmocka_run_group_tests(tests, services_set_up, services_tear_down);
}
