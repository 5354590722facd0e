/* SPDX-License-Identifier: Apache-2.0
 * A call from the caller's side: its encoded request, its options, its reply. Made on any thread, then owned by the
 * loop thread until it is done, then by the caller until the reply is freed. Objects are pooled, so that a call makes
 * no heap call in steady state. */
#ifndef GRILLE_RPC_CLIENT_CALL_H
#define GRILLE_RPC_CLIENT_CALL_H

#include "base/list.h"
#include "base/time.h"
#include "grille/call.h"
#include "grille/channel.h"
#include "grille/reasons.h"
#include "rpc/interceptor.h"
#include "rpc/stats.h"

typedef struct grille_call_pool grille_call_pool;

/* Reference-counted, any thread: calls that are out keep it alive. `max_idle` objects are kept for reuse. */
GRILLE_MUST_USE grille_reason grille_call_pool_new(size_t max_idle, grille_call_pool **pool);
/* Of its owner, once the loop is gone or will turn no more. */
void grille_call_pool_unref(grille_call_pool *pool);
/* The loop in whose turns most calls are made and end (base/turn.h): they then take no lock of the pool. */
void grille_call_pool_set_loop(grille_call_pool *pool, const void *loop);

/* Told once, on the loop thread, when the call is done: the reply is complete. */
typedef void grille_client_done_fn(grille_call *call, void *user);

/* How the application deals with a call. */
typedef enum grille_call_form {
    GRILLE_FORM_BARE, /* a unary call driven by hand: `done` is all that is told */
    GRILLE_FORM_BLOCKING_UNARY,
    GRILLE_FORM_ASYNC_UNARY,
    GRILLE_FORM_CALLBACK_STREAM,
    GRILLE_FORM_BLOCKING_STREAM
} grille_call_form;

/* What a channel asks for. */
typedef struct grille_client_call_request {
    grille_call_form form;
    const grille_method *method;
    const void *message;                         /* NULL where the caller streams */
    const grille_call_options *options;          /* NULL: defaults */
    size_t max_response_bytes;                   /* the channel's */
    const grille_interceptor_list *interceptors; /* NULL: none; outlives the call */
    grille_stats_table *stats;                   /* NULL: not counted; outlives the call until it is done */
    grille_time_us (*clock_us)(void);            /* NULL: no time passes before it has a connection */
    grille_time_us now_us;
    grille_client_done_fn *done;
    void *user;
} grille_client_call_request;

/* Checks the options, encodes the request, sets the deadline. One reference: the caller's. On failure *reply (may be
 * NULL) says why, must be freed, and no call exists. Any thread. */
GRILLE_MUST_USE grille_code grille_client_call_new(grille_call_pool *pool, const grille_client_call_request *request,
                                                   grille_call **call, grille_reply *reply);

/* The owner's link while the call waits for a connection (submission queue, waiting list). */
grille_link *grille_client_call_link(grille_call *call);
grille_call *grille_client_call_of_link(grille_link *link);
/* The owner's link between a notice (or hold) and grille_client_call_work. */
grille_link *grille_client_call_work_link(grille_call *call);
grille_call *grille_client_call_of_work_link(grille_link *link);
/* Somebody has to turn the loop while it runs: nobody blocks in it. */
bool grille_client_call_is_async(const grille_call *call);

grille_time_us grille_client_call_deadline(const grille_call *call);
bool grille_client_call_waits_for_ready(const grille_call *call);
/* Set by grille_call_cancel; the loop thread then ends the call. */
bool grille_client_call_cancel_requested(const grille_call *call);

/* How other threads reach the loop thread when the call has something to do there (it was cancelled, something is to be
 * sent, room was made): called on their thread, at most until the call is done, with the call's own lock held: it may
 * take the owner's lock, but must not end calls. */
typedef void grille_call_notice_fn(grille_call *call, void *user);
void grille_client_call_on_notice(grille_call *call, grille_call_notice_fn *notice, void *user);

/* The channel has the call in its lists, so that notices may come from now on; right after it put it there. Harmless
 * when it is done meanwhile (but not given away). */
void grille_client_call_submitted(grille_call *call);
/* The same on the channel's loop, inside the function that makes the call, before the list knows it. */
void grille_client_call_submitted_here(grille_call *call);

/* What a notice asked for, and what was held back; on the loop. False: the caller ended the call, which is on no
 * endpoint; its channel takes it from where it waits, then grille_client_call_withdraw ends it. */
GRILLE_MUST_USE bool grille_client_call_work(grille_call *call, grille_time_us now_us);
void grille_client_call_withdraw(grille_call *call);

/* How many attempts went before the next one, for the peer to know; on the loop, between two of them. */
void grille_client_call_set_previous_attempts(grille_call *call, uint32_t count);

/* Ends a call that is on no connection (or lost its own), loop thread: done follows inside. `text` is copied. */
void grille_client_call_fail(grille_call *call, grille_code code, const char *text);

/* Zeroed room for whoever owns the call on the loop thread (a channel keeps the application's callback here). */
#define GRILLE_CLIENT_CALL_OWNER_BYTES 64
void *grille_client_call_owner_space(grille_call *call);

/* Whether it is done, and its reply (valid until the last reference goes). The reply's `owner` carries one reference
 * that grille_reply_free gives back. */
bool grille_client_call_is_done(const grille_call *call);
void grille_client_call_take_reply(grille_call *call, grille_reply *reply);

#endif
