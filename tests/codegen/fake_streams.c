/* SPDX-License-Identifier: Apache-2.0
 * Streams of the fake runtime. Its one lock is held by whoever runs; a blocking function gives it away while it waits.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_private.h"

enum { MOST_STREAMS = 8 };

typedef struct queue {
    grille_bytes messages[FAKE_WINDOW];
    size_t first, count;
    bool closed;          /* no message follows */
    bool wants_room;      /* the sender was told AGAIN */
    int pauses;           /* of the receiver */
    const void *received; /* by a blocking read */
} queue;

struct fake_stream {
    struct grille_call caller, handler;
    const fake_registration *served;
    const grille_method_handler *methods;
    queue up, down; /* to the handler, to the caller */
    const void *request;
    const grille_stream_dispatch *dispatch; /* NULL: the caller's form is the blocking one */
    const void *events;
    void *user;
    bool opened, refused, half_close_told, headers_told, answered, end_told, done_told, finished;
    grille_code code;
    grille_call_end why;
    grille_bytes response;
    bool has_worker;
    pthread_t worker;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static fake_stream *streams[MOST_STREAMS];
static size_t stream_count;
static int running_workers, waiting_workers;
static unsigned long wakes, progress; /* progress: how much has happened */

int fake_streams_held(void) {
    int held = 0;
    for (size_t i = 0; i < stream_count; i++)
        held += !streams[i]->finished;
    return held;
}

static bool put(queue *to, grille_bytes message) {
    to->wants_room = to->count == FAKE_WINDOW;
    if (to->wants_room) return false;
    to->messages[(to->first + to->count++) % FAKE_WINDOW] = message;
    progress++;
    return true;
}

static grille_bytes take(queue *from) {
    grille_bytes message = from->messages[from->first];
    from->first = (from->first + 1) % FAKE_WINDOW;
    from->count--;
    progress++;
    return message;
}

static bool client_streams(const fake_stream *stream) {
    return stream->caller.method->kind != GRILLE_METHOD_SERVER_STREAMING;
}

static void answer(fake_stream *stream, grille_code code, grille_call_end why) {
    if (stream->answered) return;
    progress++;
    stream->answered = true;
    stream->code = code;
    stream->why = why;
    stream->up.count = 0;
    if (why != GRILLE_CALL_END_ANSWERED) stream->down.count = 0;
}

/* ---- events ---- */

static bool open_handler(fake_stream *stream) {
    stream->opened = true;
    grille_code code =
        stream->methods->open(&stream->handler, stream->request, stream->served->handlers, stream->served->user);
    stream->refused = code != GRILLE_OK;
    if (stream->refused) answer(stream, code, GRILLE_CALL_END_ANSWERED);
    return true;
}

static bool serve_events(fake_stream *stream) {
    const grille_method_handler *to = stream->methods;
    const void *handlers = stream->served->handlers;
    void *user = stream->served->user;
    if (!stream->opened) return open_handler(stream);
    if (stream->refused || stream->end_told) return false;
    if (stream->answered) {
        stream->end_told = true;
        to->end(&stream->handler, stream->why, handlers, user);
        return true;
    }
    if (stream->up.count > 0 && stream->up.pauses == 0) {
        to->message(&stream->handler, fake_decode(stream->handler.method->request, take(&stream->up)), handlers, user);
        return true;
    }
    if (client_streams(stream) && stream->up.closed && stream->up.count == 0 && !stream->half_close_told) {
        stream->half_close_told = true;
        to->half_close(&stream->handler, handlers, user);
        return true;
    }
    if (stream->down.wants_room && stream->down.count < FAKE_WINDOW) {
        stream->down.wants_room = false;
        to->writable(&stream->handler, handlers, user);
        return true;
    }
    return false;
}

static void fill_reply(fake_stream *stream, grille_reply *reply) {
    *reply = (grille_reply){.code = stream->code,
                            .message = stream->handler.message,
                            .headers = stream->handler.headers,
                            .trailers = stream->handler.trailers,
                            .owner = &stream->caller};
    if (stream->code == GRILLE_OK && stream->response.data)
        reply->response = fake_decode(stream->caller.method->response, stream->response);
}

static bool caller_events(fake_stream *stream) {
    const grille_stream_dispatch *to = stream->dispatch;
    if (!to || stream->done_told) return false;
    if (!stream->headers_told && stream->opened && (stream->down.count > 0 || stream->answered)) {
        stream->headers_told = true;
        if (stream->handler.headers.count > 0)
            to->headers(&stream->caller, &stream->handler.headers, stream->events, stream->user);
        return true;
    }
    if (stream->down.count > 0 && stream->down.pauses == 0) {
        to->message(&stream->caller, fake_decode(stream->caller.method->response, take(&stream->down)), stream->events,
                    stream->user);
        return true;
    }
    if (stream->answered && stream->down.count == 0) {
        grille_reply reply;
        fill_reply(stream, &reply);
        stream->done_told = stream->finished = true;
        to->done(&stream->caller, &reply, stream->events, stream->user);
        return true;
    }
    if (!stream->answered && stream->up.wants_room && stream->up.count < FAKE_WINDOW) {
        stream->up.wants_room = false;
        to->writable(&stream->caller, stream->events, stream->user);
        return true;
    }
    return false;
}

/* One event of any stream; only on the thread of the test. */
static bool step(void) {
    for (size_t i = 0; i < stream_count; i++) {
        if (!streams[i]->has_worker && serve_events(streams[i])) return true;
        if (caller_events(streams[i])) return true;
    }
    return false;
}

/* ---- workers ---- */

static bool on_worker(const grille_call *call) {
    return call == &call->stream->handler;
}

/* Lets all workers look again, until each of them waits or has ended. */
static void run_workers(void) {
    wakes++;
    running_workers += waiting_workers;
    waiting_workers = 0;
    (void)pthread_cond_broadcast(&changed);
    while (running_workers > 0)
        (void)pthread_cond_wait(&changed, &lock);
}

/* Lets others run; false when nothing can happen any more. */
static bool wait_for_others(const grille_call *call) {
    unsigned long before = progress, seen = wakes;
    if (on_worker(call)) {
        running_workers--;
        waiting_workers++;
        (void)pthread_cond_broadcast(&changed);
        while (seen == wakes)
            (void)pthread_cond_wait(&changed, &lock);
        return true;
    }
    if (step()) return true;
    run_workers();
    return progress != before;
}

static void *work(void *argument) {
    fake_stream *stream = argument;
    const grille_method *method = stream->handler.method;
    (void)pthread_mutex_lock(&lock);
    stream->opened = true;
    void *response = stream->methods->invoke && method->kind == GRILLE_METHOD_CLIENT_STREAMING
                         ? fake_prepare(method->response)
                         : NULL;
    grille_code code = stream->methods->invoke(&stream->handler, stream->request, response, stream->served->handlers,
                                               stream->served->user);
    if (code == GRILLE_OK && response) stream->response = fake_encode(method->response, response);
    answer(stream, code, GRILLE_CALL_END_ANSWERED);
    stream->end_told = true;
    running_workers--;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

void fake_streams_run(void) {
    unsigned long before = 0;
    do {
        before = progress;
        while (step())
            progress++;
        run_workers();
    } while (progress != before);
}

static void forget(size_t index) {
    fake_stream *stream = streams[index];
    if (stream->has_worker) {
        (void)pthread_mutex_unlock(&lock);
        (void)pthread_join(stream->worker, NULL);
        (void)pthread_mutex_lock(&lock);
    }
    free(stream);
    streams[index] = streams[--stream_count];
}

/* Forgets what is over at both ends. */
static void forget_ended(void) {
    for (size_t i = stream_count; i-- > 0;)
        if (streams[i]->finished && (streams[i]->end_told || streams[i]->refused)) forget(i);
    if (stream_count == 0 && fake.replies_held == 0 && fake.waiting_count == 0) grille_arena_reset(&fake.arena);
}

void fake_streams_end(void) {
    static bool locked;
    if (!locked) (void)pthread_mutex_lock(&lock);
    locked = true;
    for (size_t i = 0; i < stream_count; i++)
        answer(streams[i], GRILLE_CANCELLED, GRILLE_CALL_END_CANCELLED);
    run_workers();
    while (stream_count > 0)
        forget(0);
}

/* ---- what generated code calls ---- */

static grille_code start(grille_channel *channel, const grille_method *method, const void *request,
                         const grille_call_options *options, grille_call **call) {
    size_t index = 0;
    const fake_registration *served = fake_find(method, &index);
    if (options && options->size == 0) return GRILLE_INVALID_ARGUMENT;
    forget_ended();
    if (channel != fake_channel() || !served || stream_count == MOST_STREAMS) return GRILLE_UNAVAILABLE;
    fake_stream *stream = calloc(1, sizeof(*stream));
    if (!stream) return GRILLE_OUT_OF_MEMORY;
    stream->caller = (struct grille_call){.method = method, .stream = stream};
    stream->handler = (struct grille_call){.method = &served->service->methods[index], .stream = stream};
    stream->served = served;
    stream->methods = &served->methods[index];
    if (request) stream->request = fake_decode(stream->handler.method->request, fake_encode(method->request, request));
    fake.last_method = method;
    fake.last_timeout_ms = options ? options->timeout_ms : 0;
    streams[stream_count++] = stream;
    *call = &stream->caller;
    if (!stream->methods->invoke) return GRILLE_OK;
    stream->has_worker = true;
    running_workers++;
    return pthread_create(&stream->worker, NULL, work, stream) == 0 ? GRILLE_OK : GRILLE_OUT_OF_MEMORY;
}

grille_code grille_call_open_stream(grille_channel *channel, const grille_method *method, const void *request,
                                    const grille_call_options *options, const grille_stream_dispatch *dispatch,
                                    const void *events, void *user, grille_call **call) {
    grille_call *own = NULL;
    grille_code code = start(channel, method, request, options, &own);
    if (code != GRILLE_OK) return code;
    own->stream->dispatch = dispatch;
    own->stream->events = events;
    own->stream->user = user;
    if (call) *call = own;
    return GRILLE_OK;
}

grille_code grille_call_begin_stream(grille_channel *channel, const grille_method *method, const void *request,
                                     const grille_call_options *options, grille_call **call, grille_error *error) {
    grille_error_clear(error);
    *call = NULL;
    return start(channel, method, request, options, call);
}

grille_code grille_call_finish(grille_call *call, grille_reply *reply) {
    *reply = (grille_reply){.code = GRILLE_CANCELLED, .message = ""};
    if (!call) return reply->code;
    fake_stream *stream = call->stream;
    stream->up.closed = true;
    while (!stream->answered) {
        stream->down.count = 0;
        if (!wait_for_others(call)) answer(stream, GRILLE_INTERNAL, GRILLE_CALL_END_BROKEN);
    }
    stream->finished = true;
    fill_reply(stream, reply);
    fake.replies_held++;
    while (step()) {
    }
    return reply->code;
}

static queue *queue_to(const grille_call *call) {
    return on_worker(call) ? &call->stream->down : &call->stream->up;
}

static queue *queue_from(const grille_call *call) {
    return on_worker(call) ? &call->stream->up : &call->stream->down;
}

static grille_code send(grille_call *call, const void *message, bool wait) {
    bool handler = on_worker(call);
    queue *to = queue_to(call);
    grille_bytes encoded = fake_encode(handler ? call->method->response : call->method->request, message);
    if (!encoded.data) return GRILLE_INVALID_ARGUMENT;
    for (;;) {
        if (call->stream->answered) return wait ? GRILLE_CANCELLED : GRILLE_CLOSED;
        if (to->closed) return GRILLE_CLOSED;
        if (put(to, encoded)) return GRILLE_OK;
        if (!wait) return GRILLE_AGAIN;
        if (!wait_for_others(call)) return GRILLE_INTERNAL;
    }
}

grille_code grille_call_send(grille_call *call, const void *message) {
    return send(call, message, false);
}

grille_code grille_call_write(grille_call *call, const void *message) {
    return send(call, message, true);
}

grille_code grille_call_read(grille_call *call, const void **message) {
    queue *from = queue_from(call);
    const grille_message_type *type = on_worker(call) ? call->method->request : call->method->response;
    *message = NULL;
    for (;;) {
        if (from->count > 0) {
            *message = fake_decode(type, take(from));
            return *message ? GRILLE_OK : GRILLE_INTERNAL;
        }
        if (call->stream->answered && call->stream->why != GRILLE_CALL_END_ANSWERED) return GRILLE_CANCELLED;
        if (from->closed || call->stream->answered) return GRILLE_END_OF_STREAM;
        if (!wait_for_others(call)) return GRILLE_INTERNAL;
    }
}

grille_code grille_call_half_close(grille_call *call) {
    if (call->stream->up.closed || call->stream->answered) return GRILLE_CLOSED;
    call->stream->up.closed = true;
    progress++;
    return GRILLE_OK;
}

grille_code grille_call_answer(grille_call *call, grille_code code, const void *response) {
    const grille_method *method = call->method;
    grille_bytes encoded = {NULL, 0};
    if (code == GRILLE_OK && response) encoded = fake_encode(method->response, response);
    if (!call->stream) {
        fake.deferred_code = code;
        fake.deferred_response = encoded;
        return GRILLE_OK;
    }
    if (call->stream->answered) return GRILLE_CANCELLED;
    call->stream->response = encoded;
    answer(call->stream, code, GRILLE_CALL_END_ANSWERED);
    return GRILLE_OK;
}

void grille_call_pause(grille_call *call) {
    queue_from(call)->pauses++;
}

void grille_call_resume(grille_call *call) {
    queue_from(call)->pauses--;
}

void grille_call_cancel(grille_call *call) {
    answer(call->stream, GRILLE_CANCELLED, GRILLE_CALL_END_CANCELLED);
}

void grille_call_set_data(grille_call *call, void *data) {
    call->data = data;
}

void *grille_call_data(const grille_call *call) {
    return call->data;
}

static grille_code add(grille_metadata *metadata, grille_metadata_pair *pair, const char *key, grille_bytes value) {
    if (metadata->count > 0) return GRILLE_RESOURCE_EXHAUSTED;
    *pair = (grille_metadata_pair){key, value};
    *metadata = (grille_metadata){pair, 1};
    return GRILLE_OK;
}

grille_code grille_call_add_header(grille_call *call, const char *key, grille_bytes value) {
    return add(&call->headers, &call->header, key, value);
}

grille_code grille_call_add_trailer(grille_call *call, const char *key, grille_bytes value) {
    return add(&call->trailers, &call->trailer, key, value);
}

bool grille_call_cancelled(const grille_call *call) {
    return call->stream->answered && call->stream->why != GRILLE_CALL_END_ANSWERED;
}
