/* SPDX-License-Identifier: Apache-2.0
 * What a bound channel does on its loop. */
#include <sched.h>
#include <stdio.h>

#include "rpc/bound_channel_private.h"

static void fail_waiting(bound_channel *channel, grille_code code, const char *text) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&channel->waiting)) != NULL) {
        channel->waiting_count--;
        grille_client_call_fail(grille_client_call_of_link(link), code, text);
    }
}

static void wait_for_room(bound_channel *channel, grille_call *call) {
    char text[128];
    if (channel->waiting_count < GRILLE_LIMIT_WAITING_CALLS) {
        grille_list_append(&channel->waiting, grille_client_call_link(call));
        channel->waiting_count++;
        return;
    }
    (void)snprintf(text, sizeof text, "%zu calls of this channel wait already (limit %d)", channel->waiting_count,
                   GRILLE_LIMIT_WAITING_CALLS);
    grille_client_call_fail(call, GRILLE_RESOURCE_EXHAUSTED, text);
}

static void start(bound_channel *channel, grille_call *call) {
    grille_endpoint *endpoint = channel->endpoint;
    const bool first = channel->waiting_count == 0;
    if (first && grille_endpoint_start(endpoint, call, channel->options.clock_us())) {
        grille_endpoint_changed(endpoint);
    } else if (grille_endpoint_peer_drains(endpoint)) {
        grille_client_call_fail(call, GRILLE_UNAVAILABLE, "the peer takes no new calls on this connection");
    } else {
        wait_for_room(channel, call);
        grille_endpoint_changed(endpoint); /* its expiry */
    }
}

static grille_link *take(bound_channel *channel, grille_link *list) {
    grille_link *link = NULL;
    pthread_mutex_lock(&channel->lock);
    link = grille_list_take_first(list);
    pthread_mutex_unlock(&channel->lock);
    return link;
}

static void work(bound_channel *channel, grille_call *call) {
    if (grille_client_call_work(call, channel->options.clock_us())) return;
    grille_list_remove(grille_client_call_link(call));
    channel->waiting_count--;
    grille_client_call_withdraw(call);
}

/* Only what was noticed when it begins: a call that is held back comes again with the next post. */
static void take_noticed(bound_channel *channel, grille_link *batch) {
    grille_list_init(batch);
    pthread_mutex_lock(&channel->lock);
    grille_list_move_all(batch, &channel->noticed);
    pthread_mutex_unlock(&channel->lock);
}

static void ask_epoch(bound_channel *channel) {
    bool wanted = false;
    pthread_mutex_lock(&channel->lock);
    wanted = channel->wants_epoch;
    channel->wants_epoch = false;
    pthread_mutex_unlock(&channel->lock);
    if (wanted && channel->options.reattest != NULL) channel->options.reattest(channel->options.user);
}

void grille_bound_channel_run(grille_channel *base) {
    bound_channel *channel = grille_bound_channel_of(base);
    grille_link batch;
    grille_link *link = NULL;
    /* A call is submitted before it can be noticed, so all of the batch are known once what was submitted is. */
    take_noticed(channel, &batch);
    while ((link = take(channel, &channel->submitted)) != NULL)
        start(channel, grille_client_call_of_link(link));
    while ((link = take(channel, &batch)) != NULL)
        work(channel, grille_client_call_of_work_link(link));
    ask_epoch(channel);
}

void grille_bound_channel_footprint(const grille_channel *base, grille_footprint *footprint) {
    const bound_channel *channel = grille_bound_channel_of(base);
    grille_footprint_add(footprint, &channel->endpoint, sizeof *channel - offsetof(bound_channel, endpoint));
}

void grille_bound_channel_pump(grille_channel *base) {
    bound_channel *channel = grille_bound_channel_of(base);
    if (channel->waiting_count != 0 && grille_endpoint_peer_drains(channel->endpoint)) {
        fail_waiting(channel, GRILLE_UNAVAILABLE, "the peer takes no new calls on this connection");
    }
    while (channel->waiting_count != 0 && grille_endpoint_can_start(channel->endpoint)) {
        grille_link *link = grille_list_take_first(&channel->waiting);
        channel->waiting_count--;
        if (grille_endpoint_start(channel->endpoint, grille_client_call_of_link(link), channel->options.clock_us())) {
            grille_endpoint_changed(channel->endpoint);
            continue;
        }
        grille_list_prepend(&channel->waiting, link);
        channel->waiting_count++;
        return;
    }
}

grille_time_us grille_bound_channel_expiry(const grille_channel *base) {
    const bound_channel *channel = grille_bound_channel_of(base);
    grille_time_us first = GRILLE_TIME_NEVER;
    for (grille_link *link = channel->waiting.next; link != &channel->waiting; link = link->next) {
        const grille_time_us deadline_us = grille_client_call_deadline(grille_client_call_of_link(link));
        if (deadline_us < first) first = deadline_us;
    }
    return first;
}

void grille_bound_channel_tick(grille_channel *base, grille_time_us now_us) {
    bound_channel *channel = grille_bound_channel_of(base);
    for (grille_link *link = channel->waiting.next, *next; link != &channel->waiting; link = next) {
        grille_call *call = grille_client_call_of_link(link);
        next = link->next;
        if (grille_client_call_deadline(call) > now_us) continue;
        grille_list_remove(link);
        channel->waiting_count--;
        grille_client_call_fail(call, GRILLE_DEADLINE_EXCEEDED,
                                "the deadline passed while the call waited for a free stream");
    }
}

void grille_bound_channel_attach(grille_channel *base, grille_endpoint *endpoint) {
    bound_channel *channel = grille_bound_channel_of(base);
    channel->endpoint = endpoint;
    channel->peer = grille_peer_snapshot_ref(endpoint->peer);
    base->max_message_bytes = endpoint->max_message_bytes;
}

static void replace_peer(bound_channel *channel, grille_peer_snapshot *peer) {
    grille_peer_snapshot *before = channel->peer;
    channel->peer = peer;
    grille_peer_snapshot_unref(before);
}

void grille_bound_channel_renew(grille_channel *base, grille_peer_snapshot *peer) {
    bound_channel *channel = grille_bound_channel_of(base);
    pthread_mutex_lock(&channel->lock);
    replace_peer(channel, grille_peer_snapshot_ref(peer));
    pthread_mutex_unlock(&channel->lock);
}

void grille_bound_channel_detach(grille_channel *base, grille_code code, const char *text) {
    bound_channel *channel = grille_bound_channel_of(base);
    grille_link *link = NULL;
    pthread_mutex_lock(&channel->lock);
    channel->gone = true;
    replace_peer(channel, NULL);
    pthread_mutex_unlock(&channel->lock);
    while ((link = take(channel, &channel->submitted)) != NULL)
        grille_client_call_fail(grille_client_call_of_link(link), code, text);
    fail_waiting(channel, code, text);
    /* What is left are calls that are done, whose functions are about to return: their callbacks belong here. */
    while ((link = take(channel, &channel->noticed)) != NULL) {
        (void)sched_yield();
        work(channel, grille_client_call_of_work_link(link));
    }
    channel->endpoint = NULL;
}
