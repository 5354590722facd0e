/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

bool relay_flow_wants_read(const relay_flow *flow) {
    return flow->state == RELAY_FLOW_OPEN && !flow->source_ended && flow->held == NULL;
}

bool relay_flow_wants_write(const relay_flow *flow) {
    return flow->state == RELAY_FLOW_OPEN && flow->held != NULL;
}

void relay_flow_drop(relay_flow *flow, relay_blocks *blocks) {
    relay_blocks_give(blocks, flow->held);
    flow->held = NULL;
    flow->held_len = 0;
}

static void end(relay_flow *flow, relay_flow_state state, int status, relay_blocks *blocks) {
    flow->state = state;
    flow->status = status;
    relay_flow_drop(flow, blocks);
}

/* The other side takes no more: the source is told, where its socket can say so (Unix, vsock). What it has sent already
 * is thrown away: a sender that waits for room would not look up before there is some. */
static void forward_refusal(relay_flow *flow, int status, uint8_t *scratch, relay_blocks *blocks) {
    end(flow, RELAY_FLOW_CLOSED, status, blocks);
    if (flow->from->fd < 0) return;
    (void)shutdown(flow->from->fd, SHUT_RD);
    for (int i = 0; i < RELAY_LIMIT_DISCARDED_READS; i++) {
        if (grille_transport_read(flow->from, scratch, RELAY_LIMIT_BLOCK_BYTES) <= 0) return;
    }
}

/* Writes until the socket is full: how much it took. */
static size_t write_some(relay_flow *flow, const uint8_t *bytes, size_t len, int *status) {
    size_t at = 0;
    *status = 0;
    while (at < len) {
        const long moved = grille_transport_write(flow->to, bytes + at, len - at);
        if (moved < 0) {
            if (moved != -EAGAIN) *status = (int)moved;
            break;
        }
        at += (size_t)moved;
    }
    flow->forwarded += at;
    return at;
}

static void hold(relay_flow *flow, const uint8_t *bytes, size_t len, relay_blocks *blocks) {
    flow->held = relay_blocks_take(blocks);
    if (flow->held == NULL) {
        end(flow, RELAY_FLOW_BROKEN, -ENOMEM, blocks);
        return;
    }
    memcpy(flow->held->bytes, bytes, len);
    flow->held_at = 0;
    flow->held_len = len;
}

static bool write_held(relay_flow *flow, uint8_t *scratch, relay_blocks *blocks) {
    int status = 0;
    const size_t moved = write_some(flow, flow->held->bytes + flow->held_at, flow->held_len, &status);
    flow->held_at += moved;
    flow->held_len -= moved;
    if (flow->held_len == 0) relay_flow_drop(flow, blocks);
    if (status != 0) forward_refusal(flow, status, scratch, blocks);
    return moved > 0 || status != 0;
}

static void write_read(relay_flow *flow, uint8_t *scratch, size_t len, relay_blocks *blocks) {
    int status = 0;
    const size_t taken = write_some(flow, scratch, len, &status);
    if (status != 0) {
        forward_refusal(flow, status, scratch, blocks);
    } else if (taken < len) {
        hold(flow, scratch + taken, len - taken, blocks);
    }
}

static bool read_once(relay_flow *flow, uint8_t *scratch, relay_blocks *blocks) {
    const long moved = grille_transport_read(flow->from, scratch, RELAY_LIMIT_BLOCK_BYTES);
    if (moved == -EAGAIN) return false;
    if (moved < 0) {
        end(flow, RELAY_FLOW_BROKEN, (int)moved, blocks);
    } else if (moved == 0) {
        flow->source_ended = true;
    } else {
        write_read(flow, scratch, (size_t)moved, blocks);
    }
    return true;
}

/* The end of the stream, behind its last byte. */
static void forward_end(relay_flow *flow, relay_blocks *blocks) {
    const int result = grille_transport_shutdown(flow->to);
    end(flow, result == 0 ? RELAY_FLOW_ENDED : RELAY_FLOW_CLOSED, result, blocks);
}

bool relay_flow_pump(relay_flow *flow, uint8_t *scratch, relay_blocks *blocks) {
    bool moved = false;
    if (relay_flow_wants_write(flow)) moved = write_held(flow, scratch, blocks);
    if (relay_flow_wants_read(flow)) moved |= read_once(flow, scratch, blocks);
    if (flow->state == RELAY_FLOW_OPEN && flow->source_ended && flow->held == NULL) forward_end(flow, blocks);
    return moved;
}
