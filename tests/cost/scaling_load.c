/* SPDX-License-Identifier: Apache-2.0
 * Calls on two sessions back to back, one of them at a time, while other streams stand open: for scaling_test.py, which
 * counts instructions.
 * usage: scaling_load STREAMS CALLS */
#include <stdlib.h>

#include "cmocka_all.h"
#include "session_pair.h"

enum { MOST = 16384, BATCH = 16, CALL_BYTES = 64, BETWEEN_CALLS_US = 20 };

static session_pair *start(void) {
    pair_options options = pair_options_default();
    options.initiator.max_own_streams = MOST;
    options.responder.settings.max_streams = MOST;
    options.responder.settings.max_handlers = MOST;
    options.budget_bytes = (size_t)256 << 20;
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

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const unsigned streams = (unsigned)atoi(argv[1]);
    const unsigned calls = (unsigned)atoi(argv[2]);
    session_pair *pair = start();
    open_idle(pair, streams);
    for (unsigned i = 0; i < calls; i++)
        call(pair);
    const grille_session_stats stats = grille_session_get_stats(pair->responder.session);
    return stats.peer_streams == streams && pair->initiator.counts[PAIR_STATUS] == calls ? 0 : 1;
}
