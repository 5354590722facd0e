/* SPDX-License-Identifier: Apache-2.0
 * Two parties that trust each other: x509 identities under one CA and the policies that go with them, made by the
 * grille command in a folder of their own. Whatever fails ends the program with a line. Usable from C++. */
#ifndef GRILLE_TESTS_GENERATED_PARTY_H
#define GRILLE_TESTS_GENERATED_PARTY_H

#include "grille/grille.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PARTY_CLIENT "spiffe://test/client"
#define PARTY_SERVER "spiffe://test/server"

typedef struct party {
    char folder[32];
    grille_identity *client_identity;
    grille_identity *server_identity;
    grille_policy *client_policy; /* trusts PARTY_SERVER */
    grille_policy *server_policy; /* trusts PARTY_CLIENT, which may call what party_init says */
} party;

/* `grille` is the path of the grille command, `may_call` an entry of the policy, such as "/test.matrix.Matrix/Mirror".
 */
void party_init(party *parties, const char *grille, const char *may_call);
void party_deinit(party *parties);

/* A server that does nothing yet: register, then party_serve. The caller's. */
grille_server *party_server(const party *parties);
/* Listens on a Unix socket and on a TCP port of 127.0.0.1, and starts. */
void party_serve(const party *parties, grille_server *server, const char *socket_name);
/* A channel that is ready. The caller's. */
grille_channel *party_channel(const party *parties, const char *address);

/* Ends the program with the error unless the code is OK. */
void party_check(grille_code code, const grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
