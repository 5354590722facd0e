/* SPDX-License-Identifier: Apache-2.0
 * One call, and every order in which its two owners and the transport can act, five acts deep: messages, half-close,
 * headers, status, cancel and release of either side, each write carried or not. Whatever comes first, each side is
 * told what it may be told, in an order that makes sense; in the end nothing is left and all credit is there. */
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"

enum { DEPTH = 5 };

typedef struct play {
    session_pair *pair;
    grille_stream *caller;  /* NULL: released */
    grille_stream *handler; /* NULL: not there yet, or released */
    bool had_handler;
    bool caller_reset;
    bool handler_ended;
    size_t last_events[2]; /* as many as each side was told before it reset or released: none may follow */
} play;

/* The side ends the call, for itself. */
static void fall_silent(play *p, int side) {
    const pair_end *end = side == 0 ? &p->pair->initiator : &p->pair->responder;
    if (p->last_events[side] == SIZE_MAX) p->last_events[side] = end->event_count;
}

static grille_metadata_view one_entry(void) {
    static uint8_t bytes[16];
    const grille_metadata_entry entry = {grille_bytes_of("k", 1), grille_bytes_of("v", 1)};
    grille_writer writer = grille_writer_into(bytes, sizeof bytes);
    grille_metadata_view view = {0};
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &view), GRILLE_REASON_OK);
    return view;
}

static void caller_sends(play *p) {
    if (p->caller != NULL) (void)!grille_stream_send_message(p->caller, pair_bytes(20000), 0);
}

static void caller_half_closes(play *p) {
    if (p->caller != NULL) (void)!grille_stream_half_close(p->caller);
}

static void caller_cancels(play *p) {
    if (p->caller == NULL) return;
    p->caller_reset = true;
    fall_silent(p, 0);
    grille_stream_reset(p->caller, GRILLE_RESET_CANCELLED);
}

static void caller_releases(play *p) {
    if (p->caller == NULL) return;
    fall_silent(p, 0);
    grille_stream_release(p->caller);
    p->caller = NULL;
}

static void handler_sends_headers(play *p) {
    const grille_metadata_view metadata = one_entry();
    if (p->handler != NULL) (void)!grille_stream_send_headers(p->handler, &metadata);
}

static void handler_sends(play *p) {
    if (p->handler != NULL) (void)!grille_stream_send_message(p->handler, pair_bytes(10), 0);
}

static void handler_answers(play *p) {
    const grille_status_header status = {.code = GRILLE_OK};
    if (p->handler != NULL && grille_stream_send_status(p->handler, &status) == GRILLE_REASON_OK)
        p->handler_ended = true;
}

static void handler_resets(play *p) {
    if (p->handler == NULL) return;
    p->handler_ended = true;
    fall_silent(p, 1);
    grille_stream_reset(p->handler, GRILLE_RESET_LIMIT);
}

static void handler_releases(play *p) {
    if (p->handler == NULL) return;
    fall_silent(p, 1);
    grille_stream_release(p->handler);
    p->handler = NULL;
}

static void meet(play *p) {
    if (p->had_handler || p->pair->responder.counts[PAIR_CALL] == 0) return;
    p->had_handler = true;
    p->handler = p->pair->responder.newest;
}

static void to_handler(play *p) {
    (void)pair_carry(p->pair, &p->pair->initiator, &p->pair->responder);
    meet(p);
}

static void to_caller(play *p) {
    (void)pair_carry(p->pair, &p->pair->responder, &p->pair->initiator);
}

typedef void act_fn(play *p);
static act_fn *const acts[] = {
    caller_sends,          caller_half_closes, caller_cancels,  caller_releases,
    handler_sends_headers, handler_sends,      handler_answers, handler_resets,
    handler_releases,      to_handler,         to_caller,
};
enum { ACTS = sizeof acts / sizeof acts[0] };

/* Events of one side as letters, slot and window notices left out. */
static void letters(const pair_end *end, char text[PAIR_EVENTS]) {
    static const char letter_of[PAIR_EVENT_KINDS] = {
        [PAIR_CALL] = 'C',       [PAIR_HEADERS] = 'H', [PAIR_MESSAGE] = 'M',
        [PAIR_HALF_CLOSE] = 'E', [PAIR_STATUS] = 'S',  [PAIR_RESET] = 'R'};
    size_t len = 0;
    for (size_t i = 0; i < end->event_count; i++) {
        if (letter_of[end->events[i].kind] != 0) text[len++] = letter_of[end->events[i].kind];
    }
    text[len] = 0;
}

static const char *after(const char *text, char letter, size_t most) {
    for (; most > 0 && *text == letter; most--)
        text++;
    return text;
}

/* H? M* (S | R)? */
static bool caller_makes_sense(const char *text) {
    text = after(after(text, 'H', 1), 'M', SIZE_MAX);
    return *text == 0 || strcmp(text, "S") == 0 || strcmp(text, "R") == 0;
}

/* (C M* E? R?)? */
static bool handler_makes_sense(const char *text) {
    if (*text == 0) return true;
    if (*text != 'C') return false;
    return *after(after(after(text + 1, 'M', SIZE_MAX), 'E', 1), 'R', 1) == 0;
}

static void check(const play *p, unsigned number) {
    char caller[PAIR_EVENTS];
    char handler[PAIR_EVENTS];
    letters(&p->pair->initiator, caller);
    letters(&p->pair->responder, handler);
    if (!caller_makes_sense(caller) || !handler_makes_sense(handler)) {
        fail_msg("order %u: caller %s, handler %s", number, caller, handler);
    }
    if (p->pair->initiator.event_count > p->last_events[0] || p->pair->responder.event_count > p->last_events[1]) {
        fail_msg("order %u: an event after the end; caller %s, handler %s", number, caller, handler);
    }
    assert_int_equal(p->pair->initiator.reason, GRILLE_REASON_OK);
    assert_int_equal(p->pair->responder.reason, GRILLE_REASON_OK);
}

static void forget(pair_end *end) {
    end->event_count = 0;
    memset(end->counts, 0, sizeof end->counts);
}

/* Both sides finish what they began: exactly one end is told to a side that did not end the call itself. */
static void finish(play *p, unsigned number) {
    pair_run(p->pair);
    meet(p);
    if (p->handler != NULL && !p->handler_ended) handler_answers(p);
    pair_run(p->pair);
    check(p, number);
    if (p->caller != NULL && !p->caller_reset) {
        assert_int_equal(p->pair->initiator.counts[PAIR_STATUS] + p->pair->initiator.counts[PAIR_RESET], 1);
    }
    caller_releases(p);
    handler_releases(p);
    pair_run(p->pair);
    check(p, number);
    for (int i = 0; i < 2; i++) {
        pair_end *end = i == 0 ? &p->pair->initiator : &p->pair->responder;
        const grille_session_stats mine = grille_session_get_stats(end->session);
        const grille_session_stats others = grille_session_get_stats(pair_other(p->pair, end)->session);
        assert_int_equal(mine.slots, 0);
        assert_int_equal(mine.handlers + mine.peer_streams + mine.own_streams, 0);
        assert_int_equal(mine.undone_bytes, 0);
        assert_int_equal(mine.send_credit_bytes, others.receive_credit_bytes);
        forget(end);
    }
}

static void play_order(session_pair *pair, unsigned number) {
    const grille_call_open open = {.method_id = 7};
    play p = {.pair = pair, .last_events = {SIZE_MAX, SIZE_MAX}};
    unsigned left = number;
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &p.caller), GRILLE_REASON_OK);
    for (int i = 0; i < DEPTH; i++, left /= ACTS) {
        acts[left % ACTS](&p);
        check(&p, number);
    }
    finish(&p, number);
}

static void every_order_makes_sense(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_start(&options);
    unsigned orders = 1;
    (void)state;
    forget(&pair->initiator);
    forget(&pair->responder);
    for (int i = 0; i < DEPTH; i++)
        orders *= ACTS;
    for (unsigned number = 0; number < orders; number++) {
        pair->now_us += 1000; /* so that the resets are no flood */
        play_order(pair, number);
    }
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
