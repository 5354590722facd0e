/* SPDX-License-Identifier: Apache-2.0
 * The two ends of a channel over which credentials go, in this process: pre-shared keys made for the test. */
#ifndef GRILLE_TESTS_FAKE_ENCLAVE_H
#define GRILLE_TESTS_FAKE_ENCLAVE_H

#include "grille/channel.h"
#include "grille/server.h"

typedef struct key_release_world {
    char folder[32];
    grille_identity *parent, *enclave;
    grille_policy *trusts_parent; /* may call all of KeyRelease */
    grille_policy *trusts_parent_with_nothing;
    grille_policy *trusts_enclave;
} key_release_world;

void key_release_world_init(key_release_world *world);
void key_release_world_deinit(key_release_world *world);

/* A server that nothing is registered with, and what starts it. */
grille_server *key_release_server(const key_release_world *world, grille_policy *policy);
void key_release_start(grille_server *server, const char *address);
grille_channel *key_release_channel(const key_release_world *world, const char *address);

#endif
