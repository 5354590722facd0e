/* SPDX-License-Identifier: Apache-2.0
 * A handler's call from its making to the moment its slot is given back, whatever ends first: its stream, its handler,
 * the application's references, or mail of it that is on its way. */
#include <string.h>

#include "base/bytes.h"
#include "rpc/endpoint_private.h"

static void on_mail(grille_task *mail);

/* ---- making ---- */

void grille_server_own_memory(grille_server_call *call) {
    grille_server_memory *memory = NULL;
    if (!call->shared) call->shared = true;
    if (call->memory != NULL) return;
    memory = grille_arena_alloc(grille_stream_arena(call->stream), sizeof *memory);
    if (memory == NULL) {
        /* Nothing can be had from it either. */
        call->arena = &call->no_memory;
        return;
    }
    grille_arena_init(&memory->arena, memory->first, sizeof memory->first, call->endpoint->budget);
    call->memory = memory;
    call->arena = &memory->arena;
}

/* Which events a streaming method's handler gets. */
static bool make_streaming(grille_server_call *call) {
    const grille_method *method = call->registered->method;
    grille_server_stream *streaming = grille_arena_alloc(grille_stream_arena(call->stream), sizeof *streaming);
    if (streaming == NULL) return false;
    memset(streaming, 0, offsetof(grille_server_stream, message_memory));
    streaming->receives = method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
    streaming->sends = method->kind == GRILLE_METHOD_SERVER_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
    streaming->blocking = (method->flags & GRILLE_METHOD_OFFLOAD) != 0;
    grille_handover_init(&streaming->outbox, call->endpoint->budget);
    grille_handover_init(&streaming->inbox, call->endpoint->budget);
    pthread_cond_init(&streaming->changed, NULL);
    grille_arena_init(&streaming->message_arena, streaming->message_memory, sizeof streaming->message_memory,
                      call->endpoint->budget);
    call->streaming = streaming;
    call->base.ops = streaming->blocking ? &grille_server_blocking_ops : &grille_server_stream_ops;
    grille_server_own_memory(call);
    return call->memory != NULL;
}

grille_server_call *grille_server_call_make(grille_endpoint *endpoint, grille_stream *stream,
                                            const grille_registered_method *registered,
                                            const grille_call_header *header) {
    grille_server_call *call = grille_arena_alloc(grille_stream_arena(stream), sizeof *call);
    if (call == NULL) return NULL;
    memset(call, 0, sizeof *call);
    call->base.side = GRILLE_CALL_OF_HANDLER;
    call->base.ops = &grille_server_unary_ops;
    call->base.deadline_us = grille_stream_deadline(stream);
    call->endpoint = endpoint;
    call->stream = stream;
    call->registered = registered;
    call->arena = grille_stream_arena(stream);
    call->max_send_bytes = grille_session_peer_settings(endpoint->session)->max_message_bytes;
    call->request_metadata = header->metadata;
    call->mail.done = on_mail;
    grille_list_init(&call->mail.link);
    if (registered->method->kind != GRILLE_METHOD_UNARY) {
        if (!make_streaming(call)) return NULL;
    } else if ((registered->method->flags & GRILLE_METHOD_OFFLOAD) != 0) {
        grille_server_own_memory(call);
    }
    call->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    call->peer = grille_peer_snapshot_ref(endpoint->peer);
    endpoint->calls++;
    grille_stream_set_user(stream, call);
    return call;
}

/* ---- threads ---- */

bool grille_server_call_is_here(const grille_server_call *call) {
    grille_executor *executor = call->endpoint->executor;
    return executor == NULL || executor->is_here == NULL || executor->is_here(executor);
}

bool grille_server_call_mark(grille_server_call *call) {
    if (call->mail_waits) return false;
    call->mail_waits = true;
    return true;
}

void grille_server_call_post(grille_server_call *call) {
    grille_executor *executor = call->endpoint->executor;
    if (executor == NULL || executor->post == NULL) {
        on_mail(&call->mail);
    } else {
        executor->post(executor, &call->mail);
    }
}

void grille_endpoint_notify_write(grille_endpoint *endpoint) {
    if (endpoint->on_write != NULL && grille_session_wants_write(endpoint->session)) {
        endpoint->on_write(endpoint->on_write_user);
    }
}

static void send_wanted_headers(grille_server_call *call) {
    grille_reason reason = GRILLE_REASON_OK;
    bool wanted = false;
    pthread_mutex_lock(&call->lock);
    wanted = call->wants_headers;
    pthread_mutex_unlock(&call->lock);
    if (wanted) reason = grille_server_send_headers(call);
    if (reason == GRILLE_REASON_OK) return;
    grille_server_call_abandon(call, grille_reason_code(reason), grille_reason_text(reason), GRILLE_CALL_END_BROKEN);
}

/* Something was said on another thread, or is to be told in a turn of its own. */
static void on_mail(grille_task *mail) {
    grille_server_call *call = grille_container(mail, grille_server_call, mail);
    grille_server_call_enter(call);
    pthread_mutex_lock(&call->lock);
    call->mail_waits = false;
    pthread_mutex_unlock(&call->lock);
    if (!call->over) send_wanted_headers(call);
    if (!call->over && call->streaming != NULL) {
        if (grille_server_drain_outbox(call)) grille_server_tell_writable(call);
        if (call->streaming->blocking) {
            grille_server_feed(call);
        } else {
            grille_server_stream_pump(call);
        }
    }
    grille_server_call_leave(call);
}

/* ---- the end ---- */

void grille_server_call_end(grille_server_call *call, grille_call_end why) {
    grille_metadata_builder none = {0};
    if (call->over) return;
    call->over = true;
    /* Trailers of an answer are told with it; without one the handler may be making them still. */
    grille_server_watch_end(call, why == GRILLE_CALL_END_BROKEN ? GRILLE_INTERNAL : grille_server_ended_code(why), "",
                            &none);
    grille_server_call_lock(call);
    call->why = why;
    if (why != GRILLE_CALL_END_ANSWERED) atomic_store(&call->cancelled, true);
    if (call->streaming != NULL) pthread_cond_broadcast(&call->streaming->changed);
    grille_server_call_unlock(call);
    /* Only a handler that is done, on this thread, can't be joined by children now. */
    if (why != GRILLE_CALL_END_ANSWERED || call->memory != NULL || call->base.children.next != NULL) {
        grille_call_family_end(&call->base);
    }
}

void grille_server_call_abandon(grille_server_call *call, grille_code code, const char *text, grille_call_end why) {
    grille_status_header status = {.code = code, .message = grille_bytes_of_text(text)};
    grille_metadata_builder trailers = {0};
    if (call->over) return;
    if (code == GRILLE_RESOURCE_EXHAUSTED) grille_stats_refused(call->endpoint->stats, GRILLE_REFUSED_LIMIT);
    grille_server_watch_end(call, code, text, &trailers);
    if (grille_metadata_builder_view(&trailers, &status.trailers) != GRILLE_REASON_OK) {
        status.trailers = (grille_metadata_view){0};
    }
    if (grille_stream_send_status(call->stream, &status) != GRILLE_REASON_OK) {
        grille_stream_reset(call->stream, GRILLE_RESET_LIMIT);
    }
    grille_server_call_end(call, why);
}

static grille_call_ended_fn *take_ended(grille_server_call *call) {
    grille_call_ended_fn *ended = NULL;
    grille_server_call_lock(call);
    if (call->why != GRILLE_CALL_END_ANSWERED && !call->answering) {
        ended = call->ended;
        call->ended = NULL;
    }
    grille_server_call_unlock(call);
    return ended;
}

static void tell_end(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    grille_call_ended_fn *ended = take_ended(call);
    if (ended != NULL) ended(&call->base, call->why, call->ended_user);
    if (call->streaming == NULL || !call->streaming->opened || call->streaming->end_told) return;
    call->streaming->end_told = true;
    registered->handler.end(&call->base, call->why, registered->handlers, registered->user);
}

static void release(grille_server_call *call) {
    grille_endpoint *endpoint = call->endpoint;
    grille_stream *stream = call->stream;
    if (call->streaming != NULL) {
        grille_handover_deinit(&call->streaming->outbox);
        grille_handover_deinit(&call->streaming->inbox);
        pthread_cond_destroy(&call->streaming->changed);
        grille_arena_reset(&call->streaming->message_arena);
    }
    if (call->memory != NULL) grille_arena_reset(&call->memory->arena);
    pthread_mutex_destroy(&call->lock);
    grille_peer_snapshot_unref(call->peer);
    grille_stream_release(stream);
    endpoint->calls--;
    grille_endpoint_notify_write(endpoint);
    /* Last: the endpoint may go. */
    if (endpoint->calls == 0 && endpoint->on_idle != NULL) endpoint->on_idle(endpoint->on_idle_user);
}

static bool is_answered(grille_server_call *call) {
    bool answered = false;
    grille_server_call_lock(call);
    answered = call->answered;
    grille_server_call_unlock(call);
    return answered;
}

static bool is_held(grille_server_call *call) {
    bool held = call->running;
    grille_server_call_lock(call);
    held = held || call->references > 0 || call->mail_waits || (call->deferred && !call->answered);
    grille_server_call_unlock(call);
    return held;
}

/* Messages that nobody will read give their credit back even if the handle is kept. */
static void drop_messages(grille_server_call *call) {
    grille_bytes message = {0};
    if (call->streaming == NULL || !call->streaming->receives) return;
    while (grille_stream_next_message(call->stream, &message))
        grille_stream_message_done(call->stream);
}

void grille_server_call_settle(grille_server_call *call) {
    if (call->inside > 0) return;
    call->inside++;
    if (!call->over && is_answered(call) && (call->streaming == NULL || grille_server_drain_outbox(call))) {
        if (!call->over) grille_server_deliver(call);
    }
    if (call->over && !call->running) drop_messages(call);
    if (call->over) tell_end(call);
    call->inside--;
    if (call->over && !is_held(call)) {
        release(call);
    } else {
        grille_endpoint_notify_write(call->endpoint);
    }
}

void grille_server_call_enter(grille_server_call *call) {
    call->inside++;
}

void grille_server_call_leave(grille_server_call *call) {
    call->inside--;
    grille_server_call_settle(call);
}

static grille_call_end end_of(const grille_stream_end *end) {
    if (end->code == GRILLE_RESET_DEADLINE) return GRILLE_CALL_END_DEADLINE;
    if (end->code != GRILLE_RESET_CANCELLED) return GRILLE_CALL_END_BROKEN;
    return end->local ? GRILLE_CALL_END_CONNECTION_LOST : GRILLE_CALL_END_CANCELLED;
}

void grille_endpoint_server_reset(grille_server_call *call, const grille_stream_end *end) {
    grille_metadata_builder none = {0};
    /* The session has answered the call itself, or reset it. */
    if (!call->over && end->local && end_of(end) == GRILLE_CALL_END_BROKEN) {
        if (end->status == GRILLE_RESOURCE_EXHAUSTED) {
            grille_stats_refused(call->endpoint->stats, GRILLE_REFUSED_LIMIT);
        }
        grille_server_watch_end(call, end->status, end->text, &none);
    }
    grille_server_call_end(call, end_of(end));
    grille_server_call_settle(call);
}
