/* SPDX-License-Identifier: Apache-2.0
 * Which CPU each side has to itself, of those that this process may use. */
#ifndef GRILLE_BENCH_PLACEMENT_H
#define GRILLE_BENCH_PLACEMENT_H

#include <stdbool.h>

/* How many CPUs this process may use; at least 1. */
unsigned bench_cpus(void);

/* same: both on the first one; split: the server on the second; free: BENCH_CPU_ANY (process.h). */
int bench_cpu_of(const char *placement, bool is_server);

#endif
