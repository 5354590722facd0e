/* SPDX-License-Identifier: Apache-2.0
 * What happens because time passes. */
#include <inttypes.h>

#include "session/private.h"

/* Memory of calls that have ended is kept so long after the last byte. */
static const uint64_t shrink_after_us = 100000;

static grille_time_us earlier(grille_time_us left, grille_time_us right) {
    return left < right ? left : right;
}

/* The first PING of ours that is not answered was asked for at ping_us: there is never a second one for keepalive. */
static bool ping_is_out(const grille_session *session) {
    return session->ping_token > session->ping_answered;
}

static grille_time_us keepalive_due(const grille_session *session) {
    const grille_session_options *options = &session->options;
    if (options->keepalive_interval_us == 0) return GRILLE_TIME_NEVER;
    if (!ping_is_out(session)) return grille_time_after(session->received_us, options->keepalive_interval_us);
    return grille_time_after(session->received_us > session->ping_us ? session->received_us : session->ping_us,
                             options->keepalive_timeout_us);
}

static grille_time_us idle_due(const grille_session *session) {
    if (session->options.idle_timeout_us == 0 || session->slots_used > 0) return GRILLE_TIME_NEVER;
    return grille_time_after(session->idle_since_us, session->options.idle_timeout_us);
}

/* A lent kit goes back with the last call, and needs no timer while there is one. */
static grille_time_us shrink_due(const grille_session *session) {
    if (session->shrunk || !grille_session_keeps(session)) return GRILLE_TIME_NEVER;
    return grille_time_after(session->active_us, shrink_after_us);
}

grille_time_us grille_session_expiry(const grille_session *session) {
    const grille_stream *first = grille_deadline_first(session);
    grille_time_us due = GRILLE_TIME_NEVER;
    if (session->broken) return GRILLE_TIME_NEVER;
    if (grille_session_notices_wait(session)) return session->now_us;
    if (first != NULL) due = first->deadline_us;
    due = earlier(due, keepalive_due(session));
    due = earlier(due, idle_due(session));
    due = earlier(due, grille_drain_expiry(session));
    return earlier(due, shrink_due(session));
}

static void end_expired(grille_session *session) {
    const grille_ending ending = {.code = GRILLE_RESET_DEADLINE, .reason = GRILLE_REASON_SESSION_DEADLINE};
    grille_stream *stream = NULL;
    while ((stream = grille_deadline_first(session)) != NULL && stream->deadline_us <= session->now_us) {
        grille_ending this_ending = ending;
        this_ending.never_processed = stream->ours && stream->id == 0;
        session->counts.deadlines_exceeded++;
        grille_stream_end_here(stream, &this_ending);
    }
}

static grille_reason keep_alive(grille_session *session) {
    if (session->now_us < keepalive_due(session)) return GRILLE_REASON_OK;
    if (!ping_is_out(session)) {
        grille_session_ping(session);
        return GRILLE_REASON_OK;
    }
    return grille_session_fail(session, GRILLE_REASON_SESSION_KEEPALIVE, "nothing came within %" PRIu64 " us of a PING",
                               session->options.keepalive_timeout_us);
}

static grille_reason end_idle(grille_session *session) {
    if (session->now_us < idle_due(session)) return GRILLE_REASON_OK;
    session->goodbye_reason = GRILLE_DRAIN_IDLE;
    return grille_session_fail(session, GRILLE_REASON_SESSION_IDLE, "no call for %" PRIu64 " us",
                               session->options.idle_timeout_us);
}

static void shrink(grille_session *session) {
    if (session->now_us < shrink_due(session)) return;
    grille_slots_shrink(session);
    grille_refusals_shrink(&session->refusals);
    if (session->partial_len > 0) return;
    grille_budget_free_wiped(session->options.budget, session->partial, session->partial_capacity);
    session->partial = NULL;
    session->partial_capacity = 0;
}

grille_reason grille_session_tick(grille_session *session, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    if (session->broken) return session->failure_reason;
    grille_session_set_now(session, now_us);
    end_expired(session);
    reason = keep_alive(session);
    if (reason == GRILLE_REASON_OK) reason = end_idle(session);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_drain_advance(session);
    shrink(session);
    grille_session_tell_notices(session);
    grille_slots_rest(session);
    return session->broken ? session->failure_reason : GRILLE_REASON_OK;
}
