/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/schedule.h"

/* From the start each time: intervals that are no whole nanoseconds don't add up to a drift. */
static uint64_t intended(const bench_schedule *schedule, uint64_t number) {
    return schedule->start_ns + (uint64_t)((double)number * schedule->interval_ns);
}

void bench_schedule_init(bench_schedule *schedule, uint64_t start_ns, double rate) {
    *schedule = (bench_schedule){.start_ns = start_ns, .interval_ns = 1e9 / rate};
}

uint64_t bench_schedule_next_ns(const bench_schedule *schedule) {
    return intended(schedule, schedule->taken);
}

uint64_t bench_schedule_due(const bench_schedule *schedule, uint64_t now_ns) {
    uint64_t number = 0;
    if (now_ns < bench_schedule_next_ns(schedule)) return 0;
    number = (uint64_t)((double)(now_ns - schedule->start_ns) / schedule->interval_ns);
    /* The division may be off by one either way. */
    while (number > schedule->taken && intended(schedule, number) > now_ns)
        number--;
    while (intended(schedule, number + 1) <= now_ns)
        number++;
    return number + 1 - schedule->taken;
}

uint64_t bench_schedule_take(bench_schedule *schedule) {
    return intended(schedule, schedule->taken++);
}
