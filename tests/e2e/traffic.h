/* SPDX-License-Identifier: Apache-2.0
 * Calls all the time: threads that call, one after the other, and want each answer once and right. */
#ifndef GRILLE_TESTS_E2E_TRAFFIC_H
#define GRILLE_TESTS_E2E_TRAFFIC_H

#include <pthread.h>

#include "service.h"

enum { TRAFFIC_THREADS = 4, TRAFFIC_ASYNC = 8 };

/* Counts connections that opened (grille_channel_hooks.on_open), and waits for them. */
typedef struct opened {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
    unsigned of_target[32];
} opened;

#define OPENED_INIT                                                                                                    \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

void on_open(size_t target, void *user);
void wait_opened(opened *own, unsigned count);
void wait_opened_target(opened *own, size_t target, unsigned count);
unsigned opened_count(opened *own);

/* Counts calls that ended (e2e_async.done), and waits for them. */
typedef struct ended {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
    unsigned codes[20];
    char first[256]; /* answer; does not change once there is one */
} ended;

#define ENDED_INIT                                                                                                     \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

void on_end(grille_code code, const char *answer, void *user);
void wait_ended(ended *own, unsigned count);
unsigned ended_count(ended *own);

typedef struct traffic_thread {
    struct traffic *traffic;
    pthread_t thread;
    unsigned index;
    unsigned calls;
} traffic_thread;

/* One asynchronous call after the other: the end of one makes the next. */
typedef struct traffic_async {
    struct traffic *traffic;
    e2e_async async;
    unsigned calls;
    char text[32];
} traffic_async;

typedef struct traffic {
    grille_channel *channel;
    bool wait_for_ready;
    atomic_bool over;
    atomic_uint wrong; /* answers that were not right, or errors */
    char first_wrong[256];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running; /* chains of asynchronous calls */
    traffic_thread threads[TRAFFIC_THREADS];
    traffic_async asyncs[TRAFFIC_ASYNC];
} traffic;

void traffic_start(traffic *traffic, grille_channel *channel, bool wait_for_ready);
/* Ends it, asserts that no answer was wrong, and tells how many there were. */
unsigned traffic_end(traffic *traffic);

#endif
