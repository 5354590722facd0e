/* SPDX-License-Identifier: Apache-2.0
 * What a server or a channel has done so far: counts, latencies, refusals. Counting is always on; nothing is ever
 * reset, so that two snapshots can be subtracted. docs/observability.md says what each number is good for. */
#ifndef GRILLE_STATS_H
#define GRILLE_STATS_H

#include "grille/method.h"
#include "grille/policy.h"
#include "grille/reasons.h"

#ifdef __cplusplus
extern "C" {
#endif

struct grille_channel;
struct grille_server;

/* Calls by how long they took: four buckets for each doubling, up to a minute; the last one has all that took longer.
 */
#define GRILLE_LATENCY_BUCKETS 104
/* Microseconds: calls of this bucket took less. UINT64_MAX for the last one. */
uint64_t grille_latency_bucket_end_us(size_t bucket);

/* Status codes that calls end with, 0 to 16. */
#define GRILLE_STATUS_CODES 17

/* Calls of one kind. All but in_flight only rise. */
typedef struct grille_call_stats {
    uint64_t started;
    uint64_t in_flight;
    uint64_t ended[GRILLE_STATUS_CODES]; /* by status code */
    uint64_t messages_sent;
    uint64_t messages_received;
    uint64_t bytes_sent; /* encoded messages, without frames and TLS */
    uint64_t bytes_received;
    uint64_t latency_sum_us;                     /* of calls that ended */
    uint64_t latency_us[GRILLE_LATENCY_BUCKETS]; /* how many of them are in each bucket */
} grille_call_stats;

/* The latency in microseconds that `permille` of 1,000 calls did not exceed, rounded up to the end of its bucket; 0
 * when no call has ended. Any thread. */
uint64_t grille_latency_us(const grille_call_stats *calls, unsigned permille);

typedef struct grille_method_stats {
    const grille_method *method;
    bool is_caller; /* calls that we made; else calls that we served */
    grille_call_stats calls;
} grille_method_stats;

/* X(identifier, name, what was refused) */
#define GRILLE_REFUSAL_MAP(X)                                                                                          \
    X(UNAUTHORIZED, "unauthorized", "calls of the peer that no may_call of the policy lists")                          \
    X(UNIMPLEMENTED, "unimplemented", "calls of the peer to a method that is not served here")                         \
    X(LIMIT, "limit", "calls of the peer over a limit of ours")                                                        \
    X(INTERCEPTOR, "interceptor", "calls that an interceptor refused")                                                 \
    X(EVIDENCE, "evidence", "peers whose evidence was not accepted")

typedef enum grille_refusal {
#define X(identifier, name, text) GRILLE_REFUSED_##identifier,
    GRILLE_REFUSAL_MAP(X)
#undef X
        GRILLE_REFUSAL_COUNT
} grille_refusal;

/* Stable lower-case name. Static storage; any thread. */
const char *grille_refusal_name(grille_refusal refusal);

/* Connections that did not open, by reason. */
typedef struct grille_reason_count {
    grille_reason reason;
    uint64_t count;
} grille_reason_count;

/* One connection whose peer is verified, as it was when it last wrote or its timer fired. */
typedef struct grille_connection_stats {
    uint64_t number;           /* of its server or channel, from 1 up; never used again */
    char set[GRILLE_NAME_MAX]; /* the policy's set that the peer passed */
    uint64_t age_ms;           /* since both ends were verified */
    uint32_t own_calls;        /* that we made, open now */
    uint32_t peer_calls;       /* that the peer made, open now */
    uint64_t frames_received;
    uint64_t frames_sent;
    uint64_t calls_refused;        /* of the peer, for want of a handler slot or because we drain */
    uint64_t memory_bytes;         /* held for this peer, of its budget */
    uint32_t send_credit_bytes;    /* that the peer still allows */
    uint32_t receive_credit_bytes; /* that we still allow */
    uint32_t blocked_streams;      /* that wait for the peer's credit */
    /* Of messages that came and are not consumed; a connection whose credit is used up is stalled by its holder. */
    uint32_t unconsumed_bytes;
    uint32_t holder_stream; /* the stream that holds most of them; 0: none */
    uint32_t holder_bytes;
} grille_connection_stats;

/* A snapshot. Counters are read one by one while the library runs: each is right, but they are not of one instant. */
typedef struct grille_stats {
    grille_call_stats made;             /* by us, all methods */
    grille_call_stats served;           /* by us, all methods */
    const grille_method_stats *methods; /* each that was called or is served */
    size_t method_count;
    uint64_t refused[GRILLE_REFUSAL_COUNT];
    uint64_t connections_accepted;                   /* both ends verified */
    const grille_reason_count *connections_rejected; /* only reasons that happened */
    size_t rejected_count;
    const grille_connection_stats *connections; /* open now */
    size_t connection_count;
} grille_stats;

/* Takes a snapshot; it is the caller's, to be freed by grille_stats_free. Any thread, callbacks and handlers included,
 * until the server or channel is freed. RESOURCE_EXHAUSTED (no memory): *stats is NULL. */
GRILLE_MUST_USE grille_code grille_server_get_stats(struct grille_server *server, grille_stats **stats);
GRILLE_MUST_USE grille_code grille_channel_get_stats(struct grille_channel *channel, grille_stats **stats);
/* NULL is ignored. */
void grille_stats_free(grille_stats *stats);

/* Serves the server's own counters as grille.v1.Stats (proto/grille/v1/stats.proto), before it starts; peers ask only
 * if a `may_call` says so. Policy and identity are those of the server. FAILED_PRECONDITION (POLICY-FORBIDS): a nitro
 * identity and a policy without `stats: true`, or any with `stats: false`; the errors of grille_server_register. Link
 * //runtime/services. */
GRILLE_MUST_USE grille_code grille_stats_serve(struct grille_server *server, const grille_policy *policy,
                                               const grille_identity *identity, grille_error *error);

#ifdef __cplusplus
}
#endif

#endif
