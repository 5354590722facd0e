/* SPDX-License-Identifier: Apache-2.0
 * Goal: a server drains without losing a call, stays within its limits whatever peers do, and costs nothing when idle.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "in_process.h"
#include "loop/socket.h"
#include "wire/limits.h"

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up_all(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down_all(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

/* ---- Drain ---- */

typedef struct load {
    grille_channel *channel;
    pthread_t thread;
    e2e_async async;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned started, ended, ok, unavailable, other;
    bool stop;
    char other_text[256];
} load;

static void count_end(grille_code code, const char *answer, void *user) {
    load *own = user;
    pthread_mutex_lock(&own->lock);
    own->ended++;
    if (code == GRILLE_OK) {
        own->ok++;
    } else if (code == GRILLE_UNAVAILABLE) {
        own->unavailable++;
    } else {
        own->other++;
        (void)snprintf(own->other_text, sizeof own->other_text, "%d %s", (int)code, answer);
    }
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

/* Keeps eight calls under way until told to stop. */
static void *run_load(void *argument) {
    load *own = argument;
    pthread_mutex_lock(&own->lock);
    while (!own->stop) {
        while (own->started - own->ended >= 8)
            pthread_cond_wait(&own->changed, &own->lock);
        unsigned number = own->started++;
        pthread_mutex_unlock(&own->lock);
        e2e_method method = number % 3 == 0 ? E2E_WORK : E2E_ECHO;
        const char *text = number % 3 == 0 ? "sleep:3" : "quick";
        if (e2e_call_async(own->channel, method, text, NULL, &own->async, NULL) != GRILLE_OK) abort();
        pthread_mutex_lock(&own->lock);
    }
    while (own->ended < own->started)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
    return NULL;
}

static void start_load(load *own, grille_channel *channel) {
    memset(own, 0, sizeof *own);
    own->channel = channel;
    own->async = (e2e_async){count_end, own};
    pthread_mutex_init(&own->lock, NULL);
    pthread_cond_init(&own->changed, NULL);
    assert_int_equal(pthread_create(&own->thread, NULL, run_load, own), 0);
}

static void stop_load(load *own) {
    pthread_mutex_lock(&own->lock);
    own->stop = true;
    pthread_mutex_unlock(&own->lock);
    pthread_join(own->thread, NULL);
}

static void wait_ok(load *own, unsigned count) {
    pthread_mutex_lock(&own->lock);
    while (own->ok < count)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

/* Every call ends once; every one whose handler ran got its answer; the rest never ran. */
static void drains_under_load(int signal_number, unsigned loops) {
    enum { CHANNELS = 3 };
    load loads[CHANNELS];
    server_process server = {.kind = "nitro", .loops = loops, .workers = 3};
    char last_line[64];
    unsigned ok = 0, started = 0, finished = 0, cancelled = 0;
    server_start(&w, &server, world_unix(&w, "drained"));
    for (int i = 0; i < CHANNELS; i++)
        start_load(&loads[i], world_channel(&w, "nitro", server.address));
    for (int i = 0; i < CHANNELS; i++)
        wait_ok(&loads[i], 50);
    server_end(&server, signal_number, last_line, sizeof last_line);
    for (int i = 0; i < CHANNELS; i++) {
        stop_load(&loads[i]);
        if (loads[i].other != 0) fail_msg("a call ended with %s", loads[i].other_text);
        assert_int_equal(loads[i].ended, loads[i].started);
        assert_int_equal(loads[i].ok + loads[i].unavailable, loads[i].ended);
        ok += loads[i].ok;
        grille_channel_close(loads[i].channel);
    }
    assert_int_equal(sscanf(last_line, "started %u finished %u cancelled %u", &started, &finished, &cancelled), 3);
    assert_int_equal(started, finished);
    assert_int_equal(cancelled, 0);
    assert_int_equal(ok, finished);
}

static void test_drains_on_sigterm(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++)
        drains_under_load(SIGTERM, 1);
    drains_under_load(SIGTERM, 3);
}

static void test_drains_on_sigint(void **state) {
    (void)state;
    drains_under_load(SIGINT, 2);
}

/* A call that is still running after the drain timeout ends UNAVAILABLE; the server waits for its handler. Less than by
 * default, to be over it. */
static void test_drain_timeout(void **state) {
    server_process server = {.kind = "nitro", .drain_timeout_ms = 50};
    load own;
    char last_line[64];
    (void)state;
    assert_int_equal(grille_server_options_default().drain_timeout_ms, GRILLE_DEFAULT_DRAIN_TIMEOUT_MS);
    server_start(&w, &server, world_unix(&w, "overdue"));
    memset(&own, 0, sizeof own);
    pthread_mutex_init(&own.lock, NULL);
    pthread_cond_init(&own.changed, NULL);
    own.async = (e2e_async){count_end, &own};
    own.channel = world_channel(&w, "nitro", server.address);
    assert_int_equal(e2e_call_async(own.channel, E2E_WORK, "hold", NULL, &own.async, NULL), GRILLE_OK);
    assert_int_equal(e2e_call_async(own.channel, E2E_ECHO, "x", NULL, &own.async, NULL), GRILLE_OK);
    wait_ok(&own, 1);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 2 finished 2 cancelled 1");
    pthread_mutex_lock(&own.lock);
    while (own.ended < 2)
        pthread_cond_wait(&own.changed, &own.lock);
    pthread_mutex_unlock(&own.lock);
    assert_int_equal(own.unavailable, 1);
    grille_channel_close(own.channel);
}

static void *stop_server(void *argument) {
    grille_server_stop(argument);
    return NULL;
}

/* Stop may come from several threads at once, and again. */
static void test_stop(void **state) {
    e2e_counts counts = {0};
    pthread_t threads[4];
    char answer[64];
    (void)state;
    grille_server *server = in_process_server(&w, "stopped", NULL, &counts);
    grille_channel *channel = world_channel(&w, "x509", grille_server_address(server, 0));
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stop_server, server), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    grille_server_stop(server);
    assert_int_equal(access(grille_server_address(server, 0) + strlen("unix:"), F_OK), -1);
    grille_server_free(server);
    grille_channel_close(channel);
}

static void *run_server(void *argument) {
    grille_error error;
    return (void *)(intptr_t)grille_server_run(argument, &error);
}

/* grille_server_stop ends grille_server_run, and the dispositions are as before. */
static void test_stop_ends_run(void **state) {
    e2e_counts counts = {0};
    grille_server_options options = grille_server_options_default();
    struct sigaction before, after;
    grille_server *server = NULL;
    grille_error error;
    pthread_t thread;
    void *code = NULL;
    char answer[64];
    (void)state;
    assert_int_equal(sigaction(SIGTERM, NULL, &before), 0);
    options.policy = w.trusts_parent;
    options.identity = w.gateway;
    assert_int_equal(grille_server_new(&options, &server, &error), GRILLE_OK);
    assert_int_equal(e2e_register(server, &counts, &error), GRILLE_OK);
    assert_int_equal(grille_server_listen(server, world_unix(&w, "run"), &error), GRILLE_OK);
    assert_int_equal(pthread_create(&thread, NULL, run_server, server), 0);
    grille_channel *channel = world_channel(&w, "x509", world_unix(&w, "run"));
    assert_int_equal(
        e2e_call(channel, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer),
        GRILLE_OK);
    grille_channel_close(channel);
    grille_server_stop(server);
    pthread_join(thread, &code);
    assert_int_equal((intptr_t)code, GRILLE_OK);
    assert_int_equal(sigaction(SIGTERM, NULL, &after), 0);
    assert_true(before.sa_handler == after.sa_handler);
    grille_server_free(server);
}

/* ---- Limits ---- */

static int connect_raw(const char *text) {
    grille_address address;
    grille_socket_name name;
    int fd;
    assert_int_equal(grille_address_parse(text, &address, NULL), GRILLE_REASON_OK);
    assert_true(grille_socket_name_to_dial(&address, 0, &name));
    assert_int_equal(grille_socket_open(&name, &fd), 0);
    assert_int_equal(grille_socket_connect(fd, &name), 0);
    return fd;
}

/* True when the peer closes within the time. */
static bool closes(int fd, int timeout_ms) {
    char bytes[4096];
    struct pollfd one = {.fd = fd, .events = POLLIN};
    while (poll(&one, 1, timeout_ms) > 0) {
        long moved = grille_socket_read(fd, bytes, sizeof bytes);
        if (moved == 0 || (moved < 0 && moved != -EAGAIN)) return true;
    }
    return false;
}

/* Silent connections use up their own share only; one over it is turned away; when they go, it is served again. */
static void test_half_open_connections_are_bounded(void **state) {
    server_process server = {.kind = "x509", .max_half_open = 4};
    char answer[256], last_line[64];
    int silent[4];
    (void)state;
    server_start(&w, &server, world_unix(&w, "half"));
    grille_channel *before = world_channel(&w, "x509", server.address);
    assert_int_equal(e2e_call(before, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    for (int i = 0; i < 4; i++)
        silent[i] = connect_raw(server.address);
    int one_more = connect_raw(server.address);
    assert_true(closes(one_more, 5000));
    (void)close(one_more);
    assert_false(closes(silent[0], 0));
    /* Nothing else is disturbed. */
    assert_int_equal(e2e_call(before, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    for (int i = 0; i < 4; i++)
        (void)close(silent[i]);
    grille_channel *after = world_channel(&w, "x509", server.address);
    assert_int_equal(
        e2e_call(after, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer), GRILLE_OK);
    grille_channel_close(before);
    grille_channel_close(after);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

static void test_connections_are_bounded(void **state) {
    server_process server = {.kind = "x509", .max_connections = 2};
    char answer[256], last_line[64];
    (void)state;
    server_start(&w, &server, world_unix(&w, "full"));
    grille_channel *first = world_channel(&w, "x509", server.address);
    grille_channel *second = world_channel(&w, "x509", server.address);
    assert_int_equal(e2e_call(first, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(e2e_call(second, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    int third = connect_raw(server.address);
    assert_true(closes(third, 5000));
    (void)close(third);
    grille_channel_close(first);
    grille_channel *fourth = world_channel(&w, "x509", server.address);
    assert_int_equal(
        e2e_call(fourth, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer),
        GRILLE_OK);
    grille_channel_close(second);
    grille_channel_close(fourth);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

/* Without descriptors the server turns new connections away, serves the old ones on, and is itself again afterwards. */
static void test_out_of_descriptors(void **state) {
    enum { MANY = 60 };
    server_process server = {.kind = "x509", .max_files = 40, .max_half_open = 1000};
    char answer[256], last_line[64];
    int many[MANY];
    unsigned turned_away = 0;
    (void)state;
    server_start(&w, &server, world_unix(&w, "emfile"));
    grille_channel *before = world_channel(&w, "x509", server.address);
    assert_int_equal(e2e_call(before, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    for (int i = 0; i < MANY; i++)
        many[i] = connect_raw(server.address);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(e2e_call(before, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
        usleep(3000);
    }
    for (int i = 0; i < MANY; i++)
        turned_away += closes(many[i], 0) ? 1 : 0;
    assert_in_range(turned_away, 1, MANY - 1);
    for (int i = 0; i < MANY; i++)
        (void)close(many[i]);
    grille_channel *after = world_channel(&w, "x509", server.address);
    assert_int_equal(
        e2e_call(after, E2E_ECHO, "x", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer), GRILLE_OK);
    grille_channel_close(before);
    grille_channel_close(after);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

/* A peer that never finishes its handshake is closed after the gate's five seconds, told by an alert. */
static void test_silence_ends_at_the_gate_deadline(void **state) {
    server_process server = {.kind = "x509"};
    char last_line[64];
    (void)state;
    server_start(&w, &server, world_unix(&w, "silence"));
    struct timespec start, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    int silent = connect_raw(server.address);
    assert_true(closes(silent, 20000));
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 >= GRILLE_LIMIT_GATE_MS);
    (void)close(silent);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 0 finished 0 cancelled 0");
}

static void test_garbage_is_closed_at_once(void **state) {
    server_process server = {.kind = "x509"};
    char last_line[64], answer[64], garbage[4096];
    (void)state;
    server_start(&w, &server, world_unix(&w, "garbage"));
    grille_channel *channel = world_channel(&w, "x509", server.address);
    for (int i = 0; i < 20; i++) {
        int fd = connect_raw(server.address);
        memset(garbage, i * 13, sizeof garbage);
        assert_int_equal(grille_socket_write(fd, garbage, sizeof garbage), sizeof garbage);
        assert_true(closes(fd, 4000));
        (void)close(fd);
    }
    assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 1 finished 1 cancelled 0");
}

/* ---- Slow peers ---- */

/* The server's process stops reading for a while (SIGSTOP) with large calls under way; all of them end well. */
static void test_slow_reader(void **state) {
    static char large[1000001], answer[1000001];
    server_process server = {.kind = "nitro"};
    load own;
    char last_line[64];
    (void)state;
    memset(large, 'z', sizeof large - 1);
    server_start(&w, &server, world_unix(&w, "slow"));
    memset(&own, 0, sizeof own);
    pthread_mutex_init(&own.lock, NULL);
    pthread_cond_init(&own.changed, NULL);
    own.async = (e2e_async){count_end, &own};
    own.channel = world_channel(&w, "nitro", server.address);
    assert_int_equal(e2e_call(own.channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    int status = 0;
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid);
    assert_true(WIFSTOPPED(status));
    for (int i = 0; i < 12; i++) {
        assert_int_equal(e2e_call_async(own.channel, E2E_WORK, large, NULL, &own.async, NULL), GRILLE_OK);
    }
    usleep(100000);
    assert_int_equal(own.ended, 0);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    wait_ok(&own, 12);
    grille_channel_close(own.channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 13 finished 13 cancelled 0");
}

/* ---- Handlers on the loop thread ---- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char slow_line[256]; /* the last */
static unsigned work_lines;

static void keep_slow_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)user;
    pthread_mutex_lock(&log_lock);
    if (strstr(line, "held its loop thread") != NULL) (void)snprintf(slow_line, sizeof slow_line, "%s", line);
    if (strstr(line, "/test.E2e/Work") != NULL) work_lines++;
    pthread_mutex_unlock(&log_lock);
}

static void test_slow_handler_is_named(void **state) {
    e2e_counts counts = {0};
    char answer[64];
    (void)state;
    grille_log_set(keep_slow_line, NULL, GRILLE_LOG_WARNING);
    grille_server *server = in_process_server(&w, "held", NULL, &counts);
    grille_channel *channel = world_channel(&w, "x509", grille_server_address(server, 0));
    assert_int_equal(e2e_call(channel, E2E_WORK, "sleep:30", NULL, answer, sizeof answer), GRILLE_OK);
    assert_int_equal(e2e_call(channel, E2E_ECHO, "sleep:30", NULL, answer, sizeof answer), GRILLE_OK);
    grille_channel_close(channel);
    grille_server_free(server);
    assert_non_null(strstr(slow_line, "/test.E2e/Echo"));
    assert_int_equal(work_lines, 0);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
}

/* ---- Idle ---- */

/* Wake-ups so far of all threads that the library made in this process. */
static long wake_ups(pid_t pid) {
    char command[160];
    long total = 0;
    (void)snprintf(command, sizeof command,
                   "cat /proc/%d/task/*/status | awk '/^Name/ {own = $2 ~ /^grille-/} /^voluntary/ && own {sum += $2} "
                   "END {print sum}'",
                   (int)pid);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    assert_int_equal(fscanf(output, "%ld", &total), 1);
    (void)pclose(output);
    assert_true(total > 0);
    return total;
}

/* Both ends, some time after they had traffic: at most two wake-ups a second, all threads together. */
static void test_idle_processes_sleep(void **state) {
    server_process server = {.kind = "nitro", .loops = 2};
    char answer[64], last_line[64];
    (void)state;
    server_start(&w, &server, world_unix(&w, "idle"));
    grille_channel *channel = world_channel(&w, "nitro", server.address);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(e2e_call(channel, E2E_ECHO, "x", NULL, answer, sizeof answer), GRILLE_OK);
    }
    usleep(500000); /* buffers are given back, the keeper takes over; which may take longer where others run */
    long server_woke = 0, own_woke = 0;
    for (int tries = 0; tries < 5; tries++) {
        long server_before = wake_ups(server.pid), own_before = wake_ups(getpid());
        sleep(3);
        server_woke = wake_ups(server.pid) - server_before;
        own_woke = wake_ups(getpid()) - own_before;
        if (server_woke <= 6 && own_woke <= 6) break;
    }
    assert_in_range(server_woke, 0, 6);
    assert_in_range(own_woke, 0, 6);
    grille_channel_close(channel);
    server_end(&server, SIGTERM, last_line, sizeof last_line);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drains_on_sigterm),
        cmocka_unit_test(test_drains_on_sigint),
        cmocka_unit_test(test_drain_timeout),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_ends_run),
        cmocka_unit_test(test_half_open_connections_are_bounded),
        cmocka_unit_test(test_connections_are_bounded),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_silence_ends_at_the_gate_deadline),
        cmocka_unit_test(test_garbage_is_closed_at_once),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_slow_handler_is_named),
        cmocka_unit_test(test_idle_processes_sleep),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
