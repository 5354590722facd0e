/* SPDX-License-Identifier: Apache-2.0
 * The files that a benchmark writes. */
#ifndef GRILLE_TOOLS_BENCH_OUTPUTS_H
#define GRILLE_TOOLS_BENCH_OUTPUTS_H

#include "bench/report/report.h"
#include "grille/status.h"

/* As typed; NULL: not asked for. */
typedef struct bench_outputs {
    const char *json, *csv, *html; /* files */
    const char *hgrm;              /* a folder, with one file for each row */
} bench_outputs;

bool bench_outputs_any(const bench_outputs *outputs);

/* Whether they can be written, before anything is measured: files are made where there are none, and opened. */
GRILLE_MUST_USE bool bench_outputs_check(const bench_outputs *outputs, grille_error *error);

/* Writes them; each file that was there is replaced. */
GRILLE_MUST_USE bool bench_outputs_write(const bench_outputs *outputs, const bench_report *report, grille_error *error);

#endif
