/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/report.h"

#include <stdlib.h>

void bench_report_deinit(bench_report *report) {
    for (size_t i = 0; i < report->row_count; i++)
        bench_histogram_free(report->rows[i].latency_ns);
    free(report->rows);
    report->rows = NULL;
    report->row_count = 0;
}
