/* SPDX-License-Identifier: Apache-2.0
 * The services that one end serves: method id → method, handler. Filled before the start, read-only afterwards. */
#ifndef GRILLE_RPC_REGISTRY_H
#define GRILLE_RPC_REGISTRY_H

#include "base/id_map.h"
#include "grille/reasons.h"
#include "grille/services.h"

typedef struct grille_registered_method {
    const grille_method *method;
    grille_method_handler handler; /* all NULL: declared, not served */
    const void *handlers;
    void *user;
} grille_registered_method;

/* grille_services_register for reasons. RPC_DUPLICATE_SERVICE, RPC_METHOD_COLLISION (names both),
 * RPC_TOO_MANY_METHODS, RPC_BAD_METHOD (id 0, a path that is not "/package.Service/Method" of this service). Pointers
 * must outlive it. */
GRILLE_MUST_USE grille_reason grille_services_add(grille_services *registry, const grille_service *service,
                                                  const grille_method_handler *methods, const void *handlers,
                                                  void *user, grille_error *error);

/* Whether any method of a service that is not served on the loop thread is there (marked offload). */
bool grille_services_offload(const grille_services *registry);

/* A server or channel uses the set from now on: nothing is added any more. Idempotent; any thread. */
void grille_services_freeze(grille_services *registry);

/* `on_drain` is told when a server with this set begins to drain, before its peers are; on the thread that stops it.
 * RPC_SERVICES_FROZEN; NO_SPACE: there are as many as may be. */
GRILLE_MUST_USE grille_reason grille_services_on_drain(grille_services *registry, void (*on_drain)(void *user),
                                                       void *user, grille_error *error);
void grille_services_tell_drain(const grille_services *registry);

/* NULL when no method has this id. */
const grille_registered_method *grille_services_find(const grille_services *registry, uint32_t method_id);

/* Services in the order of registration: for SETTINGS. */
size_t grille_services_service_count(const grille_services *registry);
const grille_service *grille_services_service(const grille_services *registry, size_t index);

#endif
