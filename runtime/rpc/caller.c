/* SPDX-License-Identifier: Apache-2.0
 * Calls over a channel of any kind: making them, telling their ends, and the two unary forms. */
#include <string.h>

#include "base/bytes.h"
#include "rpc/client_call_private.h"

/* ---- ends ---- */

void grille_caller_deliver(grille_client_call *call) {
    grille_reply reply;
    if (!atomic_load_explicit(&call->returned, memory_order_acquire)) {
        call->channel->ops->hold(call->channel, &call->base);
        return;
    }
    /* They may have been held back with the end. */
    grille_client_stream_tell_headers(call);
    /* The loop's reference goes with the reply. */
    reply = call->reply;
    reply.owner = &call->base;
    if (call->form == GRILLE_FORM_ASYNC_UNARY) {
        call->deliver(&reply, call->callback, call->events_user);
    } else if (call->dispatch->done != NULL) {
        call->dispatch->done(&call->base, &reply, call->events, call->events_user);
    }
    grille_reply_free(&reply);
}

static void wake(grille_client_call *call, grille_waiter **waiting) {
    grille_waiter *waiter = NULL;
    pthread_mutex_lock(&call->lock);
    waiter = *waiting;
    *waiting = NULL;
    pthread_mutex_unlock(&call->lock);
    if (waiter != NULL) call->channel->ops->wake(call->channel, waiter);
}

/* The reply is complete. A thread that is blocked in a unary call owns the call and may give it away as soon as it is
 * woken; a blocking stream has a reference of the loop's besides the handle. */
static void on_done(grille_call *base, void *user) {
    grille_client_call *call = grille_client_call_of(base);
    grille_channel *channel = user;
    channel->ops->forget(channel, base);
    switch (call->form) {
    case GRILLE_FORM_BLOCKING_UNARY:
        channel->ops->wake(channel, call->waiter);
        return;
    case GRILLE_FORM_BLOCKING_STREAM:
        wake(call, &call->reader);
        wake(call, &call->writer);
        wake(call, &call->ender);
        grille_call_unref(base);
        return;
    case GRILLE_FORM_ASYNC_UNARY:
    case GRILLE_FORM_CALLBACK_STREAM:
    case GRILLE_FORM_BARE:
        grille_caller_deliver(call);
    }
}

/* ---- making ---- */

static void notify(grille_call *call, void *user) {
    grille_channel *channel = user;
    channel->ops->notify(channel, call, false);
}

void grille_caller_notify(grille_client_call *call, bool turns) {
    if (call->notice != NULL) call->channel->ops->notify(call->channel, &call->base, turns);
}

void grille_client_call_submitted(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    pthread_mutex_lock(&own->lock);
    if (!atomic_load(&own->is_done)) {
        own->notice = notify;
        own->notice_user = own->channel;
        if (atomic_load(&own->cancel_requested)) notify(call, own->channel);
    }
    pthread_mutex_unlock(&own->lock);
}

void grille_client_call_submitted_here(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    /* From another thread only the end of a parent reaches it yet. */
    if (own->has_parent) {
        grille_client_call_submitted(call);
        return;
    }
    own->unshared = !own->handed_out && own->form == GRILLE_FORM_ASYNC_UNARY;
    own->notice = notify;
    own->notice_user = own->channel;
}

/* A deadline counts from this very moment. A call without one that a callback makes starts with the turn that it is
 * made in, like the answers of that turn: no look at the clock. */
static grille_time_us time_of(const grille_channel *channel, const grille_client_call_request *request) {
    const grille_call_options *options = request->options;
    const bool timed = request->method->default_timeout_ms != 0 || (options != NULL && options->timeout_ms != 0);
    const grille_time_us turn_us = timed || channel->ops->turn_us == NULL ? 0 : channel->ops->turn_us(channel);
    return turn_us != 0 ? turn_us : channel->ops->clock_us();
}

grille_code grille_caller_make(grille_channel *channel, const grille_client_call_request *request,
                               grille_client_call **call, grille_reply *reply) {
    grille_client_call_request wanted = *request;
    grille_call *made = NULL;
    grille_code code = GRILLE_OK;
    wanted.max_response_bytes = channel->max_message_bytes;
    wanted.interceptors = channel->interceptors;
    wanted.stats = channel->stats;
    wanted.clock_us = channel->ops->clock_us;
    wanted.now_us = time_of(channel, request);
    wanted.done = on_done;
    wanted.user = channel;
    code = grille_client_call_new(channel->pool, &wanted, &made, reply);
    *call = grille_client_call_of(made);
    if (code == GRILLE_OK) (*call)->channel = channel;
    return code;
}

grille_code grille_caller_submit(grille_client_call *call, bool turns) {
    const grille_code code = call->channel->ops->submit(call->channel, &call->base, turns);
    if (code == GRILLE_OK) return code;
    if (call->has_parent) grille_call_family_leave(&call->family_link);
    call->reply.code = code;
    grille_client_watch_end(call);
    grille_call_unref(&call->base);
    return code;
}

/* ---- unary ---- */

static grille_code refuse(grille_reply *reply, grille_code code, const char *text) {
    *reply = (grille_reply){.code = code, .message = text};
    return code;
}

grille_code grille_call_unary(grille_channel *channel, const grille_method *method, const void *request,
                              const grille_call_options *options, grille_reply *reply) {
    const grille_client_call_request wanted = {
        .form = GRILLE_FORM_BLOCKING_UNARY, .method = method, .message = request, .options = options};
    grille_waiter waiter;
    grille_client_call *call = NULL;
    grille_code code = GRILLE_OK;
    if (channel->ops->must_not_block(channel)) {
        return refuse(reply, GRILLE_WOULD_DEADLOCK,
                      "a blocking call inside a callback or a handler on its loop thread: make the call asynchronous, "
                      "or mark the handler's method offload");
    }
    if (!channel->ops->enter(channel, false)) return refuse(reply, GRILLE_CANCELLED, "the channel was closed");
    code = grille_caller_make(channel, &wanted, &call, reply);
    if (code == GRILLE_OK) {
        grille_waiter_init(&waiter);
        call->waiter = &waiter;
        channel->ops->submit_and_wait(channel, &call->base, &waiter);
        grille_waiter_deinit(&waiter);
        grille_client_call_take_reply(&call->base, reply);
        grille_call_unref(&call->base);
        code = reply->code;
    }
    channel->ops->leave(channel);
    return code;
}

grille_code grille_call_unary_async(grille_channel *channel, const grille_method *method, const void *request,
                                    const grille_call_options *options, grille_deliver_fn *deliver,
                                    void (*callback)(void), void *user, grille_call **call) {
    const grille_client_call_request wanted = {
        .form = GRILLE_FORM_ASYNC_UNARY, .method = method, .message = request, .options = options};
    grille_client_call *made = NULL;
    grille_code code = GRILLE_OK;
    if (!channel->ops->enter(channel, false)) return GRILLE_CLOSED;
    code = grille_caller_make(channel, &wanted, &made, NULL);
    if (code == GRILLE_OK) {
        made->deliver = deliver;
        made->callback = callback;
        made->events_user = user;
        made->handed_out = call != NULL;
        if (call != NULL) *call = &made->base;
        code = grille_caller_submit(made, false);
        if (code != GRILLE_OK && call != NULL) *call = NULL;
    }
    channel->ops->leave(channel);
    /* Last of all: from here on the callback may come, give the call away and close the channel. */
    if (code == GRILLE_OK) atomic_store_explicit(&made->returned, true, memory_order_release);
    return code;
}
