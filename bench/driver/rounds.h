/* SPDX-License-Identifier: Apache-2.0
 * Rows measured again and again, each round in another order, so that what the machine does meanwhile meets all of
 * them; medians with the least and the most. */
#ifndef GRILLE_BENCH_ROUNDS_H
#define GRILLE_BENCH_ROUNDS_H

#include "bench/driver/measure.h"
#include "bench/driver/plan.h"
#include "bench/report/report.h"

/* What came of one row. */
typedef struct bench_tally {
    double *samples[BENCH_FIGURE_COUNT]; /* as many as rounds have measured it, where the figure is known */
    uint32_t sample_count[BENCH_FIGURE_COUNT];
    uint32_t rounds;
    uint64_t errors;
    bench_histogram *latency_ns;
    bench_outcome outcome; /* of the last round; a row that failed is not tried again */
    char why[256];
    char cipher[48];
} bench_tally;

/* Measures one row once, as bench_measure. */
typedef bench_outcome bench_measure_function(void *user, const bench_plan_row *row, bench_result *result,
                                             char why[256]);
/* Told before each measurement. */
typedef void bench_progress_function(void *user, const bench_plan_row *row, uint32_t round, size_t done, size_t all);

typedef struct bench_rounds {
    const bench_plan *plan;
    uint64_t seed; /* of the order */
    bench_measure_function *measure;
    void *measure_user;
    bench_progress_function *progress; /* may be NULL */
    void *progress_user;
    bench_tally *tallies; /* one for each row of the plan */
} bench_rounds;

/* False: no memory. Tallies are given back by deinit. */
bool bench_rounds_init(bench_rounds *rounds, const bench_plan *plan);
void bench_rounds_deinit(bench_rounds *rounds);

/* False: interrupted; what was measured until then counts. */
bool bench_rounds_run(bench_rounds *rounds);

/* Adds a figure that was found otherwise (once, not per round). */
void bench_rounds_note(bench_rounds *rounds, size_t row, bench_figure figure, double value);

/* Moves what was measured to the report, in the order of the plan: rows that failed or are not supported are left out.
 * False: no memory. */
bool bench_rounds_report(bench_rounds *rounds, bench_report *report);

/* The figures of one measurement; false where one is not known. */
void bench_figures_of(const bench_spec *spec, const bench_result *result, double values[BENCH_FIGURE_COUNT],
                      bool known[BENCH_FIGURE_COUNT]);

/* A new order of `count` places, by the generator's state (xorshift64*, G. Marsaglia and S. Vigna). */
void bench_shuffle(uint64_t *state, size_t *places, size_t count);

#endif
