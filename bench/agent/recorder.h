/* SPDX-License-Identifier: Apache-2.0
 * What one load process counts between the begin and the end of its measured part: latencies, CPU of both ends, heap
 * calls of both ends, bytes of messages. One thread at a time. */
#ifndef GRILLE_BENCH_RECORDER_H
#define GRILLE_BENCH_RECORDER_H

#include <time.h>

#include "bench/agent/histogram.h"
#include "bench/agent/spec.h"

/* Of one measured part. Negative: not known to this row. */
typedef struct bench_result {
    uint64_t calls;
    uint64_t errors;
    uint64_t message_bytes; /* payload moved, all directions */
    uint64_t wall_ns;
    int64_t client_cpu_ns;
    int64_t server_cpu_ns;
    int64_t client_heap_calls;
    int64_t server_heap_calls;
    int64_t server_rss_kib;       /* at the end, all connections open */
    int64_t server_first_rss_kib; /* with one connection, before the others were opened (idle) */
    int64_t client_rss_kib;
    char cipher[48]; /* "none", "TLS13-AES128-GCM-SHA256" … */
    bench_histogram *latency_ns;
} bench_result;

typedef struct bench_recorder {
    const bench_spec *spec;
    bench_result result;
    uint64_t begin_ns;      /* 0: warming up, nothing counts */
    uint64_t end_ns;        /* when the time is over */
    uint64_t warm_until_ns; /* 0: not started */
    uint64_t warm_calls;
    bool ended;
    bool server_clock_known;
    clockid_t client_clock; /* of this process; a row that serves itself sets those of its two threads */
    clockid_t server_clock;
    int64_t at_begin[4]; /* CPU and heap calls of both ends */
} bench_recorder;

/* False: no memory. `spec` must outlive the recorder. The agent's main does this before a row's load. */
bool bench_recorder_init(bench_recorder *recorder, const bench_spec *spec);
void bench_recorder_deinit(bench_recorder *recorder);

/* Connections are open, the first call is about to be sent: warm-up starts, and without one (warm_up_ms is 0) the
 * measured part. The first note does it when a row has not. */
void bench_recorder_start(bench_recorder *recorder, uint64_t now_ns);

/* One call (or message) ended: latency and payload of both directions. Goes from warm-up to measuring by itself, and
 * ends the measured part by itself when time or count are over. Calls begun before the measured part count when they
 * end in it; of an open loop also those that were meant for it and end a few seconds later. True while there is more
 * to do; after that nothing counts any more. */
bool bench_recorder_note(bench_recorder *recorder, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes);
/* So many of them that ended together; with a count, never more than are left. */
bool bench_recorder_note_many(bench_recorder *recorder, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes,
                              uint64_t times);
/* A call that failed: counted when measuring, and in no other figure. */
void bench_recorder_error(bench_recorder *recorder);
/* For patterns that begin by hand (idle). Ending twice does nothing more: a row may always do it. */
void bench_recorder_begin(bench_recorder *recorder, uint64_t now_ns);
void bench_recorder_end(bench_recorder *recorder, uint64_t now_ns);

/* The result as one line of JSON (bench/README.md "An agent's answer"), to standard output. False: it could not be
 * written. */
bool bench_result_print(const bench_result *result);

uint64_t bench_now_ns(void);

#endif
