/* SPDX-License-Identifier: Apache-2.0
 * Goal: two endpoints that both call and both serve, driven at random: every call ends exactly once with an answer that
 * is its own, no handler runs for a call that is not allowed, nothing is held beyond the limits, and when the weather
 * clears every call has an end. The same seed gives the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"
#include "grille/log.h"
#include "prng.h"
#include "rpc/endpoint_private.h"

/* No two threads meet here: where a sanitizer looks for that, a few runs are enough. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SEEDS 20
#endif
#endif
#ifndef SEEDS
#define SEEDS 200
#endif

enum { STEPS = 400, CALLS = 200, STREAMS = 16, WIRE_BYTES = 1 << 17 };

typedef enum method_kind { METHOD_HERE, METHOD_OFFLOADED, METHOD_FORBIDDEN, METHOD_ABSENT } method_kind;

typedef struct model_call {
    bool made, started, cancelled;
    int end; /* 0: the client's, 1: the server's */
    method_kind kind;
    size_t bytes;
    int done;
    int handled; /* times that its handler ran */
    grille_call *handle;
    grille_reply reply;
} model_call;

typedef struct model_end {
    grille_endpoint *endpoint;
    bool broken, draining;
    uint8_t wire[WIRE_BYTES]; /* on its way to the other one */
    size_t on_wire;
    bool unsent; /* the endpoint waits to hear that its bytes were written */
} model_end;

typedef struct model {
    uint64_t random;
    endpoint_pair pair; /* budgets, registry, pool, executor, time */
    model_end ends[2];
    model_call calls[CALLS];
    size_t count;
    uint64_t trace;
} model;

static model m;

static uint64_t below(uint64_t bound) {
    return prng_below(&m.random, bound);
}

static bool one_in(uint64_t many) {
    return below(many) == 0;
}

static void note(uint64_t what) {
    m.trace = (m.trace ^ what) * UINT64_C(0x100000001b3); /* FNV-1a */
}

/* Requests are "NUMBER:xxx…": the handler answers the same. */
static grille_code handle(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const char *text = ((const fake_message *)request)->text;
    const size_t number = strtoul(text, NULL, 10);
    model_call *own = &m.calls[number];
    (void)handlers;
    (void)user;
    assert_true(number < m.count);
    assert_int_not_equal(own->kind, METHOD_FORBIDDEN);
    assert_int_not_equal(own->kind, METHOD_ABSENT);
    assert_int_equal(strlen(text), own->bytes);
    assert_int_equal(++own->handled, 1);
    note(number);
    if (number % 7 == 0) return grille_fail(call, GRILLE_ABORTED, "call %zu", number);
    ((fake_message *)response)->text = text;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Here", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Offloaded", .id = 2, .flags = GRILLE_METHOD_OFFLOAD, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Forbidden", .id = 3, .request = &fake_type, .response = &fake_type},
};
static const grille_method absent = {.path = "/p.A/Absent", .id = 4, .request = &fake_type, .response = &fake_type};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 3};
static const grille_method_handler invoke[] = {{.invoke = handle}, {.invoke = handle}, {.invoke = handle}};

static bool take_task(grille_executor *executor, grille_task *task) {
    endpoint_pair *pair = grille_container(executor, endpoint_pair, executor);
    if (pair->executor_full) return false;
    grille_list_append(&pair->tasks, &task->link);
    return true;
}

static void model_open(uint64_t seed) {
    static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .set = "peer"};
    memset(&m, 0, sizeof m);
    m.random = seed;
    m.pair.now_us = 1000000;
    m.pair.executor.offload = take_task;
    endpoint_pair_may_call = true;
    endpoint_pair_serves = true;
    grille_list_init(&m.pair.tasks);
    assert_int_equal(grille_services_new(&m.pair.registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(m.pair.registry, &service, invoke, NULL, NULL, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_call_pool_new(8, &m.pair.pool), GRILLE_REASON_OK);
    for (int i = 0; i < 2; i++) {
        const grille_endpoint_options options = {.initiator = i == 0,
                                                 .registry = m.pair.registry,
                                                 .peer = &peer,
                                                 .executor = one_in(4) ? NULL : &m.pair.executor,
                                                 .budget = &m.pair.budgets[i],
                                                 .max_streams = STREAMS,
                                                 .max_message_bytes = 1 << 20,
                                                 .now_us = m.pair.now_us};
        /* Some connections are short of memory. */
        grille_budget_init(&m.pair.budgets[i], one_in(4) ? 200000 + below(400000) : 64 << 20);
        assert_int_equal(grille_endpoint_new(&options, &m.ends[i].endpoint), GRILLE_REASON_OK);
    }
}

static void on_done(grille_call *call, void *user) {
    model_call *own = user;
    own->done++;
    own->handle = NULL;
    grille_client_call_take_reply(call, &own->reply);
    grille_call_unref(call);
    note((uint64_t)own->reply.code);
}

static const grille_method *method_of(method_kind kind) {
    return kind == METHOD_ABSENT ? &absent : &methods[kind];
}

static size_t draw_bytes(void) {
    static const size_t most[] = {16, 16, 1024, 20000, 90000, 300000};
    return 8 + below(most[below(sizeof most / sizeof *most)]);
}

static void start_call(void) {
    static char text[300100];
    model_call *own = &m.calls[m.count];
    grille_call_options options = grille_call_options_default();
    const fake_message message = {text};
    grille_client_call_request request = {.message = &message,
                                          .options = &options,
                                          .max_response_bytes = one_in(8) ? 100 : 1 << 20,
                                          .now_us = m.pair.now_us,
                                          .done = on_done,
                                          .user = own};
    if (m.count == CALLS) return;
    *own = (model_call){.end = (int)below(2), .kind = (method_kind)below(4), .bytes = draw_bytes()};
    if (one_in(3)) options.timeout_ms = 1 + (uint32_t)below(200);
    request.method = method_of(own->kind);
    memset(text, 'x', own->bytes);
    text[own->bytes] = 0;
    text[snprintf(text, 8, "%zu", m.count)] = ':';
    m.count++;
    if (grille_client_call_new(m.pair.pool, &request, &own->handle, NULL) != GRILLE_OK) return;
    own->made = true;
    own->started = grille_endpoint_start(m.ends[own->end].endpoint, own->handle, m.pair.now_us);
    /* A channel would let it wait; here it ends. */
    if (!own->started) grille_client_call_fail(own->handle, GRILLE_UNAVAILABLE, "no room");
}

static void cancel_call(void) {
    model_call *own = m.count == 0 ? NULL : &m.calls[below(m.count)];
    if (own == NULL || own->handle == NULL) return;
    own->cancelled = true;
    grille_endpoint_cancel(m.ends[own->end].endpoint, own->handle, m.pair.now_us);
    assert_int_equal(own->done, 1);
}

static void break_end(int i) {
    if (m.ends[i].broken) return;
    m.ends[i].broken = true;
    grille_endpoint_close(m.ends[i].endpoint, GRILLE_UNAVAILABLE, "the connection broke");
}

static void send_some(int i) {
    model_end *end = &m.ends[i];
    size_t len = 0;
    if (end->broken || !grille_endpoint_wants_write(end->endpoint) || end->on_wire > WIRE_BYTES / 2 || end->unsent)
        return;
    assert_int_equal(
        grille_endpoint_send(end->endpoint, end->wire + end->on_wire, WIRE_BYTES - end->on_wire, &len, m.pair.now_us),
        GRILLE_REASON_OK);
    end->on_wire += len;
    end->unsent = len > 0;
    if (one_in(2) && end->unsent) {
        end->unsent = false;
        grille_endpoint_sent(end->endpoint, m.pair.now_us);
    }
}

static void check_limits(const model_end *end) {
    const grille_session_stats stats = grille_session_get_stats(end->endpoint->session);
    assert_true(stats.peer_streams <= STREAMS);
    assert_true(stats.handlers <= STREAMS);
    assert_true(stats.own_streams <= STREAMS);
}

static void receive_some(int i) {
    model_end *from = &m.ends[1 - i], *to = &m.ends[i];
    const size_t len = from->on_wire == 0 ? 0 : one_in(2) ? from->on_wire : 1 + below(from->on_wire);
    grille_reason reason = GRILLE_REASON_OK;
    if (len == 0 || to->broken) return;
    reason = grille_endpoint_recv(to->endpoint, grille_bytes_of(from->wire, len), m.pair.now_us);
    memmove(from->wire, from->wire + len, from->on_wire - len);
    from->on_wire -= len;
    check_limits(to);
    if (reason == GRILLE_REASON_OK) return;
    /* Honest ends break no rule; want of memory alone ends a connection. */
    if (reason != GRILLE_REASON_BUDGET) fail_msg("%s", grille_endpoint_failure(to->endpoint)->text);
    break_end(i);
}

static void hear_sent(int i) {
    model_end *end = &m.ends[i];
    if (!end->unsent || end->broken) return;
    end->unsent = false;
    grille_endpoint_sent(end->endpoint, m.pair.now_us);
}

static void run_task(void) {
    grille_link *link = grille_list_take_first(&m.pair.tasks);
    grille_task *task = link == NULL ? NULL : grille_container(link, grille_task, link);
    if (task == NULL) return;
    task->run(task);
    task->done(task);
}

static void wait_some(uint64_t delay_us) {
    m.pair.now_us += delay_us;
    for (int i = 0; i < 2; i++)
        if (!m.ends[i].broken && grille_endpoint_tick(m.ends[i].endpoint, m.pair.now_us) != GRILLE_REASON_OK)
            break_end(i);
}

static void step(void) {
    const int i = (int)below(2);
    const uint64_t what = below(100);
    note(what);
    if (what < 20)
        start_call();
    else if (what < 25)
        cancel_call();
    else if (what < 50)
        send_some(i);
    else if (what < 80)
        receive_some(i);
    else if (what < 90)
        run_task();
    else if (what < 94)
        hear_sent(i);
    else if (what < 98)
        wait_some(below(50000));
    else if (what < 99)
        m.pair.executor_full = !m.pair.executor_full;
    else if (one_in(6) && !m.ends[i].broken)
        grille_endpoint_drain(m.ends[i].endpoint, GRILLE_DRAIN_SHUTDOWN, m.pair.now_us);
    else if (one_in(20))
        break_end(i);
}

static bool is_quiet(void) {
    for (int i = 0; i < 2; i++) {
        if (m.ends[i].broken) continue;
        if (grille_endpoint_wants_write(m.ends[i].endpoint) || m.ends[i].unsent) return false;
        if (m.ends[i].on_wire > 0 && !m.ends[1 - i].broken) return false;
    }
    return grille_list_empty(&m.pair.tasks);
}

/* No more faults: everything that was begun ends by itself. */
static void calm_down(void) {
    for (int i = 0; i < 2; i++)
        if (m.ends[i].broken) break_end(1 - i);
    for (unsigned rounds = 0; !is_quiet(); rounds++) {
        assert_true(rounds < 100000);
        for (int i = 0; i < 2; i++) {
            hear_sent(i);
            send_some(i);
            receive_some(i);
        }
        run_task();
        for (int i = 0; i < 2; i++)
            if (m.ends[i].broken) break_end(1 - i);
    }
}

static void check_call(const model_call *own) {
    if (!own->made) return;
    assert_int_equal(own->done, 1);
    assert_non_null(own->reply.message);
    if (own->reply.code == GRILLE_OK) {
        const char *text = ((const fake_message *)own->reply.response)->text;
        assert_int_equal(own->handled, 1);
        assert_int_equal(strlen(text), own->bytes);
        assert_int_equal(strtoul(text, NULL, 10), own - m.calls);
        return;
    }
    assert_null(own->reply.response);
    if (own->reply.code == GRILLE_ABORTED) assert_int_equal(own->handled, 1);
    if (own->reply.code == GRILLE_CANCELLED) assert_true(own->cancelled);
    if (own->reply.code == GRILLE_INTERNAL || own->reply.code == GRILLE_UNKNOWN) fail_msg("%s", own->reply.message);
    if (own->reply.code == GRILLE_PERMISSION_DENIED) assert_int_equal(own->kind, METHOD_FORBIDDEN);
    if (own->reply.code == GRILLE_UNIMPLEMENTED) assert_int_equal(own->kind, METHOD_ABSENT);
}

static void model_close(void) {
    for (int i = 0; i < 2; i++)
        grille_endpoint_close(m.ends[i].endpoint, GRILLE_UNAVAILABLE, "the end");
    endpoint_pair_run_tasks(&m.pair);
    for (size_t i = 0; i < m.count; i++) {
        check_call(&m.calls[i]);
        if (m.calls[i].made) grille_reply_free(&m.calls[i].reply);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(grille_endpoint_is_idle(m.ends[i].endpoint));
        grille_endpoint_free(m.ends[i].endpoint);
        assert_int_equal(m.pair.budgets[i].used_bytes, 0);
    }
    grille_services_free(m.pair.registry);
    grille_call_pool_unref(m.pair.pool);
}

/* Nothing of a call that has ended is held. */
static void check_nothing_is_held(void) {
    for (int i = 0; i < 2; i++) {
        const grille_session_stats stats = grille_session_get_stats(m.ends[i].endpoint->session);
        assert_int_equal(stats.handlers, 0);
        if (m.ends[i].broken) continue;
        assert_int_equal(stats.slots, 0);
        assert_int_equal(stats.undone_bytes, 0);
    }
}

/* Calls that were still open when all was quiet. */
static size_t open_calls(void) {
    size_t open = 0;
    for (size_t i = 0; i < m.count; i++)
        open += m.calls[i].handle != NULL;
    return open;
}

static uint64_t play(uint64_t seed, size_t *answered) {
    model_open(seed);
    for (size_t i = 0; i < STEPS; i++)
        step();
    calm_down();
    assert_int_equal(open_calls(), 0);
    check_nothing_is_held();
    for (size_t i = 0; i < m.count; i++)
        *answered += m.calls[i].made && m.calls[i].reply.code == GRILLE_OK;
    model_close();
    return m.trace;
}

static void every_call_ends_once_whatever_happens(void **state) {
    size_t answered = 0, again = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const uint64_t trace = play(seed, &answered);
        if (seed % 20 == 0) assert_int_equal(play(seed, &again), trace);
    }
    print_message("%d seeds, %zu calls answered\n", SEEDS, answered);
    assert_true(answered > SEEDS);
}

static void keep_quiet(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)line;
    (void)user;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_ends_once_whatever_happens)};
    grille_log_set(keep_quiet, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
