/* SPDX-License-Identifier: Apache-2.0
 * One connection through the relay: the peer that came, the target that is dialled for it, and a flow in each
 * direction. A half-close is forwarded behind the last byte, a reset as a reset where the transport has one (TCP). */
#ifndef GRILLE_TOOLS_RELAY_LINK_H
#define GRILLE_TOOLS_RELAY_LINK_H

#include "egress/reach.h"
#include "relay/flow.h"
#include "relay/peer.h"

/* All connections of one relay. Caller's storage; the leader's. */
typedef struct relay_links {
    grille_loop *loop;
    grille_resolver *resolver;
    const grille_allow *allow; /* borrowed; NULL: none */
    relay_blocks blocks;
    grille_link by_activity; /* whose last byte is longest ago comes first */
    size_t count;
    size_t highest_count;
    uint64_t next_id;
    uint64_t target_failures; /* targets that could not be reached */
    uint64_t bytes_to_targets;
    uint64_t bytes_to_peers;
    void (*ended)(void *user); /* one has ended */
    void *user;
} relay_links;

/* What a connection is made of. */
typedef struct relay_link_start {
    grille_conduit conduit; /* a descriptor; taken over */
    const grille_allow_peer *peer;
    const char *peer_set; /* its set in the allow-list, or NULL; for the log */
    const grille_egress_target *target;
    uint32_t connect_timeout_ms;
} relay_link_start;

/* OUT_OF_MEMORY. Their resolver is the owner's to free. */
GRILLE_MUST_USE grille_reason relay_links_init(relay_links *links, grille_loop *loop, const grille_allow *allow,
                                               void (*ended)(void *user), void *user);

/* Dials the target; nothing of the peer is read before it answers. Logs one line now and one at the end. OUT_OF_MEMORY:
 * the conduit is closed. */
GRILLE_MUST_USE grille_reason relay_links_add(relay_links *links, const relay_link_start *start);

/* Ends who has been silent for so long. Answers when to ask again; GRILLE_TIME_NEVER: no connection is left. */
grille_time_us relay_links_end_idle(relay_links *links, uint32_t idle_timeout_ms);

/* Ends all, with resets. */
void relay_links_cut(relay_links *links);

/* Resets a TCP connection when it is closed, instead of ending it; nothing for other sockets. */
void relay_reset_on_close(int fd);

#endif
