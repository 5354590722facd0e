/* SPDX-License-Identifier: Apache-2.0
 * An agent program that measures nothing and behaves as the name of its row says: fake_agent serve|load ROW OPTIONS. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <stdbool.h>

#include "tests/unit/bench/driver/fake_agent.h"

static bool row_is(char **argv, const char *name) {
    return strcmp(argv[2], name) == 0;
}

static unsigned long option(int argc, char **argv, const char *name, unsigned long other) {
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) return strtoul(argv[i + 1], NULL, 10);
    }
    return other;
}

static void wait_for_end(void) {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static int serve(char **argv) {
    if (row_is(argv, "server-dies")) {
        (void)fputs("first line\nno such luck\n\n", stderr);
        return 1;
    }
    if (row_is(argv, "server-can-not")) {
        (void)fputs("not for me\n", stderr);
        return 3;
    }
    (void)puts(row_is(argv, "server-babbles") ? "hello" : "ready unix:nowhere");
    (void)fflush(stdout);
    wait_for_end();
    return 0;
}

/* What syscalls_test counts. */
static void make_calls(unsigned long count) {
    static const char bytes[FAKE_AGENT_WIRE_BYTES];
    int fds[2], pipes[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 || pipe(pipes) != 0) exit(1);
    for (unsigned long i = 0; i < count; i++) {
        static char read_back[sizeof bytes];
        (void)syscall(SYS_getppid);
        (void)syscall(SYS_sched_yield);
        if (write(fds[0], bytes, sizeof bytes) != (ssize_t)sizeof bytes ||
            recv(fds[1], read_back, sizeof read_back, MSG_WAITALL) != (ssize_t)sizeof bytes ||
            write(pipes[1], bytes, 1) != 1 || read(pipes[0], read_back, 1) != 1) {
            exit(1);
        }
    }
}

static int load(int argc, char **argv) {
    const unsigned long count = option(argc, argv, "--count", 0);
    unsigned long calls = count > 0 ? count : 100;
    if (row_is(argv, "hangs")) {
        (void)fputs("about to think\n", stderr);
        for (;;)
            (void)pause();
    }
    if (row_is(argv, "fails")) {
        (void)fputs("this went\nwrong with \033[31mcolour\n", stderr);
        return 1;
    }
    if (row_is(argv, "dies")) (void)raise(SIGKILL);
    if (row_is(argv, "can-not")) {
        (void)fputs("no such pattern\n", stderr);
        return 3;
    }
    if (row_is(argv, "talks-for-ever")) {
        for (;;)
            (void)puts("and another thing");
    }
    if (row_is(argv, "speaks-otherwise")) return puts("calls: 100") >= 0 ? 0 : 1;
    if (row_is(argv, "half")) return puts("{\"calls\":1,\"errors\":0") >= 0 ? 0 : 1;
    if (row_is(argv, "negative"))
        return puts("{\"calls\":-1,\"errors\":0,\"message_bytes\":0,\"wall_ns\":1}") >= 0 ? 0 : 1;
    if (row_is(argv, "counted")) make_calls(calls);
    if (row_is(argv, "miscounts")) calls++;
    (void)printf("{\"calls\":%lu,\"errors\":2,\"message_bytes\":%lu,\"wall_ns\":1000000,\"client_cpu_ns\":200000,"
                 "\"server_cpu_ns\":null,\"client_heap_calls\":0,\"server_heap_calls\":50,\"server_rss_kib\":4096,"
                 "\"server_first_rss_kib\":null,\"client_rss_kib\":null,\"cipher\":\"FAKE\","
                 "\"latency_ns\":[[1000,60],[9000,40]]}\n",
                 calls, calls * 128);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    if (strcmp(argv[1], "serve") == 0) return serve(argv);
    return strcmp(argv[1], "load") == 0 ? load(argc, argv) : 2;
}
