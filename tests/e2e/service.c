/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const grille_method e2e_methods[E2E_METHODS] = {
    {.path = "/test.E2e/Echo", .id = 0x11, .request = &fake_type, .response = &fake_type},
    {.path = "/test.E2e/Work",
     .id = 0x12,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/test.E2e/Secret", .id = 0x13, .request = &fake_type, .response = &fake_type},
};

const grille_service e2e_service = {
    .name = "test.E2e", .id = 0x10, .methods = e2e_methods, .method_count = E2E_METHODS};

static grille_code copy_answer(grille_call *call, const char *text, fake_message *response) {
    size_t size = strlen(text) + 1;
    char *copy = grille_call_alloc(call, size);
    if (copy == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    memcpy(copy, text, size);
    response->text = copy;
    return GRILLE_OK;
}

static grille_code call_back(grille_call *call, e2e_counts *counts, fake_message *response) {
    char answer[256];
    grille_code code = e2e_call(counts->back, E2E_ECHO, "inner", NULL, answer, sizeof answer);
    return copy_answer(call, grille_code_name(code), response);
}

/* What the library of the caller says: as many attempts went before. */
static grille_code answer_attempt(grille_call *call, const char *expected, fake_message *response) {
    const grille_bytes value = grille_metadata_get(grille_call_metadata(call), "grille-previous-attempts", 0);
    const size_t len = strlen(expected);
    if (value.len != len || memcmp(value.data, expected, len) != 0) {
        return grille_fail(call, GRILLE_UNAVAILABLE, "attempt after %.*s", (int)value.len,
                           value.len > 0 ? (const char *)value.data : "");
    }
    return copy_answer(call, expected, response);
}

static grille_code push_back(grille_call *call, const char *expected, fake_message *response) {
    const uint32_t delay_ms = strcmp(expected, "never") == 0 ? GRILLE_PUSH_BACK_FOR_GOOD : 0;
    if (grille_call_push_back(call, delay_ms) != GRILLE_OK) return GRILLE_INTERNAL;
    return answer_attempt(call, expected, response);
}

static grille_code answer_health(grille_call *call, e2e_counts *counts, fake_message *response) {
    atomic_fetch_add(&counts->asked, 1);
    usleep(1000);
    const int health = atomic_load(&counts->health);
    if (health > 1) return grille_fail(call, (grille_code)health, "no word of health");
    return copy_answer(call, health == 0 ? "serving" : "not serving", response);
}

static grille_code answer_peer(grille_call *call, fake_message *response) {
    const grille_peer_identity *peer = grille_peer(call);
    char text[600];
    (void)snprintf(text, sizeof text, "%s/%s/%s", grille_identity_kind_name(peer->kind), peer->set, peer->psk_id);
    return copy_answer(call, text, response);
}

static grille_code act(grille_call *call, const char *text, fake_message *response, e2e_counts *counts) {
    if (strncmp(text, "sleep:", 6) == 0) usleep((useconds_t)strtoul(text + 6, NULL, 10) * 1000);
    if (strncmp(text, "fail:", 5) == 0) {
        return grille_fail(call, (grille_code)strtoul(text + 5, NULL, 10), "failed as asked");
    }
    if (strcmp(text, "health") == 0) return answer_health(call, counts, response);
    if (strncmp(text, "pushed:", 7) == 0) return push_back(call, text + 7, response);
    if (strncmp(text, "attempt:", 8) == 0) return answer_attempt(call, text + 8, response);
    if (strcmp(text, "who") == 0) {
        const grille_peer_identity *peer = grille_peer(call);
        return copy_answer(call, peer->name[0] != '\0' ? peer->name : peer->module_id, response);
    }
    if (strcmp(text, "peer") == 0) return answer_peer(call, response);
    if (strcmp(text, "exit") == 0) _exit(42);
    /* As long as nobody cancels, for a minute. */
    for (int ms = 0; strcmp(text, "hold") == 0 && !grille_call_cancelled(call) && ms < 60000; ms++)
        usleep(1000);
    if (strcmp(text, "back") == 0) return call_back(call, counts, response);
    response->text = text;
    return GRILLE_OK;
}

static grille_code handle(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    e2e_counts *counts = user;
    const char *text = ((const fake_message *)request)->text;
    (void)handlers;
    atomic_fetch_add(&counts->started, 1);
    grille_code code = act(call, text == NULL ? "" : text, response, counts);
    if (grille_call_cancelled(call)) atomic_fetch_add(&counts->cancelled, 1);
    atomic_fetch_add(&counts->finished, 1);
    return code;
}

static const grille_method_handler invoke[E2E_METHODS] = {{.invoke = handle}, {.invoke = handle}, {.invoke = handle}};

grille_code e2e_register(grille_server *server, e2e_counts *counts, grille_error *error) {
    return grille_server_register(server, &e2e_service, invoke, NULL, counts, error);
}

static void take_answer(const grille_reply *reply, char *answer, size_t answer_size) {
    const fake_message *response = reply->response;
    const char *text = response != NULL && response->text != NULL ? response->text : reply->message;
    (void)snprintf(answer, answer_size, "%s", text);
}

grille_code e2e_call(grille_channel *channel, e2e_method method, const char *text, const grille_call_options *options,
                     char *answer, size_t answer_size) {
    const fake_message request = {text};
    grille_reply reply;
    grille_code code = grille_call_unary(channel, &e2e_methods[method], &request, options, &reply);
    take_answer(&reply, answer, answer_size);
    grille_reply_free(&reply);
    return code;
}

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    e2e_async *async = user;
    char answer[1024];
    (void)callback;
    take_answer(reply, answer, sizeof answer);
    async->done(reply->code, answer, async->user);
}

grille_code e2e_call_method_async(grille_channel *channel, const grille_method *method, const char *text,
                                  const grille_call_options *options, e2e_async *async, grille_call **call) {
    const fake_message request = {text};
    return grille_call_unary_async(channel, method, &request, options, deliver, NULL, async, call);
}

grille_code e2e_call_async(grille_channel *channel, e2e_method method, const char *text,
                           const grille_call_options *options, e2e_async *async, grille_call **call) {
    return e2e_call_method_async(channel, &e2e_methods[method], text, options, async, call);
}
