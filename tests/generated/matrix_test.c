/* SPDX-License-Identifier: Apache-2.0
 * Goal: generated code of either message library calls generated code of either, through the real gate and real
 * sockets, with every kind of field, metadata, status, deadline and cancellation. All four are linked into this one
 * program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "matrix.h"
#include "party.h"

#define LARGE_BYTES ((size_t)1 << 20)
#define OPTIONS     &GRILLE_CALL_OPTIONS(.timeout_ms = 20000)

/* Who calls whom over what. */
typedef struct pairing {
    const matrix_client *client;
    grille_channel *channel;
    matrix_counts *counts;
    char name[64];
} pairing;

static outcome *fresh(outcome *of) {
    outcome_init(of);
    return of;
}

static void expect_code(const outcome *of, grille_code code) {
    if (of->code != code) fail_msg("%s: %s", grille_code_name(of->code), of->message);
    assert_int_equal(atomic_load(&of->delivered), 1);
}

static void expect_same(const outcome *of) {
    expect_code(of, GRILLE_OK);
    assert_string_equal(of->message, "");
    assert_true(of->same);
}

static bool soon(atomic_int *counter, int least) {
    int tries = 0;
    for (tries = 0; tries < 5000 && atomic_load(counter) < least; tries++)
        (void)usleep(2000);
    return atomic_load(counter) >= least;
}

static void every_field(void **state) {
    const pairing *with = *state;
    outcome of;
    size_t at = 0;
    for (at = 0; at < sample_count; at++) {
        with->client->mirror(with->channel, &samples[at], OPTIONS, fresh(&of));
        expect_same(&of);
    }
}

static void every_field_asynchronously(void **state) {
    const pairing *with = *state;
    static outcome of[32];
    size_t at = 0;
    for (at = 0; at < 32; at++)
        assert_int_equal(
            with->client->mirror_async(with->channel, &samples[at % sample_count], OPTIONS, fresh(&of[at])), GRILLE_OK);
    for (at = 0; at < 32; at++)
        assert_int_equal(sem_wait(&of[at].done), 0);
    for (at = 0; at < 32; at++)
        expect_same(&of[at]);
}

static void bytes_of_every_size(void **state) {
    static const size_t sizes[] = {0, 1, 100, 16000, 16384, 70000, LARGE_BYTES};
    const pairing *with = *state;
    uint8_t *data = malloc(LARGE_BYTES);
    outcome of;
    size_t at = 0;
    assert_non_null(data);
    for (at = 0; at < LARGE_BYTES; at++)
        data[at] = (uint8_t)(at * 31 ^ at >> 8);
    for (at = 0; at < sizeof sizes / sizeof *sizes; at++) {
        with->client->turn(with->channel, (grille_bytes){data, sizes[at]}, OPTIONS, fresh(&of));
        expect_same(&of);
    }
    free(data);
}

/* 4 MiB is what a server takes by default; the message has a tag and a length besides. */
static void bytes_over_the_limit(void **state) {
    const pairing *with = *state;
    size_t len = (size_t)4 << 20;
    uint8_t *data = calloc(1, len);
    outcome of;
    assert_non_null(data);
    with->client->turn(with->channel, (grille_bytes){data, len}, OPTIONS, fresh(&of));
    expect_code(&of, GRILLE_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(of.message, "4194304"));
    with->client->turn(with->channel, (grille_bytes){data, 100000},
                       &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .max_response_bytes = 99999), fresh(&of));
    expect_code(&of, GRILLE_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(of.message, "99999"));
    free(data);
}

static void expect_pair(const told_pair *pair, const char *key, const void *value, size_t len) {
    assert_string_equal(pair->key, key);
    assert_int_equal(pair->len, len);
    assert_memory_equal(pair->value, value, len);
}

static void metadata_both_ways(void **state) {
    static const grille_metadata_pair pairs[] = {{"ask", {(const uint8_t *)"one", 3}},
                                                 {"ask-bin", {(const uint8_t *)"\0\xff\n", 3}},
                                                 {"ask", {(const uint8_t *)"", 0}},
                                                 {"ask", {(const uint8_t *)"two ~", 5}}};
    static const grille_metadata metadata = {pairs, 4};
    const pairing *with = *state;
    outcome of;
    with->client->tell(with->channel, &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .metadata = &metadata), fresh(&of));
    expect_same(&of);
    assert_int_equal(of.header_count, 3);
    expect_pair(&of.headers[0], "told", "one", 3);
    expect_pair(&of.headers[1], "told", "", 0);
    expect_pair(&of.headers[2], "told", "two ~", 5);
    assert_int_equal(of.trailer_count, 2);
    expect_pair(&of.trailers[0], "told-bin", "\0\xff\n", 3);
    expect_pair(&of.trailers[1], "method", "/test.matrix.Matrix/Tell", 24);
    with->client->tell(with->channel, OPTIONS, fresh(&of));
    expect_same(&of);
    assert_int_equal(of.header_count, 0);
    assert_int_equal(of.trailer_count, 1);
}

static void every_status(void **state) {
    static const uint8_t details[] = {8, 5, 18, 0, 255, 0};
    const pairing *with = *state;
    uint32_t code = 0;
    outcome of;
    for (code = 1; code <= 16; code++) {
        with->client->fail_with(with->channel, code, "as asked: ü", (grille_bytes){details, sizeof details}, OPTIONS,
                                fresh(&of));
        expect_code(&of, (grille_code)code);
        assert_string_equal(of.message, "as asked: ü");
        assert_int_equal(of.details_len, sizeof details);
        assert_memory_equal(of.details, details, sizeof details);
        assert_int_equal(of.trailer_count, 1);
        expect_pair(&of.trailers[0], "reason", "as asked", 8);
        assert_false(of.same);
    }
}

static void codes_that_do_not_cross(void **state) {
    static const uint32_t codes[] = {17, 999, GRILLE_AGAIN, GRILLE_SYSTEM, 0xffffffff};
    const pairing *with = *state;
    outcome of;
    size_t at = 0;
    for (at = 0; at < sizeof codes / sizeof *codes; at++) {
        with->client->fail_with(with->channel, codes[at], "odd", (grille_bytes){NULL, 0}, OPTIONS, fresh(&of));
        expect_code(&of, GRILLE_INTERNAL);
    }
}

static void details_up_to_the_limit(void **state) {
    static uint8_t details[4097];
    const pairing *with = *state;
    outcome of;
    with->client->fail_with(with->channel, GRILLE_NOT_FOUND, "", (grille_bytes){details, 4096}, OPTIONS, fresh(&of));
    expect_code(&of, GRILLE_NOT_FOUND);
    assert_int_equal(of.details_len, 4096);
    with->client->fail_with(with->channel, GRILLE_NOT_FOUND, "", (grille_bytes){details, 4097}, OPTIONS, fresh(&of));
    expect_code(&of, GRILLE_RESOURCE_EXHAUSTED);
    assert_string_equal(of.message, "details of 4097 bytes");
    assert_int_equal(of.details_len, 0);
}

static void a_deadline(void **state) {
    const pairing *with = *state;
    int waiting = atomic_load(&with->counts->waiting);
    int cancelled = atomic_load(&with->counts->cancelled);
    uint32_t timeout_ms = 50;
    outcome of;
    /* Where others have the CPU a deadline may pass before the handler has begun. */
    for (; timeout_ms < 10000 && atomic_load(&with->counts->waiting) == waiting; timeout_ms *= 2) {
        with->client->wait(with->channel, &GRILLE_CALL_OPTIONS(.timeout_ms = timeout_ms), fresh(&of));
        expect_code(&of, GRILLE_DEADLINE_EXCEEDED);
    }
    assert_true(atomic_load(&with->counts->waiting) > waiting);
    assert_true(soon(&with->counts->cancelled, cancelled + 1));
    assert_true(atomic_load(&with->counts->remaining_ms) <= timeout_ms);
}

/* The .proto's timeout_ms holds where the caller says nothing. */
static void a_default_deadline_and_a_cancellation(void **state) {
    const pairing *with = *state;
    int waiting = atomic_load(&with->counts->waiting);
    int cancelled = atomic_load(&with->counts->cancelled);
    grille_call *call = NULL;
    outcome of;
    assert_int_equal(with->client->wait_async(with->channel, NULL, fresh(&of), &call), GRILLE_OK);
    assert_true(soon(&with->counts->waiting, waiting + 1));
    assert_true(atomic_load(&with->counts->remaining_ms) <= 30000);
    assert_true(atomic_load(&with->counts->remaining_ms) > 10000);
    assert_int_equal(atomic_load(&of.delivered), 0);
    (void)grille_call_ref(call);
    grille_call_cancel(call);
    grille_call_cancel(call);
    assert_int_equal(sem_wait(&of.done), 0);
    grille_call_cancel(call);
    grille_call_unref(call);
    expect_code(&of, GRILLE_CANCELLED);
    assert_true(soon(&with->counts->cancelled, cancelled + 1));
}

static void a_method_without_handler(void **state) {
    const pairing *with = *state;
    outcome of;
    with->client->missing(with->channel, OPTIONS, fresh(&of));
    expect_code(&of, GRILLE_UNIMPLEMENTED);
    assert_non_null(strstr(of.message, "/test.matrix.Matrix/Missing"));
}

static void options_without_size(void **state) {
    const pairing *with = *state;
    const grille_call_options none = {.timeout_ms = 20000};
    outcome of;
    with->client->mirror(with->channel, &samples[1], &none, fresh(&of));
    expect_code(&of, GRILLE_INVALID_ARGUMENT);
    assert_int_equal(with->client->mirror_async(with->channel, &samples[1], &none, fresh(&of)),
                     GRILLE_INVALID_ARGUMENT);
    assert_int_equal(atomic_load(&of.delivered), 0);
}

static const struct {
    const char *name;
    CMUnitTestFunction run;
} scenarios[] = {
    {"every field", every_field},
    {"every field, asynchronously", every_field_asynchronously},
    {"bytes of every size", bytes_of_every_size},
    {"bytes over the limit", bytes_over_the_limit},
    {"metadata both ways", metadata_both_ways},
    {"every status", every_status},
    {"codes that do not cross", codes_that_do_not_cross},
    {"details up to the limit", details_up_to_the_limit},
    {"a deadline", a_deadline},
    {"a default deadline and a cancellation", a_default_deadline_and_a_cancellation},
    {"a method without handler", a_method_without_handler},
    {"options without size", options_without_size},
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios, TRANSPORTS = 2, LIBRARIES = 2, PAIRINGS = 8 };

static int run_all(pairing pairings[PAIRINGS]) {
    static char names[PAIRINGS * SCENARIOS][160];
    static struct CMUnitTest tests[PAIRINGS * SCENARIOS];
    size_t pair = 0;
    size_t scenario = 0;
    for (pair = 0; pair < PAIRINGS; pair++) {
        for (scenario = 0; scenario < SCENARIOS; scenario++) {
            size_t at = pair * SCENARIOS + scenario;
            (void)snprintf(names[at], sizeof names[at], "%s: %s", pairings[pair].name, scenarios[scenario].name);
            tests[at] = (struct CMUnitTest){
                .name = names[at], .test_func = scenarios[scenario].run, .initial_state = &pairings[pair]};
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv) {
    static const matrix_client *const clients[LIBRARIES] = {&client_pb, &client_nano};
    static matrix_counts counts[LIBRARIES];
    static pairing pairings[PAIRINGS];
    grille_server *servers[LIBRARIES];
    grille_error error;
    party parties;
    size_t at = 0;
    int failed = 0;
    if (argc != 2) return 2;
    party_init(&parties, argv[1], "/test.matrix.Matrix/*");
    servers[0] = party_server(&parties);
    servers[1] = party_server(&parties);
    party_check(matrix_register_pb(servers[0], &counts[0], &error), &error);
    party_check(matrix_register_nano(servers[1], &counts[1], &error), &error);
    party_serve(&parties, servers[0], "pb");
    party_serve(&parties, servers[1], "nano");
    for (at = 0; at < PAIRINGS; at++) {
        size_t client = at % LIBRARIES, server = at / LIBRARIES % LIBRARIES, transport = at / (LIBRARIES * LIBRARIES);
        pairings[at] = (pairing){.client = clients[client], .counts = &counts[server]};
        (void)snprintf(pairings[at].name, sizeof pairings[at].name, "%s to %s over %s", clients[client]->name,
                       clients[server]->name, transport == 0 ? "unix" : "tcp");
        pairings[at].channel = party_channel(&parties, grille_server_address(servers[server], transport));
    }
    failed = run_all(pairings);
    for (at = 0; at < PAIRINGS; at++)
        grille_channel_close(pairings[at].channel);
    for (at = 0; at < LIBRARIES; at++)
        grille_server_free(servers[at]);
    party_deinit(&parties);
    return failed;
}
