/* SPDX-License-Identifier: Apache-2.0
 * Listening on an address. Bound on any thread, served on a loop. */
#ifndef GRILLE_LOOP_LISTENER_H
#define GRILLE_LOOP_LISTENER_H

#include "loop/address.h"
#include "loop/conduit.h"

typedef struct grille_listener grille_listener;

/* Told for each connection; the conduit is the receiver's. Leader. */
typedef void grille_accepted_fn(void *user, grille_conduit conduit);

/* Binds and listens. A Unix socket that is left over from a server that is gone is replaced; anything else at its path,
 * and a socket that somebody answers on, is not. hybrid:PATH:PORT binds PATH_PORT. fd:N takes a connected socket over
 * and hands it out once. inproc:NAME takes the name inside this process. Errors: LOOP_LISTEN, LOOP_SOCKET,
 * LOOP_ADDRESS_UNSUPPORTED, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_listener_bind(const grille_address *address, grille_listener **listener,
                                                   grille_error *error);

/* The bound address ("tcp:127.0.0.1:40123" for port 0). Lives as long as the listener. */
const char *grille_listener_address(const grille_listener *listener);

/* Accepts from now on. When descriptors run out, the waiting connection is turned away and accepting pauses for a
 * moment. Leader. */
GRILLE_MUST_USE grille_reason grille_listener_start(grille_listener *listener, grille_loop *loop,
                                                    grille_accepted_fn *accepted, void *user, grille_error *error);

/* Stops, removes the socket's file if it is still the one that was bound, and frees (when started: later, in the loop;
 * then only the leader may call it). NULL is ignored. */
void grille_listener_close(grille_listener *listener);

#endif
