/* SPDX-License-Identifier: Apache-2.0
 * Goal: a unary call that its handler deferred is answered exactly once, from any thread, keeps its request and memory
 * until then whatever happens to its caller, and is told once when nobody waits any more. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "raw_caller.h"

enum { LATER = 1, WORKER = 2, KEPT = 64 };

typedef struct scene {
    bool answer_inside;
    bool return_early; /* do not defer */
    bool ask_for_end;
    grille_call *calls[KEPT];
    const fake_message *requests[KEPT];
    size_t count;
    int ended;
    grille_call_end why;
    grille_code answered;
} scene;

static void on_ended(grille_call *call, grille_call_end why, void *user) {
    scene *own = user;
    (void)call;
    own->ended++;
    own->why = why;
}

static grille_code later(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    scene *own = user;
    (void)handlers;
    (void)response;
    /* Answered before it was deferred: refused, and the handler's own answer stands. */
    if (grille_call_answer(call, GRILLE_OK, NULL) != GRILLE_FAILED_PRECONDITION) abort();
    if (own->return_early) return grille_fail(call, GRILLE_NOT_FOUND, "at once");
    grille_call_defer(call);
    if (own->ask_for_end) grille_call_on_ended(call, on_ended, own);
    own->calls[own->count % KEPT] = call;
    own->requests[own->count++ % KEPT] = request;
    if (own->answer_inside) own->answered = grille_call_answer(call, grille_fail(call, GRILLE_ABORTED, "inside"), NULL);
    return GRILLE_DATA_LOSS; /* ignored */
}

static const grille_method methods[] = {
    {.path = "/p.A/Later", .id = LATER, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Worker",
     .id = WORKER,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 2};
static const grille_method_handler handlers[] = {{.invoke = later}, {.invoke = later}};

static raw_call *start(raw_caller *caller, size_t index, uint32_t method, const char *text, uint64_t timeout_us) {
    raw_call *call = raw_caller_call(caller, index, method, timeout_us);
    raw_caller_send(call, text, true);
    raw_caller_pump(caller);
    endpoint_pair_run_tasks(&caller->pair);
    return call;
}

static void is_answered_later_by_the_loop_thread(void **state) {
    static raw_caller caller;
    scene own = {0};
    const fake_message response = {"later"};
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    for (uint32_t method = LATER; method <= WORKER; method++) {
        raw_call *call = NULL;
        own = (scene){0};
        call = start(&caller, 0, method, "first", 0);
        raw_caller_pump(&caller);
        assert_false(call->answered);
        assert_int_equal(own.count, 1);
        assert_false(grille_call_cancelled(own.calls[0]));
        assert_string_equal(own.requests[0]->text, "first");
        assert_int_equal(grille_call_add_trailer(own.calls[0], "tail", grille_bytes_of_text("1")), GRILLE_OK);
        assert_int_equal(grille_call_answer(own.calls[0], GRILLE_OK, &response), GRILLE_OK);
        raw_caller_pump(&caller);
        raw_caller_expect(call, GRILLE_OK, "");
        assert_string_equal(call->texts, "later|");
        assert_int_equal(call->trailer_pairs, 1);
        assert_true(grille_endpoint_is_idle(caller.pair.server));

        own = (scene){.answer_inside = true};
        call = start(&caller, 0, method, "x", 0);
        raw_caller_pump(&caller);
        raw_caller_expect(call, GRILLE_ABORTED, "inside");
        assert_int_equal(own.answered, GRILLE_OK);
        own = (scene){.return_early = true};
        call = start(&caller, 0, method, "x", 0);
        raw_caller_pump(&caller);
        raw_caller_expect(call, GRILLE_NOT_FOUND, "at once");
        assert_true(grille_endpoint_is_idle(caller.pair.server));
    }
    raw_caller_close(&caller);
}

static void answers_that_cant_be_sent_say_so_to_both(void **state) {
    static raw_caller caller;
    scene own = {0};
    const fake_message bad = {"unencodable"}, huge = {"huge:5000000"};
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    call = start(&caller, 0, LATER, "x", 0);
    assert_int_equal(grille_call_answer(own.calls[0], GRILLE_OK, &bad), GRILLE_INVALID_ARGUMENT);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "unencodable");
    own.count = 0;
    call = start(&caller, 0, LATER, "x", 0);
    assert_int_equal(grille_call_answer(own.calls[0], GRILLE_OK, &huge), GRILLE_RESOURCE_EXHAUSTED);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "has 5000000 bytes; the caller takes at most 4194304");
    own.count = 0;
    call = start(&caller, 0, LATER, "x", 0);
    assert_int_equal(grille_call_answer(own.calls[0], GRILLE_OK, NULL), GRILLE_INVALID_ARGUMENT);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "without a response");
    own.count = 0;
    call = start(&caller, 0, LATER, "x", 0);
    assert_int_equal(grille_call_answer(own.calls[0], GRILLE_AGAIN, NULL), GRILLE_OK);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "");
    raw_caller_close(&caller);
}

/* Whatever ends the call: told once, its memory stays until the answer, which is told that nobody waits. */
static void ends_are_told_and_memory_stays(void **state) {
    static raw_caller caller;
    static const grille_call_end reasons[] = {GRILLE_CALL_END_CANCELLED, GRILLE_CALL_END_DEADLINE,
                                              GRILLE_CALL_END_CONNECTION_LOST};
    const fake_message response = {"late"};
    scene own = {0};
    (void)state;
    for (size_t how = 0; how < 3; how++) {
        raw_call *call = NULL;
        raw_caller_open(&caller, &service, handlers, &own, 0);
        own = (scene){.ask_for_end = true};
        call = start(&caller, 0, how == 1 ? WORKER : LATER, "kept until the end", 1000);
        assert_int_equal(own.ended, 0);
        if (how == 0) raw_caller_cancel(call);
        if (how == 1) raw_caller_wait(&caller, 1000);
        if (how == 2) grille_endpoint_close(caller.pair.server, GRILLE_UNAVAILABLE, "lost");
        raw_caller_pump(&caller);
        assert_int_equal(own.ended, 1);
        assert_int_equal(own.why, reasons[how]);
        assert_true(grille_call_cancelled(own.calls[0]));
        assert_string_equal(own.requests[0]->text, "kept until the end");
        assert_non_null(grille_call_alloc(own.calls[0], 5000));
        assert_false(grille_endpoint_is_idle(caller.pair.server));
        assert_int_equal(grille_call_answer(own.calls[0], GRILLE_OK, &response), GRILLE_CANCELLED);
        raw_caller_pump(&caller);
        assert_int_equal(own.ended, 1);
        assert_true(grille_endpoint_is_idle(caller.pair.server));
        raw_caller_close(&caller);
    }
}

/* Asks to be told after the call has ended, and is told all the same. */
static raw_caller *ask_late_caller;

static grille_code ask_late(grille_call *call, const void *request, void *response, const void *table, void *user) {
    scene *own = user;
    (void)request;
    (void)response;
    (void)table;
    grille_call_defer(call);
    raw_caller_cancel(&ask_late_caller->calls[0]);
    raw_caller_pump(ask_late_caller);
    if (!grille_call_cancelled(call)) abort();
    grille_call_on_ended(call, on_ended, own);
    own->calls[0] = call;
    return GRILLE_OK;
}

static void an_end_that_came_before_the_question_is_told(void **state) {
    static raw_caller caller;
    static const grille_method_handler late[] = {{.invoke = later}, {.invoke = ask_late}};
    scene own = {0};
    (void)state;
    ask_late_caller = &caller;
    raw_caller_open(&caller, &service, late, &own, 0);
    (void)start(&caller, 0, WORKER, "x", 0);
    raw_caller_pump(&caller);
    assert_int_equal(own.ended, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_CANCELLED);
    assert_int_equal(grille_call_answer(own.calls[0], GRILLE_ABORTED, NULL), GRILLE_CANCELLED);
    raw_caller_pump(&caller);
    assert_int_equal(own.ended, 1);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    raw_caller_close(&caller);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 40 };

typedef struct answerer {
    scene *own;
    size_t first;
    int late;
} answerer;

static void *answer_some(void *argument) {
    answerer *mine = argument;
    for (size_t at = mine->first; at < mine->own->count; at += THREADS) {
        grille_call *call = mine->own->calls[at];
        const fake_message *request = mine->own->requests[at];
        fake_message *response = grille_call_alloc(call, sizeof *response);
        grille_code code = GRILLE_OK;
        if (response == NULL) abort();
        response->text = request->text;
        if (grille_call_add_header(call, "thread", grille_bytes_of_text("1")) != GRILLE_OK) abort();
        if (at % 3 == 0 && grille_call_send_headers(call) != GRILLE_OK && !grille_call_cancelled(call)) abort();
        code = grille_call_answer(call, GRILLE_OK, response);
        if (code == GRILLE_CANCELLED) mine->late++;
        if (code != GRILLE_OK && code != GRILLE_CANCELLED) abort();
    }
    return NULL;
}

static void many_threads_answer_while_calls_end(void **state) {
    static raw_caller caller;
    static scene own;
    int answered = 0;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        answerer answerers[THREADS];
        own = (scene){.ask_for_end = true};
        for (size_t i = 0; i < 16; i++)
            (void)start(&caller, i, i % 2 == 0 ? LATER : WORKER, "question", 0);
        assert_int_equal(own.count, 16);
        for (size_t t = 0; t < THREADS; t++) {
            answerers[t] = (answerer){.own = &own, .first = t};
            assert_int_equal(pthread_create(&threads[t], NULL, answer_some, &answerers[t]), 0);
        }
        for (size_t i = 0; i < 16; i += 5) {
            if (caller.calls[i].stream != NULL) raw_caller_cancel(&caller.calls[i]);
            raw_caller_pump(&caller);
        }
        if (round == ROUNDS - 1) grille_endpoint_close(caller.pair.server, GRILLE_UNAVAILABLE, "lost");
        for (size_t t = 0; t < THREADS; t++)
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        raw_caller_pump(&caller);
        assert_true(grille_endpoint_is_idle(caller.pair.server));
        for (size_t i = 0; i < 16; i++) {
            if (!caller.calls[i].answered) continue;
            answered++;
            raw_caller_expect(&caller.calls[i], GRILLE_OK, "");
            assert_string_equal(caller.calls[i].texts, "question|");
            assert_int_equal(caller.calls[i].header_pairs, 1);
        }
    }
    print_message("%d of %d answered\n", answered, ROUNDS * 16);
    assert_true(answered >= (ROUNDS - 1) * 12);
    raw_caller_close(&caller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_answered_later_by_the_loop_thread),
        cmocka_unit_test(answers_that_cant_be_sent_say_so_to_both),
        cmocka_unit_test(ends_are_told_and_memory_stays),
        cmocka_unit_test(an_end_that_came_before_the_question_is_told),
        cmocka_unit_test(many_threads_answer_while_calls_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
