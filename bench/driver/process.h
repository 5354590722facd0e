/* SPDX-License-Identifier: Apache-2.0
 * An agent as a child process: pinned, with pipes, never left behind. One thread. */
#ifndef GRILLE_BENCH_PROCESS_H
#define GRILLE_BENCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_ANSWER_MAX = 4 << 20, BENCH_LAST_LINE_MAX = 200, BENCH_CPU_ANY = -1 };

typedef struct bench_process {
    pid_t pid; /* 0: none runs */
    int in;    /* its standard input: while this is open we are there */
    int out, err;
    char *answer; /* what it wrote to standard output, with a NUL behind it */
    size_t answer_len;
    bool too_much;                           /* it wrote more than BENCH_ANSWER_MAX */
    char line[BENCH_LAST_LINE_MAX + 1];      /* of standard error, being read */
    char last_line[BENCH_LAST_LINE_MAX + 1]; /* the last whole one that is not empty */
    size_t line_len;
    int status; /* of waitpid, once pid is 0 again */
} bench_process;

/* What ends a wait. */
typedef enum bench_wait {
    BENCH_WAIT_DONE,        /* a line is there; the process has ended */
    BENCH_WAIT_ENDED,       /* waiting for a line: the process has ended without one */
    BENCH_WAIT_LATE,        /* the deadline */
    BENCH_WAIT_TOO_MUCH,    /* more than BENCH_ANSWER_MAX, or than a line of that */
    BENCH_WAIT_INTERRUPTED, /* bench_interrupted */
} bench_wait;

/* Set by whoever catches SIGINT and SIGTERM: all waits end. */
extern volatile int bench_interrupted;

/* Starts argv[0] (looked for in PATH when it has no slash), on one CPU unless it is BENCH_CPU_ANY; traced: it stops at
 * its first instruction for its parent's ptrace. It is killed when this process ends, however that happens. False:
 * `why` tells (also a program that can't be executed). The struct is the caller's to end. */
bool bench_process_start(bench_process *process, char *const *argv, int cpu, bool traced, char why[256]);

/* Waits for the first line of standard output / for the end. `deadline_ns` of bench_now_ns. */
bench_wait bench_process_line(bench_process *process, uint64_t deadline_ns);
bench_wait bench_process_end(bench_process *process, uint64_t deadline_ns);

/* Reads what is there, without waiting. */
void bench_process_pump(bench_process *process);
/* Notes that it was reaped elsewhere. */
void bench_process_reaped(bench_process *process, int status);

/* Its own end: no input any more and SIGTERM; after `patience_ms` SIGKILL. Then everything is given back. */
void bench_process_stop(bench_process *process, unsigned patience_ms);

/* What there is to say of a process that failed: its last line on standard error, or how it ended. */
void bench_process_tell(const bench_process *process, char text[256]);

#endif
