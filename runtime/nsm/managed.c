/* SPDX-License-Identifier: Apache-2.0
 * The application's side of a managed NSM: calls that block until the thread has done them. */
#include "nsm/managed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "nsm/managed_state.h"
#include "wire/limits.h"

/* On the stack of a blocked caller, whose memory the thread writes meanwhile. Each operation uses what it needs. */
typedef struct blocked_call {
    grille_nsm_task task; /* first */
    pthread_cond_t ended;
    grille_error *error;
    const grille_nsm_request *request;
    uint8_t *out;
    size_t capacity;
    size_t *len;
    grille_nsm_description *description;
    uint16_t index;
    grille_bytes data;
    bool *locked;
} blocked_call;

static const blocked_call *call_of(const grille_nsm_task *task) {
    return (const blocked_call *)(const void *)task;
}

static void tell(grille_nsm_task *task, grille_nsm_manager *manager) {
    (void)manager;
    task->state = GRILLE_NSM_TASK_ENDED;
    (void)pthread_cond_signal(&((blocked_call *)(void *)task)->ended);
}

/* Queues a call and waits for its end. */
static grille_reason perform(grille_nsm *nsm, blocked_call *call, uint64_t *count,
                             grille_reason (*serve)(grille_nsm_task *task, grille_nsm_manager *manager)) {
    grille_nsm_manager *manager = grille_nsm_manager_of(nsm);
    grille_reason reason;
    if (pthread_equal(pthread_self(), manager->thread)) {
        return grille_error_set(call->error, GRILLE_REASON_LOOP_WOULD_DEADLOCK,
                                "the NSM was called from its own thread, inside a `done` or an observer");
    }
    if (pthread_cond_init(&call->ended, NULL) != 0)
        return grille_error_default(call->error, GRILLE_REASON_OUT_OF_MEMORY);
    call->task.serve = serve;
    call->task.tell = tell;
    call->task.count = count;
    (void)pthread_mutex_lock(&manager->lock);
    reason = grille_nsm_manager_queue(manager, &call->task, GRILLE_NSM_CLASS_APPLICATION, call->error);
    if (reason != GRILLE_REASON_OK) {
        (void)pthread_mutex_unlock(&manager->lock);
    } else {
        while (call->task.state != GRILLE_NSM_TASK_ENDED)
            (void)pthread_cond_wait(&call->ended, &manager->lock);
        reason = call->task.reason;
        grille_nsm_manager_unlock_and_release(manager);
        if (reason == GRILLE_REASON_NSM_CLOSED) (void)grille_nsm_closed_error(call->error);
    }
    (void)pthread_cond_destroy(&call->ended);
    return reason;
}

static grille_reason serve_attest(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    grille_reason reason = manager->inner->functions->attest(manager->inner, call->request, call->out, call->capacity,
                                                             call->len, call->error);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_nsm_manager_show(manager, call->request, grille_bytes_of(call->out, *call->len));
    return GRILLE_REASON_OK;
}

static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    blocked_call call = {.error = error, .request = request, .out = document, .capacity = capacity, .len = len};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.application_documents, serve_attest);
}

static grille_reason serve_random(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->random(manager->inner, call->out, call->capacity, call->error);
}

static grille_reason get_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(error);
    for (size_t done = 0; done < len && reason == GRILLE_REASON_OK;) {
        size_t piece = len - done < GRILLE_LIMIT_NSM_RANDOM_BYTES ? len - done : GRILLE_LIMIT_NSM_RANDOM_BYTES;
        blocked_call call = {.error = error, .out = out + done, .capacity = piece};
        reason = perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.randoms, serve_random);
        done += piece;
    }
    if (reason != GRILLE_REASON_OK) grille_wipe(out, len);
    return reason;
}

static grille_reason serve_describe(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->describe(manager->inner, call->description, call->error);
}

static grille_reason describe(grille_nsm *nsm, grille_nsm_description *description, grille_error *error) {
    blocked_call call = {.error = error, .description = description};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.others, serve_describe);
}

static grille_reason serve_describe_pcr(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->describe_pcr(manager->inner, call->index, call->out, call->locked, call->error);
}

static grille_reason describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error) {
    blocked_call call = {.error = error, .index = index, .out = value, .locked = locked};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.others, serve_describe_pcr);
}

static grille_reason serve_extend_pcr(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->extend_pcr(manager->inner, call->index, call->data, call->out, call->error);
}

static grille_reason extend_pcr(grille_nsm *nsm, uint16_t index, grille_bytes data, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                grille_error *error) {
    blocked_call call = {.error = error, .index = index, .data = data, .out = value};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.others, serve_extend_pcr);
}

static grille_reason serve_lock_pcr(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->lock_pcr(manager->inner, call->index, call->error);
}

static grille_reason lock_pcr(grille_nsm *nsm, uint16_t index, grille_error *error) {
    blocked_call call = {.error = error, .index = index};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.others, serve_lock_pcr);
}

static grille_reason serve_lock_pcrs(grille_nsm_task *task, grille_nsm_manager *manager) {
    const blocked_call *call = call_of(task);
    return manager->inner->functions->lock_pcrs(manager->inner, call->index, call->error);
}

static grille_reason lock_pcrs(grille_nsm *nsm, uint16_t range, grille_error *error) {
    blocked_call call = {.error = error, .index = range};
    grille_error_clear(error);
    return perform(nsm, &call, &grille_nsm_manager_of(nsm)->counters.others, serve_lock_pcrs);
}

void grille_nsm_manager_unlock_and_release(grille_nsm_manager *manager) {
    bool last = --manager->references == 0;
    (void)pthread_mutex_unlock(&manager->lock);
    if (!last) return;
    (void)pthread_cond_destroy(&manager->told);
    (void)pthread_cond_destroy(&manager->work);
    (void)pthread_mutex_destroy(&manager->lock);
    free(manager);
}

static void close_managed(grille_nsm *nsm) {
    grille_nsm_manager *manager = grille_nsm_manager_of(nsm);
    if (manager == NULL) return;
    (void)pthread_mutex_lock(&manager->lock);
    manager->closing = true;
    (void)pthread_cond_signal(&manager->work);
    (void)pthread_mutex_unlock(&manager->lock);
    (void)pthread_join(manager->thread, NULL);
    manager->inner->functions->close(manager->inner);
    (void)pthread_mutex_lock(&manager->lock);
    grille_nsm_manager_unlock_and_release(manager);
}

static const grille_nsm_functions managed_functions = {
    .attest = attest,
    .random = get_random,
    .describe = describe,
    .describe_pcr = describe_pcr,
    .extend_pcr = extend_pcr,
    .lock_pcr = lock_pcr,
    .lock_pcrs = lock_pcrs,
    .close = close_managed,
};

bool grille_nsm_is_managed(const grille_nsm *nsm) {
    return nsm->functions == &managed_functions;
}

static grille_nsm_managed_options with_defaults(const grille_nsm_managed_options *options) {
    grille_nsm_managed_options complete = {.now = NULL};
    if (options != NULL) complete = *options;
    if (complete.queue_length == 0) complete.queue_length = GRILLE_DEFAULT_NSM_QUEUE;
    if (complete.documents_per_second == 0) complete.documents_per_second = GRILLE_DEFAULT_NSM_DOCUMENTS_PER_SECOND;
    if (complete.document_burst == 0) complete.document_burst = GRILLE_DEFAULT_NSM_DOCUMENT_BURST;
    return complete;
}

static void init(grille_nsm_manager *manager, grille_nsm *inner, const grille_nsm_managed_options *options) {
    pthread_condattr_t monotonic;
    manager->base.functions = &managed_functions;
    manager->inner = inner;
    manager->options = with_defaults(options);
    manager->references = 1;
    for (int i = 0; i < GRILLE_NSM_CLASS_COUNT; i++)
        grille_list_init(&manager->queues[i].waiting);
    manager->last_served = GRILLE_NSM_CLASS_CHANNEL;
    grille_rate_limit_init(&manager->tokens, manager->options.document_burst, manager->options.documents_per_second,
                           grille_nsm_now_us(&manager->base));
    (void)pthread_mutex_init(&manager->lock, NULL);
    (void)pthread_cond_init(&manager->told, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&manager->work, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

/* No signal of the application is handled on the thread, in the middle of a call of the device. */
static int start(grille_nsm_manager *manager) {
    sigset_t all, before;
    int status = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    status = pthread_create(&manager->thread, NULL, grille_nsm_manager_run, manager);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

grille_reason grille_nsm_manage(grille_nsm *inner, const grille_nsm_managed_options *options, grille_nsm **managed,
                                grille_error *error) {
    grille_nsm_manager *manager = calloc(1, sizeof *manager);
    int status = 0;
    *managed = NULL;
    grille_error_clear(error);
    if (manager == NULL) {
        inner->functions->close(inner);
        return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    init(manager, inner, options);
    status = start(manager);
    if (status != 0) {
        inner->functions->close(inner);
        (void)pthread_mutex_lock(&manager->lock);
        grille_nsm_manager_unlock_and_release(manager);
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "the thread of the NSM could not be made: %s",
                                strerror(status));
    }
    *managed = &manager->base;
    return GRILLE_REASON_OK;
}
