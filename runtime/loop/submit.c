/* SPDX-License-Identifier: Apache-2.0
 * Calls on their way: from any thread to the loop, onto the connection or into the waiting list, and back as a reply.
 */
#include <sched.h>
#include <stdio.h>

#include "base/error.h"
#include "loop/channel_private.h"

static call_owner *owner_of(grille_call *call) {
    return grille_client_call_owner_space(call);
}

/* ---- Ends ---- */

void grille_channel_leave_connection(dialed_channel *channel, grille_call *call) {
    call_owner *owner = owner_of(call);
    if (owner->connection == NULL) return;
    owner->connection->running--;
    owner->connection = NULL;
    grille_channel_call_left(channel);
}

void grille_channel_forget(grille_channel *base, grille_call *call) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    grille_channel_leave_connection(channel, call);
    if (grille_client_call_is_async(call)) channel->async_count--;
    /* A call that is done is noticed no more, and one that never was is in no list. */
    if (!owner_of(call)->noticed) return;
    pthread_mutex_lock(&channel->notice_lock);
    grille_list_remove(grille_client_call_work_link(call));
    pthread_mutex_unlock(&channel->notice_lock);
}

/* ---- On the loop ---- */

static bool start(dialed_channel *channel, grille_call *call) {
    /* Before the peer has verified us the connection may still fail, and nobody could tell whether the call ran. */
    channel_connection *own = grille_channel_pick(channel, !grille_client_call_waits_for_ready(call));
    if (own == NULL) return false;
    call_owner *owner = owner_of(call);
    /* Before the start: a call that ends inside has left already. */
    owner->connection = own;
    own->running++;
    channel->running++;
    if (grille_endpoint_start(grille_connection_endpoint(own->connection), call, channel->loop.now_us)) {
        grille_connection_changed(own->connection);
        return true;
    }
    grille_channel_leave_connection(channel, call);
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
    if (channel->idle) grille_channel_connect(channel);
    if (grille_list_empty(&channel->waiting) && start(channel, call)) return;
    bool failed = channel->state == GRILLE_CHANNEL_FAILED;
    if (failed && (channel->hopeless || !grille_client_call_waits_for_ready(call))) {
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
    (void)snprintf(text, sizeof text, "the deadline passed while the call waited for %s%s%.260s", channel->name,
                   channel->last_error.text[0] == '\0' ? "" : "; the last attempt: ", channel->last_error.text);
    for (grille_link *link; (link = grille_list_take_first(&expired)) != NULL;) {
        grille_client_call_fail(grille_client_call_of_link(link), GRILLE_DEADLINE_EXCEEDED, text);
    }
    return grille_channel_first_deadline(channel);
}

static void accept_all(dialed_channel *channel, grille_link *batch, bool counts) {
    for (grille_link *link; (link = grille_list_take_first(batch)) != NULL;) {
        grille_call *call = grille_client_call_of_link(link);
        if (counts && grille_client_call_is_async(call)) channel->async_count++;
        grille_channel_accept_call(channel, call);
    }
}

/* What was submitted before now, in one go: a call that is submitted meanwhile brings the job back. */
static void accept_submitted(dialed_channel *channel) {
    grille_link own;
    grille_link others;
    grille_list_init(&own);
    grille_list_init(&others);
    grille_list_move_all(&own, &channel->own_submitted);
    pthread_mutex_lock(&channel->submit_lock);
    grille_list_move_all(&others, &channel->submitted);
    pthread_mutex_unlock(&channel->submit_lock);
    grille_loop_refresh(&channel->loop);
    accept_all(channel, &own, false);
    accept_all(channel, &others, true);
}

void grille_channel_on_submit(grille_job *job) {
    accept_submitted(grille_container(job, dialed_channel, submit_job));
}

void grille_channel_on_own_submit(grille_job *job) {
    accept_submitted(grille_container(job, dialed_channel, own_submit_job));
}

/* A call is submitted before it can be noticed, so all that are in `noticed` are known once what was submitted is. */
static void work(dialed_channel *channel, grille_link *batch) {
    for (;;) {
        pthread_mutex_lock(&channel->notice_lock);
        grille_link *link = grille_list_take_first(batch);
        pthread_mutex_unlock(&channel->notice_lock);
        if (link == NULL) return;
        grille_call *call = grille_client_call_of_work_link(link);
        if (grille_client_call_work(call, channel->loop.now_us)) continue;
        (void)take_waiting(channel, grille_client_call_link(call));
        grille_client_call_withdraw(call);
    }
}

static void take_noticed(dialed_channel *channel, grille_link *batch) {
    grille_list_init(batch);
    pthread_mutex_lock(&channel->notice_lock);
    grille_list_move_all(batch, &channel->noticed);
    pthread_mutex_unlock(&channel->notice_lock);
}

void grille_channel_on_notice(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, notice_job);
    grille_link batch;
    take_noticed(channel, &batch);
    accept_submitted(channel);
    work(channel, &batch);
}

/* The threads that hold these calls back are about to return: they get the CPU. */
void grille_channel_on_hold(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, hold_job);
    grille_link batch;
    (void)sched_yield();
    take_noticed(channel, &batch);
    accept_submitted(channel);
    work(channel, &batch);
}

static void add_notice(dialed_channel *channel, grille_call *call) {
    grille_link *link = grille_client_call_work_link(call);
    pthread_mutex_lock(&channel->notice_lock);
    if (grille_list_empty(link)) grille_list_append(&channel->noticed, link);
    owner_of(call)->noticed = true;
    pthread_mutex_unlock(&channel->notice_lock);
}

void grille_channel_hold(grille_channel *base, grille_call *call) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    add_notice(channel, call);
    grille_loop_at_end_of_turn(&channel->loop, &channel->hold_job);
}

bool grille_channel_holds_calls(dialed_channel *channel) {
    pthread_mutex_lock(&channel->notice_lock);
    bool holds = !grille_list_empty(&channel->noticed);
    pthread_mutex_unlock(&channel->notice_lock);
    return holds;
}

/* ---- From any thread ---- */

void grille_channel_notify(grille_channel *base, grille_call *call, bool turns) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    add_notice(channel, call);
    grille_loop_post(&channel->loop, &channel->notice_job);
    if (!turns) grille_channel_need_leader(channel);
}

static void post_call(dialed_channel *channel, grille_call *call) {
    pthread_mutex_lock(&channel->submit_lock);
    grille_list_append(&channel->submitted, grille_client_call_link(call));
    pthread_mutex_unlock(&channel->submit_lock);
    grille_loop_post(&channel->loop, &channel->submit_job);
    grille_client_call_submitted(call);
}

/* Of a callback: nothing has to be posted, and the turn goes on. */
static void keep_call(dialed_channel *channel, grille_call *call) {
    grille_client_call_submitted_here(call);
    channel->async_count++;
    grille_list_append(&channel->own_submitted, grille_client_call_link(call));
    grille_loop_at_end_of_turn(&channel->loop, &channel->own_submit_job);
}

grille_code grille_channel_submit(grille_channel *base, grille_call *call, bool turns) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    if (grille_loop_in_turn() == &channel->loop && grille_client_call_is_async(call)) {
        keep_call(channel, call);
        return GRILLE_OK;
    }
    post_call(channel, call);
    if (!turns) grille_channel_need_leader(channel);
    return GRILLE_OK;
}

/* On the leader's own thread nothing has to be posted, unless earlier calls still wait in the mail. */
static void lead_call(dialed_channel *channel, void *user) {
    grille_loop_refresh(&channel->loop);
    if (atomic_load(&channel->loop.mail_count) != 0) {
        post_call(channel, user);
        return;
    }
    grille_channel_accept_call(channel, user);
    grille_client_call_submitted(user);
}

static void follow_call(dialed_channel *channel, void *user) {
    post_call(channel, user);
}

void grille_channel_submit_and_wait(grille_channel *base, grille_call *call, grille_waiter *waiter) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    grille_channel_wait(channel, waiter, lead_call, follow_call, call);
}
