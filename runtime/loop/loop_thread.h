/* SPDX-License-Identifier: Apache-2.0
 * One loop of a server with its thread, and the connections that were given to it. */
#ifndef GRILLE_LOOP_LOOP_THREAD_H
#define GRILLE_LOOP_LOOP_THREAD_H

#include "loop/connection.h"
#include "loop/listener.h"
#include "loop/worker.h"

/* Counters that the loops of one server share, and their limits. */
typedef struct grille_connection_counts {
    uint32_t max_connections;
    uint32_t max_half_open;
    atomic_uint connections;
    atomic_uint half_open; /* not past the gate, or gone before they were */
    _Atomic grille_time_us refused_logged_us;
    grille_stats_table *stats; /* where refusals are counted; NULL: nowhere */
} grille_connection_counts;

/* Caller's storage. */
typedef struct grille_loop_thread {
    grille_loop loop;
    grille_loop_executor executor;
    pthread_t thread;
    bool running;
    grille_connection_options connection_options; /* policy and identity are references */
    grille_connection_counts *counts;
    uint32_t drain_timeout_ms;
    void (*on_peer)(struct grille_channel *peer, void *user); /* grille_server_options.on_peer, or NULL */
    void *on_peer_user;
    grille_stats_table *stats;
    grille_link connections;
    uint64_t last_number; /* of a connection, for its name in log lines */
    grille_link arrivals; /* descriptors from the accepting loop; under arrivals_lock */
    pthread_mutex_t arrivals_lock;
    grille_job arrive;
    grille_job stop;
    grille_link renewals; /* of policy and identity, from any thread; under arrivals_lock, as the next two */
    pthread_cond_t renewed;
    uint64_t renewal_number; /* in force; leader */
    bool over;               /* the loop does not turn any more */
    grille_job renew;
    bool stopping; /* leader */
    uv_timer_t drain_timer;
    grille_listener **listeners; /* of the accepting loop, closed when it stops */
    size_t listener_count;
} grille_loop_thread;

GRILLE_MUST_USE grille_reason grille_loop_thread_init(grille_loop_thread *thread, uint32_t spin_us,
                                                      const grille_connection_options *connection_options,
                                                      grille_connection_counts *counts, uint32_t drain_timeout_ms,
                                                      grille_error *error);
/* Its connections are counted there. Before the start. */
void grille_loop_thread_use_stats(grille_loop_thread *thread, grille_stats_table *stats);
/* After join, or when it was never started. */
void grille_loop_thread_deinit(grille_loop_thread *thread);

/* Offloaded handlers of its connections run on `workers`. Before the start. */
void grille_loop_thread_use_workers(grille_loop_thread *thread, grille_workers *workers);

/* Makes the thread. */
GRILLE_MUST_USE grille_reason grille_loop_thread_start(grille_loop_thread *thread, grille_error *error);

/* Counts an accepted conduit against the limits and hands it over, or closes it. Any thread of the server. */
void grille_loop_thread_give(grille_loop_thread *thread, grille_conduit conduit);

/* From now on this policy decides and this identity is shown, unless a later pair (a higher `number`) is in force
 * already. Connections that stand are judged again.
 * Done when it returns, but for the loop threads of others: there it is on its way. Any thread, while the thread runs.
 * OUT_OF_MEMORY: nothing has changed. */
GRILLE_MUST_USE grille_reason grille_loop_thread_renew(grille_loop_thread *thread, grille_policy *policy,
                                                       grille_identity *identity, uint64_t number);

/* Drains: listeners close, connections take no new calls and close when theirs have ended, or after drain_timeout_ms;
 * then the thread ends. Any thread. */
void grille_loop_thread_stop(grille_loop_thread *thread);
void grille_loop_thread_join(grille_loop_thread *thread);

#endif
