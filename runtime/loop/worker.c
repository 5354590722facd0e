/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct grille_workers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    grille_link queue;
    size_t queued;
    size_t max_queued;
    bool stopping;
    uint32_t count;
    pthread_t threads[];
};

static void deliver_later(grille_loop_executor *executor, grille_task *task) {
    /* Before: the executor may be gone once the task is seen. */
    if (executor->on_post != NULL && grille_loop_in_turn() != executor->loop) {
        executor->on_post(executor->on_post_user);
    }
    pthread_mutex_lock(&executor->lock);
    grille_list_append(&executor->finished, &task->link);
    /* Under the lock: the loop may end once it has seen this task's `done`. */
    grille_loop_post(executor->loop, &executor->deliver);
    pthread_mutex_unlock(&executor->lock);
}

static void *work(void *argument) {
    grille_workers *workers = argument;
    (void)pthread_setname_np(pthread_self(), "grille-worker");
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        grille_link *link = grille_list_take_first(&workers->queue);
        if (link == NULL) {
            if (workers->stopping) break;
            pthread_cond_wait(&workers->work, &workers->lock);
            continue;
        }
        workers->queued--;
        pthread_mutex_unlock(&workers->lock);
        grille_task *task = grille_container(link, grille_task, link);
        task->run(task);
        deliver_later(task->origin, task);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

grille_reason grille_workers_new(uint32_t count, size_t max_queued, grille_workers **workers, grille_error *error) {
    grille_workers *made = calloc(1, sizeof *made + count * sizeof made->threads[0]);
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->work, NULL);
    grille_list_init(&made->queue);
    made->max_queued = max_queued;
    for (; made->count < count; made->count++) {
        int status = pthread_create(&made->threads[made->count], NULL, work, made);
        if (status != 0) {
            grille_workers_free(made);
            return grille_error_set(error, GRILLE_REASON_SYSTEM, "a worker thread could not be made: %s",
                                    strerror(status));
        }
    }
    *workers = made;
    return GRILLE_REASON_OK;
}

void grille_workers_free(grille_workers *workers) {
    if (workers == NULL) return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    for (uint32_t i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

static bool offload(grille_executor *base, grille_task *task) {
    grille_loop_executor *executor = grille_container(base, grille_loop_executor, executor);
    grille_workers *workers = executor->workers;
    bool taken = false;
    task->origin = executor;
    pthread_mutex_lock(&workers->lock);
    if (workers->queued < workers->max_queued) {
        grille_list_append(&workers->queue, &task->link);
        workers->queued++;
        pthread_cond_signal(&workers->work);
        taken = true;
    }
    pthread_mutex_unlock(&workers->lock);
    return taken;
}

static void post(grille_executor *base, grille_task *task) {
    deliver_later(grille_container(base, grille_loop_executor, executor), task);
}

static bool is_here(grille_executor *base) {
    return grille_loop_in_turn() == grille_container(base, grille_loop_executor, executor)->loop;
}

static void deliver(grille_job *job) {
    grille_loop_executor *executor = grille_container(job, grille_loop_executor, deliver);
    for (;;) {
        pthread_mutex_lock(&executor->lock);
        grille_link *link = grille_list_take_first(&executor->finished);
        pthread_mutex_unlock(&executor->lock);
        if (link == NULL) return;
        grille_task *task = grille_container(link, grille_task, link);
        task->done(task);
    }
}

void grille_loop_executor_init(grille_loop_executor *executor, grille_workers *workers, grille_loop *loop) {
    *executor = (grille_loop_executor){
        .executor = {workers != NULL ? offload : NULL, post, is_here}, .workers = workers, .loop = loop};
    pthread_mutex_init(&executor->lock, NULL);
    grille_list_init(&executor->finished);
    grille_job_init(&executor->deliver, deliver);
}

void grille_loop_executor_deinit(grille_loop_executor *executor) {
    pthread_mutex_destroy(&executor->lock);
}
