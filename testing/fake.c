/* SPDX-License-Identifier: Apache-2.0 */
#include "testing/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of answers, and of each request that is shown. */
enum { KEPT_BYTES = 1 << 30 };

size_t grille_fake_index(const grille_fake *fake, const grille_method *method) {
    return (size_t)(method - fake->service->methods);
}

/* ---- answers ---- */

/* A copy that decoding makes of what encoding made. NULL with *error. */
static const void *copy_message(const grille_message_type *type, const void *message, grille_arena *arena,
                                grille_error *error) {
    void *copy = NULL;
    size_t len = 0;
    grille_error_clear(error);
    if (type->codec->measure(type, message, &len, error) != GRILLE_REASON_OK) return NULL;
    uint8_t *encoded = grille_arena_alloc(arena, len + 1);
    if (encoded == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for a message of %zu bytes", len);
        return NULL;
    }
    if (type->codec->encode(type, message, encoded, len, error) != GRILLE_REASON_OK) return NULL;
    if (type->codec->decode(type, (grille_bytes){encoded, len}, arena, &copy, error) != GRILLE_REASON_OK) return NULL;
    return copy;
}

static const char *copy_text(grille_arena *arena, const char *text) {
    grille_bytes copy = grille_arena_copy(arena, (grille_bytes){(const uint8_t *)text, strlen(text)});
    return copy.data != NULL ? (const char *)copy.data : "";
}

static const fake_answer no_memory = {.code = GRILLE_INTERNAL, .message = "the fake has no memory for its answer"};

static const fake_answer *failing(grille_arena *arena, grille_code code, const char *text) {
    fake_answer *answer = grille_arena_alloc(arena, sizeof *answer);
    if (answer == NULL) return &no_memory;
    *answer = (fake_answer){.code = code, .message = copy_text(arena, text)};
    return answer;
}

static bool answers_one(const grille_method *method) {
    return method->kind == GRILLE_METHOD_UNARY || method->kind == GRILLE_METHOD_CLIENT_STREAMING;
}

static const fake_answer *make_answer(grille_arena *arena, const grille_method *method, grille_code code,
                                      const char *message, const void *const *responses, size_t count) {
    fake_answer *answer = grille_arena_alloc(arena, sizeof *answer);
    const void **copies = grille_arena_alloc(arena, (count + 1) * sizeof *copies);
    char text[GRILLE_ERROR_TEXT_BYTES + 128];
    grille_error error;
    if (answer == NULL || copies == NULL) return &no_memory;
    for (size_t at = 0; at < count; at++) {
        copies[at] = copy_message(method->response, responses[at], arena, &error);
        if (copies[at] != NULL) continue;
        (void)snprintf(text, sizeof text, "the fake's response %zu for %s: %s", at, method->path, error.text);
        return failing(arena, GRILLE_INTERNAL, text);
    }
    if (count == 0 && code == GRILLE_OK && answers_one(method)) {
        void *initial = NULL;
        if (method->response->codec->prepare(method->response, arena, &initial) != GRILLE_REASON_OK) return &no_memory;
        copies[count++] = initial;
    }
    *answer = (fake_answer){code, message != NULL ? copy_text(arena, message) : "", copies, count};
    return answer;
}

void grille_fake_answer(grille_fake *fake, size_t index, grille_code code, const char *message,
                        const void *const *responses, size_t response_count) {
    fake_method *method = &fake->state[index];
    pthread_mutex_lock(&fake->lock);
    method->answer = make_answer(&fake->kept, &fake->service->methods[index], code, message, responses, response_count);
    method->handlers = NULL;
    pthread_mutex_unlock(&fake->lock);
}

void grille_fake_handle(grille_fake *fake, size_t index, const void *handlers, void *user) {
    pthread_mutex_lock(&fake->lock);
    fake->state[index].handlers = handlers;
    fake->state[index].user = user;
    pthread_mutex_unlock(&fake->lock);
}

/* ---- records ---- */

fake_stream grille_fake_begin(grille_fake *fake, grille_call *call) {
    fake_method *method = &fake->state[grille_fake_index(fake, grille_call_method(call))];
    pthread_mutex_lock(&fake->lock);
    method->calls++;
    const fake_stream found = {
        .call = call, .answer = method->answer, .handlers = method->handlers, .user = method->user};
    pthread_mutex_unlock(&fake->lock);
    return found;
}

void grille_fake_record(grille_fake *fake, const grille_method *method, const void *message) {
    const grille_message_type *type = method->request;
    fake_method *state = &fake->state[grille_fake_index(fake, method)];
    grille_error error;
    size_t len = 0;
    if (message == NULL || type->codec->measure(type, message, &len, &error) != GRILLE_REASON_OK) return;
    uint8_t *encoded = malloc(len + 1);
    bool encodes = encoded != NULL && type->codec->encode(type, message, encoded, len, &error) == GRILLE_REASON_OK;
    pthread_mutex_lock(&fake->lock);
    free(state->last);
    state->last = encoded;
    state->last_len = len;
    state->has_last = encodes;
    pthread_mutex_unlock(&fake->lock);
}

size_t grille_fake_calls(grille_fake *fake, size_t index) {
    pthread_mutex_lock(&fake->lock);
    const size_t calls = fake->state[index].calls;
    pthread_mutex_unlock(&fake->lock);
    return calls;
}

const void *grille_fake_request(grille_fake *fake, size_t index) {
    const grille_message_type *type = fake->service->methods[index].request;
    fake_method *method = &fake->state[index];
    void *request = NULL;
    grille_error error;
    pthread_mutex_lock(&fake->lock);
    grille_arena_reset(&method->shown);
    if (method->has_last) {
        const grille_bytes copy = grille_arena_copy(&method->shown, (grille_bytes){method->last, method->last_len});
        if (copy.data == NULL || type->codec->decode(type, copy, &method->shown, &request, &error) != GRILLE_REASON_OK)
            request = NULL;
    }
    pthread_mutex_unlock(&fake->lock);
    return request;
}

/* ---- life ---- */

static bool prepare_methods(grille_fake *fake, const void *handlers, void *user) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    fake->table = calloc(fake->service->method_count + 1, sizeof *fake->table);
    fake->state = calloc(fake->service->method_count + 1, sizeof *fake->state);
    if (fake->table == NULL || fake->state == NULL) return false;
    for (size_t at = 0; at < fake->service->method_count; at++) {
        fake_method *method = &fake->state[at];
        fake->table[at] = grille_fake_table_entry(&fake->service->methods[at]);
        (void)snprintf(text, sizeof text, "nobody told the fake what %s answers", fake->service->methods[at].path);
        method->answer = failing(&fake->kept, GRILLE_UNIMPLEMENTED, text);
        method->handlers = handlers;
        method->user = user;
        grille_arena_init(&method->shown, NULL, 0, &fake->budget);
    }
    return true;
}

static grille_fake *make(const grille_service *service, const grille_method_handler *methods) {
    grille_fake *fake = calloc(1, sizeof *fake);
    if (fake == NULL) return NULL;
    if (pthread_mutex_init(&fake->lock, NULL) != 0) {
        free(fake);
        return NULL;
    }
    fake->service = service;
    fake->methods = methods;
    grille_budget_init(&fake->budget, KEPT_BYTES);
    grille_arena_init(&fake->kept, NULL, 0, &fake->budget);
    return fake;
}

grille_fake *grille_fake_new(const grille_service *service, const grille_method_handler *methods, const void *handlers,
                             void *user, const grille_peer_identity *caller, grille_error *error) {
    grille_fake *fake = make(service, methods);
    grille_error_clear(error);
    if (fake == NULL || !prepare_methods(fake, handlers, user)) {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for a fake of %s", service->name);
    } else if (grille_services_new(&fake->services, error) == GRILLE_OK &&
               grille_services_register(fake->services, service, fake->table, fake, NULL, error) == GRILLE_OK &&
               grille_insecure_fake_channel_open(fake->services, caller, NULL, &fake->channel, error) == GRILLE_OK) {
        return fake;
    }
    grille_fake_free(fake);
    return NULL;
}

void grille_fake_free(grille_fake *fake) {
    if (fake == NULL) return;
    grille_channel_close(fake->channel);
    grille_services_free(fake->services);
    for (size_t at = 0; fake->state != NULL && at < fake->service->method_count; at++) {
        free(fake->state[at].last);
        grille_arena_reset(&fake->state[at].shown);
    }
    grille_arena_reset(&fake->kept);
    (void)pthread_mutex_destroy(&fake->lock);
    free(fake->state);
    free(fake->table);
    free(fake);
}

grille_channel *grille_fake_channel(const grille_fake *fake) {
    return fake->channel;
}
