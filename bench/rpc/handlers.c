/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rpc/handlers.h"

#include <string.h>

static grille_code ping(grille_call *call, const grille_bench_v1_Ball *request, grille_bench_v1_Ball *response,
                        void *user) {
    (void)call;
    (void)user;
    response->payload = request->payload;
    return GRILLE_OK;
}

static grille_code take(grille_call *call, const grille_bench_v1_Ball *request, grille_bench_v1_Done *response,
                        void *user) {
    (void)call;
    (void)user;
    response->messages = 1;
    response->bytes = request->payload.len;
    return GRILLE_OK;
}

/* ---- Up ---- */

static grille_code up_open(grille_bench_v1_echo_up_server_stream *stream, void *user) {
    grille_call *call = grille_bench_v1_echo_up_server_call(stream);
    grille_bench_v1_Done *done = grille_call_alloc(call, sizeof *done);
    (void)user;
    if (done == NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory to count");
    grille_call_set_data(call, done);
    return GRILLE_OK;
}

static void up_message(grille_bench_v1_echo_up_server_stream *stream, const grille_bench_v1_Ball *message, void *user) {
    grille_bench_v1_Done *done = grille_call_data(grille_bench_v1_echo_up_server_call(stream));
    (void)user;
    done->messages++;
    done->bytes += message->payload.len;
}

static void up_half_close(grille_bench_v1_echo_up_server_stream *stream, void *user) {
    const grille_bench_v1_Done *done = grille_call_data(grille_bench_v1_echo_up_server_call(stream));
    (void)user;
    (void)grille_bench_v1_echo_up_server_finish(stream, GRILLE_OK, done);
}

/* ---- Down ---- */

typedef struct down_state {
    grille_bench_v1_Ball ball;
    uint64_t left; /* UINT64_MAX: no end */
} down_state;

static void down_pump(grille_bench_v1_echo_down_server_stream *stream, void *user) {
    down_state *state = grille_call_data(grille_bench_v1_echo_down_server_call(stream));
    (void)user;
    while (state->left > 0) {
        if (grille_bench_v1_echo_down_server_send(stream, &state->ball) != GRILLE_OK) return;
        if (state->left != UINT64_MAX) state->left--;
    }
    (void)grille_bench_v1_echo_down_server_finish(stream, GRILLE_OK);
}

static grille_code down_open(grille_bench_v1_echo_down_server_stream *stream, const grille_bench_v1_Ask *request,
                             void *user) {
    grille_call *call = grille_bench_v1_echo_down_server_call(stream);
    down_state *state = grille_call_alloc(call, sizeof *state);
    const uint8_t *payload = grille_call_alloc(call, request->bytes > 0 ? request->bytes : 1);
    if (state == NULL || payload == NULL) {
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for messages of %u bytes", request->bytes);
    }
    state->ball.payload = (grille_bytes){payload, request->bytes};
    state->left = request->messages > 0 ? request->messages : UINT64_MAX;
    grille_call_set_data(call, state);
    down_pump(stream, user);
    return GRILLE_OK;
}

/* ---- Both ---- */

/* The message that had no room yet: while there is one, no other is taken. */
typedef struct both_state {
    uint8_t *kept;
    size_t len;
    size_t capacity;
    bool keeps;
    bool half_closed;
} both_state;

static grille_code both_open(grille_bench_v1_echo_both_server_stream *stream, void *user) {
    grille_call *call = grille_bench_v1_echo_both_server_call(stream);
    both_state *state = grille_call_alloc(call, sizeof *state);
    (void)user;
    if (state == NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for a stream");
    grille_call_set_data(call, state);
    return GRILLE_OK;
}

static bool keep(grille_call *call, both_state *state, grille_bytes payload) {
    if (payload.len > state->capacity) {
        state->kept = grille_call_alloc(call, payload.len);
        state->capacity = state->kept != NULL ? payload.len : 0;
    }
    if (payload.len > state->capacity) return false;
    if (payload.len > 0) memcpy(state->kept, payload.data, payload.len);
    state->len = payload.len;
    state->keeps = true;
    return true;
}

static void both_message(grille_bench_v1_echo_both_server_stream *stream, const grille_bench_v1_Ball *message,
                         void *user) {
    grille_call *call = grille_bench_v1_echo_both_server_call(stream);
    (void)user;
    if (grille_bench_v1_echo_both_server_send(stream, message) != GRILLE_AGAIN) return;
    if (keep(call, grille_call_data(call), message->payload)) {
        grille_bench_v1_echo_both_server_pause(stream);
    } else {
        (void)grille_bench_v1_echo_both_server_finish(stream, GRILLE_RESOURCE_EXHAUSTED);
    }
}

static void both_writable(grille_bench_v1_echo_both_server_stream *stream, void *user) {
    both_state *state = grille_call_data(grille_bench_v1_echo_both_server_call(stream));
    const grille_bench_v1_Ball ball = {.payload = {state->kept, state->len}};
    (void)user;
    if (!state->keeps || grille_bench_v1_echo_both_server_send(stream, &ball) == GRILLE_AGAIN) return;
    state->keeps = false;
    if (state->half_closed) {
        (void)grille_bench_v1_echo_both_server_finish(stream, GRILLE_OK);
    } else {
        grille_bench_v1_echo_both_server_resume(stream);
    }
}

static void both_half_close(grille_bench_v1_echo_both_server_stream *stream, void *user) {
    both_state *state = grille_call_data(grille_bench_v1_echo_both_server_call(stream));
    (void)user;
    state->half_closed = true;
    if (!state->keeps) (void)grille_bench_v1_echo_both_server_finish(stream, GRILLE_OK);
}

const grille_bench_v1_echo_handlers bench_rpc_handlers = {
    .ping = ping,
    .take = take,
    .up = {.open = up_open, .message = up_message, .half_close = up_half_close},
    .down = {.open = down_open, .writable = down_pump},
    .both = {.open = both_open, .message = both_message, .half_close = both_half_close, .writable = both_writable},
};
