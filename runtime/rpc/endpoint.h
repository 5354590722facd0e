/* SPDX-License-Identifier: Apache-2.0
 * Calls on one open connection: sits on a session, starts calls of ours and dispatches calls of the peer. Sans-IO, one
 * thread (but for what runs on the executor). */
#ifndef GRILLE_RPC_ENDPOINT_H
#define GRILLE_RPC_ENDPOINT_H

#include "base/budget.h"
#include "base/footprint.h"
#include "grille/policy.h"
#include "rpc/client_call.h"
#include "rpc/executor.h"
#include "rpc/interceptor.h"
#include "rpc/registry.h"
#include "rpc/stats.h"
#include "session/session.h"
#include "wire/payload.h"

typedef struct grille_endpoint grille_endpoint;

typedef struct grille_endpoint_options {
    bool initiator;
    const grille_services *registry;  /* NULL: we serve nothing */
    grille_policy *policy;            /* referenced */
    const grille_peer_identity *peer; /* copied */
    grille_executor *executor;        /* NULL: offloaded methods run on the loop thread */
    grille_budget *budget;            /* outlives the endpoint */
    struct grille_depot *depot;       /* of the session; outlives the endpoint; NULL: none */
    uint32_t max_streams;             /* of the peer */
    uint32_t max_calls;               /* of ours, at once; 0: GRILLE_DEFAULT_STREAMS */
    size_t max_message_bytes;         /* of what the peer sends */
    bool exact_schema;                /* make no call of a service whose schema differs from the peer's */
    uint32_t keepalive_interval_ms;   /* as grille_session_options; 0: never */
    uint32_t keepalive_timeout_ms;
    grille_stats_table *stats;                   /* NULL: nothing is counted; outlives the endpoint */
    const grille_interceptor_list *interceptors; /* NULL: none; outlives the endpoint */
    uint32_t first_stream_id;                    /* for tests near the last id; 0: the first */
    /* Told of a GATE frame that came after the gate was open; the payload lives during the event, which must not touch
     * the endpoint. NULL: such a frame breaks the connection. */
    void (*on_gate)(void *user, grille_bytes payload);
    void *on_gate_user;
    /* For calls of ours that handlers make (rpc/bound_channel.h); NULL: none. The reference is the endpoint's from
     * grille_endpoint_new on, if that does not fail. */
    grille_channel *peer_channel;
    grille_time_us now_us;
} grille_endpoint_options;

GRILLE_MUST_USE grille_reason grille_endpoint_new(const grille_endpoint_options *options, grille_endpoint **endpoint);

/* Bytes of the opened channel, both ways, and time: as grille_session_recv, _send, _sent, _expiry and _tick. A reason
 * other than OK: the connection is broken, grille_endpoint_failure says why, what grille_endpoint_send yields is the
 * goodbye. */
GRILLE_MUST_USE grille_reason grille_endpoint_recv(grille_endpoint *endpoint, grille_bytes plain,
                                                   grille_time_us now_us);
/* As grille_session_recv_wish: long messages are read straight into the memory of their call. */
size_t grille_endpoint_recv_wish(const grille_endpoint *endpoint, uint8_t **room);
bool grille_endpoint_wants_write(const grille_endpoint *endpoint);
GRILLE_MUST_USE grille_reason grille_endpoint_send(grille_endpoint *endpoint, uint8_t *buffer, size_t capacity,
                                                   size_t *len, grille_time_us now_us);
/* All that grille_endpoint_send gave so far has been written to the transport. */
void grille_endpoint_sent(grille_endpoint *endpoint, grille_time_us now_us);
grille_time_us grille_endpoint_expiry(const grille_endpoint *endpoint);
GRILLE_MUST_USE grille_reason grille_endpoint_tick(grille_endpoint *endpoint, grille_time_us now_us);
const grille_error *grille_endpoint_failure(const grille_endpoint *endpoint);

/* Starts a call of ours; the endpoint takes over the caller's loop-side ownership until done. False when the peer's
 * stream limit is reached, the connection drains, or exact_schema waits for the peer's SETTINGS: the owner keeps the
 * call waiting. A method that the policy does not let the peer serve ends PERMISSION_DENIED and is not sent. */
GRILLE_MUST_USE bool grille_endpoint_start(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us);
/* Ends a call of ours that was started here, with RESET to the peer. */
void grille_endpoint_cancel(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us);

/* Whether grille_endpoint_start would take a call now. */
bool grille_endpoint_can_start(const grille_endpoint *endpoint);

/* Since when no call runs in either direction; GRILLE_TIME_NEVER while one does. */
grille_time_us grille_endpoint_idle_since(const grille_endpoint *endpoint);

/* Takes no new calls of the peer; grille_endpoint_is_drained once all have ended. */
void grille_endpoint_drain(grille_endpoint *endpoint, grille_drain_reason reason, grille_time_us now_us);
bool grille_endpoint_is_drained(const grille_endpoint *endpoint);
/* True when the peer drains: start new calls elsewhere. */
bool grille_endpoint_peer_drains(const grille_endpoint *endpoint);
/* That it is so because the ids of this end are used up, not because the peer wants it. */
bool grille_endpoint_ids_are_used_up(const grille_endpoint *endpoint);
/* Whether calls run on it: ours, the peer's. */
bool grille_endpoint_has_own_calls(const grille_endpoint *endpoint);
bool grille_endpoint_has_peer_calls(const grille_endpoint *endpoint);

/* The peer as a later epoch proved it, or as another policy judges it: for calls that start from now on. OUT_OF_MEMORY:
 * nothing has changed. */
GRILLE_MUST_USE grille_reason grille_endpoint_renew_peer(grille_endpoint *endpoint, const grille_peer_identity *peer);
/* What was told last; until the next renewal. */
const grille_peer_identity *grille_endpoint_peer(const grille_endpoint *endpoint);
/* From now on this policy is asked; referenced. */
void grille_endpoint_replace_policy(grille_endpoint *endpoint, grille_policy *policy);
/* Whether the policy in force accepts the peer: while it does not, new calls end PERMISSION_DENIED, in both directions;
 * what runs goes on. */
void grille_endpoint_set_revoked(grille_endpoint *endpoint, bool revoked);
/* Ends what runs, in both directions, with PERMISSION_DENIED and `text`: callers are told by STATUS where that is still
 * possible. */
void grille_endpoint_end_calls(grille_endpoint *endpoint, const char *text, grille_time_us now_us);

/* Ends every call: ours with `code` and `text`, the peer's as cancelled. No event after it but tasks that still run. */
void grille_endpoint_close(grille_endpoint *endpoint, grille_code code, const char *text);
/* False while a handler still runs on the executor, or the application still holds a call of the peer that it deferred
 * or keeps by grille_call_ref: free it later. `on_idle` tells. */
bool grille_endpoint_is_idle(const grille_endpoint *endpoint);
void grille_endpoint_on_idle(grille_endpoint *endpoint, void (*on_idle)(void *user), void *user);
/* Told when there is something to send outside recv and tick (a task was done). */
void grille_endpoint_on_write(grille_endpoint *endpoint, void (*on_write)(void *user), void *user);
/* After close and when idle. */
void grille_endpoint_free(grille_endpoint *endpoint);

/* The channel that it was given, or NULL. */
grille_channel *grille_endpoint_peer_channel(const grille_endpoint *endpoint);

/* Services that we called and that the peer generated from another schema. */
uint32_t grille_endpoint_different_schemas(const grille_endpoint *endpoint);

/* Its session's numbers; looks at every stream. */
grille_session_stats grille_endpoint_session_stats(const grille_endpoint *endpoint);
/* Monotonic time as the endpoint last heard it, for handlers' grille_call_remaining_ms. */
void grille_endpoint_set_clock(grille_endpoint *endpoint, grille_time_us (*clock_us)(void));

/* Adds what the next call touches. */
void grille_endpoint_footprint(const grille_endpoint *endpoint, grille_footprint *footprint);

#endif
