/* SPDX-License-Identifier: Apache-2.0
 * System calls and bytes on the wire for each call: both ends run under ptrace, once with N calls and once with 2 N,
 * and what the second run has more is divided by N. Start, handshake and end fall out. */
#ifndef GRILLE_BENCH_SYSCALLS_H
#define GRILLE_BENCH_SYSCALLS_H

#include "bench/driver/measure.h"

/* What all traced threads did. */
typedef struct bench_syscall_counts {
    uint64_t calls;      /* but for sched_yield, which is polling and no work */
    uint64_t yields;     /* sched_yield */
    uint64_t wire_bytes; /* that write, writev, sendto and sendmsg took on sockets */
} bench_syscall_counts;

typedef struct bench_per_call {
    double system_calls;
    double wire_bytes;
} bench_per_call;

/* Whether a row is counted at all: patterns with calls or messages, on two processes of ours. */
bool bench_syscalls_fit(const bench_plan_row *row);
/* N for this row: 1,000, fewer where messages are large. */
uint64_t bench_syscalls_count(const bench_spec *spec);

/* Runs the row twice. MEASURED: *per_call is set. */
bench_outcome bench_syscalls_measure(bench_bed *bed, const bench_plan_row *row, bench_per_call *per_call,
                                     char why[256]);

#endif
