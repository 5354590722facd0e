/* SPDX-License-Identifier: Apache-2.0
 * The texts among a report's labels, in the order in which they are shown. */
#ifndef GRILLE_BENCH_REPORT_LABELS_H
#define GRILLE_BENCH_REPORT_LABELS_H

#include "bench/report/report.h"

enum { BENCH_LABEL_TEXTS = 10 };

typedef struct bench_label_place {
    const char *name; /* in JSON and CSV */
    size_t offset;
    size_t size; /* with the NUL */
} bench_label_place;

extern const bench_label_place bench_label_texts[BENCH_LABEL_TEXTS];

const char *bench_label_text(const bench_labels *labels, size_t which);
/* False: it is too long. */
bool bench_label_set(bench_labels *labels, size_t which, const char *text);

#endif
