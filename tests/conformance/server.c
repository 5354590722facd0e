/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <stdio.h>
#include <string.h>

#include "script.h"

/* One streaming call: its data, in the call's memory. */
typedef struct work {
    script script;
    bool has_script;
    bool half_closed;
    bool finished;
    unsigned count;
    size_t bytes;
    size_t next; /* of the queue's responses */
    size_t queue[64];
    size_t queued;
} work;

/* ---- What a script makes visible ---- */

static grille_code add_metadata(grille_call *call, const char *const *words, size_t count, bool to_trailers) {
    for (size_t i = 0; i < count; i++) {
        char key[64];
        uint8_t bytes[256];
        const grille_metadata_pair pair = script_pair(words[i], key, bytes);
        const grille_code code = to_trailers ? grille_call_add_trailer(call, pair.key, pair.value)
                                             : grille_call_add_header(call, pair.key, pair.value);
        if (code != GRILLE_OK) return code;
    }
    return GRILLE_OK;
}

static void add_text(char *text, size_t size, grille_bytes value, bool as_hex) {
    size_t len = strlen(text);
    for (size_t i = 0; i < value.len && len + 3 < size; i++) {
        len += (size_t)snprintf(text + len, size - len, as_hex ? "%02x" : "%c", value.data[i]);
    }
}

/* Each pair of the caller's metadata, then what came, then whether there is a deadline. */
static grille_bytes seen(grille_call *call, unsigned count, size_t bytes) {
    const grille_metadata *metadata = grille_call_metadata(call);
    const size_t size = 4096;
    char *text = grille_call_alloc(call, size);
    if (text == NULL) return (grille_bytes){NULL, 0};
    for (size_t i = 0; i < metadata->count; i++) {
        const grille_metadata_pair *pair = &metadata->pairs[i];
        const size_t key_len = strlen(pair->key);
        add_text(text, size, (grille_bytes){(const uint8_t *)pair->key, key_len}, false);
        add_text(text, size, (grille_bytes){(const uint8_t *)"=", 1}, false);
        add_text(text, size, pair->value, key_len > 4 && strcmp(pair->key + key_len - 4, "-bin") == 0);
        add_text(text, size, (grille_bytes){(const uint8_t *)";", 1}, false);
    }
    const uint64_t left_ms = grille_call_remaining_ms(call);
    const size_t len = strlen(text);
    (void)snprintf(text + len, size - len, "messages=%u;bytes=%zu;%s", count, bytes,
                   left_ms == UINT64_MAX ? "no deadline" : (left_ms > 0 ? "deadline" : "expired"));
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

static grille_bytes payload(grille_call *call, size_t len) {
    uint8_t *bytes = grille_call_alloc(call, len > 0 ? len : 1);
    for (size_t i = 0; bytes != NULL && i < len; i++)
        bytes[i] = script_byte(len, i);
    return (grille_bytes){bytes, bytes != NULL ? len : 0};
}

static grille_code status_of(grille_call *call, const script *own) {
    uint8_t details[256];
    grille_code code = add_metadata(call, own->trailers, own->trailer_count, true);
    if (code != GRILLE_OK) return code;
    if (own->code == GRILLE_OK) return GRILLE_OK;
    if (own->details != NULL) {
        code = grille_call_set_details(call, (grille_bytes){details, script_hex(own->details, details, 256)});
        if (code != GRILLE_OK) return code;
    }
    if (own->message != NULL) return grille_fail(call, own->code, "%s", own->message);
    return own->code;
}

static void count_end(conf_server *own, grille_call_end why) {
    atomic_fetch_add(&own->ends[why], 1);
}

/* ---- Unary ---- */

static void on_held_ended(grille_call *call, grille_call_end why, void *user) {
    (void)call;
    count_end(user, why);
}

static grille_code hold(conf_server *own, grille_call *call) {
    grille_call_defer(call);
    grille_call_on_ended(call, on_held_ended, own);
    pthread_mutex_lock(&own->lock);
    own->held[own->held_count++] = call;
    pthread_mutex_unlock(&own->lock);
    return GRILLE_OK;
}

void conf_release_held(conf_server *own) {
    pthread_mutex_lock(&own->lock);
    while (own->held_count > 0)
        (void)grille_call_answer(own->held[--own->held_count], GRILLE_CANCELLED, NULL);
    pthread_mutex_unlock(&own->lock);
}

static grille_code unary(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    conf_server *own = user;
    const conf_codec *codec = handlers;
    const conf_view view = codec->read_request(request);
    script asked;
    atomic_fetch_add(&own->started, 1);
    atomic_fetch_add(&own->messages, 1);
    if (!script_read(&asked, view.script_or_seen)) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "bad script");
    grille_code code = add_metadata(call, asked.headers, asked.header_count, false);
    if (code != GRILLE_OK) return grille_fail(call, GRILLE_DATA_LOSS, "headers: %s", grille_code_name(code));
    if (asked.wait) return hold(own, call);
    codec->make_response(response, asked.see ? seen(call, 1, view.data.len) : (grille_bytes){NULL, 0},
                         asked.response_count > 0 ? payload(call, asked.response_bytes[0]) : view.data);
    code = status_of(call, &asked);
    return code;
}

/* ---- Streams ---- */

static work *work_of(grille_call *call) {
    return grille_call_data(call);
}

static void finish(conf_server *own, grille_call *call) {
    work *state = work_of(call);
    conf_message response;
    state->finished = true;
    const grille_code code = status_of(call, &state->script);
    own->codec->init_response(&response);
    own->codec->make_response(&response,
                              state->script.see ? seen(call, state->count, state->bytes) : (grille_bytes){NULL, 0},
                              payload(call, state->script.response_count > 0 ? state->script.response_bytes[0] : 0));
    const bool single = grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING;
    (void)grille_call_answer(call, code, single && code == GRILLE_OK ? &response : NULL);
}

/* Sends what is queued as far as the window goes; at the end of it all the status. */
static void go_on(conf_server *own, grille_call *call) {
    work *state = work_of(call);
    while (state->next < state->queued) {
        conf_message response;
        own->codec->init_response(&response);
        own->codec->make_response(&response,
                                  state->script.see ? seen(call, state->count, state->bytes) : (grille_bytes){NULL, 0},
                                  payload(call, state->queue[state->next]));
        const grille_code code = grille_call_send(call, &response);
        if (code == GRILLE_AGAIN) return;
        if (code != GRILLE_OK) {
            state->finished = true;
            (void)grille_call_answer(call, code, NULL);
            return;
        }
        state->next++;
    }
    if (!state->finished && !state->script.wait && (state->half_closed || state->script.end_now)) finish(own, call);
}

static void queue_responses(work *state, const script *asked) {
    for (size_t i = 0; i < asked->response_count && state->queued < 64; i++)
        state->queue[state->queued++] = asked->response_bytes[i];
}

static grille_code start(conf_server *own, grille_call *call) {
    work *state = grille_call_alloc(call, sizeof *state);
    if (state == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    grille_call_set_data(call, state);
    atomic_fetch_add(&own->started, 1);
    return GRILLE_OK;
}

static grille_code take_script(grille_call *call, work *state, grille_bytes text) {
    if (!script_read(&state->script, text)) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "bad script");
    state->has_script = true;
    const grille_code code = add_metadata(call, state->script.headers, state->script.header_count, false);
    if (code != GRILLE_OK) return grille_fail(call, GRILLE_DATA_LOSS, "headers: %s", grille_code_name(code));
    return GRILLE_OK;
}

static grille_code open_streamed(grille_call *call, const void *request, const void *handlers, void *user) {
    conf_server *own = user;
    grille_code code = start(own, call);
    if (code != GRILLE_OK || request == NULL) return code;
    work *state = work_of(call);
    const conf_view view = ((const conf_codec *)handlers)->read_request(request);
    state->count = 1;
    state->bytes = view.data.len;
    atomic_fetch_add(&own->messages, 1);
    code = take_script(call, state, view.script_or_seen);
    if (code != GRILLE_OK) return code;
    queue_responses(state, &state->script);
    state->half_closed = true;
    go_on(own, call);
    return GRILLE_OK;
}

static void on_message(grille_call *call, const void *message, const void *handlers, void *user) {
    conf_server *own = user;
    work *state = work_of(call);
    const conf_view view = ((const conf_codec *)handlers)->read_request(message);
    script asked;
    state->count++;
    state->bytes += view.data.len;
    atomic_fetch_add(&own->messages, 1);
    const bool first = !state->has_script;
    const grille_code code = first ? take_script(call, state, view.script_or_seen)
                                   : (script_read(&asked, view.script_or_seen) ? GRILLE_OK : GRILLE_INVALID_ARGUMENT);
    if (code != GRILLE_OK) {
        state->finished = true;
        (void)grille_call_answer(call, code, NULL);
        return;
    }
    if (grille_call_method(call)->kind == GRILLE_METHOD_BIDIRECTIONAL) {
        queue_responses(state, first ? &state->script : &asked);
        if (state->script.collect) return;
    }
    go_on(own, call);
}

static void on_half_close(grille_call *call, const void *handlers, void *user) {
    (void)handlers;
    work_of(call)->half_closed = true;
    go_on(user, call);
}

static void on_writable(grille_call *call, const void *handlers, void *user) {
    (void)handlers;
    go_on(user, call);
}

static void on_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    count_end(user, why);
}

grille_code conf_register(conf_server *own, grille_services *services, grille_error *error) {
    static const grille_method_handler methods[] = {
        {.invoke = unary},
        {.open = open_streamed, .message = on_message, .half_close = on_half_close, .end = on_end},
        {.open = open_streamed, .writable = on_writable, .end = on_end},
        {.open = open_streamed,
         .message = on_message,
         .half_close = on_half_close,
         .writable = on_writable,
         .end = on_end},
        {0},
    };
    return grille_services_register(services, own->codec->service, methods, own->codec, own, error);
}

grille_code conf_serve(conf_server *own, const conf_codec *codec, grille_services *services, grille_error *error) {
    memset(own, 0, sizeof *own);
    own->codec = codec;
    pthread_mutex_init(&own->lock, NULL);
    return conf_register(own, services, error);
}
