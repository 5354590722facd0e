/* SPDX-License-Identifier: Apache-2.0
 * Tells other threads what became of a channel. The leader. */
#include "base/error.h"
#include "loop/channel_private.h"

static void tell_ready_waiters(dialed_channel *channel) {
    if (channel->leading != NULL && channel->leading->for_ready) channel->leading->done = true;
    for (grille_link *link = channel->waiters.next, *next; link != &channel->waiters; link = next) {
        channel_waiter *waiter = grille_container(link, channel_waiter, link);
        next = link->next;
        if (waiter->for_ready) grille_channel_finish_waiter(waiter);
    }
}

bool grille_channel_has_ready_waiters(dialed_channel *channel) {
    bool has = channel->leading != NULL && channel->leading->for_ready;
    pthread_mutex_lock(&channel->lock);
    for (grille_link *link = channel->waiters.next; link != &channel->waiters && !has; link = link->next)
        has = grille_container(link, channel_waiter, link)->for_ready;
    pthread_mutex_unlock(&channel->lock);
    return has;
}

/* What a READY channel stands for to those who ask for the peer. */
static void take_peer(dialed_channel *channel) {
    size_t index = 0;
    if (!grille_balancer_representative(channel->balancer, &index)) return;
    const channel_connection *own = channel->targets[index].current;
    if (own != NULL) channel->peer = *grille_connection_peer(own->connection);
}

void grille_channel_set_state(dialed_channel *channel, grille_channel_state state, const grille_error *error) {
    pthread_mutex_lock(&channel->lock);
    channel->state = state;
    channel->hopeless = state == GRILLE_CHANNEL_FAILED && grille_balancer_is_hopeless(channel->balancer);
    if (error != NULL) channel->last_error = *error;
    if (state == GRILLE_CHANNEL_READY) {
        grille_error_clear(&channel->last_error);
        take_peer(channel);
    }
    if (state == GRILLE_CHANNEL_READY || state == GRILLE_CHANNEL_CLOSED || channel->hopeless) {
        tell_ready_waiters(channel);
    }
    pthread_mutex_unlock(&channel->lock);
}

void grille_channel_renew_peer(dialed_channel *channel) {
    pthread_mutex_lock(&channel->lock);
    if (channel->state == GRILLE_CHANNEL_READY) take_peer(channel);
    pthread_mutex_unlock(&channel->lock);
}

void grille_channel_on_connect(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, connect_job);
    if (channel->idle) grille_channel_connect(channel);
}
