/* SPDX-License-Identifier: Apache-2.0
 * Strangers that fill the log: anybody can cause the lines of connections that never open, so all connections of a
 * process share one bucket of them. A program of its own, since no other test may have taken from it. */
#include <unistd.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "stopwatch.h"

/* Strangers at the door at one time: fewer than may be half open. */
enum { AT_ONCE = 32 };

static victim_world world;
static victim_server server;
static honest_caller caller;

/* `count` connections that speak no TLS, and go; returns when the server has let go of them and written its lines. */
static void strangers_come(unsigned count) {
    const bad_script about = {.world = &world};
    const unsigned ended_before = ended_count();
    bad_peer *peers[AT_ONCE];
    assert_true(count <= AT_ONCE && AT_ONCE < GRILLE_LIMIT_HALF_OPEN_CONNECTIONS);
    for (unsigned i = 0; i < count; i++) {
        const int fd = bad_peer_dial(server.address);
        assert_true(fd >= 0);
        peers[i] = bad_peer_new(fd, true, world.hostile, world.now_ms);
        bad_script_play(peers[i], &about, "raw:http");
    }
    for (unsigned i = 0; i < count; i++)
        bad_peer_free(peers[i]);
    assert_true(ended_wait(ended_before + count, BAD_PEER_PATIENCE_MS));
}

static unsigned stranger_lines(void) {
    return log_book_count("server connection ", NULL);
}

/* The lines that the bucket can have had tokens for since the watch was started. */
static unsigned most_lines(const stopwatch *watch) {
    return GRILLE_LIMIT_STRANGER_LOG_BURST + GRILLE_LIMIT_STRANGER_LOG_PER_SECOND * (stopwatch_ms(watch) + 1) / 1000;
}

static void strangers_do_not_fill_the_log(void **state) {
    const stopwatch watch = stopwatch_start();
    unsigned came = 0, lines = 0;
    (void)state;
    /* However slow this machine is: more of them than it has tokens for. */
    while (came <= most_lines(&watch)) {
        strangers_come(AT_ONCE);
        came += AT_ONCE;
        assert_true(came < 8 * GRILLE_LIMIT_STRANGER_LOG_BURST);
    }
    lines = stranger_lines();
    assert_in_range(lines, GRILLE_LIMIT_STRANGER_LOG_BURST, most_lines(&watch));
    assert_true(lines < came);
    honest_caller_check(&caller, 20);

    /* The next one that has its line again is told together with how many had none. */
    for (lines = stranger_lines(); stranger_lines() == lines; came++) {
        (void)usleep(1000000 / GRILLE_LIMIT_STRANGER_LOG_PER_SECOND / 10);
        strangers_come(1);
        assert_true(stopwatch_ms(&watch) < 120000);
    }
    assert_true(log_book_count("connections that did not open: ", " lines were left out") > 0);
    assert_int_equal(stranger_lines() + log_book_sum("connections that did not open: "), came);
    assert_int_equal(log_book_count("turned away", NULL), 0);
    assert_int_equal(atomic_load(&server.hostile_calls), 0);
    honest_caller_check(&caller, 5);
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
        cmocka_unit_test(strangers_do_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
