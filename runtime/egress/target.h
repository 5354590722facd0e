/* SPDX-License-Identifier: Apache-2.0
 * Where a way out leads: an address, or a host's name and a port, whose addresses are found for each connection. Pure.
 */
#ifndef GRILLE_EGRESS_TARGET_H
#define GRILLE_EGRESS_TARGET_H

#include "base/bytes.h"
#include "loop/address.h"
#include "wire/limits.h"

/* Longest formatted target with its terminator: an address, or "tcp:", a name and a port. */
#define GRILLE_EGRESS_TARGET_TEXT_BYTES (GRILLE_LIMIT_HOST_NAME_BYTES + 16)

/* A plain value. */
typedef struct grille_egress_target {
    char host[GRILLE_LIMIT_HOST_NAME_BYTES + 1]; /* lower case; "": the address itself */
    grille_address address;                      /* of a name: tcp, no IP, and the port */
} grille_egress_target;

static inline bool grille_egress_target_is_name(const grille_egress_target *target) {
    return target->host[0] != '\0';
}

/* Whether this is to be a host's name and not a numeric address: letters, and no colon. Pure. */
bool grille_host_is_name(grille_bytes text);

/* Copies a host's name in lower case: 1 to 253 bytes, labels of 1 to 63 letters, digits and hyphens that begin and end
 * with no hyphen (RFC 1123 2.1), no last dot, no last label that is a number (resolvers take "127.1" and "0x7f.1" for
 * addresses). NULL, or what is wrong with it (`name` is "" then). */
const char *grille_host_name_read(grille_bytes text, char name[GRILLE_LIMIT_HOST_NAME_BYTES + 1]);

/* Parses what grille_address_parse does, and tcp:NAME:PORT with a port from 1 to 65535; localhost is 127.0.0.1.
 * LOOP_BAD_ADDRESS. Any thread. */
GRILLE_MUST_USE grille_reason grille_egress_target_parse(const char *text, grille_egress_target *target,
                                                         grille_error *error);

/* The same for host (a name, an IPv4 or a bare IPv6 address) and port by themselves, as peers ask for them. */
GRILLE_MUST_USE grille_reason grille_egress_target_of(grille_bytes host, uint32_t port, grille_egress_target *target,
                                                      grille_error *error);

/* Writes it as grille_egress_target_parse reads it; always terminated. Any thread. */
void grille_egress_target_format(const grille_egress_target *target, char text[GRILLE_EGRESS_TARGET_TEXT_BYTES]);

/* Whether an IP address leads to inside instead of to the world: this host, this link (where a cloud's metadata service
 * answers), private and shared networks, multicast and what is reserved, IPv4 inside IPv6 as the IPv4 address that it
 * is (IANA's registries of special-purpose addresses, RFC 6890). Pure. */
bool grille_address_is_inside(const grille_address *address);

#endif
