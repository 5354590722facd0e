/* SPDX-License-Identifier: Apache-2.0
 * Inside of a caller's call: client_call.c makes and ends it, call_pool.c keeps it, caller.c and caller_*.c are the
 * public functions over a channel, client_watch.c what is seen from outside, endpoint_client.c and endpoint_stream.c
 * carry it. */
#ifndef GRILLE_RPC_CLIENT_CALL_PRIVATE_H
#define GRILLE_RPC_CLIENT_CALL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/call.h"
#include "rpc/call_watch.h"
#include "rpc/channel.h"
#include "rpc/client_call.h"
#include "rpc/leftover.h"
#include "rpc/metadata.h"
#include "rpc/peer_snapshot.h"
#include "rpc/send_queue.h"
#include "session/session.h"

enum {
    /* Metadata of the request, the decoded answer of a small call: no heap call for these. */
    GRILLE_CLIENT_CALL_FIRST_BYTES = 2048,
    /* A request up to this is encoded before its length is known, and needs no buffer. */
    GRILLE_CLIENT_CALL_SHORT_REQUEST_BYTES = 256,
    /* A request buffer of this size stays with a pooled call. */
    GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES = 16384,
    /* The same of a buffer for what a stream receives and sends, and of a call that runs. */
    GRILLE_CLIENT_CALL_KEPT_MESSAGE_BYTES = 65536
};

struct grille_endpoint;

/* Messages of a stream of answers, one after the other, in memory that is used again. */
typedef struct grille_client_inbox {
    uint8_t *room; /* the first block of the arena */
    size_t capacity;
    grille_budget budget;
    grille_arena arena;
    /* Blocking form: one encoded message for the reader; under the call's lock while `wanted`, then the reader's. */
    uint8_t *bytes;
    size_t bytes_capacity;
    size_t len;
    bool wanted;
    bool full;
    grille_leftover leftover; /* when the connection is gone; under the call's lock */
} grille_client_inbox;

typedef struct grille_client_call {
    grille_call base;
    grille_link link;        /* the channel's: submitted or waiting */
    grille_link work_link;   /* the channel's: notified or held */
    grille_link unread_link; /* the endpoint's: a status came, messages wait */
    grille_link family_link; /* in the parent's children */
    bool has_parent;
    grille_call_pool *pool;
    bool of_turn;            /* taken from the pool in a turn of its loop */
    grille_channel *channel; /* NULL: driven by hand */
    grille_call_form form;
    _Atomic uint32_t references;
    _Atomic bool cancel_requested;
    _Atomic bool is_done;
    _Atomic bool returned; /* the function that made it has: callbacks may come */

    const grille_method *method;
    grille_call_watch watch;
    grille_time_us (*clock_us)(void);
    bool waits_for_ready;
    bool no_retry;
    uint32_t previous_attempts;
    size_t max_response_bytes;
    grille_client_done_fn *done;
    void *user;
    _Alignas(max_align_t) uint8_t owner_space[GRILLE_CLIENT_CALL_OWNER_BYTES];

    /* The application's. */
    grille_deliver_fn *deliver;
    void (*callback)(void);
    const grille_stream_dispatch *dispatch;
    const void *events;
    void *events_user;
    grille_waiter *waiter; /* of a blocking unary call */

    bool handed_out;      /* the application got the handle: any thread may use it */
    bool unshared;        /* only its loop thread can reach it */
    pthread_mutex_t lock; /* for what follows, and notice against the end of the call */
    grille_call_notice_fn *notice;
    void *notice_user;
    grille_send_queue outbox;
    size_t peer_limit_bytes; /* of one message, once it is known; else 0 */
    bool session_full;       /* the session answered WINDOW_FULL */
    grille_code failure;     /* of a message that can't be sent or decoded: the call ends with it; else OK */
    char failure_text[192];
    bool sends_over; /* status, end or cancellation: nothing is sent any more */
    bool half_close_asked;
    bool half_close_sent;
    bool writable_asked; /* a send was answered AGAIN */
    size_t refused_len;  /* of that message */
    uint32_t pauses;
    bool discards;  /* nobody reads any more */
    bool read_over; /* no message follows those in the session; blocking form */
    bool ended_by_status;
    grille_waiter *reader; /* blocking form: who waits for what */
    grille_waiter *writer;
    grille_waiter *ender;

    grille_bytes encoded; /* the request of methods with one: in short_request or in `request` */
    uint8_t *request;
    size_t request_capacity;
    grille_metadata_builder metadata;

    /* One attempt; on the loop. */
    struct grille_endpoint *endpoint; /* while it has a stream */
    grille_peer_snapshot *peer;       /* for the interceptors: of the last endpoint, until the end; or NULL */
    grille_stream *stream;
    uint64_t messages_moved; /* from the outbox to the session */
    uint64_t messages_told;  /* of them, in all attempts */
    grille_bytes response;   /* encoded; the stream's */
    bool has_response;
    bool answered; /* initial metadata or a message of the answer came */
    bool tells_headers;
    bool status_came; /* and messages may wait to be read */
    grille_status_header status;

    grille_client_inbox inbox;
    grille_reply reply;
    grille_budget budget;
    grille_arena arena;
    uint8_t short_request[GRILLE_CLIENT_CALL_SHORT_REQUEST_BYTES];
    _Alignas(max_align_t) uint8_t first[GRILLE_CLIENT_CALL_FIRST_BYTES];
} grille_client_call;

/* The call behind a handle of a caller; NULL for a handler's. */
static inline grille_client_call *grille_client_call_of(grille_call *call) {
    return call != NULL && call->side == GRILLE_CALL_OF_CALLER ? (grille_client_call *)(void *)call : NULL;
}

static inline bool grille_method_streams_requests(const grille_method *method) {
    return method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}

static inline bool grille_method_streams_responses(const grille_method *method) {
    return method->kind == GRILLE_METHOD_SERVER_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}

/* What every caller's call does for call.c, and calls of one form besides. */
extern const grille_call_ops grille_client_call_ops, grille_callback_stream_ops, grille_blocking_stream_ops;
void grille_client_call_take_ref(grille_call *call);
void grille_client_call_give_ref(grille_call *call);

/* call_pool.c */
grille_client_call *grille_call_pool_take(grille_call_pool *pool);
void grille_call_pool_give(grille_client_call *call);

/* client_call.c: the reply is complete; wakes the owner. */
void grille_client_call_complete(grille_client_call *call, grille_code code, grille_bytes text);
/* Decodes into an arena what lives as long as it; a copy is made where the codec borrows and `encoded` does not live as
 * long. The code for the caller, with its text in `error`. */
grille_code grille_client_call_decode(grille_client_call *call, grille_bytes encoded, bool copy, grille_arena *arena,
                                      const void **message, grille_error *error);

/* ---- client_watch.c ---- */

/* Counts the call and runs on_start, before the request is encoded. Not OK: *text says why; the end is still to be
 * told. */
GRILLE_MUST_USE grille_code grille_client_watch_start(grille_client_call *call,
                                                      const grille_client_call_request *request, const char **text);
/* The reply's headers came. */
void grille_client_watch_headers(grille_client_call *call);
/* The reply is complete; the first time counts. */
void grille_client_watch_end(grille_client_call *call);
/* Whom the call now goes to; NULL: nobody. Referenced. */
void grille_client_watch_peer(grille_client_call *call, grille_peer_snapshot *peer);

/* A copy of one encoded message for the reader, who may be on another thread; under the call's lock. */
GRILLE_MUST_USE bool grille_client_inbox_put(grille_client_inbox *inbox, grille_bytes message);
/* Wipes the last message. One that needed more than the first block finds a larger one the next time. */
void grille_client_inbox_forget(grille_client_inbox *inbox);

/* ---- caller.c ---- */

/* What a channel's call of any form starts from. Between enter and leave. On failure *reply (may be NULL) says why. */
GRILLE_MUST_USE grille_code grille_caller_make(grille_channel *channel, const grille_client_call_request *request,
                                               grille_client_call **call, grille_reply *reply);
/* Hands it to its channel; when that refuses it the reference of the loop's is gone, and the code says why. */
GRILLE_MUST_USE grille_code grille_caller_submit(grille_client_call *call, bool turns);
/* The last callback of a call that is done, once the function that made it has returned. */
void grille_caller_deliver(grille_client_call *call);
/* With the lock held: tells the loop that the call has something to do; `turns` as in grille_channel_ops. */
void grille_caller_notify(grille_client_call *call, bool turns);

/* ---- caller_stream.c: sending, both forms; with the lock held ---- */

/* Whether a message of `len` bytes may be taken now. */
bool grille_caller_has_room(const grille_client_call *call, size_t len);
/* CLOSED or OK: whether anything may be sent. */
grille_code grille_caller_check_send(const grille_client_call *call);
/* The length of a message, when it may be sent. CLOSED, or the code that refuses it for good: the call then ends with
 * that code and its reason. */
grille_code grille_caller_measure(grille_client_call *call, const void *message, size_t *len, bool turns);
/* Encodes a message that there is room for. */
grille_code grille_caller_queue(grille_client_call *call, const void *message, size_t len, bool turns);

/* ---- endpoint_client.c and endpoint_stream.c; on the loop ---- */

/* Brings to the session what waits in the outbox, as far as it goes, and tells who waited for room. */
void grille_client_stream_flush(grille_client_call *call);
/* Hands received messages to the application as far as it takes them, then the status. */
void grille_client_stream_deliver(grille_client_call *call);
/* A message went to the session. Without the lock: interceptors are the application's. They hear of it once, however
 * often it is sent. */
void grille_client_stream_tell_sent(grille_client_call *call, size_t len);
/* The session would take more. */
void grille_client_stream_writable(grille_client_call *call);
/* Resets the stream and ends the call. */
void grille_client_call_end_here(grille_client_call *call, grille_reset_code reset, grille_code code, const char *text);
/* Ends a call whose status came and whose messages were read. */
void grille_client_call_end_by_status(grille_client_call *call);
/* Initial metadata of the answer for the application, once. */
void grille_client_stream_tell_headers(grille_client_call *call);
/* The endpoint has something to send. */
void grille_endpoint_changed(struct grille_endpoint *endpoint);
/* A call is not on this endpoint any more; its stream is the caller's of this to release. */
grille_stream *grille_client_call_detach(grille_client_call *call);

#endif
