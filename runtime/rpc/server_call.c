/* SPDX-License-Identifier: Apache-2.0
 * What a handler may ask of its call. Runs on the thread of the handler. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "rpc/endpoint_private.h"
#include "rpc/retry.h"

grille_server_call *grille_server_call_of(grille_call *call) {
    return call != NULL && call->side == GRILLE_CALL_OF_HANDLER ? (grille_server_call *)(void *)call : NULL;
}

static const grille_server_call *handler_call(const grille_call *call) {
    return (const grille_server_call *)(const void *)call;
}

grille_code grille_fail(grille_call *call, grille_code code, const char *format, ...) {
    grille_server_call *own = grille_server_call_of(call);
    va_list arguments;
    if (own == NULL) return code;
    if (own->text == NULL) own->text = grille_arena_alloc(own->arena, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1);
    if (own->text == NULL) return code;
    va_start(arguments, format);
    (void)vsnprintf(own->text, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1, format, arguments);
    va_end(arguments);
    return code;
}

grille_code grille_call_set_details(grille_call *call, grille_bytes details) {
    grille_server_call *own = grille_server_call_of(call);
    grille_bytes copy = {0};
    if (own == NULL) return GRILLE_INVALID_ARGUMENT;
    if (details.len > GRILLE_LIMIT_STATUS_DETAILS_BYTES) return GRILLE_RESOURCE_EXHAUSTED;
    copy = grille_arena_copy(own->arena, details);
    if (copy.data == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    own->details = copy;
    return GRILLE_OK;
}

const grille_peer_identity *grille_peer(const grille_call *call) {
    static const grille_peer_identity nobody = {.set = ""};
    return call->side == GRILLE_CALL_OF_HANDLER ? &handler_call(call)->peer->identity : &nobody;
}

const grille_method *grille_call_method(const grille_call *call) {
    if (call->side == GRILLE_CALL_OF_HANDLER) return handler_call(call)->registered->method;
    return ((const grille_client_call *)(const void *)call)->method;
}

const grille_metadata *grille_call_metadata(const grille_call *call) {
    static const grille_metadata none = {0};
    /* Made when first asked for, from what the caller sent: the handle is the handler's own. */
    grille_server_call *own = grille_server_call_of((grille_call *)(uintptr_t)call);
    if (own == NULL) return &none;
    if (!own->pairs_made) {
        own->pairs_made = grille_metadata_to_pairs(&own->request_metadata, own->arena, &own->pairs);
    }
    return own->pairs_made ? &own->pairs : &none;
}

typedef grille_reason add_fn(grille_metadata_builder *builder, grille_arena *arena, const char *key,
                             grille_bytes value);

static grille_code add(grille_call *call, add_fn *add_pair, bool to_trailers, const char *key, grille_bytes value) {
    grille_server_call *own = grille_server_call_of(call);
    grille_metadata_builder *builder = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    bool frozen = false;
    if (own == NULL) return GRILLE_INVALID_ARGUMENT;
    pthread_mutex_lock(&own->lock);
    frozen = to_trailers ? own->answering : own->headers_frozen;
    pthread_mutex_unlock(&own->lock);
    if (frozen) return GRILLE_FAILED_PRECONDITION;
    builder = to_trailers ? &own->trailers : &own->headers;
    reason = add_pair(builder, own->arena, key, value);
    return grille_reason_code(reason);
}

grille_code grille_call_add_header(grille_call *call, const char *key, grille_bytes value) {
    return add(call, grille_metadata_builder_add, false, key, value);
}

grille_code grille_call_add_trailer(grille_call *call, const char *key, grille_bytes value) {
    return add(call, grille_metadata_builder_add, true, key, value);
}

grille_code grille_call_push_back(grille_call *call, uint32_t delay_ms) {
    char text[12] = "-1";
    if (delay_ms != GRILLE_PUSH_BACK_FOR_GOOD && delay_ms > INT32_MAX) return GRILLE_INVALID_ARGUMENT;
    if (delay_ms != GRILLE_PUSH_BACK_FOR_GOOD) (void)snprintf(text, sizeof text, "%" PRIu32, delay_ms);
    return add(call, grille_metadata_builder_add_own, true, GRILLE_METADATA_RETRY_PUSHBACK, grille_bytes_of_text(text));
}

void *grille_call_alloc(grille_call *call, size_t bytes) {
    grille_server_call *own = grille_server_call_of(call);
    void *memory = own != NULL ? grille_arena_alloc(own->arena, bytes) : NULL;
    if (memory != NULL) memset(memory, 0, bytes);
    return memory;
}

uint64_t grille_call_remaining_ms(const grille_call *call) {
    const grille_server_call *own = handler_call(call);
    grille_time_us deadline_us = GRILLE_TIME_NEVER;
    grille_time_us now_us = 0;
    if (call->side == GRILLE_CALL_OF_HANDLER) deadline_us = call->deadline_us;
    if (deadline_us == GRILLE_TIME_NEVER) return UINT64_MAX;
    now_us = own->endpoint->clock_us != NULL ? own->endpoint->clock_us() : own->endpoint->now_us;
    return deadline_us > now_us ? (deadline_us - now_us) / 1000 : 0;
}

bool grille_call_cancelled(const grille_call *call) {
    if (call->side == GRILLE_CALL_OF_CALLER) return grille_client_call_cancel_requested(call);
    return atomic_load(&handler_call(call)->cancelled);
}

void grille_call_defer(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    if (own == NULL || own->streaming != NULL) return;
    /* From now on another thread may make the answer while the loop thread has the stream. */
    if (grille_server_call_is_here(own)) grille_server_own_memory(own);
    pthread_mutex_lock(&own->lock);
    own->deferred = true;
    pthread_mutex_unlock(&own->lock);
}

void grille_call_on_ended(grille_call *call, grille_call_ended_fn *ended, void *user) {
    grille_server_call *own = grille_server_call_of(call);
    bool post = false;
    if (own == NULL || own->streaming != NULL) return;
    pthread_mutex_lock(&own->lock);
    own->ended = ended;
    own->ended_user = user;
    /* It is too late to be told by the event itself. */
    if (atomic_load(&own->cancelled)) post = grille_server_call_mark(own);
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
}

struct grille_channel *grille_call_peer_channel(grille_call *call) {
    const grille_server_call *own = grille_server_call_of(call);
    return own != NULL ? own->endpoint->peer_channel : NULL;
}
