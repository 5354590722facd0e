/* SPDX-License-Identifier: Apache-2.0
 * A service of every kind of method for tests of callers, and a caller's book of events. What a handler does:
 *   Unary    echoes; "fail" fails NOT_FOUND; "hold" never answers
 *   Client   at half-close answers the number of messages; a message "stop" answers ABORTED at once
 *   Server   request "N" or "N:LEN": N messages "0", "1", … (padded to LEN), as fast as they are taken, then OK;
 *            "fail" fails NOT_FOUND; "hold" sends initial metadata and nothing else
 *   Bidi     echoes; "stop" answers ABORTED, "twice" is echoed twice; at half-close OK */
#ifndef GRILLE_TESTS_STREAMING_SERVICE_H
#define GRILLE_TESTS_STREAMING_SERVICE_H

#include "fake_codec.h"
#include "hand_channel.h"

enum { METHOD_UNARY, METHOD_CLIENT, METHOD_SERVER, METHOD_BIDI, METHOD_COUNT };
extern const grille_method streaming_methods[METHOD_COUNT];
extern const grille_service streaming_service;
extern const grille_method_handler streaming_handlers[METHOD_COUNT];

/* What the handlers saw; the service's user. */
typedef struct streaming_server {
    size_t opened;
    size_t messages;
    size_t ended;
    grille_call_end why;
    grille_call *call; /* the newest stream */
    uint64_t remaining_ms;
    struct {
        grille_call *call;
        size_t next, count, len;
    } flow;               /* of the newest Server call */
    bool holds_reading;   /* pauses at once */
    bool answers_at_once; /* every stream: initial metadata, then ABORTED */
} streaming_server;

/* What a caller was told: "h" headers, "m<text>;" message, "w" writable, "d<code>;" done. */
typedef struct event_book {
    char log[4096];
    size_t messages;
    size_t writables;
    size_t done;
    grille_code code;
    char text[256];   /* of the status */
    char answer[256]; /* of the response */
    grille_call *call;
    void (*on_message)(grille_call *call, const char *text, struct event_book *book);
    void (*on_writable)(grille_call *call, struct event_book *book);
    void *user;
} event_book;
extern const grille_stream_dispatch event_book_dispatch;

/* A pair, its server and a channel. */
typedef struct streaming_world {
    endpoint_pair pair;
    hand_channel channel;
    streaming_server server;
} streaming_world;
/* `retries` as in hand_channel_open. */
void streaming_world_open(streaming_world *world, int retries);
void streaming_world_close(streaming_world *world);

/* Asserts that the stream opens; *book is zeroed but for its three hooks. */
grille_call *open_stream(streaming_world *world, int method, const char *request, const grille_call_options *options,
                         event_book *book);
grille_code send_text(grille_call *call, const char *text);
void expect_log(const event_book *book, const char *log);

#endif
