/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "grille/v1/egress.grille-nano.h"
#include "loop/socket.h"
#include "wire/limits.h"

/* Reads in one turn: others on the loop want theirs. */
#define READS_PER_TURN 4

typedef struct chunk {
    grille_link link;
    size_t at;
    size_t len;
    uint8_t bytes[];
} chunk;

static void on_told(grille_job *job) {
    grille_egress_bridge *bridge = grille_container(job, grille_egress_bridge, told);
    grille_loop_active(bridge->loop);
    bridge->ops->moved(bridge);
}

grille_reason grille_egress_bridge_init(grille_egress_bridge *bridge, const grille_egress_bridge_ops *ops,
                                        grille_loop *loop) {
    *bridge = (grille_egress_bridge){.ops = ops, .loop = loop};
    bridge->held = malloc(GRILLE_LIMIT_EGRESS_PIECE_BYTES);
    if (bridge->held == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    pthread_mutex_init(&bridge->lock, NULL);
    grille_list_init(&bridge->waiting);
    grille_job_init(&bridge->told, on_told);
    return GRILLE_REASON_OK;
}

/* ---- The stream's side ---- */

void grille_egress_bridge_tell_locked(grille_egress_bridge *bridge) {
    if (!bridge->detached) grille_loop_post(bridge->loop, &bridge->told);
}

void grille_egress_bridge_tell(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    grille_egress_bridge_tell_locked(bridge);
    pthread_mutex_unlock(&bridge->lock);
}

bool grille_egress_bridge_take(grille_egress_bridge *bridge, grille_call *call, grille_bytes bytes) {
    chunk *made = malloc(sizeof *made + bytes.len);
    if (made == NULL) return false;
    *made = (chunk){.len = bytes.len};
    memcpy(made->bytes, bytes.data, bytes.len);
    pthread_mutex_lock(&bridge->lock);
    grille_list_append(&bridge->waiting, &made->link);
    bridge->waiting_bytes += bytes.len;
    if (bridge->waiting_bytes >= GRILLE_LIMIT_EGRESS_WAITING_BYTES && !bridge->paused && !bridge->detached) {
        /* Under the lock: whoever sees that it is paused may resume it. */
        grille_call_pause(call);
        bridge->paused = true;
    }
    grille_egress_bridge_tell_locked(bridge);
    pthread_mutex_unlock(&bridge->lock);
    return true;
}

void grille_egress_bridge_end_of_stream(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    bridge->stream_ended = true;
    pthread_mutex_unlock(&bridge->lock);
    grille_egress_bridge_tell(bridge);
}

/* ---- From the stream to the transport ---- */

static chunk *first_waiting(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    grille_link *link = grille_list_empty(&bridge->waiting) ? NULL : bridge->waiting.next;
    pthread_mutex_unlock(&bridge->lock);
    return link == NULL ? NULL : grille_container(link, chunk, link);
}

/* The chunk has gone; its sender goes on when half of what may wait is free. */
static void drop(grille_egress_bridge *bridge, chunk *gone) {
    bool resume = false;
    pthread_mutex_lock(&bridge->lock);
    grille_list_remove(&gone->link);
    bridge->waiting_bytes -= gone->len;
    if (bridge->paused && bridge->waiting_bytes <= GRILLE_LIMIT_EGRESS_WAITING_BYTES / 2) {
        bridge->paused = false;
        resume = true;
    }
    pthread_mutex_unlock(&bridge->lock);
    free(gone);
    if (resume && bridge->call != NULL) grille_call_resume(bridge->call);
}

static bool write_waiting(grille_egress_bridge *bridge) {
    bool went = false;
    chunk *first = NULL;
    while ((first = first_waiting(bridge)) != NULL) {
        while (first->at < first->len && !bridge->deaf) {
            const long moved =
                grille_transport_write(&bridge->transport, first->bytes + first->at, first->len - first->at);
            if (moved == -EAGAIN) return went;
            if (moved < 0) {
                bridge->deaf = true;
            } else {
                first->at += (size_t)moved;
                bridge->to_transport += (uint64_t)moved;
                went = true;
            }
        }
        drop(bridge, first);
    }
    return went;
}

bool grille_egress_bridge_is_drained(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    const bool drained = grille_list_empty(&bridge->waiting) && (!bridge->stream_ended || bridge->shut || bridge->deaf);
    pthread_mutex_unlock(&bridge->lock);
    return drained;
}

static void write_end(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    const bool ended = bridge->stream_ended && grille_list_empty(&bridge->waiting);
    pthread_mutex_unlock(&bridge->lock);
    if (!ended || bridge->shut || bridge->deaf) return;
    if (grille_transport_shutdown(&bridge->transport) != 0) bridge->deaf = true;
    bridge->shut = true;
}

/* ---- From the transport to the stream ---- */

/* False: the stream takes no more now. */
static bool send_held(grille_egress_bridge *bridge) {
    if (bridge->held_len == 0) return true;
    const grille_v1_EgressPiece piece = {.data = grille_bytes_of(bridge->held, bridge->held_len)};
    if (bridge->call == NULL || grille_call_send(bridge->call, &piece) == GRILLE_AGAIN) return false;
    /* A stream that is over has an event of its own. */
    bridge->from_transport += bridge->held_len;
    bridge->held_len = 0;
    return true;
}

static void send_end(grille_egress_bridge *bridge) {
    if (!bridge->read_ended || bridge->end_told || bridge->call == NULL) return;
    if (bridge->ops->tell_end(bridge) != GRILLE_AGAIN) bridge->end_told = true;
}

static bool read_some(grille_egress_bridge *bridge) {
    bool went = false;
    for (int reads = 0; reads < READS_PER_TURN && !bridge->read_ended && bridge->broken == 0; reads++) {
        if (!send_held(bridge)) return went;
        const long moved = grille_transport_read(&bridge->transport, bridge->held, GRILLE_LIMIT_EGRESS_PIECE_BYTES);
        if (moved == -EAGAIN) return went;
        if (moved < 0) {
            bridge->broken = (int)moved;
        } else if (moved == 0) {
            bridge->read_ended = true;
        } else {
            bridge->held_len = (size_t)moved;
            went = true;
        }
    }
    return went;
}

/* ---- Both ---- */

bool grille_egress_bridge_pump(grille_egress_bridge *bridge) {
    if (!bridge->is_open) return false;
    bool went = write_waiting(bridge);
    write_end(bridge);
    went |= read_some(bridge);
    if (send_held(bridge)) send_end(bridge);
    const bool wants_read = bridge->held_len == 0 && !bridge->read_ended && bridge->broken == 0 && bridge->call != NULL;
    const bool wants_write = first_waiting(bridge) != NULL;
    const int status =
        grille_transport_watch(&bridge->transport, (wants_read ? UV_READABLE : 0) | (wants_write ? UV_WRITABLE : 0));
    if (status != 0 && bridge->broken == 0) bridge->broken = status;
    return went;
}

static void on_ready(grille_transport *transport, int status, int events) {
    grille_egress_bridge *bridge = grille_container(transport, grille_egress_bridge, transport);
    (void)events;
    grille_loop_active(bridge->loop);
    /* What can still be read is; then reading names the error, or nothing does. */
    if (status != 0 && bridge->held_len > 0 && bridge->broken == 0) {
        const int pending = grille_socket_pending_error(transport->fd);
        bridge->broken = pending != 0 ? pending : -EIO;
    }
    bridge->ops->moved(bridge);
}

static void on_closed(grille_transport *transport) {
    grille_egress_bridge *bridge = grille_container(transport, grille_egress_bridge, transport);
    bridge->ops->closed(bridge);
}

void grille_egress_bridge_set_call(grille_egress_bridge *bridge, grille_call *call) {
    bridge->call = grille_call_ref(call);
}

void grille_egress_bridge_drop_call(grille_egress_bridge *bridge) {
    if (bridge->call != NULL) grille_call_unref(bridge->call);
    bridge->call = NULL;
}

grille_reason grille_egress_bridge_open(grille_egress_bridge *bridge, grille_conduit conduit, grille_error *error) {
    const grille_reason reason =
        grille_transport_open(&bridge->transport, bridge->loop, conduit, on_ready, on_closed, error);
    bridge->is_open = reason == GRILLE_REASON_OK;
    return reason;
}

void grille_egress_bridge_close(grille_egress_bridge *bridge) {
    if (!bridge->is_open) return;
    bridge->is_open = false;
    grille_transport_close(&bridge->transport);
}

void grille_egress_bridge_detach(grille_egress_bridge *bridge) {
    pthread_mutex_lock(&bridge->lock);
    bridge->detached = true;
    pthread_mutex_unlock(&bridge->lock);
    grille_loop_unpost(bridge->loop, &bridge->told);
}

void grille_egress_bridge_deinit(grille_egress_bridge *bridge) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&bridge->waiting)) != NULL) {
        free(grille_container(link, chunk, link));
    }
    free(bridge->held);
    pthread_mutex_destroy(&bridge->lock);
}
