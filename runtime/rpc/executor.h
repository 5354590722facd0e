/* SPDX-License-Identifier: Apache-2.0
 * The seam to the worker pool, where methods marked offload run, and back to the loop thread. */
#ifndef GRILLE_RPC_EXECUTOR_H
#define GRILLE_RPC_EXECUTOR_H

#include <stdbool.h>

#include "base/list.h"

/* One piece of work; inside its owner, untouched by it until `done`. */
typedef struct grille_task {
    grille_link link;                       /* the executor's, while it has the task */
    void (*run)(struct grille_task *task);  /* on a worker */
    void (*done)(struct grille_task *task); /* afterwards, on the loop thread that offloaded it */
    void *origin;                           /* the executor's: where `done` has to run */
} grille_task;

typedef struct grille_executor {
    /* Takes the task, or false when its queue is full (the call then ends RESOURCE_EXHAUSTED). Loop thread. NULL: there
     * are no workers. */
    bool (*offload)(struct grille_executor *executor, grille_task *task);
    /* Runs the task's `done` on the loop thread, in a turn of its own. Any thread; the caller must not touch the task
     * afterwards. */
    void (*post)(struct grille_executor *executor, grille_task *task);
    /* Whether the calling thread is the loop thread: the one that turns the loop now. Any thread. */
    bool (*is_here)(struct grille_executor *executor);
} grille_executor;

#endif
