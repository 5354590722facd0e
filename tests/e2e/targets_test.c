/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel of several peers uses those that can be used, in order or in turn, whatever becomes of the others;
 * calls are tried again where that is safe; and a channel can be closed at any time. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "grille/stats.h"
#include "in_process.h"
#include "loop/channel_hooks.h"
#include "loop/socket.h"
#include "traffic.h"
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

static grille_channel_options quick_options(grille_balancing balancing) {
    grille_channel_options options = grille_channel_options_default();
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    options.balancing = balancing;
    options.first_backoff_ms = 1;
    options.longest_backoff_ms = 5;
    options.retry.first_backoff_ms = 1;
    options.retry.longest_backoff_ms = 5;
    return options;
}

static grille_channel *open_counted(const char *address, const grille_channel_options *options, opened *own) {
    const grille_channel_hooks hooks = {0, on_open, own};
    grille_channel *channel = NULL;
    grille_error error;
    if (grille_channel_open_with_hooks(address, options, &hooks, &channel, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return channel;
}

/* unix:FOLDER/one,unix:FOLDER/two,unix:FOLDER/three */
static const char *three_addresses(void) {
    static char text[600];
    (void)snprintf(text, sizeof text, "%s,%s,%s", world_unix(&w, "one"), world_unix(&w, "two"),
                   world_unix(&w, "three"));
    return text;
}

static void expect_call(grille_channel *channel, const grille_call_options *options, grille_code expected) {
    char answer[512];
    const grille_code code = e2e_call(channel, E2E_ECHO, "x", options, answer, sizeof answer);
    if (code != expected) fail_msg("%s: %s", grille_code_name(code), answer);
}

static const grille_call_options patient = {
    .size = sizeof(grille_call_options), .timeout_ms = 60000, .wait_for_ready = true};

/* ---- round_robin ---- */

static void test_all_get_their_turn(void **state) {
    static const char *const names[] = {"one", "two", "three"};
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    grille_server *servers[3];
    e2e_counts counts[3];
    opened own = OPENED_INIT;
    (void)state;
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < 3; i++)
        servers[i] = in_process_server(&w, names[i], NULL, &counts[i]);
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    wait_opened(&own, 3);
    for (int i = 0; i < 30; i++)
        expect_call(channel, NULL, GRILLE_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(atomic_load(&counts[i].started), 10);
    grille_channel_close(channel);
    for (int i = 0; i < 3; i++)
        grille_server_free(servers[i]);
}

/* More than are dialled at once: all of them are reached, and each gets its turn. */
static void test_a_large_fleet(void **state) {
    enum { COUNT = GRILLE_LIMIT_TARGETS_CONNECTING + 16 };
    static char text[COUNT * 200];
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    e2e_counts counts = {0};
    grille_channel *channel = NULL;
    size_t open = 0;
    grille_error error;
    (void)state;
    grille_server *server = in_process_server(&w, "fleet", NULL, &counts);
    for (size_t i = 0, len = 0; i < COUNT; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? "," : "", world_unix(&w, "fleet"));
    assert_int_equal(grille_channel_open(text, &options, &channel, &error), GRILLE_OK);
    while (open < COUNT) {
        grille_stats *stats = NULL;
        assert_int_equal(grille_channel_get_stats(channel, &stats), GRILLE_OK);
        open = stats->connection_count;
        grille_stats_free(stats);
        usleep(1000);
    }
    for (int i = 0; i < 2 * COUNT; i++)
        expect_call(channel, NULL, GRILLE_OK);
    assert_int_equal(atomic_load(&counts.started), 2 * COUNT);
    grille_channel_close(channel);
    grille_server_free(server);
}

/* One of three is down, comes, dies, comes back: no call notices. */
static void test_one_of_three_is_down(void **state) {
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    e2e_counts counts[4];
    opened own = OPENED_INIT;
    traffic calls;
    (void)state;
    memset(counts, 0, sizeof counts);
    grille_server *one = in_process_server(&w, "one", NULL, &counts[0]);
    grille_server *three = in_process_server(&w, "three", NULL, &counts[2]);
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    wait_opened(&own, 2);
    traffic_start(&calls, channel, false);
    for (unsigned i = 0; i < 5; i++) {
        grille_server *two = in_process_server(&w, "two", NULL, &counts[1]);
        wait_opened_target(&own, 1, i + 1);
        const unsigned before = atomic_load(&counts[1].started);
        while (atomic_load(&counts[1].started) < before + 20)
            usleep(500);
        grille_server_free(two);
    }
    const unsigned made = traffic_end(&calls);
    assert_int_equal(own.of_target[0], 1);
    assert_int_equal(own.of_target[2], 1);
    grille_channel_close(channel);
    grille_server_free(one);
    grille_server_free(three);
    unsigned started = 0;
    for (int i = 0; i < 3; i++)
        started += atomic_load(&counts[i].started);
    assert_int_equal(started, made);
}

/* A server that is killed takes those calls with it that ran there, and no others. */
static void test_flapping(void **state) {
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[512];
    (void)state;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    wait_opened_target(&own, 0, 1);
    for (unsigned i = 0; i < 10; i++) {
        server_process two = {.kind = "x509"};
        server_start(&w, &two, world_unix(&w, "two"));
        wait_opened_target(&own, 1, i + 1);
        server_kill(&two);
        for (int call = 0; call < 20; call++) {
            const grille_code code = e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer);
            if (code != GRILLE_OK) assert_int_equal(code, GRILLE_UNAVAILABLE);
        }
    }
    /* Now that it is down for good all calls are answered. */
    for (int call = 0; call < 50; call++)
        expect_call(channel, NULL, GRILLE_OK);
    grille_channel_close(channel);
    grille_server_free(one);
}

/* ---- pick_first ---- */

static void test_in_the_order_given(void **state) {
    const grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    e2e_counts counts[3];
    opened own = OPENED_INIT;
    (void)state;
    memset(counts, 0, sizeof counts);
    grille_server *two = in_process_server(&w, "two", NULL, &counts[1]);
    grille_server *three = in_process_server(&w, "three", NULL, &counts[2]);
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    for (int i = 0; i < 10; i++)
        expect_call(channel, NULL, GRILLE_OK);
    assert_int_equal(atomic_load(&counts[1].started), 10);
    /* An earlier one that comes does not take over; a drain goes on to who is there, in order. */
    grille_server *one = in_process_server(&w, "one", NULL, &counts[0]);
    for (int i = 0; i < 10; i++)
        expect_call(channel, NULL, GRILLE_OK);
    assert_int_equal(atomic_load(&counts[1].started), 20);
    grille_server_free(two);
    for (int i = 0; i < 10; i++)
        expect_call(channel, NULL, GRILLE_OK);
    assert_int_equal(atomic_load(&counts[0].started), 10);
    assert_int_equal(own.of_target[2], 0);
    grille_channel_close(channel);
    grille_server_free(one);
    grille_server_free(three);
    assert_int_equal(atomic_load(&counts[2].started), 0);
}

/* ---- The wrong ones ---- */

static grille_channel *open_mixed(grille_balancing balancing, grille_policy *policy, const char *address, opened *own) {
    grille_channel_options options = quick_options(balancing);
    options.policy = policy;
    return open_counted(address, &options, own);
}

/* "one" is an enclave, "two" a gateway: whoever trusts the one rejects the other. */
static void test_a_wrong_one_among_them(void **state) {
    server_process enclave = {.kind = "nitro"};
    e2e_counts counts = {0};
    char last_line[64], both[400];
    grille_error error;
    grille_peer_identity peer;
    (void)state;
    server_start(&w, &enclave, world_unix(&w, "one"));
    grille_server *gateway = in_process_server(&w, "two", NULL, &counts);
    (void)snprintf(both, sizeof both, "%s,%s", world_unix(&w, "one"), world_unix(&w, "two"));
    for (int balancing = GRILLE_PICK_FIRST; balancing <= GRILLE_ROUND_ROBIN; balancing++) {
        opened own = OPENED_INIT;
        grille_channel *channel = open_mixed((grille_balancing)balancing, w.trusts_gateway, both, &own);
        assert_int_equal(grille_channel_wait_ready(channel, 60000, &error), GRILLE_OK);
        assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
        assert_string_equal(peer.name, WORLD_GATEWAY);
        for (int i = 0; i < 50; i++)
            expect_call(channel, i % 2 == 0 ? NULL : &patient, GRILLE_OK);
        assert_int_equal(own.of_target[0], 0);
        grille_channel_close(channel);
    }
    assert_int_equal(atomic_load(&counts.started), 100);
    grille_server_free(gateway);
    server_end(&enclave, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 0 finished 0 cancelled 0");
}

/* All rejected: calls end at once, those that wait for ready too. One of them merely unreachable: those wait. */
static void test_only_wrong_ones(void **state) {
    e2e_counts counts = {0};
    char both[400];
    grille_error error;
    (void)state;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_server *two = in_process_server(&w, "two", NULL, &counts);
    (void)snprintf(both, sizeof both, "%s,%s", world_unix(&w, "one"), world_unix(&w, "two"));
    for (int balancing = GRILLE_PICK_FIRST; balancing <= GRILLE_ROUND_ROBIN; balancing++) {
        opened own = OPENED_INIT;
        grille_channel *channel = open_mixed((grille_balancing)balancing, w.trusts_enclave, both, &own);
        expect_call(channel, NULL, GRILLE_UNAUTHENTICATED);
        expect_call(channel, &patient, GRILLE_UNAUTHENTICATED);
        assert_int_equal(grille_channel_wait_ready(channel, 60000, &error), GRILLE_UNAUTHENTICATED);
        grille_channel_close(channel);
        channel = open_mixed((grille_balancing)balancing, w.trusts_enclave, three_addresses(), &own);
        expect_call(channel, NULL, GRILLE_UNAVAILABLE);
        expect_call(channel, &GRILLE_CALL_OPTIONS(.timeout_ms = 50, .wait_for_ready = true), GRILLE_DEADLINE_EXCEEDED);
        grille_channel_close(channel);
        assert_int_equal(opened_count(&own), 0);
    }
    grille_server_free(one);
    grille_server_free(two);
    assert_int_equal(atomic_load(&counts.started), 0);
}

/* ---- Waiting ---- */

static void test_hundreds_wait(void **state) {
    enum { CALLS = 800 };
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    (void)state;
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(e2e_call_async(channel, i % 2 == 0 ? E2E_ECHO : E2E_WORK, "x", &patient, &async, NULL),
                         GRILLE_OK);
    grille_server *three = in_process_server(&w, "three", NULL, &counts);
    wait_ended(&end, CALLS);
    assert_int_equal(end.codes[GRILLE_OK], CALLS);
    grille_channel_close(channel);
    grille_server_free(three);
    assert_int_equal(atomic_load(&counts.started), CALLS);
}

/* ---- Trying again ---- */

static grille_code call_idempotent(grille_channel *channel, const char *text, const grille_call_options *options,
                                   char *answer, size_t size) {
    grille_method method = e2e_methods[E2E_ECHO];
    const fake_message request = {text};
    grille_reply reply;
    method.flags |= GRILLE_METHOD_IDEMPOTENT;
    const grille_code code = grille_call_unary(channel, &method, &request, options, &reply);
    const fake_message *response = reply.response;
    (void)snprintf(answer, size, "%s", response != NULL && response->text != NULL ? response->text : reply.message);
    grille_reply_free(&reply);
    return code;
}

/* Handlers of cancelled calls still hold all of one server's slots: it refuses new calls, which then run elsewhere,
 * once, although nothing says that they may be repeated. */
static void test_refused_calls_run_elsewhere(void **state) {
    enum { SLOTS = GRILLE_MINIMUM_HANDLERS, CALLS = 2 * SLOTS };
    const grille_channel_options options = quick_options(GRILLE_ROUND_ROBIN);
    grille_server_options full = grille_server_options_default(), roomy = full;
    e2e_counts counts[2];
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    grille_call *calls[CALLS];
    (void)state;
    memset(counts, 0, sizeof counts);
    full.max_streams = SLOTS;
    full.workers = roomy.workers = SLOTS;
    grille_server *one = in_process_server(&w, "one", &full, &counts[0]);
    grille_server *two = in_process_server(&w, "two", &roomy, &counts[1]);
    grille_channel *channel = open_counted(three_addresses(), &options, &own);
    wait_opened(&own, 2);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(e2e_call_async(channel, E2E_WORK, "sleep:500", NULL, &async, &calls[i]), GRILLE_OK);
        (void)grille_call_ref(calls[i]);
    }
    while (atomic_load(&counts[0].started) + atomic_load(&counts[1].started) < CALLS)
        usleep(500);
    for (int i = 0; i < CALLS; i++)
        grille_call_cancel(calls[i]);
    wait_ended(&end, CALLS);
    for (int i = 0; i < SLOTS; i++)
        expect_call(channel, NULL, GRILLE_OK);
    assert_int_equal(atomic_load(&counts[0].started) + atomic_load(&counts[1].started), CALLS + SLOTS);
    for (int i = 0; i < CALLS; i++)
        grille_call_unref(calls[i]);
    grille_channel_close(channel);
    grille_server_free(one);
    grille_server_free(two);
}

static void test_idempotent_calls_are_tried_again(void **state) {
    grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[256];
    (void)state;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(world_unix(&w, "one"), &options, &own);
    assert_int_equal(call_idempotent(channel, "attempt:2", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, "2");
    assert_int_equal(atomic_load(&counts.started), 3);
    /* Three attempts are all; the last one's answer counts. */
    assert_int_equal(call_idempotent(channel, "attempt:3", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_string_equal(answer, "attempt after 2");
    assert_int_equal(atomic_load(&counts.started), 6);
    /* The caller wants one; the method is not idempotent; the code is another. */
    assert_int_equal(
        call_idempotent(channel, "attempt:1", &GRILLE_CALL_OPTIONS(.no_retry = true), answer, sizeof answer),
        GRILLE_UNAVAILABLE);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "attempt:1", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_int_equal(call_idempotent(channel, "fail:5", NULL, answer, sizeof answer), GRILLE_NOT_FOUND);
    assert_int_equal(atomic_load(&counts.started), 9);
    grille_channel_close(channel);
    grille_server_free(one);
}

static void test_failures_throttle_retries(void **state) {
    grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[256];
    (void)state;
    options.retry.throttle_tokens = 4;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(world_unix(&w, "one"), &options, &own);
    /* 4 tokens: the first failure leaves 3, the second 2, which is half. */
    assert_int_equal(call_idempotent(channel, "fail:14", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_int_equal(atomic_load(&counts.started), 2);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(call_idempotent(channel, "attempt:1", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_int_equal(atomic_load(&counts.started), 7);
    /* 31 successes bring 3.1. */
    for (unsigned i = 0; i < 31; i++)
        assert_int_equal(call_idempotent(channel, "x", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(call_idempotent(channel, "attempt:1", NULL, answer, sizeof answer), GRILLE_OK);
    grille_channel_close(channel);
    grille_server_free(one);
}

/* A pause that would end after the deadline does not begin. */
static void test_no_pause_past_the_deadline(void **state) {
    grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[256];
    (void)state;
    options.retry.first_backoff_ms = options.retry.longest_backoff_ms = 3600000;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(world_unix(&w, "one"), &options, &own);
    assert_int_equal(
        call_idempotent(channel, "attempt:1", &GRILLE_CALL_OPTIONS(.timeout_ms = 60000), answer, sizeof answer),
        GRILLE_UNAVAILABLE);
    assert_int_equal(atomic_load(&counts.started), 1);
    grille_channel_close(channel);
    grille_server_free(one);
}

/* The caller's own pauses last an hour: the peer says when. */
static void test_the_peer_says_when(void **state) {
    grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    char answer[256];
    (void)state;
    options.retry.first_backoff_ms = options.retry.longest_backoff_ms = 3600000;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(world_unix(&w, "one"), &options, &own);
    assert_int_equal(call_idempotent(channel, "pushed:2", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(atomic_load(&counts.started), 3);
    assert_int_equal(call_idempotent(channel, "pushed:never", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
    assert_int_equal(atomic_load(&counts.started), 4);
    grille_channel_close(channel);
    grille_server_free(one);
}

/* The pause lasts an hour: the call waits, and can be cancelled. */
static void rests(bool cancels) {
    grille_channel_options options = quick_options(GRILLE_PICK_FIRST);
    grille_method method = e2e_methods[E2E_ECHO];
    e2e_counts counts = {0};
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    grille_call *call = NULL;
    method.flags |= GRILLE_METHOD_IDEMPOTENT;
    options.retry.first_backoff_ms = options.retry.longest_backoff_ms = 3600000;
    grille_server *one = in_process_server(&w, "one", NULL, &counts);
    grille_channel *channel = open_counted(world_unix(&w, "one"), &options, &own);
    assert_int_equal(e2e_call_method_async(channel, &method, "attempt:1", NULL, &async, &call), GRILLE_OK);
    while (atomic_load(&counts.finished) == 0)
        usleep(500);
    /* Its answer came before this one's. */
    expect_call(channel, NULL, GRILLE_OK);
    if (cancels) {
        grille_call_cancel(call);
        wait_ended(&end, 1);
        assert_int_equal(end.codes[GRILLE_CANCELLED], 1);
    }
    grille_channel_close(channel);
    assert_int_equal(end.count, 1);
    assert_int_equal(end.codes[GRILLE_CANCELLED], 1);
    assert_int_equal(atomic_load(&counts.started), 2);
    grille_server_free(one);
}

static void test_resting_calls_end(void **state) {
    (void)state;
    rests(true);
    rests(false);
}

/* ---- Closing ---- */

/* At each stage of its life, with calls of every kind under way: each callback comes once, and nothing after it. */
static void test_closing_at_any_time(void **state) {
    e2e_counts counts = {0};
    (void)state;
    grille_server *two = in_process_server(&w, "two", NULL, &counts);
    for (unsigned round = 0; round < 60; round++) {
        grille_channel_options options = quick_options(round % 2 == 0 ? GRILLE_PICK_FIRST : GRILLE_ROUND_ROBIN);
        opened own = OPENED_INIT;
        ended end = ENDED_INIT;
        e2e_async async = {on_end, &end};
        options.max_age_ms = 2;
        options.idle_timeout_ms = round % 4 == 3 ? 1 : 0;
        grille_channel *channel = open_counted(three_addresses(), &options, &own);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(e2e_call_async(channel, i % 2 == 0 ? E2E_WORK : E2E_ECHO, i % 5 == 0 ? "sleep:2" : "x",
                                            i % 3 == 0 ? &patient : NULL, &async, NULL),
                             GRILLE_OK);
        }
        usleep(round / 4 * 400);
        grille_channel_close(channel);
        assert_int_equal(end.count, 10);
        assert_int_equal(end.codes[GRILLE_OK] + end.codes[GRILLE_CANCELLED], 10);
    }
    grille_server_free(two);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_get_their_turn),
        cmocka_unit_test(test_a_large_fleet),
        cmocka_unit_test(test_one_of_three_is_down),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_in_the_order_given),
        cmocka_unit_test(test_a_wrong_one_among_them),
        cmocka_unit_test(test_only_wrong_ones),
        cmocka_unit_test(test_hundreds_wait),
        cmocka_unit_test(test_refused_calls_run_elsewhere),
        cmocka_unit_test(test_idempotent_calls_are_tried_again),
        cmocka_unit_test(test_failures_throttle_retries),
        cmocka_unit_test(test_no_pause_past_the_deadline),
        cmocka_unit_test(test_the_peer_says_when),
        cmocka_unit_test(test_resting_calls_end),
        cmocka_unit_test(test_closing_at_any_time),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
