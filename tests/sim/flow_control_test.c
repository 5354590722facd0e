/* SPDX-License-Identifier: Apache-2.0
 * Flow control and isolation between calls of one connection, each promise by its name: what flows, what it may hold,
 * who waits for whom, and that all credit comes back, to the byte. Virtual time; gates on counts only. */
#include "cmocka_all.h"
#include "session_pair.h"

enum {
    STREAM_WINDOW = GRILLE_MINIMUM_STREAM_WINDOW_BYTES,
    CONNECTION_WINDOW = GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES,
    FRAME_COST = GRILLE_CREDIT_PER_DATA_FRAME_BYTES
};

/* The smallest windows. */
static pair_options minimum_options(void) {
    pair_options options = pair_options_default();
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    options.responder.settings.max_message_bytes = 8 << 20;
    options.initiator.settings.max_message_bytes = 8 << 20;
    options.responder.settings.max_streams = 32;
    options.responder.settings.max_handlers = 32;
    return options;
}

static grille_session_stats stats_of(const pair_end *end) {
    return grille_session_get_stats(end->session);
}

static grille_stream *open_call(session_pair *pair, pair_end *from, uint64_t timeout_us) {
    const grille_call_open open = {.method_id = 7, .has_timeout = timeout_us > 0, .timeout_us = timeout_us};
    grille_stream *stream = NULL;
    assert_int_equal(grille_session_open(from->session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    return stream;
}

/* Sends until one direction's credit is granted anew: then it is the whole window again, at both ends, to the byte. */
static void assert_window_is_whole(session_pair *pair, pair_end *from) {
    pair_end *to = pair_other(pair, from);
    const bool consumed = to->consumes;
    grille_stream *stream = open_call(pair, from, 0);
    uint32_t before = 0;
    assert_int_equal(stats_of(from).send_credit_bytes, stats_of(to).receive_credit_bytes);
    assert_int_equal(stats_of(to).undone_bytes, 0);
    assert_int_equal(stats_of(to).largest_holder_stream, 0);
    to->consumes = true;
    do {
        before = stats_of(to).receive_credit_bytes;
        assert_true(before > CONNECTION_WINDOW / 2);
        assert_int_equal(grille_stream_send_message(stream, pair_bytes(1000), 0), GRILLE_REASON_OK);
        pair_run(pair);
    } while (stats_of(to).receive_credit_bytes < before);
    assert_int_equal(stats_of(to).receive_credit_bytes, CONNECTION_WINDOW);
    assert_int_equal(stats_of(from).send_credit_bytes, CONNECTION_WINDOW);
    to->consumes = consumed;
    grille_stream_release(stream);
    pair_run(pair);
    grille_stream_release(to->newest);
}

static void assert_credit_is_whole(session_pair *pair) {
    assert_window_is_whole(pair, &pair->initiator);
    assert_window_is_whole(pair, &pair->responder);
    assert_int_equal(stats_of(&pair->initiator).slots, 0);
    assert_int_equal(stats_of(&pair->responder).slots, 0);
}

/* ---- Long messages ---- */

/* There and back, as the only message and among short ones. */
static void a_message_of_four_windows_flows(void **state) {
    const pair_options options = minimum_options();
    session_pair *pair = pair_start(&options);
    (void)state;
    pair->responder.answers = true;
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(4 * STREAM_WINDOW));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->responder, PAIR_MESSAGE)->len, 4 * STREAM_WINDOW);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 4 * STREAM_WINDOW);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    (void)pair_call(pair, &pair->initiator, pair_bytes(4 * CONNECTION_WINDOW));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_MESSAGE)->len, 4 * CONNECTION_WINDOW);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], 2);
    assert_credit_is_whole(pair);
    pair_free(pair);
}

static void four_windows_flow_between_short_messages(void **state) {
    const size_t lens[] = {10, 4 * STREAM_WINDOW, 0, 4 * STREAM_WINDOW + 1, 5000};
    const size_t count = sizeof lens / sizeof lens[0];
    const pair_options options = minimum_options();
    session_pair *pair = pair_start(&options);
    grille_stream *stream = NULL;
    (void)state;
    pair->responder.consumes = true;
    stream = open_call(pair, &pair->initiator, 0);
    for (size_t i = 0; i < count; i++) {
        while (grille_stream_send_message(stream, pair_bytes(lens[i]), 0) == GRILLE_REASON_SESSION_WINDOW_FULL)
            pair_run(pair);
    }
    assert_int_equal(grille_stream_half_close(stream), GRILLE_REASON_OK);
    pair_run(pair);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pair_find(&pair->responder, PAIR_MESSAGE, i)->len, lens[i]);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], count);
    assert_int_equal(pair->responder.counts[PAIR_HALF_CLOSE], 1);
    pair_free(pair);
}

/* Builds one buffer, counts its frames up to the first of `type` on `id`, carries it. The count goes on in *frames. */
static bool carry_and_find(session_pair *pair, pair_end *from, uint8_t type, uint32_t id, size_t *frames) {
    pair_end *to = pair_other(pair, from);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    grille_bytes output = {0};
    size_t len = 0;
    bool found = false;
    assert_int_equal(grille_session_send(from->session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    output = grille_bytes_of(pair->buffer, len);
    while (!found && grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK) {
        found = header.type == type && header.stream == id;
        if (!found) ++*frames;
    }
    if (len > 0) {
        assert_int_equal(grille_session_recv(to->session, grille_bytes_of(pair->buffer, len), pair->now_us),
                         GRILLE_REASON_OK);
    }
    grille_session_sent(from->session, pair->now_us);
    return found;
}

/* 64 MiB each way under way; at many points of it, the frames that go before a short call and before its answer. */
static void sixty_four_mebibytes_delay_a_small_call_by_a_few_frames(void **state) {
    enum { LONG_BYTES = 64 << 20, A_FEW = 3 };
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    uint32_t id = 1;
    size_t calls = 0;
    (void)state;
    options.initiator.settings.max_message_bytes = LONG_BYTES;
    options.responder.settings.max_message_bytes = LONG_BYTES;
    options.budget_bytes = (size_t)512 << 20;
    pair = pair_start(&options);
    pair->initiator.releases = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(LONG_BYTES));
    pair_run(pair);
    assert_int_equal(pair->responder.message_bytes, LONG_BYTES);
    assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(LONG_BYTES), 0), GRILLE_REASON_OK);
    (void)pair_call(pair, &pair->initiator, pair_bytes(LONG_BYTES));
    id += 2;
    pair->responder.answers = true;
    while (pair->initiator.message_bytes < LONG_BYTES || pair->responder.message_bytes < 2 * (uint64_t)LONG_BYTES) {
        size_t before_call = 0;
        size_t before_answer = 0;
        (void)pair_call(pair, &pair->initiator, pair_bytes(10));
        id += 2;
        while (!carry_and_find(pair, &pair->initiator, GRILLE_FRAME_CALL, id, &before_call))
            assert_true(before_call > 0);
        while (!carry_and_find(pair, &pair->responder, GRILLE_FRAME_STATUS, id, &before_answer))
            assert_true(before_answer > 0);
        assert_true(before_call <= A_FEW && before_answer <= A_FEW);
        calls++;
    }
    assert_true(calls > 500);
    assert_true(pair->initiator.counts[PAIR_STATUS] >= calls);
    pair_free(pair);
}

/* ---- Many messages ---- */

/* A reader that takes them sees all, at constant memory, for 12 bytes each and one grant for half a window; without a
 * reader the window ends them. */
static void a_million_empty_messages(void **state) {
    enum { MESSAGES = 1000000, HALF_WINDOW_FRAMES = STREAM_WINDOW / 2 / FRAME_COST };
    const pair_options options = minimum_options();
    session_pair *pair = pair_start(&options);
    grille_stream *stream = NULL;
    uint64_t carried = pair->carried_bytes;
    uint64_t grants = stats_of(&pair->initiator).frames_in;
    (void)state;
    pair->responder.consumes = true;
    stream = open_call(pair, &pair->initiator, 0);
    for (int i = 0; i < MESSAGES; i++) {
        while (grille_stream_send_message(stream, pair_bytes(0), 0) != GRILLE_REASON_OK)
            pair_run(pair);
    }
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_MESSAGE], MESSAGES);
    carried = pair->carried_bytes - carried;
    grants = stats_of(&pair->initiator).frames_in - grants;
    assert_true(grants <= MESSAGES / HALF_WINDOW_FRAMES + MESSAGES * FRAME_COST / (CONNECTION_WINDOW / 2));
    assert_true(carried <= (uint64_t)MESSAGES * 12 + 100 + grants * 12);
    assert_true(pair->responder.budget.peak_bytes < 65536);
    assert_true(pair->initiator.budget.peak_bytes < 262144);
    pair->responder.consumes = false;
    for (int i = 0; i < 1000; i++) {
        while (grille_stream_send_message(stream, pair_bytes(0), 0) == GRILLE_REASON_OK)
            continue;
        pair_run(pair);
    }
    assert_in_range(pair->responder.counts[PAIR_MESSAGE], MESSAGES + HALF_WINDOW_FRAMES,
                    MESSAGES + STREAM_WINDOW / FRAME_COST);
    /* A record of 16 bytes for each 8 of credit. */
    assert_true(pair->responder.budget.peak_bytes < 65536 + 2 * STREAM_WINDOW);
    for (size_t i = pair->responder.counts[PAIR_MESSAGE] - MESSAGES; i > 0; i--)
        grille_stream_message_done(pair->responder.newest);
    grille_stream_release(stream);
    grille_stream_release(pair->responder.newest);
    pair_run(pair);
    assert_credit_is_whole(pair);
    pair_free(pair);
}

/* ---- Credit comes back ---- */

/* Ends a call whose bytes are partly under way: n says how, and by whom. */
static void end_in_flight(session_pair *pair, unsigned n) {
    const grille_status_header status = {.code = GRILLE_OK};
    grille_stream *stream = open_call(pair, &pair->initiator, 1000000);
    grille_stream *handler = NULL;
    size_t len = 0;
    assert_int_equal(grille_stream_send_message(stream, pair_bytes(40000 + 37 * n), 0), GRILLE_REASON_OK);
    (void)pair_carry(pair, &pair->initiator, &pair->responder);
    handler = pair->responder.newest;
    assert_int_equal(grille_stream_send_message(handler, pair_bytes(50000 + 11 * n), 0), GRILLE_REASON_OK);
    (void)pair_carry(pair, &pair->responder, &pair->initiator);
    (void)!grille_stream_send_message(stream, pair_bytes(20000), 0);
    (void)!grille_stream_send_message(handler, pair_bytes(20000), 0);
    /* On the way while the call ends. */
    assert_int_equal(grille_session_send(pair->initiator.session, pair->buffer, PAIR_BUFFER_BYTES, &len, pair->now_us),
                     GRILLE_REASON_OK);
    if (n % 5 == 0) grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
    if (n % 5 == 1) grille_stream_reset(handler, GRILLE_RESET_CANCELLED);
    if (n % 5 == 2) grille_stream_release(handler);
    if (n % 5 == 3) pair_pass(pair, 1000001);
    if (n % 5 == 4) assert_int_equal(grille_stream_send_status(handler, &status), GRILLE_REASON_OK);
    if (len > 0) {
        assert_int_equal(grille_session_recv(pair->responder.session, grille_bytes_of(pair->buffer, len), pair->now_us),
                         GRILLE_REASON_OK);
    }
    grille_session_sent(pair->initiator.session, pair->now_us);
    if (n % 2 == 0) pair_run(pair);
    if (n % 5 != 2) grille_stream_release(handler);
    pair_run(pair);
    grille_stream_release(stream);
    pair_run(pair);
}

/* By the caller, the handler, its release, the deadline of both, an early STATUS; whole and in pieces. */
static void a_thousand_resets_with_data_in_flight_leave_the_credit_whole(void **state) {
    const pair_options options = minimum_options();
    const size_t pieces[] = {0, 1000};
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        session_pair *pair = pair_start(&options);
        pair->piece = pieces[i];
        for (unsigned n = 0; n < 1000; n++)
            end_in_flight(pair, n);
        assert_int_equal(pair->initiator.reason, GRILLE_REASON_OK);
        assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
        assert_credit_is_whole(pair);
        pair_free(pair);
    }
}

/* ---- Consumers that never read ---- */

/* Fills the windows of so many streams with messages that nobody takes. */
static void stall(session_pair *pair, size_t streams, size_t len) {
    for (size_t i = 0; i < streams; i++) {
        grille_stream *stream = open_call(pair, &pair->initiator, 0);
        do {
            while (grille_stream_send_message(stream, pair_bytes(len), 0) == GRILLE_REASON_OK)
                continue;
        } while (pair_carry(pair, &pair->initiator, &pair->responder) ||
                 pair_carry(pair, &pair->responder, &pair->initiator));
    }
}

/* While `stalled` streams hold what they can, 1,000 other calls are answered; memory stays below what the windows say.
 */
static void others_finish(size_t stalled, size_t len) {
    enum { OTHERS = 1000, AT_ONCE = 10, OTHER_BYTES = 20000, SLOT_BYTES = 6000 };
    const pair_options options = minimum_options();
    session_pair *pair = pair_start(&options);
    const size_t idle_bytes = pair->responder.budget.used_bytes;
    grille_session_stats stats;
    stall(pair, stalled, len);
    stats = stats_of(&pair->responder);
    assert_in_range(stats.undone_bytes, stalled * (STREAM_WINDOW - len - 16), stalled * STREAM_WINDOW);
    assert_in_range(stats.largest_holder_stream, 1, 2 * stalled - 1);
    assert_in_range(stats.largest_holder_bytes, stats.undone_bytes / stalled, STREAM_WINDOW);
    pair->responder.answers = true;
    pair->initiator.releases = true;
    for (int i = 0; i < OTHERS; i += AT_ONCE) {
        for (int j = 0; j < AT_ONCE; j++)
            (void)pair_call(pair, &pair->initiator, pair_bytes(OTHER_BYTES));
        pair_run(pair);
    }
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], OTHERS);
    assert_int_equal(pair->initiator.counts[PAIR_RESET], 0);
    assert_int_equal(stats_of(&pair->responder).largest_holder_stream, stats.largest_holder_stream);
    /* Twice the windows (records of short messages, halves of growing buffers), the slots, and the others' messages:
     * each as request and as answer. */
    if (pair->responder.budget.peak_bytes - idle_bytes >
        stalled * (2 * STREAM_WINDOW + SLOT_BYTES) + AT_ONCE * (size_t)(3 * OTHER_BYTES + SLOT_BYTES)) {
        fail_msg("%zu consumers, messages of %zu bytes: %zu bytes", stalled, len,
                 (size_t)pair->responder.budget.peak_bytes - idle_bytes);
    }
    pair_free(pair);
}

static const size_t stalled_lens[] = {0, 100, 1024, 4000, 30000};

static void one_consumer_that_never_reads_leaves_the_rest_running(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stalled_lens / sizeof stalled_lens[0]; i++)
        others_finish(1, stalled_lens[i]);
}

static void fifteen_consumers_that_never_read_leave_the_rest_running(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stalled_lens / sizeof stalled_lens[0]; i++)
        others_finish(15, stalled_lens[i]);
}

/* With 16 and more nothing is left: calls wait for their deadlines, whether or not their message fits a frame; the
 * numbers say so at both ends, and name the holder. When it lets go, calls go on. */
static void sixteen_consumers_that_never_read_hold_the_connection(void **state) {
    const size_t lens[] = {1000, 10000, 20000};
    (void)state;
    for (size_t stalled = 16; stalled <= 20; stalled += 4) {
        const pair_options options = minimum_options();
        session_pair *pair = pair_start(&options);
        grille_stream *holder = NULL;
        grille_session_stats stats;
        uint32_t blocked = 0;
        stall(pair, 16, 1016);
        stall(pair, stalled - 16, 8);
        blocked = stats_of(&pair->initiator).blocked_streams;
        stats = stats_of(&pair->responder);
        assert_true(stats.undone_bytes > CONNECTION_WINDOW - 16 * 1024);
        assert_int_equal(stats.largest_holder_bytes, STREAM_WINDOW);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            grille_stream *stream = open_call(pair, &pair->initiator, 1000);
            assert_int_equal(grille_stream_send_message(stream, pair_bytes(lens[i]), GRILLE_SEND_END_STREAM),
                             GRILLE_REASON_OK);
            pair_run(pair);
            assert_int_equal(stats_of(&pair->initiator).blocked_streams, blocked + 1);
            pair_pass(pair, 1000);
            assert_int_equal(pair_last(&pair->initiator, PAIR_RESET)->code, GRILLE_DEADLINE_EXCEEDED);
            assert_int_equal(pair->initiator.counts[PAIR_RESET], i + 1);
            assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
            grille_stream_release(stream);
            pair_run(pair);
            grille_stream_release(pair->responder.newest);
        }
        /* The one that the numbers name lets go. */
        for (size_t i = 0; holder == NULL; i++) {
            const pair_event *call = pair_find(&pair->responder, PAIR_CALL, i);
            if (call->id == stats.largest_holder_stream) holder = call->stream;
        }
        grille_stream_release(holder);
        pair->responder.answers = true;
        pair->initiator.releases = true;
        (void)pair_call(pair, &pair->initiator, pair_bytes(20000));
        pair_run(pair);
        assert_int_equal(pair->initiator.counts[PAIR_STATUS], 1);
        pair_free(pair);
    }
}

/* ---- Deadlines of what waits for credit ---- */

/* A handler whose answer nobody takes: on the stream's window and on the connection's. */
static void a_blocked_answer_ends_at_its_deadline(void **state) {
    (void)state;
    for (size_t stalled = 0; stalled <= 16; stalled += 16) {
        pair_options options = minimum_options();
        session_pair *pair = NULL;
        size_t before = 0;
        size_t told = 0;
        options.initiator.settings.max_streams = 32;
        options.initiator.settings.max_handlers = 32;
        pair = pair_start(&options);
        for (size_t i = 0; i < stalled; i++) {
            grille_stream *stream = open_call(pair, &pair->responder, 0);
            do {
                while (grille_stream_send_message(stream, pair_bytes(1016), 0) == GRILLE_REASON_OK)
                    continue;
            } while (pair_carry(pair, &pair->responder, &pair->initiator) ||
                     pair_carry(pair, &pair->initiator, &pair->responder));
        }
        pair->responder.releases = true;
        told = pair->responder.counts[PAIR_WRITABLE];
        before = pair->responder.budget.used_bytes;
        (void)open_call(pair, &pair->initiator, 5000);
        pair_run(pair);
        assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(3 << 20), 0), GRILLE_REASON_OK);
        assert_int_equal(grille_stream_send_message(pair->responder.newest, pair_bytes(1), 0),
                         GRILLE_REASON_SESSION_WINDOW_FULL);
        (void)pair_take_output(pair, &pair->responder);
        assert_false(grille_session_wants_write(pair->responder.session));
        assert_int_equal(grille_session_expiry(pair->responder.session), pair->now_us + 5000);
        pair->now_us += 5000;
        assert_int_equal(grille_session_tick(pair->responder.session, pair->now_us), GRILLE_REASON_OK);
        assert_int_equal(pair->responder.counts[PAIR_RESET], 1);
        assert_int_equal(pair_last(&pair->responder, PAIR_RESET)->end.reason, GRILLE_REASON_SESSION_DEADLINE);
        assert_int_equal(pair_frame_count(pair_take_output(pair, &pair->responder), GRILLE_FRAME_RESET), 1);
        assert_true(pair->responder.budget.used_bytes < before + (4 << 20));
        pair_pass(pair, 100000);
        assert_true(pair->responder.budget.used_bytes < before + 65536);
        assert_int_equal(pair->responder.counts[PAIR_WRITABLE], told);
        pair_free(pair);
    }
}

/* ---- Rapid reset ---- */

/* 100,000 calls, opened and cancelled at the rate that is allowed, whose handlers run on for a while; between them
 * honest calls are answered, and what runs, waits and is held stays the same. */
static void rapid_reset_keeps_its_limits(void **state) {
    enum { CANCELS = 100000, LINGER = 8, HONEST_EVERY = 100 };
    pair_options options = minimum_options();
    grille_stream *running[LINGER] = {NULL};
    session_pair *pair = NULL;
    size_t peak = 0;
    (void)state;
    options.responder.settings.max_streams = 16;
    options.responder.settings.max_handlers = 16;
    pair = pair_start(&options);
    pair->responder.answers = true;
    for (int i = 0; i < CANCELS; i++) {
        grille_stream *stream = open_call(pair, &pair->initiator, 0);
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        grille_stream_release(stream);
        pair_run(pair);
        if (running[i % LINGER] != NULL) grille_stream_release(running[i % LINGER]);
        running[i % LINGER] = pair->responder.newest;
        if (i % HONEST_EVERY == 0) {
            grille_stream *honest = pair_call(pair, &pair->initiator, pair_bytes(5000));
            pair_run(pair);
            grille_stream_release(honest);
        }
        if (i == 1000) peak = pair->responder.budget.peak_bytes;
        pair_pass(pair, 1000);
    }
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    assert_int_equal(pair->initiator.counts[PAIR_STATUS], CANCELS / HONEST_EVERY);
    assert_int_equal(pair->responder.counts[PAIR_RESET], CANCELS);
    assert_int_equal(pair->responder.most_handlers, LINGER + 1);
    assert_true(pair->responder.most_slots <= LINGER + 2 && pair->initiator.most_slots <= 2);
    assert_int_equal(pair->responder.budget.peak_bytes, peak);
    for (int i = 0; i < LINGER; i++)
        grille_stream_release(running[i]);
    assert_credit_is_whole(pair);
    pair_free(pair);
}

/* Handlers that do not heed the cancel: no more than the limit run, everything else is refused as never processed, and
 * honest calls go on when they return. */
static void rapid_reset_of_handlers_that_run_on(void **state) {
    enum { CANCELS = 5000 };
    pair_options options = minimum_options();
    session_pair *pair = NULL;
    const pair_event *reset = NULL;
    (void)state;
    options.responder.settings.max_streams = 16;
    options.responder.settings.max_handlers = 16;
    pair = pair_start(&options);
    pair->initiator.releases = true;
    for (int i = 0; i < CANCELS; i++) {
        grille_stream *stream = open_call(pair, &pair->initiator, 0);
        (void)pair_carry(pair, &pair->initiator, &pair->responder);
        grille_stream_release(stream);
        pair_run(pair);
    }
    assert_int_equal(pair->responder.counts[PAIR_CALL], 16);
    assert_int_equal(pair->responder.most_handlers, 16);
    assert_int_equal(pair->responder.most_slots, 16);
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    reset = pair_last(&pair->initiator, PAIR_RESET);
    assert_true(reset->end.never_processed);
    assert_int_equal(reset->end.reason, GRILLE_REASON_SESSION_PEER_REFUSED);
    for (size_t i = 0; i < 16; i++)
        grille_stream_release(pair_find(&pair->responder, PAIR_CALL, i)->stream);
    pair->responder.answers = true;
    (void)pair_call(pair, &pair->initiator, pair_bytes(5));
    pair_run(pair);
    assert_int_equal(pair_last(&pair->initiator, PAIR_STATUS)->code, GRILLE_OK);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_four_windows_flows),
        cmocka_unit_test(four_windows_flow_between_short_messages),
        cmocka_unit_test(sixty_four_mebibytes_delay_a_small_call_by_a_few_frames),
        cmocka_unit_test(a_million_empty_messages),
        cmocka_unit_test(a_thousand_resets_with_data_in_flight_leave_the_credit_whole),
        cmocka_unit_test(one_consumer_that_never_reads_leaves_the_rest_running),
        cmocka_unit_test(fifteen_consumers_that_never_read_leave_the_rest_running),
        cmocka_unit_test(sixteen_consumers_that_never_read_hold_the_connection),
        cmocka_unit_test(a_blocked_answer_ends_at_its_deadline),
        cmocka_unit_test(rapid_reset_keeps_its_limits),
        cmocka_unit_test(rapid_reset_of_handlers_that_run_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
