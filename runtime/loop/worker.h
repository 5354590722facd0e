/* SPDX-License-Identifier: Apache-2.0
 * The worker pool: threads that run the handlers marked offload, and one executor per loop in front of them. */
#ifndef GRILLE_LOOP_WORKER_H
#define GRILLE_LOOP_WORKER_H

#include "loop/loop.h"
#include "rpc/executor.h"

typedef struct grille_workers grille_workers;

/* More threads than any machine has processors for. */
#define GRILLE_MAX_WORKERS 1024

/* `count` threads (at least 1) and a queue of at most `max_queued` tasks. OUT_OF_MEMORY, or SYSTEM when a thread can't
 * be made. */
GRILLE_MUST_USE grille_reason grille_workers_new(uint32_t count, size_t max_queued, grille_workers **workers,
                                                 grille_error *error);

/* Lets queued tasks run, ends the threads and frees. The loops must have seen all their tasks done. NULL is ignored. */
void grille_workers_free(grille_workers *workers);

/* The executor of one loop: `done` of its tasks runs on that loop. `workers` may be NULL: nothing can be offloaded,
 * only posted. Caller's storage. */
typedef struct grille_loop_executor {
    grille_executor executor;
    grille_workers *workers;
    grille_loop *loop;
    /* Somebody has to turn the loop: another thread is about to post. Any thread, while a task is out. NULL where a
     * thread always turns it. */
    void (*on_post)(void *user);
    void *on_post_user;
    pthread_mutex_t lock;
    grille_link finished; /* tasks whose `done` waits; under lock */
    grille_job deliver;
} grille_loop_executor;

void grille_loop_executor_init(grille_loop_executor *executor, grille_workers *workers, grille_loop *loop);
/* After grille_workers_free, when every task was seen done. */
void grille_loop_executor_deinit(grille_loop_executor *executor);

#endif
