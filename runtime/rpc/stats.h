/* SPDX-License-Identifier: Apache-2.0
 * Counters behind grille/stats.h. One table for each loop (a channel, or one loop of a server), so that loops don't
 * share cache lines; counting takes no lock and no memory. A method gets its counters when it is called
 * or registered first: their number depends on the program, never on what a peer sends. */
#ifndef GRILLE_RPC_STATS_H
#define GRILLE_RPC_STATS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/time.h"
#include "grille/stats.h"

enum { GRILLE_STATS_CHAINS = 64 };

typedef struct grille_call_counters {
    _Atomic uint64_t started;
    _Atomic uint64_t ended[GRILLE_STATUS_CODES];
    _Atomic uint64_t messages[2]; /* by grille_message_direction */
    _Atomic uint64_t bytes[2];
    _Atomic uint64_t latency_sum_us;
    _Atomic uint64_t latency_us[GRILLE_LATENCY_BUCKETS];
} grille_call_counters;

/* One call may count in both: it may start on one thread and end on another. */
typedef struct grille_method_counters {
    const grille_method *method;
    bool is_caller;
    const struct grille_stats_table *table;
    struct grille_method_counters *next;
    grille_call_counters of_turn; /* by whoever is in a turn of the table's loop: one thread at a time, plain stores */
    grille_call_counters calls;   /* by everybody else, with locked instructions */
} grille_method_counters;

/* What a connection tells about itself. In the connection; written by its loop, read by anybody. */
typedef struct grille_connection_counters {
    grille_link link; /* in the table, under its lock */
    uint64_t number;
    char set[GRILLE_NAME_MAX];
    grille_time_us since_us;
    _Atomic uint32_t own_calls, peer_calls, send_credit_bytes, receive_credit_bytes, blocked_streams;
    _Atomic uint32_t unconsumed_bytes, holder_stream, holder_bytes;
    _Atomic uint64_t frames_received, frames_sent, calls_refused, memory_bytes;
} grille_connection_counters;

typedef struct grille_stats_table {
    atomic_size_t references;
    _Atomic(const void *) loop; /* whose turns count without locked instructions; NULL: none */
    pthread_mutex_t lock;       /* for new methods, and the list of connections */
    _Atomic(grille_method_counters *) chains[GRILLE_STATS_CHAINS];
    _Atomic uint64_t refused[GRILLE_REFUSAL_COUNT];
    _Atomic uint64_t accepted;
    _Atomic uint64_t rejected[GRILLE_REASON_COUNT];
    grille_link connections;
    uint64_t next_number;
    uint64_t number_step;
} grille_stats_table;

/* Caller's storage. The `index`-th of `count` tables of one server: their connections are numbered apart. */
void grille_stats_table_init(grille_stats_table *table, size_t index, size_t count);
void grille_stats_table_deinit(grille_stats_table *table);
/* The loop that most is counted in (base/turn.h), for speed alone. Two tables may name one loop. NULL: no table. */
void grille_stats_table_set_loop(grille_stats_table *table, const void *loop);
/* On the heap, with one reference: channels that were lent may outlive their server. NULL: no memory, or no table. */
grille_stats_table *grille_stats_table_new(size_t index, size_t count);
grille_stats_table *grille_stats_table_ref(grille_stats_table *table);
void grille_stats_table_unref(grille_stats_table *table);

/* The counters of a method, made when they are not there. NULL: no table or no memory; then nothing is counted. Any
 * thread; one heap call the first time, none later. */
grille_method_counters *grille_stats_method(grille_stats_table *table, const grille_method *method, bool is_caller);

/* All take NULL. Any thread, no lock; nothing is lost, whoever counts. */
void grille_stats_call_started(grille_method_counters *counters);
/* Codes of the library's own count as INTERNAL. */
void grille_stats_call_ended(grille_method_counters *counters, grille_code code, uint64_t latency_us);
void grille_stats_message_sent(grille_method_counters *counters, size_t bytes);
void grille_stats_message_received(grille_method_counters *counters, size_t bytes);
void grille_stats_refused(grille_stats_table *table, grille_refusal refusal);
/* A connection opened (OK), or did not. Evidence that was not accepted counts as a refusal too. */
void grille_stats_handshake(grille_stats_table *table, grille_reason reason);

/* A connection that opened is listed until it is removed. */
void grille_stats_add_connection(grille_stats_table *table, grille_connection_counters *connection);
void grille_stats_remove_connection(grille_stats_table *table, grille_connection_counters *connection);

/* A snapshot of `count` tables together. */
GRILLE_MUST_USE grille_reason grille_stats_take(grille_stats_table *const *tables, size_t count, grille_time_us now_us,
                                                grille_stats **stats);

#endif
