/* SPDX-License-Identifier: Apache-2.0 */
#include "streaming_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

#define METHOD(name, number, form)                                                                                     \
    { .path = "/p.S/" name, .id = (number), .kind = (form), .request = &fake_type, .response = &fake_type }
const grille_method streaming_methods[METHOD_COUNT] = {
    METHOD("Unary", 1, GRILLE_METHOD_UNARY),
    METHOD("Client", 2, GRILLE_METHOD_CLIENT_STREAMING),
    METHOD("Server", 3, GRILLE_METHOD_SERVER_STREAMING),
    METHOD("Bidi", 4, GRILLE_METHOD_BIDIRECTIONAL),
};
const grille_service streaming_service = {
    .name = "p.S", .id = 9, .methods = streaming_methods, .method_count = METHOD_COUNT};

static grille_code unary(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const char *text = ((const fake_message *)request)->text;
    streaming_server *server = user;
    (void)handlers;
    server->opened++;
    server->remaining_ms = grille_call_remaining_ms(call);
    if (strcmp(text, "fail") == 0) return grille_fail(call, GRILLE_NOT_FOUND, "no such thing");
    if (strcmp(text, "hold") == 0) grille_call_defer(call);
    server->call = call;
    ((fake_message *)response)->text = text;
    return GRILLE_OK;
}

/* As many as are taken. */
static void flow(streaming_server *server) {
    while (server->flow.next < server->flow.count) {
        char text[32];
        char *padded = NULL;
        fake_message message = {text};
        (void)snprintf(text, sizeof text, "%zu", server->flow.next);
        if (server->flow.len > 0) {
            padded = malloc(server->flow.len + 1);
            assert_non_null(padded);
            memset(padded, '.', server->flow.len);
            padded[server->flow.len] = 0;
            memcpy(padded, text, strlen(text));
            message.text = padded;
        }
        grille_code code = grille_call_send(server->flow.call, &message);
        free(padded);
        if (code == GRILLE_AGAIN) return;
        assert_int_equal(code, GRILLE_OK);
        server->flow.next++;
    }
    (void)grille_call_answer(server->flow.call, GRILLE_OK, NULL);
}

static grille_code open_call(grille_call *call, const void *request, const void *handlers, void *user) {
    streaming_server *server = user;
    const char *text = request != NULL ? ((const fake_message *)request)->text : "";
    const char *colon = strchr(text, ':');
    (void)handlers;
    server->opened++;
    server->call = call;
    server->remaining_ms = grille_call_remaining_ms(call);
    if (server->holds_reading) grille_call_pause(call);
    if (server->answers_at_once) {
        assert_int_equal(grille_call_add_header(call, "head", (grille_bytes){(const uint8_t *)"h", 1}), GRILLE_OK);
        assert_int_equal(grille_call_send_headers(call), GRILLE_OK);
        return grille_fail(call, GRILLE_ABORTED, "at once");
    }
    if (strcmp(text, "fail") == 0) return grille_fail(call, GRILLE_NOT_FOUND, "no such thing");
    if (strcmp(text, "hold") == 0) {
        assert_int_equal(grille_call_add_header(call, "head", (grille_bytes){(const uint8_t *)"h", 1}), GRILLE_OK);
        assert_int_equal(grille_call_send_headers(call), GRILLE_OK);
    } else if (request != NULL) {
        server->flow.call = call;
        server->flow.next = 0;
        server->flow.count = strtoul(text, NULL, 10);
        server->flow.len = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
        flow(server);
    }
    return GRILLE_OK;
}

static void on_message(grille_call *call, const void *message, const void *handlers, void *user) {
    streaming_server *server = user;
    const char *text = ((const fake_message *)message)->text;
    (void)handlers;
    server->messages++;
    if (strcmp(text, "stop") == 0) {
        (void)grille_fail(call, GRILLE_ABORTED, "stopped as asked");
        (void)grille_call_answer(call, GRILLE_ABORTED, NULL);
        return;
    }
    if (grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING) return;
    if (strcmp(text, "twice") == 0) assert_int_equal(grille_call_send(call, message), GRILLE_OK);
    assert_int_equal(grille_call_send(call, message), GRILLE_OK);
}

static void on_half_close(grille_call *call, const void *handlers, void *user) {
    streaming_server *server = user;
    char text[32];
    const fake_message response = {text};
    (void)handlers;
    (void)snprintf(text, sizeof text, "%zu", server->messages);
    (void)grille_call_answer(call, GRILLE_OK,
                             grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING ? &response : NULL);
}

static void on_writable(grille_call *call, const void *handlers, void *user) {
    streaming_server *server = user;
    (void)handlers;
    if (call == server->flow.call) flow(server);
}

static void on_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    streaming_server *server = user;
    (void)call;
    (void)handlers;
    server->ended++;
    server->why = why;
}

const grille_method_handler streaming_handlers[METHOD_COUNT] = {
    {.invoke = unary},
    {.open = open_call, .message = on_message, .half_close = on_half_close, .end = on_end},
    {.open = open_call, .writable = on_writable, .end = on_end},
    {.open = open_call, .message = on_message, .half_close = on_half_close, .writable = on_writable, .end = on_end},
};

/* ---- the caller's book ---- */

static void note(event_book *book, const char *format, const char *text) {
    size_t used = strlen(book->log);
    assert_int_equal(book->done, 0);
    if (used + strlen(text) + 8 > sizeof book->log) return;
    (void)snprintf(book->log + used, sizeof book->log - used, format, text);
}

static void headers(grille_call *call, const grille_metadata *pairs, const void *events, void *user) {
    (void)call;
    (void)pairs;
    (void)events;
    note(user, "h%s", "");
}

static void message(grille_call *call, const void *received, const void *events, void *user) {
    event_book *book = user;
    const char *text = ((const fake_message *)received)->text;
    char start[16];
    (void)events;
    (void)snprintf(start, sizeof start, "%.12s", text);
    note(book, "m%s;", start);
    book->messages++;
    if (book->on_message != NULL) book->on_message(call, text, book);
}

static void writable(grille_call *call, const void *events, void *user) {
    event_book *book = user;
    (void)events;
    note(book, "w%s", "");
    book->writables++;
    if (book->on_writable != NULL) book->on_writable(call, book);
}

static void done(grille_call *call, const grille_reply *reply, const void *events, void *user) {
    event_book *book = user;
    const fake_message *response = reply->response;
    (void)call;
    (void)events;
    note(book, "d%s;", grille_code_name(reply->code));
    book->done++;
    book->code = reply->code;
    (void)snprintf(book->text, sizeof book->text, "%s", reply->message);
    if (response != NULL) (void)snprintf(book->answer, sizeof book->answer, "%s", response->text);
}

const grille_stream_dispatch event_book_dispatch = {headers, message, writable, done};

/* ---- the world ---- */

void streaming_world_open(streaming_world *world, int retries) {
    memset(world, 0, sizeof *world);
    endpoint_pair_open(&world->pair, &streaming_service, streaming_handlers, &world->server, 0);
    hand_channel_open(&world->channel, &world->pair, retries);
}

void streaming_world_close(streaming_world *world) {
    grille_channel_close(&world->channel.base);
    grille_endpoint_close(world->pair.client, GRILLE_CANCELLED, "closed");
    hand_channel_deinit(&world->channel);
    endpoint_pair_close(&world->pair);
}

grille_call *open_stream(streaming_world *world, int method, const char *request, const grille_call_options *options,
                         event_book *book) {
    const fake_message message_of_request = {request};
    memset(book->log, 0, sizeof book->log);
    book->messages = 0;
    book->writables = 0;
    book->done = 0;
    assert_int_equal(grille_call_open_stream(&world->channel.base, &streaming_methods[method],
                                             request != NULL ? &message_of_request : NULL, options,
                                             &event_book_dispatch, NULL, book, &book->call),
                     GRILLE_OK);
    return book->call;
}

grille_code send_text(grille_call *call, const char *text) {
    const fake_message message_of_text = {text};
    return grille_call_send(call, &message_of_text);
}

void expect_log(const event_book *book, const char *log) {
    assert_string_equal(book->log, log);
}
