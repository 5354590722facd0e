/* SPDX-License-Identifier: Apache-2.0
 * An open loop: when each call of a fixed rate is meant to be sent. A call that is sent late keeps the time it was
 * meant for, so that whatever stalls the server or the sender shows in the latencies of all calls behind it
 * (coordinated omission: G. Tene, "How NOT to Measure Latency"). No clock: times are arguments, in nanoseconds. */
#ifndef GRILLE_BENCH_SCHEDULE_H
#define GRILLE_BENCH_SCHEDULE_H

#include <stdint.h>

typedef struct bench_schedule {
    uint64_t start_ns;
    double interval_ns;
    uint64_t taken; /* calls that were sent */
} bench_schedule;

/* The first call is due at `start_ns`; `rate` per second, above 0. */
void bench_schedule_init(bench_schedule *schedule, uint64_t start_ns, double rate);

/* When the next one is due: what a sender sleeps for. */
uint64_t bench_schedule_next_ns(const bench_schedule *schedule);

/* How many are due at `now_ns` and not taken. */
uint64_t bench_schedule_due(const bench_schedule *schedule, uint64_t now_ns);

/* Takes the next one, due or not; its intended time. None is ever skipped. */
uint64_t bench_schedule_take(bench_schedule *schedule);

#endif
