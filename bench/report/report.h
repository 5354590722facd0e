/* SPDX-License-Identifier: Apache-2.0
 * What a run measured, for whoever shows it: labels, and rows of figures with their medians. */
#ifndef GRILLE_BENCH_REPORT_H
#define GRILLE_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/agent/histogram.h"
#include "bench/agent/spec.h"

/* X(identifier, name in JSON and CSV, heading of the table, whether less is better) */
#define BENCH_FIGURE_MAP(X)                                                                                            \
    X(P50_US, "p50_us", "p50 us", true)                                                                                \
    X(P90_US, "p90_us", "p90 us", true)                                                                                \
    X(P99_US, "p99_us", "p99 us", true)                                                                                \
    X(P999_US, "p99_9_us", "p99.9 us", true)                                                                           \
    X(MAX_US, "max_us", "max us", true)                                                                                \
    X(CALLS_PER_S, "calls_per_s", "calls/s", false)                                                                    \
    X(MB_PER_S, "mb_per_s", "MB/s", false)                                                                             \
    X(CONNECTIONS_PER_S, "connections_per_s", "conn/s", false)                                                         \
    X(CPU_US, "cpu_us_per_call", "CPU us/call", true)                                                                  \
    X(CLIENT_CPU_US, "client_cpu_us_per_call", "client", true)                                                         \
    X(SERVER_CPU_US, "server_cpu_us_per_call", "server", true)                                                         \
    X(CLIENT_HEAP, "client_heap_calls_per_call", "heap c", true)                                                       \
    X(SERVER_HEAP, "server_heap_calls_per_call", "heap s", true)                                                       \
    X(SYSTEM_CALLS, "system_calls_per_call", "syscalls", true)                                                         \
    X(WIRE_BYTES, "wire_bytes_per_call", "wire B", true)                                                               \
    X(KIB_PER_CONNECTION, "kib_per_connection", "KiB/conn", true)                                                      \
    X(SERVER_RSS_MIB, "server_rss_mib", "RSS MiB", true)

typedef enum bench_figure {
#define X(identifier, name, heading, less) BENCH_##identifier,
    BENCH_FIGURE_MAP(X)
#undef X
        BENCH_FIGURE_COUNT
} bench_figure;

/* Over the rounds; known: false when no round could tell. */
typedef struct bench_median {
    bool known;
    double median;
    double least;
    double most;
} bench_median;

typedef struct bench_report_row {
    char mode[32];      /* raw, tls, rpc-insecure, rpc-attested, or a peer's name */
    char transport[16]; /* unix, tcp, vsock, hybrid, inproc; "target" for --target */
    char placement[8];  /* same, split, free */
    bench_spec spec;
    uint32_t rounds;
    uint64_t errors;
    bench_median figures[BENCH_FIGURE_COUNT];
    bench_histogram *latency_ns; /* of all rounds; NULL: none */
} bench_report_row;

typedef struct bench_labels {
    char machine[128]; /* CPU model and how many */
    char kernel[128];
    char system[128]; /* virtual machine, DMI name */
    bool nitro;       /* this is Nitro hardware; else everything shown says NOT A NITRO NUMBER */
    char compiler[64];
    char flags[256];
    bool optimised;  /* else nothing is published */
    char commit[64]; /* with "+" when the tree had changes; "unknown" outside a repository */
    char cipher[48];
    char date_utc[32]; /* RFC 3339 */
    char command[512]; /* what was typed */
    char note[256];    /* what else a reader must know; may be empty */
} bench_labels;

typedef struct bench_report {
    bench_labels labels;
    bench_report_row *rows;
    size_t row_count;
} bench_report;

/* Frees rows and their histograms; the struct is the caller's. */
void bench_report_deinit(bench_report *report);

/* Each writes the whole report. False: a write failed. */
bool bench_report_table(const bench_report *report, FILE *out);
/* The same for lines of so many characters: columns that don't fit follow below. bench_report_table takes the width of
 * the terminal, or 150. */
bool bench_report_table_in(const bench_report *report, size_t width, FILE *out);
bool bench_report_json(const bench_report *report, FILE *out);
bool bench_report_csv(const bench_report *report, FILE *out);
bool bench_report_html(const bench_report *report, FILE *out); /* one page, needs no network */
/* The latencies of one row in HdrHistogram's percentile format, microseconds; the labels' notice stands at the end. */
bool bench_report_hgrm(const bench_labels *labels, const bench_report_row *row, FILE *out);

/* Reads what bench_report_json wrote. `why` (512 bytes): what is wrong, with the line. */
bool bench_report_read(const char *path, bench_report *report, char why[512]);

/* Rows of the same mode and spec, figure by figure: prints a table, returns how many got worse by more than `bound`
 * (0.1: ten parts in a hundred) with ranges that don't overlap. Rows that only one of them has are named. -1: no row in
 * common, or no memory. */
int bench_report_compare(const bench_report *before, const bench_report *after, double bound, FILE *out);

#endif
