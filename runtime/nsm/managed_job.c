/* SPDX-License-Identifier: Apache-2.0
 * Documents for channels: nobody blocks for them. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "nsm/managed_state.h"

struct grille_nsm_job {
    grille_nsm_task task; /* first */
    grille_nsm_manager *manager;
    grille_nsm_done_fn *done;
    void *user;
    bool forgotten; /* its owner freed it while it could not be */
    grille_error error;
    grille_nsm_request request; /* views into `fields` */
    uint8_t *document;
    size_t document_len;
    uint8_t fields[];
};

static grille_nsm_job *job_of(grille_nsm_task *task) {
    return (grille_nsm_job *)(void *)task;
}

static void free_memory(grille_nsm_job *job) {
    free(job->document);
    free(job);
}

static grille_reason serve(grille_nsm_task *task, grille_nsm_manager *manager) {
    grille_nsm_job *job = job_of(task);
    size_t len = 0;
    grille_reason reason = manager->inner->functions->attest(manager->inner, &job->request, manager->document,
                                                             sizeof manager->document, &len, &job->error);
    if (reason != GRILLE_REASON_OK) return grille_error_default(&job->error, reason);
    grille_nsm_manager_show(manager, &job->request, grille_bytes_of(manager->document, len));
    job->document = malloc(len > 0 ? len : 1);
    if (job->document == NULL) return grille_error_default(&job->error, GRILLE_REASON_OUT_OF_MEMORY);
    memcpy(job->document, manager->document, len);
    job->document_len = len;
    return GRILLE_REASON_OK;
}

static void tell(grille_nsm_task *task, grille_nsm_manager *manager) {
    grille_nsm_job *job = job_of(task);
    if (task->reason == GRILLE_REASON_NSM_CLOSED) (void)grille_nsm_closed_error(&job->error);
    if (!job->forgotten && job->done != NULL) {
        task->state = GRILLE_NSM_TASK_IS_TOLD;
        (void)pthread_mutex_unlock(&manager->lock);
        job->done(job->user);
        (void)pthread_mutex_lock(&manager->lock);
    }
    task->state = GRILLE_NSM_TASK_ENDED;
    (void)pthread_cond_broadcast(&manager->told);
    if (!job->forgotten) return;
    manager->references--; /* the owner's is still there: it waits for this thread */
    free_memory(job);
}

/* A copy; a field without data stays one. */
static grille_bytes keep(grille_writer *writer, grille_bytes field) {
    uint8_t *copy = grille_write_space(writer, field.len);
    if (field.data == NULL || copy == NULL) return grille_bytes_of(NULL, 0);
    if (field.len > 0) memcpy(copy, field.data, field.len);
    return grille_bytes_of(copy, field.len);
}

static grille_reason check_fields(const grille_nsm_request *request, grille_error *error) {
    if (request->user_data.len <= GRILLE_NSM_FIELD_MAX && request->nonce.len <= GRILLE_NSM_FIELD_MAX &&
        request->public_key.len <= GRILLE_NSM_FIELD_MAX) {
        return GRILLE_REASON_OK;
    }
    return grille_error_set(
        error, GRILLE_REASON_BAD_ARGUMENT,
        "a document's fields take %d bytes each; asked for user_data %zu, nonce %zu, public_key %zu",
        GRILLE_NSM_FIELD_MAX, request->user_data.len, request->nonce.len, request->public_key.len);
}

static grille_nsm_job *make(grille_nsm_manager *manager, const grille_nsm_request *request, grille_nsm_done_fn *done,
                            void *user) {
    size_t fields_len = request->user_data.len + request->nonce.len + request->public_key.len;
    grille_nsm_job *job = calloc(1, sizeof *job + fields_len);
    grille_writer writer;
    if (job == NULL) return NULL;
    writer = grille_writer_into(job->fields, fields_len);
    job->request.user_data = keep(&writer, request->user_data);
    job->request.nonce = keep(&writer, request->nonce);
    job->request.public_key = keep(&writer, request->public_key);
    job->task.serve = serve;
    job->task.tell = tell;
    job->task.count = &manager->counters.channel_documents;
    job->manager = manager;
    job->done = done;
    job->user = user;
    return job;
}

grille_reason grille_nsm_attest_later(grille_nsm *managed, const grille_nsm_request *request, grille_nsm_done_fn *done,
                                      void *user, grille_nsm_job **job, grille_error *error) {
    grille_nsm_manager *manager = grille_nsm_manager_of(managed);
    grille_nsm_job *made = NULL;
    grille_reason reason;
    *job = NULL;
    grille_error_clear(error);
    reason = check_fields(request, error);
    if (reason != GRILLE_REASON_OK) return reason;
    made = make(manager, request, done, user);
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    (void)pthread_mutex_lock(&manager->lock);
    reason = grille_nsm_manager_queue(manager, &made->task, GRILLE_NSM_CLASS_CHANNEL, error);
    /* Before `done` can run, which may want it. */
    if (reason == GRILLE_REASON_OK) *job = made;
    (void)pthread_mutex_unlock(&manager->lock);
    if (reason != GRILLE_REASON_OK) free_memory(made);
    return reason;
}

grille_reason grille_nsm_job_result(grille_nsm_job *job, grille_bytes *document, grille_error *error) {
    grille_reason reason = GRILLE_REASON_MORE;
    *document = grille_bytes_of(NULL, 0);
    grille_error_clear(error);
    (void)pthread_mutex_lock(&job->manager->lock);
    if (job->task.state == GRILLE_NSM_TASK_IS_TOLD || job->task.state == GRILLE_NSM_TASK_ENDED) {
        reason = job->task.reason;
        if (reason == GRILLE_REASON_OK) *document = grille_bytes_of(job->document, job->document_len);
        if (reason != GRILLE_REASON_OK && error != NULL) *error = job->error;
    }
    (void)pthread_mutex_unlock(&job->manager->lock);
    return reason;
}

/* Whether the thread, which has the job, is left to free it. With the lock held. */
static bool leave_to_thread(grille_nsm_job *job) {
    grille_nsm_manager *manager = job->manager;
    bool on_thread = pthread_equal(pthread_self(), manager->thread) != 0;
    if (job->task.state == GRILLE_NSM_TASK_IS_SERVED) manager->counters.forgotten++;
    if (job->task.state == GRILLE_NSM_TASK_IS_SERVED || (job->task.state == GRILLE_NSM_TASK_IS_TOLD && on_thread)) {
        job->forgotten = true;
        return true;
    }
    while (job->task.state == GRILLE_NSM_TASK_IS_TOLD)
        (void)pthread_cond_wait(&manager->told, &manager->lock);
    return false;
}

void grille_nsm_job_free(grille_nsm_job *job) {
    grille_nsm_manager *manager = NULL;
    if (job == NULL) return;
    manager = job->manager;
    (void)pthread_mutex_lock(&manager->lock);
    if (leave_to_thread(job)) {
        (void)pthread_mutex_unlock(&manager->lock);
        return;
    }
    if (job->task.state == GRILLE_NSM_TASK_WAITS) {
        grille_nsm_manager_unqueue(manager, &job->task);
        manager->counters.cancelled++;
    }
    free_memory(job);
    grille_nsm_manager_unlock_and_release(manager);
}
