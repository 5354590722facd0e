/* SPDX-License-Identifier: Apache-2.0
 * An NSM behind a thread of its own. The device does one thing at a time for the whole enclave, and a document may take
 * long; so whoever asks waits in one of two bounded queues: the application's calls, and the evidence of channels,
 * which strangers can cause. They are served in turn when both wait, each in its own order, and evidence only at the
 * rate of a token bucket: neither can hold up the other by more than what is being done and one request besides. */
#ifndef GRILLE_NSM_MANAGED_H
#define GRILLE_NSM_MANAGED_H

#include "base/time.h"
#include "grille/attest.h"
#include "nsm/nsm.h"

/* Copied when the NSM is managed. A number that is 0 means its default in wire/limits.h. */
typedef struct grille_nsm_managed_options {
    uint32_t queue_length;         /* requests that wait, in each of the two queues */
    uint32_t documents_per_second; /* of channels */
    uint32_t document_burst;
    /* Monotonic, any thread. NULL: the system's. Who gives one tells by grille_nsm_clock_moved when time passed. */
    grille_time_us (*now)(void *now_user);
    void *now_user;
} grille_nsm_managed_options;

/* Takes `inner` over and closes it, on failure too. The result implements grille_nsm_functions (nsm.h); these calls are
 * the application's: each blocks its caller until the NSM's thread has done it. NSM_BUSY when the queue is full; a long
 * request for randomness queues again for every 4 KiB of it. `close` lets what is being done finish, ends everything
 * that waits with NSM_CLOSED, ends the thread and closes `inner`; it may block as long as the device does. Not called
 * from a `done`. OUT_OF_MEMORY, or SYSTEM when there is no thread. */
GRILLE_MUST_USE grille_reason grille_nsm_manage(grille_nsm *inner, const grille_nsm_managed_options *options,
                                                grille_nsm **managed, grille_error *error);

bool grille_nsm_is_managed(const grille_nsm *nsm);

/* A document for a channel that is being made. */
typedef struct grille_nsm_job grille_nsm_job;

/* On the NSM's thread. Must not block, and may call nothing of the NSM but grille_nsm_job_result and _free. */
typedef void grille_nsm_done_fn(void *user);

/* Queues a request, which is copied, and returns at once. `done` (may be NULL) is called once when there is a result.
 * The job is the caller's until grille_nsm_job_free, and may outlive the NSM. Any thread. Errors, without a job:
 * NSM_BUSY, BAD_ARGUMENT for a field over GRILLE_NSM_FIELD_MAX, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_nsm_attest_later(grille_nsm *managed, const grille_nsm_request *request,
                                                      grille_nsm_done_fn *done, void *user, grille_nsm_job **job,
                                                      grille_error *error);

/* MORE: not done yet. OK: the document, borrowed until the job is freed. Else why there is none: what the NSM answered,
 * or NSM_CLOSED. Any thread. */
GRILLE_MUST_USE grille_reason grille_nsm_job_result(grille_nsm_job *job, grille_bytes *document, grille_error *error);

/* A job that still waits is taken out of its queue; one that the device works on is forgotten, without waiting for it.
 * After this has returned `done` is not running and will not run (but for a `done` that frees its own job). NULL is
 * ignored. Any thread. */
void grille_nsm_job_free(grille_nsm_job *job);

void grille_nsm_get_counters(grille_nsm *managed, grille_nsm_counters *counters);

/* Is shown each document that is made, with the request it answers and when the device was done, on the NSM's thread
 * and before whoever asked gets it. Must not block, nor call the NSM. */
typedef void grille_nsm_observe_fn(void *user, const grille_nsm_request *request, grille_bytes document,
                                   grille_time_us done_us);

/* There is one observer; NULL: none. When it returns the one before is not running and will not run. Not from a
 * `done` or an observer. */
void grille_nsm_observe(grille_nsm *managed, grille_nsm_observe_fn *observe, void *user);

/* Its clock, which observers' times are of: of the options or the system's. */
grille_time_us grille_nsm_now_us(const grille_nsm *managed);

/* The clock of the options went on: tokens may be there now. */
void grille_nsm_clock_moved(grille_nsm *managed);

#endif
