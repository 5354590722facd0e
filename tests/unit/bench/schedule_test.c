/* SPDX-License-Identifier: Apache-2.0
 * Goal: an open loop sends each call at its time, late ones too, and its latencies show a stall that a closed loop
 * hides. Time is virtual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/agent/recorder.h"
#include "bench/agent/schedule.h"

#define MS 1000000u
enum { CALLS = 10000 };

static void test_calls_are_due_at_their_times(void **unused) {
    bench_schedule schedule;
    (void)unused;
    bench_schedule_init(&schedule, 5000, 1e6);
    assert_int_equal(bench_schedule_next_ns(&schedule), 5000);
    assert_int_equal(bench_schedule_due(&schedule, 0), 0);
    assert_int_equal(bench_schedule_due(&schedule, 4999), 0);
    assert_int_equal(bench_schedule_due(&schedule, 5000), 1);
    assert_int_equal(bench_schedule_due(&schedule, 5999), 1);
    assert_int_equal(bench_schedule_due(&schedule, 6000), 2);
    assert_int_equal(bench_schedule_take(&schedule), 5000);
    assert_int_equal(bench_schedule_due(&schedule, 5999), 0);
    assert_int_equal(bench_schedule_due(&schedule, 15000), 10);
    assert_int_equal(bench_schedule_next_ns(&schedule), 6000);
}

/* A third of a microsecond is no whole number of nanoseconds: after an hour nothing is off. */
static void test_nothing_drifts_and_nothing_is_skipped(void **unused) {
    static const double rates[] = {0.5, 3, 999, 1000.0 / 7, 3e6, 1e8};
    (void)unused;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        bench_schedule schedule;
        uint64_t now_ns = 1000;
        uint64_t taken = 0;
        bench_schedule_init(&schedule, 1000, rates[r]);
        for (uint64_t step = 1; step < 2000; step++) {
            uint64_t due = 0;
            now_ns += step * step % 977 * (uint64_t)(1e8 / rates[r]);
            due = bench_schedule_due(&schedule, now_ns);
            assert_true(due <= 200000);
            taken += due;
            while (due-- > 0)
                assert_true(bench_schedule_take(&schedule) <= now_ns);
            assert_true(bench_schedule_next_ns(&schedule) > now_ns);
        }
        /* As many as the time that has passed holds, and the one at its begin. */
        const double expected = (double)(now_ns - 1000) * rates[r] / 1e9 + 1;
        assert_true((double)taken > expected - 1.001 && (double)taken < expected + 0.001);
    }
}

/* One after the other, 100 us each; from the 5th second on it does nothing for 500 ms, once. */
typedef struct one_server {
    uint64_t free_ns;
    bool has_stalled;
} one_server;

static uint64_t answer_at(one_server *server, uint64_t arrived_ns) {
    uint64_t begin_ns = arrived_ns > server->free_ns ? arrived_ns : server->free_ns;
    if (!server->has_stalled && begin_ns >= (uint64_t)5000 * MS) {
        begin_ns += (uint64_t)500 * MS;
        server->has_stalled = true;
    }
    server->free_ns = begin_ns + 100000;
    return server->free_ns;
}

static void start(bench_recorder *recorder, bench_spec *spec) {
    *spec = bench_spec_default();
    spec->count = CALLS;
    spec->warm_up_ms = 0;
    assert_true(bench_recorder_init(recorder, spec));
    bench_recorder_start(recorder, 0);
}

/* 1 kHz for 10 s. The sender wakes for each call, and for each answer. */
static void test_a_stall_shows_in_an_open_loop(void **unused) {
    bench_recorder recorder;
    bench_spec spec;
    bench_schedule schedule;
    one_server stalling = {.free_ns = 0};
    bool more = true;
    (void)unused;
    start(&recorder, &spec);
    bench_schedule_init(&schedule, 0, 1000);
    for (uint64_t now_ns = 0; more; now_ns = bench_schedule_next_ns(&schedule)) {
        for (uint64_t due = bench_schedule_due(&schedule, now_ns); due > 0 && more; due--) {
            const uint64_t meant_ns = bench_schedule_take(&schedule);
            const uint64_t answered_ns = answer_at(&stalling, now_ns);
            more = bench_recorder_note(&recorder, answered_ns, answered_ns - meant_ns, 128);
        }
    }
    assert_true(stalling.has_stalled);
    assert_int_equal(recorder.result.calls, CALLS);
    assert_true(bench_histogram_at(recorder.result.latency_ns, 0.999) >= (uint64_t)450 * MS);
    assert_true(bench_histogram_most(recorder.result.latency_ns) >= (uint64_t)500 * MS);
    /* A call that is sent 1 ms later waits 0.9 ms less: 555 of 10,000 wait. */
    assert_true(bench_histogram_at(recorder.result.latency_ns, 0.95) > (uint64_t)10 * MS);
    assert_true(bench_histogram_at(recorder.result.latency_ns, 0.94) < MS);
    bench_recorder_deinit(&recorder);
}

/* The sender itself stalls: it wakes 500 ms late, and finds all that was due. */
static void test_a_stall_of_the_sender_shows_too(void **unused) {
    bench_recorder recorder;
    bench_spec spec;
    bench_schedule schedule;
    one_server quick = {.has_stalled = true};
    bool more = true;
    (void)unused;
    start(&recorder, &spec);
    bench_schedule_init(&schedule, 0, 1000);
    for (uint64_t now_ns = 0; more; now_ns = bench_schedule_next_ns(&schedule)) {
        if (now_ns == (uint64_t)5000 * MS) now_ns += (uint64_t)500 * MS;
        for (uint64_t due = bench_schedule_due(&schedule, now_ns); due > 0 && more; due--) {
            const uint64_t meant_ns = bench_schedule_take(&schedule);
            const uint64_t answered_ns = answer_at(&quick, now_ns);
            more = bench_recorder_note(&recorder, answered_ns, answered_ns - meant_ns, 128);
        }
    }
    assert_true(bench_histogram_at(recorder.result.latency_ns, 0.999) >= (uint64_t)450 * MS);
    bench_recorder_deinit(&recorder);
}

/* The same server and rate, but the next call waits for the answer: one call of 10,000 has seen it. */
static void test_a_closed_loop_would_hide_it(void **unused) {
    bench_recorder recorder;
    bench_spec spec;
    one_server stalling = {.free_ns = 0};
    uint64_t sent_ns = 0;
    bool more = true;
    (void)unused;
    start(&recorder, &spec);
    while (more) {
        const uint64_t answered_ns = answer_at(&stalling, sent_ns);
        more = bench_recorder_note(&recorder, answered_ns, answered_ns - sent_ns, 128);
        sent_ns += MS;
        if (sent_ns < answered_ns) sent_ns = answered_ns;
    }
    assert_true(stalling.has_stalled);
    assert_true(bench_histogram_most(recorder.result.latency_ns) >= (uint64_t)500 * MS);
    assert_true(bench_histogram_at(recorder.result.latency_ns, 0.999) < MS);
    bench_recorder_deinit(&recorder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_are_due_at_their_times),
        cmocka_unit_test(test_nothing_drifts_and_nothing_is_skipped),
        cmocka_unit_test(test_a_stall_shows_in_an_open_loop),
        cmocka_unit_test(test_a_stall_of_the_sender_shows_too),
        cmocka_unit_test(test_a_closed_loop_would_hide_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
