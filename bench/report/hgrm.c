/* SPDX-License-Identifier: Apache-2.0
 * HdrHistogram's percentile distribution, as its Java library prints it with five ticks per half-distance to 100 %:
 * each line is the lowest bucket's end that a percentile does not exceed, until the last bucket is reached. Its plotter
 * leaves out lines that begin with '#'. */
#include <inttypes.h>
#include <math.h>

#include "bench/report/figures.h"
#include "bench/report/grid.h"

enum { TICKS_PER_HALF_DISTANCE = 5, HALF_BUCKETS = 128 };

/* From one level to the next: steps halve with each half of the distance that is left. */
static double next_level(double percent) {
    double halvings = floor(log2(100 / (100 - percent))) + 1;
    return percent + 100 / (TICKS_PER_HALF_DISTANCE * exp2(halvings));
}

static double in_us(uint64_t ns) {
    return (double)ns / 1000;
}

static void print_levels(const bench_histogram *histogram, uint64_t total, FILE *out) {
    size_t step = 0;
    uint64_t value = 0, count = 0, seen = 0;
    double level = 0;
    while (seen < total) {
        while ((seen == 0 || 100 * (double)seen / (double)total < level) && seen < total) {
            if (!bench_histogram_next(histogram, &step, &value, &count)) return;
            seen += count;
        }
        (void)fprintf(out, "%12.3f %14.12f %10" PRIu64 " %14.2f\n", in_us(value), level / 100, seen,
                      1 / (1 - level / 100));
        level = next_level(level);
    }
    (void)fprintf(out, "%12.3f %14.12f %10" PRIu64 "\n", in_us(value), 1.0, total);
}

/* Powers of two that the values reach, each of them in HALF_BUCKETS buckets. */
static int buckets_of(const bench_histogram *histogram) {
    int buckets = 1;
    for (uint64_t most = bench_histogram_most(histogram); most >= 2 * HALF_BUCKETS; most /= 2)
        buckets++;
    return buckets;
}

bool bench_report_hgrm(const bench_labels *labels, const bench_report_row *row, FILE *out) {
    const bench_histogram *histogram = row->latency_ns;
    uint64_t total = histogram == NULL ? 0 : bench_histogram_count(histogram);
    char mode[64], transport[32], placement[32];
    (void)fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    if (total > 0) {
        print_levels(histogram, total, out);
        (void)fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", bench_histogram_mean(histogram) / 1000,
                      bench_histogram_deviation(histogram) / 1000);
        (void)fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
                      in_us(bench_histogram_most(histogram)), total);
        (void)fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", buckets_of(histogram), 2 * HALF_BUCKETS);
    }
    bench_plain_text(row->mode, mode, sizeof(mode));
    bench_plain_text(row->transport, transport, sizeof(transport));
    bench_plain_text(row->placement, placement, sizeof(placement));
    (void)fprintf(out, "#[%s %s %s over %s (%s), microseconds]\n", mode, bench_pattern_word(row->spec.pattern),
                  bench_bytes_text(row->spec.bytes).text, transport, placement);
    if (!labels->nitro) (void)fprintf(out, "#[%s]\n", bench_notice(labels));
    if (!labels->optimised) (void)fprintf(out, "#[%s]\n", bench_build_warning(labels));
    return !ferror(out);
}
