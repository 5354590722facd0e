/* SPDX-License-Identifier: Apache-2.0
 * Keeps a connection for a channel: dials, opens the gate, tries again after a pause that grows, replaces what the peer
 * drains. */
#include <stdlib.h>

#include "base/error.h"
#include "loop/channel_private.h"

/* A connection that lasted this long is followed by an attempt at once when it is lost. */
#define LASTING_US 1000000

static grille_time_us earliest(grille_time_us left, grille_time_us right) {
    return left < right ? left : right;
}

/* ---- State as other threads see it ---- */

static void tell_ready_waiters(dialed_channel *channel, bool ready_or_rejected) {
    if (!ready_or_rejected) return;
    if (channel->leading != NULL && channel->leading->for_ready) channel->leading->done = true;
    for (grille_link *link = channel->waiters.next, *next; link != &channel->waiters; link = next) {
        channel_waiter *waiter = grille_container(link, channel_waiter, link);
        next = link->next;
        if (waiter->for_ready) grille_channel_finish_waiter(waiter);
    }
}

void grille_channel_set_state(dialed_channel *channel, grille_channel_state state, const grille_error *error) {
    pthread_mutex_lock(&channel->lock);
    channel->state = state;
    if (error != NULL) channel->last_error = *error;
    if (state == GRILLE_CHANNEL_READY) {
        grille_error_clear(&channel->last_error);
        channel->peer = *grille_connection_peer(channel->current->connection);
    }
    bool rejected = state == GRILLE_CHANNEL_FAILED && channel->last_error.code == GRILLE_UNAUTHENTICATED;
    tell_ready_waiters(channel, state == GRILLE_CHANNEL_READY || state == GRILLE_CHANNEL_CLOSED || rejected ||
                                    (state == GRILLE_CHANNEL_FAILED && channel->exhausted));
    pthread_mutex_unlock(&channel->lock);
}

/* ---- Time ---- */

static void on_timer(uv_timer_t *timer);

void grille_channel_arm(dialed_channel *channel) {
    if (channel->closed) return;
    grille_time_us next =
        earliest(earliest(channel->attempt_ends_us, channel->retry_at_us), grille_channel_first_deadline(channel));
    if (next >= channel->armed_us) return;
    channel->armed_us = next;
    grille_time_us now_us = grille_clock_us();
    /* Never 0: libuv would run the timer again at once, and for ever. */
    (void)uv_timer_start(&channel->timer, on_timer, next <= now_us ? 1 : (next - now_us + 999) / 1000, 0);
}

static uint64_t random_share(dialed_channel *channel, uint64_t range) {
    uint32_t drawn = 0;
    if (channel->connection_options.crypto->random((uint8_t *)&drawn, sizeof drawn) != GRILLE_REASON_OK) return 0;
    return drawn % (range + 1);
}

static uint64_t backoff_us(dialed_channel *channel) {
    uint64_t delay_us = GRILLE_RECONNECT_FIRST_MS * 1000;
    for (unsigned i = 1; i < channel->failures && delay_us < GRILLE_RECONNECT_LONGEST_MS * 1000; i++) {
        delay_us += delay_us / 2;
    }
    if (delay_us > GRILLE_RECONNECT_LONGEST_MS * 1000) delay_us = GRILLE_RECONNECT_LONGEST_MS * 1000;
    return delay_us - delay_us / 5 + random_share(channel, 2 * delay_us / 5);
}

/* ---- Attempts ---- */

static void fail_attempt(dialed_channel *channel, const grille_error *why) {
    char text[GRILLE_ERROR_NAME_BYTES + GRILLE_ERROR_TEXT_BYTES];
    bool rejected = why->code == GRILLE_UNAUTHENTICATED;
    if (channel->closed) return;
    channel->failures++;
    channel->attempt_ends_us = GRILLE_TIME_NEVER;
    channel->exhausted = channel->address.kind == GRILLE_ADDRESS_FD;
    if (!channel->exhausted) {
        channel->retry_at_us = grille_time_after(grille_clock_us(), backoff_us(channel));
    }
    grille_channel_set_state(channel, GRILLE_CHANNEL_FAILED, why);
    grille_error_describe(why, text, sizeof text);
    grille_channel_fail_waiting(channel, rejected || channel->exhausted,
                                rejected ? GRILLE_UNAUTHENTICATED : GRILLE_UNAVAILABLE, text);
    grille_channel_arm(channel);
}

static void connection_over(channel_connection *own, const grille_error *why) {
    dialed_channel *channel = own->channel;
    own->over = true;
    if (channel->current != own) return;
    channel->current = NULL;
    if (channel->closed) return;
    grille_time_us now_us = grille_clock_us();
    bool lasted = own->open && now_us - channel->ready_since_us >= LASTING_US;
    if (lasted && why->code != GRILLE_UNAUTHENTICATED && channel->address.kind != GRILLE_ADDRESS_FD) {
        grille_channel_connect(channel);
    } else {
        fail_attempt(channel, why);
    }
}

/* ---- Events of connections ---- */

static void on_started(grille_connection *connection, void *user) {
    channel_connection *own = user;
    (void)connection;
    grille_channel_pump(own->channel);
}

static void on_open(grille_connection *connection, void *user) {
    channel_connection *own = user;
    dialed_channel *channel = own->channel;
    (void)connection;
    own->open = true;
    if (channel->current != own) return;
    channel->failures = 0;
    channel->attempt_ends_us = GRILLE_TIME_NEVER;
    channel->ready_since_us = grille_clock_us();
    grille_channel_set_state(channel, GRILLE_CHANNEL_READY, NULL);
    grille_channel_pump(channel);
}

/* A connection that takes no more calls is left to those that run on it. */
static void retire(channel_connection *own) {
    dialed_channel *channel = own->channel;
    channel->current = NULL;
    grille_list_append(&channel->retiring, &own->link);
    if (channel->address.kind == GRILLE_ADDRESS_FD) {
        grille_error why;
        (void)grille_error_set(&why, GRILLE_REASON_LOOP_DRAINED, "the peer of %s is stopping", channel->name);
        fail_attempt(channel, &why);
    } else {
        grille_channel_connect(channel);
    }
}

static void on_progress(grille_connection *connection, void *user) {
    channel_connection *own = user;
    grille_endpoint *endpoint = grille_connection_endpoint(connection);
    if (endpoint == NULL) return;
    if (own->channel->current == own && grille_endpoint_peer_drains(endpoint)) retire(own);
    if (own->channel->current != own && own->running == 0) {
        grille_connection_close(connection, GRILLE_UNAVAILABLE, "the connection was drained");
        return;
    }
    grille_channel_pump(own->channel);
}

static void on_ended(grille_connection *connection, const grille_error *why, void *user) {
    (void)connection;
    connection_over(user, why);
}

static void on_freed(grille_connection *connection, void *user) {
    channel_connection *own = user;
    (void)connection;
    grille_list_remove(&own->link);
    own->channel->connection_count--;
    free(own);
}

static const grille_connection_events connection_events = {on_started, on_open, on_progress, on_ended, on_freed};

/* ---- Dialling ---- */

static void start_connection(dialed_channel *channel, grille_conduit conduit) {
    grille_error error = {.code = GRILLE_OK};
    channel_connection *own = calloc(1, sizeof *own);
    if (own == NULL) {
        grille_conduit_close(conduit);
        (void)grille_error_default(&error, GRILLE_REASON_OUT_OF_MEMORY);
        fail_attempt(channel, &error);
        return;
    }
    own->channel = channel;
    grille_list_init(&own->link);
    grille_reason reason = grille_connection_new(&channel->loop, conduit, &channel->connection_options,
                                                 &connection_events, own, &own->connection, &error);
    if (reason != GRILLE_REASON_OK) {
        free(own);
        fail_attempt(channel, &error);
        return;
    }
    channel->connection_count++;
    channel->current = own;
}

static void on_dialed(void *user, grille_conduit conduit, const grille_error *error) {
    dialed_channel *channel = user;
    channel->dialer = NULL;
    if (!grille_conduit_is_open(conduit)) {
        fail_attempt(channel, error);
    } else {
        start_connection(channel, conduit);
    }
}

void grille_channel_connect(dialed_channel *channel) {
    channel->retry_at_us = GRILLE_TIME_NEVER;
    channel->attempt_ends_us = grille_time_after(grille_clock_us(), (uint64_t)channel->connect_timeout_ms * 1000);
    grille_channel_set_state(channel, GRILLE_CHANNEL_CONNECTING, NULL);
    if (grille_dialer_start(&channel->loop, &channel->address, channel->connect_timeout_ms, on_dialed, channel,
                            &channel->dialer) != GRILLE_REASON_OK) {
        grille_error error = {.code = GRILLE_OK};
        (void)grille_error_default(&error, GRILLE_REASON_OUT_OF_MEMORY);
        fail_attempt(channel, &error);
    }
    grille_channel_arm(channel);
}

static void time_out_attempt(dialed_channel *channel) {
    grille_error why;
    (void)grille_error_set(&why, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "%s: no attested channel within the connect timeout of %u ms: something answers, but does "
                           "not finish the handshake; is it a grille server, and is it overloaded?",
                           channel->name, channel->connect_timeout_ms);
    channel->attempt_ends_us = GRILLE_TIME_NEVER;
    /* The dialer has a timeout of its own. */
    if (channel->dialer == NULL && channel->current != NULL && !channel->current->open) {
        grille_connection_end(channel->current->connection, &why, GRILLE_UNAVAILABLE);
    }
}

static void on_timer(uv_timer_t *timer) {
    dialed_channel *channel = timer->data;
    grille_time_us now_us = grille_loop_refresh(&channel->loop);
    grille_loop_active(&channel->loop);
    channel->armed_us = GRILLE_TIME_NEVER;
    grille_channel_expire_waiting(channel, now_us);
    if (channel->attempt_ends_us <= now_us) time_out_attempt(channel);
    if (channel->retry_at_us <= now_us) grille_channel_connect(channel);
    grille_channel_arm(channel);
}

/* ---- The end ---- */

void grille_channel_disconnect(dialed_channel *channel) {
    if (channel->dialer != NULL) grille_dialer_cancel(channel->dialer);
    channel->dialer = NULL;
    if (channel->current != NULL) {
        grille_connection_close(channel->current->connection, GRILLE_CANCELLED, "the channel was closed");
    }
    for (grille_link *link = channel->retiring.next, *next; link != &channel->retiring; link = next) {
        next = link->next;
        grille_connection_close(grille_container(link, channel_connection, link)->connection, GRILLE_CANCELLED,
                                "the channel was closed");
    }
}

bool grille_channel_is_disconnected(const dialed_channel *channel) {
    return channel->connection_count == 0;
}
