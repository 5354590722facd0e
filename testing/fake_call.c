/* SPDX-License-Identifier: Apache-2.0
 * Calls of a fake: each goes on as its method was told when it began. */
#include <stdlib.h>
#include <string.h>

#include "testing/fake.h"

static const grille_method_handler *generated(const grille_fake *fake, const grille_call *call) {
    return &fake->methods[grille_fake_index(fake, grille_call_method(call))];
}

static bool streams_requests(const grille_method *method) {
    return method->kind == GRILLE_METHOD_CLIENT_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}

static bool streams_responses(const grille_method *method) {
    return method->kind == GRILLE_METHOD_SERVER_STREAMING || method->kind == GRILLE_METHOD_BIDIRECTIONAL;
}

static grille_code with_message(grille_call *call, const fake_answer *answer) {
    return answer->code == GRILLE_OK || answer->message[0] == 0
               ? answer->code
               : grille_fail(call, answer->code, "%s", answer->message);
}

/* ---- unary, and all on workers ---- */

static grille_code write_all(grille_call *call, const fake_answer *answer) {
    grille_code code = GRILLE_OK;
    for (size_t at = 0; code == GRILLE_OK && at < answer->response_count; at++)
        code = grille_call_write(call, answer->responses[at]);
    return code;
}

static grille_code read_all(grille_fake *fake, grille_call *call) {
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    while ((code = grille_call_read(call, &message)) == GRILLE_OK)
        grille_fake_record(fake, grille_call_method(call), message);
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static grille_code invoke(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    const grille_method *method = grille_call_method(call);
    const fake_stream found = grille_fake_begin(fake, call);
    grille_code code = GRILLE_OK;
    (void)user;
    grille_fake_record(fake, method, request);
    if (found.handlers != NULL)
        return generated(fake, call)->invoke(call, request, response, found.handlers, found.user);
    if (streams_responses(method)) code = write_all(call, found.answer);
    if (code == GRILLE_OK && streams_requests(method) &&
        (found.answer->code == GRILLE_OK || !streams_responses(method)))
        code = read_all(fake, call);
    if (code != GRILLE_OK) return code;
    if (!streams_responses(method) && found.answer->code == GRILLE_OK)
        memcpy(response, found.answer->responses[0], method->response->struct_bytes);
    return with_message(call, found.answer);
}

/* ---- streams on the loop ---- */

static fake_stream *find(grille_fake *fake, const grille_call *call) {
    pthread_mutex_lock(&fake->lock);
    fake_stream *stream = fake->streams;
    while (stream != NULL && stream->call != call)
        stream = stream->next;
    pthread_mutex_unlock(&fake->lock);
    return stream;
}

static fake_stream *add(grille_fake *fake, const fake_stream *found) {
    fake_stream *stream = malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    *stream = *found;
    pthread_mutex_lock(&fake->lock);
    stream->next = fake->streams;
    fake->streams = stream;
    pthread_mutex_unlock(&fake->lock);
    return stream;
}

static void drop(grille_fake *fake, fake_stream *stream) {
    pthread_mutex_lock(&fake->lock);
    fake_stream **at = &fake->streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    pthread_mutex_unlock(&fake->lock);
    free(stream);
}

static void answer(fake_stream *stream) {
    const fake_answer *with = stream->answer;
    const bool has_response = !streams_responses(grille_call_method(stream->call)) && with->code == GRILLE_OK;
    if (stream->answered) return;
    stream->answered = true;
    (void)grille_call_answer(stream->call, with_message(stream->call, with), has_response ? with->responses[0] : NULL);
}

/* Sends what there is room for; answers when all is said. */
static void send_some(fake_stream *stream) {
    const grille_method *method = grille_call_method(stream->call);
    if (!streams_responses(method) || stream->answered) return;
    for (; stream->sent < stream->answer->response_count; stream->sent++)
        if (grille_call_send(stream->call, stream->answer->responses[stream->sent]) != GRILLE_OK) return;
    if (!streams_requests(method) || stream->half_closed || stream->answer->code != GRILLE_OK) answer(stream);
}

static grille_code open_stream(grille_call *call, const void *request, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    const fake_stream found = grille_fake_begin(fake, call);
    grille_code code = GRILLE_OK;
    (void)user;
    grille_fake_record(fake, grille_call_method(call), request);
    fake_stream *stream = add(fake, &found);
    if (stream == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    if (stream->handlers != NULL)
        code = generated(fake, call)->open(call, request, stream->handlers, stream->user);
    else
        send_some(stream);
    if (code != GRILLE_OK) drop(fake, stream);
    return code;
}

static void message(grille_call *call, const void *received, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    const fake_stream *stream = find(fake, call);
    (void)user;
    grille_fake_record(fake, grille_call_method(call), received);
    if (stream->handlers != NULL) generated(fake, call)->message(call, received, stream->handlers, stream->user);
}

/* A canned answer to both directions waits for the last response too. */
static void half_close(grille_call *call, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    fake_stream *stream = find(fake, call);
    (void)user;
    if (stream->handlers != NULL) {
        generated(fake, call)->half_close(call, stream->handlers, stream->user);
        return;
    }
    stream->half_closed = true;
    if (streams_responses(grille_call_method(call)))
        send_some(stream);
    else
        answer(stream);
}

static void writable(grille_call *call, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    fake_stream *stream = find(fake, call);
    (void)user;
    if (stream->handlers != NULL)
        generated(fake, call)->writable(call, stream->handlers, stream->user);
    else
        send_some(stream);
}

static void end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    grille_fake *fake = (grille_fake *)(uintptr_t)handlers;
    fake_stream *stream = find(fake, call);
    const fake_stream found = *stream;
    (void)user;
    drop(fake, stream);
    if (found.handlers != NULL) generated(fake, call)->end(call, why, found.handlers, found.user);
}

grille_method_handler grille_fake_table_entry(const grille_method *method) {
    if (method->kind == GRILLE_METHOD_UNARY || (method->flags & GRILLE_METHOD_OFFLOAD) != 0)
        return (grille_method_handler){.invoke = invoke};
    return (grille_method_handler){
        .open = open_stream,
        .message = streams_requests(method) ? message : NULL,
        .half_close = streams_requests(method) ? half_close : NULL,
        .writable = streams_responses(method) ? writable : NULL,
        .end = end,
    };
}
