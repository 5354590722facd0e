/* SPDX-License-Identifier: Apache-2.0
 * Inside of a handler's call, from CALL to the end of its slot.
 *
 *   endpoint_server.c  finds the method, asks the policy, makes the call, runs unary handlers
 *   server_call.c      what handlers may ask of any call
 *   server_life.c      its ends, its references, its way back to the loop thread
 *   server_answer.c    headers, response, status
 *   server_watch.c     counters, probes, interceptors
 *   server_send.c      messages of ours, from any thread
 *   server_stream.c    streams in the callback form
 *   server_blocking.c  streams in the blocking form, on workers
 *
 * Which thread: `the loop thread` is the one that turns the connection's loop. The handler's thread may be another one;
 * so may any thread of the application. What several of them touch is under the call's lock. Nothing of the
 * application's is called under it. */
#ifndef GRILLE_RPC_SERVER_CALL_PRIVATE_H
#define GRILLE_RPC_SERVER_CALL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/call.h"
#include "rpc/call_watch.h"
#include "rpc/executor.h"
#include "rpc/handover.h"
#include "rpc/metadata.h"
#include "rpc/peer_snapshot.h"
#include "rpc/registry.h"
#include "session/session.h"

typedef struct grille_endpoint grille_endpoint;

enum {
    /* What a handler makes, and one decoded message of a stream: no heap call for these. */
    GRILLE_SERVER_MEMORY_BYTES = 512,
    GRILLE_SERVER_MESSAGE_BYTES = 2048
};

/* Of a streaming call only. */
typedef struct grille_server_stream {
    bool receives; /* the caller streams */
    bool sends;    /* we stream */
    bool blocking; /* the handler is on a worker */

    /* The loop thread's. */
    bool opened;          /* open returned OK, or the worker was asked to run */
    bool end_told;        /* or there is none */
    bool pumping;         /* messages are being told */
    bool half_closed;     /* no message follows */
    bool half_close_told; /* or, blocking, handed over */
    bool session_full;    /* the session will tell when it takes another message */

    /* Under the call's lock. */
    bool wants_writable; /* a send was answered AGAIN */
    bool inbox_full;     /* the session holds messages that the worker has no room for */
    bool no_more;        /* blocking: the worker has all messages that come */
    uint32_t pauses;
    grille_handover outbox; /* from any thread to the loop thread */
    grille_handover inbox;  /* blocking: from the loop thread to the worker */
    pthread_cond_t changed; /* blocking: inbox, outbox or the end */

    grille_arena message_arena; /* one decoded message: of the thread that runs the handler */
    _Alignas(max_align_t) uint8_t message_memory[GRILLE_SERVER_MESSAGE_BYTES];
} grille_server_stream;

/* What a handler makes that is not, or not only, on the loop thread: the stream's arena is the session's there. */
typedef struct grille_server_memory {
    grille_arena arena;
    _Alignas(max_align_t) uint8_t first[GRILLE_SERVER_MEMORY_BYTES];
} grille_server_memory;

/* A call of the peer; lives in its stream's arena. */
typedef struct grille_server_call {
    grille_call base;
    grille_endpoint *endpoint;
    grille_peer_snapshot *peer; /* a reference */
    grille_stream *stream;
    const grille_registered_method *registered;
    grille_server_stream *streaming; /* NULL: unary */
    grille_server_memory *memory;    /* NULL: the handler runs to its end on the loop thread */
    grille_arena *arena;             /* what the handler makes: the session's stream's, or one of its own */
    grille_arena no_memory;          /* zeroed: gives nothing */
    uint32_t max_send_bytes;         /* what the caller takes */
    grille_metadata_view request_metadata;
    grille_metadata pairs; /* made when asked for */
    bool pairs_made;

    /* The loop thread's. */
    bool has_request;
    bool headers_sent;
    bool running;   /* on a worker */
    bool over;      /* answered, or ended otherwise */
    uint8_t inside; /* functions that must return before the call can go */
    grille_bytes request_bytes;
    void *request;
    grille_call_watch watch;

    /* Of the thread that answers. */
    void *response;
    grille_bytes encoded; /* the response, when it had to be encoded before its turn */
    bool has_encoded;
    grille_code result;
    grille_code returned; /* by the handler */
    char *text;           /* of grille_fail */
    grille_bytes details;
    grille_metadata_builder headers;
    grille_metadata_builder trailers;

    /* Other threads may know the call: it is offloaded, deferred, referenced or a stream. Set on the thread of the
     * handler, before they do. Until then the loop thread needs no lock. */
    bool shared;
    grille_time_us ended_us; /* when the handler returned, if that was here and just now; else 0 */
    pthread_mutex_t lock;
    /* Under it. */
    uint32_t references; /* the application's */
    bool mail_waits;     /* `mail` is on its way to the loop thread */
    bool deferred;
    bool answering;              /* somebody prepares the answer */
    bool answered;               /* result, text and the rest stand */
    bool broken;                 /* the answer is that a message could not be sent */
    bool headers_frozen;         /* nothing is added any more */
    bool wants_headers;          /* send them now */
    grille_call_ended_fn *ended; /* or NULL: told, or never asked for */
    void *ended_user;
    grille_call_end why; /* once it is over */

    _Atomic bool cancelled; /* nobody waits for the answer */
    grille_task task;       /* the handler on a worker */
    grille_task mail;       /* something for the loop thread */
} grille_server_call;

/* The lock, for the loop thread. */
static inline void grille_server_call_lock(grille_server_call *call) {
    if (call->shared) pthread_mutex_lock(&call->lock);
}

static inline void grille_server_call_unlock(grille_server_call *call) {
    if (call->shared) pthread_mutex_unlock(&call->lock);
}

/* The call behind a handle of a handler; NULL for a caller's. */
grille_server_call *grille_server_call_of(grille_call *call);

/* ---- server_life.c ---- */

/* Gives the handler an arena of its own; without memory one that is always used up. */
void grille_server_own_memory(grille_server_call *call);
/* Makes the call of a stream; NULL for want of memory. */
grille_server_call *grille_server_call_make(grille_endpoint *endpoint, grille_stream *stream,
                                            const grille_registered_method *registered,
                                            const grille_call_header *header);
/* Around each function of the handler that runs on the loop thread. Leaving ends the call when its time has come: it
 * must not be touched afterwards. */
void grille_server_call_enter(grille_server_call *call);
void grille_server_call_leave(grille_server_call *call);
/* Delivers the answer that stands, tells the end, gives the slot back, as far as each can be done now. The call must
 * not be touched afterwards. Loop thread. */
void grille_server_call_settle(grille_server_call *call);
/* The call is over but for its answer, if that was handed over: `why`. Wakes who waits. Loop thread. */
void grille_server_call_end(grille_server_call *call, grille_call_end why);
/* This end gives the call up: the caller is told `code`, the handler `why`. Loop thread. */
void grille_server_call_abandon(grille_server_call *call, grille_code code, const char *text, grille_call_end why);
/* Whether this thread is the loop thread. */
bool grille_server_call_is_here(const grille_server_call *call);
/* Has the loop thread look at the call: marks it, under the lock; true when the caller has to post the mail after it
 * gave up the lock, and not touch the call afterwards. */
GRILLE_MUST_USE bool grille_server_call_mark(grille_server_call *call);
void grille_server_call_post(grille_server_call *call);
/* What was said outside of events leaves soon. */
void grille_endpoint_notify_write(grille_endpoint *endpoint);

/* ---- server_answer.c ---- */

/* Whether one more line about this peer may go to the log. */
bool grille_endpoint_may_log(grille_endpoint *endpoint);
/* Sets the text of the status; false without memory. */
void grille_server_set_text(grille_server_call *call, const char *text);
/* Sends initial metadata, once. Loop thread. */
GRILLE_MUST_USE grille_reason grille_server_send_headers(grille_server_call *call);
/* Bytes of a message of ours; RPC_MESSAGE_TOO_LONG over what the caller takes. Any thread. */
GRILLE_MUST_USE grille_reason grille_server_measure(const grille_server_call *call, const void *message, size_t *len,
                                                    grille_error *error);
/* Encodes into the session. SESSION_WINDOW_FULL: nothing was taken. Loop thread. */
GRILLE_MUST_USE grille_reason grille_server_send_message(grille_server_call *call, const void *message,
                                                         grille_error *error);
/* Sends the answer that stands and ends the call. Loop thread. */
void grille_server_deliver(grille_server_call *call);
/* Ends a stream that has no call, or whose handler was never asked: status, release. */
void grille_server_refuse(grille_stream *stream, grille_code code, const char *text);

/* ---- server_watch.c; loop thread ---- */

/* The policy has allowed the call. False: an interceptor refused it, and it is over. */
GRILLE_MUST_USE bool grille_server_watch_start(grille_server_call *call);
/* Before the headers leave: interceptors may change them. */
GRILLE_MUST_USE grille_reason grille_server_watch_headers(grille_server_call *call);
/* The end, once, before the trailers leave: interceptors may change them. */
void grille_server_watch_end(grille_server_call *call, grille_code code, const char *text,
                             grille_metadata_builder *trailers);

/* ---- server_send.c ---- */

/* Moves what waits in the outbox to the session; false when something still waits, or when that ended the call. Loop
 * thread. */
bool grille_server_drain_outbox(grille_server_call *call);
/* Tells the handler once that there is room again, if it was told that there is none. Loop thread, between enter and
 * leave. */
void grille_server_tell_writable(grille_server_call *call);
/* Puts a message into the outbox, or answers AGAIN, CLOSED or why it can't be sent. `wait` (blocking form): waits for
 * room. Not the loop thread. */
grille_code grille_server_queue_message(grille_server_call *call, const void *message, bool wait);
/* What a function of the blocking form answers once the call is over. */
grille_code grille_server_ended_code(grille_call_end why);
grille_code grille_server_ask_headers(grille_call *call);
void grille_server_ref(grille_call *call);
void grille_server_unref(grille_call *call);
extern const grille_call_ops grille_server_unary_ops;
extern const grille_call_ops grille_server_stream_ops;

/* ---- server_stream.c ---- */

/* The handler's open; *request is decoded, or NULL. */
void grille_server_stream_open(grille_server_call *call);
/* Tells messages and half-close as far as the handler takes them. */
void grille_server_stream_pump(grille_server_call *call);

/* ---- server_blocking.c ---- */

/* Hands messages and half-close to the worker as far as there is room. */
void grille_server_feed(grille_server_call *call);
extern const grille_call_ops grille_server_blocking_ops;

#endif
