/* SPDX-License-Identifier: Apache-2.0
 * Making, failing and asking a session. */
#include "session/private.h"

#include <stdarg.h>
#include <stdio.h>

grille_session_options grille_session_options_default(void) {
    return (grille_session_options){.settings = grille_settings_default()};
}

/* SETTINGS is built here once, so that sending it can't fail. */
static bool settings_fit(const grille_session_options *options) {
    uint8_t scratch[GRILLE_LIMIT_FRAME_PAYLOAD_BYTES];
    grille_writer writer = grille_writer_into(scratch, sizeof scratch);
    if (grille_settings_check(&options->settings) != GRILLE_REASON_OK) return false;
    grille_settings_write(&writer, &options->settings, options->services, options->service_count);
    return grille_writer_end(&writer) == GRILLE_REASON_OK;
}

static bool options_valid(const grille_session_options *options) {
    const bool odd = options->first_stream_id % 2 == 1;
    if (options->budget == NULL || options->events == NULL || !settings_fit(options)) return false;
    if (options->keepalive_interval_us > 0 && options->keepalive_timeout_us == 0) return false;
    if (options->first_stream_id == 0) return true;
    return odd == options->initiator && options->first_stream_id < GRILLE_LIMIT_STREAM_ID;
}

static void init_buckets(grille_session *session, grille_time_us now_us) {
    grille_rate_limit_init(&session->pings, GRILLE_LIMIT_PING_BURST, GRILLE_LIMIT_PING_PER_SECOND, now_us);
    grille_rate_limit_init(&session->resets_limit, GRILLE_LIMIT_RESET_BURST, GRILLE_LIMIT_RESET_PER_SECOND, now_us);
    grille_rate_limit_init(&session->credits_limit, GRILLE_LIMIT_CREDIT_BURST, GRILLE_LIMIT_CREDIT_PER_SECOND, now_us);
    grille_rate_limit_init(&session->gates, GRILLE_LIMIT_GATE_BURST, GRILLE_LIMIT_GATE_PER_SECOND, now_us);
    grille_rate_limit_init(&session->ignored, GRILLE_LIMIT_IGNORED_BURST, GRILLE_LIMIT_IGNORED_PER_SECOND, now_us);
    grille_rate_limit_init(&session->late_frames, GRILLE_LIMIT_LATE_FRAME_BURST, GRILLE_LIMIT_LATE_FRAME_PER_SECOND,
                           now_us);
}

static void init_lists(grille_session *session) {
    grille_list_init(&session->free_slots);
    grille_list_init(&session->all);
    grille_list_init(&session->ready);
    grille_list_init(&session->blocked);
    grille_list_init(&session->resets);
    grille_list_init(&session->credits);
    grille_list_init(&session->unwritten);
    grille_list_init(&session->writable);
    grille_list_init(&session->holders);
}

static size_t call_budget_bytes(const grille_budget *budget) {
    return budget->limit_bytes - budget->limit_bytes / GRILLE_CALLS_LEAVE_OF_BUDGET;
}

static void init(grille_session *session, const grille_session_options *options) {
    *session = (grille_session){.options = *options, .now_us = options->now_us, .received_us = options->now_us};
    if (options->max_own_streams == 0) session->options.max_own_streams = GRILLE_DEFAULT_STREAMS;
    session->next_own_id = options->initiator ? 1 : 2;
    if (options->first_stream_id != 0) session->next_own_id = options->first_stream_id;
    session->idle_since_us = options->now_us;
    session->shrunk = true;
    session->peer = grille_settings_minimum();
    session->send_credit = session->peer.connection_window_bytes;
    session->receive_credit = options->settings.connection_window_bytes;
    session->goodbye_reason = GRILLE_DRAIN_PROTOCOL;
    grille_budget_init_part(&session->call_budget, options->budget, call_budget_bytes(options->budget));
    grille_buffer_pool_init(&session->buffers, &session->call_budget);
    init_lists(session);
    init_buckets(session, options->now_us);
    grille_error_clear(&session->failure);
}

grille_reason grille_session_new(const grille_session_options *options, grille_session **session) {
    grille_session *made = NULL;
    *session = NULL;
    if (!options_valid(options)) return GRILLE_REASON_BAD_ARGUMENT;
    made = grille_budget_alloc(options->budget, sizeof *made);
    if (made == NULL) return GRILLE_REASON_BUDGET;
    init(made, options);
    grille_refusals_init(&made->refusals, options->settings.max_streams, options->budget);
    *session = made;
    return GRILLE_REASON_OK;
}

void grille_session_free(grille_session *session) {
    grille_budget *budget = NULL;
    if (session == NULL) return;
    budget = session->options.budget;
    grille_slots_deinit(session);
    grille_budget_free_wiped(budget, session->partial, session->partial_capacity);
    grille_budget_free(budget, session->gate, session->gate_len);
    grille_refusals_deinit(&session->refusals);
    grille_budget_free_wiped(budget, session, sizeof *session);
}

static grille_reason break_off(grille_session *session, grille_reason reason, const char *text) {
    session->broken = true;
    session->failure_reason = reason;
    (void)grille_error_set(&session->failure, reason, "%s", text);
    grille_streams_end_all(session, reason, session->failure.text);
    return reason;
}

grille_reason grille_session_fail(grille_session *session, grille_reason reason, const char *format, ...) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    va_list arguments;
    if (session->broken) return session->failure_reason;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    session->goodbye_waits = session->drain_state != GRILLE_DRAIN_DONE;
    return break_off(session, reason, text);
}

void grille_session_abort(grille_session *session, grille_reason reason, const char *text) {
    session->goodbye_waits = false;
    if (session->broken) return;
    (void)break_off(session, reason, text != NULL ? text : grille_reason_text(reason));
}

void grille_session_set_now(grille_session *session, grille_time_us now_us) {
    if (now_us > session->now_us) session->now_us = now_us;
}

void grille_session_note_activity(grille_session *session) {
    session->active_us = session->now_us;
    session->shrunk = false;
}

/* ---- Notices ---- */

static bool slot_notice_waits(const grille_session *session) {
    return session->tell_slot_free && grille_session_can_open(session);
}

static bool drained_notice_waits(const grille_session *session) {
    return !session->drained_told && grille_drain_is_complete(session);
}

bool grille_session_notices_wait(const grille_session *session) {
    return !grille_list_empty(&session->writable) || slot_notice_waits(session) || drained_notice_waits(session);
}

static void tell_writable(grille_session *session) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&session->writable)) != NULL) {
        grille_stream *stream = grille_container(link, grille_stream, writable);
        /* The owner may have filled the queue again, without waiting: then it is told when that is gone. */
        if (!stream->tell_writable || !grille_stream_is_writable(stream)) continue;
        stream->tell_writable = false;
        stream->events++;
        if (session->options.events->on_writable != NULL) {
            session->options.events->on_writable(session->options.user, stream);
        }
        stream->events--;
        grille_slot_settle(stream);
    }
}

void grille_session_tell_notices(grille_session *session) {
    const grille_session_events *events = session->options.events;
    tell_writable(session);
    if (slot_notice_waits(session)) {
        session->tell_slot_free = false;
        if (events->on_slot_free != NULL) events->on_slot_free(session->options.user);
    }
    if (drained_notice_waits(session)) {
        session->drained_told = true;
        if (events->on_drained != NULL) events->on_drained(session->options.user);
    }
}

/* ---- Getters ---- */

const grille_error *grille_session_failure(const grille_session *session) {
    return &session->failure;
}

grille_time_us grille_session_idle_since(const grille_session *session) {
    return session->slots_used == 0 ? session->idle_since_us : GRILLE_TIME_NEVER;
}

bool grille_session_is_initiator(const grille_session *session) {
    return session->options.initiator;
}

bool grille_session_peer_drains(const grille_session *session) {
    return session->peer_drains > 0;
}

const grille_settings *grille_session_peer_settings(const grille_session *session) {
    return &session->peer;
}

grille_session_stats grille_session_get_stats(const grille_session *session) {
    grille_session_stats stats = {
        .own_streams = session->own_streams,
        .peer_streams = session->peer_streams,
        .handlers = session->handlers,
        .slots = session->slots_used,
        .slots_held = session->slots_held,
        .frames_in = session->counts.frames_in,
        .frames_out = session->counts.frames_out,
        .calls_refused = session->counts.calls_refused,
        .deadlines_exceeded = session->counts.deadlines_exceeded,
        .send_credit_bytes = session->send_credit,
        .receive_credit_bytes = session->receive_credit,
        .undone_bytes = (uint32_t)session->held_bytes,
    };
    for (const grille_link *link = session->holders.next; link != &session->holders; link = link->next) {
        const grille_stream *stream = grille_container((grille_link *)(void *)(uintptr_t)link, grille_stream, holds);
        const uint32_t held = grille_credit_held(stream);
        stats.holding_streams++;
        if (held <= stats.largest_holder_bytes) continue;
        stats.largest_holder_bytes = held;
        stats.largest_holder_stream = stream->id;
    }
    for (const grille_link *link = session->blocked.next; link != &session->blocked; link = link->next)
        stats.blocked_streams++;
    return stats;
}

void grille_session_footprint(const grille_session *session, grille_footprint *footprint) {
    grille_footprint_add(footprint, session, offsetof(struct grille_session, refusals.home));
}
