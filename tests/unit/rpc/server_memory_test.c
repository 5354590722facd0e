/* SPDX-License-Identifier: Apache-2.0
 * Goal: handlers' calls of every form cost what they may: no heap call per streamed message, a bounded number of
 * handlers, tasks and bytes however often a peer opens calls and gives them up, and a clean end wherever memory ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "raw_caller.h"

enum { CHAT = 1, FEED = 2, CHORE = 3, LATER = 4, COLLECT = 5, KINDS = 5 };

typedef struct scene {
    grille_call *call; /* the newest */
    bool echo;
    size_t opens, ends, runs, unsent;
    size_t now, most; /* handlers that are out */
    grille_call *deferred[64];
    size_t deferrals;
} scene;

static void came(scene *own) {
    own->now++;
    if (own->now > own->most) own->most = own->now;
}

static grille_code on_open(grille_call *call, const void *request, const void *handlers, void *user) {
    scene *own = user;
    (void)request;
    (void)handlers;
    own->call = call;
    own->opens++;
    came(own);
    return GRILLE_OK;
}

static void on_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)handlers;
    if (((scene *)user)->echo && grille_call_send(call, message) != GRILLE_OK) ((scene *)user)->unsent++;
}

static void on_half_close(grille_call *call, const void *handlers, void *user) {
    const fake_message response = {"collected"};
    (void)handlers;
    (void)user;
    (void)grille_call_answer(call, GRILLE_OK,
                             grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING ? &response : NULL);
}

static void on_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    scene *own = user;
    (void)call;
    (void)why;
    (void)handlers;
    own->ends++;
    own->now--;
}

static grille_code chore(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)request;
    (void)response;
    (void)handlers;
    ((scene *)user)->runs++;
    return GRILLE_OK;
}

static grille_code later(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    scene *own = user;
    (void)request;
    (void)response;
    (void)handlers;
    came(own);
    grille_call_defer(call);
    if (own->deferrals == 64) abort();
    own->deferred[own->deferrals++] = call;
    return GRILLE_OK;
}

static const grille_method methods[KINDS] = {
    {.path = "/p.A/Chat",
     .id = CHAT,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Feed",
     .id = FEED,
     .kind = GRILLE_METHOD_SERVER_STREAMING,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Chore",
     .id = CHORE,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Later", .id = LATER, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Collect",
     .id = COLLECT,
     .kind = GRILLE_METHOD_CLIENT_STREAMING,
     .request = &fake_type,
     .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = KINDS};
static const grille_method_handler handlers[KINDS] = {
    {.open = on_open, .message = on_message, .half_close = on_half_close, .end = on_end},
    {.open = on_open, .end = on_end},
    {.invoke = chore},
    {.invoke = later},
    {.open = on_open, .message = on_message, .half_close = on_half_close, .end = on_end},
};

/* Straight into the session on the loop thread; through the outbox from elsewhere. */
static void a_streamed_message_makes_no_heap_call(void **state) {
    static raw_caller caller;
    const fake_message message = {"a message of some bytes"};
    scene own = {.echo = true};
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        const pthread_t thread = caller.pair.thread;
        call = raw_caller_call(&caller, 0, CHAT, 0);
        raw_caller_pump(&caller);
        for (int i = 0; i < 2000; i++) {
            if (i == 1000) failing_malloc_never();
            if (elsewhere != 0) {
                memset(&caller.pair.thread, 0, sizeof caller.pair.thread);
                assert_int_equal(grille_call_send(own.call, &message), GRILLE_OK);
                caller.pair.thread = thread;
            } else {
                raw_caller_send(call, message.text, false);
            }
            raw_caller_pump(&caller);
        }
        assert_int_equal(failing_malloc_asked(), 0);
        assert_int_equal(call->messages, 2000);
        raw_caller_cancel(call);
        raw_caller_pump(&caller);
    }
    raw_caller_close(&caller);
}

static void answer_deferred(scene *own) {
    for (; own->deferrals > 0; own->now--)
        (void)grille_call_answer(own->deferred[--own->deferrals], GRILLE_ABORTED, NULL);
}

/* As fast as the session lets it: what runs, waits and is held stays within its limits. */
static void a_hundred_thousand_calls_that_are_given_up(void **state) {
    static raw_caller caller;
    scene own = {0};
    size_t refused = 0, before = 0, most_tasks = 0;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    before = caller.pair.budgets[1].used_bytes;
    for (uint32_t i = 0; i < 100000; i++) {
        raw_call *call = raw_caller_call(&caller, i % RAW_CALLS, 1 + i % KINDS, 0);
        const bool asks = 1 + i % KINDS == FEED || 1 + i % KINDS == LATER;
        size_t tasks = 0;
        if (asks) raw_caller_send(call, "x", true);
        raw_caller_pump(&caller);
        if (call->reset) {
            assert_int_equal(call->reset_code, GRILLE_RESET_REFUSED);
            refused++;
        } else {
            raw_caller_cancel(call);
            raw_caller_pump(&caller);
        }
        for (grille_link *link = caller.pair.tasks.next; link != &caller.pair.tasks; link = link->next)
            tasks++;
        if (tasks > most_tasks) most_tasks = tasks;
        if (i % 20 == 19) {
            answer_deferred(&own);
            endpoint_pair_run_tasks(&caller.pair);
            raw_caller_wait(&caller, 20000);
        }
        assert_int_equal(caller.server_reason, GRILLE_REASON_OK);
    }
    print_message("%zu streams, at most %zu handlers and %zu tasks at once, %zu refused, peak of %zu bytes\n",
                  own.opens, own.most, most_tasks, refused, (size_t)caller.pair.budgets[1].peak_bytes - before);
    assert_int_equal(own.opens, own.ends);
    assert_true(own.opens > 50000);
    assert_int_equal(own.runs, 0);
    assert_true(own.most <= 16);
    assert_true(most_tasks <= 16);
    assert_true(caller.pair.budgets[1].peak_bytes - before < 512 << 10);
    answer_deferred(&own);
    raw_caller_pump(&caller);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    raw_caller_close(&caller);
}

/* The same without pauses: the peer is told goodbye after as many as may be, and nothing of its calls is left. */
static void a_flood_of_them_ends_the_connection(void **state) {
    static raw_caller caller;
    scene own = {0};
    uint32_t calls = 0;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    for (; calls < 100000 && caller.server_reason == GRILLE_REASON_OK; calls++) {
        raw_call *call = raw_caller_call(&caller, calls % RAW_CALLS, CHAT, 0);
        raw_caller_pump(&caller);
        raw_caller_cancel(call);
        raw_caller_pump(&caller);
    }
    assert_int_equal(caller.server_reason, GRILLE_REASON_SESSION_FLOOD);
    assert_int_equal(calls, GRILLE_LIMIT_RESET_BURST + 1);
    assert_int_equal(own.opens, own.ends);
    assert_int_equal(own.most, 1);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    raw_caller_close(&caller);
}

static bool is_clean(const raw_call *call) {
    if (call->answered) return call->code == GRILLE_OK || call->code == GRILLE_RESOURCE_EXHAUSTED;
    return call->reset && (call->reset_code == GRILLE_RESET_REFUSED || call->reset_code == GRILLE_RESET_LIMIT);
}

/* The budget ends at one place after the other. */
static void memory_may_end_anywhere(void **state) {
    size_t ok = 0, clean = 0;
    (void)state;
    for (size_t room = 0; room < 60000; room += 397) {
        static raw_caller caller;
        scene own = {.echo = true};
        raw_caller_open(&caller, &service, handlers, &own, 0);
        caller.pair.budgets[1].limit_bytes = caller.pair.budgets[1].used_bytes + room;
        for (uint32_t kind = 0; kind < 2; kind++) {
            raw_call *call = raw_caller_call(&caller, kind, kind == 0 ? CHAT : COLLECT, 0);
            raw_caller_send(call, "short", false);
            raw_caller_send(call, "huge:9000", true);
            raw_caller_pump(&caller);
            if (call->answered && call->code == GRILLE_OK) ok++;
            if (is_clean(call)) clean++;
            if (call->stream != NULL) raw_caller_cancel(call);
            raw_caller_pump(&caller);
        }
        assert_int_equal(own.opens, own.ends);
        raw_caller_close(&caller);
    }
    print_message("%zu of 304 calls had their memory, %zu ended in good order\n", ok, clean);
    assert_true(ok > 0 && ok < 304);
    assert_int_equal(clean, 304);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_streamed_message_makes_no_heap_call),
        cmocka_unit_test(a_hundred_thousand_calls_that_are_given_up),
        cmocka_unit_test(a_flood_of_them_ends_the_connection),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
