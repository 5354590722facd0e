/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values below 2^8 have a bucket each; above, each power of two is divided into 2^7. */
enum { DIVISION_BITS = 7, DIVISIONS = 1 << DIVISION_BITS, EXACT = 2 * DIVISIONS, MOST_BITS = 40 };
enum { BUCKETS = EXACT + (MOST_BITS - DIVISION_BITS - 1) * DIVISIONS + 1 };

static const uint64_t most_value = (uint64_t)1 << MOST_BITS;

struct bench_histogram {
    uint64_t total;
    uint64_t least;
    uint64_t most;
    uint64_t counts[BUCKETS];
};

/* How far a value of 2^8 or more is shifted to have DIVISION_BITS + 1 bits. */
static unsigned shift_of(uint64_t value) {
    return 63 - (unsigned)__builtin_clzll(value) - DIVISION_BITS;
}

static size_t bucket_of(uint64_t value) {
    if (value < EXACT) return (size_t)value;
    const unsigned shift = shift_of(value);
    return EXACT + (size_t)(shift - 1) * DIVISIONS + (size_t)(value >> shift) - DIVISIONS;
}

static uint64_t first_of(size_t bucket) {
    if (bucket < EXACT) return bucket;
    const size_t above = bucket - EXACT;
    return (uint64_t)(DIVISIONS + above % DIVISIONS) << (above / DIVISIONS + 1);
}

static uint64_t last_of(size_t bucket) {
    return bucket + 1 < BUCKETS ? first_of(bucket + 1) - 1 : most_value;
}

bench_histogram *bench_histogram_new(void) {
    return calloc(1, sizeof(bench_histogram));
}

void bench_histogram_free(bench_histogram *histogram) {
    free(histogram);
}

void bench_histogram_add(bench_histogram *histogram, uint64_t value, uint64_t times) {
    if (times == 0) return;
    if (value > most_value) value = most_value;
    if (histogram->total == 0 || value < histogram->least) histogram->least = value;
    if (value > histogram->most) histogram->most = value;
    histogram->counts[bucket_of(value)] += times;
    histogram->total += times;
}

void bench_histogram_merge(bench_histogram *into, const bench_histogram *from) {
    if (from->total == 0) return;
    if (into->total == 0 || from->least < into->least) into->least = from->least;
    if (from->most > into->most) into->most = from->most;
    into->total += from->total;
    for (size_t i = 0; i < BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

void bench_histogram_clear(bench_histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}

uint64_t bench_histogram_count(const bench_histogram *histogram) {
    return histogram->total;
}

uint64_t bench_histogram_least(const bench_histogram *histogram) {
    return histogram->least;
}

uint64_t bench_histogram_most(const bench_histogram *histogram) {
    return histogram->most;
}

static double middle_of(size_t bucket) {
    return ((double)first_of(bucket) + (double)last_of(bucket)) / 2;
}

double bench_histogram_mean(const bench_histogram *histogram) {
    double sum = 0;
    if (histogram->total == 0) return 0;
    for (size_t i = 0; i < BUCKETS; i++)
        sum += middle_of(i) * (double)histogram->counts[i];
    return sum / (double)histogram->total;
}

double bench_histogram_deviation(const bench_histogram *histogram) {
    const double mean = bench_histogram_mean(histogram);
    double squares = 0;
    if (histogram->total == 0) return 0;
    for (size_t i = 0; i < BUCKETS; i++)
        squares += (middle_of(i) - mean) * (middle_of(i) - mean) * (double)histogram->counts[i];
    return sqrt(squares / (double)histogram->total);
}

uint64_t bench_histogram_at(const bench_histogram *histogram, double quantile) {
    const double wanted = ceil(quantile * (double)histogram->total);
    uint64_t seen = 0;
    if (histogram->total == 0) return 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted) return last_of(i) < histogram->most ? last_of(i) : histogram->most;
    }
    return histogram->most;
}

bool bench_histogram_next(const bench_histogram *histogram, size_t *step, uint64_t *value, uint64_t *count) {
    while (*step < BUCKETS && histogram->counts[*step] == 0)
        (*step)++;
    if (*step >= BUCKETS) return false;
    *value = last_of(*step);
    *count = histogram->counts[*step];
    (*step)++;
    return true;
}
