/* SPDX-License-Identifier: Apache-2.0
 * The services that one end serves. A server has a set of its own; a channel is given one when its peer may call back
 * (grille_channel_options.services). Used by generated code. */
#ifndef GRILLE_SERVICES_H
#define GRILLE_SERVICES_H

#include "grille/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled by one thread, then read by any number of channels, which it must outlive. */
typedef struct grille_services grille_services;

/* An empty set; the caller's. OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_code grille_services_new(grille_services **services, grille_error *error);
/* NULL is ignored. */
void grille_services_free(grille_services *services);

/* ---- used by generated code ----
 * What the runtime calls to reach the application's handler of one method; `handlers` is the application's struct of
 * handlers. Which members a method has:
 *
 *   unary, and every method marked offload       invoke
 *   other streaming methods                      open, end; message and half_close where the caller streams;
 *                                                writable where we stream
 */

/* Runs a handler to its end; its code answers the call. `request` is NULL where the caller streams (grille_call_read),
 * `response` where we do (grille_call_write). On a worker when the method is marked offload. */
typedef grille_code grille_invoke_fn(grille_call *call, const void *request, void *response, const void *handlers,
                                     void *user);
/* A streaming call came. `request` is NULL where the caller streams. A code other than OK answers it. */
typedef grille_code grille_open_fn(grille_call *call, const void *request, const void *handlers, void *user);
/* A message of the caller's stream; it lives until the function returns. */
typedef void grille_message_fn(grille_call *call, const void *message, const void *handlers, void *user);
/* half_close: no message follows. writable: after grille_call_send answered AGAIN, once. */
typedef void grille_event_fn(grille_call *call, const void *handlers, void *user);
/* The call is over: exactly once for every call whose open returned OK, last. */
typedef void grille_end_fn(grille_call *call, grille_call_end why, const void *handlers, void *user);

typedef struct grille_method_handler {
    grille_invoke_fn *invoke;
    grille_open_fn *open;
    grille_message_fn *message;
    grille_event_fn *half_close;
    grille_event_fn *writable;
    grille_end_fn *end;
} grille_method_handler;

/* Adds all methods of a service or none. `methods` has one entry per method (all NULL: UNIMPLEMENTED); all pointers
 * must outlive the set. ALREADY_EXISTS for a second registration or a collision of method ids, FAILED_PRECONDITION when
 * a server or channel uses the set already, RESOURCE_EXHAUSTED over the limit of methods, INVALID_ARGUMENT for a broken
 * table. */
GRILLE_MUST_USE grille_code grille_services_register(grille_services *services, const grille_service *service,
                                                     const grille_method_handler *methods, const void *handlers,
                                                     void *user, grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
