/* SPDX-License-Identifier: Apache-2.0
 * From what a load counted to figures per call and second. */
#include <string.h>

#include "bench/driver/plan_axes.h"
#include "bench/driver/rounds.h"

typedef struct figure_sheet {
    double *values;
    bool *known;
} figure_sheet;

static void set(const figure_sheet *sheet, bench_figure figure, bool known, double value) {
    sheet->known[figure] = known;
    sheet->values[figure] = known ? value : 0;
}

static void set_latencies(const figure_sheet *sheet, const bench_histogram *latency_ns) {
    const bool known = latency_ns != NULL && bench_histogram_count(latency_ns) > 0;
    static const struct {
        bench_figure figure;
        double quantile;
    } quantiles[] = {{BENCH_P50_US, 0.5}, {BENCH_P90_US, 0.9}, {BENCH_P99_US, 0.99}, {BENCH_P999_US, 0.999}};
    if (!known) return;
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        set(sheet, quantiles[i].figure, true, (double)bench_histogram_at(latency_ns, quantiles[i].quantile) / 1e3);
    }
    set(sheet, BENCH_MAX_US, true, (double)bench_histogram_most(latency_ns) / 1e3);
}

static void set_costs(const figure_sheet *sheet, const bench_result *result) {
    const double calls = (double)result->calls;
    const bool client = result->client_cpu_ns >= 0, server = result->server_cpu_ns >= 0;
    set(sheet, BENCH_CPU_US, client && server, (double)(result->client_cpu_ns + result->server_cpu_ns) / 1e3 / calls);
    set(sheet, BENCH_CLIENT_CPU_US, client, (double)result->client_cpu_ns / 1e3 / calls);
    set(sheet, BENCH_SERVER_CPU_US, server, (double)result->server_cpu_ns / 1e3 / calls);
    set(sheet, BENCH_CLIENT_HEAP, result->client_heap_calls >= 0, (double)result->client_heap_calls / calls);
    set(sheet, BENCH_SERVER_HEAP, result->server_heap_calls >= 0, (double)result->server_heap_calls / calls);
}

static void set_idle(const figure_sheet *sheet, const bench_spec *spec, const bench_result *result) {
    const bool both = result->server_rss_kib >= 0 && result->server_first_rss_kib >= 0 && spec->connections > 1;
    set(sheet, BENCH_KIB_PER_CONNECTION, both,
        (double)(result->server_rss_kib - result->server_first_rss_kib) / ((double)spec->connections - 1));
    set(sheet, BENCH_SERVER_RSS_MIB, result->server_first_rss_kib >= 0, (double)result->server_first_rss_kib / 1024);
}

void bench_figures_of(const bench_spec *spec, const bench_result *result, double values[BENCH_FIGURE_COUNT],
                      bool known[BENCH_FIGURE_COUNT]) {
    const figure_sheet sheet = {values, known};
    const double seconds = (double)result->wall_ns / 1e9;
    const bool any = result->calls > 0 && result->wall_ns > 0;
    memset(values, 0, BENCH_FIGURE_COUNT * sizeof *values);
    memset(known, 0, BENCH_FIGURE_COUNT * sizeof *known);
    if (spec->pattern == BENCH_IDLE) {
        set_idle(&sheet, spec, result);
        return;
    }
    set(&sheet, BENCH_SERVER_RSS_MIB, result->server_rss_kib >= 0, (double)result->server_rss_kib / 1024);
    if (!any) return;
    if (!bench_pattern_is_stream(spec->pattern)) set_latencies(&sheet, result->latency_ns);
    if (spec->pattern == BENCH_CONNECT) {
        set(&sheet, BENCH_CONNECTIONS_PER_S, true, (double)result->calls / seconds);
    } else {
        set(&sheet, BENCH_CALLS_PER_S, true, (double)result->calls / seconds);
        set(&sheet, BENCH_MB_PER_S, result->message_bytes > 0, (double)result->message_bytes / 1e6 / seconds);
    }
    set_costs(&sheet, result);
}
