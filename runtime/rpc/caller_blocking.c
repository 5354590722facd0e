/* SPDX-License-Identifier: Apache-2.0
 * A caller's stream in blocking form. While a thread waits here it may be the one that turns the channel's loop. The
 * handle is one reference, the loop's another. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/client_call_private.h"

/* Why nothing can be done any more, or OK; under lock. */
static grille_code ended_code(const grille_client_call *call) {
    if (!atomic_load(&call->is_done)) return atomic_load(&call->cancel_requested) ? GRILLE_CANCELLED : call->failure;
    /* Whatever the peer said: grille_call_finish tells it. */
    if (call->ended_by_status || call->reply.code == GRILLE_OK) return GRILLE_CLOSED;
    return call->reply.code;
}

/* Counts the thread into the channel, which is there as long as the call is not done; under lock. */
static grille_code enter(grille_client_call *call, bool closing_too) {
    grille_channel *channel = call->channel;
    if (channel->ops->must_not_block(channel)) return GRILLE_WOULD_DEADLOCK;
    return channel->ops->enter(channel, closing_too) ? GRILLE_OK : GRILLE_CANCELLED;
}

/* Gives the lock up, waits, and leaves the channel. */
static void wait_and_leave(grille_client_call *call, grille_waiter *waiter) {
    grille_channel *channel = call->channel;
    pthread_mutex_unlock(&call->lock);
    channel->ops->wait(channel, waiter);
    channel->ops->leave(channel);
    grille_waiter_deinit(waiter);
}

/* The same without a wait: what was asked for is brought to the loop. */
static void turn_and_leave(grille_client_call *call) {
    grille_channel *channel = call->channel;
    pthread_mutex_unlock(&call->lock);
    channel->ops->turn(channel);
    channel->ops->leave(channel);
}

/* ---- writing ---- */

/* OK: the message is taken. AGAIN: there was no room, and it waited. With the lock held, given up. */
static grille_code try_write(grille_client_call *call, const void *message) {
    grille_waiter waiter;
    size_t len = 0;
    grille_code code = ended_code(call);
    if (code == GRILLE_OK) code = grille_caller_check_send(call);
    if (code == GRILLE_OK) code = enter(call, false);
    if (code != GRILLE_OK) {
        pthread_mutex_unlock(&call->lock);
        return code;
    }
    code = grille_caller_measure(call, message, &len, true);
    if (code == GRILLE_OK && !grille_caller_has_room(call, len)) {
        grille_waiter_init(&waiter);
        call->refused_len = len;
        call->writer = &waiter;
        wait_and_leave(call, &waiter);
        return GRILLE_AGAIN;
    }
    if (code == GRILLE_OK) code = grille_caller_queue(call, message, len, true);
    turn_and_leave(call);
    return code;
}

static grille_code stream_write(grille_call *base, const void *message) {
    grille_client_call *call = grille_client_call_of(base);
    grille_code code = GRILLE_OK;
    if (!grille_method_streams_requests(call->method)) return GRILLE_FAILED_PRECONDITION;
    do {
        pthread_mutex_lock(&call->lock);
        code = try_write(call, message);
    } while (code == GRILLE_AGAIN);
    return code;
}

/* From a loop's thread too, which must not turn another one. */
static grille_code stream_half_close(grille_call *base) {
    grille_client_call *call = grille_client_call_of(base);
    grille_code code = GRILLE_OK;
    if (!grille_method_streams_requests(call->method)) return GRILLE_FAILED_PRECONDITION;
    pthread_mutex_lock(&call->lock);
    code = grille_caller_check_send(call);
    if (code == GRILLE_OK) {
        bool turns = enter(call, false) == GRILLE_OK;
        call->half_close_asked = true;
        grille_caller_notify(call, turns);
        if (turns) {
            turn_and_leave(call);
            return code;
        }
    }
    pthread_mutex_unlock(&call->lock);
    return code;
}

/* ---- reading ---- */

/* The loop ends the call; until then nothing more is read. */
static void fail(grille_client_call *call, grille_code code, const char *text) {
    pthread_mutex_lock(&call->lock);
    call->failure = code;
    (void)snprintf(call->failure_text, sizeof call->failure_text, "%.*s", (int)sizeof call->failure_text - 1, text);
    if (atomic_load(&call->is_done)) {
        /* The status was better than what came with it. */
        call->reply.code = code;
        call->reply.message = call->failure_text;
    } else {
        grille_caller_notify(call, false);
    }
    pthread_mutex_unlock(&call->lock);
}

static grille_code decode_message(grille_client_call *call, const void **message) {
    grille_client_inbox *inbox = &call->inbox;
    grille_error error;
    grille_code code = GRILLE_OK;
    grille_error_clear(&error);
    grille_client_inbox_forget(inbox);
    code = grille_client_call_decode(call, grille_bytes_of(inbox->bytes, inbox->len), false, &inbox->arena, message,
                                     &error);
    if (code != GRILLE_OK) fail(call, code, error.text);
    return code;
}

/* OK: a message is in the inbox. AGAIN: it waited. With the lock held, given up. */
static grille_code try_read(grille_client_call *call) {
    grille_bytes leftover = {0};
    grille_waiter waiter;
    grille_code code = GRILLE_OK;
    if (!call->inbox.full && grille_leftover_next(&call->inbox.leftover, &leftover)) {
        if (!grille_client_inbox_put(&call->inbox, leftover)) code = GRILLE_OUT_OF_MEMORY;
    } else if (!call->inbox.full) {
        code = ended_code(call);
        if (code == GRILLE_CLOSED) code = GRILLE_END_OF_STREAM;
        if (code == GRILLE_OK) code = enter(call, false);
        if (code == GRILLE_OK) {
            grille_waiter_init(&waiter);
            call->inbox.wanted = true;
            call->reader = &waiter;
            grille_caller_notify(call, true);
            wait_and_leave(call, &waiter);
            return GRILLE_AGAIN;
        }
    }
    call->inbox.full = false;
    pthread_mutex_unlock(&call->lock);
    return code;
}

static grille_code stream_read(grille_call *base, const void **message) {
    grille_client_call *call = grille_client_call_of(base);
    grille_code code = GRILLE_OK;
    if (!grille_method_streams_responses(call->method)) return GRILLE_FAILED_PRECONDITION;
    do {
        pthread_mutex_lock(&call->lock);
        code = try_read(call);
    } while (code == GRILLE_AGAIN);
    return code == GRILLE_OK ? decode_message(call, message) : code;
}

const grille_call_ops grille_blocking_stream_ops = {.write = stream_write,
                                                    .read = stream_read,
                                                    .half_close = stream_half_close,
                                                    .ref = grille_client_call_take_ref,
                                                    .unref = grille_client_call_give_ref};

/* ---- beginning and end ---- */

/* The reply's text becomes the error's. */
static grille_code refuse(grille_reply *reply, grille_error *error) {
    const grille_code code = reply->code;
    if (error != NULL) {
        grille_error_clear(error);
        error->code = code;
        (void)strncat(error->text, reply->message, sizeof error->text - 1);
    }
    grille_reply_free(reply);
    return code;
}

static grille_code refuse_now(grille_code code, const char *text, grille_error *error) {
    grille_reply reply = {.code = code, .message = text};
    return refuse(&reply, error);
}

grille_code grille_call_begin_stream(grille_channel *channel, const grille_method *method, const void *request,
                                     const grille_call_options *options, grille_call **call, grille_error *error) {
    const grille_client_call_request wanted = {
        .form = GRILLE_FORM_BLOCKING_STREAM, .method = method, .message = request, .options = options};
    grille_client_call *made = NULL;
    grille_reply reply;
    grille_code code = GRILLE_OK;
    *call = NULL;
    grille_error_clear(error);
    if (channel->ops->must_not_block(channel)) {
        return refuse_now(GRILLE_WOULD_DEADLOCK, "a blocking stream inside a callback or a handler on its loop thread",
                          error);
    }
    if (!channel->ops->enter(channel, false)) return refuse_now(GRILLE_CANCELLED, "the channel was closed", error);
    code = grille_caller_make(channel, &wanted, &made, &reply);
    if (code == GRILLE_OK) {
        made->base.ops = &grille_blocking_stream_ops;
        made->outbox.keeps = channel->ops->retry != NULL && !made->no_retry;
        *call = grille_call_ref(&made->base);
        code = grille_caller_submit(made, true);
        if (code == GRILLE_OK) {
            channel->ops->turn(channel);
        } else {
            grille_call_unref(*call);
            *call = NULL;
            reply = (grille_reply){.code = code, .message = "the connection of this channel has ended"};
        }
    }
    channel->ops->leave(channel);
    return code == GRILLE_OK ? code : refuse(&reply, error);
}

/* With the lock held, given up. */
static grille_code wait_for_end(grille_client_call *call) {
    grille_waiter waiter;
    grille_code code = GRILLE_OK;
    if (!atomic_load(&call->is_done)) code = enter(call, true);
    if (code != GRILLE_OK || atomic_load(&call->is_done)) {
        pthread_mutex_unlock(&call->lock);
        return code;
    }
    call->half_close_asked = grille_method_streams_requests(call->method);
    call->discards = true;
    grille_waiter_init(&waiter);
    call->ender = &waiter;
    grille_caller_notify(call, true);
    wait_and_leave(call, &waiter);
    return code;
}

static grille_code refuse_finish(grille_reply *reply, grille_code code, const char *text) {
    *reply = (grille_reply){.code = code, .message = text};
    return code;
}

grille_code grille_call_finish(grille_call *call, grille_reply *reply) {
    grille_client_call *own = grille_client_call_of(call);
    grille_code code = GRILLE_OK;
    if (own == NULL) return refuse_finish(reply, GRILLE_CANCELLED, "the stream was never begun");
    if (own->form != GRILLE_FORM_BLOCKING_STREAM) {
        return refuse_finish(reply, GRILLE_FAILED_PRECONDITION, "this is no stream in blocking form");
    }
    pthread_mutex_lock(&own->lock);
    code = wait_for_end(own);
    if (code != GRILLE_OK) {
        return refuse_finish(reply, code, "grille_call_finish inside a callback or a handler on its loop thread");
    }
    grille_client_call_take_reply(call, reply);
    grille_call_unref(call);
    return reply->code;
}
