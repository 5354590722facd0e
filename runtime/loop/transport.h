/* SPDX-License-Identifier: Apache-2.0
 * The seam between a connection and what carries its bytes: a struct of functions, one for sockets and one for pipes
 * inside the process. The leader's. */
#ifndef GRILLE_LOOP_TRANSPORT_H
#define GRILLE_LOOP_TRANSPORT_H

#include "loop/conduit.h"

typedef struct grille_transport grille_transport;

typedef struct grille_transport_ops {
    long (*read)(grille_transport *transport, void *buffer, size_t capacity);
    long (*write)(grille_transport *transport, const void *bytes, size_t len);
    int (*watch)(grille_transport *transport, int events);
    int (*shutdown)(grille_transport *transport);
    void (*close)(grille_transport *transport);
} grille_transport_ops;

/* Caller's storage; stays until `closed` has come. */
struct grille_transport {
    const grille_transport_ops *ops;
    /* Watched events (UV_READABLE, UV_WRITABLE) are true; or, with a status, the stream has an error, which a read
     * names behind what can still be read, and nothing is watched any more. */
    void (*ready)(grille_transport *transport, int status, int events);
    /* After grille_transport_close, possibly inside it, once. */
    void (*closed)(grille_transport *transport);
    int watched;
    int fd;
    uv_poll_t poll;
    grille_pipe_end *end;
};

/* Takes the conduit over, also when it fails (it is closed then). LOOP_SOCKET when the loop can't watch it. */
GRILLE_MUST_USE grille_reason grille_transport_open(grille_transport *transport, grille_loop *loop,
                                                    grille_conduit conduit,
                                                    void (*ready)(grille_transport *transport, int status, int events),
                                                    void (*closed)(grille_transport *transport), grille_error *error);

/* Results as grille_socket_read and _write. */
GRILLE_MUST_USE long grille_transport_read(grille_transport *transport, void *buffer, size_t capacity);
GRILLE_MUST_USE long grille_transport_write(grille_transport *transport, const void *bytes, size_t len);
/* Replaces what is watched; 0: nothing. 0, or a negative errno value: what was watched before still is, and nobody is
 * told of the rest. */
GRILLE_MUST_USE int grille_transport_watch(grille_transport *transport, int events);
/* Ends our direction: 0 or a negative errno value. */
GRILLE_MUST_USE int grille_transport_shutdown(grille_transport *transport);
void grille_transport_close(grille_transport *transport);

#endif
