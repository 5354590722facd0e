/* SPDX-License-Identifier: Apache-2.0
 * Inside of an interception: interceptor.c runs the list, interceptor_metadata.c is what interceptors see of metadata.
 */
#ifndef GRILLE_RPC_INTERCEPTOR_PRIVATE_H
#define GRILLE_RPC_INTERCEPTOR_PRIVATE_H

#include "rpc/interceptor.h"

enum { INTERCEPTION_PLACES = GRILLE_METADATA_TRAILERS + 1 };

/* Which function of the interceptors runs: it decides what may be changed. */
typedef enum interception_phase {
    INTERCEPTION_IN_START,
    INTERCEPTION_BETWEEN,
    INTERCEPTION_IN_HEADERS,
    INTERCEPTION_IN_END
} interception_phase;

/* Metadata in one place: what was given, until somebody asks for it or changes it. */
typedef struct intercepted_place {
    grille_metadata_view view; /* when it was given so */
    grille_metadata pairs;     /* the array is the arena's when capacity is not 0 */
    size_t capacity;
    size_t encoded_bytes;
    bool known; /* it was given: readable from now on */
    bool is_view;
    bool measured;
    bool changed;
} intercepted_place;

struct grille_intercepted {
    grille_interception *owner;
    void *data;
};

struct grille_interception {
    const grille_interceptor_list *list;
    const grille_method *method;
    const grille_peer_identity *peer;
    bool is_caller;
    bool ended;
    interception_phase phase;
    size_t passed; /* interceptors whose on_start let the call pass */
    size_t max_metadata_bytes;
    grille_arena *arena;
    grille_time_us (*clock_us)(void);
    grille_time_us start_us;
    char *text; /* of a refusal */
    intercepted_place places[INTERCEPTION_PLACES];
    struct grille_intercepted calls[]; /* one per interceptor */
};

#endif
