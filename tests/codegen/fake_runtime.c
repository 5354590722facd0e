/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake_private.h"

fake_state fake;

void fake_reset(void) {
    fake_streams_end();
    if (fake.arena.budget) grille_arena_reset(&fake.arena);
    memset(&fake, 0, sizeof(fake));
    grille_budget_init(&fake.budget, FAKE_MEMORY_BYTES);
    grille_arena_init(&fake.arena, NULL, 0, &fake.budget);
}

grille_channel *fake_channel(void) {
    return (grille_channel *)&fake;
}

grille_server *fake_server(void) {
    return (grille_server *)&fake;
}

grille_services *fake_services(void) {
    return (grille_services *)&fake;
}

const grille_method *fake_last_method(void) {
    return fake.last_method;
}

uint32_t fake_last_timeout_ms(void) {
    return fake.last_timeout_ms;
}

int fake_replies_held(void) {
    return fake.replies_held;
}

grille_code grille_fail(grille_call *call, grille_code code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->message, sizeof(call->message), format, arguments);
    va_end(arguments);
    return code;
}

grille_code grille_server_register(grille_server *server, const grille_service *service,
                                   const grille_method_handler *methods, const void *handlers, void *user,
                                   grille_error *error) {
    grille_error_clear(error);
    if (server != fake_server() || fake.service_count == FAKE_MOST_SERVICES) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "no room for %s", service->name);
        return GRILLE_RESOURCE_EXHAUSTED;
    }
    fake.services[fake.service_count++] = (fake_registration){service, methods, handlers, user};
    return GRILLE_OK;
}

grille_code grille_services_register(grille_services *services, const grille_service *service,
                                     const grille_method_handler *methods, const void *handlers, void *user,
                                     grille_error *error) {
    return grille_server_register((grille_server *)services, service, methods, handlers, user, error);
}

grille_bytes fake_encode(const grille_message_type *type, const void *message) {
    size_t len = 0;
    grille_error error;
    if (type->codec->measure(type, message, &len, &error)) return (grille_bytes){NULL, 0};
    uint8_t *out = grille_arena_alloc(&fake.arena, len + 1);
    if (!out || type->codec->encode(type, message, out, len, &error)) return (grille_bytes){NULL, 0};
    return (grille_bytes){out, len};
}

const void *fake_decode(const grille_message_type *type, grille_bytes encoded) {
    void *decoded = NULL;
    grille_error error;
    return type->codec->decode(type, encoded, &fake.arena, &decoded, &error) ? NULL : decoded;
}

void *fake_prepare(const grille_message_type *type) {
    void *message = NULL;
    return type->codec->prepare(type, &fake.arena, &message) ? NULL : message;
}

static grille_code serve(const fake_registration *served, size_t index, grille_bytes request, grille_bytes *response) {
    const grille_method *method = &served->service->methods[index];
    if (!served->methods[index].invoke) return GRILLE_UNIMPLEMENTED;
    const void *decoded = fake_decode(method->request, request);
    void *answer = fake_prepare(method->response);
    if (!decoded || !answer) return GRILLE_INTERNAL;
    grille_code code = served->methods[index].invoke(&fake.call, decoded, answer, served->handlers, served->user);
    if (fake.deferred) {
        *response = fake.deferred_response;
        code = fake.deferred_code;
    } else if (code == GRILLE_OK) {
        *response = fake_encode(method->response, answer);
    }
    fake.deferred = false;
    return code;
}

const fake_registration *fake_find(const grille_method *method, size_t *index) {
    for (size_t i = 0; i < fake.service_count; i++)
        for (*index = 0; *index < fake.services[i].service->method_count; ++*index)
            if (fake.services[i].service->methods[*index].id == method->id) return &fake.services[i];
    return NULL;
}

void grille_call_defer(grille_call *call) {
    fake.deferred = call == &fake.call;
}

static void answer_with(grille_reply *reply, const grille_method *method, grille_bytes request) {
    grille_bytes response = {NULL, 0};
    size_t index = 0;
    const fake_registration *served = fake_find(method, &index);
    fake.call.method = served ? &served->service->methods[index] : method;
    reply->code = served ? serve(served, index, request, &response) : GRILLE_UNIMPLEMENTED;
    reply->message = fake.call.message;
    if (reply->code != GRILLE_OK) return;
    reply->response = response.data ? fake_decode(method->response, response) : NULL;
    if (!reply->response) reply->code = GRILLE_INTERNAL;
}

grille_code grille_call_unary(grille_channel *channel, const grille_method *method, const void *request,
                              const grille_call_options *options, grille_reply *reply) {
    *reply = (grille_reply){.code = GRILLE_INTERNAL, .message = "", .owner = &fake.call};
    fake.call.message[0] = 0;
    fake.last_method = method;
    fake.last_timeout_ms = options ? options->timeout_ms : 0;
    fake.replies_held++;
    grille_bytes encoded = fake_encode(method->request, request);
    if (channel == fake_channel() && encoded.data) answer_with(reply, method, encoded);
    return reply->code;
}

grille_code grille_call_unary_async(grille_channel *channel, const grille_method *method, const void *request,
                                    const grille_call_options *options, grille_deliver_fn *deliver,
                                    void (*callback)(void), void *user, grille_call **call) {
    fake_waiting_call *waiting = &fake.waiting[fake.waiting_count];
    if (fake.waiting_count == FAKE_MOST_WAITING) return GRILLE_RESOURCE_EXHAUSTED;
    (void)grille_call_unary(channel, method, request, options, &waiting->reply);
    waiting->deliver = deliver;
    waiting->callback = callback;
    waiting->user = user;
    if (call) *call = &fake.call;
    fake.waiting_count++;
    return GRILLE_OK;
}

void fake_run(void) {
    for (size_t i = 0; i < fake.waiting_count; i++) {
        fake_waiting_call *waiting = &fake.waiting[i];
        waiting->deliver(&waiting->reply, waiting->callback, waiting->user);
        grille_reply_free(&waiting->reply);
    }
    fake.waiting_count = 0;
    fake_streams_run();
}

void grille_reply_free(grille_reply *reply) {
    if (!reply || !reply->owner) return;
    fake.replies_held--;
    *reply = (grille_reply){.code = reply->code, .message = ""};
}

grille_call_options grille_call_options_default(void) {
    return (grille_call_options){.size = sizeof(grille_call_options)};
}
