/* SPDX-License-Identifier: Apache-2.0
 * The owners of both ends: what they are told is checked, what they do is drawn. */
#include <string.h>

#include "base/bytes.h"
#include "sim_state.h"

/* ---- Content: each message knows its call, its direction and its number ---- */

static uint8_t scratch[LONGEST_MESSAGE];

static uint8_t byte_of(const sim_call *call, bool is_answer, uint32_t index, size_t at) {
    return (uint8_t)(call->number * 31 + (is_answer ? 97 : 0) + index * 7 + at + at / 251);
}

static void fill(uint8_t *room, const sim_call *call, bool is_answer, uint32_t index, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        room[i] = byte_of(call, is_answer, index, i);
}

static bool content_is_right(const sim_call *call, bool is_answer, uint32_t index, grille_bytes message) {
    for (size_t i = 0; i < message.len; i++) {
        if (message.data[i] != byte_of(call, is_answer, index, i)) return false;
    }
    return true;
}

static uint32_t message_len(sim *s) {
    switch (sim_below(s, 8)) {
    case 0:
        return 0;
    case 1:
    case 2:
    case 3:
        return sim_below(s, 200);
    case 4:
    case 5:
        return sim_below(s, 4000);
    case 6:
        return sim_below(s, 70000 < s->largest_message ? 70000 : s->largest_message);
    default:
        return sim_below(s, s->largest_message);
    }
}

static grille_metadata_view some_metadata(sim *s) {
    static uint8_t bytes[LONGEST_METADATA + 64];
    static const uint8_t value[LONGEST_METADATA];
    const grille_metadata_entry entry = {grille_bytes_of("key-bin", 7),
                                         grille_bytes_of(value, sim_below(s, LONGEST_METADATA))};
    grille_writer writer = grille_writer_into(bytes, sizeof bytes);
    grille_metadata_view view = {0};
    if (sim_percent(s, 70)) return view;
    grille_metadata_entry_write(&writer, &entry);
    CHECK(grille_metadata_view_of(grille_written(&writer), &view) == GRILLE_REASON_OK);
    return view;
}

/* ---- What owners do ---- */

static bool is_live(const sim_call *call, int side) {
    return call->sides[side].stream != NULL && !call->sides[side].ended;
}

void sim_release(sim_call *call, int side) {
    sim_side *mine = &call->sides[side];
    grille_stream *stream = mine->stream;
    *mine = (sim_side){.ended = true, .told_end = mine->told_end};
    grille_stream_release(stream);
}

static void reset(sim *s, sim_call *call, int side) {
    call->sides[side].ended = true;
    grille_stream_reset(call->sides[side].stream, sim_percent(s, 50) ? GRILLE_RESET_CANCELLED : GRILLE_RESET_LIMIT);
    sim_trace(s, 8);
}

/* The oldest message that is not done is the one that comes next. */
static void finish_message(sim *s, sim_call *call, int side) {
    sim_side *mine = &call->sides[side];
    const flow *from = side == 1 ? &call->request : &call->answer;
    const uint32_t index = from->received - mine->undone;
    grille_bytes message = {0};
    CHECK(grille_stream_next_message(mine->stream, &message));
    CHECK(message.len == from->lens[index]);
    CHECK(content_is_right(call, side == 0, index, message));
    grille_stream_message_done(mine->stream);
    mine->undone--;
}

/* Reserved, borrowed or copied. */
static grille_reason send_bytes(sim *s, sim_call *call, int side, uint32_t len, unsigned flags) {
    grille_stream *stream = call->sides[side].stream;
    const flow *to = side == 0 ? &call->request : &call->answer;
    grille_reason reason = GRILLE_REASON_OK;
    uint8_t *room = NULL;
    if (sim_percent(s, 50)) {
        reason = grille_stream_reserve_message(stream, len, &room);
        if (reason != GRILLE_REASON_OK) return reason;
        fill(room, call, side == 1, to->sent, len);
        return grille_stream_send_reserved(stream, flags);
    }
    if (sim_percent(s, 20)) room = grille_arena_alloc(grille_stream_arena(stream), len + 1);
    if (room != NULL) flags |= GRILLE_SEND_BORROW;
    if (room == NULL) room = scratch;
    fill(room, call, side == 1, to->sent, len);
    return grille_stream_send_message(stream, grille_bytes_of(room, len), flags);
}

static grille_reason send_message(sim *s, sim_call *call, int side, uint32_t len, unsigned flags) {
    flow *to = side == 0 ? &call->request : &call->answer;
    const grille_reason reason = send_bytes(s, call, side, len, flags);
    CHECK(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_SESSION_WINDOW_FULL ||
          reason == GRILLE_REASON_SESSION_MESSAGE_TOO_LONG || reason == GRILLE_REASON_BUDGET);
    if (reason == GRILLE_REASON_BUDGET) s->result.over_budget++;
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) call->sides[side].asked = true;
    if (reason != GRILLE_REASON_OK) return reason;
    to->lens[to->sent++] = len;
    if ((flags & GRILLE_SEND_END_STREAM) != 0) to->closed = true;
    return reason;
}

/* One message, or all that the queue takes. */
static void send_some(sim *s, sim_call *call, int side) {
    const flow *to = side == 0 ? &call->request : &call->answer;
    const bool fills = sim_percent(s, 30);
    grille_reason reason = GRILLE_REASON_OK;
    do {
        const bool ends = side == 0 && sim_percent(s, 10);
        if (to->closed || to->sent == to->most) return;
        reason = send_message(s, call, side, message_len(s), ends ? GRILLE_SEND_END_STREAM : 0);
    } while (fills && reason == GRILLE_REASON_OK);
}

static void half_close(sim *s, sim_call *call) {
    if (call->request.closed) return;
    CHECK(grille_stream_half_close(call->sides[0].stream) == GRILLE_REASON_OK);
    call->request.closed = true;
}

static void send_headers(sim *s, sim_call *call) {
    const grille_metadata_view metadata = some_metadata(s);
    grille_reason reason = GRILLE_REASON_OK;
    if (metadata.count == 0 || call->headers_bytes > 0 || call->answer.sent > 0 || call->answer.closed) return;
    reason = grille_stream_send_headers(call->sides[1].stream, &metadata);
    CHECK(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_BUDGET);
    if (reason == GRILLE_REASON_OK) call->headers_bytes = metadata.encoded_bytes;
}

static bool answers_once(const sim_call *call) {
    return call->kind == SIM_UNARY || call->kind == SIM_CLIENT_STREAMING;
}

static void send_status(sim *s, sim_call *call) {
    const grille_code codes[] = {GRILLE_OK, GRILLE_NOT_FOUND, GRILLE_UNAUTHENTICATED};
    grille_status_header status = {.code = codes[sim_below(s, 3)], .message = grille_bytes_of("said", 4)};
    grille_reason reason = GRILLE_REASON_OK;
    uint8_t *room = NULL;
    if (status.code == GRILLE_OK && answers_once(call) && call->answer.sent == 0) {
        reason = send_message(s, call, 1, message_len(s), 0);
        if (reason != GRILLE_REASON_OK) status.code = GRILLE_INTERNAL;
    }
    /* A message that could not be filled after all. */
    if (sim_percent(s, 10)) (void)!grille_stream_reserve_message(call->sides[1].stream, 100, &room);
    reason = grille_stream_send_status(call->sides[1].stream, &status);
    CHECK(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_BUDGET);
    if (reason != GRILLE_REASON_OK) {
        reset(s, call, 1);
        return;
    }
    call->code = status.code;
    call->answer.closed = true;
    call->sides[1].ended = true;
    if (sim_percent(s, 70)) sim_release(call, 1);
}

/* A handler of a single request answers when it is there, or sooner without. */
static void act_as_handler(sim *s, sim_call *call) {
    const bool ready = call->request.heard_closed || sim_percent(s, 10);
    if (sim_percent(s, 15)) {
        send_headers(s, call);
    } else if (!answers_once(call) && sim_percent(s, 60)) {
        send_some(s, call, 1);
    } else if (ready && sim_percent(s, 40)) {
        send_status(s, call);
    }
}

static void act_as_caller(sim *s, sim_call *call) {
    if (sim_percent(s, 60)) {
        send_some(s, call, 0);
    } else if (sim_percent(s, 30)) {
        half_close(s, call);
    }
}

static void finish(sim *s, sim_call *call, int side) {
    if (side == 0) half_close(s, call);
    if (side == 1) send_status(s, call);
}

void sim_act(sim *s, sim_call *call, int side) {
    sim_side *mine = &call->sides[side];
    const bool reads = s->healing || (!mine->stalls && sim_percent(s, s->consume_percent));
    if (mine->stream == NULL) return;
    if (mine->undone > 0 && reads) finish_message(s, call, side);
    if (mine->ended) {
        if (sim_percent(s, s->closing ? 100 : 20)) sim_release(call, side);
    } else if (s->closing) {
        finish(s, call, side);
    } else if (s->healing) {
        return;
    } else if (sim_percent(s, s->reset_percent)) {
        reset(s, call, side);
    } else if (side == 0) {
        act_as_caller(s, call);
    } else {
        act_as_handler(s, call);
    }
}

/* A request of one message goes with the call. */
static void begin_request(sim *s, sim_call *call) {
    if (call->kind != SIM_UNARY && call->kind != SIM_SERVER_STREAMING) {
        if (sim_percent(s, 60)) send_some(s, call, 0);
        return;
    }
    if (send_message(s, call, 0, message_len(s), GRILLE_SEND_END_STREAM) != GRILLE_REASON_OK) reset(s, call, 0);
}

void sim_open_call(sim *s, int opener) {
    sim_call *call = &s->calls[s->call_count];
    const sim_end *end = &s->ends[opener];
    grille_call_open open = {.method_id = s->call_count + 1, .user = call};
    const bool can = grille_session_can_open(end->session);
    grille_reason reason = GRILLE_REASON_OK;
    if (s->call_count == CALLS) return;
    open.metadata = some_metadata(s);
    open.has_timeout = sim_percent(s, s->timeout_percent);
    open.timeout_us = 1 + sim_below(s, 200000);
    *call = (sim_call){.sim = s,
                       .number = s->call_count + 1,
                       .kind = (sim_kind)sim_below(s, SIM_KINDS),
                       .opener = opener,
                       .metadata_bytes = open.metadata.encoded_bytes};
    call->request.most = call->kind == SIM_UNARY || call->kind == SIM_SERVER_STREAMING ? 1 : MESSAGES;
    call->answer.most = answers_once(call) ? 1 : MESSAGES;
    call->sides[0].stalls = sim_percent(s, s->stall_percent);
    call->sides[1].stalls = sim_percent(s, s->stall_percent);
    reason = grille_session_open(end->session, &open, s->now_us, &call->sides[0].stream);
    CHECK(can == (reason == GRILLE_REASON_OK) || reason == GRILLE_REASON_BUDGET);
    CHECK((reason == GRILLE_REASON_SESSION_IDS_USED_UP) ==
          (grille_session_needs_successor(end->session) && !end->peer_drains));
    if (reason == GRILLE_REASON_SESSION_IDS_USED_UP) s->result.used_up++;
    if (reason != GRILLE_REASON_OK) s->result.refused_opens++;
    if (reason != GRILLE_REASON_OK) return;
    s->call_count++;
    s->result.calls++;
    begin_request(s, call);
}

/* ---- Events ---- */

static int side_of(const sim_call *call, const sim_end *end) {
    return call->opener == end->index ? 0 : 1;
}

static sim_call *call_of(grille_stream *stream) {
    return grille_stream_user(stream);
}

/* The owner acts inside the event that it is told, on this call, or opens another one. */
static void act_inside(sim *s, sim_call *call, int side) {
    if (s->healing || s->depth > 0 || !sim_percent(s, s->inside_percent)) return;
    s->depth++;
    s->result.inside++;
    if (sim_percent(s, 10)) sim_open_call(s, (int)sim_below(s, 2));
    if (call->sides[side].stream != NULL && sim_percent(s, 20)) {
        sim_release(call, side);
    } else {
        sim_act(s, call, side);
    }
    s->depth--;
}

static void on_settings(void *user, const grille_settings *settings) {
    sim_end *end = user;
    end->heard = true;
    sim_trace(end->sim, settings->max_streams);
}

static void on_call(void *user, grille_stream *stream, const grille_call_header *header) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = &s->calls[header->method_id - 1];
    CHECK(header->method_id >= 1 && header->method_id <= s->call_count);
    CHECK(call->opener != end->index);
    CHECK(!call->handled);
    CHECK(!call->never_processed);
    CHECK(header->metadata.encoded_bytes == call->metadata_bytes);
    call->handled = true;
    call->sides[1].stream = stream;
    grille_stream_set_user(stream, call);
    sim_trace(s, 1 + header->method_id);
    act_inside(s, call, 1);
}

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    CHECK(side_of(call, end) == 0 && is_live(call, 0));
    CHECK(!call->headers_heard && call->answer.received == 0);
    CHECK(metadata->encoded_bytes == call->headers_bytes);
    call->headers_heard = true;
    s->result.headers++;
    sim_trace(s, 9);
    act_inside(s, call, 0);
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    const int side = side_of(call, end);
    flow *from = side == 1 ? &call->request : &call->answer;
    CHECK(call->sides[side].stream == stream && is_live(call, side));
    CHECK(!from->heard_closed);
    CHECK(from->received < from->sent);
    CHECK(side == 1 || call->headers_heard == (call->headers_bytes > 0));
    CHECK(message.len == from->lens[from->received]);
    CHECK(content_is_right(call, side == 0, from->received, message));
    from->received++;
    call->sides[side].undone++;
    s->result.messages++;
    s->result.bytes += message.len;
    sim_trace(s, 0x200000000 + message.len);
    if (s->healing || (!call->sides[side].stalls && sim_percent(s, s->consume_percent))) {
        finish_message(s, call, side);
    }
    act_inside(s, call, side);
}

static void on_half_close(void *user, grille_stream *stream) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    CHECK(side_of(call, end) == 1 && is_live(call, 1));
    CHECK(call->request.closed && !call->request.heard_closed);
    CHECK(call->request.received == call->request.sent);
    call->request.heard_closed = true;
    sim_trace(s, 3);
    act_inside(s, call, 1);
}

/* Only what was asked for, once, and there is room indeed. */
static void on_writable(void *user, grille_stream *stream) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    const int side = side_of(call, end);
    const flow *to = side == 0 ? &call->request : &call->answer;
    CHECK(is_live(call, side) && !to->closed);
    CHECK(call->sides[side].asked);
    call->sides[side].asked = false;
    s->result.writable++;
    sim_trace(s, 10);
    if (to->sent < to->most) {
        CHECK(send_message(s, call, side, 1, 0) != GRILLE_REASON_SESSION_WINDOW_FULL);
    }
    act_inside(s, call, side);
}

static void end_side(sim *s, sim_call *call, int side) {
    call->sides[side].told_end = true;
    call->sides[side].ended = true;
    if (sim_percent(s, 50)) sim_release(call, side);
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    CHECK(side_of(call, end) == 0 && is_live(call, 0));
    CHECK(!call->sides[0].told_end);
    CHECK(call->answer.closed);
    CHECK(call->cut_short || call->answer.received == call->answer.sent);
    CHECK(call->cut_short || call->headers_heard == (call->headers_bytes > 0));
    CHECK(status->code == call->code);
    s->result.answered[call->kind]++;
    sim_trace(s, 0x400000000 + (uint64_t)status->code);
    end_side(s, call, 0);
}

static void check_never_processed(sim *s, const sim_call *call, const grille_stream_end *ending) {
    const bool refused =
        ending->reason == GRILLE_REASON_SESSION_DRAINING || ending->reason == GRILLE_REASON_SESSION_PEER_REFUSED;
    CHECK(!ending->never_processed || !call->handled);
    CHECK(!refused || ending->never_processed);
}

/* The session of a handler answers in its place, and drops what was queued. */
static void note_over_budget(sim *s, sim_call *call, int side) {
    s->result.over_budget++;
    if (side == 0 || call->answer.closed) return;
    call->answer.closed = true;
    call->cut_short = true;
    call->code = GRILLE_RESOURCE_EXHAUSTED;
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *ending) {
    sim_end *end = user;
    sim *s = end->sim;
    sim_call *call = call_of(stream);
    const int side = side_of(call, end);
    CHECK(call->sides[side].stream == stream && !call->sides[side].told_end);
    CHECK(side == 1 || !call->sides[0].ended);
    CHECK(ending->status != GRILLE_OK);
    CHECK(!ending->never_processed || side == 0);
    check_never_processed(s, call, ending);
    if (ending->reason == GRILLE_REASON_BUDGET) note_over_budget(s, call, side);
    call->never_processed = call->never_processed || ending->never_processed;
    s->result.never_processed += ending->never_processed;
    s->result.reset++;
    sim_trace(s, 0x500000000 + (uint64_t)ending->reason);
    end_side(s, call, side);
}

static void on_peer_drain(void *user, grille_drain_reason reason) {
    sim_end *end = user;
    end->peer_drains = true;
    sim_trace(end->sim, 6 + (uint64_t)reason);
}

static void on_drained(void *user) {
    sim_end *end = user;
    sim *s = end->sim;
    const grille_session_stats stats = grille_session_get_stats(end->session);
    CHECK(end->drains && !end->drained);
    CHECK(stats.peer_streams == 0 && stats.handlers == 0);
    end->drained = true;
    s->result.drained++;
    sim_trace(s, 7);
}

const grille_session_events sim_events = {
    .on_settings = on_settings,
    .on_call = on_call,
    .on_headers = on_headers,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_writable = on_writable,
    .on_status = on_status,
    .on_reset = on_reset,
    .on_peer_drain = on_peer_drain,
    .on_drained = on_drained,
};
