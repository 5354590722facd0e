/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bench/report/sample.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/base/cmocka_all.h"

const char sample_hostile_mode[] = "</script><!--\",'\n\x1b[31m\xc3\xa9";

bench_median sample_median(double median, double least, double most) {
    return (bench_median){.known = true, .median = median, .least = least, .most = most};
}

static bench_report_row *add_row(bench_report *report, const char *mode, bench_pattern pattern, size_t bytes) {
    report->rows = realloc(report->rows, (report->row_count + 1) * sizeof(*report->rows));
    assert_non_null(report->rows);
    bench_report_row *row = &report->rows[report->row_count++];
    *row = (bench_report_row){.transport = "unix", .placement = "same", .rounds = 3, .spec = bench_spec_default()};
    (void)snprintf(row->mode, sizeof(row->mode), "%s", mode);
    row->spec.pattern = pattern;
    row->spec.bytes = bytes;
    return row;
}

static void add_ping_pong(bench_report *report, const char *mode, double p50_us, double cpu_us) {
    bench_report_row *row = add_row(report, mode, BENCH_PING_PONG, 64);
    row->figures[BENCH_P50_US] = sample_median(p50_us, p50_us - 0.25, p50_us + 0.5);
    row->figures[BENCH_MAX_US] = sample_median(1234.5, 1000, 2000000);
    row->figures[BENCH_CALLS_PER_S] = sample_median(1e6 / p50_us, 1e6 / (p50_us + 0.5), 1e6 / (p50_us - 0.25));
    if (cpu_us > 0) row->figures[BENCH_CPU_US] = sample_median(cpu_us, cpu_us, cpu_us);
    row->latency_ns = bench_histogram_new();
    assert_non_null(row->latency_ns);
    bench_histogram_add(row->latency_ns, (uint64_t)(p50_us * 1000), 90);
    bench_histogram_add(row->latency_ns, 1234500, 10);
}

static void add_bulk(bench_report *report, const char *mode, size_t bytes, double mb_per_s) {
    bench_report_row *row = add_row(report, mode, BENCH_BULK, bytes);
    row->figures[BENCH_MB_PER_S] = sample_median(mb_per_s, mb_per_s - 1, mb_per_s + 1);
    row->spec.in_flight = 4;
    row->errors = bytes > 65536 ? 7 : 0;
    (void)snprintf(row->placement, sizeof(row->placement), "free");
}

bench_report sample_report(void) {
    bench_report report = {
        .labels = {.machine = "Example CPU, 2 CPUs",
                   .kernel = "Linux 6.1",
                   .system = "KVM guest",
                   .compiler = "gcc 12.2.0",
                   .flags = "-O2",
                   .optimised = true,
                   .commit = "0123abc+",
                   .cipher = "TLS13-AES128-GCM-SHA256",
                   .date_utc = "2026-11-22T12:00:00Z",
                   .command = "grille bench --bytes 64,1Mi"},
    };
    add_ping_pong(&report, "raw", 3.5, 3.75);
    add_ping_pong(&report, "tls", 4, 0);
    add_ping_pong(&report, "rpc-attested", 6, 6.125);
    add_bulk(&report, "tls", 65536, 2100);
    add_bulk(&report, "rpc-attested", 65536, 1050);
    add_bulk(&report, "tls", 1048576, 2000);
    add_bulk(&report, "rpc-attested", 1048576, 1900);
    return report;
}

bench_report sample_hostile(void) {
    bench_report report = sample_report();
    (void)snprintf(report.rows[0].mode, sizeof(report.rows[0].mode), "%s", sample_hostile_mode);
    (void)snprintf(report.rows[0].transport, sizeof(report.rows[0].transport), "%s", "a&b<i>\x80");
    (void)snprintf(report.rows[0].placement, sizeof(report.rows[0].placement), "%s", "x,\"y");
    (void)snprintf(report.labels.command, sizeof(report.labels.command), "%s",
                   "grille bench '</script><script>alert(1)</script>' \xe2\x80\xa8\xe2\x80\xa9 \xc2\x9b \\u0041 %s");
    (void)snprintf(report.labels.note, sizeof(report.labels.note), "%s", "a note,\r\nof \"two\" lines");
    return report;
}

char *sample_text(bool (*show)(const bench_report *report, FILE *out), const bench_report *report) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(show(report, out));
    assert_int_equal(fclose(out), 0);
    return text;
}

size_t sample_count(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

void sample_file(const char *text, char *path) {
    (void)snprintf(path, 512, "/tmp/bench-report-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(close(file), 0);
}
