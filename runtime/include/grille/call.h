/* SPDX-License-Identifier: Apache-2.0
 * One call, as its handler sees it and as its caller holds it. */
#ifndef GRILLE_CALL_H
#define GRILLE_CALL_H

#include "grille/identity.h"
#include "grille/metadata.h"
#include "grille/method.h"

#ifdef __cplusplus
extern "C" {
#endif

struct grille_channel;

/* A handle of a call. Of an asynchronous call or stream it lives until its last callback (done, end) has returned; in a
 * unary handler until the handler has returned or, when it deferred, until grille_call_answer; of a blocking stream
 * until grille_call_finish. grille_call_ref keeps it. */
typedef struct grille_call grille_call;

/* How a call of a handler ended. */
typedef enum grille_call_end {
    GRILLE_CALL_END_ANSWERED,        /* the answer was handed to the connection */
    GRILLE_CALL_END_CANCELLED,       /* by the caller */
    GRILLE_CALL_END_DEADLINE,        /* the caller's deadline passed */
    GRILLE_CALL_END_CONNECTION_LOST, /* or closed */
    GRILLE_CALL_END_BROKEN           /* a rule or a limit was broken, at either end; the log says which */
} grille_call_end;

/* ---- in handlers: on the thread that runs the handler ---- */

/* Ends the call with this code and a message for the caller (printf form, cut at 1,024 bytes). Returns the code, so
 * that `return grille_fail(call, GRILLE_NOT_FOUND, "no key %s", id);` ends a handler. A code of the library's own
 * (1000 and up) becomes INTERNAL. */
grille_code grille_fail(grille_call *call, grille_code code, const char *format, ...) GRILLE_PRINTF(3, 4);

/* Adds error details (an encoded google.rpc.Status) to a failing answer; copied. RESOURCE_EXHAUSTED when too long. */
GRILLE_MUST_USE grille_code grille_call_set_details(grille_call *call, grille_bytes details);

/* The peer's verified identity. Never NULL; valid until the call ends. In a caller's hands: of nobody (see
 * grille_channel_get_peer). */
const grille_peer_identity *grille_peer(const grille_call *call);

/* The method that was called. */
const grille_method *grille_call_method(const grille_call *call);

/* The caller's metadata; valid until the call ends. Never NULL. */
const grille_metadata *grille_call_metadata(const grille_call *call);

/* Adds initial metadata or trailing metadata to the answer; key and value are copied. INVALID_ARGUMENT for a key or
 * value that metadata.h does not allow, RESOURCE_EXHAUSTED over the peer's limit. */
GRILLE_MUST_USE grille_code grille_call_add_header(grille_call *call, const char *key, grille_bytes value);
GRILLE_MUST_USE grille_code grille_call_add_trailer(grille_call *call, const char *key, grille_bytes value);

/* For a failing answer: the caller's library, where its policy lets it try the call again, does so after this time
 * (below 2^31 ms) instead of a pause of its own, or not at all. Once. INVALID_ARGUMENT, RESOURCE_EXHAUSTED over the
 * peer's limit of metadata. */
#define GRILLE_PUSH_BACK_FOR_GOOD UINT32_MAX
GRILLE_MUST_USE grille_code grille_call_push_back(grille_call *call, uint32_t delay_ms);

/* Memory that lives until the answer is on its way; for what a response points to. Zeroed; wiped afterwards. NULL when
 * the connection's budget is used up: answer RESOURCE_EXHAUSTED. */
void *grille_call_alloc(grille_call *call, size_t bytes);

/* A text (printf form) in such memory, with a 0 behind it; data is NULL when the connection's budget is used up. */
GRILLE_MUST_USE grille_bytes grille_call_format(grille_call *call, const char *format, ...) GRILLE_PRINTF(2, 3);

/* Milliseconds until the caller's deadline; 0 when it has passed, UINT64_MAX without one. Only in handlers. */
uint64_t grille_call_remaining_ms(const grille_call *call);

/* True when nobody waits for the answer any more (cancelled, deadline passed, connection gone). Any thread. */
bool grille_call_cancelled(const grille_call *call);

/* ---- answering later: handlers of unary methods ---- */

/* The handler's own code is ignored when it returns; the call is answered by grille_call_answer, from any thread,
 * exactly once (also when it has ended meanwhile: that gives the handle back). Request, metadata and grille_call_alloc
 * stay usable until then, by one thread at a time. Inside the handler only. */
void grille_call_defer(grille_call *call);

/* Answers a deferred call, or a streaming one: `code`, and with OK the response (NULL where responses are streamed).
 * The text of grille_fail travels. The response is encoded before it returns: what it points to may go. The handle is
 * dead for this thread afterwards. OK; CANCELLED when nobody waits any more; INVALID_ARGUMENT or RESOURCE_EXHAUSTED
 * when the response can't be sent (the caller is told INTERNAL or RESOURCE_EXHAUSTED). Any thread. */
grille_code grille_call_answer(grille_call *call, grille_code code, const void *response);

/* Told once on the loop thread when a unary call ends before it is answered. Inside the handler only; it must not
 * answer the call itself. */
typedef void grille_call_ended_fn(grille_call *call, grille_call_end why, void *user);
void grille_call_on_ended(grille_call *call, grille_call_ended_fn *ended, void *user);

/* A pointer that the application keeps with a call; NULL at first. One thread at a time. */
void grille_call_set_data(grille_call *call, void *data);
void *grille_call_data(const grille_call *call);

/* The other direction: calls to services of the peer, on this very connection. Borrowed until the call ends;
 * grille_channel_ref keeps it. Each method must be listed under `serves` of the policy's set that the peer passed. */
struct grille_channel *grille_call_peer_channel(grille_call *call);

/* ---- streams, at either end; generated code gives them typed ----
 * A stream belongs to one of two forms. In the callback form events come on the loop thread and nothing blocks. In the
 * blocking form (callers: grille_call_begin_stream; handlers: methods marked offload) read and write wait. A function
 * of the other form answers FAILED_PRECONDITION. */

/* Callback form: sends one message, encoded before it returns. Any thread. AGAIN when the window is full: nothing was
 * taken, `writable` follows once. CLOSED after half-close, answer or end. INVALID_ARGUMENT when it can't be encoded,
 * RESOURCE_EXHAUSTED over a limit or without memory: the call ends with that (a handler's with INTERNAL where it could
 * not encode) and a text that names limit and size, so that no stream goes on without one of its messages. */
GRILLE_MUST_USE grille_code grille_call_send(grille_call *call, const void *message);

/* Callback form: no `message` event comes while paused; the peer is slowed down by its window. Counted: as many resumes
 * as pauses. Any thread. */
void grille_call_pause(grille_call *call);
void grille_call_resume(grille_call *call);

/* Blocking form: as grille_call_send, but waits for room. CANCELLED, DEADLINE_EXCEEDED or UNAVAILABLE when the call
 * ended while it waited (callers: grille_call_finish tells the status). One thread at a time writes, another one may
 * read. */
GRILLE_MUST_USE grille_code grille_call_write(grille_call *call, const void *message);
/* Blocking form: waits for the next message; it lives until the next read or the call's end. END_OF_STREAM when there
 * is none any more; the codes of grille_call_write when the call ended early. */
GRILLE_MUST_USE grille_code grille_call_read(grille_call *call, const void **message);

/* Initial metadata of the answer leaves with the first message or the answer; this sends it now. Handlers, any thread.
 * FAILED_PRECONDITION when it has left. */
GRILLE_MUST_USE grille_code grille_call_send_headers(grille_call *call);

/* Callers: no message follows. Any thread. CLOSED when it was said, or the call is over. */
GRILLE_MUST_USE grille_code grille_call_half_close(grille_call *call);

/* ---- in callers ---- */

/* Ends an asynchronous call or a stream with CANCELLED; its last callback still comes, once, and a blocking stream is
 * still to be finished. Any thread; harmless when it is over. */
void grille_call_cancel(grille_call *call);

/* Keeps a handle beyond its end, and gives it back; after the end nothing but these two, grille_call_data and
 * grille_call_cancelled may be asked. Any thread, both ends. */
grille_call *grille_call_ref(grille_call *call);
void grille_call_unref(grille_call *call);

/* Options of one call; made by GRILLE_CALL_OPTIONS(.timeout_ms = 500) or, in C++, grille_call_options_default(). */
typedef struct grille_call_options {
    size_t size;                     /* sizeof(grille_call_options); 0 is INVALID_ARGUMENT */
    uint32_t timeout_ms;             /* 0: the method's default, else none */
    bool wait_for_ready;             /* wait through connection failures instead of UNAVAILABLE */
    const grille_metadata *metadata; /* borrowed until the call function returns; may be NULL */
    size_t max_response_bytes;       /* 0: the method's, else the channel's limit */
    grille_call *parent; /* the handler's call that this one serves: its deadline holds here too, and its end
                            cancels this call; borrowed until the call function returns; may be NULL */
    bool no_retry;       /* one attempt, whatever the method and the channel say */
} grille_call_options;

#define GRILLE_CALL_OPTIONS(...) ((grille_call_options){.size = sizeof(grille_call_options), __VA_ARGS__})
grille_call_options grille_call_options_default(void);

/* The answer of a call; generated code gives it typed. Always initialised. Everything that it shows lives until
 * grille_reply_free (blocking calls) or until the callback returns (asynchronous calls). */
typedef struct grille_reply {
    grille_code code;
    const char *message; /* for people; "" when there is none */
    grille_bytes details;
    grille_metadata headers;
    grille_metadata trailers;
    const void *response; /* the decoded message; NULL unless code is OK */
    grille_call *owner;
} grille_reply;

/* Gives back what a reply holds; NULL-safe, and harmless twice. Any thread, also after the channel is closed. */
void grille_reply_free(grille_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
