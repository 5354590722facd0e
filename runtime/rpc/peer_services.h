/* SPDX-License-Identifier: Apache-2.0
 * What the peer serves, as its SETTINGS say: service id → schema digest. Two sides that were generated from different
 * schemas differ here before the first message is misread. */
#ifndef GRILLE_RPC_PEER_SERVICES_H
#define GRILLE_RPC_PEER_SERVICES_H

#include "base/budget.h"
#include "grille/method.h"
#include "wire/limits.h"
#include "wire/settings.h"

typedef struct grille_peer_service {
    uint32_t id;
    bool told; /* its difference is in the log already */
    uint8_t digest[GRILLE_SCHEMA_DIGEST_BYTES];
} grille_peer_service;

/* Caller's storage; zeroed: nothing is known yet. One thread. */
typedef struct grille_peer_services {
    grille_peer_service *items; /* ids rise */
    size_t count;
    bool known;         /* SETTINGS came */
    uint32_t different; /* services that calls were made to and whose schema is another one */
} grille_peer_services;

/* Copies what SETTINGS list. BUDGET: known, and empty. */
GRILLE_MUST_USE grille_reason grille_peer_services_take(grille_peer_services *services, const grille_settings *settings,
                                                        grille_budget *budget);
void grille_peer_services_free(grille_peer_services *services, grille_budget *budget);

/* Whether a call of this service may be made. OK: the same schema, or nobody can tell (nothing is known yet, the peer
 * lists no such service, `service` is NULL). Another schema: without `exact` a line in the log, once, and OK; with it
 * RPC_SCHEMA_MISMATCH, also for a service that the peer does not list, with `error` set. */
GRILLE_MUST_USE grille_reason grille_peer_services_check(grille_peer_services *services, const grille_service *service,
                                                         bool exact, grille_error *error);

#endif
