/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"

static bool run_unary(conf_run_state *state) {
    grille_reply reply;
    conf_make_request(state, 0);
    (void)grille_call_unary(state->channel, state->method, &state->request, &state->options, &reply);
    conf_take_reply(state, &reply);
    grille_reply_free(&reply);
    return true;
}

/* False when the stream has ended. */
static bool read_one(conf_run_state *state, grille_call *call) {
    const void *response = NULL;
    if (grille_call_read(call, &response) != GRILLE_OK) return false;
    conf_take_response(state, response);
    return true;
}

static void write_all(conf_run_state *state, grille_call *call) {
    for (unsigned i = 0; i < state->one->requests; i++) {
        conf_make_request(state, i);
        if (grille_call_write(call, &state->request) != GRILLE_OK) return;
        if (state->one->await_each && !read_one(state, call)) return;
    }
}

static bool is_enough(const conf_run_state *state) {
    return state->one->cancel == CONF_CANCEL_AFTER_RESPONSES && state->outcome->responses >= state->one->responses;
}

static bool talk(conf_run_state *state, grille_call *call) {
    const conf_case *one = state->one;
    if (one->cancel == CONF_CANCEL_AT_ONCE) {
        grille_call_cancel(call);
        return true;
    }
    if (conf_caller_streams(one->method)) write_all(state, call);
    if (one->cancel == CONF_CANCEL_BEFORE_HALF_CLOSE) {
        if (!conf_await_handler(state, one->requests)) return false;
        grille_call_cancel(call);
        return true;
    }
    if (conf_caller_streams(one->method) && one->cancel != CONF_CANCEL_AFTER_RESPONSES) {
        const grille_code code = grille_call_half_close(call);
        if (code != GRILLE_OK && code != GRILLE_CLOSED) return false;
    }
    if (one->cancel == CONF_CANCEL_AFTER_HALF_CLOSE) {
        if (!conf_await_handler(state, 0)) return false;
        grille_call_cancel(call);
        return true;
    }
    if (!conf_server_streams(one->method)) return true;
    while (!is_enough(state) && read_one(state, call)) {
    }
    if (one->cancel == CONF_CANCEL_AFTER_RESPONSES) grille_call_cancel(call);
    return true;
}

static bool run_stream(conf_run_state *state) {
    const bool streams = conf_caller_streams(state->one->method);
    grille_call *call = NULL;
    grille_reply reply;
    grille_error error;
    if (!streams) conf_make_request(state, 0);
    const grille_code code = grille_call_begin_stream(state->channel, state->method, streams ? NULL : &state->request,
                                                      &state->options, &call, &error);
    if (code != GRILLE_OK) {
        state->outcome->code = code;
        for (size_t i = 0; i + 1 < sizeof state->outcome->message && error.text[i] != '\0'; i++)
            state->outcome->message[i] = error.text[i];
        return true;
    }
    const bool good = talk(state, call);
    if (!good) grille_call_cancel(call);
    (void)grille_call_finish(call, &reply);
    conf_take_reply(state, &reply);
    grille_reply_free(&reply);
    return good;
}

bool conf_run_blocking(conf_run_state *state) {
    const bool unary = state->method->kind == GRILLE_METHOD_UNARY;
    return unary ? run_unary(state) : run_stream(state);
}
