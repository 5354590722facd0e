/* SPDX-License-Identifier: Apache-2.0
 * Peers that stop talking, all at once: each is let go when the deadline of the gate passes, neither earlier nor much
 * later, while honest calls go on. The one test that waits for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "session_pair.h"
#include "stopwatch.h"

enum { MOST_ROWS = 16, LATEST_MS = GRILLE_LIMIT_GATE_MS + 30000 };

static victim_world world;
static victim_server server;
static honest_caller caller;

/* One row against one victim. */
typedef struct silence {
    const bad_row *row;
    bad_peer *peer;
    victim_channel victim;
    bool has_victim;
    stopwatch watch;
} silence;

static int connect_server(void) {
    const int fd = bad_peer_dial(server.address);
    assert_true(fd >= 0);
    return fd;
}

static int connect_channel(silence *s) {
    int ends[2];
    char address[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    victim_channel_open(&world, address, NULL, NULL, 1, &s->victim);
    s->has_victim = true;
    return ends[1];
}

static void begin(silence *s, const bad_row *row, bool initiator) {
    const bad_script about = {.world = &world};
    s->row = row;
    s->watch = stopwatch_start();
    s->peer = bad_peer_new(initiator ? connect_server() : connect_channel(s), initiator, world.hostile, world.now_ms);
    bad_script_play(s->peer, &about, row->script);
}

static void check_call(silence *s) {
    grille_error error;
    assert_int_equal(grille_channel_wait_ready(s->victim.channel, BAD_PEER_PATIENCE_MS, &error), GRILLE_UNAVAILABLE);
    if (strcmp(error.name, "GATE-DEADLINE") != 0) bad_row_fail(s->row, "%s: %s", error.name, error.text);
    victim_channel_close(&s->victim);
    assert_int_equal(atomic_load(&s->victim.done[GRILLE_UNAVAILABLE]), 1);
}

static void end(silence *s) {
    unsigned took_ms = 0;
    bad_row_check_answer(s->row, s->peer);
    took_ms = stopwatch_ms(&s->watch);
    if (took_ms < GRILLE_LIMIT_GATE_MS || took_ms > LATEST_MS) bad_row_fail(s->row, "ended after %u ms", took_ms);
    bad_peer_free(s->peer);
    if (s->has_victim) check_call(s);
}

static void peers_that_say_nothing_more(void **state) {
    static silence all[2 * MOST_ROWS];
    const unsigned ended_before = ended_count();
    unsigned count = 0;
    (void)state;
    assert_true(silent_row_count <= MOST_ROWS);
    log_book_clear();
    for (size_t i = 0; i < silent_row_count; i++) {
        if ((silent_rows[i].against & SERVER) != 0) begin(&all[count++], &silent_rows[i], true);
        if ((silent_rows[i].against & CHANNEL) != 0) begin(&all[count++], &silent_rows[i], false);
    }
    honest_caller_check(&caller, 20);
    for (unsigned i = 0; i < count; i++)
        end(&all[i]);
    assert_true(ended_wait(ended_before + count, BAD_PEER_PATIENCE_MS));
    if (log_book_count(": GATE-DEADLINE: ", NULL) != count || log_book_count(NULL, NULL) != count) {
        log_book_print();
        fail_msg("%u peers, but not as many reasons", count);
    }
    assert_true(ended_take_peak_bytes() < 128 * 1024);
    assert_int_equal(bad_rows_failed(), 0);
    assert_int_equal(atomic_load(&server.hostile_calls), 0);
    honest_caller_check(&caller, 5);
}

static int set_up(void **state) {
    (void)state;
    (void)pair_bytes(1); /* makes its buffer, which takes seconds under a sanitizer */
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
        cmocka_unit_test(peers_that_say_nothing_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
