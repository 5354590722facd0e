/* SPDX-License-Identifier: Apache-2.0
 * What many callers, or a patient one, can make a server hold. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "stopwatch.h"

/* One more than fills the queue with two workers busy. */
enum { CALLS_EACH = GRILLE_DEFAULT_STREAMS, CHANNELS = (GRILLE_LIMIT_QUEUED_TASKS + 2) / CALLS_EACH + 1 };

static victim_world world;
static victim_server server;
static honest_caller caller;
static atomic_uint done[17], ended;

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)callback;
    (void)user;
    atomic_fetch_add(&done[(unsigned)reply->code < 17 ? reply->code : GRILLE_UNKNOWN], 1);
    atomic_fetch_add(&ended, 1);
}

static void wait_for(atomic_uint *counter, unsigned count) {
    for (unsigned ms = 0; atomic_load(counter) < count && ms < 30000; ms++)
        (void)usleep(1000);
    assert_int_equal(atomic_load(counter), count);
}

static void forget(void) {
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++)
        atomic_store(&done[i], 0);
    atomic_store(&ended, 0);
}

/* Each call has its stream and a worker to wait for; those that find no place in the queue are told at once. */
static void the_queue_of_the_workers_is_bounded(void **state) {
    const fake_message request = {"hold"};
    const unsigned refused = CHANNELS * CALLS_EACH - GRILLE_LIMIT_QUEUED_TASKS - 2;
    const unsigned ended_before = ended_count();
    victim_channel channels[CHANNELS];
    grille_error error;
    (void)state;
    forget();
    atomic_store(&server.holds, true);
    for (unsigned i = 0; i < CHANNELS; i++) {
        victim_channel_open(&world, server.address, NULL, NULL, 0, &channels[i]);
        assert_int_equal(grille_channel_wait_ready(channels[i].channel, 20000, &error), GRILLE_OK);
    }
    for (unsigned i = 0; i < CHANNELS * CALLS_EACH; i++) {
        if (i == 2) wait_for(&server.honest_work, 2);
        assert_int_equal(grille_call_unary_async(channels[i / CALLS_EACH].channel, &victim_methods[1], &request, NULL,
                                                 deliver, NULL, NULL, NULL),
                         GRILLE_OK);
    }
    wait_for(&ended, refused);
    assert_int_equal(atomic_load(&done[GRILLE_RESOURCE_EXHAUSTED]), refused);
    honest_caller_check(&caller, 3);
    atomic_store(&server.holds, false);
    wait_for(&ended, CHANNELS * CALLS_EACH);
    assert_int_equal(atomic_load(&done[GRILLE_OK]), CHANNELS * CALLS_EACH - refused);
    for (unsigned i = 0; i < CHANNELS; i++)
        victim_channel_close(&channels[i]);
    assert_true(ended_wait(ended_before + 2 * CHANNELS, BAD_PEER_PATIENCE_MS));
}

/* ---- Connections ---- */

/* True when the server has closed it without a word. */
static bool is_turned_away(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    uint8_t byte = 0;
    return poll(&watched, 1, 0) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static bool has_bytes(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    uint8_t byte = 0;
    return poll(&watched, 1, 0) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}

/* Connections that say nothing, until the server turns one away; it may let the first ones go meanwhile, when their
 * time for the gate is over. */
static void fill(const victim_server *full, unsigned limit, const char *reason) {
    static int fds[4 * GRILLE_DEFAULT_CONNECTIONS];
    const unsigned ended_before = ended_count();
    unsigned dialled = 0;
    bool refused = false;
    log_book_clear();
    while (!refused) {
        assert_true(dialled < sizeof fds / sizeof fds[0]);
        fds[dialled] = bad_peer_dial(full->address);
        /* -1: more wait to be accepted than the kernel lets. */
        if (fds[dialled] < 0) (void)usleep(1000);
        if (fds[dialled] < 0) continue;
        dialled++;
        if (dialled - (ended_count() - ended_before) <= limit) continue;
        /* One over, unless another one ended by now. */
        for (unsigned ms = 0; ms < 30000 && !refused; ms++) {
            refused = is_turned_away(fds[dialled - 1]);
            if (has_bytes(fds[dialled - 1])) break;
            if (!refused) (void)usleep(1000);
        }
    }
    assert_true(log_book_count(reason, NULL) > 0);
    /* None before that one. */
    for (unsigned i = 0; ended_count() == ended_before && i + 1 < dialled; i++)
        assert_false(is_turned_away(fds[i]));
    honest_caller_check(&caller, 3);
    for (unsigned i = 0; i < dialled; i++)
        (void)close(fds[i]);
    assert_true(ended_wait(ended_before + dialled - 1, BAD_PEER_PATIENCE_MS));
}

static void half_open_connections_are_bounded(void **state) {
    (void)state;
    fill(&server, GRILLE_LIMIT_HALF_OPEN_CONNECTIONS, "LOOP-HALF-OPEN-LIMIT");
}

static void all_connections_are_bounded(void **state) {
    grille_server_options options = grille_server_options_default();
    struct rlimit before, files;
    victim_server other;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    files = before;
    files.rlim_cur = 4 * GRILLE_DEFAULT_CONNECTIONS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    /* Those that say nothing are to meet the other limit. */
    options.max_half_open = 2 * GRILLE_DEFAULT_CONNECTIONS;
    victim_server_start(&world, "full", &options, &other);
    fill(&other, GRILLE_DEFAULT_CONNECTIONS, "LOOP-CONNECTION-LIMIT");
    victim_server_stop(&other);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* ---- Memory ---- */

/* The longest messages that may be, one more than a connection's calls may hold: one of them ends, and nothing else. */
static void a_connection_holds_no_more_than_its_budget(void **state) {
    enum {
        MESSAGE_BYTES = GRILLE_DEFAULT_MESSAGE_BYTES,
        BUDGET_BYTES = GRILLE_DEFAULT_CONNECTION_BUDGET_BYTES,
        CALLS = (BUDGET_BYTES - BUDGET_BYTES / GRILLE_CALLS_LEAVE_OF_BUDGET) / MESSAGE_BYTES + 1
    };
    grille_channel_options options = grille_channel_options_default();
    char *text = malloc(MESSAGE_BYTES + 1);
    const fake_message request = {text};
    const unsigned ended_before = ended_count();
    grille_channel *channel = NULL;
    grille_error error;
    (void)state;
    assert_non_null(text);
    memset(text, 'x', MESSAGE_BYTES);
    memcpy(text, "hold", 4);
    text[MESSAGE_BYTES] = '\0';
    forget();
    atomic_store(&server.holds, true);
    options.policy = world.trusts_servers;
    options.identity = world.honest;
    options.max_memory_bytes = (size_t)1 << 30;
    assert_int_equal(grille_channel_open(server.address, &options, &channel, &error), GRILLE_OK);
    (void)ended_take_server_peak_bytes();
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(
            grille_call_unary_async(channel, &victim_methods[1], &request, NULL, deliver, NULL, NULL, NULL), GRILLE_OK);
    }
    while (atomic_load(&done[GRILLE_RESOURCE_EXHAUSTED]) == 0)
        (void)usleep(1000);
    honest_caller_check(&caller, 3);
    atomic_store(&server.holds, false);
    wait_for(&ended, CALLS);
    assert_int_equal(atomic_load(&done[GRILLE_OK]) + atomic_load(&done[GRILLE_RESOURCE_EXHAUSTED]), CALLS);
    grille_channel_close(channel);
    assert_true(ended_wait(ended_before + 2, BAD_PEER_PATIENCE_MS));
    assert_in_range(ended_take_server_peak_bytes(), BUDGET_BYTES / 2, BUDGET_BYTES);
    free(text);
}

/* A peer that was told goodbye and stays: GRILLE_LIMIT_LINGER_MS later its connection is gone all the same. */
static void a_goodbye_waits_for_a_while_only(void **state) {
    const bad_script about = {.world = &world};
    const int fd = bad_peer_dial(server.address);
    const unsigned ended_before = ended_count();
    bad_peer *peer = bad_peer_new(fd, true, world.hostile, world.now_ms);
    const stopwatch watch = stopwatch_start();
    (void)state;
    bad_script_play(peer, &about, "tls gate:0");
    assert_true(ended_wait(ended_before + 1, BAD_PEER_PATIENCE_MS));
    assert_true(stopwatch_ms(&watch) >= GRILLE_LIMIT_LINGER_MS);
    bad_peer_free(peer);
    honest_caller_check(&caller, 1);
}

static int set_up(void **state) {
    (void)state;
    log_book_open();
    victim_world_init(&world);
    victim_server_start(&world, "s", NULL, &server);
    honest_caller_start(&world, &server, &caller);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    honest_caller_stop(&caller);
    victim_server_stop(&server);
    victim_world_deinit(&world);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_goodbye_waits_for_a_while_only),
        cmocka_unit_test(half_open_connections_are_bounded),
        cmocka_unit_test(all_connections_are_bounded),
        cmocka_unit_test(the_queue_of_the_workers_is_bounded),
        cmocka_unit_test(a_connection_holds_no_more_than_its_budget),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
