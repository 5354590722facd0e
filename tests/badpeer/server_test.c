/* SPDX-License-Identifier: Apache-2.0
 * Bad peers against a real server, one after the other, while an honest caller's calls go on. */
#include <stdlib.h>
#include <string.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "stopwatch.h"

static victim_world world;
static victim_server server;
static honest_caller caller;
static grille_bytes replayed;

static bad_peer *connect_peer(bool tcp) {
    const int fd = bad_peer_dial(tcp ? server.tcp_address : server.address);
    assert_true(fd >= 0);
    return bad_peer_new(fd, true, world.hostile, world.now_ms);
}

static void play_row(const bad_row *row) {
    const bad_script about = {.world = &world, .replayed = replayed};
    const unsigned ended_before = ended_count();
    const unsigned handlers_before = atomic_load(&server.hostile_calls);
    const stopwatch watch = stopwatch_start();
    bad_peer *peer = NULL;
    log_book_clear();
    (void)ended_take_peak_bytes();
    peer = connect_peer(row->tcp);
    bad_script_play(peer, &about, row->script);
    bad_row_check_answer(row, peer);
    bad_peer_free(peer);
    if (!ended_wait(ended_before + 1, BAD_PEER_PATIENCE_MS)) bad_row_fail(row, "the connection stays");
    if (stopwatch_ms(&watch) > bad_row_most_ms(row)) bad_row_fail(row, "took %u ms", stopwatch_ms(&watch));
    bad_row_check_end(row, "server connection");
    const unsigned handlers = atomic_load(&server.hostile_calls) - handlers_before;
    if (handlers != row->handlers && !(row->or_more_handlers && handlers > row->handlers))
        bad_row_fail(row, "%u handlers ran", handlers);
    honest_caller_check(&caller, 1);
}

static void strangers(void **state) {
    (void)state;
    for (size_t i = 0; i < gate_row_count; i++) {
        if ((gate_rows[i].against & SERVER) != 0) play_row(&gate_rows[i]);
    }
    assert_int_equal(bad_rows_failed(), 0);
}

static void hostile_callers(void **state) {
    (void)state;
    for (size_t i = 0; i < frame_row_count; i++) {
        if ((frame_rows[i].against & SERVER) != 0) play_row(&frame_rows[i]);
    }
    assert_int_equal(bad_rows_failed(), 0);
}

/* Every stream that was opened has its end by then, and workers are free again. */
static void hostile_streams(void **state) {
    (void)state;
    for (size_t i = 0; i < stream_row_count; i++)
        play_row(&stream_rows[i]);
    assert_int_equal(bad_rows_failed(), 0);
    assert_int_equal(atomic_load(&server.streams), atomic_load(&server.stream_ends));
    assert_true(atomic_load(&server.most_chores) <= 2);
}

/* What an earlier, honest session of the hostile peer proved with. */
static void record_evidence(void) {
    static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    const bad_script about = {.world = &world};
    bad_peer *peer = connect_peer(false);
    bad_script_play(peer, &about, "open bye fin");
    replayed = bad_gate_own_body(peer, body, sizeof body);
    (void)bad_peer_until(peer, NULL, BAD_PEER_PATIENCE_MS);
    bad_peer_free(peer);
    assert_true(ended_wait(1, BAD_PEER_PATIENCE_MS));
}

static int set_up(void **state) {
    (void)state;
    log_book_open();
    victim_world_init(&world);
    victim_server_start(&world, "s", NULL, &server);
    honest_caller_start(&world, &server, &caller);
    record_evidence();
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
        cmocka_unit_test(strangers),
        cmocka_unit_test(hostile_callers),
        cmocka_unit_test(hostile_streams),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
