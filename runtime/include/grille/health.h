/* SPDX-License-Identifier: Apache-2.0
 * The health service (proto/grille/v1/health.proto): a server tells whether it is alive and which of its services want
 * calls; a channel with several peers leaves out those that don't. Link //runtime/services. */
#ifndef GRILLE_HEALTH_H
#define GRILLE_HEALTH_H

#include "grille/channel.h"
#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of one server. Any thread. */
typedef struct grille_health grille_health;

typedef enum grille_readiness { GRILLE_NOT_SERVING, GRILLE_SERVING } grille_readiness;

/* Names that one server may say something about, besides itself, and bytes of each. */
#define GRILLE_HEALTH_NAMES_MAX      64
#define GRILLE_HEALTH_NAME_BYTES_MAX 255

/* Alive, and serving as a whole. The caller's. RESOURCE_EXHAUSTED (no memory): *health is NULL. */
GRILLE_MUST_USE grille_code grille_health_new(grille_health **health, grille_error *error);
/* After the servers and channels that use it. NULL is ignored. */
void grille_health_free(grille_health *health);

/* Serves it as grille.v1.Health with the other services of the set (grille_server_services); peers ask for it only if a
 * `may_call` of the policy says so. When a server that has the set drains, everything is not serving from then on. The
 * errors of grille_services_register. */
GRILLE_MUST_USE grille_code grille_health_register(grille_health *health, grille_services *services,
                                                   grille_error *error);

/* Says whether `service` ("" or NULL: the server as a whole) wants calls; copied. Every watcher is told. A service that
 * nobody spoke of is unknown, and does not follow the whole. INVALID_ARGUMENT: a name over the limit, or not UTF-8;
 * RESOURCE_EXHAUSTED: too many names; FAILED_PRECONDITION: it drains, and stays not serving. */
GRILLE_MUST_USE grille_code grille_health_set(grille_health *health, const char *service, grille_readiness readiness);

/* Says whether the process is well. True at first. Every watcher is told. */
void grille_health_set_alive(grille_health *health, bool alive);

/* Everything is not serving from now on, and watches end. For a server that is about to stop; grille_server_stop and
 * _run do it. */
void grille_health_drain(grille_health *health);

/* The channel asks each of its peers for `service` (NULL: the peer as a whole; not copied before the channel is opened)
 * and sends calls to those that are serving and alive; a peer without the service counts as serving. The channel's
 * policy must list /grille.v1.Health/Watch under `serves` where it lists anything, and the peers' policies under
 * `may_call`. */
void grille_channel_options_use_health(grille_channel_options *options, const char *service);

#ifdef __cplusplus
}
#endif

#endif
