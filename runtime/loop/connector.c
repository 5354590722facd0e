/* SPDX-License-Identifier: Apache-2.0
 * Keeps a channel connected: does what the balancer wants of the targets, tells it what became of them, and tells other
 * threads and the waiting calls what that makes of the channel. */
#include <stdio.h>

#include "base/error.h"
#include "loop/channel_private.h"

static grille_time_us earliest(grille_time_us left, grille_time_us right) {
    return left < right ? left : right;
}

/* ---- Why it failed ---- */

static void explain_health(const dialed_channel *channel, const grille_target *target, grille_error *why) {
    (void)grille_error_set(why, GRILLE_REASON_LOOP_NOT_SERVING, "%s: the peer says that %s does not serve now",
                           target->name, channel->health_service != NULL ? channel->health_service : "it");
}

/* Of several errors the one that waiting may cure, so that one rejected peer does not speak for all. */
static void explain(const dialed_channel *channel, grille_error *why) {
    const grille_target *shown = NULL;
    for (size_t i = 0; i < channel->balancer->count; i++) {
        const grille_target *target = &channel->targets[i];
        const bool rejected = target->last_error.code == GRILLE_UNAUTHENTICATED;
        if (channel->balancer->entries[i].state == GRILLE_TARGET_READY) {
            explain_health(channel, target, why);
            return;
        }
        if (target->last_error.code == GRILLE_OK) continue;
        if (shown == NULL || (shown->last_error.code == GRILLE_UNAUTHENTICATED && !rejected)) shown = target;
    }
    if (shown != NULL) {
        *why = shown->last_error;
    } else {
        (void)grille_error_default(why, GRILLE_REASON_LOOP_CONNECTION_LOST);
    }
}

static void fail_those_that_do_not_wait(dialed_channel *channel) {
    char text[GRILLE_ERROR_NAME_BYTES + GRILLE_ERROR_TEXT_BYTES];
    const bool rejected = channel->last_error.code == GRILLE_UNAUTHENTICATED;
    grille_error_describe(&channel->last_error, text, sizeof text);
    grille_channel_fail_waiting(channel, channel->hopeless, rejected ? GRILLE_UNAUTHENTICATED : GRILLE_UNAVAILABLE,
                                text);
}

/* ---- Following the balancer ---- */

static void follow_balancer(dialed_channel *channel) {
    for (;;) {
        const grille_balancer_step step = grille_balancer_next(channel->balancer, grille_clock_us());
        switch (step.act) {
        case GRILLE_BALANCER_REST:
            return;
        case GRILLE_BALANCER_CONNECT:
            grille_target_connect(&channel->targets[step.target]);
            break;
        case GRILLE_BALANCER_DISCONNECT:
            grille_target_disconnect(&channel->targets[step.target], GRILLE_DRAIN_IDLE);
            break;
        }
    }
}

/* Brings everything in line with what the targets are now. */
static void settle(dialed_channel *channel) {
    grille_error why;
    /* An attempt that fails inside is seen by the loop that made it. */
    if (channel->closed || channel->idle || channel->settling) return;
    channel->settling = true;
    follow_balancer(channel);
    channel->settling = false;
    const grille_channel_state state = grille_balancer_state(channel->balancer);
    if (state == GRILLE_CHANNEL_READY && channel->state != state) channel->idle_since_us = grille_clock_us();
    if (state == GRILLE_CHANNEL_FAILED) {
        explain(channel, &why);
        grille_channel_set_state(channel, state, &why);
        fail_those_that_do_not_wait(channel);
    } else {
        grille_channel_set_state(channel, state, NULL);
    }
    grille_channel_pump(channel);
    grille_channel_arm(channel);
}

void grille_channel_connect(dialed_channel *channel) {
    if (channel->closed) return;
    channel->idle = false;
    channel->idle_since_us = grille_clock_us();
    settle(channel);
}

void grille_channel_try_again(dialed_channel *channel) {
    for (size_t i = 0; i < channel->balancer->count; i++) {
        if (channel->balancer->entries[i].state != GRILLE_TARGET_FAILED) continue;
        grille_target_forget_failure(&channel->targets[i]);
        grille_balancer_is_idle(channel->balancer, i);
    }
    settle(channel);
}

/* ---- Events of targets ---- */

static void on_idle(void *user, grille_target *target) {
    dialed_channel *channel = user;
    grille_balancer_is_idle(channel->balancer, target->index);
    settle(channel);
}

static void on_connecting(void *user, grille_target *target) {
    dialed_channel *channel = user;
    grille_balancer_is_connecting(channel->balancer, target->index);
    settle(channel);
}

static void on_ready(void *user, grille_target *target) {
    dialed_channel *channel = user;
    grille_balancer_is_ready(channel->balancer, target->index);
    if (channel->hooks.on_open != NULL) channel->hooks.on_open(target->index, channel->hooks.user);
    settle(channel);
}

static void on_failed(void *user, grille_target *target, grille_time_us retry_at_us) {
    dialed_channel *channel = user;
    const bool rejected = target->last_error.code == GRILLE_UNAUTHENTICATED;
    grille_balancer_is_failed(channel->balancer, target->index, retry_at_us, rejected);
    settle(channel);
}

static void on_renewed(void *user, grille_target *target) {
    (void)target;
    grille_channel_renew_peer(user);
}

static void on_room(void *user, grille_target *target) {
    (void)target;
    grille_channel_pump(user);
}

static void on_expiry(void *user, grille_target *target) {
    (void)target;
    grille_channel_arm(user);
}

static void on_health(void *user, grille_target *target, grille_target_health health) {
    dialed_channel *channel = user;
    grille_balancer_says(channel->balancer, target->index, health);
    settle(channel);
}

static void on_posted(void *user) {
    grille_channel_need_leader(user);
}

const grille_target_events grille_channel_target_events = {
    .on_idle = on_idle,
    .on_connecting = on_connecting,
    .on_ready = on_ready,
    .on_failed = on_failed,
    .on_renewed = on_renewed,
    .on_room = on_room,
    .on_expiry = on_expiry,
    .on_health = on_health,
    .on_posted = on_posted,
};

/* ---- Without calls ---- */

/* When the channel has gone without calls for long enough, or GRILLE_TIME_NEVER. */
static grille_time_us idle_due(const dialed_channel *channel) {
    const uint64_t timeout_us = (uint64_t)channel->idle_timeout_ms * 1000;
    /* An attempt has its own time. */
    const bool in_use =
        channel->running != 0 || channel->waiting_count != 0 || channel->state == GRILLE_CHANNEL_CONNECTING;
    if (timeout_us == 0 || channel->idle || in_use) return GRILLE_TIME_NEVER;
    return grille_time_after(channel->idle_since_us, timeout_us);
}

static bool serves_its_peers(const dialed_channel *channel) {
    for (size_t i = 0; i < channel->balancer->count; i++) {
        if (grille_target_serves(&channel->targets[i])) return true;
    }
    return false;
}

static void go_idle(dialed_channel *channel, grille_time_us now_us) {
    if (serves_its_peers(channel) || grille_channel_has_ready_waiters(channel)) {
        channel->idle_since_us = now_us;
        return;
    }
    channel->idle = true;
    for (size_t i = 0; i < channel->balancer->count; i++) {
        grille_target_disconnect(&channel->targets[i], GRILLE_DRAIN_IDLE);
        grille_balancer_is_idle(channel->balancer, i);
    }
    grille_channel_set_state(channel, GRILLE_CHANNEL_IDLE, NULL);
}

/* ---- Time ---- */

static void on_timer(uv_timer_t *timer);

static grille_time_us next_expiry(const dialed_channel *channel) {
    grille_time_us next = earliest(grille_channel_first_deadline(channel), idle_due(channel));
    next = earliest(next, grille_channel_first_retry(channel));
    if (!channel->idle) next = earliest(next, grille_balancer_expiry(channel->balancer));
    for (size_t i = 0; i < channel->balancer->count; i++)
        next = earliest(next, grille_target_expiry(&channel->targets[i]));
    return next;
}

void grille_channel_arm(dialed_channel *channel) {
    if (channel->closed) return;
    grille_time_us next = next_expiry(channel);
    if (next >= channel->armed_us) return;
    channel->armed_us = next;
    grille_time_us now_us = grille_clock_us();
    /* Never 0: libuv would run the timer again at once, and for ever. */
    (void)uv_timer_start(&channel->timer, on_timer, next <= now_us ? 1 : (next - now_us + 999) / 1000, 0);
}

static void on_timer(uv_timer_t *timer) {
    dialed_channel *channel = timer->data;
    grille_time_us now_us = grille_loop_refresh(&channel->loop);
    grille_loop_active(&channel->loop);
    channel->armed_us = GRILLE_TIME_NEVER;
    grille_channel_expire_waiting(channel, now_us);
    grille_channel_retry_due(channel, now_us);
    for (size_t i = 0; i < channel->balancer->count; i++)
        grille_target_tick(&channel->targets[i], now_us);
    if (idle_due(channel) <= now_us) go_idle(channel, now_us);
    if (!channel->idle && grille_balancer_expiry(channel->balancer) <= now_us) settle(channel);
    grille_channel_arm(channel);
}

/* ---- Calls ---- */

enum { LOOK_AHEAD = 4 };

void grille_channel_call_left(dialed_channel *channel) {
    channel->running--;
    if (channel->idle_timeout_ms == 0 || channel->running != 0) return;
    channel->idle_since_us = channel->loop.now_us;
    /* The timer looks again when it fires; a look at all targets for each call would cost more than the call. */
    if (idle_due(channel) < channel->armed_us) grille_channel_arm(channel);
}

typedef struct taker {
    dialed_channel *channel;
    bool early; /* the call may travel before the peer has verified us */
    channel_connection *own;
} taker;

static bool can_take(void *user, size_t target) {
    taker *wanted = user;
    wanted->own = grille_target_taker(&wanted->channel->targets[target]);
    return wanted->own != NULL && (wanted->own->open || wanted->early);
}

/* Calls of a round robin come to a connection when many others have had theirs, and its memory is cold. Who is next is
 * known: a call ahead its memory is asked for, and on the way there, two to four calls ahead, that of what leads to it,
 * each found through the one before. */
static void look_ahead(const dialed_channel *channel, size_t target) {
    const size_t count = channel->balancer->count;
    const grille_target *targets = channel->targets;
    const channel_connection *next = NULL;
    if (channel->balancer->kind != GRILLE_ROUND_ROBIN || count <= LOOK_AHEAD) return;
    next = targets[(target + 1) % count].current;
    if (next != NULL) grille_connection_expect_next(next->connection);
    next = targets[(target + 2) % count].current;
    if (next != NULL) grille_connection_expect_soon(next->connection);
    __builtin_prefetch(targets[(target + 3) % count].current);
    __builtin_prefetch(&targets[(target + LOOK_AHEAD) % count]);
}

channel_connection *grille_channel_pick(dialed_channel *channel, bool early) {
    taker wanted = {channel, early, NULL};
    size_t target = 0;
    if (channel->idle || !grille_balancer_pick(channel->balancer, can_take, &wanted, &target)) return NULL;
    look_ahead(channel, target);
    return wanted.own;
}

/* ---- The end ---- */

void grille_channel_disconnect(dialed_channel *channel) {
    for (size_t i = 0; i < channel->balancer->count; i++)
        grille_target_close(&channel->targets[i]);
}

bool grille_channel_is_disconnected(const dialed_channel *channel) {
    for (size_t i = 0; i < channel->balancer->count; i++) {
        if (!grille_target_is_closed(&channel->targets[i])) return false;
    }
    return true;
}
