/* SPDX-License-Identifier: Apache-2.0
 * Goal: what one end asks of the other besides the call itself: leave of the policy, the same schema, messages within
 * its limit, a sign of life. */
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"
#include "grille/log.h"
#include "wire/limits.h"

static grille_method methods[1];
static const grille_service served = {
    .name = "p.A", .id = 9, .schema_digest = {1}, .methods = methods, .method_count = 1};
/* Generated from a later .proto. */
static const grille_service later = {
    .name = "p.A", .id = 9, .schema_digest = {2}, .methods = methods, .method_count = 1};
static grille_method methods[1] = {
    {.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type, .service = &served}};
static const grille_method of_later = {
    .path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type, .service = &later};

static int handled;
static int lines;

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    handled++;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method_handler invoke[] = {{.invoke = echo}};

static void count_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)line;
    (void)user;
    lines++;
}

static void open_pair(endpoint_pair *pair, size_t max_message_bytes) {
    handled = 0;
    lines = 0;
    endpoint_pair_open(pair, &served, invoke, NULL, max_message_bytes);
}

static void calls_nothing_that_the_peer_may_not_serve(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    open_pair(&pair, 0);
    memset(pair.bytes, 0, sizeof pair.bytes);
    endpoint_pair_serves = false;
    (void)call_start(&pair, &methods[0], "x", NULL, &out);
    call_expect(&out, GRILLE_PERMISSION_DENIED, "/p.A/Echo");
    grille_reply_free(&out.reply);
    endpoint_pair_pump(&pair, 0);
    assert_int_equal(pair.bytes[0], 0);
    assert_int_equal(handled, 0);
    endpoint_pair_close(&pair);
}

static void another_schema_is_logged_once_and_counted(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    open_pair(&pair, 0);
    for (int i = 0; i < 3; i++) {
        (void)call_start(&pair, i == 0 ? &methods[0] : &of_later, "x", NULL, &out);
        endpoint_pair_pump(&pair, 0);
        call_expect(&out, GRILLE_OK, "x");
        grille_reply_free(&out.reply);
        assert_int_equal(grille_endpoint_different_schemas(pair.client), i == 0 ? 0 : 1);
    }
    assert_int_equal(lines, 1);
    assert_int_equal(handled, 3);
    endpoint_pair_close(&pair);
}

static void another_schema_is_refused_where_exact_is_asked_for(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    endpoint_pair_exact_schema = true;
    open_pair(&pair, 0);
    endpoint_pair_exact_schema = false;
    (void)call_start(&pair, &methods[0], "x", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "x");
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &of_later, "x", NULL, &out);
    call_expect(&out, GRILLE_FAILED_PRECONDITION, "p.A");
    grille_reply_free(&out.reply);
    assert_int_equal(handled, 1);
    endpoint_pair_close(&pair);
}

/* Before the peer's SETTINGS nobody knows its schemas: with exact no call travels before them. */
static void exact_waits_for_settings(void **state) {
    static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509};
    grille_endpoint_options options = {.initiator = true, .peer = &peer, .max_streams = 16, .max_message_bytes = 65536};
    grille_endpoint *endpoint = NULL;
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    options.budget = &budget;
    for (int exact = 0; exact < 2; exact++) {
        options.exact_schema = exact != 0;
        assert_int_equal(grille_endpoint_new(&options, &endpoint), GRILLE_REASON_OK);
        assert_int_equal(grille_endpoint_can_start(endpoint), exact == 0);
        grille_endpoint_close(endpoint, GRILLE_CANCELLED, "closed");
        grille_endpoint_free(endpoint);
    }
}

/* SETTINGS can't announce less than 64 KiB; the limit of the application holds all the same. */
static void a_limit_below_the_minimum_holds(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    open_pair(&pair, 1000);
    (void)call_start(&pair, &methods[0], "huge:1000", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    assert_int_equal(out.reply.code, GRILLE_OK);
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[0], "huge:1001", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_RESOURCE_EXHAUSTED, "1001");
    assert_non_null(strstr(out.reply.message, "1000 "));
    grille_reply_free(&out.reply);
    assert_int_equal(handled, 1);
    endpoint_pair_close(&pair);
}

static void a_silent_peer_is_asked_and_then_given_up(void **state) {
    const uint64_t interval_us = GRILLE_KEEPALIVE_INTERVAL_MS * UINT64_C(1000);
    const uint64_t timeout_us = GRILLE_KEEPALIVE_TIMEOUT_MS * UINT64_C(1000);
    endpoint_pair pair;
    (void)state;
    open_pair(&pair, 0);
    /* Both ends ask, both answer: they may be idle for ever. */
    for (int i = 0; i < 10; i++) {
        endpoint_pair_wait(&pair, interval_us + 1);
        endpoint_pair_pump(&pair, 0);
    }
    endpoint_pair_wait(&pair, interval_us + 1);
    assert_true(grille_endpoint_wants_write(pair.client));
    pair.now_us += timeout_us + 1;
    assert_int_equal(grille_endpoint_tick(pair.client, pair.now_us), GRILLE_REASON_SESSION_KEEPALIVE);
    assert_string_equal(grille_endpoint_failure(pair.client)->name, "SESSION-KEEPALIVE");
    endpoint_pair_close(&pair);
}

/* A caller's handle in a handler's function: no answer, and no harm. */
static void handlers_functions_are_harmless_in_a_callers_hands(void **state) {
    endpoint_pair pair;
    call_outcome out;
    grille_call *call = NULL;
    (void)state;
    open_pair(&pair, 0);
    call = call_start(&pair, &methods[0], "x", &GRILLE_CALL_OPTIONS(.timeout_ms = 100), &out);
    assert_int_equal(grille_peer(call)->kind, 0);
    assert_int_equal(grille_call_metadata(call)->count, 0);
    assert_int_equal(grille_call_remaining_ms(call), UINT64_MAX);
    assert_false(grille_call_cancelled(call));
    assert_ptr_equal(grille_call_method(call), &methods[0]);
    assert_null(grille_call_alloc(call, 8));
    assert_int_equal(grille_call_set_details(call, grille_bytes_of_text("d")), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_call_add_header(call, "k", grille_bytes_of_text("v")), GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_fail(call, GRILLE_ABORTED, "no"), GRILLE_ABORTED);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "x");
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void calls_that_are_denied(endpoint_pair *pair, int count) {
    call_outcome out;
    for (int i = 0; i < count; i++) {
        (void)call_start(pair, &methods[0], "x", NULL, &out);
        endpoint_pair_pump(pair, 0);
        call_expect(&out, GRILLE_PERMISSION_DENIED, "");
        grille_reply_free(&out.reply);
    }
}

/* The burst, then the lines of each second, each after one that tells how many were left out. */
static void a_peer_does_not_fill_the_log(void **state) {
    endpoint_pair pair;
    (void)state;
    open_pair(&pair, 0);
    endpoint_pair_may_call = false;
    calls_that_are_denied(&pair, 3 * GRILLE_LIMIT_PEER_LOG_BURST);
    assert_int_equal(lines, GRILLE_LIMIT_PEER_LOG_BURST);
    for (int second = 1; second <= 3; second++) {
        pair.now_us += 1000000;
        calls_that_are_denied(&pair, 2 * GRILLE_LIMIT_PEER_LOG_PER_SECOND);
        assert_int_equal(lines, GRILLE_LIMIT_PEER_LOG_BURST + second * (GRILLE_LIMIT_PEER_LOG_PER_SECOND + 1));
    }
    assert_int_equal(handled, 0);
    endpoint_pair_close(&pair);
}

static size_t gate_bytes;

static void keep_gate(void *user, grille_bytes payload) {
    (void)user;
    gate_bytes = payload.len;
}

static void gate_frames_reach_their_owner(void **state) {
    static const uint8_t frame[] = {0, 1, 1, 0, 0, 0, 0, 0, 4}; /* GATE on stream 0: REFUSED */
    static const uint8_t settings[] = {0, 0, 2, 0, 0, 0, 0, 0};
    static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509};
    grille_endpoint_options options = {.initiator = true, .peer = &peer, .max_streams = 16, .max_message_bytes = 65536};
    grille_endpoint *endpoint = NULL;
    grille_budget budget;
    (void)state;
    grille_budget_init(&budget, 1 << 20);
    options.budget = &budget;
    for (int with_owner = 0; with_owner < 2; with_owner++) {
        if (with_owner) options.on_gate = keep_gate;
        gate_bytes = 0;
        assert_int_equal(grille_endpoint_new(&options, &endpoint), GRILLE_REASON_OK);
        assert_int_equal(grille_endpoint_recv(endpoint, grille_bytes_of(settings, sizeof settings), 1),
                         GRILLE_REASON_OK);
        assert_int_equal(grille_endpoint_recv(endpoint, grille_bytes_of(frame, sizeof frame), 1),
                         with_owner ? GRILLE_REASON_OK : GRILLE_REASON_SESSION_UNEXPECTED_GATE);
        assert_int_equal(gate_bytes, with_owner ? 1 : 0);
        grille_endpoint_close(endpoint, GRILLE_CANCELLED, "closed");
        grille_endpoint_free(endpoint);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_nothing_that_the_peer_may_not_serve),
        cmocka_unit_test(another_schema_is_logged_once_and_counted),
        cmocka_unit_test(another_schema_is_refused_where_exact_is_asked_for),
        cmocka_unit_test(exact_waits_for_settings),
        cmocka_unit_test(a_limit_below_the_minimum_holds),
        cmocka_unit_test(a_silent_peer_is_asked_and_then_given_up),
        cmocka_unit_test(handlers_functions_are_harmless_in_a_callers_hands),
        cmocka_unit_test(a_peer_does_not_fill_the_log),
        cmocka_unit_test(gate_frames_reach_their_owner),
    };
    grille_log_set(count_line, NULL, GRILLE_LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
