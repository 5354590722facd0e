/* SPDX-License-Identifier: Apache-2.0
 * One line on a terminal that says how far a run is. */
#ifndef GRILLE_BENCH_PROGRESS_H
#define GRILLE_BENCH_PROGRESS_H

#include <stdio.h>

#include "bench/driver/plan.h"

typedef struct bench_progress {
    FILE *out; /* NULL: nobody looks */
    uint32_t rounds;
    uint64_t begin_ns;
    bool shown;
} bench_progress;

/* To standard error, when that is a terminal and `quiet` is not set. */
bench_progress bench_progress_begin(bool quiet, uint32_t rounds);
/* The line's text, without its control characters: "12/54 rpc-attested … round 2 of 3, about 21 s left". */
void bench_progress_text(const bench_progress *progress, const bench_plan_row *row, uint32_t round, size_t done,
                         size_t all, uint64_t now_ns, char text[256]);
/* A bench_progress_function; `user` is the progress. Round 0: counting system calls. */
void bench_progress_show(void *user, const bench_plan_row *row, uint32_t round, size_t done, size_t all);
/* Takes the line away. */
void bench_progress_end(bench_progress *progress);

#endif
