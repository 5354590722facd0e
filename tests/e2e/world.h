/* SPDX-License-Identifier: Apache-2.0
 * Who is who in the end-to-end tests: a folder with a CA, x509 identities of a parent, a gateway and a stranger, a
 * development root, and policies, all made by the grille command; and the server program in a process of its own. */
#ifndef GRILLE_TESTS_E2E_WORLD_H
#define GRILLE_TESTS_E2E_WORLD_H

#include <sys/types.h>

#include "service.h"

#define WORLD_PARENT  "spiffe://test/parent"
#define WORLD_GATEWAY "spiffe://test/gateway"

typedef struct e2e_world {
    char folder[64];
    char server_program[512];
    grille_identity *parent;       /* x509, WORLD_PARENT */
    grille_identity *stranger;     /* x509 under another CA */
    grille_identity *gateway;      /* x509, WORLD_GATEWAY; a server's */
    grille_policy *trusts_enclave; /* nitro under the development root, PCR0 of the server program */
    grille_policy *trusts_gateway; /* x509, WORLD_GATEWAY */
    grille_policy *trusts_others;  /* nitro, but another PCR0 */
    grille_policy *trusts_parent;  /* x509, WORLD_PARENT, may call Echo and Work */
} e2e_world;

/* Asserts that all of it can be made. `grille` and `server` are the paths of the programs. */
void world_init(e2e_world *world, const char *grille, const char *server);
void world_deinit(e2e_world *world);
/* A path in the world's folder, good until the next but seven calls. */
const char *world_path(const e2e_world *world, const char *name);
/* "unix:" and a path that nobody else uses. */
const char *world_unix(const e2e_world *world, const char *name);

/* How the server program is started; kind is "nitro" or "x509". Zero fields: its defaults. */
typedef struct server_process {
    const char *kind;
    unsigned loops, workers, drain_timeout_ms, max_connections, max_half_open, spin_us;
    bool no_spin;
    unsigned max_files; /* RLIMIT_NOFILE */
    int pass_fd;        /* a descriptor that the process inherits, or 0 */
    pid_t pid;
    int output;        /* what it prints */
    char address[256]; /* that it bound */
} server_process;

/* Starts it and waits until it listens. */
void server_start(const e2e_world *world, server_process *process, const char *address);
/* Sends the signal and waits for its end; returns what it printed at its end: "started N finished N cancelled N". */
void server_end(server_process *process, int signal_number, char *last_line, size_t size);
/* Kills it. */
void server_kill(server_process *process);

/* A channel with the world's parent that trusts the server of this kind; asserts that it opens. */
grille_channel *world_channel(const e2e_world *world, const char *kind, const char *address);

#endif
