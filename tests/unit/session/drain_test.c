/* SPDX-License-Identifier: Apache-2.0
 * A drain from its first notice to its end; the last stream ids. */
#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

static void expect_drain(grille_bytes output, size_t n, uint32_t last_stream, grille_drain_reason reason) {
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_drain_payload drain = {0};
    assert_true(pair_frame(output, GRILLE_FRAME_DRAIN, n, &header, &payload));
    assert_int_equal(grille_drain_payload_decode(payload, &drain), GRILLE_REASON_OK);
    assert_int_equal(drain.last_stream, last_stream);
    assert_int_equal(drain.reason, reason);
}

/* Calls that are under way end well, new ones are refused at the caller, then it is told. */
static void a_drain_lets_calls_end(void **state) {
    const pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = pair_new(&options);
    grille_stream *stream = NULL;
    (void)state;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_POLICY, pair->now_us);
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_PEER_DRAIN], 1);
    assert_int_equal(pair_last(&pair->initiator, PAIR_PEER_DRAIN)->number, GRILLE_DRAIN_SHUTDOWN);
    assert_true(grille_session_peer_drains(pair->initiator.session));
    assert_int_equal(grille_session_open(pair->initiator.session, &open, pair->now_us, &stream),
                     GRILLE_REASON_SESSION_DRAINING);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 0);
    /* By direction: the side that drains may still call. */
    assert_int_equal(grille_session_open(pair->responder.session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    grille_stream_release(stream);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* The first notice with all ones and a PING, the second with the last id once the PING is answered. */
static void two_notices(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_bytes output = {0};
    (void)state;
    script_write(pair_writer(pair), "S C1 C3");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_IDS, pair->now_us);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DRAIN), 1);
    expect_drain(output, 0, GRILLE_DRAIN_ALL, GRILLE_DRAIN_IDS);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_PING), 1);
    /* A call that crossed the notice is taken; one that comes after the second is refused. */
    script_write(pair_writer(pair), "C5 A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "C7");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 3);
    output = pair_take_output(pair, &pair->responder);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DRAIN), 1);
    expect_drain(output, 0, 5, GRILLE_DRAIN_IDS);
    assert_int_equal(pair_frame_count(output, GRILLE_FRAME_RESET), 1);
    pair_free(pair);
}

/* A peer that does not answer the PING does not hold it up. */
static void the_second_notice_does_not_wait_for_ever(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->now_us += 5000; /* the session learns the time from the call itself */
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    expect_drain(pair_take_output(pair, &pair->responder), 0, GRILLE_DRAIN_ALL, GRILLE_DRAIN_SHUTDOWN);
    pair_pass(pair, 100000); /* memory of the last turn is given back */
    assert_int_equal(grille_session_expiry(pair->responder.session), pair->now_us + 900000);
    pair_pass(pair, 899999);
    assert_false(grille_session_wants_write(pair->responder.session));
    pair_pass(pair, 1);
    expect_drain(pair_take_output(pair, &pair->responder), 0, 0, GRILLE_DRAIN_SHUTDOWN);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* Each PING is answered once. */
static void a_ping_is_answered_once(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    script_write(pair_writer(pair), "A1");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_BAD_PING);
    pair_free(pair);
}

/* Calls that were not sent when the notice came, and those above the last id, may be tried elsewhere. */
static void unprocessed_calls_are_told_so(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->initiator.releases = true;
    for (int i = 0; i < 3; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_take_output(pair, &pair->initiator);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    script_write(pair_writer(pair), "S N4294967295:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 1);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
    script_write(pair_writer(pair), "N3:1");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 2);
    assert_true(pair_last(&pair->initiator, PAIR_RESET)->end.never_processed);
    assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_UNAVAILABLE);
    script_write(pair_writer(pair), "T1:0 T3:0");
    assert_int_equal(pair_feed(pair, &pair->initiator), GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 2);
    pair_free(pair);
}

/* ---- Both ends ---- */

/* Both ends drain at the same moment: what is under way ends well at both, nothing new begins, each is told once. */
static void both_ends_drain_at_once(void **state) {
    const pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    session_pair *pair = pair_new(&options);
    (void)state;
    pair->initiator.releases = true;
    pair->responder.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    (void)pair_call(pair, &pair->responder, pair_bytes(5));
    pair_run(pair);
    grille_session_drain(pair->initiator.session, GRILLE_DRAIN_AGE, pair->now_us);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    pair_run(pair);
    for (int i = 0; i < 2; i++) {
        pair_end *end = i == 0 ? &pair->initiator : &pair->responder;
        grille_stream *stream = NULL;
        assert_int_equal(end->counts[PAIR_PEER_DRAIN], 1);
        assert_int_equal(end->counts[PAIR_DRAINED], 0);
        assert_int_equal(grille_session_open(end->session, &open, pair->now_us, &stream),
                         GRILLE_REASON_SESSION_DRAINING);
    }
    assert_int_equal(pair_last(&pair->responder, PAIR_PEER_DRAIN)->number, GRILLE_DRAIN_AGE);
    for (int i = 0; i < 2; i++) {
        const grille_status_header status = {.code = GRILLE_OK};
        pair_end *end = i == 0 ? &pair->initiator : &pair->responder;
        assert_int_equal(grille_stream_send_status(end->newest, &status), GRILLE_REASON_OK);
        grille_stream_release(end->newest);
        pair_run(pair);
        assert_int_equal(end->counts[PAIR_DRAINED], 1);
        assert_int_equal(pair_last(pair_other(pair, end), PAIR_STATUS)->code, GRILLE_OK);
    }
    pair_run(pair);
    assert_int_equal(pair->initiator.counts[PAIR_DRAINED] + pair->responder.counts[PAIR_DRAINED], 2);
    assert_int_equal(pair->initiator.reason, GRILLE_REASON_OK);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    pair_free(pair);
}

/* Two notices of this end, two of the peer: each direction has its own. */
static void each_direction_has_its_two_notices(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_bytes output = {0};
    (void)state;
    script_write(pair_writer(pair), "S C1 N4294967295:6");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_AGE, pair->now_us);
    output = pair_take_output(pair, &pair->responder);
    expect_drain(output, 0, GRILLE_DRAIN_ALL, GRILLE_DRAIN_AGE);
    script_write(pair_writer(pair), "A1 N0:6");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    output = pair_take_output(pair, &pair->responder);
    expect_drain(output, 0, 1, GRILLE_DRAIN_AGE);
    assert_int_equal(pair->responder.counts[PAIR_PEER_DRAIN], 1);
    script_write(pair_writer(pair), "N0:6");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_SESSION_BAD_DRAIN);
    pair_free(pair);
}

/* Messages of both sides that wait for credit when the drain begins arrive all the same, in full. */
static void a_drain_waits_for_queued_messages(void **state) {
    pair_options options = pair_options_default();
    const grille_status_header status = {.code = GRILLE_OK};
    session_pair *pair = NULL;
    grille_stream *stream = NULL;
    (void)state;
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    options.initiator.settings.max_message_bytes = 1 << 20;
    options.responder.settings.max_message_bytes = 1 << 20;
    pair = pair_new(&options);
    pair->initiator.releases = true;
    pair_run(pair);
    stream = pair_call(pair, &pair->initiator, pair_bytes(300000));
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(400000), 0), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_status(pair->responder.newest, &status), GRILLE_REASON_OK);
    grille_stream_release(pair->responder.newest);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    (void)pair_carry(pair, &pair->responder, &pair->initiator);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 0);
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 400000);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->stream == stream, 1);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* The last handler returns between two calls of the session: it is told with the next tick, which is due at once. */
static void the_last_handler_returns_late(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    grille_stream *stream = NULL;
    (void)state;
    stream = pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    grille_stream_release(stream);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_RESET], 1);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 0);
    grille_stream_release(pair->responder.newest);
    assert_int_equal(grille_session_expiry(pair->responder.session), pair->now_us);
    pair_pass(pair, 0);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* ---- Who may be tried again ---- */

typedef struct race {
    session_pair *pair;
    grille_stream *stream; /* the call that is cut off, of method 99 */
} race;

static void open_raced(race *r) {
    const grille_call_open open = {.method_id = 99, .has_timeout = true, .timeout_us = 50000000};
    assert_int_equal(grille_session_open(r->pair->initiator.session, &open, r->pair->now_us, &r->stream),
                     GRILLE_REASON_OK);
}

static void send_raced(race *r) {
    open_raced(r);
    assert_true(pair_carry(r->pair, &r->pair->initiator, &r->pair->responder));
}

static void drain_responder(race *r) {
    grille_session_drain(r->pair->responder.session, GRILLE_DRAIN_SHUTDOWN, r->pair->now_us);
}

static void queued_when_the_notice_comes(race *r) {
    drain_responder(r);
    open_raced(r);
    (void)pair_carry(r->pair, &r->pair->responder, &r->pair->initiator);
}

static void sent_before_the_notice(race *r) {
    send_raced(r);
    drain_responder(r);
}

static void sent_across_the_notice(race *r) {
    drain_responder(r);
    send_raced(r);
}

/* CALL is so long under way that both notices overtake it. */
static void sent_across_both_notices(race *r) {
    session_pair *pair = r->pair;
    size_t len = 0;
    open_raced(r);
    assert_int_equal(grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    drain_responder(r);
    for (int i = 0; i < 2; i++) {
        const grille_bytes notice = pair_take_output(pair, &pair->responder);
        assert_int_equal(pair_frame_count(notice, GRILLE_FRAME_DRAIN), 1);
        assert_int_equal(grille_session_recv(pair->initiator.session, notice, pair->now_us), GRILLE_REASON_OK);
        pair_pass(pair, 1000000);
    }
    assert_int_equal(grille_session_recv(pair->responder.session, grille_bytes_of(pair->buffer, len), pair->now_us),
                     GRILLE_REASON_OK);
    grille_session_sent(pair->initiator.session, pair->now_us);
}

static void no_handler_is_free(race *r) {
    for (int i = 0; i < GRILLE_MINIMUM_HANDLERS; i++) {
        grille_stream *other = pair_call(r->pair, &r->pair->initiator, pair_bytes(5));
        pair_run(r->pair);
        grille_stream_release(other);
        pair_run(r->pair);
    }
    send_raced(r);
}

static void lost_before_it_is_sent(race *r) {
    open_raced(r);
    grille_session_abort(r->pair->initiator.session, GRILLE_REASON_SESSION_LOST, NULL);
}

static void lost_after_it_is_sent(race *r) {
    send_raced(r);
    grille_session_abort(r->pair->initiator.session, GRILLE_REASON_SESSION_LOST, NULL);
}

static void the_peer_ends_the_idle_connection(race *r) {
    open_raced(r);
    r->pair->now_us += 40000000;
    assert_int_equal(grille_session_tick(r->pair->responder.session, r->pair->now_us), GRILLE_REASON_SESSION_IDLE);
    (void)pair_carry(r->pair, &r->pair->initiator, &r->pair->responder);
}

static void the_handler_gives_up(race *r) {
    send_raced(r);
    grille_stream_release(r->pair->responder.newest);
}

static void the_handler_breaks_off_its_answer(race *r) {
    send_raced(r);
    assert_int_equal(grille_stream_send_message(r->pair->responder.newest, pair_bytes(5), 0), GRILLE_REASON_OK);
    pair_run(r->pair);
    grille_stream_reset(r->pair->responder.newest, GRILLE_RESET_REFUSED);
}

static void its_time_is_over_unsent(race *r) {
    open_raced(r);
    r->pair->now_us += 50000000;
    assert_int_equal(grille_session_tick(r->pair->initiator.session, r->pair->now_us), GRILLE_REASON_OK);
}

static void its_time_is_over(race *r) {
    send_raced(r);
    pair_pass(r->pair, 50000000);
}

/* The connection breaks at the peer: what its last notice does not name was never taken. */
static void the_peer_fails_before_it_comes(race *r) {
    open_raced(r);
    assert_int_equal(grille_session_recv(r->pair->responder.session, pair_bytes(8), r->pair->now_us),
                     GRILLE_REASON_WIRE_FRAME_TOO_LONG);
    (void)pair_carry(r->pair, &r->pair->initiator, &r->pair->responder);
}

static void the_peer_fails_after_it_came(race *r) {
    send_raced(r);
    assert_int_equal(grille_session_recv(r->pair->responder.session, pair_bytes(8), r->pair->now_us),
                     GRILLE_REASON_WIRE_FRAME_TOO_LONG);
    (void)pair_carry(r->pair, &r->pair->responder, &r->pair->initiator);
    assert_int_equal(r->pair->initiator.counts[PAIR_RESET], 0);
    grille_session_abort(r->pair->initiator.session, GRILLE_REASON_SESSION_LOST, NULL);
}

/* Nor was one that was refused for want of memory when the peer could not say so any more. */
static void refused_and_then_the_peer_fails(race *r) {
    r->pair->responder.budget.limit_bytes = r->pair->responder.budget.used_bytes;
    open_raced(r);
    (void)pair_carry(r->pair, &r->pair->initiator, &r->pair->responder);
    assert_int_equal(grille_session_recv(r->pair->responder.session, pair_bytes(8), r->pair->now_us),
                     GRILLE_REASON_WIRE_FRAME_TOO_LONG);
}

#define RACE(play, ...)                                                                                                \
    { #play, play, __VA_ARGS__ }
static const struct {
    const char *name;
    void (*play)(race *r);
    bool runs;    /* the peer's owner hears of the call */
    bool goes_on; /* the call is not ended by it */
} races[] = {
    RACE(queued_when_the_notice_comes, .runs = false),
    RACE(sent_before_the_notice, .runs = true, .goes_on = true),
    RACE(sent_across_the_notice, .runs = true, .goes_on = true),
    RACE(sent_across_both_notices, .runs = false),
    RACE(no_handler_is_free, .runs = false),
    RACE(lost_before_it_is_sent, .runs = false),
    RACE(lost_after_it_is_sent, .runs = true),
    RACE(the_peer_ends_the_idle_connection, .runs = false),
    RACE(the_handler_gives_up, .runs = true),
    RACE(the_handler_breaks_off_its_answer, .runs = true),
    RACE(its_time_is_over_unsent, .runs = false),
    RACE(its_time_is_over, .runs = true),
    RACE(the_peer_fails_before_it_comes, .runs = false),
    RACE(the_peer_fails_after_it_came, .runs = true),
    RACE(refused_and_then_the_peer_fails, .runs = false),
};

static session_pair *new_race(void) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    options.responder.settings = grille_settings_minimum();
    options.responder.idle_timeout_us = 40000000;
    pair = pair_new(&options);
    pair_run(pair);
    return pair;
}

static bool has_run(const pair_end *end) {
    const pair_event *told = NULL;
    for (size_t n = 0; (told = pair_find(end, PAIR_CALL, n)) != NULL; n++) {
        if (told->number == 99) return true;
    }
    return false;
}

/* never_processed is told of exactly those calls of which no handler ran. */
static void never_processed_says_whether_a_handler_ran(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
        race r = {.pair = new_race()};
        const pair_event *told = NULL;
        bool ran = false;
        races[i].play(&r);
        while (pair_carry(r.pair, &r.pair->responder, &r.pair->initiator) ||
               pair_carry(r.pair, &r.pair->initiator, &r.pair->responder))
            continue;
        ran = has_run(&r.pair->responder);
        told = pair_last(&r.pair->initiator, PAIR_RESET);
        if (ran != races[i].runs) fail_msg("%s: the handler %s", races[i].name, ran ? "ran" : "did not run");
        if ((told == NULL) != races[i].goes_on) fail_msg("%s: goes on, or does not", races[i].name);
        if (told != NULL && (told->stream != r.stream || told->end.never_processed == ran)) {
            fail_msg("%s: never_processed is %d", races[i].name, told->end.never_processed);
        }
        pair_free(r.pair);
    }
}

/* ---- The last ids ---- */

/* GRILLE_LIMIT_STREAM_ID: nothing is opened from there on, whichever end opens; what is open goes on, and so do the
 * calls of the other end. */
static void ids_are_used_up(void **state) {
    const grille_call_open open = {.method_id = 7};
    (void)state;
    for (uint32_t initiator = 0; initiator < 2; initiator++) {
        const uint32_t last = GRILLE_LIMIT_STREAM_ID - (initiator == 1 ? 1 : 2);
        pair_options options = pair_options_default();
        session_pair *pair = NULL;
        pair_end *opener = NULL;
        pair_end *other = NULL;
        grille_stream *stream = NULL;
        if (initiator == 1) options.initiator.first_stream_id = last - 2;
        if (initiator == 0) options.responder.first_stream_id = last - 2;
        pair = pair_new(&options);
        opener = initiator == 1 ? &pair->initiator : &pair->responder;
        other = pair_other(pair, opener);
        pair_run(pair);
        for (uint32_t id = last - 2; id <= last; id += 2) {
            assert_false(grille_session_needs_successor(opener->session));
            assert_true(grille_session_can_open(opener->session));
            (void)pair_call(pair, opener, pair_bytes(5));
            pair_run(pair);
            assert_int_equal(pair_last(other, PAIR_CALL)->id, id);
        }
        assert_true(grille_session_needs_successor(opener->session));
        assert_false(grille_session_can_open(opener->session));
        assert_int_equal(grille_session_open(opener->session, &open, pair->now_us, &stream),
                         GRILLE_REASON_SESSION_IDS_USED_UP);
        assert_null(stream);
        /* The old connection drains: its calls end well. */
        grille_session_drain(other->session, GRILLE_DRAIN_IDS, pair->now_us);
        pair_run(pair);
        for (size_t i = 0; i < 2; i++) {
            const grille_status_header status = {.code = GRILLE_OK};
            grille_stream *handler = pair_find(other, PAIR_CALL, i)->stream;
            assert_int_equal(grille_stream_send_status(handler, &status), GRILLE_REASON_OK);
            grille_stream_release(handler);
        }
        pair_run(pair);
        assert_int_equal(opener->counts[PAIR_STATUS], 2);
        assert_int_equal(other->counts[PAIR_DRAINED], 1);
        assert_false(grille_session_needs_successor(other->session));
        pair_free(pair);
    }
}

/* Ids are given when CALL is sent: calls that were opened in time may get one of those that are spare. */
static void calls_that_wait_at_the_boundary_get_spare_ids(void **state) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    (void)state;
    options.initiator.first_stream_id = GRILLE_LIMIT_STREAM_ID - 1;
    pair = pair_new(&options);
    pair->responder.answers = true;
    for (int i = 0; i < GRILLE_MINIMUM_STREAMS; i++)
        (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_true(grille_session_needs_successor(pair->initiator.session));
    assert_int_equal(pair_last(&pair->responder, PAIR_CALL)->id,
                     GRILLE_LIMIT_STREAM_ID - 1 + 2 * (GRILLE_MINIMUM_STREAMS - 1));
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], GRILLE_MINIMUM_STREAMS);
    pair_free(pair);
}

/* The first id that may be set: the last that is opened, of the right parity. */
static void the_first_id_is_checked(void **state) {
    static const struct {
        bool initiator;
        uint32_t id;
        bool valid;
    } rows[] = {
        {true, 1, true},
        {true, 2, false},
        {true, GRILLE_LIMIT_STREAM_ID - 1, true},
        {true, GRILLE_LIMIT_STREAM_ID - 2, false},
        {true, GRILLE_LIMIT_STREAM_ID + 1, false},
        {false, 2, true},
        {false, 1, false},
        {false, GRILLE_LIMIT_STREAM_ID - 2, true},
        {false, GRILLE_LIMIT_STREAM_ID, false},
    };
    const grille_session_events none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_session_options options = grille_session_options_default();
        grille_session *session = NULL;
        grille_budget budget;
        grille_budget_init(&budget, 1 << 20);
        options.budget = &budget;
        options.events = &none;
        options.initiator = rows[i].initiator;
        options.first_stream_id = rows[i].id;
        assert_int_equal(grille_session_new(&options, &session),
                         rows[i].valid ? GRILLE_REASON_OK : GRILLE_REASON_BAD_ARGUMENT);
        if (rows[i].valid) assert_false(grille_session_needs_successor(session));
        grille_session_free(session);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_lets_calls_end),
        cmocka_unit_test(two_notices),
        cmocka_unit_test(the_second_notice_does_not_wait_for_ever),
        cmocka_unit_test(a_ping_is_answered_once),
        cmocka_unit_test(unprocessed_calls_are_told_so),
        cmocka_unit_test(both_ends_drain_at_once),
        cmocka_unit_test(each_direction_has_its_two_notices),
        cmocka_unit_test(a_drain_waits_for_queued_messages),
        cmocka_unit_test(the_last_handler_returns_late),
        cmocka_unit_test(never_processed_says_whether_a_handler_ran),
        cmocka_unit_test(ids_are_used_up),
        cmocka_unit_test(calls_that_wait_at_the_boundary_get_spare_ids),
        cmocka_unit_test(the_first_id_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
