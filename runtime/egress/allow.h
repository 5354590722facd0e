/* SPDX-License-Identifier: Apache-2.0
 * The allow-list: which peers may connect, and which targets may be dialled for them. Strict YAML in the manner of
 * policy files:
 *
 *   peers:
 *     - name: clients
 *       tcp: [10.0.0.0/8, "fd00::/8"]    # addresses, or networks
 *       to: [enclave]                    # target sets; without it: all of them
 *     - name: agents
 *       unix: [0, 1000]                  # user ids, or any
 *       vsock: [16]                      # CIDs, or any
 *   targets:
 *     - name: enclave
 *       vsock: [16]                      # CIDs, or parent
 *       hybrid: [/run/vm.vsock]          # paths
 *       ports: [5000, 8000-8010]         # of tcp, names, vsock and hybrid
 *     - name: service
 *       names: [kms.eu-central-1.amazonaws.com]
 *       ports: [443]
 *     - name: sockets
 *       unix: [/run/app.sock]            # paths
 *       unix-abstract: [app]             # names
 *
 * or, in the form of Nitro's vsock-proxy, one list of targets, and `peers:` only if they are to be restricted:
 *
 *   allowlist:
 *     - {address: kms.eu-central-1.amazonaws.com, port: 443}
 *     - {address: 203.0.113.7, port: 443}
 *
 * Whoever and whatever is in no set is refused. A name matches itself, never what it leads to. */
#ifndef GRILLE_EGRESS_ALLOW_H
#define GRILLE_EGRESS_ALLOW_H

#include "egress/target.h"

/* Who connected, as the kernel says it: an IP address, a Unix socket's user, or a vsock CID. A plain value. */
typedef struct grille_allow_peer {
    grille_address_kind kind; /* TCP, UNIX or VSOCK */
    bool ipv6;
    uint8_t ip[16];  /* TCP: 4 or 16 bytes; an IPv4 address inside IPv6 (RFC 4291 2.5.5.2) counts as IPv4 */
    uint32_t number; /* UNIX: uid (SO_PEERCRED); VSOCK: CID */
    uint32_t port;   /* TCP, VSOCK; UNIX: pid */
} grille_allow_peer;

/* Does not change once it is loaded; any thread. */
typedef struct grille_allow grille_allow;

typedef enum grille_allow_use {
    GRILLE_ALLOW_FOR_PEERS,  /* `peers:` is needed, unless there is an `allowlist:` */
    GRILLE_ALLOW_FOR_TARGETS /* `peers:` is refused: others decide about them */
} grille_allow_use;

/* An empty list: nothing is allowed. OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_allow_new(grille_allow **allow);

/* Adds one target to a list that nobody else uses yet. RESOURCE limits as POLICY_LENGTH; OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_allow_add(grille_allow *allow, const grille_egress_target *target,
                                               grille_error *error);

/* Reads a file. POLICY_FILE, or as grille_allow_parse. */
GRILLE_MUST_USE grille_reason grille_allow_load(const char *path, grille_allow_use use, grille_allow **allow,
                                                grille_error *error);

/* Reads text; `name` stands in errors, which begin with name:line:column. POLICY_SYNTAX, _STRUCTURE, _UNKNOWN_KEY,
 * _DUPLICATE_KEY, _MISSING_KEY, _TYPE, _VALUE, _LENGTH, _EMPTY, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_allow_parse(grille_bytes text, const char *name, grille_allow_use use,
                                                 grille_allow **allow, grille_error *error);

/* NULL is ignored. */
void grille_allow_free(grille_allow *allow);

/* True when some set of targets has this name, or this address, with this port. A descriptor is in none. */
bool grille_allow_has_target(const grille_allow *allow, const grille_egress_target *target);

/* True when some set of targets has this address, as an address. */
bool grille_allow_has_address(const grille_allow *allow, const grille_address *address);

/* True when whoever can connect may: the list says nothing of peers. */
bool grille_allow_takes_any_peer(const grille_allow *allow);

/* True when some set of peers has this peer and lets it reach the target; *set is the set's name then (NULL: the list
 * says nothing of peers), which lives as long as the list. */
bool grille_allow_passes(const grille_allow *allow, const grille_allow_peer *peer, const grille_egress_target *target,
                         const char **set);

#endif
