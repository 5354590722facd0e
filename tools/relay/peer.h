/* SPDX-License-Identifier: Apache-2.0
 * Who connected, as the kernel says it: an IP address, a Unix socket's user, or a vsock CID. */
#ifndef GRILLE_TOOLS_RELAY_PEER_H
#define GRILLE_TOOLS_RELAY_PEER_H

#include "loop/address.h"

#define RELAY_PEER_TEXT_BYTES 80

/* A plain value. */
typedef struct relay_peer {
    grille_address_kind kind; /* TCP, UNIX or VSOCK */
    bool ipv6;
    uint8_t ip[16];  /* TCP: 4 or 16 bytes; an IPv4 address inside IPv6 (RFC 4291 2.5.5.2) counts as IPv4 */
    uint32_t number; /* UNIX: uid (SO_PEERCRED); VSOCK: CID */
    uint32_t port;   /* TCP, VSOCK; UNIX: pid */
} relay_peer;

/* Reads it from a connected socket. False when the peer is gone already or the socket is of another family. */
GRILLE_MUST_USE bool relay_peer_of_socket(int fd, relay_peer *peer);

/* "tcp:10.0.0.7:41233", "unix:uid=1000,pid=77", "vsock:16:1024"; always terminated. */
void relay_peer_format(const relay_peer *peer, char text[RELAY_PEER_TEXT_BYTES]);

#endif
