/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/recorder.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/agent/counters.h"
#include "bench/agent/usage.h"

/* How long an open loop waits for calls that should have ended in the measured part. */
#define LATE_NS 5000000000u

enum { CLIENT_CPU, SERVER_CPU, CLIENT_HEAP, SERVER_HEAP };

uint64_t bench_now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool bench_recorder_init(bench_recorder *recorder, const bench_spec *spec) {
    *recorder = (bench_recorder){.spec = spec, .client_clock = CLOCK_PROCESS_CPUTIME_ID};
    recorder->result = (bench_result){.client_cpu_ns = -1,
                                      .server_cpu_ns = -1,
                                      .client_heap_calls = -1,
                                      .server_heap_calls = -1,
                                      .server_rss_kib = -1,
                                      .server_first_rss_kib = -1,
                                      .client_rss_kib = -1,
                                      .cipher = "none",
                                      .latency_ns = bench_histogram_new()};
    if (spec->server_pid > 0) {
        recorder->server_clock_known = bench_usage_clock(spec->server_pid, &recorder->server_clock);
    }
    return recorder->result.latency_ns != NULL;
}

void bench_recorder_deinit(bench_recorder *recorder) {
    bench_histogram_free(recorder->result.latency_ns);
    recorder->result.latency_ns = NULL;
}

static void read_usage(const bench_recorder *recorder, int64_t usage[4]) {
    usage[CLIENT_HEAP] = bench_counters_of_client();
    usage[SERVER_HEAP] = bench_counters_of_server();
    usage[CLIENT_CPU] = bench_usage_cpu_ns(recorder->client_clock);
    usage[SERVER_CPU] = recorder->server_clock_known ? bench_usage_cpu_ns(recorder->server_clock) : -1;
}

void bench_recorder_begin(bench_recorder *recorder, uint64_t now_ns) {
    read_usage(recorder, recorder->at_begin);
    recorder->begin_ns = now_ns;
    recorder->end_ns = now_ns + (uint64_t)(recorder->spec->seconds * 1e9);
}

void bench_recorder_start(bench_recorder *recorder, uint64_t now_ns) {
    if (recorder->warm_until_ns != 0) return;
    recorder->warm_until_ns = now_ns + (uint64_t)recorder->spec->warm_up_ms * 1000000u;
    if (recorder->spec->warm_up_ms == 0) bench_recorder_begin(recorder, now_ns);
}

static int64_t since(int64_t begin, int64_t end) {
    return begin < 0 || end < 0 ? -1 : end - begin;
}

void bench_recorder_end(bench_recorder *recorder, uint64_t now_ns) {
    bench_result *result = &recorder->result;
    int64_t usage[4];
    if (recorder->ended || recorder->begin_ns == 0) return;
    read_usage(recorder, usage);
    /* A handful of calls may end in the very instant in which the warm-up did: a rate is divided by this. */
    result->wall_ns = now_ns > recorder->begin_ns ? now_ns - recorder->begin_ns : 1;
    result->client_cpu_ns = since(recorder->at_begin[CLIENT_CPU], usage[CLIENT_CPU]);
    result->server_cpu_ns = since(recorder->at_begin[SERVER_CPU], usage[SERVER_CPU]);
    result->client_heap_calls = since(recorder->at_begin[CLIENT_HEAP], usage[CLIENT_HEAP]);
    result->server_heap_calls = since(recorder->at_begin[SERVER_HEAP], usage[SERVER_HEAP]);
    result->client_rss_kib = bench_usage_rss_kib(getpid());
    if (recorder->spec->server_pid > 0) result->server_rss_kib = bench_usage_rss_kib(recorder->spec->server_pid);
    recorder->ended = true;
}

/* True while warming up. The calls that end it don't count. */
static bool is_warming(bench_recorder *recorder, uint64_t now_ns, uint64_t times) {
    const bench_spec *spec = recorder->spec;
    bench_recorder_start(recorder, now_ns);
    if (recorder->begin_ns != 0) return false;
    recorder->warm_calls += times;
    if (spec->count > 0 ? recorder->warm_calls >= spec->count / 10 : now_ns >= recorder->warm_until_ns) {
        bench_recorder_begin(recorder, now_ns);
    }
    return true;
}

/* In an open loop the calls count that were meant for the measured part: else a stall at its end would hide all but one
 * of those it held up. A load that never catches up ends too. */
static bool is_in_time(const bench_recorder *recorder, uint64_t now_ns, uint64_t latency_ns) {
    if (now_ns < recorder->end_ns) return true;
    return recorder->spec->pattern == BENCH_OPEN_LOOP && now_ns - latency_ns < recorder->end_ns &&
           now_ns < recorder->end_ns + LATE_NS;
}

bool bench_recorder_note_many(bench_recorder *recorder, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes,
                              uint64_t times) {
    bench_result *result = &recorder->result;
    const uint64_t count = recorder->spec->count;
    if (recorder->ended) return false;
    if (recorder->begin_ns == 0 && is_warming(recorder, now_ns, times)) return true;
    if (count > 0 && times > count - result->calls) times = count - result->calls;
    bench_histogram_add(result->latency_ns, latency_ns, times);
    result->calls += times;
    result->message_bytes += message_bytes * times;
    if (count > 0 ? result->calls < count : is_in_time(recorder, now_ns, latency_ns)) return true;
    bench_recorder_end(recorder, now_ns);
    return false;
}

bool bench_recorder_note(bench_recorder *recorder, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes) {
    return bench_recorder_note_many(recorder, now_ns, latency_ns, message_bytes, 1);
}

void bench_recorder_error(bench_recorder *recorder) {
    if (recorder->begin_ns != 0 && !recorder->ended) recorder->result.errors++;
}
