/* SPDX-License-Identifier: Apache-2.0
 * Reports to show, and what was shown as a text. */
#ifndef GRILLE_TESTS_BENCH_REPORT_SAMPLE_H
#define GRILLE_TESTS_BENCH_REPORT_SAMPLE_H

#include "bench/report/report.h"

/* Three modes, two patterns, one of them over two sizes; bench_report_deinit frees it. */
bench_report sample_report(void);
/* The same with texts that would break out of every format if they were not quoted. */
bench_report sample_hostile(void);
extern const char sample_hostile_mode[];

/* What `show` writes: the caller's. */
char *sample_text(bool (*show)(const bench_report *report, FILE *out), const bench_report *report);

/* How often `part` is in `text`. */
size_t sample_count(const char *text, const char *part);

/* A fresh file with this text, the caller's to unlink; `path` has 512 bytes. */
void sample_file(const char *text, char *path);

/* Two-sided ranges around a median. */
bench_median sample_median(double median, double least, double most);

#endif
