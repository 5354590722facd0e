/* SPDX-License-Identifier: Apache-2.0
 * The allow-list: which peers may connect, and which targets may be dialled. Strict YAML in the manner of policy files:
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
 *       ports: [5000, 8000-8010]         # of tcp, vsock and hybrid
 *     - name: sockets
 *       unix: [/run/app.sock]            # paths
 *       unix-abstract: [app]             # names
 *
 * Whoever and whatever is in no set is refused. */
#ifndef GRILLE_TOOLS_RELAY_ALLOW_H
#define GRILLE_TOOLS_RELAY_ALLOW_H

#include "relay/peer.h"

/* Does not change once it is loaded; any thread. */
typedef struct relay_allow relay_allow;

/* Reads a file. POLICY_FILE, or as relay_allow_parse. */
GRILLE_MUST_USE grille_reason relay_allow_load(const char *path, relay_allow **allow, grille_error *error);

/* Reads text; `name` stands in errors, which begin with name:line:column. POLICY_SYNTAX, _STRUCTURE, _UNKNOWN_KEY,
 * _DUPLICATE_KEY, _MISSING_KEY, _TYPE, _VALUE, _LENGTH, _EMPTY, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason relay_allow_parse(grille_bytes text, const char *name, relay_allow **allow,
                                                grille_error *error);

/* NULL is ignored. */
void relay_allow_free(relay_allow *allow);

/* True when some set of targets has this address. A descriptor is in none. */
bool relay_allow_has_target(const relay_allow *allow, const grille_address *target);

/* True when some set of peers has this peer and lets it reach the target; *set is the set's name then, which lives as
 * long as the list. */
bool relay_allow_passes(const relay_allow *allow, const relay_peer *peer, const grille_address *target,
                        const char **set);

#endif
