/* SPDX-License-Identifier: Apache-2.0
 * What the files of a channel share: channel.c opens and closes, leader.c decides which thread turns the loop, submit.c
 * brings calls to it, connector.c keeps it connected, channel_state.c tells others what that makes of it, channel_ask.c
 * answers them. */
#ifndef GRILLE_LOOP_CHANNEL_PRIVATE_H
#define GRILLE_LOOP_CHANNEL_PRIVATE_H

#include "grille/channel.h"
#include "loop/balancer.h"
#include "loop/channel_hooks.h"
#include "loop/connection.h"
#include "loop/target.h"
#include "loop/worker.h"
#include "rpc/channel.h"

/* A channel that dials. */
typedef struct dialed_channel dialed_channel;
typedef grille_waiter channel_waiter;

/* What a call keeps in its owner space. */
typedef struct call_owner {
    channel_connection *connection; /* where it runs, or NULL */
    grille_retry retry;             /* zeroed until an attempt has ended */
    grille_time_us retry_at_us;     /* in channel->resting */
    bool noticed;                   /* it may be in channel->noticed */
} call_owner;
_Static_assert(sizeof(call_owner) <= GRILLE_CLIENT_CALL_OWNER_BYTES, "the owner's room in a call");

struct dialed_channel {
    grille_channel base;
    grille_interceptor_list interceptors;
    grille_stats_table *stats;
    grille_loop loop;
    char name[GRILLE_ADDRESS_TEXT_BYTES + 32]; /* its first address, and how many more */
    grille_connection_options connection_options;
    grille_target_options target_options;
    grille_channel_hooks hooks;
    grille_loop_executor executor; /* of the peer's calls */
    grille_workers *workers;       /* NULL: none of them is offloaded */
    uint32_t idle_timeout_ms;
    char *health_service;

    /* Leadership and what other threads see; under lock. */
    pthread_mutex_t lock;
    bool led;
    uint64_t lead_count; /* times somebody took the lead */
    grille_link waiters;
    pthread_t keeper;
    pthread_cond_t keeper_woken;
    bool keeper_needed; /* take the lead as soon as it is free */
    bool keeper_asleep; /* waits without a timeout: tell it when the lead is free */
    bool keeper_leads;
    bool keeper_hurries;  /* asynchronous calls were open when the lead was given back last */
    bool keeper_dawdles;  /* waits for a long tick */
    size_t inside;        /* threads inside a blocking function */
    _Atomic bool closing; /* written under lock */
    bool detached;        /* closed in a callback: the keeper frees */
    grille_channel_state state;
    bool hopeless;             /* FAILED, and no use in waiting */
    grille_error last_error;   /* why it was FAILED last; code OK since it was READY */
    grille_peer_identity peer; /* while READY */

    /* Calls that have something to do on the loop, or are held back; under notice_lock. */
    pthread_mutex_t notice_lock;
    grille_link noticed;

    /* Calls from other threads on their way to the loop; under submit_lock. */
    pthread_mutex_t submit_lock;
    grille_link submitted;

    /* The leader's. */
    channel_waiter *leading; /* whose thread leads; NULL: the keeper */
    grille_job submit_job;
    grille_link own_submitted; /* calls of this loop's own callbacks, until the end of the turn */
    grille_job own_submit_job;
    grille_job notice_job;
    grille_job hold_job;
    grille_job close_job;
    grille_link waiting;  /* calls without a connection or a stream */
    grille_link again;    /* calls that are tried again at the end of this turn */
    grille_link resting;  /* and those that are when their time has come */
    size_t waiting_count; /* of all three */
    grille_job again_job;
    grille_retry_options retry_options;
    grille_retry_throttle throttle;
    size_t async_count; /* asynchronous calls that are not done */
    size_t running;     /* calls on connections */
    grille_job connect_job;
    grille_balancer *balancer; /* as long as it has targets */
    grille_target *targets;    /* as many as the balancer counts */
    bool settling;             /* inside grille_channel_connect or an event of a target */
    bool idle;                 /* no connection until the next call */
    grille_time_us idle_since_us;
    uv_timer_t timer;
    grille_time_us armed_us;
    uv_timer_t ready_timer; /* of a leader in grille_channel_wait_ready */
    bool closed;            /* the leader has begun to close */
    grille_link orders;     /* for all connections, from other threads; under lock */
    grille_job orders_job;
};

/* leader.c */

/* Makes the keeper thread. */
GRILLE_MUST_USE grille_reason grille_channel_start_keeper(dialed_channel *channel, grille_error *error);
/* Leads or waits until waiter->done (or its deadline). When the lead is free `on_lead` runs first, on this thread, else
 * `on_follow`; either brings the call to the loop. Between enter and leave. */
void grille_channel_wait(dialed_channel *channel, channel_waiter *waiter,
                         void (*on_lead)(dialed_channel *channel, void *user),
                         void (*on_follow)(dialed_channel *channel, void *user), void *user);
/* The functions of the same names in grille_channel_ops. */
bool grille_channel_enter(grille_channel *base, bool closing_too);
void grille_channel_leave(grille_channel *base);
void grille_channel_wait_for(grille_channel *base, grille_waiter *waiter);
void grille_channel_turn(grille_channel *base);
void grille_channel_wake(grille_channel *base, grille_waiter *waiter);
/* Marks a waiter done and wakes its thread, whose stack it is on; under lock. */
void grille_channel_finish_waiter(channel_waiter *waiter);
/* Sees to it that somebody leads soon; any thread. */
void grille_channel_need_leader(dialed_channel *channel);
/* Joins the keeper, or leaves the channel to it. */
void grille_channel_end_keeper(dialed_channel *channel);

/* connector.c; leader */

extern const grille_target_events grille_channel_target_events;
/* Connects whatever the balancer wants; ends being idle. */
void grille_channel_connect(dialed_channel *channel);
/* What made targets fail may be over: they are tried again at once. */
void grille_channel_try_again(dialed_channel *channel);
/* Where the next call goes, or NULL: it has to wait. `early`: also to a peer that has not verified us yet. */
channel_connection *grille_channel_pick(dialed_channel *channel, bool early);
/* A call has left its connection. */
void grille_channel_call_left(dialed_channel *channel);
/* Ends whatever is under way or in use. */
void grille_channel_disconnect(dialed_channel *channel);
bool grille_channel_is_disconnected(const dialed_channel *channel);
void grille_channel_arm(dialed_channel *channel);

/* submit.c; leader */

/* Starts a call, or lets it wait, or fails it. */
void grille_channel_accept_call(dialed_channel *channel, grille_call *call);
/* Starts waiting calls as far as there is room. */
void grille_channel_pump(dialed_channel *channel);
/* Ends waiting calls: all of them, or only those that do not wait for ready. */
void grille_channel_fail_waiting(dialed_channel *channel, bool all, grille_code code, const char *text);
/* Ends waiting calls whose deadline has passed; the earliest of the others. */
grille_time_us grille_channel_expire_waiting(dialed_channel *channel, grille_time_us now_us);
grille_time_us grille_channel_first_deadline(const dialed_channel *channel);
void grille_channel_on_submit(grille_job *job);
void grille_channel_on_own_submit(grille_job *job);
void grille_channel_on_notice(grille_job *job);
void grille_channel_on_hold(grille_job *job);
/* Calls that are done wait for the return of the functions that made them. */
bool grille_channel_holds_calls(dialed_channel *channel);
/* The functions of the same names in grille_channel_ops; any thread but for hold and forget. */
grille_code grille_channel_submit(grille_channel *base, grille_call *call, bool turns);
void grille_channel_submit_and_wait(grille_channel *base, grille_call *call, grille_waiter *waiter);
void grille_channel_notify(grille_channel *base, grille_call *call, bool turns);
void grille_channel_hold(grille_channel *base, grille_call *call);
void grille_channel_forget(grille_channel *base, grille_call *call);

/* channel_orders.c */

void grille_channel_on_orders(grille_job *job);
/* After the last turn. */
void grille_channel_drop_orders(dialed_channel *channel);
/* The functions of the same purpose in grille_channel_ops. */
GRILLE_MUST_USE grille_reason grille_channel_renew(grille_channel *base, grille_policy *policy,
                                                   const grille_identity *identity);
GRILLE_MUST_USE grille_reason grille_channel_ask_epoch(grille_channel *base);

/* channel_ask.c */

extern const grille_channel_ops grille_dialed_channel_ops;

/* A call leaves its connection, if it is on one. */
void grille_channel_leave_connection(dialed_channel *channel, grille_call *call);

/* retries.c; leader */

/* In grille_channel_ops. */
bool grille_channel_retry(grille_channel *base, grille_call *call, const grille_retry_facts *end);
void grille_channel_on_again(grille_job *job);
/* When a resting call is due, or GRILLE_TIME_NEVER; and starting those that are. */
grille_time_us grille_channel_first_retry(const dialed_channel *channel);
void grille_channel_retry_due(dialed_channel *channel, grille_time_us now_us);
/* Ends those that are to be tried again; of a closed channel. */
void grille_channel_end_retries(dialed_channel *channel);

/* channel_state.c; leader */

/* The peer that a READY channel stands for has proved itself anew. */
void grille_channel_renew_peer(dialed_channel *channel);

/* `error` of FAILED. Wakes those who wait for what the state now is. */
void grille_channel_set_state(dialed_channel *channel, grille_channel_state state, const grille_error *error);
bool grille_channel_has_ready_waiters(dialed_channel *channel);
void grille_channel_on_connect(grille_job *job);

/* channel_options.c: the first option that can't be, one line for people, or NULL. */
const char *grille_channel_options_fault(const grille_channel_options *options);

/* channel.c */

/* In grille_channel_ops. */
void grille_channel_close_dialed(grille_channel *base);
void grille_channel_on_close(grille_job *job);
/* Frees everything; no thread is inside and nobody leads any more. */
void grille_channel_destroy(dialed_channel *channel);

#endif
