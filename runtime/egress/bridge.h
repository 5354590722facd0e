/* SPDX-License-Identifier: Apache-2.0
 * Between a stream of pieces (proto/grille/v1/egress.proto) and a transport: what one says, the other hears, each
 * direction slowed down by who takes it. The stream's events come on a thread of the channel's or server's, the
 * transport is on a loop; they meet here. Both ends use it: the parent with a socket, the enclave with a pipe. */
#ifndef GRILLE_EGRESS_BRIDGE_H
#define GRILLE_EGRESS_BRIDGE_H

#include <pthread.h>

#include "grille/call.h"
#include "loop/transport.h"

typedef struct grille_egress_bridge grille_egress_bridge;

typedef struct grille_egress_bridge_ops {
    /* The stream or the transport has moved on; on the loop. */
    void (*moved)(grille_egress_bridge *bridge);
    /* Tells the stream that the transport has ended its direction: as grille_call_send answers. On the loop. */
    grille_code (*tell_end)(grille_egress_bridge *bridge);
    /* The transport is closed; after grille_egress_bridge_close, possibly inside it. On the loop. */
    void (*closed)(grille_egress_bridge *bridge);
} grille_egress_bridge_ops;

/* Caller's storage. */
struct grille_egress_bridge {
    const grille_egress_bridge_ops *ops;
    grille_loop *loop;
    pthread_mutex_t lock;
    /* Under lock. */
    bool detached;       /* the loop is not told any more */
    grille_link waiting; /* bytes from the stream for the transport */
    size_t waiting_bytes;
    bool paused;
    bool stream_ended; /* behind what waits */
    /* The leader's. */
    grille_call *call; /* referenced; NULL: no stream (any more) */
    grille_job told;
    grille_transport transport;
    bool is_open;
    uint8_t *held; /* a piece that the stream did not take */
    size_t held_len;
    bool read_ended; /* the transport has ended its direction */
    bool end_told;   /* and the stream knows */
    bool shut;       /* the stream has ended its direction, and the transport knows */
    bool deaf;       /* the transport takes no more: what comes for it is dropped */
    int broken;      /* a negative errno value: reading failed */
    uint64_t to_transport;
    uint64_t from_transport;
};

/* OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_egress_bridge_init(grille_egress_bridge *bridge,
                                                        const grille_egress_bridge_ops *ops, grille_loop *loop);

/* ---- the stream's side: its events, on their thread ---- */

/* A piece's bytes, copied. False without memory. */
GRILLE_MUST_USE bool grille_egress_bridge_take(grille_egress_bridge *bridge, grille_call *call, grille_bytes bytes);
/* No bytes follow. */
void grille_egress_bridge_end_of_stream(grille_egress_bridge *bridge);
/* Has `moved` called in a turn of the loop, unless it is detached. */
void grille_egress_bridge_tell(grille_egress_bridge *bridge);
/* The same, under the lock. */
void grille_egress_bridge_tell_locked(grille_egress_bridge *bridge);

/* ---- the loop's side ---- */

/* The stream, from here on until grille_egress_bridge_drop_call: referenced. */
void grille_egress_bridge_set_call(grille_egress_bridge *bridge, grille_call *call);
void grille_egress_bridge_drop_call(grille_egress_bridge *bridge);
/* Takes the conduit over, also when it fails: LOOP_SOCKET. */
GRILLE_MUST_USE grille_reason grille_egress_bridge_open(grille_egress_bridge *bridge, grille_conduit conduit,
                                                        grille_error *error);
/* Moves what can be moved without waiting, and watches for the rest: for `moved` to begin with. True when bytes went.
 */
bool grille_egress_bridge_pump(grille_egress_bridge *bridge);
/* Whether everything that came from the stream has gone, and its end where it came. */
bool grille_egress_bridge_is_drained(grille_egress_bridge *bridge);
/* Closes the transport; harmless when there is none. */
void grille_egress_bridge_close(grille_egress_bridge *bridge);
/* From here on the loop is not told of the stream's events. */
void grille_egress_bridge_detach(grille_egress_bridge *bridge);
/* Frees what waits. Nobody else has it any more. */
void grille_egress_bridge_deinit(grille_egress_bridge *bridge);

#endif
