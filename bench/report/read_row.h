/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRILLE_BENCH_REPORT_READ_ROW_H
#define GRILLE_BENCH_REPORT_READ_ROW_H

#include "bench/report/read_value.h"
#include "bench/report/report.h"

/* One element of "rows". False after a complaint; the row's histogram is the caller's even then. */
bool bench_json_row(bench_json_place *place, bench_report_row *row);

#endif
