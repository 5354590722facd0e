/* SPDX-License-Identifier: Apache-2.0
 * A server of the library's own services and callers of it in one process, TLS and gate included: one caller whose
 * policy lets it ask for everything, and one that may call nothing. */
#ifndef GRILLE_TESTS_SERVICES_PAIR_H
#define GRILLE_TESTS_SERVICES_PAIR_H

#include "world.h"

typedef struct services_pair {
    grille_server *server;
    grille_channel *channel; /* NULL until services_pair_start */
} services_pair;

extern e2e_world services_world;

/* cmocka's, for a whole program; the arguments of main come first. */
void services_arguments(char **arguments);
int services_set_up(void **state);
int services_tear_down(void **state);

/* A policy of the gateway's whose peer, the parent, may call these (a YAML list); `top` is added at its top. */
grille_policy *services_policy(const char *may_call, const char *top);

/* The same of whoever has this name; `more` are further lines of the set. */
grille_policy *services_policy_of(const char *name, const char *may_call, const char *top, const char *more);

/* A server that is not started; `policy` NULL: everything of grille.v1 and the end-to-end service may be called. */
void services_pair_new(services_pair *pair, grille_policy *policy, const grille_server_options *options);
/* Listens on inproc:`name`, starts, and connects a channel with these options (NULL: defaults; without a policy: one
 * that trusts the server and lets it call nothing). */
void services_pair_start(services_pair *pair, const char *name, const grille_channel_options *options);
void services_pair_close(services_pair *pair);

#endif
