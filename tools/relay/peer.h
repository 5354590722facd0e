/* SPDX-License-Identifier: Apache-2.0
 * Who connected, as the kernel says it: an IP address, a Unix socket's user, or a vsock CID. */
#ifndef GRILLE_TOOLS_RELAY_PEER_H
#define GRILLE_TOOLS_RELAY_PEER_H

#include "egress/allow.h"

#define RELAY_PEER_TEXT_BYTES 80

/* Reads it from a connected socket. False when the peer is gone already or the socket is of another family. */
GRILLE_MUST_USE bool relay_peer_of_socket(int fd, grille_allow_peer *peer);

/* "tcp:10.0.0.7:41233", "unix:uid=1000,pid=77", "vsock:16:1024"; always terminated. */
void relay_peer_format(const grille_allow_peer *peer, char text[RELAY_PEER_TEXT_BYTES]);

#endif
