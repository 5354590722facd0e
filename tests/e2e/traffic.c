/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

void on_open(size_t target, void *user) {
    opened *own = user;
    pthread_mutex_lock(&own->lock);
    own->count++;
    own->of_target[target]++;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

void wait_opened(opened *own, unsigned count) {
    pthread_mutex_lock(&own->lock);
    while (own->count < count)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

void wait_opened_target(opened *own, size_t target, unsigned count) {
    pthread_mutex_lock(&own->lock);
    while (own->of_target[target] < count)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

unsigned opened_count(opened *own) {
    pthread_mutex_lock(&own->lock);
    const unsigned count = own->count;
    pthread_mutex_unlock(&own->lock);
    return count;
}

void on_end(grille_code code, const char *answer, void *user) {
    ended *own = user;
    pthread_mutex_lock(&own->lock);
    if (own->count++ == 0) (void)snprintf(own->first, sizeof own->first, "%.255s", answer);
    own->codes[code < 20 ? code : 19]++;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

void wait_ended(ended *own, unsigned count) {
    pthread_mutex_lock(&own->lock);
    while (own->count < count)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

unsigned ended_count(ended *own) {
    pthread_mutex_lock(&own->lock);
    const unsigned count = own->count;
    pthread_mutex_unlock(&own->lock);
    return count;
}

static void take(traffic *all, grille_code code, const char *text, const char *answer) {
    if (code == GRILLE_OK && strcmp(text, answer) == 0) return;
    pthread_mutex_lock(&all->lock);
    if (atomic_fetch_add(&all->wrong, 1) == 0) {
        (void)snprintf(all->first_wrong, sizeof all->first_wrong, "%s: %s: %.200s", text, grille_code_name(code),
                       answer);
    }
    pthread_mutex_unlock(&all->lock);
}

static grille_call_options options_of(const traffic *all) {
    return GRILLE_CALL_OPTIONS(.timeout_ms = 60000, .wait_for_ready = all->wait_for_ready);
}

static void *call_all_the_time(void *argument) {
    traffic_thread *own = argument;
    const grille_call_options options = options_of(own->traffic);
    char text[32], answer[256];
    while (!atomic_load(&own->traffic->over)) {
        (void)snprintf(text, sizeof text, "%u/%u", own->index, own->calls++);
        const grille_code code = e2e_call(own->traffic->channel, own->index % 2 == 0 ? E2E_ECHO : E2E_WORK, text,
                                          &options, answer, sizeof answer);
        take(own->traffic, code, text, answer);
    }
    return NULL;
}

static void call_next(traffic_async *own) {
    const grille_call_options options = options_of(own->traffic);
    (void)snprintf(own->text, sizeof own->text, "a%u", own->calls++);
    const grille_code code = e2e_call_async(own->traffic->channel, E2E_ECHO, own->text, &options, &own->async, NULL);
    if (code != GRILLE_OK) take(own->traffic, code, own->text, "not made");
}

static void on_done(grille_code code, const char *answer, void *user) {
    traffic_async *own = user;
    take(own->traffic, code, own->text, answer);
    if (!atomic_load(&own->traffic->over)) {
        call_next(own);
        return;
    }
    pthread_mutex_lock(&own->traffic->lock);
    own->traffic->running--;
    pthread_cond_broadcast(&own->traffic->changed);
    pthread_mutex_unlock(&own->traffic->lock);
}

void traffic_start(traffic *all, grille_channel *channel, bool wait_for_ready) {
    memset(all, 0, sizeof *all);
    all->channel = channel;
    all->wait_for_ready = wait_for_ready;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->changed, NULL);
    all->running = TRAFFIC_ASYNC;
    for (unsigned i = 0; i < TRAFFIC_ASYNC; i++) {
        all->asyncs[i].traffic = all;
        all->asyncs[i].async = (e2e_async){on_done, &all->asyncs[i]};
        call_next(&all->asyncs[i]);
    }
    for (unsigned i = 0; i < TRAFFIC_THREADS; i++) {
        all->threads[i].traffic = all;
        all->threads[i].index = i;
        assert_int_equal(pthread_create(&all->threads[i].thread, NULL, call_all_the_time, &all->threads[i]), 0);
    }
}

unsigned traffic_end(traffic *all) {
    unsigned calls = 0;
    atomic_store(&all->over, true);
    for (unsigned i = 0; i < TRAFFIC_THREADS; i++) {
        (void)pthread_join(all->threads[i].thread, NULL);
        calls += all->threads[i].calls;
    }
    pthread_mutex_lock(&all->lock);
    while (all->running > 0)
        (void)pthread_cond_wait(&all->changed, &all->lock);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < TRAFFIC_ASYNC; i++)
        calls += all->asyncs[i].calls;
    if (atomic_load(&all->wrong) != 0) fail_msg("%u of %u: %s", atomic_load(&all->wrong), calls, all->first_wrong);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    return calls;
}

/* libuv is not instrumented and closes descriptors by a bare system call: when a thread gets the number of a descriptor
 * that another one's loop has closed, the sanitizer takes both for users of one descriptor. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) {
    return "race:uv_async_init\nrace:uv_loop_init\nrace:uv_pipe\nrace:uv__epoll_init\n";
}
#endif
#endif
