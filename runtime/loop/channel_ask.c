/* SPDX-License-Identifier: Apache-2.0
 * What can be asked of a dialled channel, and its table for the calls on it. */
#include "base/error.h"
#include "loop/channel_private.h"

static dialed_channel *dialed(grille_channel *channel) {
    return grille_container(channel, dialed_channel, base);
}

static grille_channel_state get_state(grille_channel *base) {
    dialed_channel *channel = dialed(base);
    pthread_mutex_lock(&channel->lock);
    grille_channel_state state = channel->state;
    pthread_mutex_unlock(&channel->lock);
    return state;
}

static grille_code get_peer(grille_channel *base, grille_peer_identity *peer) {
    dialed_channel *channel = dialed(base);
    pthread_mutex_lock(&channel->lock);
    bool ready = channel->state == GRILLE_CHANNEL_READY;
    if (ready) *peer = channel->peer;
    pthread_mutex_unlock(&channel->lock);
    return ready ? GRILLE_OK : GRILLE_FAILED_PRECONDITION;
}

/* Whether waiting for READY makes no sense any more; under lock. */
static bool is_decided(const dialed_channel *channel) {
    if (channel->state == GRILLE_CHANNEL_READY || channel->state == GRILLE_CHANNEL_CLOSED) return true;
    return channel->state == GRILLE_CHANNEL_FAILED && channel->hopeless;
}

static void look(dialed_channel *channel, void *user) {
    channel_waiter *waiter = user;
    pthread_mutex_lock(&channel->lock);
    if (is_decided(channel)) grille_channel_finish_waiter(waiter);
    pthread_mutex_unlock(&channel->lock);
    grille_loop_post(&channel->loop, &channel->connect_job);
}

static grille_code readiness(dialed_channel *channel, uint32_t timeout_ms, grille_error *error) {
    pthread_mutex_lock(&channel->lock);
    grille_channel_state state = channel->state;
    grille_error last = channel->last_error;
    pthread_mutex_unlock(&channel->lock);
    if (state == GRILLE_CHANNEL_READY) {
        grille_error_clear(error);
        return GRILLE_OK;
    }
    if (state == GRILLE_CHANNEL_CLOSED) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_LOOP_CHANNEL_CLOSED, "%s: the channel was closed", channel->name));
    }
    if (last.code != GRILLE_OK) {
        if (error != NULL) *error = last;
        return last.code;
    }
    (void)grille_error_set(error, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "%s: not ready within %u ms; the first attempt is still under way", channel->name,
                           timeout_ms);
    if (error != NULL) error->code = GRILLE_DEADLINE_EXCEEDED;
    return GRILLE_DEADLINE_EXCEEDED;
}

static grille_code wait_ready(grille_channel *base, uint32_t timeout_ms, grille_error *error) {
    dialed_channel *channel = dialed(base);
    channel_waiter waiter;
    if (!grille_channel_enter(base, false)) return readiness(channel, timeout_ms, error);
    grille_waiter_init(&waiter);
    waiter.for_ready = true;
    waiter.deadline_us = grille_time_after(grille_clock_us(), (uint64_t)timeout_ms * 1000);
    grille_channel_wait(channel, &waiter, look, look, &waiter);
    grille_waiter_deinit(&waiter);
    grille_code code = readiness(channel, timeout_ms, error);
    grille_channel_leave(base);
    return code;
}

static void connect_now(grille_channel *base) {
    dialed_channel *channel = dialed(base);
    if (!grille_channel_enter(base, false)) return;
    grille_loop_post(&channel->loop, &channel->connect_job);
    grille_channel_need_leader(channel);
    grille_channel_leave(base);
}

/* ---- The table ---- */

static bool must_not_block(const grille_channel *base) {
    (void)base;
    return grille_loop_in_turn() != NULL;
}

static bool on_loop(const grille_channel *base) {
    return grille_loop_in_turn() == &((const dialed_channel *)(const void *)base)->loop;
}

static grille_time_us turn_us(const grille_channel *base) {
    const grille_loop *loop = &((const dialed_channel *)(const void *)base)->loop;
    return grille_loop_in_turn() == loop ? loop->now_us : 0;
}

const grille_channel_ops grille_dialed_channel_ops = {
    .enter = grille_channel_enter,
    .leave = grille_channel_leave,
    .on_loop = on_loop,
    .submit = grille_channel_submit,
    .wait = grille_channel_wait_for,
    .submit_and_wait = grille_channel_submit_and_wait,
    .turn = grille_channel_turn,
    .notify = grille_channel_notify,
    .wake = grille_channel_wake,
    .forget = grille_channel_forget,
    .hold = grille_channel_hold,
    .retry = grille_channel_retry,
    .must_not_block = must_not_block,
    .clock_us = grille_clock_us,
    .turn_us = turn_us,
    .state = get_state,
    .peer = get_peer,
    .wait_ready = wait_ready,
    .connect_now = connect_now,
    .renew = grille_channel_renew,
    .reattest = grille_channel_ask_epoch,
    .close = grille_channel_close_dialed,
};
