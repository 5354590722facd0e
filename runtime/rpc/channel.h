/* SPDX-License-Identifier: Apache-2.0
 * What every channel is to the calls on it. A kind of channel (dialled: loop/, of one existing connection:
 * rpc/bound_channel.h) has a grille_channel as its first member and fills the table; the public functions of
 * grille/channel.h that make calls work over any of them.
 *
 * A channel has one loop at a time, turned by one thread; "on the loop" below is inside such a turn. The loop takes the
 * calls that were submitted, starts each on an endpoint (grille_endpoint_start) or keeps it waiting, and does
 * grille_client_call_work for those that were notified. */
#ifndef GRILLE_RPC_CHANNEL_H
#define GRILLE_RPC_CHANNEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/time.h"
#include "grille/channel.h"
#include "grille/reasons.h"
#include "rpc/client_call.h"
#include "rpc/retry.h"

/* A thread that waits. On that thread's stack. */
typedef struct grille_waiter {
    grille_link link;           /* the channel's, as all that follows */
    pthread_cond_t woken;       /* monotonic */
    bool done;                  /* what it waits for has come */
    bool lead;                  /* it was chosen to turn the loop */
    bool for_ready;             /* for a connection, not for a call */
    grille_time_us deadline_us; /* of the wait; calls have their own */
} grille_waiter;

/* Before anybody can wake it, and after the wait. */
void grille_waiter_init(grille_waiter *waiter);
void grille_waiter_deinit(grille_waiter *waiter);

typedef struct grille_channel_ops {
    /* Counts a thread in that uses the channel, which is not freed before it has left. False: it is closing, and
     * `closing_too` was not given (which a thread may give only while a call on it is not done). Any thread. */
    bool (*enter)(grille_channel *channel, bool closing_too);
    void (*leave)(grille_channel *channel);
    /* This thread is inside a turn of any loop: it must not block. */
    bool (*must_not_block)(const grille_channel *channel);
    /* This thread is on the channel's loop. */
    bool (*on_loop)(const grille_channel *channel);
    grille_time_us (*clock_us)(void);
    /* When the turn began that this thread is in, of the channel's loop; else 0. May be NULL. */
    grille_time_us (*turn_us)(const grille_channel *channel);

    /* Hands over a new call, which belongs to the channel until it has called `forget`. It is not started inside. The
     * channel tells grille_client_call_submitted (or …_here). With `turns` the thread calls `turn` or `wait` next. A
     * code other than OK refuses it: the connection is gone for good. Between enter and leave, as the three after it.
     */
    grille_code (*submit)(grille_channel *channel, grille_call *call, bool turns);
    /* Blocks until waiter->done; the thread may turn the loop itself meanwhile. */
    void (*wait)(grille_channel *channel, grille_waiter *waiter);
    /* Both: the call of a thread that has nothing else to do, which may be started at once, on this thread. */
    void (*submit_and_wait)(grille_channel *channel, grille_call *call, grille_waiter *waiter);
    /* Brings what was submitted and notified to the loop, on this thread if nobody turns it. Does not block. */
    void (*turn)(grille_channel *channel);
    /* grille_client_call_work on the loop, soon; never inside. Any thread, with the lock of the call held, and never
     * for a call that is done. Harmless when that is on its way. `turns` as above. */
    void (*notify)(grille_channel *channel, grille_call *call, bool turns);
    /* Ends a wait; its thread may be gone at once. On the loop. */
    void (*wake)(grille_channel *channel, grille_waiter *waiter);

    /* The call is done: nothing of the channel refers to it any more. On the loop. */
    void (*forget)(grille_channel *channel, grille_call *call);
    /* The last callback of a call must not come yet, or an event of a stream: grille_client_call_work again, in the
     * loop's next turn. Also for calls that are done: it is then all that the channel still knows of it, and the
     * channel is not freed before. On the loop. */
    void (*hold)(grille_channel *channel, grille_call *call);
    /* An attempt of the call has ended, a good one too. True: the channel starts it again (then or later, on the same
     * or another endpoint) or fails it. False: the call ends with what came. NULL: always false. On the loop, inside
     * events of the endpoint. */
    bool (*retry)(grille_channel *channel, grille_call *call, const grille_retry_facts *end);

    grille_channel_state (*state)(grille_channel *channel);
    grille_code (*peer)(grille_channel *channel, grille_peer_identity *peer);
    grille_code (*wait_ready)(grille_channel *channel, uint32_t timeout_ms, grille_error *error); /* may be NULL */
    void (*connect_now)(grille_channel *channel);                                                 /* may be NULL */
    /* NULL in both: as before. Blocks until it is so, unless it may not block. NULL: the connection is another owner's.
     */
    grille_reason (*renew)(grille_channel *channel, grille_policy *policy, const grille_identity *identity);
    grille_reason (*reattest)(grille_channel *channel);
    /* The last reference was given back. */
    void (*close)(grille_channel *channel);
} grille_channel_ops;

struct grille_channel {
    const grille_channel_ops *ops;
    atomic_size_t references;
    grille_call_pool *pool;
    size_t max_message_bytes;
    const grille_interceptor_list *interceptors; /* the kind's; NULL: none */
    grille_stats_table *stats;                   /* the kind's; NULL: nothing is counted */
};

/* One reference. `pool` is the kind's, which gives it back. */
void grille_channel_init(grille_channel *channel, const grille_channel_ops *ops, grille_call_pool *pool,
                         size_t max_message_bytes);

#endif
