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

/* One pass, which most requests need no more than. False: it is not short, or something is wrong with it. */
static bool encode_short(grille_client_call *call, const grille_message_type *type, const void *message) {
    grille_error error;
    size_t len = 0;
    if (type->codec->encode_short == NULL) return false;
    if (type->codec->encode_short(type, message, call->short_request, sizeof call->short_request, &len, &error) !=
        GRILLE_REASON_OK) {
        grille_wipe(call->short_request, sizeof call->short_request);
        return false;
    }
    call->encoded = grille_bytes_of(call->short_request, len);
    return true;
}

static bool encode_request(grille_client_call *call, const grille_method *method, const void *message) {
    const grille_codec *codec = method->request->codec;
    grille_error error;
    size_t len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    if (grille_method_streams_requests(method) || encode_short(call, method->request, message)) return true;
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
    call->encoded = grille_bytes_of(call->request, len);
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

static bool is_stream(grille_call_form form) {
    return form == GRILLE_FORM_CALLBACK_STREAM || form == GRILLE_FORM_BLOCKING_STREAM;
}

static bool check_form(grille_client_call *call, const grille_client_call_request *request) {
    const grille_method *method = request->method;
    const bool unary = method->kind == GRILLE_METHOD_UNARY;
    if (request->options != NULL && request->options->size != sizeof *request->options) {
        reply_fail(call, GRILLE_INVALID_ARGUMENT,
                   "call options of size %zu; make them with GRILLE_CALL_OPTIONS or grille_call_options_default",
                   request->options->size);
        return false;
    }
    if (is_stream(request->form) == !unary) return true;
    reply_fail(call, GRILLE_INVALID_ARGUMENT, "%s is a %s method, not a %s one", method->path,
               unary ? "unary" : "streaming", unary ? "streaming" : "unary");
    return false;
}

static size_t response_limit(const grille_client_call_request *request) {
    const grille_call_options *options = request->options;
    size_t limit = request->method->max_response_bytes;
    if (options != NULL && options->max_response_bytes != 0) limit = options->max_response_bytes;
    return limit != 0 && limit < request->max_response_bytes ? limit : request->max_response_bytes;
}

/* The parent's deadline holds here too, and its end is ours. */
static bool join_parent(grille_client_call *call, grille_call *parent) {
    if (parent == NULL) return true;
    if (parent->side != GRILLE_CALL_OF_HANDLER) {
        reply_fail(call, GRILLE_INVALID_ARGUMENT, "the parent of a call must be a handler's call");
        return false;
    }
    if (parent->deadline_us != 0 && parent->deadline_us < call->base.deadline_us) {
        call->base.deadline_us = parent->deadline_us;
    }
    call->has_parent = grille_call_family_join(parent, &call->family_link);
    if (!call->has_parent) reply_fail(call, GRILLE_CANCELLED, "the call that this one was made for is over");
    return call->has_parent;
}

static bool take_options(grille_client_call *call, const grille_client_call_request *request) {
    const grille_call_options *options = request->options;
    uint32_t timeout_ms = request->method->default_timeout_ms;
    if (!check_form(call, request)) return false;
    if (options != NULL && options->timeout_ms != 0) timeout_ms = options->timeout_ms;
    call->base.deadline_us =
        timeout_ms == 0 ? GRILLE_TIME_NEVER : grille_time_after(request->now_us, (uint64_t)timeout_ms * 1000);
    call->waits_for_ready = options != NULL && options->wait_for_ready;
    call->no_retry = options != NULL && options->no_retry;
    return options == NULL || take_metadata(call, options->metadata);
}

static void call_prepare(grille_client_call *call, const grille_client_call_request *request) {
    atomic_store_explicit(&call->references, 1, memory_order_relaxed);
    call->form = request->form;
    call->previous_attempts = 0;
    call->method = request->method;
    call->max_response_bytes = response_limit(request);
    call->done = request->done;
    call->user = request->user;
    call->reply = (grille_reply){.code = GRILLE_UNKNOWN, .message = ""};
    grille_budget_init(&call->budget, DECODED_BASE_BYTES + DECODED_PER_ENCODED_BYTE * call->max_response_bytes);
    grille_arena_init(&call->arena, call->first, sizeof call->first, &call->budget);
    grille_budget_init(&call->inbox.budget, call->budget.limit_bytes);
    grille_arena_init(&call->inbox.arena, call->inbox.room, call->inbox.capacity, &call->inbox.budget);
}

static bool start_watch(grille_client_call *call, const grille_client_call_request *request) {
    const char *text = "";
    grille_code code = grille_client_watch_start(call, request, &text);
    if (code != GRILLE_OK) reply_fail(call, code, "%s", text);
    return code == GRILLE_OK;
}

static bool tell_request(grille_client_call *call, const grille_method *method) {
    if (!grille_method_streams_requests(method)) {
        grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, call->encoded.len);
    }
    return true;
}

/* Joining comes last: from then on the parent may cancel it. */
static bool call_fill(grille_client_call *call, const grille_client_call_request *request) {
    return take_options(call, request) && start_watch(call, request) &&
           encode_request(call, request->method, request->message) && tell_request(call, request->method) &&
           join_parent(call, request->options != NULL ? request->options->parent : NULL);
}

grille_code grille_client_call_new(grille_call_pool *pool, const grille_client_call_request *request,
                                   grille_call **call, grille_reply *reply) {
    grille_client_call *made = grille_call_pool_take(pool);
    grille_code code = GRILLE_OUT_OF_MEMORY;
    *call = NULL;
    if (reply != NULL) *reply = (grille_reply){.code = code, .message = grille_code_text(code)};
    if (made == NULL) return code;
    call_prepare(made, request);
    if (call_fill(made, request)) {
        *call = &made->base;
        return GRILLE_OK;
    }
    grille_client_watch_end(made);
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

grille_link *grille_client_call_work_link(grille_call *call) {
    return &grille_client_call_of(call)->work_link;
}

grille_call *grille_client_call_of_work_link(grille_link *link) {
    return &grille_container(link, grille_client_call, work_link)->base;
}

bool grille_client_call_is_async(const grille_call *call) {
    const grille_call_form form = ((const grille_client_call *)(const void *)call)->form;
    return form == GRILLE_FORM_ASYNC_UNARY || form == GRILLE_FORM_CALLBACK_STREAM;
}

grille_time_us grille_client_call_deadline(const grille_call *call) {
    return call->deadline_us;
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

void grille_client_call_set_previous_attempts(grille_call *call, uint32_t count) {
    grille_client_call_of(call)->previous_attempts = count;
}

void *grille_client_call_owner_space(grille_call *call) {
    return grille_client_call_of(call)->owner_space;
}

void grille_client_call_take_reply(grille_call *call, grille_reply *reply) {
    grille_client_call *own = grille_client_call_of(call);
    *reply = own->reply;
    reply->owner = grille_call_ref(call);
}
