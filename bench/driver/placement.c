/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/placement.h"

#include <sched.h>
#include <string.h>

#include "bench/driver/process.h"

/* The nth one that may be used, from 0; BENCH_CPU_ANY when there is none. */
static int nth_cpu(unsigned n) {
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return BENCH_CPU_ANY;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &cpus) && n-- == 0) return (int)cpu;
    }
    return BENCH_CPU_ANY;
}

unsigned bench_cpus(void) {
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
    return (unsigned)CPU_COUNT(&cpus);
}

int bench_cpu_of(const char *placement, bool is_server) {
    if (strcmp(placement, "same") == 0) return nth_cpu(0);
    if (strcmp(placement, "split") == 0) return nth_cpu(is_server ? 1 : 0);
    return BENCH_CPU_ANY;
}
