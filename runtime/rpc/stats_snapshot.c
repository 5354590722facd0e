/* SPDX-License-Identifier: Apache-2.0
 * From counters to a snapshot: one block of memory with all its arrays. */
#include <stdlib.h>
#include <string.h>

#include "grille/interceptor.h"
#include "rpc/stats.h"

#define read(counter) atomic_load_explicit(&(counter), memory_order_relaxed)

typedef struct snapshot {
    grille_stats stats; /* first: what the caller frees */
    grille_method_stats *methods;
    grille_reason_count *rejected;
    grille_connection_stats *connections;
    size_t connection_capacity;
} snapshot;

#define sum_of(counters, counter) (read((counters)->of_turn.counter) + read((counters)->calls.counter))

/* What is added while we read stays out: ends are read before starts, so that in_flight is never negative. */
static void add_calls(grille_call_stats *sum, const grille_method_counters *counters) {
    uint64_t ended = 0, started = 0;
    for (size_t code = 0; code < GRILLE_STATUS_CODES; code++) {
        uint64_t of_code = sum_of(counters, ended[code]);
        sum->ended[code] += of_code;
        ended += of_code;
    }
    atomic_thread_fence(memory_order_acquire);
    started = sum_of(counters, started);
    sum->started += started;
    sum->in_flight += started > ended ? started - ended : 0;
    sum->messages_sent += sum_of(counters, messages[GRILLE_MESSAGE_SENT]);
    sum->messages_received += sum_of(counters, messages[GRILLE_MESSAGE_RECEIVED]);
    sum->bytes_sent += sum_of(counters, bytes[GRILLE_MESSAGE_SENT]);
    sum->bytes_received += sum_of(counters, bytes[GRILLE_MESSAGE_RECEIVED]);
    sum->latency_sum_us += sum_of(counters, latency_sum_us);
    for (size_t bucket = 0; bucket < GRILLE_LATENCY_BUCKETS; bucket++)
        sum->latency_us[bucket] += sum_of(counters, latency_us[bucket]);
}

static void add_method(snapshot *made, const grille_method_counters *counters) {
    grille_stats *stats = &made->stats;
    size_t at = 0;
    while (at < stats->method_count &&
           (made->methods[at].method != counters->method || made->methods[at].is_caller != counters->is_caller))
        at++;
    if (at == stats->method_count) {
        made->methods[at] = (grille_method_stats){.method = counters->method, .is_caller = counters->is_caller};
        stats->method_count++;
    }
    add_calls(&made->methods[at].calls, counters);
    add_calls(counters->is_caller ? &stats->made : &stats->served, counters);
}

/* Chains grow at their head only: from one head on they stay as they are. */
typedef struct chain_heads {
    grille_method_counters *heads[GRILLE_STATS_CHAINS];
} chain_heads;

static size_t take_heads(grille_stats_table *table, chain_heads *heads) {
    size_t count = 0;
    for (size_t chain = 0; chain < GRILLE_STATS_CHAINS; chain++) {
        heads->heads[chain] = atomic_load_explicit(&table->chains[chain], memory_order_acquire);
        for (const grille_method_counters *at = heads->heads[chain]; at != NULL; at = at->next)
            count++;
    }
    return count;
}

static void add_methods(snapshot *made, const chain_heads *heads) {
    for (size_t chain = 0; chain < GRILLE_STATS_CHAINS; chain++) {
        for (const grille_method_counters *at = heads->heads[chain]; at != NULL; at = at->next)
            add_method(made, at);
    }
}

static void add_rejected(snapshot *made, grille_stats_table *const *tables, size_t count) {
    for (int reason = 0; reason < GRILLE_REASON_COUNT; reason++) {
        uint64_t rejected = 0;
        for (size_t at = 0; at < count; at++)
            rejected += read(tables[at]->rejected[reason]);
        if (rejected == 0) continue;
        made->rejected[made->stats.rejected_count++] =
            (grille_reason_count){.reason = (grille_reason)reason, .count = rejected};
    }
}

static grille_connection_stats connection_of(const grille_connection_counters *counters, grille_time_us now_us) {
    grille_connection_stats stats = {
        .number = counters->number,
        .age_ms = now_us > counters->since_us ? (now_us - counters->since_us) / 1000 : 0,
        .own_calls = read(counters->own_calls),
        .peer_calls = read(counters->peer_calls),
        .frames_received = read(counters->frames_received),
        .frames_sent = read(counters->frames_sent),
        .calls_refused = read(counters->calls_refused),
        .memory_bytes = read(counters->memory_bytes),
        .send_credit_bytes = read(counters->send_credit_bytes),
        .receive_credit_bytes = read(counters->receive_credit_bytes),
        .blocked_streams = read(counters->blocked_streams),
        .unconsumed_bytes = read(counters->unconsumed_bytes),
        .holder_stream = read(counters->holder_stream),
        .holder_bytes = read(counters->holder_bytes),
    };
    memcpy(stats.set, counters->set, sizeof stats.set);
    return stats;
}

/* Connections that opened since the room was measured are in the next snapshot. */
static void add_connections(snapshot *made, grille_stats_table *table, grille_time_us now_us) {
    pthread_mutex_lock(&table->lock);
    for (grille_link *link = table->connections.next; link != &table->connections; link = link->next) {
        if (made->stats.connection_count == made->connection_capacity) break;
        made->connections[made->stats.connection_count++] =
            connection_of(grille_container(link, grille_connection_counters, link), now_us);
    }
    pthread_mutex_unlock(&table->lock);
}

static size_t count_connections(grille_stats_table *table) {
    size_t count = 0;
    pthread_mutex_lock(&table->lock);
    for (const grille_link *link = table->connections.next; link != &table->connections; link = link->next)
        count++;
    pthread_mutex_unlock(&table->lock);
    return count;
}

static snapshot *allocate(size_t methods, size_t connections) {
    size_t bytes = sizeof(snapshot) + methods * sizeof(grille_method_stats) +
                   GRILLE_REASON_COUNT * sizeof(grille_reason_count) + connections * sizeof(grille_connection_stats);
    snapshot *made = calloc(1, bytes);
    if (made == NULL) return NULL;
    made->methods = (grille_method_stats *)(void *)(made + 1);
    made->rejected = (grille_reason_count *)(void *)(made->methods + methods);
    made->connections = (grille_connection_stats *)(void *)(made->rejected + GRILLE_REASON_COUNT);
    made->connection_capacity = connections;
    made->stats.methods = made->methods;
    made->stats.connections_rejected = made->rejected;
    made->stats.connections = made->connections;
    return made;
}

static void add_table(snapshot *made, grille_stats_table *table, const chain_heads *heads, grille_time_us now_us) {
    for (size_t refusal = 0; refusal < GRILLE_REFUSAL_COUNT; refusal++)
        made->stats.refused[refusal] += read(table->refused[refusal]);
    made->stats.connections_accepted += read(table->accepted);
    add_methods(made, heads);
    add_connections(made, table, now_us);
}

grille_reason grille_stats_take(grille_stats_table *const *tables, size_t count, grille_time_us now_us,
                                grille_stats **stats) {
    chain_heads *heads = calloc(count > 0 ? count : 1, sizeof *heads);
    size_t methods = 0, connections = 0;
    snapshot *made = NULL;
    *stats = NULL;
    if (heads == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    for (size_t at = 0; at < count; at++) {
        methods += take_heads(tables[at], &heads[at]);
        connections += count_connections(tables[at]);
    }
    made = allocate(methods, connections);
    if (made != NULL) {
        for (size_t at = 0; at < count; at++)
            add_table(made, tables[at], &heads[at], now_us);
        add_rejected(made, tables, count);
        *stats = &made->stats;
    }
    free(heads);
    return made != NULL ? GRILLE_REASON_OK : GRILLE_REASON_OUT_OF_MEMORY;
}

void grille_stats_free(grille_stats *stats) {
    free(stats);
}
