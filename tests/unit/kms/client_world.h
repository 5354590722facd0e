/* SPDX-License-Identifier: Apache-2.0
 * A client with a simulated NSM, in front of the key service of key_service.h: time that a test moves, RSA keys that
 * cost nothing, and TLS left out unless it is what is tested. Everything asserts. */
#ifndef GRILLE_TESTS_KMS_CLIENT_WORLD_H
#define GRILLE_TESTS_KMS_CLIENT_WORLD_H

#include "key_service.h"
#include "kms/client_private.h"

typedef struct client_world {
    key_service_options service_options;
    key_service *service;
    grille_kms_options options; /* good ones; to be changed before client_world_open */
    grille_kms_seams seams;
    const char *key_arns[2];
    bool by_channel; /* no address: grille_kms_set_egress_channel is the test's to call */
    grille_kms *kms;
    grille_error error;
} client_world;

/* Begins with a service and good options. `tls`: with TLS, and RSA keys of its own. */
void client_world_init(client_world *world, bool tls);
/* With keys that cost nothing all the same. */
void client_world_cheap_keys(client_world *world);
/* Opens the client and gives it credentials. */
void client_world_open(client_world *world);
/* The service alone, and options that name it. */
void client_world_prepare(client_world *world);
/* The same as client_world_open without credentials. */
void client_world_open_poor(client_world *world);
/* Credentials with this session token. */
void client_world_feed(client_world *world, const char *token, int64_t expiry_ms);
/* Closes what is open, and looks that nothing is left. */
void client_world_end(client_world *world);

/* "wrapped:" and the text. */
grille_bytes client_world_wrapped(const char *text);

/* The identity that the worlds share, by a simulated NSM at HTTPS_NOW_MS. */
grille_identity *client_world_identity(void);
/* The root of its documents. */
grille_bytes client_world_nsm_root(void);
/* From now on the NSM makes no documents; or does again. */
void client_world_nsm_fails(bool fails);
/* Time goes on by so much, for clients without TLS; the client looks. */
void client_world_skip_ms(client_world *world, uint64_t ms);
/* RSA keys that are out. */
int client_world_keys_living(void);
void client_world_down(void);

#endif
