/* SPDX-License-Identifier: Apache-2.0
 * Runs a list of interceptors (grille/interceptor.h) in front of one call. A call without interceptors has NULL in
 * place of an interception, which every function here takes, and costs nothing. */
#ifndef GRILLE_RPC_INTERCEPTOR_H
#define GRILLE_RPC_INTERCEPTOR_H

#include "base/time.h"
#include "grille/interceptor.h"
#include "grille/reasons.h"
#include "rpc/metadata.h"

/* The interceptors of a channel or a server; read-only while calls use it. Zeroed storage is an empty one. */
typedef struct grille_interceptor_list {
    grille_interceptor *items;
    size_t count;
} grille_interceptor_list;

/* Copies `count` interceptors. BAD_ARGUMENT (NULL with a count), OUT_OF_MEMORY: the list is empty then. */
GRILLE_MUST_USE grille_reason grille_interceptor_list_copy(grille_interceptor_list *list,
                                                           const grille_interceptor *items, size_t count);
void grille_interceptor_list_free(grille_interceptor_list *list);

/* One call in front of the list; lives in the call's arena, one thread at a time. */
typedef struct grille_interception grille_interception;

typedef struct grille_interception_options {
    const grille_interceptor_list *list; /* outlives the call; NULL: none */
    const grille_method *method;
    const grille_peer_identity *peer; /* NULL: not known yet */
    bool is_caller;                   /* this end makes the call */
    grille_arena *arena;              /* of the call */
    grille_time_us (*clock_us)(void); /* NULL: no time passes */
    grille_metadata_view request;     /* valid until grille_interception_end has returned */
    size_t max_metadata_bytes;        /* of headers and trailers that are added; 0: GRILLE_LIMIT_METADATA_BYTES */
} grille_interception_options;

/* Runs on_start down the list. OK: *interception is NULL when there is no list. Another code: an interceptor refused
 * (those before it were told the end), or there was no memory (RESOURCE_EXHAUSTED); *interception is NULL and *text,
 * never NULL, lives as long as the arena. Codes of the library's own become INTERNAL. */
GRILLE_MUST_USE grille_code grille_interception_start(const grille_interception_options *options,
                                                      grille_interception **interception, const char **text);

/* A caller's call was put on a connection, or left it (NULL). Borrowed until the next one. */
void grille_interception_set_peer(grille_interception *interception, const grille_peer_identity *peer);

/* Initial metadata of the answer, once: as view (what a handler built) or as pairs (what a caller got). They stay valid
 * until grille_interception_end has returned. */
void grille_interception_headers_view(grille_interception *interception, const grille_metadata_view *headers);
void grille_interception_headers(grille_interception *interception, const grille_metadata *headers);
/* One message, by its encoded size. */
void grille_interception_message(grille_interception *interception, grille_message_direction direction, size_t bytes);
/* The end; only the first one counts. Trailers as for headers. `message` may be NULL. */
void grille_interception_end_view(grille_interception *interception, grille_code code, const char *message,
                                  const grille_metadata_view *trailers);
void grille_interception_end(grille_interception *interception, grille_code code, const char *message,
                             const grille_metadata *trailers);

/* Metadata that interceptors changed; valid as long as the arena. False, and *pairs as it was, when they left it as it
 * was. */
GRILLE_MUST_USE bool grille_interception_changed(const grille_interception *interception, grille_metadata_place place,
                                                 grille_metadata *pairs);
/* The same into a builder, which is left alone when nothing was changed. BUDGET. */
GRILLE_MUST_USE grille_reason grille_interception_rebuild(const grille_interception *interception,
                                                          grille_metadata_place place,
                                                          grille_metadata_builder *builder);

#endif
