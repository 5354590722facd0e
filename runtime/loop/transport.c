/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/transport.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "loop/socket.h"

/* ---- Sockets ---- */

static void on_poll(uv_poll_t *poll, int status, int events) {
    grille_transport *transport = grille_container(poll, grille_transport, poll);
    /* libuv stops watching a socket with an error. */
    if (status != 0) transport->watched = 0;
    transport->ready(transport, status, events);
}

static void on_poll_closed(uv_handle_t *poll) {
    grille_transport *transport = poll->data;
    transport->closed(transport);
}

static long socket_read(grille_transport *transport, void *buffer, size_t capacity) {
    return grille_socket_read(transport->fd, buffer, capacity);
}

static long socket_write(grille_transport *transport, const void *bytes, size_t len) {
    return grille_socket_write(transport->fd, bytes, len);
}

static int socket_watch(grille_transport *transport, int events) {
    return events == 0 ? uv_poll_stop(&transport->poll) : uv_poll_start(&transport->poll, events, on_poll);
}

static int socket_shutdown(grille_transport *transport) {
    return shutdown(transport->fd, SHUT_WR) == 0 ? 0 : -errno;
}

static void socket_close(grille_transport *transport) {
    uv_close((uv_handle_t *)&transport->poll, on_poll_closed);
    (void)close(transport->fd);
    transport->fd = -1;
}

static const grille_transport_ops socket_ops = {socket_read, socket_write, socket_watch, socket_shutdown, socket_close};

/* ---- Pipes ---- */

static void on_pipe_ready(void *user, int events) {
    grille_transport *transport = user;
    transport->ready(transport, 0, events);
}

static long pipe_read(grille_transport *transport, void *buffer, size_t capacity) {
    return grille_pipe_read(transport->end, buffer, capacity);
}

static long pipe_write(grille_transport *transport, const void *bytes, size_t len) {
    return grille_pipe_write(transport->end, bytes, len);
}

static int pipe_watch(grille_transport *transport, int events) {
    grille_pipe_watch(transport->end, events);
    return 0;
}

static int pipe_shutdown(grille_transport *transport) {
    grille_pipe_shutdown(transport->end);
    return 0;
}

static void pipe_close(grille_transport *transport) {
    grille_pipe_close(transport->end);
    transport->end = NULL;
    transport->closed(transport);
}

static const grille_transport_ops pipe_ops = {pipe_read, pipe_write, pipe_watch, pipe_shutdown, pipe_close};

/* ---- Either ---- */

grille_reason grille_transport_open(grille_transport *transport, grille_loop *loop, grille_conduit conduit,
                                    void (*ready)(grille_transport *transport, int status, int events),
                                    void (*closed)(grille_transport *transport), grille_error *error) {
    *transport = (grille_transport){.ready = ready, .closed = closed, .fd = conduit.fd, .end = conduit.end};
    if (conduit.end != NULL) {
        transport->ops = &pipe_ops;
        grille_pipe_attach(conduit.end, loop, on_pipe_ready, transport);
        return GRILLE_REASON_OK;
    }
    transport->ops = &socket_ops;
    transport->poll.data = transport;
    const int status = uv_poll_init_socket(&loop->uv, &transport->poll, conduit.fd);
    if (status == 0) return GRILLE_REASON_OK;
    (void)close(conduit.fd);
    return grille_error_set(error, GRILLE_REASON_LOOP_SOCKET, "the socket can't be watched: %s", uv_strerror(status));
}

long grille_transport_read(grille_transport *transport, void *buffer, size_t capacity) {
    return transport->ops->read(transport, buffer, capacity);
}

long grille_transport_write(grille_transport *transport, const void *bytes, size_t len) {
    return transport->ops->write(transport, bytes, len);
}

int grille_transport_watch(grille_transport *transport, int events) {
    if (transport->watched == events) return 0;
    const int status = transport->ops->watch(transport, events);
    if (status == 0) transport->watched = events;
    return status;
}

int grille_transport_shutdown(grille_transport *transport) {
    return transport->ops->shutdown(transport);
}

void grille_transport_close(grille_transport *transport) {
    transport->ops->close(transport);
}
