/* SPDX-License-Identifier: Apache-2.0
 * Callers and handlers of streams.proto with each message library, through one face. Usable with any runtime: what
 * waits is told how. */
#ifndef GRILLE_TESTS_GENERATED_STREAMS_H
#define GRILLE_TESTS_GENERATED_STREAMS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "grille/grille.h"

typedef enum streams_kind { STREAMS_COLLECT, STREAMS_SPREAD, STREAMS_CHAT, STREAMS_KINDS } streams_kind;

/* What a caller does, and tells a handler to do. */
typedef struct streams_plan {
    streams_kind kind;
    bool offload, nobody; /* which of the methods */
    uint32_t count;       /* messages each way */
    uint32_t bytes;       /* of data in each */
    uint32_t code;        /* of Spread, which then fails after its messages */
    uint32_t cancel_at;   /* the caller cancels after so many messages; 0: never */
    uint32_t stop_at;     /* a blocking caller finishes after so many reads; 0: never */
    bool pauses;          /* on the first message; streams_resume goes on */
    const grille_call_options *options;
} streams_plan;

#define STREAMS_PLAN(...) ((streams_plan){__VA_ARGS__})

/* What came of it. `done` is posted last. */
typedef struct streams_outcome {
    streams_plan plan;
    grille_code started; /* what M_open or M_begin answered */
    grille_code code;
    char message[256];
    uint32_t sent;
    uint32_t received, wrong; /* messages */
    uint32_t sum_count, sum_wrong;
    uint64_t sum_bytes;
    atomic_uint agains, writables, headers, pauses, dones;
    char told[16];    /* the header "streams" */
    char trailer[16]; /* the trailer "streams" */
    atomic_bool paused;
    grille_code last;       /* of the last verb that failed */
    void *stream;           /* callback form */
    pthread_mutex_t in_use; /* the handle, by another thread than the loop's */
    sem_t done;
} streams_outcome;

void streams_outcome_init(streams_outcome *outcome, const streams_plan *plan);

void streams_outcome_deinit(streams_outcome *outcome);

/* What handlers see. Zero is a good start. */
typedef struct streams_counts {
    atomic_uint opens, ends[GRILLE_CALL_END_BROKEN + 1], half_closes, agains, returns;
    atomic_uint wrong;       /* what a handler found broken */
    bool answers_in_handler; /* of Later; else another thread answers */
} streams_counts;

typedef struct streams_caller {
    const char *name;
    /* Blocking form; done when it returns. */
    void (*call)(grille_channel *channel, streams_outcome *outcome);
    /* Callback form: unless `started` says no, done when outcome->done is posted. */
    void (*open)(grille_channel *channel, streams_outcome *outcome);
    void (*resume)(streams_outcome *outcome);
    /* Of the unary method Later. */
    void (*later)(grille_channel *channel, streams_outcome *outcome);
} streams_caller;

extern const streams_caller streams_caller_pb;
extern const streams_caller streams_caller_nano;

/* Registers the handlers; on a server or, when that is NULL, on a set of services. */
typedef grille_code streams_serve_fn(grille_server *server, grille_services *services, streams_counts *counts,
                                     grille_error *error);
streams_serve_fn streams_serve_pb;
streams_serve_fn streams_serve_nano;

/* The byte at a place of an item's data. */
static inline uint8_t streams_byte(uint32_t number, size_t at) {
    return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

#endif
