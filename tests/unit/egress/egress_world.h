/* SPDX-License-Identifier: Apache-2.0
 * An enclave and its parent in one process, with a channel between them and an egress service at the parent's end; and
 * a TCP server that ways out lead to. */
#ifndef GRILLE_TESTS_UNIT_EGRESS_WORLD_H
#define GRILLE_TESTS_UNIT_EGRESS_WORLD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "grille/egress.h"
#include "grille/server.h"
#include "kms/egress_client.h"

/* ---- The server ---- */

/* What it does is said by the first byte of each connection: 'e' sends back what comes, and "bye" behind the end;
 * 's' reads nothing more until it is freed; 'r' resets; 'h' ends its direction at once and counts what comes; 'c' reads
 * nothing more and closes. */
typedef struct tcp_target {
    int listener;
    uint32_t port;
    pthread_t thread;
    atomic_uint connections; /* that came */
    atomic_uint open;
    atomic_size_t counted; /* bytes behind 'h' */
    sem_t counted_all;     /* one for each 'h' that has ended */
    sem_t freed;           /* one for each 's' that may go on */
} tcp_target;

void tcp_target_start(tcp_target *target);
/* Every connection must be going to end. */
void tcp_target_stop(tcp_target *target);
/* A listener that takes no connection: whoever dials it gets no answer. Close `fds`. */
void silent_target(uint32_t *port, int fds[3]);

/* ---- The channel ---- */

typedef struct egress_world {
    char folder[32];
    grille_identity *enclave_identity, *parent_identity;
    grille_policy *enclave_policy, *parent_policy;
    grille_server *enclave;
    grille_services *services;
    grille_channel *parent;
    grille_channel *way; /* the enclave's, to what the parent serves */
    pthread_mutex_t lock;
    pthread_cond_t came;
} egress_world;

typedef struct egress_world_options {
    grille_egress_service *service; /* NULL: none is served */
    /* Adds others in its place; NULL: nothing. */
    void (*serve)(grille_services *services, void *user);
    void *user;
    bool parent_forbids;  /* its policy has no may_call */
    bool enclave_forbids; /* its policy has no serves */
} egress_world_options;

/* Asserts that it stands. */
void egress_world_init(egress_world *world, const egress_world_options *options);
/* The parent's end goes. */
void egress_world_lose_parent(egress_world *world);
void egress_world_deinit(egress_world *world);

#endif
