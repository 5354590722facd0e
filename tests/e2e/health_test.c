/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel sends calls only to those of its peers that say that they serve, as soon as they say so. The source
 * of that knowledge is a plain one: it asks a method of the peer again and again, over the one connection it is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "in_process.h"
#include "loop/channel_hooks.h"
#include "loop/health_source.h"
#include "traffic.h"

enum { SERVERS = 3, SERVING = 0, NOT_SERVING = 1 };

static const char *const names[SERVERS] = {"one", "two", "three"};
static const char *grille_program, *server_program;
static e2e_world w;
static grille_server *servers[SERVERS];
static e2e_counts counts[SERVERS];
static atomic_uint watches_started, watches_stopped;

/* ---- The source ---- */

struct grille_health_watch {
    const grille_health_events *events;
    void *user;
    grille_channel *connection;
    e2e_async async;
    grille_call *call;
    bool stopped;
};

static void ask(grille_health_watch *watch) {
    watch->call = NULL;
    if (e2e_call_async(watch->connection, E2E_WORK, "health", NULL, &watch->async, &watch->call) != GRILLE_OK) {
        watch->events->on_ended(watch->user, GRILLE_UNAVAILABLE);
    }
}

static void on_answer(grille_code code, const char *answer, void *user) {
    grille_health_watch *watch = user;
    watch->call = NULL;
    if (watch->stopped) {
        free(watch);
    } else if (code != GRILLE_OK) {
        watch->events->on_ended(watch->user, code);
    } else {
        watch->events->on_change(watch->user, strcmp(answer, "serving") == 0);
        if (!watch->stopped) {
            ask(watch);
        } else {
            free(watch);
        }
    }
}

static grille_health_watch *start(grille_channel *connection, const char *service, const grille_health_events *events,
                                  void *user) {
    grille_health_watch *watch = calloc(1, sizeof *watch);
    assert_non_null(watch);
    assert_string_equal(service, "the service");
    *watch = (grille_health_watch){events, user, connection, .async = {on_answer, watch}};
    atomic_fetch_add(&watches_started, 1);
    if (e2e_call_async(connection, E2E_WORK, "health", NULL, &watch->async, &watch->call) == GRILLE_OK) return watch;
    atomic_fetch_add(&watches_stopped, 1);
    free(watch);
    return NULL;
}

/* A call that is under way frees its watch when it ends. */
static void stop(grille_health_watch *watch) {
    atomic_fetch_add(&watches_stopped, 1);
    watch->stopped = true;
    if (watch->call != NULL) {
        grille_call_cancel(watch->call);
    } else {
        free(watch);
    }
}

static const grille_health_source source = {start, stop};

/* ---- The bed ---- */

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

static int set_up(void **state) {
    (void)state;
    memset(counts, 0, sizeof counts);
    atomic_store(&watches_started, 0);
    atomic_store(&watches_stopped, 0);
    for (int i = 0; i < SERVERS; i++)
        servers[i] = in_process_server(&w, names[i], NULL, &counts[i]);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < SERVERS; i++)
        grille_server_free(servers[i]);
    assert_int_equal(atomic_load(&watches_started), atomic_load(&watches_stopped));
    return 0;
}

static grille_channel *open_watching(grille_balancing balancing, int peers, uint32_t max_age_ms, opened *own) {
    grille_channel_options options = grille_channel_options_default();
    const grille_channel_hooks hooks = {0, on_open, own};
    char service[] = "the service", text[600] = "";
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    options.balancing = balancing;
    options.health_source = &source;
    options.health_service = service;
    options.first_backoff_ms = 1;
    options.longest_backoff_ms = 5;
    options.max_age_ms = max_age_ms;
    for (int i = 0; i < peers; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i == 0 ? "" : ",",
                       world_unix(&w, names[i]));
    if (grille_channel_open_with_hooks(text, &options, &hooks, &channel, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    memset(service, 'x', sizeof service - 1);
    return channel;
}

static void expect_call(grille_channel *channel, const grille_call_options *options, grille_code expected) {
    char answer[512];
    const grille_code code = e2e_call(channel, E2E_ECHO, "x", options, answer, sizeof answer);
    if (code != expected) fail_msg("%s: %s", grille_code_name(code), answer);
}

static unsigned calls_of(int server) {
    return atomic_load(&counts[server].started) - atomic_load(&counts[server].asked);
}

/* Until a round of calls reaches exactly the servers of the mask. */
static void wait_until_used(grille_channel *channel, unsigned mask) {
    unsigned used = ~mask;
    while (used != mask) {
        unsigned before[SERVERS];
        for (int i = 0; i < SERVERS; i++)
            before[i] = calls_of(i);
        for (int i = 0; i < 2 * SERVERS; i++)
            expect_call(channel, NULL, GRILLE_OK);
        used = 0;
        for (int i = 0; i < SERVERS; i++)
            used |= calls_of(i) != before[i] ? 1u << i : 0;
    }
}

/* ---- ---- */

static void test_those_that_do_not_serve_are_left_out(void **state) {
    opened own = OPENED_INIT;
    (void)state;
    grille_channel *channel = open_watching(GRILLE_ROUND_ROBIN, SERVERS, 0, &own);
    wait_until_used(channel, 7);
    atomic_store(&counts[1].health, NOT_SERVING);
    wait_until_used(channel, 5);
    atomic_store(&counts[2].health, NOT_SERVING);
    wait_until_used(channel, 1);
    atomic_store(&counts[1].health, SERVING);
    wait_until_used(channel, 3);
    atomic_store(&counts[2].health, SERVING);
    wait_until_used(channel, 7);
    assert_int_equal(opened_count(&own), SERVERS);
    grille_channel_close(channel);
}

static void test_nobody_serves(void **state) {
    char answer[512];
    opened own = OPENED_INIT;
    ended end = ENDED_INIT;
    e2e_async async = {on_end, &end};
    (void)state;
    for (int i = 0; i < SERVERS; i++)
        atomic_store(&counts[i].health, NOT_SERVING);
    for (int balancing = GRILLE_PICK_FIRST; balancing <= GRILLE_ROUND_ROBIN; balancing++) {
        grille_channel *channel = open_watching((grille_balancing)balancing, SERVERS, 0, &own);
        assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_UNAVAILABLE);
        assert_non_null(strstr(answer, "LOOP-NOT-SERVING"));
        assert_non_null(strstr(answer, "the service"));
        assert_int_equal(e2e_call_async(channel, E2E_ECHO, "x",
                                        &GRILLE_CALL_OPTIONS(.timeout_ms = 60000, .wait_for_ready = true), &async,
                                        NULL),
                         GRILLE_OK);
        atomic_store(&counts[2].health, SERVING);
        wait_ended(&end, (unsigned)balancing + 1);
        assert_int_equal(end.codes[GRILLE_OK], balancing + 1);
        assert_int_equal(calls_of(2), balancing + 1);
        atomic_store(&counts[2].health, NOT_SERVING);
        grille_channel_close(channel);
    }
    assert_int_equal(calls_of(0) + calls_of(1), 0);
}

static void test_no_health_service_counts_as_serving(void **state) {
    opened own = OPENED_INIT;
    (void)state;
    atomic_store(&counts[0].health, GRILLE_UNIMPLEMENTED);
    atomic_store(&counts[1].health, GRILLE_PERMISSION_DENIED);
    grille_channel *channel = open_watching(GRILLE_ROUND_ROBIN, SERVERS, 0, &own);
    wait_until_used(channel, 5);
    /* It is asked again, where it could say something. */
    atomic_store(&counts[1].health, SERVING);
    wait_until_used(channel, 7);
    const unsigned asked = atomic_load(&counts[0].asked);
    assert_int_equal(asked, 1);
    grille_channel_close(channel);
}

static void test_pick_first_goes_on_to_who_serves(void **state) {
    opened own = OPENED_INIT;
    (void)state;
    atomic_store(&counts[0].health, NOT_SERVING);
    grille_channel *channel = open_watching(GRILLE_PICK_FIRST, SERVERS, 0, &own);
    wait_until_used(channel, 2);
    atomic_store(&counts[0].health, SERVING);
    atomic_store(&counts[1].health, NOT_SERVING);
    /* In the order given; the other ways are left. */
    wait_until_used(channel, 1);
    grille_channel_close(channel);
    assert_int_equal(calls_of(2), 0);
}

/* A watch ends with its connection and begins with the next. */
static void test_watches_follow_their_connections(void **state) {
    opened own = OPENED_INIT;
    (void)state;
    grille_channel *channel = open_watching(GRILLE_ROUND_ROBIN, SERVERS, 10, &own);
    wait_opened(&own, 10 * SERVERS);
    expect_call(channel, &GRILLE_CALL_OPTIONS(.timeout_ms = 60000, .wait_for_ready = true), GRILLE_OK);
    grille_channel_close(channel);
    assert_true(atomic_load(&watches_started) >= 10 * SERVERS - SERVERS);
}

static void test_closing_at_any_time(void **state) {
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        opened own = OPENED_INIT;
        grille_channel *channel = open_watching(GRILLE_ROUND_ROBIN, SERVERS, 3, &own);
        wait_opened(&own, round % (2 * SERVERS));
        usleep(round * 100);
        grille_channel_close(channel);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_those_that_do_not_serve_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_serves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_health_service_counts_as_serving, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pick_first_goes_on_to_who_serves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watches_follow_their_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closing_at_any_time, set_up, tear_down),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
