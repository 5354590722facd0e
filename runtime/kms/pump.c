/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/loop.h"
#include "loop/socket.h"

typedef struct pump {
    const grille_pump_flow *flow;
    int fd;
    int stop;
    grille_time_us deadline_us;
    uint32_t timeout_ms;
    const char *address;
    grille_error *error;
} pump;

static grille_reason fail_system(pump *run, grille_reason reason, int status) {
    return grille_error_set(run->error, reason, "%s: %s. Likely %s", run->address, strerror(-status),
                            grille_socket_dial_advice(status));
}

/* Waits for events on the connection. OK when there are any. */
static grille_reason wait_for(pump *run, short events) {
    struct pollfd descriptors[2] = {{.fd = run->fd, .events = events}, {.fd = run->stop, .events = POLLIN}};
    for (;;) {
        const grille_time_us now_us = grille_clock_us();
        const uint64_t left_ms = now_us < run->deadline_us ? (run->deadline_us - now_us + 999) / 1000 : 0;
        const int got = poll(descriptors, 2, (int)left_ms);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_system(run, GRILLE_REASON_LOOP_SOCKET, -errno);
        if (descriptors[1].revents != 0)
            return grille_error_set(run->error, GRILLE_REASON_LOOP_CHANNEL_CLOSED, "it was given up");
        if (got > 0) return GRILLE_REASON_OK;
        if (left_ms == 0) {
            return grille_error_set(run->error, GRILLE_REASON_LOOP_DIAL_TIMEOUT, "%s: no answer within %u ms",
                                    run->address, (unsigned)run->timeout_ms);
        }
    }
}

static grille_reason connect_to(pump *run, const grille_socket_name *name) {
    grille_reason reason = GRILLE_REASON_OK;
    int status = grille_socket_open(name, &run->fd);
    if (status != 0) return fail_system(run, GRILLE_REASON_LOOP_SOCKET, status);
    status = grille_socket_connect(run->fd, name);
    if (status == -EINPROGRESS) {
        reason = wait_for(run, POLLOUT);
        if (reason == GRILLE_REASON_OK) status = grille_socket_pending_error(run->fd);
    }
    if (reason == GRILLE_REASON_OK && status != 0) reason = fail_system(run, GRILLE_REASON_LOOP_DIAL, status);
    if (reason != GRILLE_REASON_OK) {
        (void)close(run->fd);
        run->fd = -1;
    }
    return reason;
}

/* vsock:parent means two. */
static grille_reason dial(pump *run, const grille_address *address) {
    grille_reason reason = GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED;
    grille_socket_name name;
    const bool by_name = address->kind == GRILLE_ADDRESS_HYBRID;
    for (unsigned attempt = 0; !by_name && grille_socket_name_to_dial(address, attempt, &name); attempt++) {
        reason = connect_to(run, &name);
        if (reason != GRILLE_REASON_LOOP_DIAL && reason != GRILLE_REASON_LOOP_SOCKET) break;
    }
    if (reason == GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED) {
        return grille_error_set(run->error, reason,
                                "%s can't be connected to from here: write tcp:, unix: or vsock:", run->address);
    }
    return reason;
}

/* Sends until nothing is outgoing or the socket is full: MORE then. */
static grille_reason send_some(pump *run) {
    for (;;) {
        const grille_bytes bytes = run->flow->outgoing(run->flow->user);
        if (bytes.len == 0) return GRILLE_REASON_OK;
        const long sent = grille_socket_write(run->fd, bytes.data, bytes.len);
        if (sent == -EAGAIN) return GRILLE_REASON_MORE;
        if (sent < 0) return fail_system(run, GRILLE_REASON_LOOP_CONNECTION_LOST, (int)sent);
        run->flow->sent(run->flow->user, (size_t)sent);
    }
}

/* One read: MORE when the flow wants more. */
static grille_reason receive_some(pump *run) {
    uint8_t buffer[16384];
    const long got = grille_socket_read(run->fd, buffer, sizeof buffer);
    grille_reason reason = GRILLE_REASON_MORE;
    if (got == -EAGAIN) return reason;
    if (got < 0) return fail_system(run, GRILLE_REASON_LOOP_CONNECTION_LOST, (int)got);
    reason = got == 0 ? run->flow->ended(run->flow->user, run->error)
                      : run->flow->feed(run->flow->user, grille_bytes_of(buffer, (size_t)got), run->error);
    grille_wipe(buffer, (size_t)got);
    return reason;
}

static grille_reason turn(pump *run) {
    grille_reason reason = send_some(run);
    if (reason != GRILLE_REASON_OK && reason != GRILLE_REASON_MORE) return reason;
    reason = wait_for(run, reason == GRILLE_REASON_MORE ? POLLIN | POLLOUT : POLLIN);
    return reason == GRILLE_REASON_OK ? receive_some(run) : reason;
}

/* A closing word, as far as the socket takes it at once. */
static void send_last(pump *run) {
    grille_reason reason;
    run->error = NULL;
    reason = send_some(run);
    (void)reason;
}

grille_reason grille_pump_run(const grille_address *address, const grille_pump_flow *flow, uint32_t timeout_ms,
                              int stop, grille_error *error) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    pump run = {.flow = flow,
                .fd = -1,
                .stop = stop,
                .deadline_us = grille_time_after(grille_clock_us(), (uint64_t)timeout_ms * 1000),
                .timeout_ms = timeout_ms,
                .address = text,
                .error = error};
    grille_reason reason;
    grille_address_format(address, text);
    reason = dial(&run, address);
    if (reason != GRILLE_REASON_OK) return reason;
    do
        reason = turn(&run);
    while (reason == GRILLE_REASON_MORE);
    send_last(&run);
    (void)close(run.fd);
    return reason;
}
