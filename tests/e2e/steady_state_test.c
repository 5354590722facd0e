/* SPDX-License-Identifier: Apache-2.0
 * Goal: once warm, a unary call makes no heap call on either side and is one write and one read in each direction,
 * counted for the whole process that holds both ends. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "counted.h"
#include "in_process.h"
#include "loop/loop.h"
#include "wire/limits.h"

#define WARM_UP 300
#define CALLS   2000
#define ROUND   200
/* Rounds that may be thrown away where others have the CPU. */
#define MOST_ROUNDS 200

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

/* True when no call took so long that a connection may have counted as idle, and given its buffers back. */
static bool call_many(grille_channel *channel, e2e_method method, const char *text, unsigned count) {
    const fake_message request = {text};
    bool steady = true;
    for (unsigned i = 0; i < count; i++) {
        grille_reply reply;
        grille_time_us start_us = grille_clock_us();
        grille_code code = grille_call_unary(channel, &e2e_methods[method], &request, NULL, &reply);
        if (code != GRILLE_OK) fail_msg("call %u: %s: %s", i, grille_code_name(code), reply.message);
        grille_reply_free(&reply);
        steady = steady && grille_clock_us() - start_us < GRILLE_CONNECTION_IDLE_MS * 1000 / 4;
    }
    return steady;
}

typedef struct figures {
    unsigned long heap, reads, writes, empty_reads, others;
} figures;

static figures now(void) {
    return (figures){atomic_load(&counted.heap), atomic_load(&counted.reads), atomic_load(&counted.writes),
                     atomic_load(&counted.empty_reads), atomic_load(&counted.others)};
}

static void add_difference(figures *sum, const figures *before, const figures *after) {
    sum->heap += after->heap - before->heap;
    sum->reads += after->reads - before->reads;
    sum->writes += after->writes - before->writes;
    sum->empty_reads += after->empty_reads - before->empty_reads;
    sum->others += after->others - before->others;
}

/* CALLS of them in rounds that nothing interrupted. */
static figures count_rounds(grille_channel *channel, e2e_method method, const char *text) {
    figures made = {0};
    bool steady = false;
    for (unsigned round = 0, calls = 0; calls < CALLS; round++) {
        assert_true(round < MOST_ROUNDS);
        if (!steady) (void)call_many(channel, method, text, WARM_UP);
        figures before = now();
        steady = call_many(channel, method, text, ROUND);
        figures after = now();
        if (!steady) continue;
        add_difference(&made, &before, &after);
        calls += ROUND;
    }
    return made;
}

static figures count_on(grille_channel *channel, e2e_method method, const char *text) {
    figures made = count_rounds(channel, method, text);
    print_message("%u calls: %lu heap calls, %lu reads (%lu empty), %lu writes, %lu wake-ups\n", CALLS, made.heap,
                  made.reads, made.empty_reads, made.writes, made.others);
    return made;
}

static figures count_calls(e2e_method method, const char *text) {
    static e2e_counts counts;
    grille_server *server = in_process_server(&w, "steady", NULL, &counts);
    grille_channel *channel = world_channel(&w, "x509", grille_server_address(server, 0));
    grille_error error;
    assert_int_equal(grille_channel_wait_ready(channel, 10000, &error), GRILLE_OK);
    figures made = count_on(channel, method, text);
    grille_channel_close(channel);
    grille_server_free(server);
    return made;
}

static void test_small_calls(void **state) {
    (void)state;
    figures made = count_calls(E2E_ECHO, "a small message");
    assert_int_equal(made.heap, 0);
    assert_int_equal(made.writes, 2 * CALLS);
    assert_int_equal(made.reads, 2 * CALLS);
    assert_int_equal(made.empty_reads, 0);
}

/* What a whole frame still takes: one frame, one write. Messages that outgrow a call's own room have buffers of their
 * own, a fixed number of them. */
static void test_calls_of_a_full_frame(void **state) {
    static char text[12001];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    figures made = count_calls(E2E_ECHO, text);
    assert_true(made.heap <= 6 * CALLS);
    /* Credit is granted for so many bytes, a handful of times. */
    assert_in_range(made.writes, 2 * CALLS, 2 * CALLS + CALLS / 100);
}

/* The worker pool adds wake-ups (eventfds), no heap calls. */
static void test_offloaded_calls(void **state) {
    (void)state;
    figures made = count_calls(E2E_WORK, "a small message");
    assert_int_equal(made.heap, 0);
}

static void note_code(grille_code code, const char *answer, void *user) {
    (void)answer;
    *(grille_code *)user = code;
}

/* What waits for events of its own does not make each blocking call hand the loop over and back. */
static void test_small_calls_beside_an_open_one(void **state) {
    (void)state;
    static e2e_counts counts;
    grille_server *server = in_process_server(&w, "beside", NULL, &counts);
    grille_channel *channel = world_channel(&w, "x509", grille_server_address(server, 0));
    grille_code ended = GRILLE_OK;
    e2e_async open = {note_code, &ended};
    grille_error error;
    assert_int_equal(grille_channel_wait_ready(channel, 10000, &error), GRILLE_OK);
    assert_int_equal(e2e_call_async(channel, E2E_WORK, "hold", NULL, &open, NULL), GRILLE_OK);
    figures made = count_on(channel, E2E_ECHO, "a small message");
    assert_int_equal(made.heap, 0);
    assert_int_equal(made.writes, 2 * CALLS);
    assert_true(made.others <= CALLS / 2); /* 2 to each call, were the lead handed over */
    grille_channel_close(channel);
    assert_int_equal(ended, GRILLE_CANCELLED);
    grille_server_free(server);
}

/* How often the threads of this name in this process went to sleep of their own will. */
static unsigned long sleeps_of(const char *name) {
    DIR *tasks = opendir("/proc/self/task");
    unsigned long sum = 0;
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], line[128];
        bool own = false;
        unsigned long sleeps = 0;
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "Name:\t", 6) == 0) own = strncmp(line + 6, name, strlen(name)) == 0;
            if (own && sscanf(line, "voluntary_ctxt_switches: %lu", &sleeps) == 1) sum += sleeps;
        }
        if (status != NULL) (void)fclose(status);
    }
    (void)closedir(tasks);
    return sum;
}

enum { WINDOW_US = 128000, MOST_WINDOWS = 40, MOST_SLEEPS = 10 };

/* A thousand channels that are used in turn have a keeper each. One that looks every 2 ms sleeps 64 times in such a
 * window; where others have the CPU it may rightly take the lead in between. */
static void test_blocking_calls_let_the_keeper_sleep(void **state) {
    (void)state;
    static e2e_counts counts;
    grille_server *server = in_process_server(&w, "keeper", NULL, &counts);
    grille_channel *channel = world_channel(&w, "x509", grille_server_address(server, 0));
    grille_error error;
    unsigned long least = MOST_SLEEPS + 1;
    assert_int_equal(grille_channel_wait_ready(channel, 10000, &error), GRILLE_OK);
    assert_true(sleeps_of("grille-keeper") > 0);
    for (unsigned window = 0; window < MOST_WINDOWS && least > MOST_SLEEPS; window++) {
        const unsigned long before = sleeps_of("grille-keeper");
        const grille_time_us until_us = grille_clock_us() + WINDOW_US;
        while (grille_clock_us() < until_us)
            (void)call_many(channel, E2E_ECHO, "a small message", 20);
        const unsigned long sleeps = sleeps_of("grille-keeper") - before;
        if (sleeps < least) least = sleeps;
    }
    assert_in_range(least, 0, MOST_SLEEPS);
    grille_channel_close(channel);
    grille_server_free(server);
}

static atomic_ulong timers_set;

/* In place of libuv's, by the linker. */
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms) {
    atomic_fetch_add(&timers_set, 1);
    return __real_uv_timer_start(timer, callback, timeout_ms, repeat_ms);
}

enum { CONNECTIONS = 16, IN_TURN_US = 400000 };

static grille_channel *open_several(grille_server *server) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    char addresses[CONNECTIONS * 128] = "";
    for (size_t i = 0, used = 0; i < CONNECTIONS; i++) {
        used += (size_t)snprintf(addresses + used, sizeof addresses - used, "%s%s", i > 0 ? "," : "",
                                 grille_server_address(server, 0));
    }
    options.balancing = GRILLE_ROUND_ROBIN;
    options.policy = w.trusts_gateway;
    options.identity = w.parent;
    options.keepalive_interval_ms = 0;
    assert_int_equal(grille_channel_open(addresses, &options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_wait_ready(channel, 10000, &error), GRILLE_OK);
    return channel;
}

/* Connections that are used in turn set no timers, neither with their calls nor some time after them: each of the two
 * loops has one for all, which goes off every GRILLE_CONNECTION_IDLE_MS at most. */
static void test_connections_in_turn_set_no_timers(void **state) {
    (void)state;
    static e2e_counts counts;
    grille_server *server = in_process_server(&w, "turn", NULL, &counts);
    grille_channel *channel = open_several(server);
    unsigned long sets = 0, most = 0;
    /* The first time some are set for buffers of handshakes. */
    for (unsigned tries = 0; tries < 10 && (tries == 0 || sets > most); tries++) {
        const unsigned long before = atomic_load(&timers_set);
        const grille_time_us start_us = grille_clock_us();
        while (grille_clock_us() < start_us + IN_TURN_US)
            (void)call_many(channel, E2E_ECHO, "a small message", CONNECTIONS);
        sets = atomic_load(&timers_set) - before;
        most = 2 * ((unsigned long)(grille_clock_us() - start_us) / (GRILLE_CONNECTION_IDLE_MS * 1000) + 2);
    }
    assert_in_range(sets, 1, most);
    grille_channel_close(channel);
    grille_server_free(server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_calls),
        cmocka_unit_test(test_calls_of_a_full_frame),
        cmocka_unit_test(test_offloaded_calls),
        cmocka_unit_test(test_small_calls_beside_an_open_one),
        cmocka_unit_test(test_blocking_calls_let_the_keeper_sleep),
        cmocka_unit_test(test_connections_in_turn_set_no_timers),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
