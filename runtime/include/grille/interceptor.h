/* SPDX-License-Identifier: Apache-2.0
 * Interceptors: code that sees every call of a channel or a server, unary and streaming, from its start to its end. It
 * can read and change metadata, refuse, time and log; it never sees payloads. */
#ifndef GRILLE_INTERCEPTOR_H
#define GRILLE_INTERCEPTOR_H

#include "grille/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call in front of one interceptor; lives until on_end has returned. One thread at a time. */
typedef struct grille_intercepted grille_intercepted;

typedef enum grille_message_direction { GRILLE_MESSAGE_SENT, GRILLE_MESSAGE_RECEIVED } grille_message_direction;

/* Any member may be NULL. At a caller on_start runs on the calling thread, in the order of the list, before anything is
 * encoded; at a server on the loop thread, after the policy has allowed the call and before the handler. The other
 * members run on the thread that owns the call's step, in the reverse order of the list for what comes back to the
 * application. on_end comes exactly once for each call that on_start let pass (retries are one call): when a later
 * interceptor refuses a call, those that had let it pass are told its end. */
typedef struct grille_interceptor {
    /* A code other than OK ends the call with it; grille_intercepted_fail adds a text. */
    grille_code (*on_start)(grille_intercepted *call, void *user);
    /* Initial metadata of the answer: server, before it leaves; caller, when it came. */
    void (*on_headers)(grille_intercepted *call, void *user);
    /* One message, by its encoded size. */
    void (*on_message)(grille_intercepted *call, grille_message_direction direction, size_t bytes, void *user);
    /* The end. Trailers: server, before they leave; caller, as they came. The code is final. */
    void (*on_end)(grille_intercepted *call, grille_code code, const char *message, void *user);
    void *user;
} grille_interceptor;

/* Resolved from the id that came, never from text of the peer. */
const grille_method *grille_intercepted_method(const grille_intercepted *call);
/* Of the other end. At a caller before the call has a connection: NULL. */
const grille_peer_identity *grille_intercepted_peer(const grille_intercepted *call);
/* Whether this end makes the call; else it serves it. A list sees both where calls go both ways. */
bool grille_intercepted_is_caller(const grille_intercepted *call);
/* Monotonic microseconds since on_start. */
uint64_t grille_intercepted_elapsed_us(const grille_intercepted *call);
/* Sets the text of a refusal; returns the code. Only in on_start. */
grille_code grille_intercepted_fail(grille_intercepted *call, grille_code code, const char *format, ...)
    GRILLE_PRINTF(3, 4);
/* A pointer of this interceptor for this call; NULL at first. */
void grille_intercepted_set_data(grille_intercepted *call, void *data);
void *grille_intercepted_data(const grille_intercepted *call);

typedef enum grille_metadata_place {
    GRILLE_METADATA_REQUEST, /* readable always; changeable in on_start */
    GRILLE_METADATA_HEADERS, /* readable from on_headers; changeable in on_headers */
    GRILLE_METADATA_TRAILERS /* readable and changeable in on_end */
} grille_metadata_place;

/* A view until the interceptor's function returns; never NULL. */
const grille_metadata *grille_intercepted_metadata(grille_intercepted *call, grille_metadata_place place);
/* Adds a pair at the end; copied. The codes of grille_call_add_header; FAILED_PRECONDITION where it can't be changed.
 */
GRILLE_MUST_USE grille_code grille_intercepted_add(grille_intercepted *call, grille_metadata_place place,
                                                   const char *key, grille_bytes value);
/* Removes every pair with this key; how many there were. */
size_t grille_intercepted_remove(grille_intercepted *call, grille_metadata_place place, const char *key);

#ifdef __cplusplus
}
#endif
#endif
