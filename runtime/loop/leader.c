/* SPDX-License-Identifier: Apache-2.0
 * Which thread turns a channel's loop: a blocked caller if there is one, so that a call costs no switch between
 * threads; else the keeper, so that callbacks, keepalive and drain go on between calls. The keeper does not take over
 * at once when the last caller leaves (it would have to be woken, and would be in the next caller's way): it looks
 * every few milliseconds while callers come and go, and less and less often while they go on, since each of them reads
 * what has come; more often where asynchronous calls, streams or calls of the peer wait for events too, and not at all
 * while one caller leads for longer. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "loop/channel_private.h"

/* How long the lead stays free before the keeper takes it: twice as long at the most. Many channels that are used in
 * turn have a keeper each: together they would wake for every call if none of them looked less often. */
#define KEEPER_TICK_US         2000
#define KEEPER_SHORT_TICK_US   400
#define KEEPER_LONGEST_TICK_US 32000

/* ---- Waking ---- */

static void wake_keeper(dialed_channel *channel) {
    pthread_cond_signal(&channel->keeper_woken);
}

void grille_channel_need_leader(dialed_channel *channel) {
    pthread_mutex_lock(&channel->lock);
    if (!channel->led) {
        channel->keeper_needed = true;
        wake_keeper(channel);
    }
    pthread_mutex_unlock(&channel->lock);
}

void grille_channel_finish_waiter(channel_waiter *waiter) {
    waiter->done = true;
    grille_list_remove(&waiter->link);
    pthread_cond_signal(&waiter->woken);
}

void grille_channel_wake(grille_channel *base, grille_waiter *waiter) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    if (waiter == channel->leading) {
        waiter->done = true;
        return;
    }
    pthread_mutex_lock(&channel->lock);
    grille_channel_finish_waiter(waiter);
    pthread_mutex_unlock(&channel->lock);
}

/* ---- Taking and giving the lead; under lock ---- */

static void take_lead(dialed_channel *channel, channel_waiter *waiter) {
    channel->led = true;
    channel->lead_count++;
    channel->leading = waiter;
}

/* True when somebody has to turn the loop at once although no caller is blocked. */
static bool has_work(dialed_channel *channel) {
    return channel->state != GRILLE_CHANNEL_READY || channel->closing || atomic_load(&channel->loop.mail_count) != 0;
}

static void pass_lead(dialed_channel *channel) {
    channel->leading = NULL;
    channel->led = false;
    grille_link *next = grille_list_take_first(&channel->waiters);
    if (next != NULL) {
        channel_waiter *waiter = grille_container(next, channel_waiter, link);
        waiter->lead = true;
        take_lead(channel, waiter);
        pthread_cond_signal(&waiter->woken);
        return;
    }
    channel->keeper_hurries = channel->async_count != 0;
    if (has_work(channel)) channel->keeper_needed = true;
    if (channel->keeper_needed || channel->keeper_asleep || (channel->keeper_hurries && channel->keeper_dawdles))
        wake_keeper(channel);
}

/* ---- Blocked callers ---- */

/* A turn of the loop keeps its channel: inside one nobody has to be counted. */
static bool is_kept(dialed_channel *channel) {
    return grille_loop_in_turn() == &channel->loop;
}

bool grille_channel_enter(grille_channel *base, bool closing_too) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    if (is_kept(channel)) return closing_too || !atomic_load(&channel->closing);
    pthread_mutex_lock(&channel->lock);
    bool open = closing_too || !channel->closing;
    if (open) channel->inside++;
    pthread_mutex_unlock(&channel->lock);
    return open;
}

void grille_channel_leave(grille_channel *base) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    if (is_kept(channel)) return;
    pthread_mutex_lock(&channel->lock);
    if (--channel->inside == 0 && channel->closing) {
        channel->keeper_needed = true;
        wake_keeper(channel);
        /* It may sleep in its loop, waiting for us. */
        if (channel->led) grille_loop_wake(&channel->loop);
    }
    pthread_mutex_unlock(&channel->lock);
}

static void on_ready_timer(uv_timer_t *timer) {
    grille_loop_active(timer->data);
}

static void lead(dialed_channel *channel, channel_waiter *waiter) {
    grille_loop *loop = &channel->loop;
    bool timed = waiter->deadline_us != GRILLE_TIME_NEVER;
    while (!waiter->done) {
        if (timed) {
            grille_time_us now_us = grille_clock_us();
            if (now_us >= waiter->deadline_us) break;
            (void)uv_timer_start(&channel->ready_timer, on_ready_timer, (waiter->deadline_us - now_us + 999) / 1000, 0);
        }
        grille_loop_turn(loop, true);
    }
    if (timed) (void)uv_timer_stop(&channel->ready_timer);
}

/* Waits as a follower until done, chosen to lead, or out of time; under lock. */
static void follow(dialed_channel *channel, channel_waiter *waiter) {
    struct timespec until = {.tv_sec = (time_t)(waiter->deadline_us / 1000000),
                             .tv_nsec = (long)(waiter->deadline_us % 1000000) * 1000};
    while (!waiter->done && !waiter->lead) {
        if (waiter->deadline_us == GRILLE_TIME_NEVER) {
            pthread_cond_wait(&waiter->woken, &channel->lock);
        } else if (pthread_cond_timedwait(&waiter->woken, &channel->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    grille_list_remove(&waiter->link);
}

void grille_channel_wait(dialed_channel *channel, channel_waiter *waiter,
                         void (*on_lead)(dialed_channel *channel, void *user),
                         void (*on_follow)(dialed_channel *channel, void *user), void *user) {
    pthread_mutex_lock(&channel->lock);
    if (!channel->led) {
        take_lead(channel, waiter);
        pthread_mutex_unlock(&channel->lock);
        on_lead(channel, user);
        waiter->lead = true;
    } else {
        grille_list_append(&channel->waiters, &waiter->link);
        bool keeper_leads = channel->keeper_leads;
        pthread_mutex_unlock(&channel->lock);
        on_follow(channel, user);
        /* The keeper gives the lead to whoever waits, when it sees it. */
        if (keeper_leads) grille_loop_wake(&channel->loop);
        pthread_mutex_lock(&channel->lock);
        follow(channel, waiter);
        pthread_mutex_unlock(&channel->lock);
    }
    if (waiter->lead) {
        lead(channel, waiter);
        pthread_mutex_lock(&channel->lock);
        pass_lead(channel);
        pthread_mutex_unlock(&channel->lock);
    }
}

static void do_nothing(dialed_channel *channel, void *user) {
    (void)channel;
    (void)user;
}

void grille_channel_wait_for(grille_channel *base, grille_waiter *waiter) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    pthread_mutex_lock(&channel->lock);
    bool done = waiter->done;
    pthread_mutex_unlock(&channel->lock);
    if (!done) grille_channel_wait(channel, waiter, do_nothing, do_nothing, NULL);
}

/* The keeper gives the lead up to nobody but a blocked caller: it turns the loop itself then. */
void grille_channel_turn(grille_channel *base) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    pthread_mutex_lock(&channel->lock);
    bool leads = !channel->led;
    if (leads) take_lead(channel, NULL);
    pthread_mutex_unlock(&channel->lock);
    if (!leads) return;
    grille_loop_turn(&channel->loop, false);
    pthread_mutex_lock(&channel->lock);
    pass_lead(channel);
    pthread_mutex_unlock(&channel->lock);
}

/* ---- The keeper ---- */

/* Callers came and went since the last look. The peer's own calls wait for nobody but the keeper. */
static uint64_t next_tick_us(const dialed_channel *channel, uint64_t tick_us) {
    const bool serves = channel->connection_options.registry != NULL;
    if (channel->keeper_hurries || serves || tick_us >= KEEPER_LONGEST_TICK_US) return tick_us;
    return 2 * tick_us;
}

static void wait_a_tick(dialed_channel *channel, uint64_t tick_us) {
    grille_time_us until_us = grille_clock_us() + (channel->keeper_hurries ? KEEPER_SHORT_TICK_US : tick_us);
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000), .tv_nsec = (long)(until_us % 1000000) * 1000};
    channel->keeper_dawdles = !channel->keeper_hurries;
    (void)pthread_cond_timedwait(&channel->keeper_woken, &channel->lock, &until);
    channel->keeper_dawdles = false;
}

/* Until the keeper is to lead; under lock. */
static void park(dialed_channel *channel) {
    uint64_t tick_us = KEEPER_TICK_US;
    while (channel->led || !channel->keeper_needed) {
        uint64_t before = channel->lead_count;
        wait_a_tick(channel, tick_us);
        if (channel->lead_count != before) {
            tick_us = next_tick_us(channel, tick_us);
            continue;
        }
        if (!channel->led) break;
        channel->keeper_asleep = true;
        pthread_cond_wait(&channel->keeper_woken, &channel->lock);
        channel->keeper_asleep = false;
    }
    channel->keeper_needed = false;
}

/* True when the loop has nothing left to do for a closed channel; the leader, under lock. */
static bool is_over(dialed_channel *channel) {
    return channel->closed && channel->inside == 0 && grille_list_empty(&channel->own_submitted) &&
           grille_channel_is_disconnected(channel) && !grille_channel_holds_calls(channel);
}

/* Turns the loop until a caller wants it or everything is over (then true, and the keeper still leads); under lock. */
static bool keep(dialed_channel *channel) {
    bool over;
    take_lead(channel, NULL);
    channel->keeper_leads = true;
    while (!(over = is_over(channel)) && grille_list_empty(&channel->waiters)) {
        pthread_mutex_unlock(&channel->lock);
        grille_loop_turn(&channel->loop, true);
        pthread_mutex_lock(&channel->lock);
    }
    channel->keeper_leads = false;
    if (!over) pass_lead(channel);
    return over;
}

static void *run_keeper(void *argument) {
    dialed_channel *channel = argument;
    (void)pthread_setname_np(pthread_self(), "grille-keeper");
    pthread_mutex_lock(&channel->lock);
    do {
        park(channel);
    } while (!keep(channel));
    bool detached = channel->detached;
    pthread_mutex_unlock(&channel->lock);
    if (detached) grille_channel_destroy(channel);
    return NULL;
}

grille_reason grille_channel_start_keeper(dialed_channel *channel, grille_error *error) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&channel->keeper_woken, &attributes);
    pthread_condattr_destroy(&attributes);
    channel->keeper_needed = true;
    int status = pthread_create(&channel->keeper, NULL, run_keeper, channel);
    if (status == 0) return GRILLE_REASON_OK;
    pthread_cond_destroy(&channel->keeper_woken);
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "the channel's thread could not be made: %s",
                            strerror(status));
}

void grille_channel_end_keeper(dialed_channel *channel) {
    pthread_join(channel->keeper, NULL);
    grille_channel_destroy(channel);
}
