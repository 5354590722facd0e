/* SPDX-License-Identifier: Apache-2.0
 * What a process has used, seen from outside or by itself. */
#ifndef GRILLE_BENCH_USAGE_H
#define GRILLE_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The clock of a process's CPU time, user and system; also of a process that is not ours. False: no such process. */
bool bench_usage_clock(pid_t pid, clockid_t *clock);

/* What that clock shows, nanoseconds; -1: it has ended. */
int64_t bench_usage_cpu_ns(clockid_t clock);

/* Memory that a process holds (VmRSS of /proc/PID/status); -1: can't be read. */
int64_t bench_usage_rss_kib(pid_t pid);

#endif
