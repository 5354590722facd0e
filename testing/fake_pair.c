/* SPDX-License-Identifier: Apache-2.0 */
#include "testing/fake_pair.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/bound_channel.h"
#include "rpc/endpoint.h"
#include "testing/fake_policy.h"

enum { STREAMS = 128, MESSAGE_BYTES = 64 << 20, BUDGET_BYTES = 512 << 20, WAIT_US = 1000000 };

/* The thread is inside a turn of some pair. */
static _Thread_local bool in_turn;

struct grille_insecure_fake_pair {
    grille_endpoint *ends[2]; /* 0: the caller's */
    grille_budget budgets[2];
    grille_channel *channels[2]; /* of each end, to the other one's services */
    grille_policy *policy;
    grille_executor executor;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    grille_link posted; /* tasks whose `done` waits; under lock */
    bool channel_posted[2];
    size_t workers; /* threads with an offloaded task; under lock */
    bool stopping;  /* under lock */
    bool detached;  /* freed in a callback: the thread frees; under lock */
    uint8_t buffer[4 * GRILLE_SESSION_SEND_BYTES];
};

typedef struct errand {
    grille_insecure_fake_pair *pair;
    grille_task *task;
} errand;

grille_time_us grille_insecure_fake_clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (grille_time_us)now.tv_sec * 1000000 + (grille_time_us)now.tv_nsec / 1000;
}

/* ---- Where handlers run ---- */

static grille_insecure_fake_pair *pair_of(grille_executor *executor) {
    return grille_container(executor, grille_insecure_fake_pair, executor);
}

static void post_task(grille_executor *executor, grille_task *task) {
    grille_insecure_fake_pair *pair = pair_of(executor);
    pthread_mutex_lock(&pair->lock);
    grille_list_append(&pair->posted, &task->link);
    pthread_cond_broadcast(&pair->changed);
    pthread_mutex_unlock(&pair->lock);
}

static bool is_here(grille_executor *executor) {
    return pthread_equal(pthread_self(), pair_of(executor)->thread) != 0;
}

static void *run_errand(void *argument) {
    errand own = *(errand *)argument;
    free(argument);
    own.task->run(own.task);
    pthread_mutex_lock(&own.pair->lock);
    grille_list_append(&own.pair->posted, &own.task->link);
    own.pair->workers--;
    pthread_cond_broadcast(&own.pair->changed);
    pthread_mutex_unlock(&own.pair->lock);
    return NULL;
}

/* A thread for each: there are few in a test. */
static bool offload(grille_executor *executor, grille_task *task) {
    grille_insecure_fake_pair *pair = pair_of(executor);
    errand *own = calloc(1, sizeof *own);
    pthread_t thread;
    if (own == NULL) return false;
    *own = (errand){pair, task};
    pthread_mutex_lock(&pair->lock);
    const bool taken = pthread_create(&thread, NULL, run_errand, own) == 0;
    if (taken) {
        pair->workers++;
        (void)pthread_detach(thread);
    }
    pthread_mutex_unlock(&pair->lock);
    if (!taken) free(own);
    return taken;
}

/* ---- The channels' way to the thread ---- */

static void post_channel(grille_insecure_fake_pair *pair, unsigned side) {
    pthread_mutex_lock(&pair->lock);
    pair->channel_posted[side] = true;
    pthread_cond_broadcast(&pair->changed);
    pthread_mutex_unlock(&pair->lock);
}

static void post_caller(void *user) {
    post_channel(user, 0);
}

static void post_callee(void *user) {
    post_channel(user, 1);
}

static bool is_on_loop(void *user) {
    return is_here(&((grille_insecure_fake_pair *)user)->executor);
}

static bool is_in_turn(void) {
    return in_turn;
}

/* ---- Turning ---- */

/* What `from` has to say goes to the other end. True when it was something. */
static bool carry(grille_insecure_fake_pair *pair, unsigned from) {
    grille_endpoint *sender = pair->ends[from];
    size_t len = 0;
    if (!grille_endpoint_wants_write(sender)) return false;
    if (grille_endpoint_send(sender, pair->buffer, sizeof pair->buffer, &len, grille_insecure_fake_clock_us()) !=
        GRILLE_REASON_OK) {
        return false;
    }
    /* A broken rule ends the endpoint by itself; what it still says is carried. */
    if (grille_endpoint_recv(pair->ends[1 - from], (grille_bytes){pair->buffer, len},
                             grille_insecure_fake_clock_us()) != GRILLE_REASON_OK) {
        grille_endpoint_sent(sender, grille_insecure_fake_clock_us());
        return len > 0;
    }
    grille_endpoint_sent(sender, grille_insecure_fake_clock_us());
    return len > 0;
}

static grille_task *next_task(grille_insecure_fake_pair *pair) {
    pthread_mutex_lock(&pair->lock);
    grille_link *link = grille_list_take_first(&pair->posted);
    pthread_mutex_unlock(&pair->lock);
    return link != NULL ? grille_container(link, grille_task, link) : NULL;
}

static bool run_channel(grille_insecure_fake_pair *pair, unsigned side) {
    pthread_mutex_lock(&pair->lock);
    const bool posted = pair->channel_posted[side];
    pair->channel_posted[side] = false;
    pthread_mutex_unlock(&pair->lock);
    if (posted) grille_bound_channel_run(pair->channels[side]);
    return posted;
}

static bool turn_once(grille_insecure_fake_pair *pair) {
    bool happened = false;
    for (grille_task *task; (task = next_task(pair)) != NULL; happened = true)
        task->done(task);
    for (unsigned side = 0; side < 2; side++) {
        happened |= run_channel(pair, side);
        if (grille_endpoint_expiry(pair->ends[side]) <= grille_insecure_fake_clock_us()) {
            happened |= grille_endpoint_tick(pair->ends[side], grille_insecure_fake_clock_us()) != GRILLE_REASON_OK;
        }
    }
    happened |= carry(pair, 0);
    happened |= carry(pair, 1);
    return happened;
}

/* Until something is posted or due, or the end; under lock. */
static void rest(grille_insecure_fake_pair *pair) {
    grille_time_us until_us = grille_insecure_fake_clock_us() + WAIT_US;
    for (unsigned side = 0; side < 2; side++) {
        const grille_time_us due_us = grille_endpoint_expiry(pair->ends[side]);
        if (due_us < until_us) until_us = due_us;
    }
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000) * 1000};
    const bool quiet = grille_list_empty(&pair->posted) && !pair->channel_posted[0] && !pair->channel_posted[1];
    if (quiet && !pair->stopping) (void)pthread_cond_timedwait(&pair->changed, &pair->lock, &until);
}

static void destroy(grille_insecure_fake_pair *pair) {
    for (unsigned side = 0; side < 2; side++) {
        if (pair->ends[side] != NULL) {
            grille_endpoint_free(pair->ends[side]);
        } else {
            grille_channel_close(pair->channels[side]);
        }
    }
    grille_policy_free(pair->policy);
    pthread_cond_destroy(&pair->changed);
    pthread_mutex_destroy(&pair->lock);
    free(pair);
}

/* Handlers that still run are waited for: they hold their calls. */
static void end_calls(grille_insecure_fake_pair *pair) {
    for (unsigned side = 0; side < 2; side++)
        grille_endpoint_close(pair->ends[side], GRILLE_CANCELLED, "the channel was closed");
    while (!grille_endpoint_is_idle(pair->ends[0]) || !grille_endpoint_is_idle(pair->ends[1])) {
        for (grille_task *task; (task = next_task(pair)) != NULL;)
            task->done(task);
        pthread_mutex_lock(&pair->lock);
        if (grille_list_empty(&pair->posted) && !grille_endpoint_is_idle(pair->ends[1])) {
            pthread_cond_wait(&pair->changed, &pair->lock);
        }
        pthread_mutex_unlock(&pair->lock);
    }
}

static void *run(void *argument) {
    grille_insecure_fake_pair *pair = argument;
    in_turn = true;
    for (;;) {
        if (turn_once(pair)) continue;
        pthread_mutex_lock(&pair->lock);
        rest(pair);
        const bool over = pair->stopping;
        pthread_mutex_unlock(&pair->lock);
        if (over) break;
    }
    end_calls(pair);
    pthread_mutex_lock(&pair->lock);
    while (pair->workers > 0)
        pthread_cond_wait(&pair->changed, &pair->lock);
    const bool detached = pair->detached;
    pthread_mutex_unlock(&pair->lock);
    if (detached) destroy(pair);
    return NULL;
}

/* ---- Life ---- */

static grille_peer_identity peer_of(const grille_peer_identity *given, const char *name) {
    grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509};
    if (given != NULL) {
        peer = *given;
    } else {
        (void)snprintf(peer.name, sizeof peer.name, "%s", name);
    }
    peer.insecure = true;
    (void)snprintf(peer.set, sizeof peer.set, "%s", GRILLE_INSECURE_FAKE_SET);
    return peer;
}

static grille_reason make_end(grille_insecure_fake_pair *pair, unsigned side, grille_services *services,
                              const grille_peer_identity *peer) {
    const grille_bound_channel_options channel = {.post = side == 0 ? post_caller : post_callee,
                                                  .on_loop = is_on_loop,
                                                  .user = pair,
                                                  .in_turn = is_in_turn,
                                                  .clock_us = grille_insecure_fake_clock_us};
    grille_reason reason = grille_bound_channel_new(&channel, &pair->channels[side]);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_budget_init(&pair->budgets[side], BUDGET_BYTES);
    const grille_endpoint_options options = {.initiator = side == 0,
                                             .registry = services,
                                             .policy = pair->policy,
                                             .peer = peer,
                                             .executor = &pair->executor,
                                             .peer_channel = pair->channels[side],
                                             .budget = &pair->budgets[side],
                                             .max_streams = STREAMS,
                                             .max_message_bytes = MESSAGE_BYTES,
                                             .now_us = grille_insecure_fake_clock_us()};
    reason = grille_endpoint_new(&options, &pair->ends[side]);
    if (reason == GRILLE_REASON_OK) grille_endpoint_set_clock(pair->ends[side], grille_insecure_fake_clock_us);
    return reason;
}

static void init_locks(grille_insecure_fake_pair *pair) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pair->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pair->lock, NULL);
    grille_list_init(&pair->posted);
}

grille_code grille_insecure_fake_pair_new(grille_services *services, const grille_peer_identity *caller,
                                          const grille_peer_identity *callee, grille_insecure_fake_pair **pair,
                                          grille_error *error) {
    const grille_peer_identity peers[2] = {peer_of(callee, "spiffe://test/callee"),
                                           peer_of(caller, "spiffe://test/caller")};
    grille_insecure_fake_pair *made = calloc(1, sizeof *made);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    init_locks(made);
    made->executor = (grille_executor){offload, post_task, is_here};
    grille_code code =
        grille_reason_code(grille_error_default(error, grille_insecure_fake_policy(services, &made->policy)));
    for (unsigned side = 0; side < 2 && code == GRILLE_OK; side++) {
        const grille_reason reason = make_end(made, side, side == 1 ? services : NULL, &peers[side]);
        if (reason != GRILLE_REASON_OK) code = grille_reason_code(grille_error_default(error, reason));
    }
    if (code == GRILLE_OK && pthread_create(&made->thread, NULL, run, made) != 0) {
        code = grille_reason_code(grille_error_set(error, GRILLE_REASON_SYSTEM, "the fake's thread can't be made"));
    }
    if (code != GRILLE_OK) {
        destroy(made);
        return code;
    }
    grille_services_freeze(services);
    grille_error_clear(error);
    *pair = made;
    return GRILLE_OK;
}

grille_channel *grille_insecure_fake_pair_channel(const grille_insecure_fake_pair *pair) {
    return pair->channels[0];
}

void grille_insecure_fake_pair_free(grille_insecure_fake_pair *pair) {
    const bool inside = is_here(&pair->executor);
    const pthread_t thread = pair->thread;
    pthread_mutex_lock(&pair->lock);
    pair->stopping = true;
    pair->detached = inside;
    pthread_cond_broadcast(&pair->changed);
    pthread_mutex_unlock(&pair->lock);
    if (inside) {
        (void)pthread_detach(thread);
        return;
    }
    (void)pthread_join(thread, NULL);
    destroy(pair);
}
