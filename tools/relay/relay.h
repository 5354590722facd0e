/* SPDX-License-Identifier: Apache-2.0
 * The relay: listens on some addresses and forwards each connection to another one, bytes only. It looks into none of
 * them, keeps none, and waits with none for another connection: each is dialled by itself as soon as it has come. */
#ifndef GRILLE_TOOLS_RELAY_H
#define GRILLE_TOOLS_RELAY_H

#include "egress/allow.h"

typedef struct relay_options {
    uint32_t max_connections; /* at once; further ones are closed at once */
    uint32_t rate;            /* new connections a second; further ones are closed at once */
    uint32_t connect_timeout_ms;
    uint32_t idle_timeout_ms;  /* without a byte in either direction */
    uint32_t drain_timeout_ms; /* 0: cut at the first signal */
    uint32_t spin_us;          /* polling before sleep, as grille_server_options has it; 0: off */
    const grille_allow *allow; /* borrowed; NULL: whoever reaches the listening address */
} relay_options;

/* As limits.h says; no allow-list. */
relay_options relay_options_default(void);

typedef struct relay_counters {
    uint64_t accepted;        /* let through to a target */
    uint64_t refused_peers;   /* by the allow-list */
    uint64_t refused_rate;    /* too many in one second */
    uint64_t refused_full;    /* too many at once */
    uint64_t target_failures; /* among those accepted */
    uint64_t bytes_to_targets;
    uint64_t bytes_to_peers;
    size_t highest_connections; /* at once */
} relay_counters;

typedef struct relay relay;

/* From here until relay_free SIGTERM and SIGINT are the relay's: they stop it. BAD_ARGUMENT when a number is 0 (but for
 * the drain timeout) or above its limit; OUT_OF_MEMORY, SYSTEM. */
GRILLE_MUST_USE grille_reason relay_new(const relay_options *options, relay **made, grille_error *error);

/* Binds `listen` and forwards what comes there to `to`. fd:N is a connected socket: it is served once.
 * LOOP_BAD_ADDRESS, LOOP_ADDRESS_UNSUPPORTED, BAD_ARGUMENT (too many pairs, a pair that would feed itself, a descriptor
 * twice), POLICY_FORBIDS (a target that is not in the allow-list), LOOP_LISTEN, LOOP_SOCKET, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason relay_add(relay *relay, const char *listen, const char *to, grille_error *error);

/* Of the pair that was added as number `index`, from 0: the bound address ("tcp:127.0.0.1:40123" for port 0) and the
 * target. NULL behind the last one; lives as long as the relay. */
const char *relay_listen_address(const relay *relay, size_t index);
const char *relay_target_address(const relay *relay, size_t index);

/* Serves on this thread until a signal (SIGTERM, SIGINT) or relay_stop, or until nothing more can come (descriptors
 * only, and all of them served). Then it stops listening, lets what runs finish for the drain timeout at most, and cuts
 * the rest; a second signal cuts at once. Once. LOOP_SOCKET, SYSTEM. */
GRILLE_MUST_USE grille_reason relay_run(relay *relay, grille_error *error);

/* As a signal does. Any thread. */
void relay_stop(relay *relay);

/* Before or after relay_run, or on its thread. */
void relay_get_counters(const relay *relay, relay_counters *counters);

/* Not while it runs. NULL is ignored. */
void relay_free(relay *relay);

#endif
