/* SPDX-License-Identifier: Apache-2.0
 * Goal: memory that runs out anywhere in a call, on either side, costs that call or that connection and nothing else:
 * each call ends exactly once, nothing leaks, no budget keeps a byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "grille/log.h"

enum { CALLS = 7 };

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const char *text = ((const fake_message *)request)->text;
    char *own = grille_call_alloc(call, 3000);
    (void)handlers;
    (void)user;
    if (own == NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for the answer");
    if (grille_call_metadata(call)->count > 0 &&
        (grille_call_add_header(call, "head", grille_bytes_of_text("h")) != GRILLE_OK ||
         grille_call_add_trailer(call, "tail", grille_bytes_of_text("t")) != GRILLE_OK)) {
        return GRILLE_RESOURCE_EXHAUSTED;
    }
    if (strcmp(text, "fail") == 0) {
        if (grille_call_set_details(call, grille_bytes_of_text("details")) != GRILLE_OK) return GRILLE_INTERNAL;
        return grille_fail(call, GRILLE_NOT_FOUND, "no %s here", text);
    }
    (void)snprintf(own, 3000, "%.2000s", text);
    ((fake_message *)response)->text = own;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Slow", .id = 2, .flags = GRILLE_METHOD_OFFLOAD, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 2};
static const grille_method_handler invoke[] = {{.invoke = echo}, {.invoke = echo}};

/* Two ends that may fail to be made, and break. */
typedef struct world {
    endpoint_pair pair;
    bool broken[2];
    size_t spare_bytes; /* 1 + what is left of each budget once both ends stand; 0: enough */
    size_t started;
    call_outcome outs[CALLS];
} world;

static bool take_task(grille_executor *executor, grille_task *task) {
    world *w = grille_container(executor, world, pair.executor);
    grille_list_append(&w->pair.tasks, &task->link);
    return true;
}

static grille_endpoint *make_end(world *w, bool initiator) {
    static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .set = "peer"};
    const grille_endpoint_options options = {.initiator = initiator,
                                             .registry = initiator ? NULL : w->pair.registry,
                                             .peer = &peer,
                                             .executor = &w->pair.executor,
                                             .budget = &w->pair.budgets[initiator ? 0 : 1],
                                             .max_streams = 16,
                                             .max_message_bytes = 1 << 20,
                                             .now_us = w->pair.now_us};
    grille_endpoint *made = NULL;
    return grille_endpoint_new(&options, &made) == GRILLE_REASON_OK ? made : NULL;
}

static bool world_open(world *w) {
    w->pair.now_us = 1000000;
    w->pair.executor.offload = take_task;
    grille_list_init(&w->pair.tasks);
    grille_budget_init(&w->pair.budgets[0], 8 << 20);
    grille_budget_init(&w->pair.budgets[1], 8 << 20);
    if (grille_services_new(&w->pair.registry, NULL) != GRILLE_OK) return false;
    if (grille_services_add(w->pair.registry, &service, invoke, NULL, NULL, NULL) != GRILLE_REASON_OK) return false;
    if (grille_call_pool_new(4, &w->pair.pool) != GRILLE_REASON_OK) return false;
    w->pair.client = make_end(w, true);
    w->pair.server = make_end(w, false);
    return w->pair.client != NULL && w->pair.server != NULL;
}

static void break_end(world *w, bool client) {
    grille_endpoint *end = client ? w->pair.client : w->pair.server;
    w->broken[client ? 0 : 1] = true;
    grille_endpoint_close(end, GRILLE_UNAVAILABLE, "the connection broke");
}

static bool carry(world *w, bool from_client) {
    static uint8_t buffer[65536];
    grille_endpoint *from = from_client ? w->pair.client : w->pair.server;
    grille_endpoint *to = from_client ? w->pair.server : w->pair.client;
    size_t len = 0;
    if (w->broken[0] || w->broken[1] || !grille_endpoint_wants_write(from)) return false;
    assert_int_equal(grille_endpoint_send(from, buffer, sizeof buffer, &len, w->pair.now_us), GRILLE_REASON_OK);
    if (len == 0) return false;
    grille_endpoint_sent(from, w->pair.now_us);
    /* In two pieces, so that a frame is cut. */
    for (size_t at = 0, part = len / 2; at < len && !w->broken[from_client ? 1 : 0]; at += part, part = len - at) {
        const grille_bytes piece = grille_bytes_of(buffer + at, part);
        if (part > 0 && grille_endpoint_recv(to, piece, w->pair.now_us) != GRILLE_REASON_OK) break_end(w, !from_client);
        if (at == 0 && part == 0) part = len;
    }
    return true;
}

static void pump(world *w) {
    bool moved = true;
    while (moved) {
        const bool forth = carry(w, true), back = carry(w, false);
        moved = forth || back;
        endpoint_pair_run_tasks(&w->pair);
    }
    if (!w->broken[0] && w->broken[1]) break_end(w, true);
    if (!w->broken[1] && w->broken[0]) break_end(w, false);
}

/* False when the call could not be made: it then never was. */
static bool call(world *w, const grille_method *method, const char *text, const grille_call_options *options) {
    call_outcome *out = &w->outs[w->started];
    const fake_message message = {text};
    const grille_client_call_request request = {.method = method,
                                                .message = &message,
                                                .options = options,
                                                .max_response_bytes = 1 << 20,
                                                .now_us = w->pair.now_us,
                                                .done = call_keep_reply,
                                                .user = out};
    grille_call *made = NULL;
    grille_reply reply;
    if (grille_client_call_new(w->pair.pool, &request, &made, &reply) != GRILLE_OK) {
        assert_null(made);
        assert_int_not_equal(reply.code, GRILLE_OK);
        assert_non_null(reply.message);
        grille_reply_free(&reply);
        return false;
    }
    grille_reply_free(&reply);
    w->started++;
    if (!grille_endpoint_start(w->pair.client, made, w->pair.now_us)) {
        grille_client_call_fail(made, GRILLE_UNAVAILABLE, "no room");
    }
    return true;
}

static void make_calls(world *w) {
    static const grille_metadata_pair pairs[] = {{"who", {(const uint8_t *)"me", 2}},
                                                 {"blob-bin", {(const uint8_t *)"\0\1\2", 3}}};
    static const grille_metadata metadata = {pairs, 2};
    (void)call(w, &methods[0], "small", NULL);
    (void)call(w, &methods[0], "huge:100000", NULL);
    (void)call(w, &methods[1], "offloaded", &GRILLE_CALL_OPTIONS(.metadata = &metadata));
    pump(w);
    (void)call(w, &methods[0], "fail", &GRILLE_CALL_OPTIONS(.metadata = &metadata, .timeout_ms = 5000));
    (void)call(w, &methods[0], "huge:300000", &GRILLE_CALL_OPTIONS(.timeout_ms = 5000));
    pump(w);
    (void)call(w, &methods[1], "again", NULL);
    (void)call(w, &methods[0], "last", NULL);
    pump(w);
}

/* Oracles: each call that was made has ended once, with a reply that can be read. */
static size_t end_calls(world *w) {
    size_t answered = 0;
    for (size_t i = 0; i < w->started; i++) {
        assert_int_equal(w->outs[i].done, 1);
        assert_non_null(w->outs[i].reply.message);
        if (w->outs[i].reply.code == GRILLE_OK) {
            assert_non_null(w->outs[i].reply.response);
            answered++;
        } else {
            assert_null(w->outs[i].reply.response);
            assert_true(w->outs[i].reply.code <= GRILLE_UNAUTHENTICATED);
        }
        grille_reply_free(&w->outs[i].reply);
    }
    return answered;
}

static void world_close(world *w) {
    grille_endpoint *ends[] = {w->pair.client, w->pair.server};
    for (int i = 0; i < 2; i++)
        if (ends[i] != NULL) grille_endpoint_close(ends[i], GRILLE_CANCELLED, "closed");
    endpoint_pair_run_tasks(&w->pair);
    for (int i = 0; i < 2; i++)
        if (ends[i] != NULL) {
            assert_true(grille_endpoint_is_idle(ends[i]));
            grille_endpoint_free(ends[i]);
        }
    grille_services_free(w->pair.registry);
    grille_call_pool_unref(w->pair.pool);
    assert_int_equal(w->pair.budgets[0].used_bytes, 0);
    assert_int_equal(w->pair.budgets[1].used_bytes, 0);
}

/* Everything once; answers how many calls were answered OK. */
static size_t play(world *w) {
    size_t answered = 0;
    if (world_open(w)) {
        for (int i = 0; i < 2 && w->spare_bytes > 0; i++)
            w->pair.budgets[i].limit_bytes = w->pair.budgets[i].used_bytes + w->spare_bytes - 1;
        make_calls(w);
        answered = end_calls(w);
    }
    world_close(w);
    return answered;
}

static void every_allocation_fails_once(void **state) {
    const size_t before = failing_malloc_living();
    size_t failing = 0;
    size_t asked = 0;
    size_t worst = CALLS;
    (void)state;
    do {
        world w = {.spare_bytes = 0};
        size_t answered;
        failing_malloc_once(failing);
        answered = play(&w);
        asked = failing_malloc_asked();
        failing_malloc_never();
        assert_int_equal(failing_malloc_living(), before);
        if (failing >= asked) assert_int_equal(answered, CALLS - 1);
        if (w.started > 0 && answered < worst) worst = answered;
        failing++;
    } while (failing <= asked);
    assert_true(failing > 20);
    /* One failure costs at most the connection of that moment, and mostly one call. */
    print_message("%zu allocations, each failed once; at worst %zu of %d calls were answered\n", failing - 1, worst,
                  CALLS - 1);
}

static void no_memory_from_some_point_on(void **state) {
    const size_t before = failing_malloc_living();
    size_t failing = 0;
    size_t asked = 0;
    (void)state;
    do {
        world w = {.spare_bytes = 0};
        failing_malloc_from(failing);
        (void)play(&w);
        asked = failing_malloc_asked();
        failing_malloc_never();
        assert_int_equal(failing_malloc_living(), before);
        failing++;
    } while (failing <= asked);
}

static void any_budget_is_kept(void **state) {
    size_t answered = 0, runs = 0, limited = 0;
    (void)state;
    for (size_t spare = 0; answered < CALLS - 1; spare += spare / 64 + 64, runs++) {
        world w = {.spare_bytes = spare + 1};
        assert_true(spare < 8 << 20);
        answered = play(&w);
        if (answered < CALLS - 1) limited++;
        assert_true(w.pair.budgets[0].peak_bytes <= w.pair.budgets[0].limit_bytes);
        assert_true(w.pair.budgets[1].peak_bytes <= w.pair.budgets[1].limit_bytes);
    }
    print_message("%zu budgets, %zu of them too small\n", runs, limited);
    assert_true(limited > 50);
}

static void keep_quiet(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)line;
    (void)user;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(no_memory_from_some_point_on),
        cmocka_unit_test(any_budget_is_kept),
    };
    grille_log_set(keep_quiet, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
