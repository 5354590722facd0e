/* SPDX-License-Identifier: Apache-2.0
 * What holds of every caller and handler of streams.proto, in whatever runtime. */
#ifndef GRILLE_TESTS_GENERATED_STREAMS_CASES_H
#define GRILLE_TESTS_GENERATED_STREAMS_CASES_H

#include "streams.h"

/* Who calls whom, through what. */
typedef struct streams_pairing {
    const streams_caller *caller;
    grille_channel *channel;
    streams_counts *counts;
    void (*wait)(streams_outcome *outcome);       /* until it is done */
    void (*wait_pause)(streams_outcome *outcome); /* until it is paused */
    bool (*wait_ends)(streams_counts *counts);    /* until each call that a handler saw is over there too */
    char name[64];
} streams_pairing;

/* Calls that handlers saw the end of. */
unsigned streams_ended(const streams_counts *counts);

typedef struct streams_case {
    const char *name;
    void (*run)(void **state); /* *state: a streams_pairing */
} streams_case;

extern const streams_case streams_cases[];
extern const size_t streams_case_count;

#endif
