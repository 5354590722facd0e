/* SPDX-License-Identifier: Apache-2.0
 * Goal: a streaming handler on a worker reads and writes as if it were alone: it waits for messages and room, learns of
 * the end of its stream and of its call whatever ends it, and its return answers the call; the loop goes on meanwhile,
 * at bounded memory. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "raw_caller.h"

enum { CLIENT = 1, SERVER = 2, BIDI = 3, ECHO = 4 };

typedef struct scene {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside; /* handlers that run; under lock */
    int returned;
    grille_code read_code; /* that ended the reading; under lock */
    grille_code write_code;
    int stop_after; /* messages; 0: never */
    uint64_t writes;
    char write[64];
} scene;

static void note(scene *own, int inside, int returned) {
    pthread_mutex_lock(&own->lock);
    own->inside += inside;
    own->returned += returned;
    pthread_cond_broadcast(&own->changed);
    pthread_mutex_unlock(&own->lock);
}

static void keep_code(scene *own, grille_code *place, grille_code code) {
    pthread_mutex_lock(&own->lock);
    *place = code;
    pthread_mutex_unlock(&own->lock);
}

/* Reads to the end; echoes where we stream; answers with the count where we do not. */
static grille_code read_all(grille_call *call, void *response, scene *own) {
    const bool echoes = grille_call_method(call)->kind == GRILLE_METHOD_BIDIRECTIONAL;
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    int count = 0;
    while ((code = grille_call_read(call, &message)) == GRILLE_OK) {
        count++;
        if (count == own->stop_after) return grille_fail(call, GRILLE_OUT_OF_RANGE, "enough after %d", count);
        if (!echoes) continue;
        code = grille_call_write(call, message);
        keep_code(own, &own->write_code, code);
        if (code != GRILLE_OK) return code;
    }
    keep_code(own, &own->read_code, code);
    if (code != GRILLE_END_OF_STREAM) return code;
    if (response != NULL) {
        char *text = grille_call_alloc(call, 16);
        if (text == NULL) abort();
        (void)snprintf(text, 16, "%d", count);
        ((fake_message *)response)->text = text;
    }
    return GRILLE_OK;
}

static grille_code on_read(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    scene *own = user;
    grille_code code = GRILLE_OK;
    (void)handlers;
    if (request != NULL) abort();
    note(own, 1, 0);
    code = read_all(call, response, own);
    note(own, -1, 1);
    return code;
}

/* Writes as often as it was asked to. */
static grille_code on_write(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    scene *own = user;
    const fake_message message = {own->write};
    const void *none = NULL;
    grille_code code = GRILLE_OK;
    (void)handlers;
    if (response != NULL || strcmp(((const fake_message *)request)->text, "ask") != 0) abort();
    note(own, 1, 0);
    if (grille_call_read(call, &none) != GRILLE_FAILED_PRECONDITION) abort();
    if (grille_call_send(call, &message) != GRILLE_FAILED_PRECONDITION) abort();
    if (grille_call_answer(call, GRILLE_OK, NULL) != GRILLE_FAILED_PRECONDITION) abort();
    for (uint64_t i = 0; code == GRILLE_OK && i < own->writes; i++)
        code = grille_call_write(call, &message);
    keep_code(own, &own->write_code, code);
    note(own, -1, 1);
    return code;
}

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Client",
     .id = CLIENT,
     .kind = GRILLE_METHOD_CLIENT_STREAMING,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Server",
     .id = SERVER,
     .kind = GRILLE_METHOD_SERVER_STREAMING,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Bidi",
     .id = BIDI,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Echo", .id = ECHO, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 4};
static const grille_method_handler handlers[] = {
    {.invoke = on_read}, {.invoke = on_write}, {.invoke = on_read}, {.invoke = echo}};

/* ---- workers ---- */

typedef struct worker {
    raw_caller *caller;
    grille_task *task;
    pthread_t thread;
} worker;

static void *work(void *argument) {
    worker *own = argument;
    grille_executor *executor = &own->caller->pair.executor;
    own->task->run(own->task);
    executor->post(executor, own->task);
    return NULL;
}

/* The oldest task that waits, on a thread of its own. */
static void start_worker(raw_caller *caller, worker *own) {
    grille_link *link = grille_list_take_first(&caller->pair.tasks);
    assert_non_null(link);
    *own = (worker){.caller = caller, .task = grille_container(link, grille_task, link)};
    grille_list_init(link);
    assert_int_equal(pthread_create(&own->thread, NULL, work, own), 0);
}

/* Goes on until the worker's handler has returned and was heard of. */
static void finish_worker(raw_caller *caller, scene *own, worker *one, int returned) {
    for (bool over = false; !over;) {
        raw_caller_pump(caller);
        pthread_mutex_lock(&own->lock);
        over = own->returned >= returned;
        pthread_mutex_unlock(&own->lock);
        (void)sched_yield();
    }
    assert_int_equal(pthread_join(one->thread, NULL), 0);
    raw_caller_pump(caller);
}

static void open_caller(raw_caller *caller, scene *own) {
    memset(own, 0, sizeof *own);
    pthread_mutex_init(&own->lock, NULL);
    pthread_cond_init(&own->changed, NULL);
    (void)strcpy(own->write, "w");
    raw_caller_open(caller, &service, handlers, own, 0);
}

static void wait_inside(scene *own, int inside) {
    pthread_mutex_lock(&own->lock);
    while (own->inside != inside)
        pthread_cond_wait(&own->changed, &own->lock);
    pthread_mutex_unlock(&own->lock);
}

static void close_caller(raw_caller *caller, scene *own) {
    raw_caller_close(caller);
    pthread_cond_destroy(&own->changed);
    pthread_mutex_destroy(&own->lock);
}

/* ---- tests ---- */

static void each_kind_runs_to_its_end(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_send(call, "a", false);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    raw_caller_send(call, "b", false);
    raw_caller_send(call, "", true);
    finish_worker(&caller, &own, &one, 1);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "3|");

    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    for (int i = 0; i < 3; i++) {
        raw_caller_send(call, i == 0 ? "x" : i == 1 ? "y" : "z", i == 2);
        raw_caller_pump(&caller);
    }
    finish_worker(&caller, &own, &one, 2);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "x|y|z|");

    own.writes = 3;
    call = raw_caller_call(&caller, 0, SERVER, 0);
    raw_caller_send(call, "ask", true);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    finish_worker(&caller, &own, &one, 3);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "w|w|w|");
    close_caller(&caller, &own);
}

static void many_messages_of_any_size_arrive_in_order(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    uint64_t bytes = 0;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    for (int i = 0; i < 3000; i++) {
        char text[32];
        const int len = i % 100 == 99 ? 70000 + i : (i * 37) % 1500;
        uint8_t *room = NULL;
        (void)snprintf(text, sizeof text, "huge:%d", len);
        while (grille_stream_reserve_message(call->stream, (size_t)len, &room) != GRILLE_REASON_OK) {
            raw_caller_pump(&caller);
            (void)sched_yield();
        }
        memset(room, 'm', (size_t)len);
        assert_int_equal(grille_stream_send_reserved(call->stream, i == 2999 ? GRILLE_SEND_END_STREAM : 0),
                         GRILLE_REASON_OK);
        bytes += (uint64_t)len;
    }
    finish_worker(&caller, &own, &one, 1);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(call->messages, 3000);
    assert_int_equal(call->bytes, bytes);
    close_caller(&caller, &own);
}

/* The peer does not take what the handler writes: it waits, and memory stays bounded. */
static void a_writer_waits_for_room(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    (void)state;
    open_caller(&caller, &own);
    own.writes = 200;
    (void)strcpy(own.write, "huge:20000");
    call = raw_caller_call(&caller, 0, SERVER, 0);
    call->holds = true;
    raw_caller_send(call, "ask", true);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    wait_inside(&own, 1);
    while (call->messages < 3) {
        raw_caller_pump(&caller);
        (void)sched_yield();
    }
    for (int i = 0; i < 50; i++) {
        raw_caller_pump(&caller);
        (void)sched_yield();
    }
    assert_in_range(call->messages, 3, 4);
    assert_true(caller.pair.budgets[1].used_bytes < 1 << 20);
    raw_caller_take(call);
    finish_worker(&caller, &own, &one, 1);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(call->messages, 200);
    assert_true(caller.pair.budgets[1].peak_bytes < 1 << 20);
    close_caller(&caller, &own);
}

/* Nobody reads: the caller is slowed down by its window, and what waits is bounded. */
static void a_reader_that_stops_slows_the_peer_down(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    int sent = 0;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_pump(&caller);
    for (sent = 0; sent < 3000; sent++) {
        uint8_t *room = NULL;
        if (grille_stream_reserve_message(call->stream, 1000, &room) != GRILLE_REASON_OK) break;
        memset(room, 'x', 1000);
        assert_int_equal(grille_stream_send_reserved(call->stream, 0), GRILLE_REASON_OK);
        raw_caller_pump(&caller);
    }
    /* A window of 1 MiB, a handover of 64 KiB, and the same at the caller. */
    assert_in_range(sent, 1000, 1200);
    assert_true(caller.pair.budgets[1].peak_bytes < 2 << 20);
    start_worker(&caller, &one);
    for (bool closed = false; !closed;) {
        raw_caller_pump(&caller);
        closed = grille_stream_half_close(call->stream) == GRILLE_REASON_OK;
    }
    finish_worker(&caller, &own, &one, 1);
    raw_caller_expect(call, GRILLE_OK, "");
    close_caller(&caller, &own);
}

typedef enum ending { CANCEL, DEADLINE, LOST } ending;

static void end_call(raw_caller *caller, raw_call *call, ending how) {
    if (how == CANCEL) raw_caller_cancel(call);
    if (how == DEADLINE) raw_caller_wait(caller, 1000000);
    if (how == LOST) grille_endpoint_close(caller->pair.server, GRILLE_UNAVAILABLE, "lost");
    raw_caller_pump(caller);
}

static void each_end_wakes_a_reader_and_a_writer(void **state) {
    static const grille_code codes[] = {GRILLE_CANCELLED, GRILLE_DEADLINE_EXCEEDED, GRILLE_UNAVAILABLE};
    static raw_caller caller;
    static scene own;
    (void)state;
    for (int how = CANCEL; how <= LOST; how++) {
        raw_call *call = NULL;
        worker reader, writer;
        open_caller(&caller, &own);
        own.writes = 1000;
        (void)strcpy(own.write, "huge:20000");
        call = raw_caller_call(&caller, 0, CLIENT, 1000000);
        raw_caller_pump(&caller);
        start_worker(&caller, &reader);
        wait_inside(&own, 1);
        end_call(&caller, call, (ending)how);
        finish_worker(&caller, &own, &reader, 1);
        assert_int_equal(own.read_code, codes[how]);
        if (how == LOST) {
            assert_true(grille_endpoint_is_idle(caller.pair.server));
            close_caller(&caller, &own);
            open_caller(&caller, &own);
            own.writes = 1000;
            (void)strcpy(own.write, "huge:20000");
        }
        own.returned = 0;
        call = raw_caller_call(&caller, 1, SERVER, 1000000);
        call->holds = true;
        raw_caller_send(call, "ask", true);
        raw_caller_pump(&caller);
        start_worker(&caller, &writer);
        while (call->messages < 3) {
            raw_caller_pump(&caller);
            (void)sched_yield();
        }
        end_call(&caller, call, (ending)how);
        finish_worker(&caller, &own, &writer, 1);
        assert_int_equal(own.write_code, codes[how]);
        assert_true(grille_endpoint_is_idle(caller.pair.server));
        close_caller(&caller, &own);
    }
}

/* Queued for a worker, then cancelled: the handler never runs. */
static void a_call_that_ends_in_the_queue_never_runs(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    (void)state;
    open_caller(&caller, &own);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    assert_false(grille_endpoint_is_idle(caller.pair.server));
    start_worker(&caller, &one);
    assert_int_equal(pthread_join(one.thread, NULL), 0);
    raw_caller_pump(&caller);
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    assert_int_equal(own.returned, 0);
    caller.pair.executor_full = true;
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "queue of the worker pool is full");
    assert_true(grille_endpoint_is_idle(caller.pair.server));
    close_caller(&caller, &own);
}

/* Handlers that wait hold workers, not the loop. */
static void other_calls_go_on_while_workers_wait(void **state) {
    static raw_caller caller;
    static scene own;
    worker workers[4];
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    for (size_t i = 0; i < 4; i++) {
        (void)raw_caller_call(&caller, i, CLIENT, 0);
        raw_caller_pump(&caller);
        start_worker(&caller, &workers[i]);
    }
    wait_inside(&own, 4);
    for (int i = 0; i < 100; i++) {
        call = raw_caller_call(&caller, 10, ECHO, 0);
        raw_caller_send(call, "hello", true);
        raw_caller_pump(&caller);
        raw_caller_expect(call, GRILLE_OK, "");
        assert_string_equal(call->texts, "hello|");
    }
    for (size_t i = 0; i < 4; i++)
        raw_caller_half_close(&caller.calls[i]);
    for (size_t i = 0; i < 4; i++)
        finish_worker(&caller, &own, &workers[i], 4);
    for (size_t i = 0; i < 4; i++)
        raw_caller_expect(&caller.calls[i], GRILLE_OK, "");
    close_caller(&caller, &own);
}

static void a_handler_may_stop_reading_and_answer(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    (void)state;
    open_caller(&caller, &own);
    own.stop_after = 2;
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    for (int i = 0; i < 5; i++)
        raw_caller_send(call, "huge:9000", false);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    finish_worker(&caller, &own, &one, 1);
    raw_caller_expect(call, GRILLE_OUT_OF_RANGE, "enough after 2");
    own.stop_after = 0;
    call = raw_caller_call(&caller, 0, CLIENT, 0);
    raw_caller_send(call, "undecodable", true);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    finish_worker(&caller, &own, &one, 2);
    raw_caller_expect(call, GRILLE_INVALID_ARGUMENT, "undecodable");
    close_caller(&caller, &own);
}

/* The handler's own code does not hide it. */
static void a_message_that_cant_be_written_ends_the_call(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    worker one;
    (void)state;
    open_caller(&caller, &own);
    own.writes = 3;
    (void)strcpy(own.write, "huge:5000000");
    call = raw_caller_call(&caller, 0, SERVER, 0);
    raw_caller_send(call, "ask", true);
    raw_caller_pump(&caller);
    start_worker(&caller, &one);
    finish_worker(&caller, &own, &one, 1);
    assert_int_equal(own.write_code, GRILLE_RESOURCE_EXHAUSTED);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "has 5000000 bytes; the caller takes at most 4194304");
    assert_int_equal(call->messages, 0);
    close_caller(&caller, &own);
}

static void without_workers_it_is_not_served(void **state) {
    static raw_caller caller;
    static scene own;
    raw_call *call = NULL;
    (void)state;
    open_caller(&caller, &own);
    caller.pair.executor.offload = NULL;
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_UNIMPLEMENTED, "no worker threads");
    close_caller(&caller, &own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_runs_to_its_end),
        cmocka_unit_test(many_messages_of_any_size_arrive_in_order),
        cmocka_unit_test(a_writer_waits_for_room),
        cmocka_unit_test(a_reader_that_stops_slows_the_peer_down),
        cmocka_unit_test(each_end_wakes_a_reader_and_a_writer),
        cmocka_unit_test(a_call_that_ends_in_the_queue_never_runs),
        cmocka_unit_test(other_calls_go_on_while_workers_wait),
        cmocka_unit_test(a_handler_may_stop_reading_and_answer),
        cmocka_unit_test(a_message_that_cant_be_written_ends_the_call),
        cmocka_unit_test(without_workers_it_is_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
