/* SPDX-License-Identifier: Apache-2.0
 * Nonblocking stream sockets: made, bound, connected, accepted, read and written. No loop, no state. Results of system
 * calls are 0 or a negative errno value. Any thread. */
#ifndef GRILLE_LOOP_SOCKET_H
#define GRILLE_LOOP_SOCKET_H

#include <sys/socket.h>

#include "loop/address.h"

/* One socket address for the kernel. */
typedef struct grille_socket_name {
    struct sockaddr_storage storage;
    socklen_t len;
} grille_socket_name;

/* Context IDs that stand for the parent, in the order in which they are tried (Nitro's, then vsock(7)'s host). */
#define GRILLE_VSOCK_PARENT_CIDS 2
extern const uint32_t grille_vsock_parent_cids[GRILLE_VSOCK_PARENT_CIDS];

/* The name to connect to; `attempt` chooses among the parent's CIDs. False when there is no such attempt, or when the
 * address can't be dialled (vsock:any, tcp port 0, fd). */
GRILLE_MUST_USE bool grille_socket_name_to_dial(const grille_address *address, unsigned attempt,
                                                grille_socket_name *name);

/* The name to bind (hybrid: PATH_PORT). False when the address can't be listened on (vsock:parent, fd). */
GRILLE_MUST_USE bool grille_socket_name_to_bind(const grille_address *address, grille_socket_name *name);

/* A nonblocking, close-on-exec stream socket for this name; NODELAY for TCP. The descriptor is the caller's. */
GRILLE_MUST_USE int grille_socket_open(const grille_socket_name *name, int *fd);

/* Starts connecting: 0 (connected), -EINPROGRESS (wait until writable, then grille_socket_pending_error) or an error.
 */
GRILLE_MUST_USE int grille_socket_connect(int fd, const grille_socket_name *name);
/* The result of a connect that was in progress (SO_ERROR). */
GRILLE_MUST_USE int grille_socket_pending_error(int fd);

/* What is likely wrong when connecting failed with this negative errno value: half a line for people. */
const char *grille_socket_dial_advice(int status);

/* Takes over a descriptor that was opened elsewhere: checks that it is a stream socket, makes it nonblocking and
 * close-on-exec, sets NODELAY where it applies. */
GRILLE_MUST_USE int grille_socket_adopt(int fd);

/* Accepts one connection as grille_socket_open would have made it. */
GRILLE_MUST_USE int grille_socket_accept(int listener, int *fd);

/* Bytes moved, 0 at the end of the stream (read), or -EAGAIN and other errors. Interrupted calls are repeated. A write
 * to a peer that is gone answers -EPIPE and raises no signal. */
GRILLE_MUST_USE long grille_socket_read(int fd, void *buffer, size_t capacity);
GRILLE_MUST_USE long grille_socket_write(int fd, const void *bytes, size_t len);

/* The port that the kernel chose for a bound TCP socket, 0 when it can't say. */
uint32_t grille_socket_bound_port(int fd);

#endif
