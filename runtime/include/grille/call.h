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

/* A handle of a call. In a handler it lives until the handler has answered; of an asynchronous call it lives until its
 * callback has returned. */
typedef struct grille_call grille_call;

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

/* Memory that lives until the answer is on its way; for what a response points to. Zeroed; wiped afterwards. NULL when
 * the connection's budget is used up: answer RESOURCE_EXHAUSTED. */
void *grille_call_alloc(grille_call *call, size_t bytes);

/* Milliseconds until the caller's deadline; 0 when it has passed, UINT64_MAX without one. Only in handlers. */
uint64_t grille_call_remaining_ms(const grille_call *call);

/* True when nobody waits for the answer any more (cancelled, deadline passed, connection gone). Any thread. */
bool grille_call_cancelled(const grille_call *call);

/* ---- in callers ---- */

/* Ends an asynchronous call with CANCELLED; its callback still comes, once. Any thread; harmless when it is over. */
void grille_call_cancel(grille_call *call);

/* Keeps the handle of an asynchronous call beyond its callback, and gives it back. Any thread. */
grille_call *grille_call_ref(grille_call *call);
void grille_call_unref(grille_call *call);

/* Options of one call; made by GRILLE_CALL_OPTIONS(.timeout_ms = 500) or, in C++, grille_call_options_default(). */
typedef struct grille_call_options {
    size_t size;                     /* sizeof(grille_call_options); 0 is INVALID_ARGUMENT */
    uint32_t timeout_ms;             /* 0: the method's default, else none */
    bool wait_for_ready;             /* wait through connection failures instead of UNAVAILABLE */
    const grille_metadata *metadata; /* borrowed until the call function returns; may be NULL */
    size_t max_response_bytes;       /* 0: the channel's limit */
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
