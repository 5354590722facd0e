/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel of one connection carries calls of every form from many threads at once, while one thread turns the
 * connection's loop; when the connection is gone everything ends, and later calls are UNAVAILABLE. Made for TSan. */
#include "rpc/bound_channel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_all.h"
#include "prng.h"
#include "streaming_service.h"

enum { THREADS = 8, ROUNDS = 60 };

/* The connection's loop: a thread that does what is posted and pumps the pair. */
typedef struct bound_loop {
    endpoint_pair pair;
    streaming_server server;
    grille_channel *channel;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready, posted, stop;
} bound_loop;

static _Thread_local const bound_loop *turning;

static void post(void *user) {
    bound_loop *loop = user;
    pthread_mutex_lock(&loop->lock);
    loop->posted = true;
    pthread_cond_signal(&loop->changed);
    pthread_mutex_unlock(&loop->lock);
}

static bool on_loop(void *user) {
    return turning == user;
}

static bool in_turn(void) {
    return turning != NULL;
}

static grille_time_us clock_us(void) {
    return 1000000;
}

/* False when it is to stop. */
static bool await_post(bound_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    loop->ready = true;
    pthread_cond_broadcast(&loop->changed);
    while (!loop->posted && !loop->stop)
        pthread_cond_wait(&loop->changed, &loop->lock);
    bool posted = loop->posted;
    loop->posted = false;
    pthread_mutex_unlock(&loop->lock);
    return posted;
}

static void *turn_loop(void *argument) {
    bound_loop *loop = argument;
    turning = loop;
    endpoint_pair_open(&loop->pair, &streaming_service, streaming_handlers, &loop->server, 0);
    grille_bound_channel_attach(loop->channel, loop->pair.client);
    while (await_post(loop)) {
        grille_bound_channel_run(loop->channel);
        endpoint_pair_pump(&loop->pair, 0);
        grille_bound_channel_pump(loop->channel);
        endpoint_pair_pump(&loop->pair, 0);
    }
    grille_endpoint_close(loop->pair.client, GRILLE_UNAVAILABLE, "the connection was lost");
    grille_bound_channel_detach(loop->channel, GRILLE_UNAVAILABLE, "the connection was lost");
    endpoint_pair_close(&loop->pair);
    turning = NULL;
    return NULL;
}

static void loop_start(bound_loop *loop) {
    const grille_bound_channel_options options = {
        .post = post, .on_loop = on_loop, .user = loop, .in_turn = in_turn, .clock_us = clock_us};
    memset(loop, 0, sizeof *loop);
    assert_int_equal(pthread_mutex_init(&loop->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&loop->changed, NULL), 0);
    assert_int_equal(grille_bound_channel_new(&options, &loop->channel), GRILLE_REASON_OK);
    assert_int_equal(pthread_create(&loop->thread, NULL, turn_loop, loop), 0);
    pthread_mutex_lock(&loop->lock);
    while (!loop->ready)
        pthread_cond_wait(&loop->changed, &loop->lock);
    pthread_mutex_unlock(&loop->lock);
}

/* The connection ends after what was posted. */
static void loop_stop(bound_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    loop->stop = true;
    pthread_cond_broadcast(&loop->changed);
    pthread_mutex_unlock(&loop->lock);
    assert_int_equal(pthread_join(loop->thread, NULL), 0);
}

static void loop_free(bound_loop *loop) {
    grille_channel_close(loop->channel);
    (void)pthread_cond_destroy(&loop->changed);
    (void)pthread_mutex_destroy(&loop->lock);
}

/* ---- what threads do; OK or UNAVAILABLE are the only ends, and CANCELLED where they cancel ---- */

static bool is_expected(grille_code code) {
    return code == GRILLE_OK || code == GRILLE_UNAVAILABLE || code == GRILLE_CANCELLED;
}

static void require(bool condition) {
    if (!condition) abort();
}

static void call_unary(grille_channel *channel) {
    const fake_message request = {"hello"};
    grille_reply reply;
    grille_code code = grille_call_unary(channel, &streaming_methods[METHOD_UNARY], &request, NULL, &reply);
    require(is_expected(code));
    if (code == GRILLE_OK) require(strcmp(((const fake_message *)reply.response)->text, "hello") == 0);
    grille_reply_free(&reply);
}

static void talk(grille_channel *channel, bool cancels) {
    const fake_message message = {"x"};
    const void *answer = NULL;
    grille_call *call = NULL;
    grille_reply reply;
    grille_code code = grille_call_begin_stream(channel, &streaming_methods[METHOD_BIDI], NULL, NULL, &call, NULL);
    require(is_expected(code));
    for (int i = 0; i < 5 && code == GRILLE_OK; i++) {
        code = grille_call_write(call, &message);
        if (code == GRILLE_OK) code = grille_call_read(call, &answer);
        if (cancels && i == 2) grille_call_cancel(call);
    }
    require(is_expected(grille_call_finish(call, &reply)));
    grille_reply_free(&reply);
}

/* A stream in callback form whose events come on the loop while this thread uses the handle, which lives until its last
 * callback returns: that one waits for us. */
typedef struct watched {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    bool released; /* the handle is not used any more */
} watched;

static void on_over(grille_call *call, const grille_reply *reply, const void *events, void *user) {
    watched *own = user;
    (void)call;
    (void)events;
    require(is_expected(reply->code));
    pthread_mutex_lock(&own->lock);
    while (!own->released)
        pthread_cond_wait(&own->over, &own->lock);
    require(!own->done);
    own->done = true;
    pthread_cond_signal(&own->over);
    pthread_mutex_unlock(&own->lock);
}

static void use_handle(grille_call *call, uint64_t *random) {
    const fake_message message = {"x"};
    for (int i = 0; i < 10; i++) {
        grille_code code = grille_call_send(call, &message);
        require(code == GRILLE_OK || code == GRILLE_CLOSED || code == GRILLE_AGAIN);
        grille_call_pause(call);
        if (prng_below(random, 30) == 0) grille_call_cancel(call);
        grille_call_resume(call);
    }
    grille_code code = grille_call_half_close(call);
    require(code == GRILLE_OK || code == GRILLE_CLOSED);
    if (code == GRILLE_OK && prng_below(random, 10) == 0) grille_call_cancel(call);
}

static void stream(grille_channel *channel, uint64_t *random) {
    static const grille_stream_dispatch dispatch = {.done = on_over};
    watched own = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    grille_call *call = NULL;
    grille_code code = grille_call_open_stream(channel, &streaming_methods[METHOD_BIDI], NULL,
                                               &GRILLE_CALL_OPTIONS(.timeout_ms = 0), &dispatch, NULL, &own, &call);
    require(is_expected(code));
    if (code != GRILLE_OK) return;
    use_handle(call, random);
    pthread_mutex_lock(&own.lock);
    own.released = true;
    pthread_cond_signal(&own.over);
    while (!own.done)
        pthread_cond_wait(&own.over, &own.lock);
    pthread_mutex_unlock(&own.lock);
}

typedef struct worker {
    grille_channel *channel;
    uint64_t random;
} worker;

/* Blocking forms only where handles are of use to other threads: a callback stream's lives until its end. */
static void *work(void *argument) {
    worker *own = argument;
    for (int i = 0; i < ROUNDS; i++) {
        grille_channel *channel = grille_channel_ref(own->channel);
        switch (prng_below(&own->random, 4)) {
        case 0:
            call_unary(channel);
            break;
        case 1:
            talk(channel, false);
            break;
        case 2:
            talk(channel, true);
            break;
        default:
            talk(channel, prng_below(&own->random, 2) == 0);
            call_unary(channel);
        }
        grille_channel_close(channel);
    }
    return NULL;
}

static void *work_with_streams(void *argument) {
    worker *own = argument;
    for (int i = 0; i < ROUNDS; i++)
        stream(own->channel, &own->random);
    return NULL;
}

static void start_workers(bound_loop *loop, worker *workers, pthread_t *threads) {
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){loop->channel, (uint64_t)i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, i % 2 == 0 ? work : work_with_streams, &workers[i]), 0);
    }
}

static void join_workers(pthread_t *threads) {
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- */

static void every_form_works_from_another_thread(void **state) {
    bound_loop loop;
    grille_peer_identity peer;
    grille_error error;
    uint64_t random = 3;
    (void)state;
    loop_start(&loop);
    assert_int_equal(grille_channel_get_state(loop.channel), GRILLE_CHANNEL_READY);
    assert_int_equal(grille_channel_wait_ready(loop.channel, 10, &error), GRILLE_OK);
    assert_int_equal(grille_channel_get_peer(loop.channel, &peer), GRILLE_OK);
    assert_string_equal(peer.subject, "the parent");
    grille_channel_connect_now(loop.channel);
    call_unary(loop.channel);
    talk(loop.channel, false);
    talk(loop.channel, true);
    stream(loop.channel, &random);
    loop_stop(&loop);
    loop_free(&loop);
}

static void a_connection_that_is_gone_is_unavailable(void **state) {
    const fake_message request = {"hello"};
    static const grille_stream_dispatch dispatch = {.done = on_over};
    bound_loop loop;
    grille_peer_identity peer;
    grille_call *call = NULL;
    grille_error error;
    grille_reply reply;
    (void)state;
    loop_start(&loop);
    loop_stop(&loop);
    assert_int_equal(grille_channel_get_state(loop.channel), GRILLE_CHANNEL_CLOSED);
    assert_int_equal(grille_channel_get_peer(loop.channel, &peer), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_channel_wait_ready(loop.channel, 10, &error), GRILLE_UNAVAILABLE);
    assert_int_equal(grille_call_unary(loop.channel, &streaming_methods[METHOD_UNARY], &request, NULL, &reply),
                     GRILLE_UNAVAILABLE);
    assert_non_null(strstr(reply.message, "has ended"));
    grille_reply_free(&reply);
    assert_int_equal(grille_call_open_stream(loop.channel, &streaming_methods[METHOD_BIDI], NULL, NULL, &dispatch, NULL,
                                             NULL, &call),
                     GRILLE_UNAVAILABLE);
    assert_null(call);
    assert_int_equal(grille_call_begin_stream(loop.channel, &streaming_methods[METHOD_BIDI], NULL, NULL, &call, &error),
                     GRILLE_UNAVAILABLE);
    assert_null(call);
    assert_non_null(strstr(error.text, "has ended"));
    loop_free(&loop);
}

static void eight_threads_share_one_connection(void **state) {
    bound_loop loop;
    worker workers[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    loop_start(&loop);
    start_workers(&loop, workers, threads);
    join_workers(threads);
    loop_stop(&loop);
    loop_free(&loop);
}

/* The connection is lost while all of them are at it. */
static void everything_ends_with_the_connection(void **state) {
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        bound_loop loop;
        worker workers[THREADS];
        pthread_t threads[THREADS];
        loop_start(&loop);
        start_workers(&loop, workers, threads);
        for (unsigned i = 0; i <= 2 * round; i++)
            call_unary(loop.channel);
        loop_stop(&loop);
        join_workers(threads);
        loop_free(&loop);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_works_from_another_thread),
        cmocka_unit_test(a_connection_that_is_gone_is_unavailable),
        cmocka_unit_test(eight_threads_share_one_connection),
        cmocka_unit_test(everything_ends_with_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
