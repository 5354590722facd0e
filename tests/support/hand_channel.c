/* SPDX-License-Identifier: Apache-2.0 */
#include "hand_channel.h"

#include <string.h>

#include "cmocka_all.h"

/* There is one at a time. */
static hand_channel *newest;

static hand_channel *hand(const grille_channel *base) {
    return grille_container((grille_channel *)(uintptr_t)base, hand_channel, base);
}

static grille_time_us clock_us(void) {
    return newest->pair->now_us;
}

static bool enter(grille_channel *base, bool closing_too) {
    hand_channel *channel = hand(base);
    if (channel->closing && !closing_too) return false;
    channel->inside++;
    return true;
}

static void leave(grille_channel *base) {
    assert_true(hand(base)->inside-- > 0);
}

static bool on_loop(const grille_channel *base) {
    return hand(base)->in_loop;
}

static void start(hand_channel *channel, grille_call *call) {
    if (channel->closing) {
        grille_client_call_fail(call, GRILLE_CANCELLED, "closed");
    } else if (!grille_endpoint_start(channel->pair->client, call, channel->pair->now_us)) {
        if (channel->failed) {
            grille_client_call_fail(call, GRILLE_UNAVAILABLE, "no connection");
        } else {
            grille_list_append(&channel->waiting, grille_client_call_link(call));
        }
    }
}

static bool start_all(hand_channel *channel, grille_link *list) {
    grille_link batch;
    grille_link *link = NULL;
    bool any = false;
    grille_list_init(&batch);
    grille_list_move_all(&batch, list);
    while ((link = grille_list_take_first(&batch)) != NULL) {
        start(channel, grille_client_call_of_link(link));
        any = true;
    }
    return any;
}

static bool work_all(hand_channel *channel) {
    grille_link batch;
    grille_link *link = NULL;
    bool any = false;
    grille_list_init(&batch);
    grille_list_move_all(&batch, &channel->noticed);
    while ((link = grille_list_take_first(&batch)) != NULL) {
        grille_call *call = grille_client_call_of_work_link(link);
        any = true;
        if (grille_client_call_work(call, channel->pair->now_us)) continue;
        grille_list_remove(grille_client_call_link(call));
        grille_client_call_withdraw(call);
    }
    return any;
}

bool hand_channel_step(hand_channel *channel) {
    const bool outer = channel->in_loop;
    bool submitted = false;
    bool worked = false;
    channel->in_loop = true;
    submitted = start_all(channel, &channel->submitted);
    worked = work_all(channel);
    channel->in_loop = outer;
    return submitted || worked;
}

static bool pump(hand_channel *channel) {
    const size_t before = channel->pair->bytes[0] + channel->pair->bytes[1];
    channel->in_loop = true;
    endpoint_pair_pump(channel->pair, 0);
    channel->in_loop = false;
    return channel->pair->bytes[0] + channel->pair->bytes[1] != before;
}

void hand_channel_run(hand_channel *channel) {
    bool moved = true;
    while (moved) {
        moved = hand_channel_step(channel);
        moved = pump(channel) || moved;
        if (!grille_list_empty(&channel->waiting) && grille_endpoint_can_start(channel->pair->client)) {
            moved = start_all(channel, &channel->waiting) || moved;
        }
    }
}

static grille_code submit(grille_channel *base, grille_call *call, bool turns) {
    hand_channel *channel = hand(base);
    (void)turns;
    assert_true(channel->inside > 0);
    grille_list_append(&channel->submitted, grille_client_call_link(call));
    grille_client_call_submitted(call);
    if (channel->eager) {
        (void)hand_channel_step(channel);
        (void)pump(channel);
        (void)hand_channel_step(channel);
    }
    return GRILLE_OK;
}

static void wait_for(grille_channel *base, grille_waiter *waiter) {
    hand_channel *channel = hand(base);
    assert_true(channel->inside > 0);
    while (!waiter->done) {
        hand_channel_run(channel);
        if (waiter->done) return;
        if (channel->stuck == NULL) fail_msg("a wait that nothing ends");
        channel->stuck(channel, channel->stuck_user);
    }
}

static void submit_and_wait(grille_channel *base, grille_call *call, grille_waiter *waiter) {
    assert_int_equal(submit(base, call, true), GRILLE_OK);
    wait_for(base, waiter);
}

static void turn(grille_channel *base) {
    assert_true(hand(base)->inside > 0);
    hand_channel_run(hand(base));
}

static void notify(grille_channel *base, grille_call *call, bool turns) {
    (void)turns;
    assert_false(grille_client_call_is_done(call));
    if (grille_list_empty(grille_client_call_work_link(call))) {
        grille_list_append(&hand(base)->noticed, grille_client_call_work_link(call));
    }
}

static void wake(grille_channel *base, grille_waiter *waiter) {
    (void)base;
    assert_false(waiter->done);
    waiter->done = true;
}

static void forget(grille_channel *base, grille_call *call) {
    hand(base)->done++;
    assert_true(grille_list_empty(grille_client_call_link(call)));
    grille_list_remove(grille_client_call_work_link(call));
}

static void hold(grille_channel *base, grille_call *call) {
    hand(base)->holds++;
    if (grille_list_empty(grille_client_call_work_link(call))) {
        grille_list_append(&hand(base)->noticed, grille_client_call_work_link(call));
    }
}

static bool retry(grille_channel *base, grille_call *call, const grille_retry_facts *facts) {
    hand_channel *channel = hand(base);
    channel->told++;
    channel->facts = *facts;
    if (facts->code == GRILLE_OK || facts->answered || facts->no_retry || channel->retries == 0) return false;
    channel->retries--;
    grille_list_append(&channel->waiting, grille_client_call_link(call));
    return true;
}

static grille_channel_state state(grille_channel *base) {
    return hand(base)->closing ? GRILLE_CHANNEL_CLOSED : GRILLE_CHANNEL_READY;
}

static void close_channel(grille_channel *base) {
    hand(base)->closing = true;
}

void hand_channel_open(hand_channel *channel, endpoint_pair *pair, int retries) {
    memset(channel, 0, sizeof *channel);
    channel->ops = (grille_channel_ops){.enter = enter,
                                        .leave = leave,
                                        .must_not_block = on_loop,
                                        .on_loop = on_loop,
                                        .clock_us = clock_us,
                                        .submit = submit,
                                        .wait = wait_for,
                                        .submit_and_wait = submit_and_wait,
                                        .turn = turn,
                                        .notify = notify,
                                        .wake = wake,
                                        .forget = forget,
                                        .hold = hold,
                                        .retry = retries < 0 ? NULL : retry,
                                        .state = state,
                                        .close = close_channel};
    grille_channel_init(&channel->base, &channel->ops, pair->pool, 4 << 20);
    channel->pair = pair;
    channel->retries = retries;
    newest = channel;
    grille_list_init(&channel->submitted);
    grille_list_init(&channel->noticed);
    grille_list_init(&channel->waiting);
}

void hand_channel_deinit(hand_channel *channel) {
    channel->closing = true;
    (void)start_all(channel, &channel->submitted);
    (void)start_all(channel, &channel->waiting);
    (void)hand_channel_step(channel);
    assert_int_equal(channel->inside, 0);
    assert_true(grille_list_empty(&channel->noticed));
}
