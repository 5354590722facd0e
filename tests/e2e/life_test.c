/* SPDX-License-Identifier: Apache-2.0
 * Goal: connections are replaced, drained, closed for want of calls and come back, while calls go on all the time: each
 * is answered exactly once, runs exactly once, and none is lost. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "in_process.h"
#include "loop/channel_hooks.h"
#include "traffic.h"
#include "wire/limits.h"

enum { TIMES = 50 };

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

/* ---- Channels ---- */

static grille_channel_options quick_options(void) {
    grille_channel_options options = grille_channel_options_default();
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    options.first_backoff_ms = 1;
    options.longest_backoff_ms = 5;
    return options;
}

static grille_channel *open_counted(const char *address, const grille_channel_options *options,
                                    uint32_t first_stream_id, opened *own) {
    const grille_channel_hooks hooks = {first_stream_id, on_open, own};
    grille_channel *channel = NULL;
    grille_error error;
    if (grille_channel_open_with_hooks(address, options, &hooks, &channel, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return channel;
}

static const char *two_addresses(void) {
    static char text[400];
    (void)snprintf(text, sizeof text, "%s,%s", world_unix(&w, "left"), world_unix(&w, "right"));
    return text;
}

/* ---- No call is lost ---- */

/* The servers take turns: one starts, then the other drains and ends. */
static void drain_servers(unsigned times, e2e_counts *counts) {
    grille_server *old = in_process_server(&w, "left", NULL, counts);
    for (unsigned i = 1; i <= times; i++) {
        grille_server *next = in_process_server(&w, i % 2 == 0 ? "left" : "right", NULL, counts);
        grille_server_free(old);
        old = next;
    }
    grille_server_free(old);
}

static void through_drains(grille_balancing balancing) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    traffic calls;
    grille_channel_options options = quick_options();
    options.balancing = balancing;
    grille_server *old = in_process_server(&w, "left", NULL, &counts);
    grille_channel *channel = open_counted(two_addresses(), &options, 0, &own);
    traffic_start(&calls, channel, false);
    wait_opened(&own, 1);
    for (unsigned i = 1; i <= TIMES; i++) {
        grille_server *next = in_process_server(&w, i % 2 == 0 ? "left" : "right", NULL, &counts);
        if (balancing == GRILLE_ROUND_ROBIN) wait_opened(&own, i + 1);
        grille_server_free(old);
        wait_opened(&own, i + 1);
        old = next;
    }
    const unsigned made = traffic_end(&calls);
    grille_channel_close(channel);
    grille_server_free(old);
    assert_int_equal(atomic_load(&counts.started), made);
    assert_int_equal(atomic_load(&counts.finished), made);
    assert_int_equal(atomic_load(&counts.cancelled), 0);
}

static void test_fifty_drains(void **state) {
    (void)state;
    through_drains(GRILLE_PICK_FIRST);
}

static void test_fifty_drains_in_a_round(void **state) {
    (void)state;
    through_drains(GRILLE_ROUND_ROBIN);
}

static void through_replacements(uint32_t max_age_ms, uint32_t first_stream_id) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    traffic calls;
    grille_channel_options options = quick_options();
    options.max_age_ms = max_age_ms;
    grille_server *server = in_process_server(&w, "old", NULL, &counts);
    grille_channel *channel = open_counted(grille_server_address(server, 0), &options, first_stream_id, &own);
    traffic_start(&calls, channel, false);
    wait_opened(&own, TIMES + 1);
    const unsigned made = traffic_end(&calls);
    grille_channel_close(channel);
    grille_server_free(server);
    assert_int_equal(atomic_load(&counts.started), made);
    assert_int_equal(atomic_load(&counts.cancelled), 0);
}

static void test_fifty_ages(void **state) {
    (void)state;
    through_replacements(3, 0);
}

/* 20 calls, then a new connection. */
static const uint32_t few_ids = GRILLE_LIMIT_STREAM_ID - 39;

static void test_fifty_times_out_of_ids(void **state) {
    (void)state;
    through_replacements(0, few_ids);
}

/* Both ends drain the same connections, which also grow old and run out of ids. */
static void test_everything_at_once(void **state) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    traffic calls;
    grille_channel_options options = quick_options();
    (void)state;
    options.max_age_ms = 5;
    grille_channel *channel = open_counted(two_addresses(), &options, few_ids, &own);
    traffic_start(&calls, channel, true);
    drain_servers(TIMES, &counts);
    grille_server *last = in_process_server(&w, "left", NULL, &counts);
    const unsigned made = traffic_end(&calls);
    grille_channel_close(channel);
    grille_server_free(last);
    assert_int_equal(atomic_load(&counts.started), made);
    assert_int_equal(atomic_load(&counts.cancelled), 0);
}

/* A call that runs for longer than its connection takes new ones. */
static void test_long_calls_outlive_their_connection(void **state) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[64];
    grille_channel_options options = quick_options();
    (void)state;
    options.max_age_ms = 5;
    grille_server *server = in_process_server(&w, "long", NULL, &counts);
    grille_channel *channel = open_counted(grille_server_address(server, 0), &options, 0, &own);
    assert_int_equal(e2e_call(channel, E2E_WORK, "sleep:100", NULL, answer, sizeof answer), GRILLE_OK);
    wait_opened(&own, 3);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* Each connection keeps a call that never ends: only so many are kept for their sake. */
static void test_connections_that_wait_are_bounded(void **state) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    grille_channel_options options = quick_options();
    (void)state;
    options.max_age_ms = 1;
    grille_server *server = in_process_server(&w, "held", NULL, &counts);
    grille_channel *channel = open_counted(grille_server_address(server, 0), &options, 0, &own);
    unsigned made = 0;
    do {
        wait_opened(&own, opened_count(&own) + 1);
        assert_int_equal(e2e_call_async(channel, E2E_WORK, "hold", NULL, &async, NULL), GRILLE_OK);
        made++;
    } while (ended_count(&end) == 0);
    assert_true(made > GRILLE_LIMIT_RETIRING_CONNECTIONS);
    assert_string_equal(end.first, "too many connections to this peer wait for their last calls");
    grille_channel_close(channel);
    assert_int_equal(end.count, made);
    assert_int_equal(end.codes[GRILLE_CANCELLED] + end.codes[GRILLE_UNAVAILABLE], made);
    assert_true(end.codes[GRILLE_CANCELLED] >= GRILLE_LIMIT_RETIRING_CONNECTIONS);
    grille_server_free(server);
}

/* ---- Idle ---- */

static void wait_state(grille_channel *channel, grille_channel_state state) {
    while (grille_channel_get_state(channel) != state)
        usleep(500);
}

static void test_idle_and_back(void **state) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[64];
    grille_error error;
    grille_peer_identity peer;
    grille_channel_options options = quick_options();
    (void)state;
    options.idle_timeout_ms = 10;
    grille_server *server = in_process_server(&w, "idle", NULL, &counts);
    grille_channel *channel = open_counted(grille_server_address(server, 0), &options, 0, &own);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
        wait_state(channel, GRILLE_CHANNEL_IDLE);
        assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_FAILED_PRECONDITION);
    }
    /* One more when the first call came late. */
    const unsigned count = opened_count(&own);
    assert_in_range(count, 5, 6);
    /* Waiting for it, and asking for it, dials as well. */
    assert_int_equal(grille_channel_wait_ready(channel, 60000, &error), GRILLE_OK);
    wait_state(channel, GRILLE_CHANNEL_IDLE);
    grille_channel_connect_now(channel);
    wait_opened(&own, count + 2);
    grille_channel_close(channel);
    grille_server_free(server);
}

static void test_not_idle_while_a_call_runs(void **state) {
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    grille_call *call = NULL;
    grille_channel_options options = quick_options();
    (void)state;
    options.idle_timeout_ms = 5;
    grille_server *server = in_process_server(&w, "busy", NULL, &counts);
    grille_channel *channel = open_counted(grille_server_address(server, 0), &options, 0, &own);
    assert_int_equal(e2e_call_async(channel, E2E_WORK, "hold", NULL, &async, &call), GRILLE_OK);
    while (atomic_load(&counts.started) == 0)
        usleep(500);
    /* It may have travelled with the end of the gate. */
    wait_state(channel, GRILLE_CHANNEL_READY);
    for (int i = 0; i < 100; i++) {
        usleep(500);
        assert_int_equal(grille_channel_get_state(channel), GRILLE_CHANNEL_READY);
    }
    grille_call_cancel(call);
    wait_ended(&end, 1);
    wait_state(channel, GRILLE_CHANNEL_IDLE);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* Where nobody answers, an idle channel does not dial. */
static void test_idle_without_a_server(void **state) {
    char answer[512];
    opened own = OPENED_INIT;
    grille_channel_options options = quick_options();
    (void)state;
    options.idle_timeout_ms = 10;
    grille_channel *channel = open_counted(world_unix(&w, "nobody"), &options, 0, &own);
    for (unsigned i = 0; i < 3; i++) {
        wait_state(channel, GRILLE_CHANNEL_IDLE);
        assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
        assert_non_null(strstr(answer, "nobody"));
    }
    grille_channel_close(channel);
}

/* ---- Keepalive ---- */

/* Until it is answered: with so short a keepalive a peer that only waits for a CPU is given up as well. */
static void call_until_answered(grille_channel *channel) {
    char answer[512];
    grille_code code = GRILLE_UNAVAILABLE;
    for (int tries = 0; code == GRILLE_UNAVAILABLE && tries < 1000; tries++)
        code = e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.timeout_ms = 60000, .wait_for_ready = true),
                        answer, sizeof answer);
    assert_int_equal(code, GRILLE_OK);
}

static void test_a_silent_peer_is_given_up(void **state) {
    server_process server = {.kind = "x509"};
    opened own = OPENED_INIT;
    char answer[512], last_line[64];
    int status = 0;
    grille_channel_options options = quick_options();
    (void)state;
    options.keepalive_interval_ms = 20;
    options.keepalive_timeout_ms = 1000;
    options.retry.max_attempts = 1;
    server_start(&w, &server, world_unix(&w, "silent"));
    grille_channel *channel = open_counted(server.address, &options, 0, &own);
    call_until_answered(channel);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_non_null(strstr(answer, "of a PING"));
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    call_until_answered(channel);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

/* Nobody waits in the channel: its own thread asks the peer, and gives it up. */
static void test_a_silent_peer_is_given_up_while_nobody_calls(void **state) {
    server_process server = {.kind = "x509"};
    opened own = OPENED_INIT;
    char last_line[64];
    int status = 0;
    grille_channel_options options = quick_options();
    (void)state;
    options.keepalive_interval_ms = 20;
    options.keepalive_timeout_ms = 200;
    server_start(&w, &server, world_unix(&w, "quiet"));
    grille_channel *channel = open_counted(server.address, &options, 0, &own);
    call_until_answered(channel);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid);
    for (int waited_ms = 0; grille_channel_get_state(channel) == GRILLE_CHANNEL_READY; waited_ms++) {
        assert_true(waited_ms < 60000);
        (void)usleep(1000);
    }
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    call_until_answered(channel);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifty_drains),
        cmocka_unit_test(test_fifty_drains_in_a_round),
        cmocka_unit_test(test_fifty_ages),
        cmocka_unit_test(test_fifty_times_out_of_ids),
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_long_calls_outlive_their_connection),
        cmocka_unit_test(test_connections_that_wait_are_bounded),
        cmocka_unit_test(test_idle_and_back),
        cmocka_unit_test(test_not_idle_while_a_call_runs),
        cmocka_unit_test(test_idle_without_a_server),
        cmocka_unit_test(test_a_silent_peer_is_given_up),
        cmocka_unit_test(test_a_silent_peer_is_given_up_while_nobody_calls),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
