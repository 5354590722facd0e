/* SPDX-License-Identifier: Apache-2.0
 * Windows. Of each window some bytes are held by messages that were delivered and are not done; the rest is what the
 * peer may have at most ("target"). What it has is given credit not used yet. The difference is granted once it is
 * worth a frame. Bytes of a message under way, of closed streams and of dropped frames hold nothing, so that their
 * credit comes back by itself. */
#include "session/private.h"

static uint32_t stream_window(const grille_session *session) {
    return session->options.settings.stream_window_bytes;
}

uint32_t grille_credit_held(const grille_stream *stream) {
    const uint32_t window = stream_window(stream->session);
    return stream->undone_bytes > window ? window : (uint32_t)stream->undone_bytes;
}

static bool take(uint32_t *credit, uint32_t cost) {
    if (cost > *credit) return false;
    *credit -= cost;
    return true;
}

bool grille_credit_take(grille_session *session, uint32_t cost) {
    return take(&session->receive_credit, cost);
}

bool grille_credit_take_stream(grille_stream *stream, uint32_t cost) {
    return take(&stream->receive_credit, cost);
}

static void change_undone(grille_stream *stream, uint64_t undone_bytes) {
    const uint32_t before = grille_credit_held(stream);
    stream->undone_bytes = undone_bytes;
    if (!stream->open) return;
    stream->session->held_bytes += grille_credit_held(stream);
    stream->session->held_bytes -= before;
    if (undone_bytes == 0) {
        grille_list_remove(&stream->holds);
    } else if (grille_list_empty(&stream->holds)) {
        grille_list_append(&stream->session->holders, &stream->holds);
    }
}

uint32_t grille_credit_hold(grille_stream *stream, uint64_t charge) {
    const uint32_t window = stream_window(stream->session);
    const uint32_t held = charge > window ? window : (uint32_t)charge;
    change_undone(stream, stream->undone_bytes + held);
    return held;
}

void grille_credit_release(grille_stream *stream, uint64_t charge) {
    change_undone(stream, stream->undone_bytes - charge);
    grille_credit_schedule(stream);
}

void grille_credit_close(grille_stream *stream) {
    stream->session->held_bytes -= grille_credit_held(stream);
    grille_list_remove(&stream->holds);
}

/* Half of what the peer may have: it goes on with the other half while the grant is on its way. */
static uint32_t worth_granting(uint64_t target, uint32_t credit) {
    if (target <= credit) return 0;
    return target - credit >= (target + 1) / 2 ? (uint32_t)(target - credit) : 0;
}

uint32_t grille_credit_grant(const grille_session *session) {
    const uint64_t window = session->options.settings.connection_window_bytes;
    const uint64_t target = session->held_bytes > window ? 0 : window - session->held_bytes;
    return worth_granting(target, session->receive_credit);
}

uint32_t grille_credit_stream_grant(const grille_stream *stream) {
    if (!grille_stream_listens(stream) || stream->peer_closed || stream->id == 0) return 0;
    return worth_granting(stream_window(stream->session) - grille_credit_held(stream), stream->receive_credit);
}

void grille_credit_schedule(grille_stream *stream) {
    if (!grille_list_empty(&stream->credit) || grille_credit_stream_grant(stream) == 0) return;
    grille_list_append(&stream->session->credits, &stream->credit);
}

static bool add(uint32_t *credit, uint32_t bytes) {
    if (bytes > GRILLE_LIMIT_CREDIT_BYTES - *credit) return false;
    *credit += bytes;
    return true;
}

bool grille_credit_receive(grille_session *session, uint32_t bytes) {
    return add(&session->send_credit, bytes);
}

bool grille_credit_is_used_up(const grille_session *session) {
    return session->send_credit <= GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
}

bool grille_credit_receive_stream(grille_stream *stream, uint32_t bytes) {
    if (!add(&stream->send_credit, bytes)) return false;
    grille_stream_make_ready(stream);
    return true;
}
