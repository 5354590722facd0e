/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client_private.h"

bool conf_caller_streams(conf_method method) {
    return method == CONF_CLIENT_STREAM || method == CONF_BIDI_STREAM;
}

bool conf_server_streams(conf_method method) {
    return method == CONF_SERVER_STREAM || method == CONF_BIDI_STREAM;
}

bool conf_plays(const conf_case *one, conf_form form) {
    const bool unary = !conf_caller_streams(one->method) && !conf_server_streams(one->method);
    return form == CONF_ASYNC || !unary || one->cancel == CONF_NO_CANCEL;
}

void conf_make_request(conf_run_state *state, unsigned index) {
    const char *asked = index == 0 ? state->one->script : state->one->scripts[index];
    const size_t len = state->one->request_bytes[index];
    free(state->data);
    state->data = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        state->data[i] = script_byte(len, i);
    if (asked == NULL) asked = "";
    state->codec->make_request(&state->request, (grille_bytes){(const uint8_t *)asked, strlen(asked)},
                               (grille_bytes){state->data, len});
}

void conf_take_response(conf_run_state *state, const void *response) {
    conf_outcome *outcome = state->outcome;
    const conf_view view = state->codec->read_response(response);
    if (outcome->responses < CONF_MOST_MESSAGES) outcome->response_bytes[outcome->responses] = view.data.len;
    outcome->responses++;
    for (size_t i = 0; i < view.data.len; i++)
        if (view.data.data[i] != script_byte(view.data.len, i)) outcome->wrong_payload = true;
    (void)snprintf(outcome->seen, sizeof outcome->seen, "%.*s", (int)view.script_or_seen.len,
                   (const char *)view.script_or_seen.data);
}

static void describe(const grille_metadata *metadata, char *text, size_t size) {
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < metadata->count; i++) {
        const grille_metadata_pair *pair = &metadata->pairs[i];
        const size_t key_len = strlen(pair->key);
        const bool binary = key_len > 4 && strcmp(pair->key + key_len - 4, "-bin") == 0;
        len += (size_t)snprintf(text + len, size - len, "%s=", pair->key);
        for (size_t j = 0; j < pair->value.len && len + 4 < size; j++)
            len += (size_t)snprintf(text + len, size - len, binary ? "%02x" : "%c", pair->value.data[j]);
        len += (size_t)snprintf(text + len, size - len, ";");
    }
}

void conf_take_reply(conf_run_state *state, const grille_reply *reply) {
    conf_outcome *outcome = state->outcome;
    outcome->code = reply->code;
    (void)snprintf(outcome->message, sizeof outcome->message, "%s", reply->message);
    for (size_t i = 0; i < reply->details.len && 2 * i + 3 < sizeof outcome->details; i++)
        (void)snprintf(outcome->details + 2 * i, 3, "%02x", reply->details.data[i]);
    describe(&reply->headers, outcome->headers, sizeof outcome->headers);
    describe(&reply->trailers, outcome->trailers, sizeof outcome->trailers);
    if (reply->response != NULL && !conf_server_streams(state->one->method)) {
        conf_take_response(state, reply->response);
    }
}

bool conf_await_handler(conf_run_state *state, unsigned messages) {
    for (int waited_ms = 0; waited_ms < CONF_PATIENCE_MS; waited_ms++) {
        if (atomic_load(&state->server->started) > state->started_before &&
            atomic_load(&state->server->messages) >= state->messages_before + messages) {
            return true;
        }
        (void)usleep(1000);
    }
    return false;
}

static void prepare(conf_run_state *state) {
    const conf_case *one = state->one;
    size_t count = 0;
    for (; count < CONF_MOST_PAIRS && one->metadata[count] != NULL; count++)
        state->pairs[count] = script_pair(one->metadata[count], state->keys[count], state->values[count]);
    state->metadata = (grille_metadata){state->pairs, count};
    state->options = grille_call_options_default();
    state->options.metadata = &state->metadata;
    state->options.timeout_ms = one->timeout_ms;
    state->options.max_response_bytes = one->max_response_bytes;
    state->method = one->method == CONF_UNREGISTERED ? &state->codec->unregistered->methods[0]
                                                     : &state->codec->service->methods[one->method];
    state->started_before = atomic_load(&state->server->started);
    state->messages_before = atomic_load(&state->server->messages);
}

bool conf_run(grille_channel *channel, const conf_codec *codec, conf_server *server, const conf_case *one,
              conf_form form, conf_outcome *outcome) {
    conf_run_state state = {.channel = channel, .codec = codec, .server = server, .one = one, .outcome = outcome};
    memset(outcome, 0, sizeof *outcome);
    prepare(&state);
    const bool came = form == CONF_BLOCKING ? conf_run_blocking(&state) : conf_run_async(&state);
    free(state.data);
    return came;
}
