/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Order ---- */

static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* R. A. Fisher and F. Yates. */
void bench_shuffle(uint64_t *state, size_t *places, size_t count) {
    if (*state == 0) *state = 1; /* the only state that leads nowhere */
    for (size_t i = count; i > 1; i--) {
        const size_t other = (size_t)(next_random(state) % i), moved = places[i - 1];
        places[i - 1] = places[other];
        places[other] = moved;
    }
}

/* ---- Tallies ---- */

bool bench_rounds_init(bench_rounds *rounds, const bench_plan *plan) {
    memset(rounds, 0, sizeof *rounds);
    rounds->plan = plan;
    rounds->tallies = calloc(plan->row_count, sizeof *rounds->tallies);
    if (rounds->tallies == NULL) return false;
    for (size_t i = 0; i < plan->row_count; i++) {
        bench_tally *tally = &rounds->tallies[i];
        tally->latency_ns = bench_histogram_new();
        if (tally->latency_ns == NULL) return false;
        for (size_t f = 0; f < BENCH_FIGURE_COUNT; f++) {
            tally->samples[f] = calloc(plan->rounds, sizeof *tally->samples[f]);
            if (tally->samples[f] == NULL) return false;
        }
    }
    return true;
}

void bench_rounds_deinit(bench_rounds *rounds) {
    for (size_t i = 0; rounds->tallies != NULL && i < rounds->plan->row_count; i++) {
        bench_histogram_free(rounds->tallies[i].latency_ns);
        for (size_t f = 0; f < BENCH_FIGURE_COUNT; f++)
            free(rounds->tallies[i].samples[f]);
    }
    free(rounds->tallies);
    rounds->tallies = NULL;
}

static void add_sample(bench_tally *tally, bench_figure figure, double value, uint32_t most) {
    if (tally->sample_count[figure] < most) tally->samples[figure][tally->sample_count[figure]++] = value;
}

void bench_rounds_note(bench_rounds *rounds, size_t row, bench_figure figure, double value) {
    add_sample(&rounds->tallies[row], figure, value, rounds->plan->rounds);
}

static void take(bench_tally *tally, const bench_spec *spec, bench_result *result, uint32_t most) {
    double values[BENCH_FIGURE_COUNT];
    bool known[BENCH_FIGURE_COUNT];
    bench_figures_of(spec, result, values, known);
    for (size_t f = 0; f < BENCH_FIGURE_COUNT; f++) {
        if (known[f]) add_sample(tally, (bench_figure)f, values[f], most);
    }
    tally->rounds++;
    tally->errors += result->errors;
    if (result->latency_ns != NULL) bench_histogram_merge(tally->latency_ns, result->latency_ns);
    if (result->cipher[0] != '\0') memcpy(tally->cipher, result->cipher, sizeof tally->cipher);
    bench_histogram_free(result->latency_ns);
    result->latency_ns = NULL;
}

/* ---- Rounds ---- */

static bool measure_row(bench_rounds *rounds, size_t which) {
    const bench_plan_row *row = &rounds->plan->rows[which];
    bench_tally *tally = &rounds->tallies[which];
    bench_result result = {.calls = 0};
    tally->outcome = rounds->measure(rounds->measure_user, row, &result, tally->why);
    if (tally->outcome == BENCH_MEASURED) take(tally, &row->spec, &result, rounds->plan->rounds);
    return tally->outcome != BENCH_INTERRUPTED;
}

bool bench_rounds_run(bench_rounds *rounds) {
    const size_t rows = rounds->plan->row_count, all = rows * rounds->plan->rounds;
    size_t *order = calloc(rows, sizeof *order);
    size_t done = 0;
    bool goes_on = order != NULL;
    for (size_t i = 0; goes_on && i < rows; i++)
        order[i] = i;
    for (uint32_t round = 1; goes_on && round <= rounds->plan->rounds; round++) {
        bench_shuffle(&rounds->seed, order, rows);
        for (size_t i = 0; goes_on && i < rows; i++, done++) {
            if (rounds->tallies[order[i]].outcome != BENCH_MEASURED) continue;
            if (rounds->progress != NULL) {
                rounds->progress(rounds->progress_user, &rounds->plan->rows[order[i]], round, done, all);
            }
            goes_on = measure_row(rounds, order[i]);
        }
    }
    free(order);
    return goes_on;
}

/* ---- Report ---- */

static int ascending(const void *left, const void *right) {
    const double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

static bench_median median_of(double *samples, size_t count) {
    if (count == 0) return (bench_median){.known = false};
    qsort(samples, count, sizeof *samples, ascending);
    return (bench_median){.known = true,
                          .median = (samples[(count - 1) / 2] + samples[count / 2]) / 2,
                          .least = samples[0],
                          .most = samples[count - 1]};
}

static void fill(bench_report_row *to, const bench_plan_row *row, bench_tally *tally) {
    (void)snprintf(to->mode, sizeof to->mode, "%s", row->mode);
    (void)snprintf(to->transport, sizeof to->transport, "%s", row->transport);
    (void)snprintf(to->placement, sizeof to->placement, "%s", row->placement);
    to->spec = row->spec;
    to->rounds = tally->rounds;
    to->errors = tally->errors;
    for (size_t f = 0; f < BENCH_FIGURE_COUNT; f++)
        to->figures[f] = median_of(tally->samples[f], tally->sample_count[f]);
    if (bench_histogram_count(tally->latency_ns) == 0) return;
    to->latency_ns = tally->latency_ns;
    tally->latency_ns = NULL;
}

bool bench_rounds_report(bench_rounds *rounds, bench_report *report) {
    report->rows = calloc(rounds->plan->row_count, sizeof *report->rows);
    if (report->rows == NULL) return false;
    for (size_t i = 0; i < rounds->plan->row_count; i++) {
        bench_tally *tally = &rounds->tallies[i];
        const bool failed = tally->outcome == BENCH_FAILED || tally->outcome == BENCH_UNSUPPORTED;
        if (failed || tally->rounds == 0) continue;
        fill(&report->rows[report->row_count++], &rounds->plan->rows[i], tally);
        /* The cipher of our own channel, else of any. */
        if (tally->cipher[0] != '\0' && strcmp(tally->cipher, "none") != 0 &&
            (report->labels.cipher[0] == '\0' || strncmp(rounds->plan->rows[i].mode, "rpc-attested", 12) == 0)) {
            memcpy(report->labels.cipher, tally->cipher, sizeof report->labels.cipher);
        }
    }
    if (report->labels.cipher[0] == '\0') (void)snprintf(report->labels.cipher, sizeof report->labels.cipher, "none");
    return true;
}
