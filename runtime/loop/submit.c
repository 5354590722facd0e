/* SPDX-License-Identifier: Apache-2.0
 * Calls on their way: from any thread to the loop, onto the connection or into the waiting list, and back as a reply.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "loop/channel_private.h"

static call_owner *owner_of(grille_call *call) {
    return grille_client_call_owner_space(call);
}

/* ---- Ends ---- */

static void forget_cancel(dialed_channel *channel, grille_call *call) {
    if (!grille_client_call_cancel_requested(call)) return;
    pthread_mutex_lock(&channel->cancel_lock);
    grille_list_remove(&owner_of(call)->cancel_link);
    pthread_mutex_unlock(&channel->cancel_lock);
}

static void leave_connection(call_owner *owner) {
    if (owner->connection != NULL) owner->connection->running--;
    owner->connection = NULL;
}

static void deliver(dialed_channel *channel, grille_call *call) {
    call_owner *owner = owner_of(call);
    grille_reply reply;
    channel->async_count--;
    grille_client_call_take_reply(call, &reply);
    owner->deliver(&reply, owner->callback, owner->user);
    grille_reply_free(&reply);
    grille_call_unref(call);
}

/* The reply is complete. A blocked caller owns the call and may free it as soon as it is woken. */
static void on_done(grille_call *call, void *user) {
    dialed_channel *channel = user;
    call_owner *owner = owner_of(call);
    leave_connection(owner);
    forget_cancel(channel, call);
    if (owner->waiter == NULL) {
        deliver(channel, call);
    } else {
        grille_channel_waiter_done(channel, owner->waiter);
    }
}

/* ---- On the loop ---- */

static bool start(dialed_channel *channel, grille_call *call) {
    channel_connection *current = channel->current;
    grille_endpoint *endpoint = current == NULL ? NULL : grille_connection_endpoint(current->connection);
    if (endpoint == NULL || !grille_endpoint_can_start(endpoint)) return false;
    /* Before the peer has verified us the connection may still fail, and nobody could tell whether the call ran. */
    if (!current->open && grille_client_call_waits_for_ready(call)) return false;
    call_owner *owner = owner_of(call);
    /* Before the start: a call that ends inside has left already. */
    owner->connection = current;
    current->running++;
    if (grille_endpoint_start(endpoint, call, grille_clock_us())) {
        grille_connection_changed(current->connection);
        return true;
    }
    leave_connection(owner);
    return false;
}

static void fail_at_once(dialed_channel *channel, grille_call *call) {
    grille_code code = channel->last_error.code == GRILLE_UNAUTHENTICATED ? GRILLE_UNAUTHENTICATED : GRILLE_UNAVAILABLE;
    char text[GRILLE_ERROR_NAME_BYTES + GRILLE_ERROR_TEXT_BYTES];
    grille_error_describe(&channel->last_error, text, sizeof text);
    grille_client_call_fail(call, code, text);
}

static void wait_for_room(dialed_channel *channel, grille_call *call) {
    if (channel->waiting_count >= GRILLE_LIMIT_WAITING_CALLS) {
        char text[192];
        (void)snprintf(
            text, sizeof text, "%s: %zu calls of this channel wait already (limit %d): the peer is too slow, or gone",
            grille_reason_name(GRILLE_REASON_LOOP_WAITING_LIMIT), channel->waiting_count, GRILLE_LIMIT_WAITING_CALLS);
        grille_client_call_fail(call, GRILLE_RESOURCE_EXHAUSTED, text);
        return;
    }
    grille_list_append(&channel->waiting, grille_client_call_link(call));
    channel->waiting_count++;
    grille_channel_arm(channel);
}

void grille_channel_accept_call(dialed_channel *channel, grille_call *call) {
    if (channel->closed) {
        grille_client_call_fail(call, GRILLE_CANCELLED, "the channel was closed");
        return;
    }
    if (grille_list_empty(&channel->waiting) && start(channel, call)) return;
    bool failed = channel->state == GRILLE_CHANNEL_FAILED;
    bool hopeless = channel->exhausted || channel->last_error.code == GRILLE_UNAUTHENTICATED;
    if (failed && (hopeless || !grille_client_call_waits_for_ready(call))) {
        fail_at_once(channel, call);
    } else {
        wait_for_room(channel, call);
    }
}

static grille_call *take_waiting(dialed_channel *channel, grille_link *link) {
    grille_list_remove(link);
    channel->waiting_count--;
    return grille_client_call_of_link(link);
}

void grille_channel_pump(dialed_channel *channel) {
    while (!grille_list_empty(&channel->waiting)) {
        grille_call *call = take_waiting(channel, channel->waiting.next);
        if (!start(channel, call)) {
            grille_list_prepend(&channel->waiting, grille_client_call_link(call));
            channel->waiting_count++;
            return;
        }
    }
}

void grille_channel_fail_waiting(dialed_channel *channel, bool all, grille_code code, const char *text) {
    grille_link failing;
    grille_list_init(&failing);
    for (grille_link *link = channel->waiting.next, *next; link != &channel->waiting; link = next) {
        next = link->next;
        if (!all && grille_client_call_waits_for_ready(grille_client_call_of_link(link))) continue;
        grille_list_append(&failing, grille_client_call_link(take_waiting(channel, link)));
    }
    for (grille_link *link; (link = grille_list_take_first(&failing)) != NULL;) {
        grille_client_call_fail(grille_client_call_of_link(link), code, text);
    }
}

grille_time_us grille_channel_first_deadline(const dialed_channel *channel) {
    grille_time_us first = GRILLE_TIME_NEVER;
    for (grille_link *link = channel->waiting.next; link != &channel->waiting; link = link->next) {
        grille_time_us deadline = grille_client_call_deadline(grille_client_call_of_link(link));
        if (deadline < first) first = deadline;
    }
    return first;
}

grille_time_us grille_channel_expire_waiting(dialed_channel *channel, grille_time_us now_us) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    grille_link expired;
    grille_list_init(&expired);
    for (grille_link *link = channel->waiting.next, *next; link != &channel->waiting; link = next) {
        next = link->next;
        if (grille_client_call_deadline(grille_client_call_of_link(link)) > now_us) continue;
        grille_list_append(&expired, grille_client_call_link(take_waiting(channel, link)));
    }
    (void)snprintf(text, sizeof text, "the deadline passed while the call waited for %s%s%.300s", channel->name,
                   channel->last_error.text[0] == '\0' ? "" : "; the last attempt: ", channel->last_error.text);
    for (grille_link *link; (link = grille_list_take_first(&expired)) != NULL;) {
        grille_client_call_fail(grille_client_call_of_link(link), GRILLE_DEADLINE_EXCEEDED, text);
    }
    return grille_channel_first_deadline(channel);
}

void grille_channel_on_submit(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, submit_job);
    for (;;) {
        pthread_mutex_lock(&channel->submit_lock);
        grille_link *link = grille_list_take_first(&channel->submitted);
        pthread_mutex_unlock(&channel->submit_lock);
        if (link == NULL) return;
        grille_call *call = grille_client_call_of_link(link);
        if (owner_of(call)->waiter == NULL) channel->async_count++;
        grille_channel_accept_call(channel, call);
    }
}

static void cancel(dialed_channel *channel, grille_call *call) {
    call_owner *owner = owner_of(call);
    if (owner->connection != NULL) {
        grille_connection *connection = owner->connection->connection;
        grille_endpoint *endpoint = grille_connection_endpoint(connection);
        if (endpoint == NULL) return;
        grille_endpoint_cancel(endpoint, call, channel->loop.now_us);
        grille_connection_changed(connection);
    } else if (!grille_client_call_is_done(call)) {
        (void)take_waiting(channel, grille_client_call_link(call));
        grille_client_call_fail(call, GRILLE_CANCELLED, "the caller cancelled the call");
    }
}

void grille_channel_on_cancel(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, cancel_job);
    grille_link batch;
    grille_list_init(&batch);
    pthread_mutex_lock(&channel->cancel_lock);
    for (grille_link *link; (link = grille_list_take_first(&channel->cancelled)) != NULL;) {
        grille_list_append(&batch, link);
    }
    pthread_mutex_unlock(&channel->cancel_lock);
    /* A call is submitted before it can be cancelled, so from here on all of the batch are known. */
    grille_channel_on_submit(&channel->submit_job);
    for (;;) {
        pthread_mutex_lock(&channel->cancel_lock);
        grille_link *link = grille_list_take_first(&batch);
        pthread_mutex_unlock(&channel->cancel_lock);
        if (link == NULL) return;
        cancel(channel, grille_container(link, call_owner, cancel_link)->call);
    }
}

/* ---- From any thread ---- */

static void on_cancel_notice(grille_call *call, void *user) {
    dialed_channel *channel = user;
    call_owner *owner = owner_of(call);
    pthread_mutex_lock(&channel->cancel_lock);
    if (grille_list_empty(&owner->cancel_link)) grille_list_append(&channel->cancelled, &owner->cancel_link);
    pthread_mutex_unlock(&channel->cancel_lock);
    grille_loop_post(&channel->loop, &channel->cancel_job);
    grille_channel_need_leader(channel);
}

static grille_code make_call(dialed_channel *channel, const grille_method *method, const void *request,
                             const grille_call_options *options, grille_call **call, grille_reply *reply) {
    grille_client_call_request wanted = {
        .method = method,
        .message = request,
        .options = options,
        .max_response_bytes = channel->base.max_message_bytes,
        .now_us = grille_clock_us(),
        .done = on_done,
        .user = channel,
    };
    grille_code code = grille_client_call_new(channel->base.pool, &wanted, call, reply);
    if (code != GRILLE_OK) return code;
    call_owner *owner = owner_of(*call);
    memset(owner, 0, sizeof *owner);
    grille_list_init(&owner->cancel_link);
    owner->call = *call;
    return GRILLE_OK;
}

static void submit(dialed_channel *channel, grille_call *call) {
    pthread_mutex_lock(&channel->submit_lock);
    grille_list_append(&channel->submitted, grille_client_call_link(call));
    pthread_mutex_unlock(&channel->submit_lock);
    grille_loop_post(&channel->loop, &channel->submit_job);
}

/* On the leader's own thread nothing has to be posted, unless earlier calls still wait in the mail. */
static void lead_call(dialed_channel *channel, void *user) {
    grille_loop_refresh(&channel->loop);
    if (atomic_load(&channel->loop.mail_count) != 0) {
        submit(channel, user);
        return;
    }
    grille_channel_accept_call(channel, user);
}

static void follow_call(dialed_channel *channel, void *user) {
    submit(channel, user);
}

static grille_code refuse(grille_reply *reply, grille_code code, const char *text) {
    *reply = (grille_reply){.code = code, .message = text};
    return code;
}

grille_code grille_call_unary(grille_channel *base, const grille_method *method, const void *request,
                              const grille_call_options *options, grille_reply *reply) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    grille_call *call = NULL;
    if (grille_loop_in_turn() != NULL) {
        return refuse(reply, GRILLE_WOULD_DEADLOCK,
                      "a blocking call inside a callback or a handler on its loop thread: make the call asynchronous, "
                      "or mark the handler's method offload");
    }
    if (!grille_channel_enter(channel)) return refuse(reply, GRILLE_CANCELLED, "the channel was closed");
    grille_code code = make_call(channel, method, request, options, &call, reply);
    if (code == GRILLE_OK) {
        channel_waiter waiter = {.deadline_us = GRILLE_TIME_NEVER};
        owner_of(call)->waiter = &waiter;
        grille_channel_wait(channel, &waiter, lead_call, follow_call, call);
        grille_client_call_take_reply(call, reply);
        grille_call_unref(call);
        code = reply->code;
    }
    grille_channel_leave(channel);
    return code;
}

grille_code grille_call_unary_async(grille_channel *base, const grille_method *method, const void *request,
                                    const grille_call_options *options, grille_deliver_fn *deliver_reply,
                                    void (*callback)(void), void *user, grille_call **call) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    grille_call *made = NULL;
    if (!grille_channel_enter(channel)) return GRILLE_CLOSED;
    grille_code code = make_call(channel, method, request, options, &made, NULL);
    if (code == GRILLE_OK) {
        call_owner *owner = owner_of(made);
        owner->deliver = deliver_reply;
        owner->callback = callback;
        owner->user = user;
        grille_client_call_on_cancel(made, on_cancel_notice, channel);
        if (call != NULL) *call = made;
        submit(channel, made);
        grille_channel_need_leader(channel);
    }
    grille_channel_leave(channel);
    return code;
}
