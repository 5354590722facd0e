/* SPDX-License-Identifier: Apache-2.0
 * Ways out of an enclave as reverse calls (proto/grille/v1/egress.proto), in the parent: the enclave asks for a
 * connection to a host and a port over the channel that it has with us, and its bytes go that way. What `grille relay`
 * does, without a port of its own. We see the bytes: what goes through needs TLS of its own. Link
 * //runtime/egress:service. */
#ifndef GRILLE_EGRESS_H
#define GRILLE_EGRESS_H

#include "grille/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sockets of all its connections, on a thread of its own. Any thread. */
typedef struct grille_egress_service grille_egress_service;

/* Made by grille_egress_options_default(). */
typedef struct grille_egress_options {
    size_t size;
    /* Where connections may lead to; whatever is in neither is refused, and both empty is an error. A file as the
     * relay's (docs/relay.md): its `targets:`, or its `allowlist:`. */
    const char *allow_file;
    /* Targets one by one: "tcp:kms.eu-central-1.amazonaws.com:443", "tcp:10.0.0.7:5432". A name is compared as it is
     * written; where it leads to inside (loopback, link-local, private addresses) it is refused unless that address and
     * port are listed too. Borrowed until grille_egress_service_new returns. */
    const char *const *allow;
    size_t allow_count;
    uint32_t max_connections;    /* at once, of all peers; default 256, at most 65,536 */
    uint32_t connect_timeout_ms; /* finding a name's addresses, and trying them; default 10,000 */
    uint32_t idle_timeout_ms;    /* without a byte in either direction; default 900,000 */
    uint32_t rate;               /* new connections a second; default 500, at most 100,000 */
} grille_egress_options;

grille_egress_options grille_egress_options_default(void);

/* Reads the allow-list and starts the thread; the service is the caller's. INVALID_ARGUMENT: options (a limit that is 0
 * or too large, no allow-list), a bad list with file:line:column, a target that is no address; RESOURCE_EXHAUSTED,
 * UNAVAILABLE: the operating system. *service is NULL then. */
GRILLE_MUST_USE grille_code grille_egress_service_new(const grille_egress_options *options,
                                                      grille_egress_service **service, grille_error *error);

/* Adds /grille.v1.Egress/Connect to what the peers of a channel (grille_channel_options.services) or of a server may
 * call. The policy here lists it under `may_call`, and the enclave's policy under `serves`, where the channel is the
 * parent's. Each connection is logged when it begins and when it ends, with name, address, bytes and why. The errors of
 * grille_services_register. */
GRILLE_MUST_USE grille_code grille_egress_register(grille_egress_service *service, grille_services *services,
                                                   grille_error *error);

typedef struct grille_egress_counters {
    size_t size;              /* sizeof(grille_egress_counters); set by the caller */
    uint64_t accepted;        /* allowed, and dialled */
    uint64_t refused;         /* not in the allow-list, or no request at all */
    uint64_t refused_full;    /* too many at once */
    uint64_t refused_rate;    /* too many in one second */
    uint64_t target_failures; /* among those accepted: name not found, nobody there, leads inside */
    uint64_t bytes_to_targets;
    uint64_t bytes_to_peers;
    uint64_t connections;         /* now */
    uint64_t highest_connections; /* at once */
} grille_egress_counters;

/* Any thread. */
void grille_egress_get_counters(grille_egress_service *service, grille_egress_counters *counters);

/* Ends what runs and frees; after the servers and channels that have the set. NULL is ignored. */
void grille_egress_service_free(grille_egress_service *service);

#ifdef __cplusplus
}
#endif
#endif
