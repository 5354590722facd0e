/* SPDX-License-Identifier: Apache-2.0
 * Inside of a caller's call: client_call.c makes and ends it, call_pool.c keeps it, endpoint_client.c carries it. */
#ifndef GRILLE_RPC_CLIENT_CALL_PRIVATE_H
#define GRILLE_RPC_CLIENT_CALL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/call.h"
#include "rpc/client_call.h"
#include "rpc/metadata.h"
#include "session/session.h"

enum {
    /* Metadata of the request, the decoded answer of a small call: no heap call for these. */
    GRILLE_CLIENT_CALL_FIRST_BYTES = 2048,
    /* A request buffer of this size stays with a pooled call. */
    GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES = 16384
};

typedef struct grille_client_call {
    grille_call base;
    grille_link link;
    grille_link family_link; /* in the parent's children */
    grille_call_pool *pool;
    _Atomic uint32_t references;
    _Atomic bool cancel_requested;
    _Atomic bool is_done;

    pthread_mutex_t lock; /* guards notice against the end of the call */
    grille_cancel_notice_fn *notice;
    void *notice_user;

    const grille_method *method;
    grille_time_us deadline_us;
    bool waits_for_ready;
    size_t max_response_bytes;
    grille_client_done_fn *done;
    void *user;
    _Alignas(max_align_t) uint8_t owner_space[GRILLE_CLIENT_CALL_OWNER_BYTES];

    uint8_t *request;
    size_t request_len;
    size_t request_capacity;
    grille_metadata_builder metadata;

    grille_stream *stream; /* while it is on a connection */
    grille_bytes response; /* encoded; the stream's */
    bool has_response;

    grille_reply reply;
    grille_budget budget;
    grille_arena arena;
    _Alignas(max_align_t) uint8_t first[GRILLE_CLIENT_CALL_FIRST_BYTES];
} grille_client_call;

/* The call behind a handle of a caller. */
grille_client_call *grille_client_call_of(grille_call *call);

/* What every caller's call does for call.c. */
extern const grille_call_ops grille_client_call_ops;

/* call_pool.c */
grille_client_call *grille_call_pool_take(grille_call_pool *pool);
void grille_call_pool_give(grille_client_call *call);

/* client_call.c: the reply is complete; wakes the owner. */
void grille_client_call_complete(grille_client_call *call, grille_code code, grille_bytes text);

#endif
