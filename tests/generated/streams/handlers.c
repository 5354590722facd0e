/* SPDX-License-Identifier: Apache-2.0
 * Handlers of streams.proto. */
#include <pthread.h>
#include <stdlib.h>

#include "codec.h"

/* What a handler keeps with a call on the loop. */
typedef struct work {
    const plan *request;            /* Spread: lives until the end */
    uint32_t count, bytes, code;    /* the same, copied */
    uint32_t sent, received, wrong; /* messages */
    uint64_t received_bytes;
    bool has_pending, closes; /* Chat: an item that waits for room; the caller has said all */
    uint32_t pending_number, pending_bytes;
} work;

static work *begin(grille_call *call, streams_counts *counts) {
    work *own = calloc(1, sizeof *own);
    atomic_fetch_add(&counts->opens, 1);
    if (own == NULL) abort();
    grille_call_set_data(call, own);
    if (grille_call_add_header(call, "streams", (grille_bytes){(const uint8_t *)"header", 6}) != GRILLE_OK ||
        grille_call_add_trailer(call, "streams", (grille_bytes){(const uint8_t *)"trailer", 7}) != GRILLE_OK)
        atomic_fetch_add(&counts->wrong, 1);
    return own;
}

static void end(grille_call *call, grille_call_end why, streams_counts *counts) {
    free(grille_call_data(call));
    grille_call_set_data(call, NULL);
    atomic_fetch_add(&counts->ends[why], 1);
}

static void take(work *own, const item *message) {
    own->wrong += !CODEC(item_is)(message, own->received);
    own->received++;
    own->received_bytes += CODEC(item_bytes)(message);
}

static void fill_sum(sum *response, const work *own) {
    response->count = own->received;
    response->bytes = own->received_bytes;
    response->wrong = own->wrong;
}

static void check(streams_counts *counts, bool right) {
    if (!right) atomic_fetch_add(&counts->wrong, 1);
}

/* ---- Collect ---- */

static grille_code collect_open(METHOD(collect_server_stream) * stream, void *user) {
    (void)begin(METHOD(collect_server_call)(stream), user);
    return GRILLE_OK;
}

static void collect_message(METHOD(collect_server_stream) * stream, const item *message, void *user) {
    (void)user;
    take(grille_call_data(METHOD(collect_server_call)(stream)), message);
}

static void collect_half_close(METHOD(collect_server_stream) * stream, void *user) {
    streams_counts *counts = user;
    sum response;
#ifdef NANO
    response = (sum){0};
#else
    test__streams__sum__init(&response);
#endif
    fill_sum(&response, grille_call_data(METHOD(collect_server_call)(stream)));
    atomic_fetch_add(&counts->half_closes, 1);
    check(counts, METHOD(collect_server_finish)(stream, GRILLE_OK, &response) == GRILLE_OK);
}

static void collect_end(METHOD(collect_server_stream) * stream, grille_call_end why, void *user) {
    end(METHOD(collect_server_call)(stream), why, user);
}

static grille_code collect_slowly(METHOD(collect_slowly_server_stream) * stream, sum *response, void *user) {
    streams_counts *counts = user;
    const item *message = NULL;
    work own = {0};
    grille_code code = GRILLE_OK;
    free(begin(METHOD(collect_slowly_server_call)(stream), counts));
    while ((code = METHOD(collect_slowly_server_read)(stream, &message)) == GRILLE_OK)
        take(&own, message);
    fill_sum(response, &own);
    atomic_fetch_add(&counts->returns, 1);
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

/* ---- Spread ---- */

/* Sends as much as there is room for; AGAIN when more is left. */
static grille_code spread_some(METHOD(spread_server_stream) * stream, work *own, streams_counts *counts) {
    while (own->sent < own->count) {
        item_own next;
        if (!CODEC(item_own_fill)(&next, own->sent, own->bytes)) return GRILLE_RESOURCE_EXHAUSTED;
        grille_code code = METHOD(spread_server_send)(stream, &next.message);
        CODEC(item_own_free)(&next);
        if (code == GRILLE_AGAIN) atomic_fetch_add(&counts->agains, 1);
        if (code != GRILLE_OK) return code;
        own->sent++;
    }
    if (own->code != 0)
        (void)grille_fail(METHOD(spread_server_call)(stream), (grille_code)own->code, "as planned after %u",
                          (unsigned)own->sent);
    return METHOD(spread_server_finish)(stream, (grille_code)own->code);
}

static grille_code spread_open(METHOD(spread_server_stream) * stream, const plan *request, void *user) {
    work *own = begin(METHOD(spread_server_call)(stream), user);
    own->request = request;
    own->count = request->count;
    own->bytes = request->bytes;
    own->code = request->code;
    grille_code code = spread_some(stream, own, user);
    check(user, code == GRILLE_OK || code == GRILLE_AGAIN);
    return GRILLE_OK;
}

static void spread_writable(METHOD(spread_server_stream) * stream, void *user) {
    (void)spread_some(stream, grille_call_data(METHOD(spread_server_call)(stream)), user);
}

static void spread_end(METHOD(spread_server_stream) * stream, grille_call_end why, void *user) {
    const work *own = grille_call_data(METHOD(spread_server_call)(stream));
    check(user, own->request->count == own->count && own->request->bytes == own->bytes);
    end(METHOD(spread_server_call)(stream), why, user);
}

static grille_code spread_slowly(METHOD(spread_slowly_server_stream) * stream, const plan *request, void *user) {
    streams_counts *counts = user;
    grille_code code = GRILLE_OK;
    uint32_t sent = 0;
    free(begin(METHOD(spread_slowly_server_call)(stream), counts));
    for (sent = 0; sent < request->count && code == GRILLE_OK; sent++) {
        item_own next;
        if (!CODEC(item_own_fill)(&next, sent, request->bytes)) return GRILLE_RESOURCE_EXHAUSTED;
        code = METHOD(spread_slowly_server_write)(stream, &next.message);
        CODEC(item_own_free)(&next);
    }
    atomic_fetch_add(&counts->returns, 1);
    if (code != GRILLE_OK || request->code == 0) return code;
    return grille_fail(METHOD(spread_slowly_server_call)(stream), (grille_code)request->code, "as planned after %u",
                       (unsigned)sent);
}

/* ---- Chat ---- */

static grille_code chat_open(METHOD(chat_server_stream) * stream, void *user) {
    (void)begin(METHOD(chat_server_call)(stream), user);
    return GRILLE_OK;
}

static void chat_message(METHOD(chat_server_stream) * stream, const item *message, void *user) {
    streams_counts *counts = user;
    work *own = grille_call_data(METHOD(chat_server_call)(stream));
    check(counts, !own->has_pending);
    take(own, message);
    grille_code code = METHOD(chat_server_send)(stream, message);
    if (code != GRILLE_AGAIN) {
        check(counts, code == GRILLE_OK || grille_call_cancelled(METHOD(chat_server_call)(stream)));
        return;
    }
    /* The message goes when this returns: what it was follows from its number. */
    atomic_fetch_add(&counts->agains, 1);
    own->has_pending = true;
    own->pending_number = message->number;
    own->pending_bytes = (uint32_t)CODEC(item_bytes)(message);
    METHOD(chat_server_pause)(stream);
}

static void chat_finish(METHOD(chat_server_stream) * stream, const work *own, streams_counts *counts) {
    check(counts, own->wrong == 0);
    check(counts, METHOD(chat_server_finish)(stream, GRILLE_OK) == GRILLE_OK);
}

static void chat_writable(METHOD(chat_server_stream) * stream, void *user) {
    work *own = grille_call_data(METHOD(chat_server_call)(stream));
    item_own next;
    if (!own->has_pending || !CODEC(item_own_fill)(&next, own->pending_number, own->pending_bytes)) abort();
    grille_code code = METHOD(chat_server_send)(stream, &next.message);
    CODEC(item_own_free)(&next);
    if (code == GRILLE_AGAIN) return;
    own->has_pending = false;
    METHOD(chat_server_resume)(stream);
    if (own->closes) chat_finish(stream, own, user);
}

static void chat_half_close(METHOD(chat_server_stream) * stream, void *user) {
    streams_counts *counts = user;
    work *own = grille_call_data(METHOD(chat_server_call)(stream));
    atomic_fetch_add(&counts->half_closes, 1);
    own->closes = true;
    if (!own->has_pending) chat_finish(stream, own, counts);
}

static void chat_end(METHOD(chat_server_stream) * stream, grille_call_end why, void *user) {
    end(METHOD(chat_server_call)(stream), why, user);
}

static grille_code chat_slowly(METHOD(chat_slowly_server_stream) * stream, void *user) {
    streams_counts *counts = user;
    const item *message = NULL;
    work own = {0};
    grille_code code = GRILLE_OK;
    free(begin(METHOD(chat_slowly_server_call)(stream), counts));
    while (code == GRILLE_OK && (code = METHOD(chat_slowly_server_read)(stream, &message)) == GRILLE_OK) {
        take(&own, message);
        code = METHOD(chat_slowly_server_write)(stream, message);
    }
    check(counts, own.wrong == 0);
    atomic_fetch_add(&counts->returns, 1);
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

/* ---- Later ---- */

typedef struct later_call {
    grille_call *call;
    const plan *request;
    streams_counts *counts;
} later_call;

static void *answer_later(void *argument) {
    later_call *later = argument;
    grille_call *call = later->call;
    grille_code code = (grille_code)later->request->code;
    sum response;
#ifdef NANO
    response = (sum){0};
#else
    test__streams__sum__init(&response);
#endif
    response.count = later->request->count;
    response.bytes = (uint64_t)later->request->bytes << 32;
    if (code != GRILLE_OK) (void)grille_fail(call, code, "as planned, later");
    (void)METHOD(later_answer)(call, code, &response);
    atomic_fetch_add(&later->counts->returns, 1);
    free(later);
    return NULL;
}

static grille_code handle_later(grille_call *call, const plan *request, sum *response, void *user) {
    streams_counts *counts = user;
    later_call *later = malloc(sizeof *later);
    pthread_t thread;
    if (later == NULL) abort();
    *later = (later_call){call, request, counts};
    response->wrong = 1;
    grille_call_defer(call);
    if (counts->answers_in_handler)
        (void)answer_later(later);
    else if (pthread_create(&thread, NULL, answer_later, later) != 0 || pthread_detach(thread) != 0)
        abort();
    return GRILLE_INTERNAL;
}

static const METHOD(handlers) handlers = {
    .collect = {.open = collect_open, .message = collect_message, .half_close = collect_half_close, .end = collect_end},
    .spread = {.open = spread_open, .writable = spread_writable, .end = spread_end},
    .chat = {.open = chat_open,
             .message = chat_message,
             .half_close = chat_half_close,
             .writable = chat_writable,
             .end = chat_end},
    .collect_slowly = collect_slowly,
    .spread_slowly = spread_slowly,
    .chat_slowly = chat_slowly,
    .later = handle_later,
};

grille_code CODEC(streams_serve)(grille_server *server, grille_services *services, streams_counts *counts,
                                 grille_error *error) {
    return server != NULL ? METHOD(register_with_error)(server, &handlers, counts, error)
                          : METHOD(serve)(services, &handlers, counts, error);
}
