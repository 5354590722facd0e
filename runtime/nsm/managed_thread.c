/* SPDX-License-Identifier: Apache-2.0
 * The queues and the thread of a managed NSM. */
#include <time.h>

#include "base/error.h"
#include "nsm/managed_state.h"

enum { us_per_second = 1000000, ns_per_us = 1000, ns_per_second = 1000000000 };

grille_time_us grille_nsm_now_us(const grille_nsm *managed) {
    const grille_nsm_manager *manager = (const grille_nsm_manager *)(const void *)managed;
    struct timespec now = {0};
    if (manager->options.now != NULL) return manager->options.now(manager->options.now_user);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (grille_time_us)now.tv_sec * us_per_second + (grille_time_us)now.tv_nsec / ns_per_us;
}

grille_reason grille_nsm_closed_error(grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_NSM_CLOSED,
                            "the NSM was closed while this request waited for it. Likely its identity was freed");
}

static grille_reason busy(const grille_nsm_manager *manager, grille_nsm_class queue_class, grille_error *error) {
    return grille_error_set(
        error, GRILLE_REASON_NSM_BUSY,
        "%u requests %s wait for the NSM already, and its queue takes no more; the slowest so far took %llu us. Likely "
        "%s; try again later",
        manager->queues[queue_class].depth,
        queue_class == GRILLE_NSM_CLASS_CHANNEL ? "of channels" : "of the application",
        (unsigned long long)manager->counters.longest_service_us,
        queue_class == GRILLE_NSM_CLASS_CHANNEL ? "strangers open connections in a flood" : "many threads ask at once");
}

grille_reason grille_nsm_manager_queue(grille_nsm_manager *manager, grille_nsm_task *task, grille_nsm_class queue_class,
                                       grille_error *error) {
    grille_nsm_queue *queue = &manager->queues[queue_class];
    if (manager->closing) return grille_nsm_closed_error(error);
    if (queue->depth >= manager->options.queue_length) {
        manager->counters.refused++;
        return busy(manager, queue_class, error);
    }
    grille_list_init(&task->link);
    task->queue_class = queue_class;
    task->state = GRILLE_NSM_TASK_WAITS;
    task->waited_for_token = false;
    task->reason = GRILLE_REASON_MORE;
    grille_list_append(&queue->waiting, &task->link);
    queue->depth++;
    if (queue->depth > queue->highest) queue->highest = queue->depth;
    manager->references++;
    (void)pthread_cond_signal(&manager->work);
    return GRILLE_REASON_OK;
}

void grille_nsm_manager_unqueue(grille_nsm_manager *manager, grille_nsm_task *task) {
    grille_list_remove(&task->link);
    manager->queues[task->queue_class].depth--;
}

static grille_nsm_task *first_of(const grille_nsm_manager *manager, grille_nsm_class queue_class) {
    const grille_nsm_queue *queue = &manager->queues[queue_class];
    return grille_list_empty(&queue->waiting) ? NULL : grille_container(queue->waiting.next, grille_nsm_task, link);
}

/* The channels' first one, when it has its token. */
static grille_nsm_task *first_with_token(grille_nsm_manager *manager) {
    grille_nsm_task *first = first_of(manager, GRILLE_NSM_CLASS_CHANNEL);
    if (first == NULL || !grille_rate_limit_take(&manager->tokens, 0, grille_nsm_now_us(&manager->base))) return NULL;
    if (grille_rate_limit_wait_us(&manager->tokens, 1) == 0) return first;
    if (!first->waited_for_token) manager->counters.waited_for_token++;
    first->waited_for_token = true;
    return NULL;
}

/* Takes the next one out of its queue: of the other class than the last one if it can be. NULL: nothing can be
 * served.
 */
static grille_nsm_task *choose(grille_nsm_manager *manager) {
    grille_nsm_task *of_application = first_of(manager, GRILLE_NSM_CLASS_APPLICATION);
    grille_nsm_task *of_channel = first_with_token(manager);
    grille_nsm_task *chosen = of_channel;
    if (of_channel == NULL || (of_application != NULL && manager->last_served == GRILLE_NSM_CLASS_CHANNEL)) {
        chosen = of_application;
    }
    if (chosen == NULL) return NULL;
    if (chosen == of_channel && !grille_rate_limit_take(&manager->tokens, 1, manager->tokens.last_us)) return NULL;
    grille_nsm_manager_unqueue(manager, chosen);
    manager->last_served = chosen->queue_class;
    return chosen;
}

static void end(grille_nsm_manager *manager, grille_nsm_task *task, grille_reason reason) {
    task->reason = reason;
    task->tell(task, manager);
}

static void serve(grille_nsm_manager *manager, grille_nsm_task *task) {
    grille_time_us started_us = grille_nsm_now_us(&manager->base);
    uint64_t took_us = 0;
    grille_reason reason;
    task->state = GRILLE_NSM_TASK_IS_SERVED;
    (void)pthread_mutex_unlock(&manager->lock);
    reason = task->serve(task, manager);
    (void)pthread_mutex_lock(&manager->lock);
    took_us = grille_nsm_now_us(&manager->base) - started_us;
    if (took_us > manager->counters.longest_service_us) manager->counters.longest_service_us = took_us;
    (*task->count)++;
    if (reason != GRILLE_REASON_OK) manager->counters.failures++;
    end(manager, task, reason);
}

/* Until there may be something to do: a new request, or a token for one that waits. */
static void wait(grille_nsm_manager *manager) {
    struct timespec until = {0};
    uint64_t wait_us = grille_rate_limit_wait_us(&manager->tokens, 1), sum_ns = 0;
    if (first_of(manager, GRILLE_NSM_CLASS_CHANNEL) == NULL || manager->options.now != NULL) {
        (void)pthread_cond_wait(&manager->work, &manager->lock);
        return;
    }
    if (wait_us > us_per_second) wait_us = us_per_second;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    sum_ns = (uint64_t)until.tv_nsec + wait_us * ns_per_us;
    until.tv_sec += (time_t)(sum_ns / ns_per_second);
    until.tv_nsec = (long)(sum_ns % ns_per_second);
    (void)pthread_cond_timedwait(&manager->work, &manager->lock, &until);
}

static void end_all(grille_nsm_manager *manager) {
    for (int i = 0; i < GRILLE_NSM_CLASS_COUNT; i++) {
        grille_nsm_task *task = NULL;
        while ((task = first_of(manager, (grille_nsm_class)i)) != NULL) {
            grille_nsm_manager_unqueue(manager, task);
            end(manager, task, GRILLE_REASON_NSM_CLOSED);
        }
    }
}

void *grille_nsm_manager_run(void *argument) {
    grille_nsm_manager *manager = argument;
    (void)pthread_setname_np(pthread_self(), "grille-nsm");
    (void)pthread_mutex_lock(&manager->lock);
    while (!manager->closing) {
        grille_nsm_task *task = choose(manager);
        if (task != NULL) {
            serve(manager, task);
        } else {
            wait(manager);
        }
    }
    end_all(manager);
    (void)pthread_mutex_unlock(&manager->lock);
    return NULL;
}

void grille_nsm_manager_show(grille_nsm_manager *manager, const grille_nsm_request *request, grille_bytes document) {
    grille_nsm_observe_fn *observe = NULL;
    void *user = NULL;
    (void)pthread_mutex_lock(&manager->lock);
    observe = manager->observe;
    user = manager->observe_user;
    manager->observing = true;
    (void)pthread_mutex_unlock(&manager->lock);
    if (observe != NULL) observe(user, request, document, grille_nsm_now_us(&manager->base));
    (void)pthread_mutex_lock(&manager->lock);
    manager->observing = false;
    (void)pthread_cond_broadcast(&manager->told);
    (void)pthread_mutex_unlock(&manager->lock);
}

void grille_nsm_observe(grille_nsm *managed, grille_nsm_observe_fn *observe, void *user) {
    grille_nsm_manager *manager = grille_nsm_manager_of(managed);
    (void)pthread_mutex_lock(&manager->lock);
    manager->observe = observe;
    manager->observe_user = user;
    while (manager->observing)
        (void)pthread_cond_wait(&manager->told, &manager->lock);
    (void)pthread_mutex_unlock(&manager->lock);
}

void grille_nsm_clock_moved(grille_nsm *managed) {
    grille_nsm_manager *manager = grille_nsm_manager_of(managed);
    (void)pthread_mutex_lock(&manager->lock);
    (void)pthread_cond_signal(&manager->work);
    (void)pthread_mutex_unlock(&manager->lock);
}

void grille_nsm_get_counters(grille_nsm *managed, grille_nsm_counters *counters) {
    grille_nsm_manager *manager = grille_nsm_manager_of(managed);
    (void)pthread_mutex_lock(&manager->lock);
    *counters = manager->counters;
    counters->application_depth = manager->queues[GRILLE_NSM_CLASS_APPLICATION].depth;
    counters->application_depth_highest = manager->queues[GRILLE_NSM_CLASS_APPLICATION].highest;
    counters->channel_depth = manager->queues[GRILLE_NSM_CLASS_CHANNEL].depth;
    counters->channel_depth_highest = manager->queues[GRILLE_NSM_CLASS_CHANNEL].highest;
    (void)pthread_mutex_unlock(&manager->lock);
}
