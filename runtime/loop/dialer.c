/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/dialer_private.h"
#include "loop/inproc.h"
#include "loop/socket.h"

/* A Unix socket whose backlog is full refuses at once (EAGAIN): ask again this often. */
#define RETRY_MS 10

static void free_poll(uv_handle_t *poll) {
    free(poll);
}

static void free_dialer(uv_handle_t *timer) {
    free(timer->data);
}

static void stop_watching(grille_dialer *dialer) {
    if (dialer->poll != NULL) uv_close((uv_handle_t *)dialer->poll, free_poll);
    dialer->poll = NULL;
}

static void close_socket(grille_dialer *dialer) {
    stop_watching(dialer);
    if (dialer->fd >= 0) (void)close(dialer->fd);
    dialer->fd = -1;
    grille_pipe_close(dialer->end);
    dialer->end = NULL;
}

void grille_dialer_over(grille_dialer *dialer) {
    stop_watching(dialer);
    dialer->stage = DIALER_OVER;
    (void)uv_timer_stop(&dialer->timer);
    grille_loop_at_end_of_turn(dialer->loop, &dialer->finish);
}

static void on_finish(grille_job *job) {
    grille_dialer *dialer = grille_container(job, grille_dialer, finish);
    grille_loop_active(dialer->loop);
    dialer->done(dialer->user, (grille_conduit){dialer->fd, dialer->end}, &dialer->error);
    uv_close((uv_handle_t *)&dialer->timer, free_dialer);
}

/* This attempt is lost; the next, if there is one, or the end. */
static void attempt_failed(grille_dialer *dialer) {
    grille_socket_name name;
    close_socket(dialer);
    if (dialer->address.kind != GRILLE_ADDRESS_FD && dialer->address.kind != GRILLE_ADDRESS_INPROC &&
        grille_socket_name_to_dial(&dialer->address, dialer->attempt + 1, &name)) {
        dialer->attempt++;
        grille_dialer_try_next(dialer);
        return;
    }
    grille_dialer_over(dialer);
}

static void fail_connect(grille_dialer *dialer, int status) {
    (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_DIAL, "connecting to %s failed: %s; %s", dialer->name,
                           strerror(-status), grille_socket_dial_advice(status));
    attempt_failed(dialer);
}

static void fail_hybrid(grille_dialer *dialer, const char *what) {
    (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_HYBRID_REFUSED,
                           "%s: the VMM's socket took the connection, but %s: does the guest listen on vsock port %u?",
                           dialer->name, what, dialer->address.port);
    attempt_failed(dialer);
}

static void read_answer(grille_dialer *dialer) {
    switch (grille_hybrid_read_answer(&dialer->answer, dialer->fd)) {
    case GRILLE_HYBRID_MORE:
        break;
    case GRILLE_HYBRID_CONNECTED:
        grille_dialer_over(dialer);
        break;
    case GRILLE_HYBRID_CLOSED:
        fail_hybrid(dialer, "it closed without an answer");
        break;
    case GRILLE_HYBRID_BAD:
        fail_hybrid(dialer, "its answer is not a line \"OK PORT\" of at most 32 bytes");
        break;
    }
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(grille_dialer *dialer, int events) {
    stop_watching(dialer);
    dialer->poll = calloc(1, sizeof *dialer->poll);
    int result = dialer->poll == NULL ? UV_ENOMEM : uv_poll_init_socket(&dialer->loop->uv, dialer->poll, dialer->fd);
    if (result != 0) {
        free(dialer->poll);
        dialer->poll = NULL;
        fail_connect(dialer, result);
        return;
    }
    dialer->poll->data = dialer;
    result = uv_poll_start(dialer->poll, events, on_ready);
    if (result != 0) fail_connect(dialer, result);
}

static void connected(grille_dialer *dialer) {
    if (dialer->address.kind != GRILLE_ADDRESS_HYBRID) {
        grille_dialer_over(dialer);
        return;
    }
    if (!grille_hybrid_send_connect(dialer->fd, dialer->address.port)) {
        fail_hybrid(dialer, "it did not take our CONNECT line");
        return;
    }
    dialer->stage = DIALER_HYBRID_ANSWER;
    dialer->answer.len = 0;
    watch(dialer, UV_READABLE);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    grille_dialer *dialer = poll->data;
    (void)events;
    grille_loop_active(dialer->loop);
    if (dialer->stage == DIALER_HYBRID_ANSWER) {
        read_answer(dialer);
        if (status != 0 && dialer->stage == DIALER_HYBRID_ANSWER) fail_hybrid(dialer, "it closed without an answer");
        return;
    }
    /* libuv reports a failed connect as EBADF; SO_ERROR has the real one. */
    int result = grille_socket_pending_error(dialer->fd);
    stop_watching(dialer);
    if (result == 0) {
        connected(dialer);
    } else {
        fail_connect(dialer, result);
    }
}

static void start_connect(grille_dialer *dialer, const grille_socket_name *name) {
    int result = grille_socket_connect(dialer->fd, name);
    if (result == 0) {
        connected(dialer);
    } else if (result == -EINPROGRESS) {
        dialer->stage = DIALER_CONNECTING;
        watch(dialer, UV_WRITABLE);
    } else if (result == -EAGAIN) {
        dialer->stage = DIALER_BACKLOG_FULL;
    } else {
        fail_connect(dialer, result);
    }
}

static void on_timer(uv_timer_t *timer);

void grille_dialer_arm(grille_dialer *dialer) {
    if (dialer->stage == DIALER_OVER) return;
    grille_time_us now_us = grille_clock_us();
    uint64_t left_ms = dialer->attempt_ends_us <= now_us ? 1 : (dialer->attempt_ends_us - now_us + 999) / 1000;
    if (dialer->stage == DIALER_BACKLOG_FULL && left_ms > RETRY_MS) left_ms = RETRY_MS;
    (void)uv_timer_start(&dialer->timer, on_timer, left_ms, 0);
}

static void try_once(grille_dialer *dialer) {
    grille_socket_name name;
    if (!grille_socket_name_to_dial(&dialer->address, dialer->attempt, &name)) {
        (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                               "%s is an address to listen on, not one to connect to", dialer->name);
        grille_dialer_over(dialer);
        return;
    }
    int result = grille_socket_open(&name, &dialer->fd);
    if (result != 0) {
        (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_SOCKET, "no socket for %s: %s", dialer->name,
                               strerror(-result));
        attempt_failed(dialer);
        return;
    }
    start_connect(dialer, &name);
}

void grille_dialer_try_next(grille_dialer *dialer) {
    dialer->attempt_ends_us = grille_time_after(grille_clock_us(), dialer->share_us);
    try_once(dialer);
    grille_dialer_arm(dialer);
}

static void on_timer(uv_timer_t *timer) {
    grille_dialer *dialer = timer->data;
    grille_loop_active(dialer->loop);
    if (grille_clock_us() < dialer->attempt_ends_us) {
        if (dialer->stage == DIALER_BACKLOG_FULL) {
            close_socket(dialer);
            try_once(dialer);
        }
        grille_dialer_arm(dialer);
        return;
    }
    (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "connecting to %s: no answer within the connect timeout of %u ms; is the peer running, and "
                           "is the address right?",
                           dialer->name, dialer->timeout_ms);
    if (dialer->stage == DIALER_ASKING) {
        grille_dialer_stop_asking(dialer);
        grille_dialer_over(dialer);
        return;
    }
    attempt_failed(dialer);
}

static void adopt(grille_dialer *dialer) {
    int result = grille_socket_adopt(dialer->address.fd);
    if (result == 0) {
        dialer->fd = dialer->address.fd;
    } else {
        (void)grille_error_set(&dialer->error, GRILLE_REASON_LOOP_SOCKET, "%s is not a usable stream socket: %s",
                               dialer->name, strerror(-result));
    }
    grille_dialer_over(dialer);
}

static void reach(grille_dialer *dialer) {
    const grille_address *address = &dialer->address;
    int result = grille_inproc_connect(grille_bytes_of(address->path, address->path_len), &dialer->end);
    if (result != 0) {
        fail_connect(dialer, result);
        return;
    }
    grille_dialer_over(dialer);
}

bool grille_dialer_takes(const grille_address *address) {
    grille_socket_name name;
    switch (address->kind) {
    case GRILLE_ADDRESS_FD:
    case GRILLE_ADDRESS_INPROC:
    case GRILLE_ADDRESS_NITRO:
        return true;
    default:
        return grille_socket_name_to_dial(address, 0, &name);
    }
}

grille_reason grille_dialer_start(grille_loop *loop, const grille_address *address, uint32_t timeout_ms,
                                  grille_dialed_fn *done, void *user, grille_dialer **dialer) {
    grille_dialer *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    made->loop = loop;
    made->address = *address;
    made->done = done;
    made->user = user;
    made->timeout_ms = timeout_ms;
    made->fd = -1;
    bool parent = address->kind == GRILLE_ADDRESS_VSOCK && address->cid_kind == GRILLE_VSOCK_CID_PARENT;
    made->share_us = (uint64_t)timeout_ms * 1000 / (parent ? GRILLE_VSOCK_PARENT_CIDS : 1);
    grille_address_format(address, made->name);
    grille_job_init(&made->finish, on_finish);
    (void)uv_timer_init(&loop->uv, &made->timer);
    made->timer.data = made;
    *dialer = made;
    if (address->kind == GRILLE_ADDRESS_FD) {
        adopt(made);
    } else if (address->kind == GRILLE_ADDRESS_INPROC) {
        reach(made);
    } else if (address->kind == GRILLE_ADDRESS_NITRO) {
        grille_dialer_ask(made);
    } else {
        grille_dialer_try_next(made);
    }
    return GRILLE_REASON_OK;
}

void grille_dialer_cancel(grille_dialer *dialer) {
    grille_job_cancel(&dialer->finish);
    grille_dialer_stop_asking(dialer);
    close_socket(dialer);
    dialer->stage = DIALER_OVER;
    uv_close((uv_handle_t *)&dialer->timer, free_dialer);
}
