/* SPDX-License-Identifier: Apache-2.0
 * Follows processes and all their threads from system call to system call. */
#ifndef GRILLE_BENCH_TRACER_H
#define GRILLE_BENCH_TRACER_H

#include "bench/driver/process.h"
#include "bench/driver/syscalls.h"

enum { BENCH_THREADS_MAX = 256 };

typedef struct bench_traced_thread {
    pid_t tid;        /* 0: free */
    bool has_options; /* of a process: its first stop was seen */
    bool in_call;
    uint64_t number, fd; /* of the call that it is in */
} bench_traced_thread;

typedef struct bench_tracer {
    bench_traced_thread threads[BENCH_THREADS_MAX];
    bench_process *processes[2]; /* started with `traced`; NULL: none yet */
    bench_syscall_counts counts;
    bool lost; /* more threads than that, or ptrace failed */
} bench_tracer;

/* Goes on until `line` (a process has printed its first line) or the end of `process`. */
bench_wait bench_tracer_run(bench_tracer *tracer, bench_process *process, bool line, uint64_t deadline_ns);

#endif
