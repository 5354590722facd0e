/* SPDX-License-Identifier: Apache-2.0
 * What managed*.c share: requests that wait, and the thread that serves them. */
#ifndef GRILLE_NSM_MANAGED_STATE_H
#define GRILLE_NSM_MANAGED_STATE_H

#include <pthread.h>

#include "base/list.h"
#include "base/rate_limit.h"
#include "nsm/managed.h"

typedef enum grille_nsm_class {
    GRILLE_NSM_CLASS_APPLICATION,
    GRILLE_NSM_CLASS_CHANNEL,
    GRILLE_NSM_CLASS_COUNT
} grille_nsm_class;

typedef enum grille_nsm_task_state {
    GRILLE_NSM_TASK_WAITS,
    GRILLE_NSM_TASK_IS_SERVED,
    GRILLE_NSM_TASK_IS_TOLD, /* has its result; its owner is being told */
    GRILLE_NSM_TASK_ENDED
} grille_nsm_task_state;

typedef struct grille_nsm_task grille_nsm_task;
typedef struct grille_nsm_manager grille_nsm_manager;

/* A request of either class: part of a blocked caller's stack, or of a job. Guarded by the manager's lock; while
 * it is served, all but link and state is the thread's. */
struct grille_nsm_task {
    grille_link link;
    grille_nsm_class queue_class;
    grille_nsm_task_state state;
    bool waited_for_token;
    grille_reason reason; /* once it has ended */
    /* Without the lock. */
    grille_reason (*serve)(grille_nsm_task *task, grille_nsm_manager *manager);
    /* Tells the owner, with the lock held, and may let go of it meanwhile. The task may be gone afterwards. */
    void (*tell)(grille_nsm_task *task, grille_nsm_manager *manager);
    uint64_t *count; /* the counter of such requests */
};

typedef struct grille_nsm_queue {
    grille_link waiting;
    uint32_t depth, highest;
} grille_nsm_queue;

struct grille_nsm_manager {
    grille_nsm base; /* first */
    grille_nsm *inner;
    grille_nsm_managed_options options; /* without defaults */
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;  /* something to do for the thread */
    pthread_cond_t told;  /* a `done` or an observer has returned */
    size_t references;    /* of the owner, of blocked callers and of jobs */
    bool closing;
    grille_nsm_queue queues[GRILLE_NSM_CLASS_COUNT];
    grille_nsm_class last_served;
    grille_rate_limit tokens; /* of channels' documents */
    bool observing;           /* `observe` runs */
    grille_nsm_observe_fn *observe;
    void *observe_user;
    grille_nsm_counters counters;              /* its depths are those of the queues */
    uint8_t document[GRILLE_NSM_RESPONSE_MAX]; /* the thread's: of the job that is served */
};

static inline grille_nsm_manager *grille_nsm_manager_of(grille_nsm *nsm) {
    return (grille_nsm_manager *)(void *)nsm;
}

/* Puts a task, whose first five members are set here, behind the others of its class. With the lock held;
 * NSM_BUSY. */
GRILLE_MUST_USE grille_reason grille_nsm_manager_queue(grille_nsm_manager *manager, grille_nsm_task *task,
                                                       grille_nsm_class queue_class, grille_error *error);
/* Takes a waiting one out again. With the lock held. */
void grille_nsm_manager_unqueue(grille_nsm_manager *manager, grille_nsm_task *task);

/* Shows a document to the observer. On the thread, without the lock. */
void grille_nsm_manager_show(grille_nsm_manager *manager, const grille_nsm_request *request, grille_bytes document);

/* The thread: serves until the manager is closed and then ends what waits. */
void *grille_nsm_manager_run(void *manager);

/* Lets go of the lock and of one reference; frees the manager with the last one. */
void grille_nsm_manager_unlock_and_release(grille_nsm_manager *manager);

grille_reason grille_nsm_closed_error(grille_error *error);

#endif
