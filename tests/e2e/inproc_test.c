/* SPDX-License-Identifier: Apache-2.0
 * Goal: both ends inside one process, TLS and gate included, without a socket: calls, refusals, drain, a server that
 * goes and comes back. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "counted.h"
#include "in_process.h"

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

static grille_server *serve(const char *address, e2e_counts *counts) {
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_error error;
    options.policy = w.trusts_parent;
    options.identity = w.gateway;
    options.loops = 2;
    if (grille_server_new(&options, &server, &error) != GRILLE_OK ||
        e2e_register(server, counts, &error) != GRILLE_OK ||
        grille_server_listen(server, address, &error) != GRILLE_OK ||
        grille_server_start(server, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return server;
}

static void calls_of_every_size(void **state) {
    static char large[300001], answer[300001];
    e2e_counts counts = {0};
    (void)state;
    grille_server *server = serve("inproc:sizes", &counts);
    assert_string_equal(grille_server_address(server, 0), "inproc:sizes");
    grille_channel *channel = world_channel(&w, "x509", "inproc:sizes");
    assert_int_equal(e2e_call(channel, E2E_ECHO, "who", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, WORLD_PARENT);
    memset(large, 'z', sizeof large - 1);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(e2e_call(channel, i % 2 == 0 ? E2E_ECHO : E2E_WORK, large, NULL, answer, sizeof answer),
                         GRILLE_OK);
        assert_string_equal(answer, large);
    }
    grille_channel_close(channel);
    grille_server_free(server);
    assert_int_equal(counts.started, 7);
    assert_int_equal(counts.finished, 7);
}

/* Nobody listens; a name that is taken; the peer that the policy does not know. */
static void what_is_wrong_is_said(void **state) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_server *second = NULL;
    grille_error error;
    e2e_counts counts = {0};
    (void)state;
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    assert_int_equal(grille_channel_open("inproc:nobody", &options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_wait_ready(channel, 1, &error), GRILLE_UNAVAILABLE);
    assert_non_null(strstr(error.text, "nobody listens there"));
    grille_channel_close(channel);
    grille_server *server = serve("inproc:taken", &counts);
    grille_server_options server_options = grille_server_options_default();
    server_options.policy = w.trusts_parent;
    server_options.identity = w.gateway;
    assert_int_equal(grille_server_new(&server_options, &second, &error), GRILLE_OK);
    assert_int_not_equal(grille_server_listen(second, "inproc:taken", &error), GRILLE_OK);
    assert_non_null(strstr(error.text, "another server of this process has the name"));
    grille_server_free(second);
    options.identity = w.stranger;
    assert_int_equal(grille_channel_open("inproc:taken", &options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_wait_ready(channel, 60000, &error), GRILLE_UNAUTHENTICATED);
    grille_channel_close(channel);
    grille_server_free(server);
    assert_int_equal(counts.started, 0);
}

/* The channel outlives the server, and finds the next one. */
static void a_server_goes_and_comes_back(void **state) {
    e2e_counts counts = {0};
    char answer[64];
    (void)state;
    grille_server *server = serve("inproc:again", &counts);
    grille_channel *channel = world_channel(&w, "x509", "inproc:again");
    assert_int_equal(e2e_call(channel, E2E_ECHO, "one", NULL, answer, sizeof answer), GRILLE_OK);
    for (int i = 0; i < 3; i++) {
        grille_server_free(server);
        server = serve("inproc:again", &counts);
        const grille_call_options options = GRILLE_CALL_OPTIONS(.wait_for_ready = true, .timeout_ms = 60000);
        assert_int_equal(e2e_call(channel, E2E_ECHO, "two", &options, answer, sizeof answer), GRILLE_OK);
        assert_string_equal(answer, "two");
    }
    grille_channel_close(channel);
    grille_server_free(server);
}

enum { THREADS = 4, CALLS = 200 };

static void *call_many(void *argument) {
    char answer[64];
    for (int i = 0; i < CALLS; i++) {
        if (e2e_call(argument, i % 8 == 0 ? E2E_WORK : E2E_ECHO, "many", NULL, answer, sizeof answer) != GRILLE_OK) {
            return argument;
        }
    }
    return NULL;
}

static void threads_share_a_channel(void **state) {
    pthread_t threads[THREADS];
    e2e_counts counts = {0};
    (void)state;
    grille_server *server = serve("inproc:threads", &counts);
    grille_channel *channel = world_channel(&w, "x509", "inproc:threads");
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, channel), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = channel;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    grille_channel_close(channel);
    grille_server_free(server);
    assert_int_equal(counts.finished, THREADS * CALLS);
}

/* That is what it is for: bytes do not go through the kernel. */
static void no_bytes_pass_the_kernel(void **state) {
    e2e_counts counts = {0};
    char answer[64];
    (void)state;
    grille_server *server = serve("inproc:quiet", &counts);
    grille_channel *channel = world_channel(&w, "x509", "inproc:quiet");
    assert_int_equal(e2e_call(channel, E2E_ECHO, "warm", NULL, answer, sizeof answer), GRILLE_OK);
    const unsigned long reads = counted.reads, writes = counted.writes;
    for (int i = 0; i < 100; i++)
        assert_int_equal(e2e_call(channel, E2E_ECHO, "again", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(counted.reads, reads);
    assert_int_equal(counted.writes, writes);
    grille_channel_close(channel);
    grille_server_free(server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_every_size),          cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_server_goes_and_comes_back), cmocka_unit_test(threads_share_a_channel),
        cmocka_unit_test(no_bytes_pass_the_kernel),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
