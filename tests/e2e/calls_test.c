/* SPDX-License-Identifier: Apache-2.0
 * Goal: blocking and asynchronous calls from any number of threads, from callbacks, cancelled, out of time: each ends
 * exactly once, with the right code, and whoever blocks leads the loop. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "in_process.h"

enum { WORKERS = 4 };

static const char *grille_program, *server_program;
static e2e_world w;
static e2e_counts counts;
static grille_server *server;
static grille_channel *channel;

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
    grille_server_options options = grille_server_options_default();
    (void)state;
    memset(&counts, 0, sizeof counts);
    options.loops = 2;
    options.workers = WORKERS;
    server = in_process_server(&w, "calls", &options, &counts);
    channel = world_channel(&w, "x509", grille_server_address(server, 0));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_channel_close(channel);
    grille_server_free(server);
    assert_int_equal(atomic_load(&counts.started), atomic_load(&counts.finished));
    return 0;
}

/* ---- Waiting for callbacks ---- */

typedef struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned done;
    unsigned codes[20];
    char last[128];
} waiting;

#define WAITING_INIT                                                                                                   \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void on_done(grille_code code, const char *answer, void *user) {
    waiting *all = user;
    pthread_mutex_lock(&all->lock);
    all->done++;
    all->codes[code < 20 ? code : 19]++;
    if (code < 20 && all->codes[code] == 1) (void)snprintf(all->last, sizeof all->last, "%.127s", answer);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
}

static void wait_for(waiting *all, unsigned count) {
    pthread_mutex_lock(&all->lock);
    while (all->done < count)
        pthread_cond_wait(&all->changed, &all->lock);
    assert_int_equal(all->done, count);
    pthread_mutex_unlock(&all->lock);
}

/* ---- Many threads ---- */

#define THREADS          6
#define CALLS_PER_THREAD 300

static void *block_many(void *argument) {
    size_t *failed = argument;
    char text[32], answer[32];
    for (unsigned i = 0; i < CALLS_PER_THREAD; i++) {
        (void)snprintf(text, sizeof text, "%p %u", argument, i);
        grille_code code = e2e_call(channel, i % 7 == 0 ? E2E_WORK : E2E_ECHO, text, NULL, answer, sizeof answer);
        if (code != GRILLE_OK || strcmp(answer, text) != 0) (*failed)++;
    }
    return NULL;
}

static void run_blocking_threads(void) {
    pthread_t threads[THREADS];
    size_t failed[THREADS] = {0};
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, block_many, &failed[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(failed[i], 0);
    }
}

static void test_blocking_calls_of_many_threads(void **state) {
    (void)state;
    run_blocking_threads();
    assert_int_equal(atomic_load(&counts.finished), THREADS * CALLS_PER_THREAD);
}

static void test_blocking_and_asynchronous_calls_together(void **state) {
    enum { ASYNC = 1000 };
    static waiting all = WAITING_INIT;
    e2e_async async = {on_done, &all};
    pthread_t thread;
    size_t failed = 0;
    unsigned accepted = 0;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, block_many, &failed), 0);
    for (unsigned i = 0; i < ASYNC; i++) {
        assert_int_equal(e2e_call_async(channel, E2E_ECHO, "async", NULL, &async, NULL), GRILLE_OK);
        if (++accepted % 100 == 0) wait_for(&all, accepted);
    }
    wait_for(&all, ASYNC);
    pthread_join(thread, NULL);
    assert_int_equal(failed, 0);
    assert_int_equal(all.codes[GRILLE_OK], ASYNC);
    assert_string_equal(all.last, "async");
}

/* A caller whose call is slow leads first; the quick ones behind it must not wait for it, and the lead goes on when it
 * leaves. */
static void *slow_call(void *argument) {
    char answer[32];
    *(grille_code *)argument = e2e_call(channel, E2E_WORK, "sleep:200", NULL, answer, sizeof answer);
    return NULL;
}

static void test_the_lead_is_handed_over(void **state) {
    pthread_t slow;
    grille_code code = GRILLE_UNKNOWN;
    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(pthread_create(&slow, NULL, slow_call, &code), 0);
        usleep(20000);
        run_blocking_threads();
        pthread_join(slow, NULL);
        assert_int_equal(code, GRILLE_OK);
        /* Long enough for the keeper to take over. */
        usleep(20000);
    }
}

/* ---- From callbacks ---- */

typedef struct chain {
    waiting all;
    e2e_async async;
    unsigned left;
    grille_code blocking_code; /* what a blocking call inside a callback answered */
    char blocking_answer[256];
} chain;

static void next_of_chain(grille_code code, const char *answer, void *user) {
    chain *own = user;
    grille_error error;
    own->blocking_code = e2e_call(channel, E2E_ECHO, "no", NULL, own->blocking_answer, sizeof own->blocking_answer);
    if (own->blocking_code == GRILLE_WOULD_DEADLOCK) {
        own->blocking_code = grille_channel_wait_ready(channel, 1000, &error);
    }
    if (own->left-- > 0 && e2e_call_async(channel, E2E_ECHO, "next", NULL, &own->async, NULL) != GRILLE_OK) return;
    on_done(code, answer, &own->all);
}

static void test_calls_inside_callbacks(void **state) {
    static chain own = {.all = WAITING_INIT, .left = 50};
    (void)state;
    own.async = (e2e_async){next_of_chain, &own};
    assert_int_equal(e2e_call_async(channel, E2E_ECHO, "first", NULL, &own.async, NULL), GRILLE_OK);
    wait_for(&own.all, 51);
    assert_int_equal(own.all.codes[GRILLE_OK], 51);
    assert_int_equal(own.blocking_code, GRILLE_WOULD_DEADLOCK);
    assert_non_null(strstr(own.blocking_answer, "asynchronous"));
}

/* A handler on its loop thread can't block on a call; one on a worker can. */
static void test_blocking_calls_inside_handlers(void **state) {
    char answer[64];
    (void)state;
    counts.back = channel;
    assert_int_equal(e2e_call(channel, E2E_ECHO, "back", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, "WOULD_DEADLOCK");
    assert_int_equal(e2e_call(channel, E2E_WORK, "back", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, "OK");
}

typedef struct closing {
    waiting all;
    e2e_async first, others;
    pthread_mutex_t may_close; /* held until all calls are made: the channel is gone afterwards */
    grille_channel *own;
    grille_code after;
} closing;

static void close_inside(grille_code code, const char *answer, void *user) {
    closing *own = user;
    pthread_mutex_lock(&own->may_close);
    pthread_mutex_unlock(&own->may_close);
    grille_channel_close(own->own);
    own->after = e2e_call_async(own->own, E2E_ECHO, "late", NULL, &own->others, NULL);
    on_done(code, answer, &own->all);
}

/* The other calls end with CANCELLED, new ones are refused, and nothing leaks. */
static void test_close_inside_a_callback(void **state) {
    static closing own = {.all = WAITING_INIT, .may_close = PTHREAD_MUTEX_INITIALIZER};
    (void)state;
    own.own = world_channel(&w, "x509", grille_server_address(server, 0));
    own.first = (e2e_async){close_inside, &own};
    own.others = (e2e_async){on_done, &own.all};
    pthread_mutex_lock(&own.may_close);
    assert_int_equal(e2e_call_async(own.own, E2E_ECHO, "close", NULL, &own.first, NULL), GRILLE_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(e2e_call_async(own.own, E2E_WORK, "hold", NULL, &own.others, NULL), GRILLE_OK);
    }
    pthread_mutex_unlock(&own.may_close);
    wait_for(&own.all, 11);
    assert_int_equal(own.after, GRILLE_CLOSED);
    assert_int_equal(own.all.codes[GRILLE_OK], 1);
    assert_int_equal(own.all.codes[GRILLE_CANCELLED], 10);
}

static void *blocked_until_close(void *argument) {
    char answer[128];
    *(grille_code *)argument = e2e_call(channel, E2E_WORK, "hold", NULL, answer, sizeof answer);
    return NULL;
}

static void test_close_ends_blocked_calls(void **state) {
    enum { BLOCKED = WORKERS };
    pthread_t threads[BLOCKED];
    grille_code codes[BLOCKED];
    (void)state;
    for (int i = 0; i < BLOCKED; i++) {
        codes[i] = GRILLE_UNKNOWN;
        assert_int_equal(pthread_create(&threads[i], NULL, blocked_until_close, &codes[i]), 0);
    }
    /* Until all of them are inside. */
    while (atomic_load(&counts.started) < BLOCKED)
        usleep(1000);
    grille_channel_close(channel);
    channel = NULL;
    for (int i = 0; i < BLOCKED; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(codes[i], GRILLE_CANCELLED);
    }
}

/* A reply outlives its channel. */
static void test_reply_after_close(void **state) {
    const fake_message request = {"kept"};
    grille_reply reply;
    (void)state;
    assert_int_equal(grille_call_unary(channel, &e2e_methods[E2E_ECHO], &request, NULL, &reply), GRILLE_OK);
    grille_channel_close(channel);
    channel = NULL;
    assert_string_equal(((const fake_message *)reply.response)->text, "kept");
    grille_reply_free(&reply);
    grille_reply_free(&reply);
}

/* ---- Cancelled, late, failed ---- */

static void test_cancel(void **state) {
    static waiting all = WAITING_INIT;
    e2e_async async = {on_done, &all};
    grille_call *call = NULL;
    (void)state;
    assert_int_equal(e2e_call_async(channel, E2E_WORK, "hold", NULL, &async, &call), GRILLE_OK);
    grille_call_ref(call);
    while (atomic_load(&counts.started) == 0)
        usleep(1000);
    grille_call_cancel(call);
    grille_call_cancel(call);
    wait_for(&all, 1);
    assert_int_equal(all.codes[GRILLE_CANCELLED], 1);
    grille_call_cancel(call); /* over already */
    grille_call_unref(call);
    while (atomic_load(&counts.finished) == 0)
        usleep(1000);
    assert_int_equal(atomic_load(&counts.cancelled), 1);
    wait_for(&all, 1);
}

/* Cancelled at any moment, from another thread than the loop's: one callback each, whichever side wins. */
static void test_cancel_races(void **state) {
    enum { CALLS = 500 };
    static waiting all = WAITING_INIT;
    e2e_async async = {on_done, &all};
    (void)state;
    for (unsigned i = 0; i < CALLS; i++) {
        grille_call *call = NULL;
        /* Our reference has to be taken before the callback can come, so hold the callback back. */
        pthread_mutex_lock(&all.lock);
        assert_int_equal(e2e_call_async(channel, E2E_ECHO, "race", NULL, &async, &call), GRILLE_OK);
        grille_call_ref(call);
        pthread_mutex_unlock(&all.lock);
        for (unsigned spin = 0; spin < i * 20; spin++)
            __asm__ volatile("");
        grille_call_cancel(call);
        grille_call_unref(call);
        wait_for(&all, i + 1);
    }
    for (unsigned code = 0; code < 20; code++) {
        bool expected = code == GRILLE_OK || code == GRILLE_CANCELLED;
        if (all.codes[code] != 0 && !expected) fail_msg("%u calls ended with %u: %s", all.codes[code], code, all.last);
    }
}

static void test_deadline(void **state) {
    char answer[256];
    (void)state;
    assert_int_equal(e2e_call(channel, E2E_WORK, "hold", &GRILLE_CALL_OPTIONS(.timeout_ms = 30), answer, sizeof answer),
                     GRILLE_DEADLINE_EXCEEDED);
    /* The connection is not disturbed. */
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
}

static void test_codes_and_texts(void **state) {
    char answer[256];
    (void)state;
    for (unsigned code = 1; code <= 16; code++) {
        char text[16];
        (void)snprintf(text, sizeof text, "fail:%u", code);
        assert_int_equal(e2e_call(channel, E2E_ECHO, text, NULL, answer, sizeof answer), code);
        assert_string_equal(answer, "failed as asked");
    }
    assert_int_equal(e2e_call(channel, E2E_ECHO, "fail:1000", NULL, answer, sizeof answer), GRILLE_INTERNAL);
    assert_int_equal(e2e_call(channel, E2E_SECRET, "x", NULL, answer, sizeof answer), GRILLE_PERMISSION_DENIED);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "unencodable", NULL, answer, sizeof answer), GRILLE_INVALID_ARGUMENT);
    grille_call_options options = {.size = 0};
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", &options, answer, sizeof answer), GRILLE_INVALID_ARGUMENT);
}

/* More calls at once than the server takes: the rest wait their turn on this end. */
static void test_more_calls_than_streams(void **state) {
    enum { CALLS = 1000 };
    static waiting all = WAITING_INIT;
    e2e_async async = {on_done, &all};
    (void)state;
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(e2e_call_async(channel, E2E_WORK, "many", NULL, &async, NULL), GRILLE_OK);
    }
    wait_for(&all, CALLS);
    assert_int_equal(all.codes[GRILLE_OK], CALLS);
}

static void test_open_and_close_at_once(void **state) {
    (void)state;
    for (int i = 0; i < 30; i++) {
        grille_channel *quick = world_channel(&w, "x509", grille_server_address(server, 0));
        if (i % 3 == 1) usleep(500);
        if (i % 3 == 2) usleep(3000);
        grille_channel_close(quick);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blocking_calls_of_many_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blocking_and_asynchronous_calls_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_lead_is_handed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_calls_inside_callbacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blocking_calls_inside_handlers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_inside_a_callback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_ends_blocked_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_after_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_races, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_codes_and_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_calls_than_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_and_close_at_once, set_up, tear_down),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
