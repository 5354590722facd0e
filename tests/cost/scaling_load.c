/* SPDX-License-Identifier: Apache-2.0
 * Calls on two sessions back to back, one of them at a time, while other streams stand open, or over many such pairs in
 * turn: for scaling_test.py, which counts instructions and misses of a cache.
 * usage: scaling_load STREAMS CALLS PAIRS [asked]
 * asked: what a call is said to touch is read before it, as a loop asks for it */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "session/depot.h"
#include "session_pair.h"

enum { MOST = 16384, BATCH = 16, CALL_BYTES = 64, BETWEEN_CALLS_US = 20 };

/* The loops that the two ends are on. */
static grille_depot *depots[2];

static session_pair *start(void) {
    pair_options options = pair_options_default();
    options.initiator.max_own_streams = MOST;
    options.responder.settings.max_streams = MOST;
    options.responder.settings.max_handlers = MOST;
    options.budget_bytes = (size_t)256 << 20;
    options.initiator.depot = depots[0];
    options.responder.depot = depots[1];
    session_pair *pair = pair_start(&options);
    pair->responder.answers = true;
    pair->initiator.releases = true;
    pair->initiator.consumes = true;
    return pair;
}

static void open_idle(session_pair *pair, unsigned count) {
    const grille_call_open open = {.method_id = 7};
    for (unsigned i = 0; i < count; i++) {
        grille_stream *stream = NULL;
        if (grille_session_open(pair->initiator.session, &open, pair->now_us, &stream) != GRILLE_REASON_OK) exit(1);
        if (i % BATCH == BATCH - 1) pair_run(pair);
    }
    pair_run(pair);
}

/* What a connection does for one call: frames both ways, when the timer is next due, how the connection stands. */
static void call(session_pair *pair) {
    static const uint8_t message[CALL_BYTES];
    (void)pair_call(pair, &pair->initiator, grille_bytes_of(message, sizeof message));
    pair_run(pair);
    pair->now_us += BETWEEN_CALLS_US;
    for (pair_end *end = &pair->initiator;; end = &pair->responder) {
        if (grille_session_expiry(end->session) <= pair->now_us &&
            grille_session_tick(end->session, pair->now_us) != GRILLE_REASON_OK) {
            exit(1);
        }
        (void)grille_session_get_stats(end->session);
        if (end == &pair->responder) return;
    }
}

static void ask(const session_pair *pair) {
    const pair_end *ends[] = {&pair->initiator, &pair->responder};
    for (size_t i = 0; i < 2; i++) {
        const uintptr_t within = GRILLE_LINE_BYTES - 1;
        grille_footprint footprint = {0};
        grille_session_footprint(ends[i]->session, &footprint);
        /* An endpoint has one table for all sessions. */
        grille_footprint_add(&footprint, &ends[i]->table, sizeof ends[i]->table);
        for (const uintptr_t *part = footprint.parts; *part != 0; part++) {
            for (uintptr_t line = 0; line <= (*part & within); line++)
                (void)*(const volatile uint8_t *)((*part & ~within) + line * GRILLE_LINE_BYTES);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 4 && (argc != 5 || strcmp(argv[4], "asked") != 0)) return 2;
    const unsigned streams = (unsigned)atoi(argv[1]);
    const unsigned calls = (unsigned)atoi(argv[2]);
    const unsigned count = (unsigned)atoi(argv[3]);
    session_pair **pairs = calloc(count, sizeof *pairs);
    unsigned answered = 0;
    if (pairs == NULL || count == 0) return 2;
    for (unsigned i = 0; i < 2; i++)
        depots[i] = grille_depot_new();
    for (unsigned i = 0; i < count; i++)
        pairs[i] = start();
    open_idle(pairs[0], streams);
    for (unsigned i = 0; i < calls; i++) {
        if (argc == 5) ask(pairs[i % count]);
        call(pairs[i % count]);
    }
    for (unsigned i = 0; i < count; i++)
        answered += (unsigned)pairs[i]->initiator.counts[PAIR_STATUS];
    const grille_session_stats stats = grille_session_get_stats(pairs[0]->responder.session);
    return stats.peer_streams == streams && answered == calls ? 0 : 1;
}
