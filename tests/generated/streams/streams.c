/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <stdlib.h>
#include <string.h>

void streams_outcome_init(streams_outcome *outcome, const streams_plan *plan) {
    memset(outcome, 0, sizeof *outcome);
    outcome->plan = *plan;
    if (sem_init(&outcome->done, 0, 0) != 0 || pthread_mutex_init(&outcome->in_use, NULL) != 0) abort();
}

void streams_outcome_deinit(streams_outcome *outcome) {
    (void)sem_destroy(&outcome->done);
    (void)pthread_mutex_destroy(&outcome->in_use);
}
