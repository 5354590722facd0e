/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool bench_usage_clock(pid_t pid, clockid_t *clock) {
    return clock_getcpuclockid(pid, clock) == 0;
}

int64_t bench_usage_cpu_ns(clockid_t clock) {
    struct timespec used;
    if (clock_gettime(clock, &used) != 0) return -1;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int64_t bench_usage_rss_kib(pid_t pid) {
    char text[4096];
    const char *line = NULL;
    ssize_t len = 0;
    int fd = -1;
    (void)snprintf(text, sizeof text, "/proc/%d/status", (int)pid);
    /* Not stdio, whose buffer would be a call of the heap that is being counted. */
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    len = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[len > 0 ? len : 0] = 0;
    line = strstr(text, "\nVmRSS:");
    return line != NULL ? (int64_t)strtoll(line + strlen("\nVmRSS:"), NULL, 10) : -1;
}
