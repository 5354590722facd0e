/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel finds its server when there is one, says clearly why not when there is none or the wrong one, keeps
 * waiting calls bounded and in time, and comes back after a loss. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "in_process.h"
#include "loop/socket.h"
#include "wire/limits.h"

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up_all(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down_all(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

static uint64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static grille_channel *open_channel(const char *address, grille_identity *identity, grille_policy *policy,
                                    uint32_t connect_timeout_ms) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    options.identity = identity;
    options.policy = policy;
    options.connect_timeout_ms = connect_timeout_ms;
    if (grille_channel_open(address, &options, &channel, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return channel;
}

/* ---- Nobody there ---- */

static void test_fail_fast_without_a_server(void **state) {
    char answer[512];
    grille_error error;
    (void)state;
    grille_channel *channel = open_channel(world_unix(&w, "nobody"), w.parent, w.trusts_gateway, 1000);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_non_null(strstr(answer, "nobody"));
    assert_non_null(strstr(answer, "No such file"));
    assert_int_equal(grille_channel_wait_ready(channel, 50, &error), GRILLE_UNAVAILABLE);
    assert_string_equal(error.name, "LOOP-DIAL");
    grille_channel_close(channel);
}

static void test_deadline_while_waiting(void **state) {
    char answer[512];
    (void)state;
    grille_channel *channel = open_channel(world_unix(&w, "nobody"), w.parent, w.trusts_gateway, 1000);
    /* It ends when the first attempt has: from then on there is a reason to tell. */
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.timeout_ms = 60, .wait_for_ready = true),
                              answer, sizeof answer),
                     GRILLE_DEADLINE_EXCEEDED);
    assert_non_null(strstr(answer, "No such file")); /* why it waited */
    grille_channel_close(channel);
}

typedef struct later {
    e2e_world *world;
    server_process server;
    const char *address;
} later;

static void *start_later(void *argument) {
    later *own = argument;
    usleep(150000);
    server_start(own->world, &own->server, own->address);
    return NULL;
}

/* The call is made before the server exists and answered when it does. */
static void waits_through_start(bool by_call) {
    later own = {&w, {.kind = "nitro"}, world_unix(&w, "late")};
    pthread_t thread;
    char answer[256], last_line[64];
    grille_error error;
    grille_channel *channel = open_channel(own.address, w.parent, w.trusts_enclave, 5000);
    assert_int_equal(pthread_create(&thread, NULL, start_later, &own), 0);
    if (by_call) {
        assert_int_equal(e2e_call(channel, E2E_ECHO, "at last",
                                  &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .wait_for_ready = true), answer,
                                  sizeof answer),
                         GRILLE_OK);
        assert_string_equal(answer, "at last");
    } else if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    pthread_join(thread, NULL);
    grille_channel_close(channel);
    server_end(&own.server, SIGTERM, last_line, sizeof last_line);
}

static void test_wait_for_ready_through_server_start(void **state) {
    (void)state;
    waits_through_start(true);
    waits_through_start(false);
}

/* A server that takes connections and says nothing. By default it is given so long; less here, to be over it. */
static void test_connect_timeout(void **state) {
    char answer[512];
    grille_error error;
    grille_address address;
    grille_socket_name name;
    int fd;
    (void)state;
    assert_int_equal(grille_channel_options_default().connect_timeout_ms, GRILLE_DEFAULT_CONNECT_TIMEOUT_MS);
    assert_int_equal(grille_address_parse(world_unix(&w, "silent"), &address, NULL), GRILLE_REASON_OK);
    assert_true(grille_socket_name_to_bind(&address, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name.storage, name.len), 0);
    assert_int_equal(listen(fd, 64), 0);
    /* The attempt starts inside of open, on this thread. */
    uint64_t start_ms = now_ms();
    grille_channel *channel = open_channel(world_unix(&w, "silent"), w.parent, w.trusts_gateway, 100);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_true(now_ms() - start_ms >= 100);
    assert_non_null(strstr(answer, "100 ms"));
    assert_int_equal(grille_channel_wait_ready(channel, 1, &error), GRILLE_UNAVAILABLE);
    assert_string_equal(error.name, "LOOP-DIAL-TIMEOUT");
    grille_channel_close(channel);
    (void)close(fd);
}

/* Before the first attempt has ended there is no error to tell but the time itself. */
static void test_wait_ready_out_of_time(void **state) {
    grille_error error;
    int ends[2];
    char address[16];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    grille_channel *channel = open_channel(address, w.parent, w.trusts_gateway, 60000);
    assert_int_equal(grille_channel_wait_ready(channel, 30, &error), GRILLE_DEADLINE_EXCEEDED);
    assert_int_equal(error.code, GRILLE_DEADLINE_EXCEEDED);
    assert_int_equal(grille_channel_get_state(channel), GRILLE_CHANNEL_CONNECTING);
    grille_channel_close(channel);
    (void)close(ends[1]);
}

/* A descriptor can't be dialled again. */
static void test_descriptor_has_one_attempt(void **state) {
    char answer[512], address[16];
    grille_error error;
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    grille_channel *channel = open_channel(address, w.parent, w.trusts_gateway, 5000);
    (void)close(ends[1]);
    assert_int_equal(
        e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer),
        GRILLE_UNAVAILABLE);
    assert_int_equal(grille_channel_wait_ready(channel, 5000, &error), GRILLE_UNAVAILABLE);
    /* The end of the stream, or a reset when our first flight was never read. */
    if (strcmp(error.name, "LOOP-PEER-CLOSED") != 0) assert_string_equal(error.name, "LOOP-CONNECTION-LOST");
    grille_channel_close(channel);
}

/* ---- The wrong one ---- */

typedef struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned done, unauthenticated, cancelled;
    char text[512];
} outcome;

#define OUTCOME_INIT                                                                                                   \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void on_done(grille_code code, const char *answer, void *user) {
    outcome *own = user;
    pthread_mutex_lock(&own->lock);
    own->done++;
    if (code == GRILLE_UNAUTHENTICATED) own->unauthenticated++;
    if (code == GRILLE_CANCELLED) own->cancelled++;
    (void)snprintf(own->text, sizeof own->text, "%s", answer);
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static void wait_done(outcome *own, unsigned count) {
    pthread_mutex_lock(&own->lock);
    while (own->done < count)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

/* Every waiting call ends at once, those that wait for ready too, and no handler ran. */
static void is_rejected(const char *kind, grille_identity *identity, grille_policy *policy, const char *error_name) {
    outcome own = OUTCOME_INIT;
    e2e_async async = {on_done, &own};
    server_process server = {.kind = kind};
    char answer[512], last_line[64];
    grille_error error;
    server_start(&w, &server, world_unix(&w, "wrong"));
    grille_channel *channel = open_channel(server.address, identity, policy, 5000);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(
            e2e_call_async(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = i % 2 == 0), &async, NULL),
            GRILLE_OK);
    }
    wait_done(&own, 5);
    assert_int_equal(own.unauthenticated, 5);
    assert_int_equal(grille_channel_wait_ready(channel, 20000, &error), GRILLE_UNAUTHENTICATED);
    assert_string_equal(error.name, error_name);
    grille_code code =
        e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer);
    assert_int_equal(code, GRILLE_UNAUTHENTICATED);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 0 finished 0 cancelled 0");
}

static void test_wrong_enclave(void **state) {
    (void)state;
    is_rejected("nitro", w.parent, w.trusts_others, "ATTEST-PCR-MISMATCH");
}

static void test_wrong_kind(void **state) {
    (void)state;
    is_rejected("x509", w.parent, w.trusts_enclave, "ATTEST-KIND-REFUSED");
    is_rejected("nitro", w.parent, w.trusts_gateway, "ATTEST-KIND-REFUSED");
}

static void test_refused_by_the_server(void **state) {
    (void)state;
    is_rejected("nitro", w.stranger, w.trusts_enclave, "GATE-REFUSED-BY-PEER");
    is_rejected("x509", w.stranger, w.trusts_gateway, "GATE-REFUSED-BY-PEER");
}

/* ---- Bounds ---- */

static void test_waiting_calls_are_bounded(void **state) {
    outcome own = OUTCOME_INIT;
    e2e_async async = {on_done, &own};
    char answer[512];
    (void)state;
    grille_channel *channel = open_channel(world_unix(&w, "nobody"), w.parent, w.trusts_gateway, 1000);
    for (int i = 0; i < GRILLE_LIMIT_WAITING_CALLS; i++) {
        assert_int_equal(
            e2e_call_async(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), &async, NULL),
            GRILLE_OK);
    }
    assert_int_equal(
        e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer),
        GRILLE_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(answer, "1024"));
    assert_int_equal(own.done, 0);
    grille_channel_close(channel);
    assert_int_equal(own.done, GRILLE_LIMIT_WAITING_CALLS);
    assert_int_equal(own.cancelled, GRILLE_LIMIT_WAITING_CALLS);
}

static void test_cancel_while_waiting(void **state) {
    outcome own = OUTCOME_INIT;
    e2e_async async = {on_done, &own};
    grille_call *call = NULL;
    (void)state;
    grille_channel *channel = open_channel(world_unix(&w, "nobody"), w.parent, w.trusts_gateway, 1000);
    assert_int_equal(
        e2e_call_async(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), &async, &call), GRILLE_OK);
    grille_call_cancel(call);
    wait_done(&own, 1);
    assert_int_equal(own.cancelled, 1);
    grille_channel_close(channel);
}

/* ---- Loss ---- */

/* A call that finds the old connection before its loss was seen would be lost with it. */
static void wait_for_the_loss(grille_channel *channel) {
    while (grille_channel_get_state(channel) == GRILLE_CHANNEL_READY)
        usleep(1000);
}

static void test_comes_back_after_a_restart(void **state) {
    server_process server = {.kind = "nitro"};
    char answer[512], last_line[64];
    const char *address = world_unix(&w, "restarted");
    (void)state;
    server_start(&w, &server, address);
    grille_channel *channel = open_channel(address, w.parent, w.trusts_enclave, 5000);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(e2e_call(channel, E2E_ECHO, "there",
                                  &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .wait_for_ready = true), answer,
                                  sizeof answer),
                         GRILLE_OK);
        if (round == 1) {
            server_kill(&server);
        } else {
            server_end(&server, SIGTERM, last_line, sizeof last_line);
        }
        wait_for_the_loss(channel);
        server = (server_process){.kind = "nitro"};
        server_start(&w, &server, address);
    }
    assert_int_equal(e2e_call(channel, E2E_ECHO, "there",
                              &GRILLE_CALL_OPTIONS(.timeout_ms = 20000, .wait_for_ready = true), answer, sizeof answer),
                     GRILLE_OK);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

static void test_peer_killed_in_mid_call(void **state) {
    server_process server = {.kind = "nitro"};
    char answer[512];
    (void)state;
    server_start(&w, &server, world_unix(&w, "killed"));
    grille_channel *channel = open_channel(server.address, w.parent, w.trusts_enclave, 5000);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "exit", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_true(strstr(answer, "closed the connection") != NULL || strstr(answer, "reset") != NULL);
    grille_channel_close(channel);
    server_kill(&server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_fast_without_a_server),
        cmocka_unit_test(test_deadline_while_waiting),
        cmocka_unit_test(test_wait_for_ready_through_server_start),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_wait_ready_out_of_time),
        cmocka_unit_test(test_descriptor_has_one_attempt),
        cmocka_unit_test(test_wrong_enclave),
        cmocka_unit_test(test_wrong_kind),
        cmocka_unit_test(test_refused_by_the_server),
        cmocka_unit_test(test_waiting_calls_are_bounded),
        cmocka_unit_test(test_cancel_while_waiting),
        cmocka_unit_test(test_comes_back_after_a_restart),
        cmocka_unit_test(test_peer_killed_in_mid_call),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
