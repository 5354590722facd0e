/* SPDX-License-Identifier: Apache-2.0 */
#include "session_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "session/session.h"

enum {
    CALLS = 48,
    MESSAGES = 6, /* of one call in one direction */
    PIPE_BYTES = 2 * GRILLE_SESSION_SEND_BYTES,
    STEPS = 1500,
    LONGEST_MESSAGE = 300000,
    BUDGET_BYTES = 8 << 20
};

typedef struct flow { /* one direction of a call */
    uint32_t lens[MESSAGES];
    uint32_t sent;
    uint32_t received;
    bool closed;       /* half-closed, or STATUS sent */
    bool heard_closed; /* the other side was told */
} flow;

typedef struct sim_call {
    struct sim *sim;
    uint32_t number;
    int opener;               /* index of the end */
    grille_stream *stream[2]; /* caller's, handler's; NULL before and after */
    bool handled;             /* on_call came */
    bool ended[2];            /* terminal event, own reset or own status */
    bool told_end[2];
    bool never_processed;
    uint32_t undone[2];
    flow request;
    flow answer;
    grille_code code;
} sim_call;

typedef struct sim_end {
    struct sim *sim;
    int index;
    grille_session *session;
    grille_budget budget;
    grille_session_options options;
    uint8_t pipe[PIPE_BYTES]; /* the one buffer ahead of the transport */
    size_t pipe_len;
    size_t pipe_at;
    bool peer_drains;
    bool drains;
    bool drained;
} sim_end;

typedef struct sim {
    uint64_t seed;
    uint64_t random;
    grille_time_us now_us;
    sim_end ends[2];
    sim_call calls[CALLS];
    uint32_t call_count;
    uint32_t consume_percent;
    uint32_t timeout_percent;
    uint32_t reset_percent;
    uint32_t largest_message;
    uint32_t largest_piece;
    bool closing; /* everybody finishes */
    bool cut;
    sim_result result;
} sim;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) fail_msg("seed %llu: %s", (unsigned long long)s->seed, #condition);                          \
    } while (0)

static uint32_t below(sim *s, uint64_t bound) {
    return (uint32_t)prng_below(&s->random, bound);
}

static bool percent(sim *s, uint32_t chance) {
    return below(s, 100) < chance;
}

/* FNV-1a over 64-bit words. */
static void trace(sim *s, uint64_t word) {
    s->result.trace = (s->result.trace ^ word) * UINT64_C(0x100000001b3);
}

/* ---- Content: each message knows its call, its direction and its number ---- */

static uint8_t byte_of(const sim_call *call, bool is_answer, uint32_t index, size_t at) {
    return (uint8_t)(call->number * 31 + (is_answer ? 97 : 0) + index * 7 + at + at / 251);
}

static uint8_t scratch[LONGEST_MESSAGE];

static grille_bytes content(const sim_call *call, bool is_answer, uint32_t index, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        scratch[i] = byte_of(call, is_answer, index, i);
    return grille_bytes_of(scratch, len);
}

static bool content_is_right(const sim_call *call, bool is_answer, uint32_t index, grille_bytes message) {
    for (size_t i = 0; i < message.len; i++) {
        if (message.data[i] != byte_of(call, is_answer, index, i)) return false;
    }
    return true;
}

/* ---- Events ---- */

static int side_of(const sim_call *call, const sim_end *end) {
    return call->opener == end->index ? 0 : 1;
}

static sim_call *call_of(grille_stream *stream) {
    return grille_stream_user(stream);
}

static void on_call(void *user, grille_stream *stream, const grille_call_header *header) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = &s->calls[header->method_id - 1];
    CHECK(header->method_id >= 1 && header->method_id <= s->call_count);
    CHECK(call->opener != end->index);
    CHECK(!call->handled);
    CHECK(!call->never_processed);
    CHECK(header->metadata.count <= 1);
    call->handled = true;
    call->stream[1] = stream;
    grille_stream_set_user(stream, call);
    trace(s, 1 + header->method_id);
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    const int side = side_of(call, end);
    flow *from = side == 1 ? &call->request : &call->answer;
    CHECK(call->stream[side] == stream);
    CHECK(!call->ended[side]);
    CHECK(!from->heard_closed);
    CHECK(from->received < from->sent);
    CHECK(message.len == from->lens[from->received]);
    CHECK(content_is_right(call, side == 0, from->received, message));
    from->received++;
    call->undone[side]++;
    s->result.messages++;
    s->result.bytes += message.len;
    trace(s, 0x200000000 + message.len);
    if (percent(s, s->consume_percent)) {
        grille_stream_message_done(stream);
        call->undone[side]--;
    }
}

static void on_half_close(void *user, grille_stream *stream) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    CHECK(side_of(call, end) == 1);
    CHECK(call->request.closed && !call->request.heard_closed);
    CHECK(call->request.received == call->request.sent);
    call->request.heard_closed = true;
    trace(s, 3);
}

static void release(sim_call *call, int side) {
    grille_stream *stream = call->stream[side];
    call->stream[side] = NULL;
    call->undone[side] = 0;
    call->ended[side] = true;
    grille_stream_release(stream);
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    CHECK(side_of(call, end) == 0);
    CHECK(!call->ended[0] && !call->told_end[0]);
    CHECK(call->answer.closed);
    CHECK(call->answer.received == call->answer.sent);
    CHECK(status->code == call->code);
    call->told_end[0] = true;
    call->ended[0] = true;
    s->result.answered++;
    trace(s, 0x400000000 + (uint64_t)status->code);
    if (percent(s, 50)) release(call, 0);
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *ending) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    const int side = side_of(call, end);
    CHECK(!call->told_end[side]);
    CHECK(side == 1 || !call->ended[0]);
    CHECK(ending->status != GRILLE_OK);
    CHECK(!ending->never_processed || side == 0);
    CHECK(!ending->never_processed || !call->handled);
    call->never_processed = call->never_processed || ending->never_processed;
    call->told_end[side] = true;
    call->ended[side] = true;
    s->result.reset++;
    trace(s, 0x500000000 + (uint64_t)ending->reason);
    if (percent(s, 50)) release(call, side);
}

static void on_peer_drain(void *user, grille_drain_reason reason) {
    sim_end *end = user;
    end->peer_drains = true;
    trace(end->sim, 6 + (uint64_t)reason);
}

static void on_drained(void *user) {
    sim_end *end = user;
    sim *s = end->sim;
    const grille_session_stats stats = grille_session_get_stats(end->session);
    CHECK(end->drains && !end->drained);
    CHECK(stats.peer_streams == 0 && stats.handlers == 0);
    end->drained = true;
    s->result.drained++;
    trace(s, 7);
}

static const grille_session_events events = {
    .on_call = on_call,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_status = on_status,
    .on_reset = on_reset,
    .on_peer_drain = on_peer_drain,
    .on_drained = on_drained,
};

/* ---- What owners do ---- */

static uint32_t message_len(sim *s) {
    switch (below(s, 8)) {
    case 0:
        return 0;
    case 1:
    case 2:
    case 3:
        return below(s, 200);
    case 4:
    case 5:
        return below(s, 4000);
    case 6:
        return below(s, 70000 < s->largest_message ? 70000 : s->largest_message);
    default:
        return below(s, s->largest_message);
    }
}

static void send_message(sim *s, sim_call *call, int side) {
    flow *to = side == 0 ? &call->request : &call->answer;
    const uint32_t len = message_len(s);
    grille_reason reason = GRILLE_REASON_OK;
    uint8_t *room = NULL;
    if (to->closed || to->sent == MESSAGES) return;
    if (percent(s, 50)) {
        reason = grille_stream_send_message(call->stream[side], content(call, side == 1, to->sent, len), 0);
    } else {
        reason = grille_stream_reserve_message(call->stream[side], len, &room);
        if (reason == GRILLE_REASON_OK && len > 0) memcpy(room, content(call, side == 1, to->sent, len).data, len);
        if (reason == GRILLE_REASON_OK) reason = grille_stream_send_reserved(call->stream[side], 0);
    }
    CHECK(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_SESSION_WINDOW_FULL ||
          reason == GRILLE_REASON_SESSION_MESSAGE_TOO_LONG || reason == GRILLE_REASON_BUDGET);
    if (reason == GRILLE_REASON_OK) to->lens[to->sent++] = len;
}

static void half_close(sim *s, sim_call *call) {
    if (call->request.closed) return;
    CHECK(grille_stream_half_close(call->stream[0]) == GRILLE_REASON_OK);
    call->request.closed = true;
}

static void send_status(sim *s, sim_call *call) {
    const grille_code codes[] = {GRILLE_OK, GRILLE_NOT_FOUND, GRILLE_UNAUTHENTICATED};
    const grille_status_header status = {.code = codes[below(s, 3)], .message = grille_bytes_of("said", 4)};
    const grille_reason reason = grille_stream_send_status(call->stream[1], &status);
    CHECK(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_BUDGET);
    if (reason != GRILLE_REASON_OK) return;
    call->code = status.code;
    call->answer.closed = true;
    call->ended[1] = true;
    if (percent(s, 70)) release(call, 1);
}

static void reset(sim *s, sim_call *call, int side) {
    call->ended[side] = true;
    grille_stream_reset(call->stream[side], percent(s, 50) ? GRILLE_RESET_CANCELLED : GRILLE_RESET_LIMIT);
    trace(s, 8);
}

static grille_metadata_view some_metadata(sim *s) {
    static uint8_t bytes[4096];
    static const uint8_t value[3000];
    const grille_metadata_entry entry = {grille_bytes_of("key-bin", 7), grille_bytes_of(value, below(s, 3000))};
    grille_writer writer = grille_writer_into(bytes, sizeof bytes);
    grille_metadata_view view = {0};
    if (percent(s, 70)) return view;
    grille_metadata_entry_write(&writer, &entry);
    CHECK(grille_metadata_view_of(grille_written(&writer), &view) == GRILLE_REASON_OK);
    return view;
}

static void open_call(sim *s, int opener) {
    sim_call *call = &s->calls[s->call_count];
    sim_end *end = &s->ends[opener];
    grille_call_open open = {.method_id = s->call_count + 1, .user = call};
    grille_reason reason = GRILLE_REASON_OK;
    bool can = grille_session_can_open(end->session);
    if (s->call_count == CALLS) return;
    open.metadata = some_metadata(s);
    open.has_timeout = percent(s, s->timeout_percent);
    open.timeout_us = 1 + below(s, 200000);
    *call = (sim_call){.sim = s, .number = s->call_count + 1, .opener = opener};
    reason = grille_session_open(end->session, &open, s->now_us, &call->stream[0]);
    CHECK(can == (reason == GRILLE_REASON_OK) || reason == GRILLE_REASON_BUDGET);
    if (reason != GRILLE_REASON_OK) return;
    s->call_count++;
    s->result.calls++;
    if (percent(s, 60)) send_message(s, call, 0);
    if (percent(s, 60)) half_close(s, call);
}

static void act_on_call(sim *s, sim_call *call, int side) {
    if (call->stream[side] == NULL) return;
    if (call->undone[side] > 0 && percent(s, s->closing ? 100 : s->consume_percent)) {
        grille_stream_message_done(call->stream[side]);
        call->undone[side]--;
    }
    if (call->ended[side]) {
        if (percent(s, s->closing ? 100 : 20)) release(call, side);
        return;
    }
    if (s->closing) {
        if (side == 0) half_close(s, call);
        if (side == 1) send_status(s, call);
        return;
    }
    if (percent(s, s->reset_percent)) {
        reset(s, call, side);
    } else if (percent(s, 40)) {
        send_message(s, call, side);
    } else if (side == 0 && percent(s, 20)) {
        half_close(s, call);
    } else if (side == 1 && percent(s, 15)) {
        send_status(s, call);
    }
}

/* ---- The transport ---- */

static void fill_pipe(sim *s, sim_end *end) {
    if (end->pipe_len > 0) return;
    CHECK(grille_session_send(end->session, end->pipe, sizeof end->pipe, &end->pipe_len, s->now_us) ==
          GRILLE_REASON_OK);
    end->pipe_at = 0;
    for (size_t i = 0; i < end->pipe_len; i += 61)
        trace(s, end->pipe[i]);
}

static void carry(sim *s, int from, size_t most) {
    sim_end *end = &s->ends[from];
    sim_end *other = &s->ends[1 - from];
    size_t len = end->pipe_len - end->pipe_at;
    fill_pipe(s, end);
    len = end->pipe_len - end->pipe_at;
    if (len > most) len = most;
    if (len > 0) {
        const grille_reason reason =
            grille_session_recv(other->session, grille_bytes_of(end->pipe + end->pipe_at, len), s->now_us);
        if (reason != GRILLE_REASON_OK) {
            fail_msg("seed %llu: %s", (unsigned long long)s->seed, grille_session_failure(other->session)->text);
        }
        end->pipe_at += len;
    }
    if (end->pipe_len > 0 && end->pipe_at == end->pipe_len) {
        end->pipe_len = 0;
        grille_session_sent(end->session, s->now_us);
    }
}

/* ---- What must hold after each step ---- */

static void check_end(sim *s, const sim_end *end) {
    const grille_session_stats stats = grille_session_get_stats(end->session);
    const grille_settings *limits = &end->options.settings;
    CHECK(end->budget.used_bytes <= BUDGET_BYTES);
    CHECK(stats.peer_streams <= limits->max_streams);
    CHECK(stats.handlers <= limits->max_handlers);
    CHECK(stats.own_streams <= end->options.max_own_streams);
    CHECK(stats.slots <= 2 * limits->max_streams + limits->max_handlers + 2 * end->options.max_own_streams);
    CHECK(stats.slots <= stats.slots_held);
    CHECK(stats.receive_credit_bytes <= limits->connection_window_bytes);
    CHECK(stats.undone_bytes <= limits->connection_window_bytes);
}

/* Credit that one end may use is never more than what the other end expects. */
static void check_credit(sim *s, int sender) {
    const grille_session_stats sending = grille_session_get_stats(s->ends[sender].session);
    const grille_session_stats receiving = grille_session_get_stats(s->ends[1 - sender].session);
    const uint32_t before_settings =
        s->ends[1 - sender].options.settings.connection_window_bytes - GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES;
    CHECK(sending.send_credit_bytes <= receiving.receive_credit_bytes + before_settings);
}

static void check(sim *s) {
    for (int i = 0; i < 2; i++) {
        check_end(s, &s->ends[i]);
        check_credit(s, i);
    }
}

static void pass_time(sim *s, uint64_t us) {
    s->now_us += us;
    for (int i = 0; i < 2; i++) {
        sim_end *end = &s->ends[i];
        const grille_reason reason = grille_session_tick(end->session, s->now_us);
        CHECK(reason == GRILLE_REASON_OK);
        CHECK(grille_session_expiry(end->session) > s->now_us);
    }
}

/* ---- A run ---- */

static grille_settings draw_settings(sim *s) {
    grille_settings settings = grille_settings_minimum();
    if (percent(s, 30)) return settings;
    settings.max_streams += below(s, 20);
    settings.max_handlers += below(s, 20);
    settings.max_message_bytes += below(s, LONGEST_MESSAGE - settings.max_message_bytes);
    settings.connection_window_bytes += below(s, 4000000);
    settings.stream_window_bytes += below(s, settings.connection_window_bytes / 16 - settings.stream_window_bytes + 1);
    return settings;
}

static void open_end(sim *s, int index) {
    sim_end *end = &s->ends[index];
    end->sim = s;
    end->index = index;
    end->options = grille_session_options_default();
    end->options.initiator = index == 0;
    end->options.settings = draw_settings(s);
    end->options.max_own_streams = 1 + below(s, 40);
    end->options.first_stream_id = percent(s, 20) ? 2 * below(s, 1000000) + (index == 0 ? 1 : 2) : 0;
    end->options.keepalive_interval_us = percent(s, 50) ? 5000000 : 0;
    end->options.keepalive_timeout_us = 3600000000;
    end->options.budget = &end->budget;
    end->options.events = &events;
    end->options.user = end;
    end->options.now_us = s->now_us;
    grille_budget_init(&end->budget, BUDGET_BYTES);
    CHECK(grille_session_new(&end->options, &end->session) == GRILLE_REASON_OK);
}

static void step(sim *s) {
    const uint32_t choice = below(s, 100);
    if (choice < 8) {
        open_call(s, percent(s, 70) ? 0 : 1);
    } else if (choice < 45 && s->call_count > 0) {
        act_on_call(s, &s->calls[below(s, s->call_count)], (int)below(s, 2));
    } else if (choice < 97) {
        carry(s, (int)below(s, 2), 1 + below(s, s->largest_piece));
    } else {
        pass_time(s, below(s, 20000));
    }
    check(s);
}

static bool all_ended(const sim *s) {
    for (uint32_t i = 0; i < s->call_count; i++) {
        if (s->calls[i].stream[0] != NULL || s->calls[i].stream[1] != NULL) return false;
    }
    return true;
}

/* Everybody finishes: after a healed network every call ends. */
static void settle(sim *s) {
    s->closing = true;
    for (int round = 0; round < 20000 && !all_ended(s); round++) {
        for (uint32_t i = 0; i < s->call_count; i++) {
            act_on_call(s, &s->calls[i], 0);
            act_on_call(s, &s->calls[i], 1);
        }
        carry(s, 0, PIPE_BYTES);
        carry(s, 1, PIPE_BYTES);
        check(s);
    }
    CHECK(all_ended(s));
    for (int i = 0; i < 8; i++) {
        carry(s, 0, PIPE_BYTES);
        carry(s, 1, PIPE_BYTES);
    }
    pass_time(s, 2000000);
    for (int i = 0; i < 8; i++) {
        carry(s, 0, PIPE_BYTES);
        carry(s, 1, PIPE_BYTES);
    }
    pass_time(s, 2000000);
}

static void check_settled(sim *s) {
    for (int i = 0; i < 2; i++) {
        const sim_end *end = &s->ends[i];
        const grille_session_stats mine = grille_session_get_stats(end->session);
        const grille_session_stats others = grille_session_get_stats(s->ends[1 - i].session);
        CHECK(mine.slots == 0 && mine.slots_held == 0);
        CHECK(mine.own_streams == 0 && mine.peer_streams == 0 && mine.handlers == 0);
        CHECK(mine.undone_bytes == 0);
        CHECK(mine.send_credit_bytes == others.receive_credit_bytes);
        CHECK(mine.receive_credit_bytes > end->options.settings.connection_window_bytes / 2);
        CHECK(!grille_session_wants_write(end->session));
        CHECK(end->drained == end->drains);
        CHECK(end->peer_drains == s->ends[1 - i].drains);
    }
}

static void check_calls(sim *s) {
    for (uint32_t i = 0; i < s->call_count; i++) {
        const sim_call *call = &s->calls[i];
        CHECK(call->ended[0]);
        CHECK(call->ended[1] == call->handled);
    }
}

/* The connection breaks in the middle of everything. */
static void cut(sim *s) {
    s->cut = true;
    s->result.cut = true;
    for (int i = 0; i < 2; i++) {
        grille_session_abort(s->ends[i].session, GRILLE_REASON_SESSION_LOST, NULL);
        CHECK(!grille_session_wants_write(s->ends[i].session));
    }
    for (uint32_t i = 0; i < s->call_count; i++) {
        sim_call *call = &s->calls[i];
        for (int side = 0; side < 2; side++) {
            if (call->stream[side] == NULL) continue;
            CHECK(call->ended[side]);
            release(call, side);
        }
    }
}

sim_result sim_run(uint64_t seed) {
    sim *s = calloc(1, sizeof *s);
    sim_result result;
    assert_non_null(s);
    s->seed = seed;
    s->random = seed;
    s->now_us = 1000000;
    s->consume_percent = below(s, 101);
    s->timeout_percent = percent(s, 50) ? 0 : below(s, 60);
    s->reset_percent = percent(s, 50) ? 0 : below(s, 15);
    s->largest_message = 1 + below(s, LONGEST_MESSAGE);
    s->largest_piece = percent(s, 30) ? 40 : 20000;
    open_end(s, 0);
    open_end(s, 1);
    for (int i = 0; i < STEPS; i++) {
        step(s);
        for (int end = 0; end < 2; end++) {
            if (s->ends[end].drains || i < STEPS / 2 || !percent(s, 1)) continue;
            s->ends[end].drains = true;
            grille_session_drain(s->ends[end].session, GRILLE_DRAIN_SHUTDOWN, s->now_us);
        }
    }
    if (percent(s, 20)) {
        cut(s);
    } else {
        settle(s);
        check_settled(s);
    }
    check_calls(s);
    for (int i = 0; i < 2; i++) {
        grille_session_free(s->ends[i].session);
        CHECK(s->ends[i].budget.used_bytes == 0);
    }
    result = s->result;
    free(s);
    return result;
}
