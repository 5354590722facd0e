/* SPDX-License-Identifier: Apache-2.0
 * One direction of a connection: what one socket says, the other one hears, byte for byte, unread. At most one block
 * waits in between, and nothing more is read until it has gone. */
#ifndef GRILLE_TOOLS_RELAY_FLOW_H
#define GRILLE_TOOLS_RELAY_FLOW_H

#include "loop/transport.h"
#include "relay/blocks.h"

typedef enum relay_flow_state {
    RELAY_FLOW_OPEN,
    RELAY_FLOW_ENDED,  /* the source ended its direction, and the other side was told */
    RELAY_FLOW_CLOSED, /* the other side takes no more: what comes is not read */
    RELAY_FLOW_BROKEN  /* reading failed: the source is gone */
} relay_flow_state;

/* Caller's storage; zero, then both transports set, to start. */
typedef struct relay_flow {
    grille_transport *from;
    grille_transport *to;
    relay_block *held; /* what `to` has not taken yet, or NULL */
    size_t held_at;
    size_t held_len;
    bool source_ended;
    relay_flow_state state;
    int status;         /* of CLOSED and BROKEN: a negative errno value */
    uint64_t forwarded; /* bytes that `to` has taken */
} relay_flow;

/* Moves what can be moved without waiting: one read, and writes. `scratch` has RELAY_LIMIT_BLOCK_BYTES. True when
 * anything was moved, or the state changed. */
bool relay_flow_pump(relay_flow *flow, uint8_t *scratch, relay_blocks *blocks);

/* What the flow waits for, at either end. */
bool relay_flow_wants_read(const relay_flow *flow);
bool relay_flow_wants_write(const relay_flow *flow);

/* Gives the block back. */
void relay_flow_drop(relay_flow *flow, relay_blocks *blocks);

#endif
