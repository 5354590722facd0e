/* SPDX-License-Identifier: Apache-2.0
 * Goal: both ends prove themselves anew under calls that run, and nobody notices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attest/path_cache.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "in_process.h"
#include "traffic.h"

static const char *grille_program, *server_program;
static e2e_world w;

/* ---- Helpers ---- */

static grille_channel *open_channel(const char *name) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    if (grille_channel_open(world_unix(&w, name), &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    return channel;
}

static grille_code call(grille_channel *channel, e2e_method method, const char *text, char answer[256]) {
    return e2e_call(channel, method, text, &GRILLE_CALL_OPTIONS(.timeout_ms = 20000), answer, 256);
}

static uint32_t epoch_of(grille_channel *channel) {
    grille_peer_identity peer;
    assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
    return peer.epoch;
}

/* Waits, at most half a minute. */
static void wait_for_epoch(grille_channel *channel, uint32_t epoch) {
    for (int ms = 0; epoch_of(channel) < epoch; ms++) {
        if (ms == 30000) fail_msg("epoch %u did not come", epoch);
        usleep(1000);
    }
    assert_int_equal(epoch_of(channel), epoch);
}

/* ---- Epochs ---- */

/* The bulk: large messages all the time, each answered whole. */
typedef struct bulk {
    grille_channel *channel;
    pthread_t thread;
    atomic_bool over;
    size_t messages, wrong;
} bulk;

static void *pour(void *user) {
    bulk *own = user;
    const fake_message request = {"huge:300000"};
    while (!atomic_load(&own->over)) {
        grille_reply reply;
        const grille_code code = grille_call_unary(own->channel, &e2e_methods[E2E_ECHO], &request,
                                                   &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), &reply);
        const fake_message *response = reply.response;
        if (code != GRILLE_OK || response == NULL || strlen(response->text) != 300000) own->wrong++;
        own->messages++;
        grille_reply_free(&reply);
    }
    return NULL;
}

static void reattest_under_load(const char *kind) {
    static traffic load;
    server_process process = {.kind = kind};
    bulk stream = {.wrong = 0};
    grille_error error;
    server_start(&w, &process, world_unix(&w, kind));
    stream.channel = world_channel(&w, kind, process.address);
    if (grille_channel_wait_ready(stream.channel, 20000, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    stream.channel = world_channel(&w, kind, process.address);
    if (grille_channel_wait_ready(stream.channel, 20000, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(epoch_of(stream.channel), 0);
    traffic_start(&load, stream.channel, false);
    assert_int_equal(pthread_create(&stream.thread, NULL, pour, &stream), 0);
    for (uint32_t epoch = 1; epoch <= 3; epoch++) {
        if (grille_channel_reattest(stream.channel, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
        wait_for_epoch(stream.channel, epoch);
    }
    atomic_store(&stream.over, true);
    (void)pthread_join(stream.thread, NULL);
    assert_int_equal(stream.wrong, 0);
    assert_true(traffic_end(&load) > 0);
    print_message("%s: %zu large and many small calls through 3 epochs\n", kind, stream.messages);
    grille_channel_close(stream.channel);
    server_kill(&process);
}

static void epochs_of_an_enclave_disturb_nothing(void **state) {
    (void)state;
    reattest_under_load("nitro");
}

static void epochs_of_x509_ends_disturb_nothing(void **state) {
    (void)state;
    reattest_under_load("x509");
}

/* A channel of its own for each few calls: the signatures above the enclave's documents are known by then. */
static void a_second_channel_finds_the_cache_warm(void **state) {
    server_process process = {.kind = "nitro"};
    grille_path_cache_counters before, after;
    (void)state;
    server_start(&w, &process, world_unix(&w, "warm"));
    for (int i = 0; i < 2; i++) {
        grille_channel *channel = world_channel(&w, "nitro", process.address);
        grille_error error;
        if (i == 1) grille_path_cache_get_counters(grille_path_cache_shared(), &before);
        if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s", error.text);
        grille_channel_close(channel);
    }
    grille_path_cache_get_counters(grille_path_cache_shared(), &after);
    assert_int_equal(after.misses, before.misses);
    assert_true(after.hits > 0);
    server_kill(&process);
}

/* More often than may be: told so, and nothing breaks. */
static void asking_too_often_is_told(void **state) {
    e2e_counts counts = {.back = NULL};
    grille_server *server = in_process_server(&w, "often", NULL, &counts);
    grille_channel *channel = open_channel("often");
    grille_code code = GRILLE_OK;
    char answer[256];
    (void)state;
    for (int i = 0; i < 100 && code == GRILLE_OK; i++) {
        const uint32_t epoch = epoch_of(channel);
        grille_error error;
        code = grille_channel_reattest(channel, &error);
        if (code == GRILLE_OK) {
            wait_for_epoch(channel, epoch + 1);
        } else {
            assert_int_equal(code, GRILLE_AGAIN);
            assert_string_equal(error.name, "GATE-TOO-SOON");
        }
    }
    assert_int_equal(code, GRILLE_AGAIN);
    assert_int_equal(call(channel, E2E_ECHO, "still here", answer), GRILLE_OK);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* The other end asks: by the channel that its server lends. */
static grille_channel *lent;
static atomic_bool was_lent;

static void keep_peer(grille_channel *peer, void *user) {
    (void)user;
    lent = grille_channel_ref(peer);
    atomic_store(&was_lent, true);
}

static void a_server_asks_for_an_epoch(void **state) {
    grille_server_options options = grille_server_options_default();
    e2e_counts counts = {.back = NULL};
    grille_error error;
    (void)state;
    options.on_peer = keep_peer;
    grille_server *server = in_process_server(&w, "asks", &options, &counts);
    grille_channel *channel = open_channel("asks");
    while (!atomic_load(&was_lent))
        usleep(500);
    assert_int_equal(epoch_of(lent), 0);
    assert_int_equal(grille_channel_reattest(lent, &error), GRILLE_OK);
    wait_for_epoch(lent, 1);
    wait_for_epoch(channel, 1);
    /* Its policy is the server's matter. */
    assert_int_equal(grille_channel_replace_policy(lent, w.trusts_parent, &error), GRILLE_FAILED_PRECONDITION);
    grille_channel_close(lent);
    grille_channel_close(channel);
    grille_server_free(server);
}

static int setup(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_of_an_enclave_disturb_nothing),
        cmocka_unit_test(epochs_of_x509_ends_disturb_nothing),
        cmocka_unit_test(a_second_channel_finds_the_cache_warm),
        cmocka_unit_test(asking_too_often_is_told),
        cmocka_unit_test(a_server_asks_for_an_epoch),
    };
    assert_int_equal(argc, 3);
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, setup, teardown);
}
