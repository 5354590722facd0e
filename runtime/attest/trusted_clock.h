/* SPDX-License-Identifier: Apache-2.0
 * Wall time of the enclave's own documents. An enclave's system clock follows its parent, which may be hostile; the
 * timestamp of a document comes from the NSM, by the device alone. Between two documents the monotonic clock goes on
 * from there, so that the age of the last one bounds what a wrong monotonic clock can do. */
#ifndef GRILLE_ATTEST_TRUSTED_CLOCK_H
#define GRILLE_ATTEST_TRUSTED_CLOCK_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/time.h"
#include "grille/identity.h"
#include "nsm/nsm.h"

/* Caller's storage. Time is an argument: monotonic, always of one clock. Any thread. */
typedef struct grille_trusted_clock {
    _Atomic int64_t offset_us;   /* wall less monotonic time, by the last sample; INT64_MIN: there is none */
    _Atomic int64_t told_ms;     /* the latest answer: no other one is before it */
    pthread_mutex_t lock;        /* for all below */
    pthread_mutex_t asking;      /* held by who gets a fresh document, so that others wait for the same one */
    grille_wall_ms timestamp_ms; /* of the sample's document */
    grille_time_us sampled_us;
    char module_id[GRILLE_MODULE_ID_MAX]; /* of the first sample */
} grille_trusted_clock;

void grille_trusted_clock_init(grille_trusted_clock *clock);
void grille_trusted_clock_deinit(grille_trusted_clock *clock);

/* Whether `document` can tell the time: a well-formed document with exactly the fields of `request`, the answer to
 * which it is, and of the module that the samples so far are of. Its signature is not looked at: the bytes must come
 * from our own NSM. NSM_NO_TIME with an explanation. */
GRILLE_MUST_USE grille_reason grille_trusted_clock_check(grille_trusted_clock *clock, const grille_nsm_request *request,
                                                         grille_bytes document, grille_error *error);

/* Takes such a document, which the NSM had made at `done_us`, as a sample. NSM_NO_TIME also when it is older than the
 * sample; the sample stays then. */
GRILLE_MUST_USE grille_reason grille_trusted_clock_take(grille_trusted_clock *clock, const grille_nsm_request *request,
                                                        grille_bytes document, grille_time_us done_us,
                                                        grille_error *error);

/* The time, never before one that was answered already. False: no sample yet. Never blocks. */
GRILLE_MUST_USE bool grille_trusted_clock_read(grille_trusted_clock *clock, grille_time_us now_us,
                                               grille_wall_ms *now_ms);

/* How old the sample is. False: no sample yet. */
GRILLE_MUST_USE bool grille_trusted_clock_age(grille_trusted_clock *clock, grille_time_us now_us, uint64_t *age_us);

#endif
