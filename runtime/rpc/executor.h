/* SPDX-License-Identifier: Apache-2.0
 * The seam to the worker pool: methods marked offload run there. */
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
    /* Takes the task, or false when its queue is full (the call then ends RESOURCE_EXHAUSTED). Loop thread. */
    bool (*offload)(struct grille_executor *executor, grille_task *task);
} grille_executor;

#endif
