/* SPDX-License-Identifier: Apache-2.0
 * One connection: a socket, a secure channel end (secure/secure.h) on it, an endpoint (rpc/endpoint.h) on that. Belongs
 * to its loop's leader. */
#ifndef GRILLE_LOOP_CONNECTION_H
#define GRILLE_LOOP_CONNECTION_H

#include "loop/conduit.h"
#include "rpc/endpoint.h"
#include "secure/secure.h"

typedef struct grille_connection grille_connection;

/* What a connection tells its owner, on the loop's thread. Any function of the connection may be called inside. */
typedef struct grille_connection_events {
    /* The peer is verified and there is an endpoint: calls may be started. Once, at most. An initiator's first calls
     * may travel before the peer has verified us. */
    void (*on_started)(grille_connection *connection, void *user);
    /* Both ends are verified. Once, at most, after on_started. */
    void (*on_open)(grille_connection *connection, void *user);
    /* The peer has proved itself anew, or another policy accepts it: grille_connection_peer is another one. NULL:
     * nobody wants to know. */
    void (*on_renewed)(grille_connection *connection, void *user);
    /* Bytes came or left, or time passed: there may be room for more calls, the peer may drain, we may be drained. */
    void (*on_progress)(grille_connection *connection, void *user);
    /* The connection is over: every call on it has ended, no new one can be started. Once. The endpoint is gone for the
     * owner. `why` lives during the event; its code is OK when the owner closed it. */
    void (*on_ended)(grille_connection *connection, const grille_error *why, void *user);
    /* Another thread has work for the loop, which wakes it if it sleeps: somebody has to turn it. Any thread, at most
     * until on_ended. NULL where a thread always does. */
    void (*on_posted)(void *user);
    /* Socket, handles and handlers are gone; memory goes right afterwards. Once, last. */
    void (*on_freed)(grille_connection *connection, void *user);
} grille_connection_events;

typedef struct grille_connection_options {
    grille_secure_role role;
    grille_cipher cipher;
    const grille_crypto *crypto;
    grille_identity *identity;       /* referenced */
    grille_policy *policy;           /* referenced */
    uint64_t build;                  /* claim */
    grille_path_cache *cache;        /* NULL: none; outlives the connection */
    bool system_clock;               /* wall time of the machine even where our NSM tells it */
    uint32_t revoke_grace_ms;        /* what runs for a peer that the policy refuses gets this long */
    const grille_services *registry; /* NULL: serves nothing; outlives the connection */
    grille_executor *executor;       /* NULL: handlers run on the loop; outlives the connection */
    uint32_t max_streams;
    uint32_t max_calls; /* of ours; 0: GRILLE_DEFAULT_STREAMS */
    size_t max_message_bytes;
    size_t max_memory_bytes;
    uint32_t keepalive_interval_ms; /* 0: never */
    uint32_t keepalive_timeout_ms;
    uint32_t first_stream_id;                    /* for tests near the last id; 0: the first */
    grille_stats_table *stats;                   /* NULL: nothing is counted; outlives the connection */
    const grille_interceptor_list *interceptors; /* NULL: none; outlives the connection */
    const char *name;                            /* for log lines; copied, cut at 160 bytes */
    uint32_t idle_timeout_ms;                    /* drained after so long without a call; 0: never */
    uint32_t max_age_ms;                         /* drained when so old, with jitter of 10 %; 0: never */
    uint32_t max_age_grace_ms;                   /* and ended so long after that; 0: never */
} grille_connection_options;

/* Takes over the conduit (also when it fails: it is closed then) and starts the handshake. Errors: what
 * grille_secure_new answers, OUT_OF_MEMORY, LOOP_SOCKET. */
GRILLE_MUST_USE grille_reason grille_connection_new(grille_loop *loop, grille_conduit conduit,
                                                    const grille_connection_options *options,
                                                    const grille_connection_events *events, void *user,
                                                    grille_connection **connection, grille_error *error);

/* NULL before on_started and after on_ended. */
grille_endpoint *grille_connection_endpoint(grille_connection *connection);
/* A call comes now: asks for the memory that it will touch, unless the loop's last one was on this connection, too. */
void grille_connection_expect_call(grille_connection *connection);
/* The call after this one comes to this connection: asks for the memory that it will touch. */
void grille_connection_expect_next(const grille_connection *connection);
/* One comes soon: asks for what the two need. */
void grille_connection_expect_soon(const grille_connection *connection);
/* A channel to the services of the peer, over this connection (rpc/bound_channel.h); the connection's reference. NULL
 * before on_started; it stays when the connection has ended, until on_freed. */
grille_channel *grille_connection_peer_channel(grille_connection *connection);
/* NULL before on_started. */
const grille_peer_identity *grille_connection_peer(grille_connection *connection);
bool grille_connection_is_open(const grille_connection *connection);

/* From now on this policy decides and this identity is shown (from the next epoch on, if it is of the same kind); NULL:
 * as before. The peer is judged again at once: refused, it begins no call any more and what runs ends after
 * revoke_grace_ms; then the connection ends. One whose gate is not open yet ends at once. Events may come inside. */
void grille_connection_renew(grille_connection *connection, grille_policy *policy, grille_identity *identity);
/* Asks for a new epoch. GATE_TOO_SOON by our own limit, LOOP_WRONG_STATE before it is open. */
GRILLE_MUST_USE grille_reason grille_connection_reattest(grille_connection *connection);

/* To be called after something was done on the endpoint: what it has to say leaves at the end of this turn. */
void grille_connection_changed(grille_connection *connection);

/* Takes no new calls of the peer and closes when all have ended, ours too; at once when the peer is not verified yet.
 * `reason` is what the peer is told. */
void grille_connection_drain(grille_connection *connection, grille_drain_reason reason);

/* Ends it: calls of ours end with `code` and why's text, what is outgoing and a goodbye leave, then the socket closes.
 * on_ended comes inside. Harmless when it has ended. */
void grille_connection_end(grille_connection *connection, const grille_error *why, grille_code code);
/* The same because the owner wants it: on_ended gets a `why` of OK. */
void grille_connection_close(grille_connection *connection, grille_code code, const char *text);

#endif
