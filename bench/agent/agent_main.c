/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/agent/counters.h"
#include "bench/agent/multiplexer.h"
#include "bench/agent/row.h"

enum { USAGE = 2, FAILED = 1 };

/* The reason is the last line. */
static int misuse(const char *what) {
    (void)fprintf(stderr, "usage: agent serve|load ROW OPTIONS\n");
    bench_spec_help(stderr);
    (void)fprintf(stderr, "agent: %s\n", what);
    return USAGE;
}

/* Thousands of connections need as many descriptors. */
static void allow_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The end of standard input is as good as SIGTERM: a server whose parent is gone ends too. */
static void *wait_for_end_of_input(void *user) {
    char ignored[64];
    (void)user;
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
    }
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

static bool watch_input(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    bool started = false;
    if (pthread_attr_init(&attributes) != 0) return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Signals are the other threads' matter. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    started = pthread_create(&thread, &attributes, wait_for_end_of_input, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

static void say_ready(const char *address) {
    (void)printf("ready %s\n", address);
    (void)fflush(stdout);
}

static int serve(const bench_row *row, const bench_spec *spec) {
    bench_multiplexer multiplexer;
    int code = FAILED;
    if (!bench_multiplexer_start(&multiplexer, spec->address)) return FAILED;
    if (watch_input())
        code = row->serve(spec, say_ready);
    else
        (void)fprintf(stderr, "agent: no thread to watch standard input\n");
    bench_multiplexer_stop(&multiplexer);
    return code;
}

static int load(const bench_row *row, const bench_spec *spec) {
    bench_recorder recorder;
    int code = FAILED;
    if (!bench_recorder_init(&recorder, spec)) {
        (void)fprintf(stderr, "agent: no memory for a histogram\n");
        return FAILED;
    }
    code = row->load(spec, &recorder);
    if (code == 0 && !recorder.ended) {
        (void)fprintf(stderr, "agent: the load ended before its measured part did\n");
        code = FAILED;
    }
    if (code == 0 && !bench_result_print(&recorder.result)) code = FAILED;
    bench_recorder_deinit(&recorder);
    return code;
}

static const bench_row *row_of(const bench_row *const *rows, const char *name) {
    while (*rows != NULL && strcmp((*rows)->name, name) != 0)
        rows++;
    return *rows;
}

int bench_agent_main(const bench_row *const *rows, int argc, char **argv) {
    bench_spec spec = bench_spec_default();
    const bench_row *row = NULL;
    bool serves = false;
    char why[512];
    if (argc < 2) return misuse("serve or load, and a row, are missing");
    serves = strcmp(argv[0], "serve") == 0;
    if (!serves && strcmp(argv[0], "load") != 0) return misuse("the first word is neither serve nor load");
    row = row_of(rows, argv[1]);
    if (row == NULL) {
        (void)snprintf(why, sizeof why, "no row is called \"%.64s\"", argv[1]);
        return misuse(why);
    }
    for (int i = 2; i < argc; i += 2) {
        if (strncmp(argv[i], "--", 2) != 0 || i + 1 == argc) {
            (void)snprintf(why, sizeof why, "\"%.64s\": expected --option and its value", argv[i]);
            return misuse(why);
        }
        if (!bench_spec_option(&spec, argv[i] + 2, argv[i + 1], why)) return misuse(why);
    }
    if (!bench_spec_check(&spec, why)) return misuse(why);
    allow_descriptors();
    if (spec.counters[0] != 0 && !bench_counters_open(spec.counters, serves)) {
        (void)fprintf(stderr, "agent: --counters %s: %s\n", spec.counters, strerror(errno));
        return FAILED;
    }
    return serves ? serve(row, &spec) : load(row, &spec);
}
