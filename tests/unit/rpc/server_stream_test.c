/* SPDX-License-Identifier: Apache-2.0
 * Goal: a streaming handler of the callback form gets open, messages, half-close, writable and exactly one end, whoever
 * ends the call and in whichever order; what it sends arrives in order, from any thread, and never without a bound. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "raw_caller.h"

enum { CLIENT = 1, SERVER = 2, BIDI = 3, MISSING = 4 };

/* What the handlers do and saw. */
typedef struct scene {
    /* What to do. */
    grille_code open_code;
    bool answer_in_open;
    bool echo;            /* each message goes back */
    bool answer_at_close; /* OK, with the number of messages where one message is the answer */
    int pause_after;      /* messages; 0: never */
    bool send_in_end;
    /* Seen. */
    grille_call *call; /* the newest */
    int opens, messages, half_closes, writables, ends;
    grille_call_end why;
    char request[64];
    char texts[4096];
    const char *last_text; /* the message itself: dead after its event */
    grille_code answered;
} scene;

static grille_code on_open(grille_call *call, const void *request, const void *handlers, void *user) {
    scene *own = user;
    (void)handlers;
    own->call = call;
    own->opens++;
    if (request != NULL) {
        (void)snprintf(own->request, sizeof own->request, "%.60s", ((const fake_message *)request)->text);
    }
    if (own->answer_in_open) own->answered = grille_call_answer(call, GRILLE_OUT_OF_RANGE, NULL);
    if (own->open_code != GRILLE_OK) return grille_fail(call, own->open_code, "not %s", "now");
    return GRILLE_OK;
}

static void on_message(grille_call *call, const void *message, const void *handlers, void *user) {
    scene *own = user;
    const char *text = ((const fake_message *)message)->text;
    size_t used = strlen(own->texts);
    (void)handlers;
    own->messages++;
    own->last_text = text;
    (void)snprintf(own->texts + used, sizeof own->texts - used, "%.64s|", text);
    if (own->echo) assert_int_equal(grille_call_send(call, message), GRILLE_OK);
    if (own->pause_after != 0 && own->messages == own->pause_after) grille_call_pause(call);
    if (strcmp(text, "stop") == 0) own->answered = grille_call_answer(call, GRILLE_ABORTED, NULL);
}

static void on_half_close(grille_call *call, const void *handlers, void *user) {
    scene *own = user;
    char count[32];
    const fake_message response = {count};
    (void)handlers;
    own->half_closes++;
    if (!own->answer_at_close) return;
    (void)snprintf(count, sizeof count, "%d", own->messages);
    own->answered = grille_call_answer(
        call, GRILLE_OK, grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING ? &response : NULL);
}

static void on_writable(grille_call *call, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    ((scene *)user)->writables++;
}

static void on_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    scene *own = user;
    const fake_message message = {"late"};
    (void)handlers;
    own->ends++;
    own->why = why;
    if (!own->send_in_end) return;
    if (grille_call_method(call)->kind != GRILLE_METHOD_CLIENT_STREAMING) {
        assert_int_equal(grille_call_send(call, &message), GRILLE_CLOSED);
    }
}

static const grille_method methods[] = {
    {.path = "/p.A/Client",
     .id = CLIENT,
     .kind = GRILLE_METHOD_CLIENT_STREAMING,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Server",
     .id = SERVER,
     .kind = GRILLE_METHOD_SERVER_STREAMING,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Bidi",
     .id = BIDI,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Missing",
     .id = MISSING,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 4};
static const grille_method_handler handlers[] = {
    {.open = on_open, .message = on_message, .half_close = on_half_close, .end = on_end},
    {.open = on_open, .writable = on_writable, .end = on_end},
    {.open = on_open, .message = on_message, .half_close = on_half_close, .writable = on_writable, .end = on_end},
    {0},
};

static void open_caller(raw_caller *caller, scene *own) {
    raw_caller_open(caller, &service, handlers, own, 0);
}

static void a_conversation_of_each_kind(void **state) {
    static raw_caller caller;
    scene own = {.echo = true, .answer_at_close = true};
    const fake_message message = {"one"};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);

    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_send(call, "a", false);
    raw_caller_pump(&caller);
    assert_string_equal(call->texts, "a|");
    raw_caller_send(call, "b", false);
    raw_caller_send(call, "", true);
    raw_caller_pump(&caller);
    assert_string_equal(call->texts, "a|b||");
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(own.opens, 1);
    assert_int_equal(own.half_closes, 1);
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_ANSWERED);

    own = (scene){.answer_at_close = true};
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_send(call, "a", false);
    raw_caller_send(call, "b", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "2|");
    assert_string_equal(own.texts, "a|b|");
    assert_int_equal(own.ends, 1);

    own = (scene){0};
    call = raw_caller_call(&caller, 0, SERVER, 0);
    raw_caller_send(call, "ask", true);
    raw_caller_pump(&caller);
    assert_int_equal(own.opens, 1);
    assert_string_equal(own.request, "ask");
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_OK);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_OK);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_OK);
    assert_int_equal(own.ends, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "one|one|");
    assert_int_equal(own.ends, 1);
    raw_caller_close(&caller);
}

static void an_open_that_refuses_has_no_end(void **state) {
    static raw_caller caller;
    scene own = {.open_code = GRILLE_FAILED_PRECONDITION};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_send(call, "a", false);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_FAILED_PRECONDITION, "not now");
    assert_int_equal(own.ends + own.messages, 0);
    own = (scene){.open_code = GRILLE_AGAIN};
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "not now");
    /* The first answer stands. */
    own = (scene){.open_code = GRILLE_ABORTED, .answer_in_open = true};
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OUT_OF_RANGE, "");
    assert_int_equal(own.ends, 0);
    own = (scene){.answer_in_open = true};
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_send(call, "never told", false);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OUT_OF_RANGE, "");
    assert_int_equal(own.answered, GRILLE_OK);
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.messages, 0);
    call = raw_caller_call(&caller, 0, MISSING, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_UNIMPLEMENTED, "declared but not served");
    raw_caller_close(&caller);
}

static void each_end_is_told_once_with_its_reason(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    own = (scene){.send_in_end = true};
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_CANCELLED);

    own = (scene){.send_in_end = true};
    (void)raw_caller_call(&caller, 0, BIDI, 5000);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_remaining_ms(own.call), 5);
    raw_caller_wait(&caller, 5000);
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_DEADLINE);

    own = (scene){.send_in_end = true};
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_send(call, "undecodable", false);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INVALID_ARGUMENT, "undecodable");
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_BROKEN);

    own = (scene){0};
    call = raw_caller_call(&caller, 0, SERVER, 0);
    raw_caller_send(call, "a", false);
    raw_caller_send(call, "b", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "more than one message");
    assert_int_equal(own.opens, 0);
    call = raw_caller_call(&caller, 0, SERVER, 0);
    raw_caller_half_close(call);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "no message");
    assert_int_equal(own.opens + own.ends, 0);

    own = (scene){.send_in_end = true};
    (void)raw_caller_call(&caller, 0, BIDI, 0);
    (void)raw_caller_call(&caller, 1, CLIENT, 0);
    raw_caller_pump(&caller);
    assert_int_equal(own.opens, 2);
    grille_endpoint_close(caller.pair.server, GRILLE_UNAVAILABLE, "lost");
    assert_int_equal(own.ends, 2);
    assert_int_equal(own.why, GRILLE_CALL_END_CONNECTION_LOST);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    raw_caller_close(&caller);
}

/* An answer before the caller has said all: what it still says is thrown away, its credit comes back. */
static void an_early_answer_ends_the_stream(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    for (int i = 0; i < 40; i++) {
        own = (scene){0};
        call = raw_caller_call(&caller, 0, CLIENT, 0);
        raw_caller_send(call, "stop", false);
        raw_caller_send(call, "huge:60000", false);
        raw_caller_pump(&caller);
        raw_caller_expect(call, GRILLE_ABORTED, "");
        assert_int_equal(own.messages, 1);
        assert_int_equal(own.ends, 1);
        assert_int_equal(own.why, GRILLE_CALL_END_ANSWERED);
    }
    raw_caller_close(&caller);
}

static void a_paused_stream_slows_the_peer_down(void **state) {
    static raw_caller caller;
    scene own = {.pause_after = 1};
    raw_call *call = NULL;
    int sent = 0;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    for (sent = 0; sent < 30; sent++) {
        const size_t before = caller.pair.budgets[1].used_bytes;
        uint8_t *room = NULL;
        (void)before;
        if (grille_stream_reserve_message(call->stream, 60000, &room) != GRILLE_REASON_OK) break;
        memset(room, 'x', 60000);
        assert_int_equal(grille_stream_send_reserved(call->stream, 0), GRILLE_REASON_OK);
        raw_caller_pump(&caller);
    }
    assert_int_equal(own.messages, 1);
    /* A window and a little, then what waits at the caller. */
    assert_in_range(sent, 16, 22);
    assert_true(caller.pair.budgets[1].peak_bytes < 3 << 20);
    /* Counted. */
    grille_call_pause(own.call);
    grille_call_resume(own.call);
    raw_caller_pump(&caller);
    assert_int_equal(own.messages, 1);
    grille_call_resume(own.call);
    assert_int_equal(own.messages, 1); /* no event inside a function of the handler's */
    raw_caller_pump(&caller);
    assert_int_equal(own.messages, sent);
    /* The half-close waits its turn too. */
    grille_call_pause(own.call);
    raw_caller_half_close(call);
    raw_caller_pump(&caller);
    assert_int_equal(own.half_closes, 0);
    grille_call_resume(own.call);
    raw_caller_pump(&caller);
    assert_int_equal(own.half_closes, 1);
    /* One resume too many changes nothing. */
    grille_call_resume(own.call);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_OK);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    raw_caller_close(&caller);
}

static void a_full_window_is_again_and_writable_comes_once(void **state) {
    static raw_caller caller;
    scene own = {0};
    const fake_message message = {"huge:30000"};
    raw_call *call = NULL;
    int sent = 0;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    call->holds = true;
    raw_caller_pump(&caller);
    for (int round = 0; round < 50; round++) {
        while (grille_call_send(own.call, &message) == GRILLE_OK)
            sent++;
        raw_caller_pump(&caller);
        if (own.writables == 0) break;
        own.writables = 0;
    }
    /* Window of 64 KiB and the session's queue. */
    assert_in_range(sent, 4, 6);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_AGAIN);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_AGAIN);
    assert_true(caller.pair.budgets[1].used_bytes < 512 << 10);
    raw_caller_take(call);
    raw_caller_pump(&caller);
    assert_int_equal(own.writables, 1);
    assert_int_equal(call->messages, sent);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_OK);
    raw_caller_pump(&caller);
    assert_int_equal(own.writables, 1);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    raw_caller_close(&caller);
}

/* A message that can't be sent is not left out: the call ends with what was wrong with it. */
static void what_cant_be_sent_ends_the_call(void **state) {
    static raw_caller caller;
    scene own = {0};
    const fake_message bad = {"unencodable"}, huge = {"huge:5000000"}, good = {"good"};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_half_close(own.call), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_write(own.call, &good), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_send(own.call, &good), GRILLE_OK);
    assert_int_equal(grille_call_send(own.call, &bad), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_call_send(own.call, &good), GRILLE_CLOSED);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_CLOSED);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "unencodable");
    assert_string_equal(call->texts, "good|");
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_BROKEN);
    /* The text names limit and size. */
    own = (scene){0};
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_send(own.call, &huge), GRILLE_RESOURCE_EXHAUSTED);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "has 5000000 bytes; the caller takes at most 4194304");
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_BROKEN);
    /* A response where responses are streamed; none where one is the answer, and one that is too long. */
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, &good), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_CLOSED);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "with a further response");
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_send(own.call, &good), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_INVALID_ARGUMENT);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "without a response");
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, &huge), GRILLE_RESOURCE_EXHAUSTED);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "5000000");
    raw_caller_close(&caller);
}

static void headers_leave_first_or_when_asked(void **state) {
    static raw_caller caller;
    scene own = {0};
    const fake_message message = {"x"};
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_add_header(own.call, "early", grille_bytes_of_text("1")), GRILLE_OK);
    assert_int_equal(grille_call_send_headers(own.call), GRILLE_OK);
    assert_int_equal(grille_call_send_headers(own.call), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_add_header(own.call, "late", grille_bytes_of_text("1")), GRILLE_FAILED_PRECONDITION);
    raw_caller_pump(&caller);
    assert_int_equal(call->header_pairs, 1);
    assert_int_equal(call->messages, 0);
    assert_int_equal(grille_call_add_trailer(own.call, "tail", grille_bytes_of_text("1")), GRILLE_OK);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_OK);
    raw_caller_pump(&caller);
    assert_int_equal(call->trailer_pairs, 1);
    raw_caller_expect(call, GRILLE_OK, "");
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_int_equal(grille_call_add_header(own.call, "a", grille_bytes_of_text("1")), GRILLE_OK);
    assert_int_equal(grille_call_add_header(own.call, "b", grille_bytes_of_text("2")), GRILLE_OK);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_OK);
    assert_int_equal(grille_call_send_headers(own.call), GRILLE_FAILED_PRECONDITION);
    raw_caller_pump(&caller);
    assert_int_equal(call->header_pairs, 2);
    assert_int_equal(call->messages, 1);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    raw_caller_close(&caller);
}

/* The slot and what it holds stay until the last reference goes; the connection waits for it. */
static void a_reference_keeps_the_call(void **state) {
    static raw_caller caller;
    scene own = {0};
    int mine = 0;
    raw_call *call = NULL;
    const fake_message message = {"x"};
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    assert_null(grille_call_data(own.call));
    grille_call_set_data(own.call, &mine);
    assert_ptr_equal(grille_call_ref(own.call), own.call);
    (void)grille_call_ref(own.call);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    assert_int_equal(own.ends, 1);
    assert_true(grille_call_cancelled(own.call));
    assert_ptr_equal(grille_call_data(own.call), &mine);
    assert_int_equal(grille_call_send(own.call, &message), GRILLE_CLOSED);
    assert_int_equal(grille_call_answer(own.call, GRILLE_OK, NULL), GRILLE_CANCELLED);
    grille_call_unref(own.call);
    raw_caller_pump(&caller);
    grille_endpoint_close(caller.pair.server, GRILLE_UNAVAILABLE, "lost");
    assert_false(grille_endpoint_is_idle(caller.pair.server));
    assert_true(grille_call_cancelled(own.call));
    grille_call_unref(own.call);
    (void)endpoint_pair_run_mail(&caller.pair);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    assert_int_equal(own.ends, 1);
    raw_caller_close(&caller);
}

/* ---- other threads ---- */

typedef struct sender {
    grille_call *call;
    int count;
    int again;
} sender;

static void *send_many(void *argument) {
    sender *own = argument;
    char text[32];
    for (int i = 0; i < own->count; i++) {
        const fake_message message = {text};
        grille_code code = GRILLE_AGAIN;
        (void)snprintf(text, sizeof text, "%d", i);
        while ((code = grille_call_send(own->call, &message)) == GRILLE_AGAIN) {
            own->again++;
            (void)sched_yield();
        }
        if (code != GRILLE_OK) abort();
    }
    if (grille_call_answer(own->call, GRILLE_OK, NULL) != GRILLE_OK) abort();
    return NULL;
}

static void another_thread_sends_and_answers_in_order(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    sender sends = {.count = 20000};
    pthread_t thread;
    uint64_t expected = 0;
    (void)state;
    own = (scene){0};
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    sends.call = own.call;
    assert_int_equal(pthread_create(&thread, NULL, send_many, &sends), 0);
    while (own.ends == 0) {
        raw_caller_pump(&caller);
        (void)sched_yield();
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(call->messages, sends.count);
    for (int i = 0; i < sends.count; i++)
        expected += (uint64_t)snprintf(NULL, 0, "%d", i);
    assert_int_equal(call->bytes, expected);
    assert_memory_equal(call->texts, "0|1|2|3|4|5|6|7|8|9|10|11|12|", 29);
    assert_int_equal(own.why, GRILLE_CALL_END_ANSWERED);
    raw_caller_close(&caller);
}

static void *fill_up(void *argument) {
    sender *own = argument;
    const fake_message message = {"huge:10000"};
    while (own->again == 0) {
        grille_code code = grille_call_send(own->call, &message);
        if (code == GRILLE_OK) own->count++;
        if (code == GRILLE_AGAIN) own->again++;
        if (code != GRILLE_OK && code != GRILLE_AGAIN) abort();
    }
    return NULL;
}

/* Nothing carries bytes meanwhile: the outbox alone holds them. */
static void another_threads_messages_wait_in_a_bounded_queue(void **state) {
    static raw_caller caller;
    static scene own;
    const fake_message last = {"last"};
    raw_call *call = NULL;
    sender sends = {0};
    pthread_t thread;
    (void)state;
    own = (scene){0};
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    sends.call = own.call;
    assert_int_equal(pthread_create(&thread, NULL, fill_up, &sends), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sends.count, GRILLE_LIMIT_SEND_QUEUE_BYTES / 10004);
    /* The loop thread's own message does not overtake them. */
    assert_int_equal(grille_call_send(own.call, &last), GRILLE_OK);
    raw_caller_pump(&caller);
    assert_int_equal(own.writables, 1);
    assert_int_equal(call->messages, sends.count + 1);
    assert_non_null(strstr(call->texts, "last|"));
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    raw_caller_close(&caller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_of_each_kind),
        cmocka_unit_test(an_open_that_refuses_has_no_end),
        cmocka_unit_test(each_end_is_told_once_with_its_reason),
        cmocka_unit_test(an_early_answer_ends_the_stream),
        cmocka_unit_test(a_paused_stream_slows_the_peer_down),
        cmocka_unit_test(a_full_window_is_again_and_writable_comes_once),
        cmocka_unit_test(what_cant_be_sent_ends_the_call),
        cmocka_unit_test(headers_leave_first_or_when_asked),
        cmocka_unit_test(a_reference_keeps_the_call),
        cmocka_unit_test(another_thread_sends_and_answers_in_order),
        cmocka_unit_test(another_threads_messages_wait_in_a_bounded_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
