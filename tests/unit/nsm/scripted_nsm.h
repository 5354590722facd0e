/* SPDX-License-Identifier: Apache-2.0
 * An NSM that does what a test tells it: each operation waits at a gate, is written down, and may fail. It fails the
 * test when two operations are under way at once. */
#ifndef GRILLE_TESTS_SCRIPTED_NSM_H
#define GRILLE_TESTS_SCRIPTED_NSM_H

#include <pthread.h>

#include "nsm/nsm.h"

enum { SCRIPTED_LOG_MAX = 4096 };

typedef struct scripted_nsm {
    grille_nsm nsm;    /* first */
    grille_nsm *inner; /* what passes is asked of this one, which is the test's; NULL: made up */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool gated; /* operations wait for a permit */
    int permits;
    int entered; /* operations that came to the gate */
    int finished;
    int active;
    int closed;
    grille_reason fails_with; /* OK: no operation fails */
    /* One letter an operation that entered: a document's is the first byte of its user_data; R, D, P, E, L, S. */
    char log[SCRIPTED_LOG_MAX];
} scripted_nsm;

/* Caller's storage, which outlives the NSM. */
void scripted_nsm_init(scripted_nsm *scripted, bool gated);
void scripted_nsm_deinit(scripted_nsm *scripted);
/* Lets `count` more operations pass. */
void scripted_nsm_permit(scripted_nsm *scripted, int count);
/* From now on each waits for a permit; and all pass. */
void scripted_nsm_gate(scripted_nsm *scripted);
void scripted_nsm_open(scripted_nsm *scripted);
/* Until so many have come to the gate, or ended, since the start. */
void scripted_nsm_wait_entered(scripted_nsm *scripted, int count);
void scripted_nsm_wait_finished(scripted_nsm *scripted, int count);
/* From now on operations fail so; OK: they work. */
void scripted_nsm_fail(scripted_nsm *scripted, grille_reason reason);
/* A copy of the log. */
const char *scripted_nsm_log(scripted_nsm *scripted, char copy[SCRIPTED_LOG_MAX]);

#endif
