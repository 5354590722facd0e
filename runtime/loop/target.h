/* SPDX-License-Identifier: Apache-2.0
 * One address of a channel: the connection that takes its calls, the attempt at one or at its successor, and those that
 * only finish what runs on them. The leader's. */
#ifndef GRILLE_LOOP_TARGET_H
#define GRILLE_LOOP_TARGET_H

#include "base/backoff.h"
#include "loop/address.h"
#include "loop/balancer.h"
#include "loop/connection.h"
#include "loop/dialer.h"
#include "loop/health_source.h"

typedef struct grille_target grille_target;

/* One connection of a target. */
typedef struct channel_connection {
    grille_link link; /* in target->retiring */
    grille_target *target;
    grille_connection *connection;
    size_t running; /* calls of ours on it */
    bool open;      /* both ends are verified */
} channel_connection;

/* What became of a target; on the loop, any of its functions may be called inside. */
typedef struct grille_target_events {
    /* A lasting connection was lost, and nothing is under way: try at once. */
    void (*on_idle)(void *user, grille_target *target);
    /* Its connection takes no more calls; a successor is under way. */
    void (*on_connecting)(void *user, grille_target *target);
    void (*on_ready)(void *user, grille_target *target);
    /* An attempt failed, or a connection that did not last; why is target->last_error. Not to be tried before
     * `retry_at_us` (GRILLE_TIME_NEVER: never again). */
    void (*on_failed)(void *user, grille_target *target, grille_time_us retry_at_us);
    /* The peer of its connection has proved itself anew. */
    void (*on_renewed)(void *user, grille_target *target);
    /* There may be room for more calls. */
    void (*on_room)(void *user, grille_target *target);
    /* grille_target_expiry has changed without another event. */
    void (*on_expiry)(void *user, grille_target *target);
    /* What the peer of its connection says of itself. */
    void (*on_health)(void *user, grille_target *target, grille_target_health health);
    /* grille_connection_events.on_posted: any thread. */
    void (*on_posted)(void *user);
} grille_target_events;

typedef struct grille_target_options {
    const grille_connection_options *connection; /* but for the name; outlives the target, may change */
    uint32_t connect_timeout_ms;
    uint32_t first_backoff_ms;
    uint32_t longest_backoff_ms;
    uint32_t max_age_ms;                       /* 0: never */
    const grille_health_source *health_source; /* NULL: nothing is asked, on_health never comes */
    const char *health_service;
    const grille_target_events *events;
    void *user;
} grille_target_options;

struct grille_target {
    /* What each call touches: a line. */
    channel_connection *current;   /* open: new calls go there */
    channel_connection *candidate; /* in its gate */
    const grille_target_options *options;
    grille_loop *loop;
    size_t index;

    grille_address address;
    char name[GRILLE_ADDRESS_TEXT_BYTES];
    grille_dialer *dialer;
    grille_link retiring;
    size_t retiring_count;
    size_t connection_count; /* not freed yet */
    bool closed;
    grille_backoff backoff;
    grille_time_us attempt_ends_us; /* or GRILLE_TIME_NEVER, as all that follow */
    grille_time_us replace_at_us;   /* a successor of `current` is due */
    grille_time_us ready_since_us;
    grille_health_watch *watch; /* of `current` */
    grille_backoff watch_backoff;
    grille_time_us watch_at_us;  /* a new one, for this one has ended */
    grille_time_us answer_by_us; /* the first answer, or it counts as not serving */
    grille_error last_error;     /* of the last failure; code OK since there was a connection */
};

/* `options` outlives the target. */
void grille_target_init(grille_target *target, grille_loop *loop, const grille_target_options *options, size_t index,
                        const grille_address *address);

/* Starts an attempt, unless one is under way. */
void grille_target_connect(grille_target *target);
/* Gives up what is under way, and lets its connection, whose peer is told `reason`, finish what runs on it. No event
 * comes. */
void grille_target_disconnect(grille_target *target, grille_drain_reason reason);
/* Ends everything: calls with CANCELLED. No event but the ends of calls comes any more. */
void grille_target_close(grille_target *target);
/* grille_connection_renew of all its connections. Events may come inside. */
void grille_target_renew(grille_target *target, grille_policy *policy, grille_identity *identity);
/* Forgets why it failed, if it has no connection: the next attempt is made as if it were the first. */
void grille_target_forget_failure(grille_target *target);
/* grille_connection_reattest of the connection that takes its calls; LOOP_WRONG_STATE without one. */
GRILLE_MUST_USE grille_reason grille_target_reattest(grille_target *target);
/* Whether every connection is freed. */
bool grille_target_is_closed(const grille_target *target);

/* Where calls are started: the current connection or, while there is none, the candidate, whose peer has not verified
 * us yet. NULL when there is neither, or it takes no calls now. */
channel_connection *grille_target_taker(grille_target *target);
/* Whether calls of the peer run on one of its connections. */
bool grille_target_serves(const grille_target *target);

/* When grille_target_tick is due, or GRILLE_TIME_NEVER. */
grille_time_us grille_target_expiry(const grille_target *target);
/* Attempts that took too long, connections that are too old. */
void grille_target_tick(grille_target *target, grille_time_us now_us);

#endif
