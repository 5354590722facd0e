/* SPDX-License-Identifier: Apache-2.0
 * One call at a time between two processes. Prints one line of JSON: latency in nanoseconds, CPU of both processes per
 * call, calls per second.
 * usage: pingpong MODE PLACEMENT BYTES CALLS SOCKET FOLDER    (MODE raw|tls|grille, PLACEMENT same|split|free) */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/mode.h"

enum { WARM_UP_CALLS = 2000, CALLS_MAX = 10000000, BYTES_MAX = 1 << 20 };

static const bench_mode *const modes[] = {&bench_mode_raw, &bench_mode_tls, &bench_mode_grille};

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* same: both on CPU 0; split: server on CPU 1; free: where the scheduler likes. */
static void place(const char *placement, bool is_server) {
    cpu_set_t set;
    if (strcmp(placement, "free") == 0) return;
    CPU_ZERO(&set);
    CPU_SET(is_server && strcmp(placement, "split") == 0 ? 1 : 0, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("bench: sched_setaffinity");
        exit(1);
    }
}

/* CPU time of a process that still runs, from its own clock. */
static uint64_t cpu_of(pid_t pid) {
    clockid_t clock = 0;
    if (clock_getcpuclockid(pid, &clock) != 0) return 0;
    return now_ns(clock);
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static int measure(const bench_mode *mode, const char *placement, size_t bytes, size_t calls, pid_t server) {
    uint64_t *took = malloc(calls * sizeof *took);
    uint64_t begin = 0;
    uint64_t wall = 0;
    uint64_t cpu = 0;
    size_t at = 0;
    if (took == NULL) return 1;
    for (at = 0; at < WARM_UP_CALLS; at++) {
        if (!mode->ping()) return 1;
    }
    cpu = cpu_of(server) + now_ns(CLOCK_PROCESS_CPUTIME_ID);
    wall = now_ns(CLOCK_MONOTONIC);
    for (at = 0; at < calls; at++) {
        begin = now_ns(CLOCK_MONOTONIC);
        if (!mode->ping()) return 1;
        took[at] = now_ns(CLOCK_MONOTONIC) - begin;
    }
    wall = now_ns(CLOCK_MONOTONIC) - wall;
    cpu = cpu_of(server) + now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(took, calls, sizeof *took, compare);
    (void)printf("{\"mode\":\"%s\",\"placement\":\"%s\",\"bytes\":%zu,\"calls\":%zu,\"p50_ns\":%" PRIu64
                 ",\"p99_ns\":%" PRIu64 ",\"cpu_ns_per_call\":%" PRIu64 ",\"calls_per_s\":%" PRIu64 "}\n",
                 mode->name, placement, bytes, calls, took[calls / 2], took[calls - calls / 100 - 1], cpu / calls,
                 (uint64_t)calls * 1000000000u / (wall > 0 ? wall : 1));
    free(took);
    return 0;
}

static int run(const bench_mode *mode, const char *placement, size_t bytes, size_t calls, const char *path,
               const char *folder) {
    int failed = 1;
    pid_t server = 0;
    (void)unlink(path);
    server = fork();
    if (server < 0) return 1;
    if (server == 0) {
        place(placement, true);
        mode->serve(path, folder, bytes);
    }
    place(placement, false);
    if (mode->connect(path, folder, bytes)) {
        failed = measure(mode, placement, bytes, calls, server);
        mode->close();
    }
    (void)kill(server, SIGTERM);
    (void)waitpid(server, NULL, 0);
    (void)unlink(path);
    if (failed != 0) (void)fprintf(stderr, "bench: %s %s failed\n", mode->name, placement);
    return failed;
}

static bool number(const char *text, size_t most, size_t *value) {
    char *end = NULL;
    unsigned long long parsed = strtoull(text, &end, 10);
    *value = (size_t)parsed;
    return end != text && *end == 0 && parsed > 0 && parsed <= most;
}

int main(int argc, char **argv) {
    const bench_mode *mode = NULL;
    size_t bytes = 0;
    size_t calls = 0;
    size_t at = 0;
    for (at = 0; argc == 7 && at < sizeof modes / sizeof *modes; at++) {
        if (strcmp(argv[1], modes[at]->name) == 0) mode = modes[at];
    }
    if (mode == NULL || !number(argv[3], BYTES_MAX, &bytes) || !number(argv[4], CALLS_MAX, &calls)) {
        fputs("usage: pingpong raw|tls|grille same|split|free BYTES CALLS SOCKET FOLDER\n", stderr);
        return 2;
    }
    return run(mode, argv[2], bytes, calls, argv[5], argv[6]);
}
