/* SPDX-License-Identifier: Apache-2.0
 * A high-dynamic-range histogram: counts of values from 1 to 2^40, each known to one part in 128 (under 0.8 %), in a
 * fixed number of buckets. No heap call after it is made. The idea: HdrHistogram (G. Tene), log-linear buckets. */
#ifndef GRILLE_BENCH_HISTOGRAM_H
#define GRILLE_BENCH_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_histogram bench_histogram;

/* The caller's; NULL: no memory. */
bench_histogram *bench_histogram_new(void);
void bench_histogram_free(bench_histogram *histogram);
/* Values over the range count as the largest one. */
void bench_histogram_add(bench_histogram *histogram, uint64_t value, uint64_t times);
void bench_histogram_merge(bench_histogram *into, const bench_histogram *from);
void bench_histogram_clear(bench_histogram *histogram);

uint64_t bench_histogram_count(const bench_histogram *histogram);
uint64_t bench_histogram_least(const bench_histogram *histogram); /* exact; 0 when empty */
uint64_t bench_histogram_most(const bench_histogram *histogram);  /* exact; 0 when empty */
double bench_histogram_mean(const bench_histogram *histogram);
double bench_histogram_deviation(const bench_histogram *histogram);
/* The value that `quantile` (0 to 1) of all did not exceed: the end of its bucket, at most the largest one. */
uint64_t bench_histogram_at(const bench_histogram *histogram, double quantile);

/* Goes over the buckets that are not empty, lowest first: false at the end. *step starts at 0. `value` is the highest
 * that its bucket stands for. Adding these pairs to another histogram makes the same buckets. */
bool bench_histogram_next(const bench_histogram *histogram, size_t *step, uint64_t *value, uint64_t *count);

#endif
