/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/client_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/client_call_private.h"
#include "wire/limits.h"

/* What decoding an answer may take: its structures are a few times its bytes (protobuf-c's repeated fields). */
enum { DECODED_PER_ENCODED_BYTE = 8, DECODED_BASE_BYTES = 65536 };

grille_client_call *grille_client_call_of(grille_call *call) {
    return call != NULL && call->side == GRILLE_CALL_OF_CALLER ? (grille_client_call *)(void *)call : NULL;
}

grille_call_options grille_call_options_default(void) {
    return GRILLE_CALL_OPTIONS(.timeout_ms = 0);
}

/* ---- making ---- */

static void reply_fail(grille_client_call *call, grille_code code, const char *format, ...) GRILLE_PRINTF(3, 4);

static void reply_fail(grille_client_call *call, grille_code code, const char *format, ...) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    grille_bytes copy = {0};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    copy = grille_arena_copy(&call->arena, grille_bytes_of_text(text));
    call->reply.code = code;
    call->reply.message = copy.data != NULL ? (const char *)copy.data : grille_code_text(code);
}

static bool request_room(grille_client_call *call, size_t len) {
    uint8_t *larger = NULL;
    if (len <= call->request_capacity && call->request != NULL) return true;
    larger = malloc(len > 0 ? len : 1);
    if (larger == NULL) return false;
    free(call->request);
    call->request = larger;
    call->request_capacity = len;
    return true;
}

static bool encode_request(grille_client_call *call, const grille_method *method, const void *message) {
    const grille_codec *codec = method->request->codec;
    grille_error error;
    size_t len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    reason = codec->measure(method->request, message, &len, &error);
    if (reason == GRILLE_REASON_OK && len > GRILLE_LIMIT_MESSAGE_BYTES) {
        reply_fail(call, GRILLE_RESOURCE_EXHAUSTED, "the request %s takes %zu bytes; the most is %d",
                   method->request->name, len, GRILLE_LIMIT_MESSAGE_BYTES);
        return false;
    }
    if (reason == GRILLE_REASON_OK && !request_room(call, len)) {
        reply_fail(call, GRILLE_OUT_OF_MEMORY, "no memory for a request of %zu bytes", len);
        return false;
    }
    if (reason == GRILLE_REASON_OK) reason = codec->encode(method->request, message, call->request, len, &error);
    if (reason != GRILLE_REASON_OK) {
        reply_fail(call, GRILLE_INVALID_ARGUMENT, "the request %s can't be encoded: %s", method->request->name,
                   error.text[0] != 0 ? error.text : grille_reason_text(reason));
        return false;
    }
    call->request_len = len;
    return true;
}

static bool take_metadata(grille_client_call *call, const grille_metadata *metadata) {
    size_t at = 0;
    for (at = 0; metadata != NULL && at < metadata->count; at++) {
        const grille_metadata_pair *pair = &metadata->pairs[at];
        grille_reason reason = grille_metadata_builder_add(&call->metadata, &call->arena, pair->key, pair->value);
        if (reason == GRILLE_REASON_OK) continue;
        reply_fail(call, grille_reason_code(reason), "metadata pair %zu with key \"%.64s\": %s", at,
                   pair->key != NULL ? pair->key : "", grille_reason_text(reason));
        return false;
    }
    return true;
}

static bool take_options(grille_client_call *call, const grille_client_call_request *request) {
    const grille_call_options *options = request->options;
    uint32_t timeout_ms = request->method->default_timeout_ms;
    if (options != NULL && options->size != sizeof *options) {
        reply_fail(call, GRILLE_INVALID_ARGUMENT,
                   "call options of size %zu; make them with GRILLE_CALL_OPTIONS or grille_call_options_default",
                   options->size);
        return false;
    }
    if (request->method->kind != GRILLE_METHOD_UNARY) {
        reply_fail(call, GRILLE_INVALID_ARGUMENT, "%s is a streaming method, not a unary one", request->method->path);
        return false;
    }
    if (options != NULL && options->timeout_ms != 0) timeout_ms = options->timeout_ms;
    call->deadline_us =
        timeout_ms == 0 ? GRILLE_TIME_NEVER : grille_time_after(request->now_us, (uint64_t)timeout_ms * 1000);
    call->waits_for_ready = options != NULL && options->wait_for_ready;
    if (options != NULL && options->max_response_bytes != 0 && options->max_response_bytes < call->max_response_bytes) {
        call->max_response_bytes = options->max_response_bytes;
    }
    return options == NULL || take_metadata(call, options->metadata);
}

static void call_prepare(grille_client_call *call, const grille_client_call_request *request) {
    atomic_store(&call->references, 1);
    call->method = request->method;
    call->max_response_bytes = request->max_response_bytes;
    call->done = request->done;
    call->user = request->user;
    call->reply = (grille_reply){.code = GRILLE_UNKNOWN, .message = ""};
    grille_budget_init(&call->budget, DECODED_BASE_BYTES + DECODED_PER_ENCODED_BYTE * request->max_response_bytes);
    grille_arena_init(&call->arena, call->first, sizeof call->first, &call->budget);
}

grille_code grille_client_call_new(grille_call_pool *pool, const grille_client_call_request *request,
                                   grille_call **call, grille_reply *reply) {
    grille_client_call *made = grille_call_pool_take(pool);
    grille_code code = GRILLE_OUT_OF_MEMORY;
    *call = NULL;
    if (reply != NULL) *reply = (grille_reply){.code = code, .message = grille_code_text(code)};
    if (made == NULL) return code;
    call_prepare(made, request);
    if (take_options(made, request) && encode_request(made, request->method, request->message)) {
        *call = &made->base;
        return GRILLE_OK;
    }
    code = made->reply.code;
    if (reply != NULL) grille_client_call_take_reply(&made->base, reply);
    grille_call_unref(&made->base);
    return code;
}

/* ---- asking ---- */

grille_link *grille_client_call_link(grille_call *call) {
    return &grille_client_call_of(call)->link;
}

grille_call *grille_client_call_of_link(grille_link *link) {
    return &grille_container(link, grille_client_call, link)->base;
}

grille_time_us grille_client_call_deadline(const grille_call *call) {
    return ((const grille_client_call *)(const void *)call)->deadline_us;
}

bool grille_client_call_waits_for_ready(const grille_call *call) {
    return ((const grille_client_call *)(const void *)call)->waits_for_ready;
}

bool grille_client_call_cancel_requested(const grille_call *call) {
    return atomic_load(&((const grille_client_call *)(const void *)call)->cancel_requested);
}

bool grille_client_call_is_done(const grille_call *call) {
    return atomic_load(&((const grille_client_call *)(const void *)call)->is_done);
}

void *grille_client_call_owner_space(grille_call *call) {
    return grille_client_call_of(call)->owner_space;
}

void grille_client_call_take_reply(grille_call *call, grille_reply *reply) {
    grille_client_call *own = grille_client_call_of(call);
    *reply = own->reply;
    reply->owner = grille_call_ref(call);
}

/* ---- ending ---- */

void grille_client_call_complete(grille_client_call *call, grille_code code, grille_bytes text) {
    grille_bytes copy = grille_bytes_of(NULL, 0);
    if (text.len > 0) copy = grille_arena_copy(&call->arena, text);
    call->reply.code = code;
    call->reply.message = copy.data != NULL ? (const char *)copy.data : "";
    if (code != GRILLE_OK) call->reply.response = NULL;
    call->stream = NULL;
    pthread_mutex_lock(&call->lock);
    call->notice = NULL;
    atomic_store(&call->is_done, true);
    pthread_mutex_unlock(&call->lock);
    /* Last: the owner may give the call away. */
    call->done(&call->base, call->user);
}

void grille_client_call_fail(grille_call *call, grille_code code, const char *text) {
    grille_client_call_complete(grille_client_call_of(call), code, grille_bytes_of_text(text));
}

void grille_client_call_on_cancel(grille_call *call, grille_cancel_notice_fn *notice, void *user) {
    grille_client_call *own = grille_client_call_of(call);
    pthread_mutex_lock(&own->lock);
    own->notice = notice;
    own->notice_user = user;
    pthread_mutex_unlock(&own->lock);
}

void grille_call_cancel(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    if (own == NULL) return;
    pthread_mutex_lock(&own->lock);
    if (!atomic_load(&own->is_done) && !atomic_exchange(&own->cancel_requested, true) && own->notice != NULL) {
        own->notice(call, own->notice_user);
    }
    pthread_mutex_unlock(&own->lock);
}

static void call_ref(grille_call *call) {
    atomic_fetch_add(&grille_client_call_of(call)->references, 1);
}

static void call_unref(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    if (atomic_fetch_sub(&own->references, 1) == 1) grille_call_pool_give(own);
}

const grille_call_ops grille_client_call_ops = {.ref = call_ref, .unref = call_unref};

void grille_reply_free(grille_reply *reply) {
    if (reply == NULL) return;
    grille_call_unref(reply->owner);
    *reply = (grille_reply){.code = reply->code, .message = ""};
}
