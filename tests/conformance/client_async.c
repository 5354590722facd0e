/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client_private.h"

/* Callbacks come on the loop's thread, the case is driven by the test's. */
typedef struct driver {
    conf_run_state *state;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned responses;
    bool writable;
    bool done;
} driver;

static void change(driver *own, bool *flag) {
    pthread_mutex_lock(&own->lock);
    if (flag != NULL) *flag = true;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static void on_message(grille_call *call, const void *message, const void *events, void *user) {
    driver *own = user;
    (void)call;
    (void)events;
    pthread_mutex_lock(&own->lock);
    conf_take_response(own->state, message);
    own->responses++;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static void on_writable(grille_call *call, const void *events, void *user) {
    driver *own = user;
    (void)call;
    (void)events;
    change(own, &own->writable);
}

static void on_done(grille_call *call, const grille_reply *reply, const void *events, void *user) {
    driver *own = user;
    (void)call;
    (void)events;
    pthread_mutex_lock(&own->lock);
    conf_take_reply(own->state, reply);
    pthread_mutex_unlock(&own->lock);
    change(own, &own->done);
}

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)callback;
    on_done(NULL, reply, NULL, user);
}

static void no_callback(void) {}

/* ---- Waiting ---- */

typedef bool condition_fn(const driver *own, unsigned count);

static bool is_done(const driver *own, unsigned count) {
    (void)count;
    return own->done;
}

static bool is_writable(const driver *own, unsigned count) {
    (void)count;
    return own->writable || own->done;
}

static bool has_responses(const driver *own, unsigned count) {
    return own->responses >= count || own->done;
}

static bool await(driver *own, condition_fn *holds, unsigned count) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CONF_PATIENCE_MS / 1000;
    pthread_mutex_lock(&own->lock);
    int status = 0;
    while (!holds(own, count) && status != ETIMEDOUT)
        status = pthread_cond_timedwait(&own->changed, &own->lock, &until);
    const bool good = holds(own, count);
    pthread_mutex_unlock(&own->lock);
    return good;
}

/* ---- Driving ---- */

static bool send_one(driver *own, grille_call *call, unsigned index) {
    conf_make_request(own->state, index);
    for (;;) {
        pthread_mutex_lock(&own->lock);
        own->writable = false;
        pthread_mutex_unlock(&own->lock);
        const grille_code code = grille_call_send(call, &own->state->request);
        if (code == GRILLE_OK || code == GRILLE_CLOSED) return true;
        if (code != GRILLE_AGAIN) {
            grille_call_cancel(call);
            return true;
        }
        if (!await(own, is_writable, 0)) return false;
    }
}

static bool send_all(driver *own, grille_call *call) {
    const conf_case *one = own->state->one;
    if (!conf_caller_streams(one->method)) return true;
    for (unsigned i = 0; i < one->requests; i++) {
        if (!send_one(own, call, i)) return false;
        if (one->await_each && !await(own, has_responses, i + 1)) return false;
    }
    if (one->cancel == CONF_CANCEL_BEFORE_HALF_CLOSE || one->cancel == CONF_CANCEL_AFTER_RESPONSES) return true;
    const grille_code code = grille_call_half_close(call);
    return code == GRILLE_OK || code == GRILLE_CLOSED;
}

static bool talk(driver *own, grille_call *call) {
    const conf_case *one = own->state->one;
    if (one->cancel != CONF_CANCEL_AT_ONCE && !send_all(own, call)) return false;
    switch (one->cancel) {
    case CONF_NO_CANCEL:
        return true;
    case CONF_CANCEL_AT_ONCE:
        break;
    case CONF_CANCEL_BEFORE_HALF_CLOSE:
        if (!conf_await_handler(own->state, one->requests)) return false;
        break;
    case CONF_CANCEL_AFTER_HALF_CLOSE:
        if (!conf_await_handler(own->state, 0)) return false;
        break;
    case CONF_CANCEL_AFTER_RESPONSES:
        if (!await(own, has_responses, one->responses)) return false;
        break;
    }
    grille_call_cancel(call);
    return true;
}

static grille_code begin(driver *own, grille_call **call) {
    static const grille_stream_dispatch dispatch = {NULL, on_message, on_writable, on_done};
    conf_run_state *state = own->state;
    const bool streams = conf_caller_streams(state->one->method);
    if (!streams) conf_make_request(state, 0);
    if (state->method->kind == GRILLE_METHOD_UNARY) {
        return grille_call_unary_async(state->channel, state->method, &state->request, &state->options, deliver,
                                       no_callback, own, call);
    }
    return grille_call_open_stream(state->channel, state->method, streams ? NULL : &state->request, &state->options,
                                   &dispatch, NULL, own, call);
}

bool conf_run_async(conf_run_state *state) {
    driver own = {.state = state, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    grille_call *call = NULL;
    /* The last callback needs the lock: the handle lives until it is kept. */
    pthread_mutex_lock(&own.lock);
    const grille_code code = begin(&own, &call);
    if (code == GRILLE_OK) (void)grille_call_ref(call);
    pthread_mutex_unlock(&own.lock);
    if (code != GRILLE_OK) {
        state->outcome->code = code;
        return true;
    }
    const bool talked = talk(&own, call);
    /* The callbacks need this frame. */
    if (!await(&own, is_done, 0)) abort();
    grille_call_unref(call);
    return talked;
}
