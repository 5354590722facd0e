/* SPDX-License-Identifier: Apache-2.0
 * Goal: what counts is what ends in the measured part, exactly; CPU, heap calls and memory of both ends are read from
 * where they are; the line that a load prints says all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/agent/counters.h"
#include "bench/agent/recorder.h"
#include "bench/agent/usage.h"

#define MS 1000000u

static void test_time_tells_warm_up_and_end(void **unused) {
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    (void)unused;
    spec.warm_up_ms = 10;
    spec.seconds = 0.1;
    assert_true(bench_recorder_init(&recorder, &spec));
    bench_recorder_start(&recorder, 1000 * MS);
    assert_true(bench_recorder_note(&recorder, 1005 * MS, 1, 1));
    /* The one that ends the warm-up is the last that does not count. */
    assert_true(bench_recorder_note(&recorder, 1010 * MS, 2, 1));
    bench_recorder_error(&recorder);
    assert_int_equal(recorder.result.calls, 0);
    assert_true(bench_recorder_note(&recorder, 1011 * MS, 3, 100));
    assert_true(bench_recorder_note_many(&recorder, 1109 * MS, 4, 100, 10));
    assert_false(bench_recorder_note(&recorder, 1110 * MS, 5, 100));
    /* Too late. */
    assert_false(bench_recorder_note(&recorder, 1111 * MS, 6, 100));
    bench_recorder_error(&recorder);
    bench_recorder_end(&recorder, 2000 * MS);
    assert_true(recorder.ended);
    assert_int_equal(recorder.result.calls, 12);
    assert_int_equal(recorder.result.errors, 1);
    assert_int_equal(recorder.result.message_bytes, 1200);
    assert_int_equal(recorder.result.wall_ns, 100 * MS);
    assert_int_equal(bench_histogram_count(recorder.result.latency_ns), 12);
    assert_int_equal(bench_histogram_least(recorder.result.latency_ns), 3);
    assert_int_equal(bench_histogram_most(recorder.result.latency_ns), 5);
    bench_recorder_deinit(&recorder);
}

/* What a stall at the end of the time holds up counts, as late as it is; a load that never catches up ends. */
static void test_an_open_loop_waits_for_late_calls(void **unused) {
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    (void)unused;
    spec.pattern = BENCH_OPEN_LOOP;
    spec.rate = 10;
    spec.warm_up_ms = 0;
    spec.seconds = 1;
    assert_true(bench_recorder_init(&recorder, &spec));
    bench_recorder_start(&recorder, 1000 * MS);
    for (uint64_t i = 0; i < 10; i++)
        assert_true(bench_recorder_note(&recorder, 2500 * MS, (1500 - 100 * i) * MS, 1));
    assert_false(bench_recorder_note(&recorder, 2500 * MS, 500 * MS, 1));
    assert_int_equal(bench_histogram_most(recorder.result.latency_ns), 1500 * MS);
    bench_recorder_deinit(&recorder);
    assert_true(bench_recorder_init(&recorder, &spec));
    bench_recorder_start(&recorder, 1000 * MS);
    assert_true(bench_recorder_note(&recorder, 6999 * (uint64_t)MS, 5999 * (uint64_t)MS, 1));
    assert_false(bench_recorder_note(&recorder, 7000 * (uint64_t)MS, 6000 * (uint64_t)MS, 1));
    bench_recorder_deinit(&recorder);
}

static void test_a_count_is_exact(void **unused) {
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    (void)unused;
    spec.count = 100;
    assert_true(bench_recorder_init(&recorder, &spec));
    /* A tenth as many warm up, whatever the time. */
    for (uint64_t i = 1; i <= 10; i++)
        assert_true(bench_recorder_note(&recorder, i * 3600000 * MS, 1, 1));
    for (uint64_t i = 0; i < 9; i++)
        assert_true(bench_recorder_note_many(&recorder, (i + 11) * 3600000 * MS, 2, 1, 11));
    assert_int_equal(recorder.result.calls, 99);
    assert_false(bench_recorder_note_many(&recorder, 40 * (uint64_t)3600000 * MS, 3, 1, 11));
    assert_int_equal(recorder.result.calls, 100);
    assert_int_equal(recorder.result.message_bytes, 100);
    assert_int_equal(bench_histogram_count(recorder.result.latency_ns), 100);
    bench_recorder_deinit(&recorder);
}

static void test_without_warm_up_the_first_call_counts(void **unused) {
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    (void)unused;
    spec.count = 1;
    spec.warm_up_ms = 0;
    assert_true(bench_recorder_init(&recorder, &spec));
    bench_recorder_start(&recorder, 5 * MS);
    assert_false(bench_recorder_note(&recorder, 7 * MS, 2 * MS, 64));
    assert_int_equal(recorder.result.calls, 1);
    assert_int_equal(recorder.result.wall_ns, 2 * MS);
    bench_recorder_deinit(&recorder);
}

/* One read has brought the end of the warm-up and all the rest. */
static void test_no_time_at_all_is_still_time(void **unused) {
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    (void)unused;
    spec.count = 20;
    assert_true(bench_recorder_init(&recorder, &spec));
    bench_recorder_start(&recorder, 5 * MS);
    assert_true(bench_recorder_note_many(&recorder, 7 * MS, 2 * MS, 64, 2));
    assert_false(bench_recorder_note_many(&recorder, 7 * MS, 2 * MS, 64, 20));
    assert_int_equal(recorder.result.calls, 20);
    assert_int_equal(recorder.result.wall_ns, 1);
    bench_recorder_deinit(&recorder);
}

static void burn(void) {
    const int64_t until_ns = bench_usage_cpu_ns(CLOCK_PROCESS_CPUTIME_ID) + 2 * (int64_t)MS;
    while (bench_usage_cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until_ns) {
    }
}

/* Here both ends are this process. */
static void test_usage_of_both_ends(void **unused) {
    char path[] = "/tmp/bench-counters-XXXXXX";
    static const uint8_t zeros[BENCH_COUNTERS_BYTES];
    bench_spec spec = bench_spec_default();
    bench_recorder recorder;
    const int fd = mkstemp(path);
    (void)unused;
    assert_true(fd >= 0);
    assert_int_equal(bench_counters_of_client(), -1);
    assert_int_equal(bench_counters_of_server(), -1);
    assert_int_equal(write(fd, zeros, 100), 100);
    assert_false(bench_counters_open(path, false));
    assert_int_equal(write(fd, zeros, sizeof zeros), sizeof zeros);
    assert_int_equal(close(fd), 0);
    bench_heap_is_counted = true;
    assert_true(bench_counters_open(path, true));
    assert_int_equal(bench_counters_of_client(), -1);
    assert_int_equal(bench_counters_of_server(), 0);
    *bench_heap_counter += 5;
    assert_true(bench_counters_open(path, false));
    assert_int_equal(bench_counters_of_server(), 5);
    assert_int_equal(bench_counters_of_client(), 0);
    spec.server_pid = getpid();
    assert_true(bench_recorder_init(&recorder, &spec));
    *bench_heap_counter += 3;
    bench_recorder_begin(&recorder, 1);
    *bench_heap_counter += 7;
    burn();
    bench_recorder_end(&recorder, 2);
    assert_int_equal(recorder.result.client_heap_calls, 7);
    assert_int_equal(recorder.result.server_heap_calls, 0);
    assert_true(recorder.result.client_cpu_ns >= 2 * (int64_t)MS);
    assert_true(recorder.result.server_cpu_ns >= 2 * (int64_t)MS);
    assert_true(recorder.result.client_rss_kib > 100);
    assert_true(recorder.result.server_rss_kib > 100);
    assert_int_equal(recorder.result.server_first_rss_kib, -1);
    bench_recorder_deinit(&recorder);
    assert_int_equal(unlink(path), 0);
    assert_false(bench_counters_open(path, false));
}

static void test_what_is_not_there_is_not_known(void **unused) {
    clockid_t clock = 0;
    (void)unused;
    assert_int_equal(bench_usage_rss_kib(1 << 22), -1);
    assert_false(bench_usage_clock(1 << 22, &clock));
}

/* Standard output goes to a file meanwhile. */
static void print_to(char *line, size_t size, const bench_result *result) {
    FILE *file = tmpfile();
    const int before = dup(STDOUT_FILENO);
    ssize_t len = 0;
    assert_non_null(file);
    assert_int_equal(fflush(stdout), 0);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    assert_true(bench_result_print(result));
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    assert_int_equal(close(before), 0);
    len = pread(fileno(file), line, size - 1, 0);
    assert_true(len > 0);
    line[len] = 0;
    assert_int_equal(fclose(file), 0);
}

static void test_the_line_of_a_load(void **unused) {
    bench_result result = {.calls = 3,
                           .errors = 1,
                           .message_bytes = 384,
                           .wall_ns = 1000,
                           .client_cpu_ns = 10,
                           .server_cpu_ns = -1,
                           .client_heap_calls = 0,
                           .server_heap_calls = -1,
                           .server_rss_kib = 3000,
                           .server_first_rss_kib = -1,
                           .client_rss_kib = 2000,
                           .cipher = "TLS13-AES128-GCM-SHA256",
                           .latency_ns = bench_histogram_new()};
    char line[1024];
    (void)unused;
    bench_histogram_add(result.latency_ns, 100, 2);
    bench_histogram_add(result.latency_ns, 1000, 1);
    print_to(line, sizeof line, &result);
    assert_string_equal(line, "{\"calls\":3,\"errors\":1,\"message_bytes\":384,\"wall_ns\":1000,\"client_cpu_ns\":10,"
                              "\"server_cpu_ns\":null,\"client_heap_calls\":0,\"server_heap_calls\":null,"
                              "\"server_rss_kib\":3000,\"server_first_rss_kib\":null,\"client_rss_kib\":2000,"
                              "\"cipher\":\"TLS13-AES128-GCM-SHA256\",\"latency_ns\":[[100,2],[1003,1]]}\n");
    bench_histogram_clear(result.latency_ns);
    print_to(line, sizeof line, &result);
    assert_non_null(strstr(line, "\"latency_ns\":[]}\n"));
    bench_histogram_free(result.latency_ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_tells_warm_up_and_end),
        cmocka_unit_test(test_an_open_loop_waits_for_late_calls),
        cmocka_unit_test(test_a_count_is_exact),
        cmocka_unit_test(test_without_warm_up_the_first_call_counts),
        cmocka_unit_test(test_no_time_at_all_is_still_time),
        cmocka_unit_test(test_usage_of_both_ends),
        cmocka_unit_test(test_what_is_not_there_is_not_known),
        cmocka_unit_test(test_the_line_of_a_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
