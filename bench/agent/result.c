/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/agent/recorder.h"

static void print_known(const char *name, int64_t value) {
    if (value < 0)
        (void)printf(",\"%s\":null", name);
    else
        (void)printf(",\"%s\":%" PRId64, name, value);
}

bool bench_result_print(const bench_result *result) {
    uint64_t value = 0;
    uint64_t count = 0;
    size_t step = 0;
    const char *comma = "";
    (void)printf("{\"calls\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"message_bytes\":%" PRIu64 ",\"wall_ns\":%" PRIu64,
                 result->calls, result->errors, result->message_bytes, result->wall_ns);
    print_known("client_cpu_ns", result->client_cpu_ns);
    print_known("server_cpu_ns", result->server_cpu_ns);
    print_known("client_heap_calls", result->client_heap_calls);
    print_known("server_heap_calls", result->server_heap_calls);
    print_known("server_rss_kib", result->server_rss_kib);
    print_known("server_first_rss_kib", result->server_first_rss_kib);
    print_known("client_rss_kib", result->client_rss_kib);
    /* Names of ciphers hold nothing that JSON would escape. */
    (void)printf(",\"cipher\":\"%s\",\"latency_ns\":[", result->cipher);
    while (bench_histogram_next(result->latency_ns, &step, &value, &count)) {
        (void)printf("%s[%" PRIu64 ",%" PRIu64 "]", comma, value, count);
        comma = ",";
    }
    (void)printf("]}\n");
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
