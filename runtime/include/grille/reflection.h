/* SPDX-License-Identifier: Apache-2.0
 * The reflection service (proto/grille/v1/reflection.proto): a server tells its peers what it serves, as far as they
 * may call it. Off in an enclave unless its policy says `reflection: true`. Link //runtime/services. */
#ifndef GRILLE_REFLECTION_H
#define GRILLE_REFLECTION_H

#include "grille/identity.h"
#include "grille/policy.h"
#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Filled before the server starts, then read by any thread. */
typedef struct grille_reflection grille_reflection;

/* The policy is the one of the server, the identity too; both are looked at here only: what a peer may see is decided
 * by the policy in force when it asks. FAILED_PRECONDITION (POLICY-FORBIDS): a nitro identity and a policy without
 * `reflection: true`, or any with `reflection: false`. RESOURCE_EXHAUSTED: no memory. *reflection is NULL then. The
 * caller's. */
GRILLE_MUST_USE grille_code grille_reflection_new(grille_policy *policy, const grille_identity *identity,
                                                  grille_reflection **reflection, grille_error *error);
/* After the servers that use it. NULL is ignored. */
void grille_reflection_free(grille_reflection *reflection);

/* Adds what GetDescriptors answers for a service: the generator's S_descriptors (parameter descriptors=true), which
 * must outlive the reflection. RESOURCE_EXHAUSTED: more services than may be registered. */
GRILLE_MUST_USE grille_code grille_reflection_describe(grille_reflection *reflection, const grille_service *service,
                                                       grille_bytes descriptors);

/* Serves it as grille.v1.Reflection with the other services of the set, of which it tells; peers ask only if a
 * `may_call` says so. The errors of grille_services_register. */
GRILLE_MUST_USE grille_code grille_reflection_register(grille_reflection *reflection, grille_services *services,
                                                       grille_error *error);

#ifdef __cplusplus
}
#endif

#endif
