/* SPDX-License-Identifier: Apache-2.0
 * Inside of an endpoint: endpoint.c drives the session, endpoint_client.c carries our calls, endpoint_server.c
 * dispatches the peer's, whose files server_call_private.h lists. */
#ifndef GRILLE_RPC_ENDPOINT_PRIVATE_H
#define GRILLE_RPC_ENDPOINT_PRIVATE_H

#include <stdatomic.h>

#include "base/log_limit.h"
#include "rpc/call.h"
#include "rpc/client_call_private.h"
#include "rpc/endpoint.h"
#include "rpc/metadata.h"
#include "rpc/peer_services.h"
#include "rpc/peer_snapshot.h"
#include "rpc/server_call_private.h"
#include "session/session.h"
#include "wire/limits.h"

/* What each call touches stands first, close together, as in struct grille_connection (loop/connection_private.h). */
struct grille_endpoint {
    grille_session *session;
    const grille_services *registry;
    grille_policy *policy;
    grille_peer_snapshot *peer;
    grille_executor *executor;
    grille_budget *budget;
    grille_channel *peer_channel;
    grille_stats_table *stats;                   /* or NULL */
    const grille_interceptor_list *interceptors; /* or NULL */
    grille_time_us now_us;
    grille_time_us (*clock_us)(void);
    size_t calls; /* of the peer, whose slots are in use */
    size_t max_message_bytes;
    grille_peer_services peer_services;
    bool revoked; /* the policy in force does not accept the peer any more */
    bool exact_schema;
    bool settings_came;
    bool drained;
    bool closed;
    grille_link unread; /* our calls whose status came and whose messages wait to be read */
    void (*on_write)(void *user);
    void *on_write_user;
    void (*on_idle)(void *user);
    void *on_idle_user;

    void (*on_gate)(void *user, grille_bytes payload);
    void *on_gate_user;
    grille_log_limit log_limit;
    grille_code close_code;
    const char *close_text;           /* during grille_endpoint_close */
    grille_service_digest services[]; /* what the registry serves, for the session */
};

/* Time never goes back: what is told is that of the loop's turn, and a handler that returned was after that. */
static inline void grille_endpoint_set_now(grille_endpoint *endpoint, grille_time_us now_us) {
    if (now_us > endpoint->now_us) endpoint->now_us = now_us;
}

/* endpoint_client.c: events of our streams. */
void grille_endpoint_client_headers(grille_client_call *call, const grille_metadata_view *metadata);
void grille_endpoint_client_message(grille_client_call *call, grille_stream *stream, grille_bytes message);
void grille_endpoint_client_status(grille_client_call *call, grille_stream *stream, const grille_status_header *status);
void grille_endpoint_client_writable(grille_client_call *call);
void grille_endpoint_client_reset(grille_endpoint *endpoint, grille_client_call *call, grille_stream *stream,
                                  const grille_stream_end *end);
/* Ends the calls of `unread`: the connection is over. */
void grille_endpoint_client_end_unread(grille_endpoint *endpoint, grille_code code, const char *text);

/* endpoint_server.c: events of the peer's streams. */
void grille_endpoint_server_call(grille_endpoint *endpoint, grille_stream *stream, const grille_call_header *header);
void grille_endpoint_server_message(grille_server_call *call, grille_bytes message);
void grille_endpoint_server_half_close(grille_server_call *call);
void grille_endpoint_server_writable(grille_server_call *call);
void grille_endpoint_server_reset(grille_server_call *call, const grille_stream_end *end);

#endif
