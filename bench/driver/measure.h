/* SPDX-License-Identifier: Apache-2.0
 * One measurement: a server and a load, each a process of its own, for one row. */
#ifndef GRILLE_BENCH_MEASURE_H
#define GRILLE_BENCH_MEASURE_H

#include "bench/agent/recorder.h"
#include "bench/driver/plan.h"
#include "bench/driver/process.h"

/* What all measurements of a run share. Borrowed. */
typedef struct bench_bed {
    const char *self;   /* this command's executable */
    const char *folder; /* 0700; in it a folder SERVER-CLIENT for each pair of kinds, or "target" */
    uint32_t vsock_cid, port;
    uint32_t patience_ms; /* beyond the measured time, for a load to answer; 0: 20 s */
    uint32_t next_number; /* of sockets and files */
} bench_bed;

typedef enum bench_outcome {
    BENCH_MEASURED,
    BENCH_UNSUPPORTED, /* the agent has no such pattern */
    BENCH_FAILED,
    BENCH_INTERRUPTED,
} bench_outcome;

/* Both ends while they run. */
typedef struct bench_pair {
    bench_process server; /* pid 0: none (in-process, or elsewhere) */
    bench_process load;
    bench_spec spec; /* where the server is, and what is passed on */
    bool has_server;
} bench_pair;

/* Measures once. MEASURED: result->latency_ns is the caller's to free. Else `why` tells. Nothing is left running. */
bench_outcome bench_measure(bench_bed *bed, const bench_plan_row *row, bench_result *result, char why[256]);

/* The parts, for whoever runs a pair otherwise. `spec`: the row's, or with a count in place of the time. */
bool bench_pair_spec(bench_bed *bed, const bench_plan_row *row, const bench_spec *spec, bench_pair *pair,
                     char why[256]);
bool bench_pair_start_server(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bool traced,
                             char why[256]);
/* Takes the address from the line that the server printed. */
bool bench_pair_ready(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, char why[256]);
bool bench_pair_start_load(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bool traced,
                           char why[256]);
/* What an ended load comes to. */
bench_outcome bench_pair_answer(bench_pair *pair, bench_result *result, char why[256]);
void bench_pair_stop(bench_pair *pair);
uint64_t bench_pair_deadline_ns(const bench_bed *bed, const bench_spec *spec);

#endif
