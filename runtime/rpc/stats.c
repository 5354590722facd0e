/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/turn.h"
#include "grille/interceptor.h"

#define add(counter, amount) atomic_fetch_add_explicit(&(counter), (amount), memory_order_relaxed)
#define read(counter)        atomic_load_explicit(&(counter), memory_order_relaxed)
/* By the only writer. */
#define raise(counter, amount) atomic_store_explicit(&(counter), read(counter) + (amount), memory_order_relaxed)
#define LATENCY_SUB_BUCKETS    4u
#define LATENCY_SUB_BITS       2u

/* ---- latency ---- */

/* Below 4 µs one bucket a microsecond, then four for each power of two. */
static size_t bucket_of(uint64_t latency_us) {
    unsigned power = 0;
    size_t bucket = 0;
    if (latency_us < LATENCY_SUB_BUCKETS) return (size_t)latency_us;
    power = 63u - (unsigned)__builtin_clzll(latency_us);
    bucket = LATENCY_SUB_BUCKETS * (power - 1) +
             (size_t)((latency_us >> (power - LATENCY_SUB_BITS)) & (LATENCY_SUB_BUCKETS - 1));
    return bucket < GRILLE_LATENCY_BUCKETS ? bucket : GRILLE_LATENCY_BUCKETS - 1;
}

uint64_t grille_latency_bucket_end_us(size_t bucket) {
    if (bucket < LATENCY_SUB_BUCKETS) return bucket + 1;
    if (bucket >= GRILLE_LATENCY_BUCKETS - 1) return UINT64_MAX;
    return (LATENCY_SUB_BUCKETS + bucket % LATENCY_SUB_BUCKETS + 1)
           << (bucket / LATENCY_SUB_BUCKETS + 1 - LATENCY_SUB_BITS);
}

uint64_t grille_latency_us(const grille_call_stats *calls, unsigned permille) {
    uint64_t all = 0, below = 0;
    for (size_t bucket = 0; bucket < GRILLE_LATENCY_BUCKETS; bucket++)
        all += calls->latency_us[bucket];
    if (all == 0) return 0;
    for (size_t bucket = 0; bucket < GRILLE_LATENCY_BUCKETS; bucket++) {
        below += calls->latency_us[bucket];
        if (below > 0 && below >= (all * permille + 999) / 1000) return grille_latency_bucket_end_us(bucket);
    }
    return UINT64_MAX;
}

const char *grille_refusal_name(grille_refusal refusal) {
    static const char *const names[GRILLE_REFUSAL_COUNT] = {
#define X(identifier, name, text) [GRILLE_REFUSED_##identifier] = (name),
        GRILLE_REFUSAL_MAP(X)
#undef X
    };
    return (unsigned)refusal < GRILLE_REFUSAL_COUNT ? names[refusal] : "unknown";
}

/* ---- tables ---- */

void grille_stats_table_init(grille_stats_table *table, size_t index, size_t count) {
    memset(table, 0, sizeof *table);
    pthread_mutex_init(&table->lock, NULL);
    grille_list_init(&table->connections);
    table->next_number = index + 1;
    table->number_step = count;
}

void grille_stats_table_deinit(grille_stats_table *table) {
    for (size_t chain = 0; chain < GRILLE_STATS_CHAINS; chain++) {
        for (grille_method_counters *at = atomic_load(&table->chains[chain]), *next; at != NULL; at = next) {
            next = at->next;
            free(at);
        }
    }
    pthread_mutex_destroy(&table->lock);
}

void grille_stats_table_set_loop(grille_stats_table *table, const void *loop) {
    if (table != NULL) atomic_store_explicit(&table->loop, loop, memory_order_relaxed);
}

grille_stats_table *grille_stats_table_new(size_t index, size_t count) {
    grille_stats_table *made = malloc(sizeof *made);
    if (made == NULL) return NULL;
    grille_stats_table_init(made, index, count);
    atomic_init(&made->references, 1);
    return made;
}

grille_stats_table *grille_stats_table_ref(grille_stats_table *table) {
    if (table != NULL) atomic_fetch_add(&table->references, 1);
    return table;
}

void grille_stats_table_unref(grille_stats_table *table) {
    if (table == NULL || atomic_fetch_sub(&table->references, 1) != 1) return;
    grille_stats_table_deinit(table);
    free(table);
}

static grille_method_counters *find(grille_stats_table *table, size_t chain, const grille_method *method,
                                    bool is_caller) {
    grille_method_counters *at = atomic_load_explicit(&table->chains[chain], memory_order_acquire);
    while (at != NULL && (at->method != method || at->is_caller != is_caller))
        at = at->next;
    return at;
}

static grille_method_counters *make(grille_stats_table *table, size_t chain, const grille_method *method,
                                    bool is_caller) {
    grille_method_counters *made = NULL;
    pthread_mutex_lock(&table->lock);
    made = find(table, chain, method, is_caller);
    if (made == NULL && (made = calloc(1, sizeof *made)) != NULL) {
        made->method = method;
        made->is_caller = is_caller;
        made->table = table;
        made->next = atomic_load_explicit(&table->chains[chain], memory_order_relaxed);
        atomic_store_explicit(&table->chains[chain], made, memory_order_release);
    }
    pthread_mutex_unlock(&table->lock);
    return made;
}

grille_method_counters *grille_stats_method(grille_stats_table *table, const grille_method *method, bool is_caller) {
    grille_method_counters *found = NULL;
    size_t chain = method->id % GRILLE_STATS_CHAINS;
    if (table == NULL) return NULL;
    found = find(table, chain, method, is_caller);
    return found != NULL ? found : make(table, chain, method, is_caller);
}

/* ---- counting ---- */

static bool is_in_turn(const grille_method_counters *counters) {
    return grille_turn_is_of(read(counters->table->loop));
}

void grille_stats_call_started(grille_method_counters *counters) {
    if (counters == NULL) return;
    if (is_in_turn(counters)) {
        raise(counters->of_turn.started, 1);
    } else {
        add(counters->calls.started, 1);
    }
}

void grille_stats_call_ended(grille_method_counters *counters, grille_code code, uint64_t latency_us) {
    if (counters == NULL) return;
    if ((unsigned)code >= GRILLE_STATUS_CODES) code = GRILLE_INTERNAL;
    if (is_in_turn(counters)) {
        raise(counters->of_turn.ended[code], 1);
        raise(counters->of_turn.latency_sum_us, latency_us);
        raise(counters->of_turn.latency_us[bucket_of(latency_us)], 1);
    } else {
        add(counters->calls.ended[code], 1);
        add(counters->calls.latency_sum_us, latency_us);
        add(counters->calls.latency_us[bucket_of(latency_us)], 1);
    }
}

static void count_message(grille_method_counters *counters, grille_message_direction direction, size_t bytes) {
    if (counters == NULL) return;
    if (is_in_turn(counters)) {
        raise(counters->of_turn.messages[direction], 1);
        raise(counters->of_turn.bytes[direction], bytes);
    } else {
        add(counters->calls.messages[direction], 1);
        add(counters->calls.bytes[direction], bytes);
    }
}

void grille_stats_message_sent(grille_method_counters *counters, size_t bytes) {
    count_message(counters, GRILLE_MESSAGE_SENT, bytes);
}

void grille_stats_message_received(grille_method_counters *counters, size_t bytes) {
    count_message(counters, GRILLE_MESSAGE_RECEIVED, bytes);
}

void grille_stats_refused(grille_stats_table *table, grille_refusal refusal) {
    if (table != NULL) add(table->refused[refusal], 1);
}

void grille_stats_handshake(grille_stats_table *table, grille_reason reason) {
    if (table == NULL) return;
    if (reason == GRILLE_REASON_OK) {
        add(table->accepted, 1);
        return;
    }
    add(table->rejected[(unsigned)reason < GRILLE_REASON_COUNT ? reason : GRILLE_REASON_INTERNAL], 1);
    if (strncmp(grille_reason_name(reason), "ATTEST-", 7) == 0) grille_stats_refused(table, GRILLE_REFUSED_EVIDENCE);
}

/* ---- connections ---- */

void grille_stats_add_connection(grille_stats_table *table, grille_connection_counters *connection) {
    if (table == NULL) return;
    pthread_mutex_lock(&table->lock);
    connection->number = table->next_number;
    table->next_number += table->number_step;
    grille_list_append(&table->connections, &connection->link);
    pthread_mutex_unlock(&table->lock);
}

void grille_stats_remove_connection(grille_stats_table *table, grille_connection_counters *connection) {
    if (table == NULL) return;
    pthread_mutex_lock(&table->lock);
    grille_list_remove(&connection->link);
    pthread_mutex_unlock(&table->lock);
}
