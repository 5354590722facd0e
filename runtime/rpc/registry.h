/* SPDX-License-Identifier: Apache-2.0
 * The services that one end serves: method id → method, handler. Filled before the start, read-only afterwards. */
#ifndef GRILLE_RPC_REGISTRY_H
#define GRILLE_RPC_REGISTRY_H

#include "base/id_map.h"
#include "grille/server.h"

typedef struct grille_registered_method {
    const grille_method *method;
    grille_invoke_fn *invoke; /* NULL: declared, not served */
    const void *handlers;
    void *user;
} grille_registered_method;

typedef struct grille_registry grille_registry;

GRILLE_MUST_USE grille_reason grille_registry_new(grille_registry **registry);
void grille_registry_free(grille_registry *registry);

/* Adds all methods of a service or none. RPC_DUPLICATE_SERVICE, RPC_METHOD_COLLISION (names both),
 * RPC_TOO_MANY_METHODS, RPC_BAD_METHOD (id 0, a path that is not "/package.Service/Method" of this service). Pointers
 * must outlive it. */
GRILLE_MUST_USE grille_reason grille_registry_add(grille_registry *registry, const grille_service *service,
                                                  grille_invoke_fn *const *invoke, const void *handlers, void *user,
                                                  grille_error *error);

/* NULL when no method has this id. */
const grille_registered_method *grille_registry_find(const grille_registry *registry, uint32_t method_id);

/* Services in the order of registration: for SETTINGS. */
size_t grille_registry_service_count(const grille_registry *registry);
const grille_service *grille_registry_service(const grille_registry *registry, size_t index);

#endif
