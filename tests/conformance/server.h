/* SPDX-License-Identifier: Apache-2.0
 * The server that does what scripts say, in either message library. */
#ifndef GRILLE_TESTS_CONFORMANCE_SERVER_H
#define GRILLE_TESTS_CONFORMANCE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "codec.h"

enum { CONF_ENDS = 5 };

typedef struct conf_server {
    const conf_codec *codec;
    atomic_uint started;         /* calls whose handler ran */
    atomic_uint messages;        /* that handlers got */
    atomic_uint ends[CONF_ENDS]; /* by grille_call_end */
    pthread_mutex_t lock;
    grille_call *held[64]; /* deferred unary calls; under lock */
    unsigned held_count;
} conf_server;

/* Serves Conformance on this set; `own` outlives it. */
GRILLE_MUST_USE grille_code conf_serve(conf_server *own, const conf_codec *codec, grille_services *services,
                                       grille_error *error);
/* The same server on one more set. */
GRILLE_MUST_USE grille_code conf_register(conf_server *own, grille_services *services, grille_error *error);
/* Answers unary calls that were left open and have ended meanwhile. */
void conf_release_held(conf_server *own);

#endif
