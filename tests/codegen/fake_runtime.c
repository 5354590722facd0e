/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "codec/codec.h"

enum { MOST_SERVICES = 8, MOST_WAITING = 8, MEMORY_BYTES = 1 << 20 };

struct grille_call {
    char message[256];
};

typedef struct registration {
    const grille_service *service;
    const grille_method_handler *methods;
    const void *handlers;
    void *user;
} registration;

typedef struct waiting_call {
    grille_reply reply;
    grille_deliver_fn *deliver;
    void (*callback)(void);
    void *user;
} waiting_call;

static struct {
    registration services[MOST_SERVICES];
    size_t service_count;
    waiting_call waiting[MOST_WAITING];
    size_t waiting_count;
    const grille_method *last_method;
    uint32_t last_timeout_ms;
    int replies_held;
    grille_budget budget;
    grille_arena arena;
    struct grille_call call;
} fake;

void fake_reset(void) {
    if (fake.arena.budget) grille_arena_reset(&fake.arena);
    memset(&fake, 0, sizeof(fake));
    grille_budget_init(&fake.budget, MEMORY_BYTES);
    grille_arena_init(&fake.arena, NULL, 0, &fake.budget);
}

grille_channel *fake_channel(void) {
    return (grille_channel *)&fake;
}

grille_server *fake_server(void) {
    return (grille_server *)&fake;
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
    if (server != fake_server() || fake.service_count == MOST_SERVICES) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "no room for %s", service->name);
        return GRILLE_RESOURCE_EXHAUSTED;
    }
    fake.services[fake.service_count++] = (registration){service, methods, handlers, user};
    return GRILLE_OK;
}

static grille_bytes encode(const grille_message_type *type, const void *message) {
    size_t len = 0;
    grille_error error;
    if (type->codec->measure(type, message, &len, &error)) return (grille_bytes){NULL, 0};
    uint8_t *out = grille_arena_alloc(&fake.arena, len + 1);
    if (!out || type->codec->encode(type, message, out, len, &error)) return (grille_bytes){NULL, 0};
    return (grille_bytes){out, len};
}

static grille_code serve(const registration *served, size_t index, grille_bytes request, grille_bytes *response) {
    const grille_method *method = &served->service->methods[index];
    void *decoded = NULL, *answer = NULL;
    grille_error error;
    if (!served->methods[index].invoke) return GRILLE_UNIMPLEMENTED;
    if (method->request->codec->decode(method->request, request, &fake.arena, &decoded, &error) ||
        method->response->codec->prepare(method->response, &fake.arena, &answer))
        return GRILLE_INTERNAL;
    grille_code code = served->methods[index].invoke(&fake.call, decoded, answer, served->handlers, served->user);
    if (code == GRILLE_OK) *response = encode(method->response, answer);
    return code;
}

static void answer_with(grille_reply *reply, const grille_method *method, grille_bytes request) {
    grille_bytes response = {NULL, 0};
    reply->code = GRILLE_UNIMPLEMENTED;
    for (size_t i = 0; i < fake.service_count; i++)
        for (size_t j = 0; j < fake.services[i].service->method_count; j++)
            if (fake.services[i].service->methods[j].id == method->id)
                reply->code = serve(&fake.services[i], j, request, &response);
    reply->message = fake.call.message;
    if (reply->code != GRILLE_OK) return;
    void *decoded = NULL;
    grille_error error;
    if (!response.data || method->response->codec->decode(method->response, response, &fake.arena, &decoded, &error))
        reply->code = GRILLE_INTERNAL;
    reply->response = decoded;
}

grille_code grille_call_unary(grille_channel *channel, const grille_method *method, const void *request,
                              const grille_call_options *options, grille_reply *reply) {
    *reply = (grille_reply){.code = GRILLE_INTERNAL, .message = "", .owner = &fake.call};
    fake.call.message[0] = 0;
    fake.last_method = method;
    fake.last_timeout_ms = options ? options->timeout_ms : 0;
    fake.replies_held++;
    grille_bytes encoded = encode(method->request, request);
    if (channel == fake_channel() && encoded.data) answer_with(reply, method, encoded);
    return reply->code;
}

grille_code grille_call_unary_async(grille_channel *channel, const grille_method *method, const void *request,
                                    const grille_call_options *options, grille_deliver_fn *deliver,
                                    void (*callback)(void), void *user, grille_call **call) {
    waiting_call *waiting = &fake.waiting[fake.waiting_count];
    if (fake.waiting_count == MOST_WAITING) return GRILLE_RESOURCE_EXHAUSTED;
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
        waiting_call *waiting = &fake.waiting[i];
        waiting->deliver(&waiting->reply, waiting->callback, waiting->user);
        grille_reply_free(&waiting->reply);
    }
    fake.waiting_count = 0;
}

void grille_reply_free(grille_reply *reply) {
    if (!reply || !reply->owner) return;
    fake.replies_held--;
    *reply = (grille_reply){.code = reply->code, .message = ""};
}

grille_call_options grille_call_options_default(void) {
    return (grille_call_options){.size = sizeof(grille_call_options)};
}
