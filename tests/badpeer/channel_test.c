/* SPDX-License-Identifier: Apache-2.0
 * Bad peers in a server's place against a real channel, one after the other, while an honest channel of the same
 * process goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bad_rows.h"
#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"
#include "stopwatch.h"

static victim_world world;
static victim_server server;
static honest_caller caller;
static grille_bytes replayed;

/* A channel over a connected pair: it tries no second time, so that its last error is the row's. */
static bad_peer *connect_peer(unsigned calls, victim_channel *victim) {
    int ends[2];
    char address[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    victim_channel_open(&world, address, NULL, NULL, calls, victim);
    return bad_peer_new(ends[1], false, world.hostile, world.now_ms);
}

/* What waits for the channel is told at once, with the same reason. */
static void check_channel(const bad_row *row, victim_channel *victim, unsigned calls) {
    grille_error error;
    const grille_code code = grille_channel_wait_ready(victim->channel, BAD_PEER_PATIENCE_MS, &error);
    const char *reason = row->reason != NULL ? row->reason : "LOOP-PEER-CLOSED";
    grille_code expected = GRILLE_UNAVAILABLE;
    for (unsigned ms = 0; atomic_load(&victim->ended) < calls && ms < BAD_PEER_PATIENCE_MS; ms++)
        (void)usleep(1000);
    if (atomic_load(&victim->ended) != calls) bad_row_fail(row, "%u calls ended", atomic_load(&victim->ended));
    if (strcmp(error.name, reason) != 0 || error.text[0] == '\0')
        bad_row_fail(row, "grille_error %s: %s", error.name, error.text);
    if (code != error.code) bad_row_fail(row, "code %s", grille_code_name(code));
    /* A call that was under way is told the rule that the peer broke. */
    if (row->reason != NULL && (bad_row_opens(row) || code == GRILLE_UNAUTHENTICATED)) expected = code;
    if (row->call_code != GRILLE_OK) expected = row->call_code;
    if (row->reason == NULL && row->call_code == GRILLE_OK && row->calls > 1) expected = GRILLE_OK;
    const unsigned as_expected = atomic_load(&victim->done[expected]);
    if (as_expected == 0 || (row->reason != NULL && row->call_code == GRILLE_OK && as_expected != calls))
        bad_row_fail(row, "no call ended with %s, the last said \"%s\"", grille_code_name(expected), victim->text);
}

static void play_row(const bad_row *as_written) {
    const bad_row as_told = bad_row_of_channel(as_written);
    const bad_row *row = &as_told;
    const unsigned calls = row->calls != 0 ? row->calls : 1;
    const bad_script about = {.world = &world, .replayed = replayed, .calls = calls};
    const unsigned ended_before = ended_count();
    const unsigned handlers_before = atomic_load(&server.hostile_calls);
    const stopwatch watch = stopwatch_start();
    victim_channel victim;
    bad_peer *peer = NULL;
    log_book_clear();
    (void)ended_take_peak_bytes();
    peer = connect_peer(calls, &victim);
    bad_script_play(peer, &about, row->script);
    bad_row_check_answer(row, peer);
    bad_peer_free(peer);
    if (!ended_wait(ended_before + 1, BAD_PEER_PATIENCE_MS)) bad_row_fail(row, "the connection stays");
    if (stopwatch_ms(&watch) > bad_row_most_ms(row)) bad_row_fail(row, "took %u ms", stopwatch_ms(&watch));
    bad_row_check_end(row, "fd:");
    check_channel(row, &victim, calls);
    victim_channel_close(&victim);
    if (atomic_load(&server.hostile_calls) != handlers_before) bad_row_fail(row, "a handler ran");
    honest_caller_check(&caller, 1);
}

static void play(const bad_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].against & CHANNEL) != 0) play_row(&rows[i]);
    }
    assert_int_equal(bad_rows_failed(), 0);
}

static void strangers(void **state) {
    (void)state;
    play(gate_rows, gate_row_count);
}

static void hostile_servers(void **state) {
    (void)state;
    play(frame_rows, frame_row_count);
}

/* What an earlier, honest session of the hostile peer proved with. */
static void record_evidence(void) {
    static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    const bad_script about = {.world = &world, .calls = 0};
    const unsigned ended_before = ended_count();
    victim_channel victim;
    bad_peer *peer = connect_peer(0, &victim);
    bad_script_play(peer, &about, "open bye fin");
    replayed = bad_gate_own_body(peer, body, sizeof body);
    (void)bad_peer_until(peer, NULL, BAD_PEER_PATIENCE_MS);
    bad_peer_free(peer);
    assert_true(ended_wait(ended_before + 1, BAD_PEER_PATIENCE_MS));
    victim_channel_close(&victim);
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
        cmocka_unit_test(hostile_servers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
