/* SPDX-License-Identifier: Apache-2.0
 * A server: where handlers run. */
#ifndef GRILLE_SERVER_H
#define GRILLE_SERVER_H

#include "grille/call.h"
#include "grille/interceptor.h"
#include "grille/policy.h"
#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grille_server grille_server;

/* Made by grille_server_options_default(). */
typedef struct grille_server_options {
    size_t size;
    grille_policy *policy;                  /* who may call what; required; referenced */
    const grille_identity *identity;        /* who we are; required; referenced */
    uint32_t loops;                         /* loop threads; default 1 */
    uint32_t workers;                       /* threads for methods marked offload; default 2 */
    uint32_t max_connections;               /* open at once; default 1,024 */
    uint32_t max_half_open;                 /* of these, before their gate is open; default 64 */
    uint32_t max_streams;                   /* calls at once on one connection; default 256 */
    size_t max_message_bytes;               /* largest message taken; default 4 MiB */
    size_t max_memory_bytes;                /* what one connection may hold for its peer; default 64 MiB */
    const grille_interceptor *interceptors; /* copied; first to last on the way to the handler */
    size_t interceptor_count;
    uint32_t keepalive_interval_ms; /* PING after so long without a byte; 0: never; default 30,000 */
    uint32_t keepalive_timeout_ms;  /* and the connection ends so long after it; default 20,000 */
    uint32_t idle_timeout_ms;       /* a connection without calls is drained; 0: never */
    uint32_t max_age_ms;            /* so is one that is older, with jitter of 10 %; 0: never */
    uint32_t max_age_grace_ms;      /* its calls get this long; 0: as long as they take */
    /* A peer was verified: a channel to the services that it serves, on its connection. Borrowed while the function
     * runs; grille_channel_ref keeps it. On a loop thread. May be NULL. */
    void (*on_peer)(struct grille_channel *peer, void *user);
    void *on_peer_user;
    uint32_t drain_timeout_ms; /* running calls get this long when the server drains; default 10,000 */
    uint32_t spin_us;          /* polling before sleep, 0: off; default 50 */
    uint64_t build;            /* claim: our build number */
    uint32_t revoke_grace_ms;  /* what runs for a peer that a new policy refuses gets this long; default 0 */
    bool system_clock;         /* trust the machine's wall clock even in an enclave, whose NSM tells a better one */
} grille_server_options;

grille_server_options grille_server_options_default(void);

/* A server that does nothing yet; the caller's. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED (no memory); *server is
 * then NULL. */
GRILLE_MUST_USE grille_code grille_server_new(const grille_server_options *options, grille_server **server,
                                              grille_error *error);

/* Binds an address (several may be bound); before grille_server_start. */
GRILLE_MUST_USE grille_code grille_server_listen(grille_server *server, const char *address, grille_error *error);

/* The address that was bound as text ("tcp:127.0.0.1:40123" for port 0), for the `index`-th listen. NULL past the end.
 * Lives as long as the server. */
const char *grille_server_address(const grille_server *server, size_t index);

/* Starts the loops and workers; returns at once. */
GRILLE_MUST_USE grille_code grille_server_start(grille_server *server, grille_error *error);

/* Starts if needed, then serves until SIGTERM or SIGINT (whose dispositions it changes and restores) or until
 * grille_server_stop, drains and returns. The only function of the library that touches signal dispositions. */
GRILLE_MUST_USE grille_code grille_server_run(grille_server *server, grille_error *error);

/* From now on this policy decides (referenced), for calls that arrive and for connections. Every connection that stands
 * is judged again at once from what its peer has proved: one that is refused has its new calls answered
 * PERMISSION_DENIED, running ones after revoke_grace_ms, and is then drained. One in its gate ends. In force on every
 * loop when it returns (from a loop thread: on that one; on the others soon after). A policy of a lower version is
 * refused: FAILED_PRECONDITION (POLICY-ROLLBACK). Before the start too; FAILED_PRECONDITION after the stop. Any thread.
 */
GRILLE_MUST_USE grille_code grille_server_replace_policy(grille_server *server, grille_policy *policy,
                                                         grille_error *error);
/* From now on this identity is shown (referenced): to connections that stand from their next epoch on, if it is of the
 * same kind; the others keep the old one. Otherwise as grille_server_replace_policy. */
GRILLE_MUST_USE grille_code grille_server_replace_identity(grille_server *server, const grille_identity *identity,
                                                           grille_error *error);

/* Takes no new connections and calls, lets running calls end within drain_timeout_ms, then ends. Returns when all
 * threads have ended. Any thread but the server's own. */
void grille_server_stop(grille_server *server);

/* Stops if needed and frees. NULL is ignored. */
void grille_server_free(grille_server *server);

/* The server's own set of services; lives as long as the server. */
grille_services *grille_server_services(grille_server *server);

/* ---- used by generated code ---- */

/* Registers a service on the server's own set of services: grille_services_register, FAILED_PRECONDITION after the
 * start. */
GRILLE_MUST_USE grille_code grille_server_register(grille_server *server, const grille_service *service,
                                                   const grille_method_handler *methods, const void *handlers,
                                                   void *user, grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
