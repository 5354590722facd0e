/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/egress_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "egress/bridge.h"
#include "grille/v1/egress.grille-nano.h"
#include "wire/limits.h"

typedef grille_own_grille_v1_egress_connect_stream connect_stream;
typedef grille_own_grille_v1_egress_connect_reply connect_reply;

typedef enum egress_stage {
    EGRESS_ASKING, /* `done` was not told */
    EGRESS_OPEN,
    EGRESS_BROKEN, /* nothing goes any more; waits to be closed */
    EGRESS_CLOSED
} egress_stage;

struct grille_egress {
    grille_egress_bridge bridge;
    char host[GRILLE_LIMIT_HOST_NAME_BYTES + 1];
    uint32_t port;
    uint32_t timeout_ms;
    grille_dialed_fn *done;
    void *user;
    /* Under bridge.lock. */
    bool connected;        /* the first piece of the answer came */
    const char *violation; /* of the protocol by the peer; static */
    bool over;             /* the stream's last event came */
    grille_code code;      /* its end */
    char message[256];
    unsigned holders; /* the loop's side and the stream's */
    /* The leader's. */
    egress_stage stage;
    bool asked; /* the first piece has gone */
    uv_timer_t timer;
    grille_error error;
};

static grille_egress *of_bridge(grille_egress_bridge *bridge) {
    return grille_container(bridge, grille_egress, bridge);
}

/* ---- The end ---- */

static void release(grille_egress *egress) {
    pthread_mutex_lock(&egress->bridge.lock);
    const bool last = --egress->holders == 0;
    pthread_mutex_unlock(&egress->bridge.lock);
    if (!last) return;
    grille_egress_bridge_deinit(&egress->bridge);
    free(egress);
}

static void on_timer_closed(uv_handle_t *timer) {
    release(timer->data);
}

/* A pipe closes at once, and nothing waits for it. */
static void on_transport_closed(grille_egress_bridge *bridge) {
    (void)bridge;
}

void grille_egress_close(grille_egress *egress) {
    if (egress == NULL) return;
    egress->stage = EGRESS_CLOSED;
    grille_egress_bridge_detach(&egress->bridge);
    grille_egress_bridge_close(&egress->bridge);
    if (egress->bridge.call != NULL) grille_call_cancel(egress->bridge.call);
    grille_egress_bridge_drop_call(&egress->bridge);
    uv_close((uv_handle_t *)&egress->timer, on_timer_closed);
}

const grille_error *grille_egress_error(const grille_egress *egress) {
    return &egress->error;
}

/* Before `done`: tells it, and the handle is gone. */
static void fail(grille_egress *egress) {
    egress->done(egress->user, GRILLE_NO_CONDUIT, &egress->error);
    grille_egress_close(egress);
}

static grille_reason reason_of(grille_code code) {
    if (code == GRILLE_RESOURCE_EXHAUSTED) return GRILLE_REASON_EGRESS_FULL;
    return code == GRILLE_PERMISSION_DENIED || code == GRILLE_UNAUTHENTICATED || code == GRILLE_INVALID_ARGUMENT
               ? GRILLE_REASON_EGRESS_REFUSED
               : GRILLE_REASON_EGRESS_UNREACHABLE;
}

/* Why the stream has ended early, if it has; under the lock. */
static void set_error(grille_egress *egress) {
    if (egress->violation != NULL) {
        (void)grille_error_set(&egress->error, GRILLE_REASON_EGRESS_UNREACHABLE,
                               "the way out to %s:%u: the parent broke the rules of egress.proto: %s", egress->host,
                               egress->port, egress->violation);
    } else if (egress->over && egress->code == GRILLE_OK) {
        if (egress->bridge.stream_ended) return;
        (void)grille_error_set(&egress->error, GRILLE_REASON_EGRESS_UNREACHABLE,
                               "the way out to %s:%u: the parent ended with OK before its end", egress->host,
                               egress->port);
    } else if (egress->over) {
        (void)grille_error_set(
            &egress->error, reason_of(egress->code),
            "the way out to %s:%u ended with %s: %s; does the parent serve /grille.v1.Egress/Connect, do both policies "
            "let it (its may_call, our serves), and has its allow-list this host and port?",
            egress->host, egress->port, grille_code_name(egress->code),
            egress->message[0] != '\0' ? egress->message : "nothing more");
    }
}

/* ---- The loop's side ---- */

/* False: the stream does not take it yet. */
static bool ask(grille_egress *egress) {
    const grille_v1_EgressPiece piece = {.host = grille_bytes_of_text(egress->host), .port = egress->port};
    if (!egress->asked && egress->bridge.call != NULL) {
        egress->asked = grille_call_send(egress->bridge.call, &piece) != GRILLE_AGAIN;
    }
    return egress->asked;
}

static void open_conduit(grille_egress *egress) {
    grille_pipe_end *near = NULL, *far = NULL;
    grille_error none;
    (void)uv_timer_stop(&egress->timer);
    grille_reason reason = grille_pipe_new(&near, &far);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_egress_bridge_open(&egress->bridge, grille_conduit_of_pipe(near), &egress->error);
        if (reason != GRILLE_REASON_OK) grille_pipe_close(far);
    }
    if (reason != GRILLE_REASON_OK) {
        (void)grille_error_default(&egress->error, reason);
        fail(egress);
        return;
    }
    grille_error_clear(&none);
    egress->stage = EGRESS_OPEN;
    /* Moving begins in a turn of its own, unless `done` closes the egress. */
    grille_egress_bridge_tell(&egress->bridge);
    egress->done(egress->user, grille_conduit_of_pipe(far), &none);
}

/* The stream is over: what came still goes to the conduit, then that ends. */
static void follow_end(grille_egress *egress) {
    grille_egress_bridge *bridge = &egress->bridge;
    pthread_mutex_lock(&bridge->lock);
    const bool over = egress->over || egress->violation != NULL;
    if (egress->error.code == GRILLE_OK) set_error(egress);
    pthread_mutex_unlock(&bridge->lock);
    if (!over || !grille_egress_bridge_is_drained(bridge)) return;
    egress->stage = EGRESS_BROKEN;
    grille_egress_bridge_close(bridge);
    if (bridge->call != NULL) grille_call_cancel(bridge->call);
}

static void on_moved(grille_egress_bridge *bridge) {
    grille_egress *egress = of_bridge(bridge);
    pthread_mutex_lock(&bridge->lock);
    const bool connected = egress->connected, over = egress->over || egress->violation != NULL;
    if (egress->stage == EGRESS_ASKING && !connected) set_error(egress);
    pthread_mutex_unlock(&bridge->lock);
    if (egress->stage == EGRESS_ASKING) {
        if (connected) {
            open_conduit(egress);
        } else if (over) {
            fail(egress);
        } else {
            (void)ask(egress);
        }
        return;
    }
    if (egress->stage != EGRESS_OPEN) return;
    (void)grille_egress_bridge_pump(bridge);
    follow_end(egress);
}

static grille_code tell_end(grille_egress_bridge *bridge) {
    return grille_call_half_close(bridge->call);
}

static void on_timer(uv_timer_t *timer) {
    grille_egress *egress = timer->data;
    grille_loop_active(egress->bridge.loop);
    (void)grille_error_set(&egress->error, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                           "the way out to %s:%u: no answer of the parent within the timeout of %u ms", egress->host,
                           egress->port, egress->timeout_ms);
    fail(egress);
}

/* ---- The stream's side ---- */

/* NULL: it belongs. */
static const char *take(grille_egress *egress, grille_call *call, const grille_v1_EgressPiece *piece) {
    if (piece->host.len != 0 || piece->port != 0) return "a piece of the answer names a host";
    if (!egress->connected) {
        if (piece->address.len == 0 || piece->data.len != 0 || piece->end) {
            return "the first piece of the answer names no address";
        }
        pthread_mutex_lock(&egress->bridge.lock);
        egress->connected = true;
        grille_egress_bridge_tell_locked(&egress->bridge);
        pthread_mutex_unlock(&egress->bridge.lock);
        return NULL;
    }
    if (piece->address.len != 0 || egress->bridge.stream_ended) return "a piece follows that does not belong";
    if (piece->end && piece->data.len == 0) {
        grille_egress_bridge_end_of_stream(&egress->bridge);
        return NULL;
    }
    if (piece->end || piece->data.len == 0 || piece->data.len > GRILLE_LIMIT_EGRESS_PIECE_BYTES) {
        return "a piece has no data, or more than 16000 bytes";
    }
    return grille_egress_bridge_take(&egress->bridge, call, piece->data) ? NULL : "there is no memory for a piece";
}

static void on_message(connect_stream *stream, const grille_v1_EgressPiece *piece, void *user) {
    grille_egress *egress = user;
    if (egress->violation != NULL) return;
    const char *violation = take(egress, grille_own_grille_v1_egress_connect_call(stream), piece);
    if (violation == NULL) return;
    pthread_mutex_lock(&egress->bridge.lock);
    egress->violation = violation;
    grille_egress_bridge_tell_locked(&egress->bridge);
    pthread_mutex_unlock(&egress->bridge.lock);
}

static void on_writable(connect_stream *stream, void *user) {
    grille_egress *egress = user;
    (void)stream;
    grille_egress_bridge_tell(&egress->bridge);
}

static void on_done(connect_stream *stream, const connect_reply *reply, void *user) {
    grille_egress *egress = user;
    (void)stream;
    pthread_mutex_lock(&egress->bridge.lock);
    egress->over = true;
    egress->code = reply->code;
    (void)snprintf(egress->message, sizeof egress->message, "%s", reply->message);
    grille_egress_bridge_tell_locked(&egress->bridge);
    pthread_mutex_unlock(&egress->bridge.lock);
    release(egress);
}

/* ---- Start ---- */

/* A call that does not begin ends in a later turn, as one that the peer refuses. */
static void start(grille_egress *egress, grille_channel *channel) {
    static const grille_own_grille_v1_egress_connect_events events = {
        .on_message = on_message, .on_writable = on_writable, .on_done = on_done};
    const grille_call_options options = GRILLE_CALL_OPTIONS(.no_retry = true);
    connect_stream *stream = NULL;
    egress->holders = 2;
    const grille_code code = grille_own_grille_v1_egress_connect_open(channel, &options, &events, egress, &stream);
    if (code == GRILLE_OK) {
        grille_egress_bridge_set_call(&egress->bridge, grille_own_grille_v1_egress_connect_call(stream));
        (void)ask(egress);
        return;
    }
    egress->holders = 1;
    egress->over = true;
    egress->code = code;
    (void)snprintf(egress->message, sizeof egress->message, "the call could not begin");
    grille_egress_bridge_tell(&egress->bridge);
}

grille_reason grille_egress_open(grille_loop *loop, grille_channel *channel, const char *host, uint32_t port,
                                 uint32_t timeout_ms, grille_dialed_fn *done, void *user, grille_egress **egress) {
    static const grille_egress_bridge_ops ops = {on_moved, tell_end, on_transport_closed};
    const size_t len = host == NULL ? 0 : strlen(host);
    if (len == 0 || len > GRILLE_LIMIT_HOST_NAME_BYTES || port == 0 || port > UINT16_MAX) {
        return GRILLE_REASON_BAD_ARGUMENT;
    }
    grille_egress *made = calloc(1, sizeof *made);
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    const grille_reason reason = grille_egress_bridge_init(&made->bridge, &ops, loop);
    if (reason != GRILLE_REASON_OK) {
        free(made);
        return reason;
    }
    (void)snprintf(made->host, sizeof made->host, "%s", host);
    made->port = port;
    made->timeout_ms = timeout_ms;
    made->done = done;
    made->user = user;
    (void)uv_timer_init(&loop->uv, &made->timer);
    made->timer.data = made;
    (void)uv_timer_start(&made->timer, on_timer, timeout_ms, 0);
    start(made, channel);
    *egress = made;
    return GRILLE_REASON_OK;
}
