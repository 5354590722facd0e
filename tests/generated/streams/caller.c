/* SPDX-License-Identifier: Apache-2.0
 * Callers of streams.proto. Methods of one kind differ in their names only. */
#include <string.h>

#include "codec.h"

static void keep_text(const grille_metadata *metadata, char *text, size_t capacity) {
    for (size_t i = 0; i < metadata->count; i++)
        if (!strcmp(metadata->pairs[i].key, "streams") && metadata->pairs[i].value.len < capacity) {
            memcpy(text, metadata->pairs[i].value.data, metadata->pairs[i].value.len);
            text[metadata->pairs[i].value.len] = 0;
        }
}

#define KEEP_REPLY(of, reply)                                                                                          \
    do {                                                                                                               \
        (of)->code = (reply)->code;                                                                                    \
        strncpy((of)->message, (reply)->message, sizeof(of)->message - 1);                                             \
        keep_text(&(reply)->headers, (of)->told, sizeof(of)->told);                                                    \
        keep_text(&(reply)->trailers, (of)->trailer, sizeof(of)->trailer);                                             \
    } while (0)

#define KEEP_SUM(of, response)                                                                                         \
    do {                                                                                                               \
        if ((response) == NULL) break;                                                                                 \
        (of)->sum_count = (response)->count;                                                                           \
        (of)->sum_bytes = (response)->bytes;                                                                           \
        (of)->sum_wrong = (response)->wrong;                                                                           \
    } while (0)

/* 0 is never. */
static bool is_at(uint32_t count, uint32_t at) {
    return at != 0 && count == at;
}

static void take(streams_outcome *of, const item *message) {
    of->wrong += !CODEC(item_is)(message, of->received) || atomic_load(&of->paused);
    of->received++;
}

/* ---- blocking form ---- */

/* Writes one item; false when the stream takes no more. */
#define WRITE_ONE(name, stream, of, ok)                                                                                \
    do {                                                                                                               \
        item_own next;                                                                                                 \
        (ok) = CODEC(item_own_fill)(&next, (of)->sent, (of)->plan.bytes);                                              \
        if (!(ok)) break;                                                                                              \
        grille_code written = METHOD(name##_write)(stream, &next.message);                                             \
        CODEC(item_own_free)(&next);                                                                                   \
        (ok) = written == GRILLE_OK;                                                                                   \
        (of)->sent += (ok);                                                                                            \
        if (!(ok)) (of)->last = written;                                                                               \
        if (is_at((of)->sent, (of)->plan.cancel_at)) METHOD(name##_cancel)(stream);                                    \
    } while (0)

#define READ_ONE(name, stream, of, ok)                                                                                 \
    do {                                                                                                               \
        const item *message = NULL;                                                                                    \
        grille_code read = METHOD(name##_read)(stream, &message);                                                      \
        (ok) = read == GRILLE_OK;                                                                                      \
        if (ok)                                                                                                        \
            take(of, message);                                                                                         \
        else                                                                                                           \
            (of)->last = read;                                                                                         \
        if (is_at((of)->received, (of)->plan.cancel_at)) METHOD(name##_cancel)(stream);                                \
    } while (0)

#define DEFINE_COLLECT(name)                                                                                           \
    static void call_##name(grille_channel *channel, streams_outcome *of) {                                            \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        bool ok = true;                                                                                                \
        of->started = METHOD(name##_begin)(channel, of->plan.options, &stream, &error);                                \
        while (of->started == GRILLE_OK && ok && of->sent < of->plan.count)                                            \
            WRITE_ONE(name, stream, of, ok);                                                                           \
        (void)METHOD(name##_finish)(stream, &reply);                                                                   \
        KEEP_REPLY(of, &reply);                                                                                        \
        KEEP_SUM(of, reply.response);                                                                                  \
        METHOD(name##_reply_free)(&reply);                                                                             \
        METHOD(name##_reply_free)(&reply);                                                                             \
    }

#define DEFINE_SPREAD(name)                                                                                            \
    static void call_##name(grille_channel *channel, streams_outcome *of) {                                            \
        const plan request = CODEC(plan_of)(of->plan.count, of->plan.bytes, of->plan.code);                            \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        bool ok = true;                                                                                                \
        of->started = METHOD(name##_begin)(channel, &request, of->plan.options, &stream, &error);                      \
        while (of->started == GRILLE_OK && ok && !is_at(of->received, of->plan.stop_at))                               \
            READ_ONE(name, stream, of, ok);                                                                            \
        (void)METHOD(name##_finish)(stream, &reply);                                                                   \
        KEEP_REPLY(of, &reply);                                                                                        \
        METHOD(name##_reply_free)(&reply);                                                                             \
    }

#define DEFINE_CHAT(name)                                                                                              \
    static void call_##name(grille_channel *channel, streams_outcome *of) {                                            \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        METHOD(name##_reply) reply;                                                                                    \
        grille_error error;                                                                                            \
        bool ok = true;                                                                                                \
        of->started = METHOD(name##_begin)(channel, of->plan.options, &stream, &error);                                \
        while (of->started == GRILLE_OK && ok && of->sent < of->plan.count &&                                          \
               !is_at(of->received, of->plan.stop_at)) {                                                               \
            WRITE_ONE(name, stream, of, ok);                                                                           \
            if (ok) READ_ONE(name, stream, of, ok);                                                                    \
        }                                                                                                              \
        if (of->started == GRILLE_OK && ok && of->plan.stop_at == 0) {                                                 \
            of->wrong += METHOD(name##_half_close)(stream) != GRILLE_OK;                                               \
            of->wrong += METHOD(name##_half_close)(stream) != GRILLE_CLOSED;                                           \
            while (ok)                                                                                                 \
                READ_ONE(name, stream, of, ok);                                                                        \
        }                                                                                                              \
        (void)METHOD(name##_finish)(stream, &reply);                                                                   \
        KEEP_REPLY(of, &reply);                                                                                        \
        METHOD(name##_reply_free)(&reply);                                                                             \
    }

/* ---- callback form ---- */

#define DEFINE_HEADERS(name)                                                                                           \
    static void name##_on_headers(METHOD(name##_stream) * stream, const grille_metadata *headers, void *user) {        \
        streams_outcome *of = user;                                                                                    \
        (void)stream;                                                                                                  \
        keep_text(headers, of->told, sizeof of->told);                                                                 \
        atomic_fetch_add(&of->headers, 1);                                                                             \
    }

/* Sends as much as there is room for. After AGAIN nothing of the outcome is touched: `writable` may come at once. */
#define DEFINE_SENDING(name)                                                                                           \
    static void name##_go_on(METHOD(name##_stream) * stream, streams_outcome * of) {                                   \
        while (of->sent < of->plan.count) {                                                                            \
            item_own next;                                                                                             \
            bool ok = CODEC(item_own_fill)(&next, of->sent, of->plan.bytes);                                           \
            if (is_at(of->sent, of->plan.cancel_at)) METHOD(name##_cancel)(stream);                                    \
            atomic_fetch_add(&of->agains, 1);                                                                          \
            of->sent++;                                                                                                \
            grille_code code = ok ? METHOD(name##_send)(stream, &next.message) : GRILLE_OUT_OF_MEMORY;                 \
            CODEC(item_own_free)(&next);                                                                               \
            if (code == GRILLE_AGAIN) return;                                                                          \
            atomic_fetch_sub(&of->agains, 1);                                                                          \
            if (code == GRILLE_OK) continue;                                                                           \
            of->last = code;                                                                                           \
            return;                                                                                                    \
        }                                                                                                              \
        if (METHOD(name##_half_close)(stream) != GRILLE_OK) of->last = GRILLE_CLOSED;                                  \
    }                                                                                                                  \
    static void name##_on_writable(METHOD(name##_stream) * stream, void *user) {                                       \
        streams_outcome *of = user;                                                                                    \
        of->sent--;                                                                                                    \
        atomic_fetch_add(&of->writables, 1);                                                                           \
        name##_go_on(stream, of);                                                                                      \
    }

#define DEFINE_RECEIVING(name)                                                                                         \
    static void name##_on_message(METHOD(name##_stream) * stream, const item *message, void *user) {                   \
        streams_outcome *of = user;                                                                                    \
        take(of, message);                                                                                             \
        if (is_at(of->received, of->plan.cancel_at)) METHOD(name##_cancel)(stream);                                    \
        if (!of->plan.pauses || of->received != 1) return;                                                             \
        METHOD(name##_pause)(stream);                                                                                  \
        atomic_store(&of->paused, true);                                                                               \
        atomic_fetch_add(&of->pauses, 1);                                                                              \
    }

/* on_done waits for the opener's thread, which may be using the handle. */
#define DEFINE_DONE(name, keep_response)                                                                               \
    static void name##_on_done(METHOD(name##_stream) * stream, const METHOD(name##_reply) * reply, void *user) {       \
        streams_outcome *of = user;                                                                                    \
        (void)pthread_mutex_lock(&of->in_use);                                                                         \
        of->wrong += (void *)stream != of->stream;                                                                     \
        KEEP_REPLY(of, reply);                                                                                         \
        keep_response;                                                                                                 \
        atomic_fetch_add(&of->dones, 1);                                                                               \
        (void)pthread_mutex_unlock(&of->in_use);                                                                       \
        (void)sem_post(&of->done);                                                                                     \
    }

#define DEFINE_OPEN_SENDING(name)                                                                                      \
    static void open_##name(grille_channel *channel, streams_outcome *of) {                                            \
        of->started =                                                                                                  \
            METHOD(name##_open)(channel, of->plan.options, &name##_events, of, (METHOD(name##_stream) **)&of->stream); \
        if (of->started != GRILLE_OK) return;                                                                          \
        (void)pthread_mutex_lock(&of->in_use);                                                                         \
        if (atomic_load(&of->dones) == 0) name##_go_on(of->stream, of);                                                \
        (void)pthread_mutex_unlock(&of->in_use);                                                                       \
    }

#define DEFINE_COLLECT_OPEN(name)                                                                                      \
    DEFINE_HEADERS(name)                                                                                               \
    DEFINE_SENDING(name)                                                                                               \
    DEFINE_DONE(name, KEEP_SUM(of, reply->response))                                                                   \
    static const METHOD(name##_events) name##_events = {                                                               \
        .on_headers = name##_on_headers, .on_writable = name##_on_writable, .on_done = name##_on_done};                \
    DEFINE_OPEN_SENDING(name)

#define DEFINE_SPREAD_OPEN(name)                                                                                       \
    DEFINE_HEADERS(name)                                                                                               \
    DEFINE_RECEIVING(name)                                                                                             \
    DEFINE_DONE(name, (void)0)                                                                                         \
    static const METHOD(name##_events)                                                                                 \
        name##_events = {.on_headers = name##_on_headers, .on_message = name##_on_message, .on_done = name##_on_done}; \
    static void open_##name(grille_channel *channel, streams_outcome *of) {                                            \
        const plan request = CODEC(plan_of)(of->plan.count, of->plan.bytes, of->plan.code);                            \
        of->started = METHOD(name##_open)(channel, &request, of->plan.options, &name##_events, of,                     \
                                          (METHOD(name##_stream) **)&of->stream);                                      \
    }

#define DEFINE_CHAT_OPEN(name)                                                                                         \
    DEFINE_HEADERS(name)                                                                                               \
    DEFINE_SENDING(name)                                                                                               \
    DEFINE_RECEIVING(name)                                                                                             \
    DEFINE_DONE(name, (void)0)                                                                                         \
    static const METHOD(name##_events) name##_events = {.on_headers = name##_on_headers,                               \
                                                        .on_message = name##_on_message,                               \
                                                        .on_writable = name##_on_writable,                             \
                                                        .on_done = name##_on_done};                                    \
    DEFINE_OPEN_SENDING(name)

DEFINE_COLLECT(collect)
DEFINE_COLLECT(collect_slowly)
DEFINE_COLLECT(collect_nobody)
DEFINE_SPREAD(spread)
DEFINE_SPREAD(spread_slowly)
DEFINE_SPREAD(spread_nobody)
DEFINE_CHAT(chat)
DEFINE_CHAT(chat_slowly)
DEFINE_CHAT(chat_nobody)
DEFINE_CHAT(chat_nobody_slowly)
DEFINE_COLLECT_OPEN(collect)
DEFINE_COLLECT_OPEN(collect_slowly)
DEFINE_COLLECT_OPEN(collect_nobody)
DEFINE_SPREAD_OPEN(spread)
DEFINE_SPREAD_OPEN(spread_slowly)
DEFINE_SPREAD_OPEN(spread_nobody)
DEFINE_CHAT_OPEN(chat)
DEFINE_CHAT_OPEN(chat_slowly)
DEFINE_CHAT_OPEN(chat_nobody)
DEFINE_CHAT_OPEN(chat_nobody_slowly)

typedef void call_fn(grille_channel *channel, streams_outcome *of);

/* By kind; on the loop, on a worker, nobody's on the loop, nobody's on a worker. */
static call_fn *const blocking[STREAMS_KINDS][4] = {
    {call_collect, call_collect_slowly, call_collect_nobody, call_collect_nobody},
    {call_spread, call_spread_slowly, call_spread_nobody, call_spread_nobody},
    {call_chat, call_chat_slowly, call_chat_nobody, call_chat_nobody_slowly},
};
static call_fn *const opening[STREAMS_KINDS][4] = {
    {open_collect, open_collect_slowly, open_collect_nobody, open_collect_nobody},
    {open_spread, open_spread_slowly, open_spread_nobody, open_spread_nobody},
    {open_chat, open_chat_slowly, open_chat_nobody, open_chat_nobody_slowly},
};

static void call(grille_channel *channel, streams_outcome *of) {
    blocking[of->plan.kind][(of->plan.nobody ? 2 : 0) + (of->plan.offload ? 1 : 0)](channel, of);
}

static void open(grille_channel *channel, streams_outcome *of) {
    opening[of->plan.kind][(of->plan.nobody ? 2 : 0) + (of->plan.offload ? 1 : 0)](channel, of);
}

/* Only while it is paused, and so not done. */
static void resume(streams_outcome *of) {
    (void)pthread_mutex_lock(&of->in_use);
    atomic_store(&of->paused, false);
    if (of->plan.kind == STREAMS_SPREAD && of->plan.offload)
        METHOD(spread_slowly_resume)(of->stream);
    else if (of->plan.kind == STREAMS_SPREAD)
        METHOD(spread_resume)(of->stream);
    else if (of->plan.offload)
        METHOD(chat_slowly_resume)(of->stream);
    else
        METHOD(chat_resume)(of->stream);
    (void)pthread_mutex_unlock(&of->in_use);
}

static void later(grille_channel *channel, streams_outcome *of) {
    const plan request = CODEC(plan_of)(of->plan.count, of->plan.bytes, of->plan.code);
    METHOD(later_reply) reply;
    (void)METHOD(later)(channel, &request, of->plan.options, &reply);
    KEEP_REPLY(of, &reply);
    KEEP_SUM(of, reply.response);
    METHOD(later_reply_free)(&reply);
}

#ifdef NANO
const streams_caller streams_caller_nano = {"nanopb", call, open, resume, later};
#else
const streams_caller streams_caller_pb = {"protobuf-c", call, open, resume, later};
#endif
