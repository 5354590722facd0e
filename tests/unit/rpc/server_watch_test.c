/* SPDX-License-Identifier: Apache-2.0
 * Goal: each call that reaches a handler, of every kind and however it ends, is counted once and shown to the
 * interceptors from its start to exactly one end; what they change is what travels; refused calls reach no handler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"
#include "raw_caller.h"

enum { UNARY = 1, BIDI = 2, OFFLOADED = 3, UNKNOWN = 77, FORBIDDEN = 4, ROOM = 4096 };

/* What interceptors "a" and "b" were told, one word each. */
static char told[ROOM];
static grille_code refuse_with;
static bool changes;
static const grille_peer_identity *peer_seen;
static int handlers_ran;
static int pause_after;
static grille_call *newest;
static char tenant_seen[64];

static void tell(const char *format, const void *who, size_t number) {
    size_t len = strlen(told);
    char what[64];
    (void)snprintf(what, sizeof what, format, number);
    (void)snprintf(told + len, sizeof told - len, "%s%s ", (const char *)who, what);
}

static grille_code on_start(grille_intercepted *call, void *user) {
    tell(".start", user, 0);
    peer_seen = grille_intercepted_peer(call);
    assert_false(grille_intercepted_is_caller(call));
    if (changes && *(const char *)user == 'a') {
        assert_int_equal(grille_intercepted_remove(call, GRILLE_METADATA_REQUEST, "tenant"), 1);
        assert_int_equal(grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "tenant", grille_bytes_of_text("green")),
                         GRILLE_OK);
    }
    if (refuse_with != GRILLE_OK && *(const char *)user == 'b') {
        return grille_intercepted_fail(call, refuse_with, "b says %s", "no");
    }
    return GRILLE_OK;
}

static void on_headers(grille_intercepted *call, void *user) {
    tell(".headers(%zu)", user, grille_intercepted_metadata(call, GRILLE_METADATA_HEADERS)->count);
    if (!changes) return;
    assert_int_equal(grille_intercepted_add(call, GRILLE_METADATA_HEADERS, "by", grille_bytes_of_text(user)),
                     GRILLE_OK);
}

static void on_message(grille_intercepted *call, grille_message_direction direction, size_t bytes, void *user) {
    (void)call;
    tell(direction == GRILLE_MESSAGE_SENT ? ".sent(%zu)" : ".got(%zu)", user, bytes);
}

static void on_end(grille_intercepted *call, grille_code code, const char *message, void *user) {
    assert_non_null(message);
    tell(".end(%zu)", user, code);
    if (!changes) return;
    (void)grille_intercepted_remove(call, GRILLE_METADATA_TRAILERS, "drop");
    assert_int_equal(grille_intercepted_add(call, GRILLE_METADATA_TRAILERS, "end-by", grille_bytes_of_text(user)),
                     GRILLE_OK);
}

static char a[] = "a", b[] = "b";
static grille_interceptor interceptors[] = {{on_start, on_headers, on_message, on_end, a},
                                            {on_start, on_headers, on_message, on_end, b}};
static const grille_interceptor_list list = {interceptors, 2};
static grille_stats_table table;
static grille_stats_table *tables[] = {&table};

/* ---- handlers ---- */

static grille_code invoke(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    grille_bytes tenant = grille_metadata_get(grille_call_metadata(call), "tenant", 0);
    (void)handlers;
    (void)user;
    handlers_ran++;
    (void)snprintf(tenant_seen, sizeof tenant_seen, "%.*s", (int)tenant.len, (const char *)tenant.data);
    assert_int_equal(grille_call_add_header(call, "h", grille_bytes_of_text("1")), GRILLE_OK);
    assert_int_equal(grille_call_add_trailer(call, "drop", grille_bytes_of_text("1")), GRILLE_OK);
    if (strcmp(((const fake_message *)request)->text, "fail") == 0) return grille_fail(call, GRILLE_ABORTED, "told");
    ((fake_message *)response)->text = "answer";
    return GRILLE_OK;
}

static grille_code on_open(grille_call *call, const void *request, const void *handlers, void *user) {
    (void)request;
    (void)handlers;
    (void)user;
    handlers_ran++;
    newest = call;
    return GRILLE_OK;
}

static void on_stream_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    if (pause_after > 0 && --pause_after == 0) grille_call_pause(call);
    assert_int_equal(grille_call_send(call, message), GRILLE_OK);
}

static void on_half_close(grille_call *call, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    assert_int_equal(grille_call_answer(call, GRILLE_OK, NULL), GRILLE_OK);
}

static void on_stream_end(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    (void)call;
    (void)why;
    (void)handlers;
    (void)user;
}

static const grille_method methods[] = {
    {.path = "/p.A/Unary", .id = UNARY, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Bidi",
     .id = BIDI,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Offloaded",
     .id = OFFLOADED,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/p.A/Forbidden", .id = FORBIDDEN, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 4};
static const grille_method_handler handlers_of[] = {
    {.invoke = invoke},
    {.open = on_open, .message = on_stream_message, .half_close = on_half_close, .end = on_stream_end},
    {.invoke = invoke},
    {.invoke = invoke},
};

static int set_up(void **state) {
    (void)state;
    told[0] = '\0';
    refuse_with = GRILLE_OK;
    changes = false;
    handlers_ran = 0;
    pause_after = 0;
    peer_seen = NULL;
    grille_stats_table_init(&table, 0, 1);
    endpoint_pair_stats[1] = &table;
    endpoint_pair_interceptors[1] = &list;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    grille_stats_table_deinit(&table);
    endpoint_pair_stats[1] = NULL;
    endpoint_pair_interceptors[1] = NULL;
    return 0;
}

static void assert_told(const char *expected) {
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static grille_stats *take(void) {
    grille_stats *stats = NULL;
    assert_int_equal(grille_stats_take(tables, 1, 0, &stats), GRILLE_REASON_OK);
    return stats;
}

static void assert_ended(grille_code code, uint64_t count) {
    grille_stats *stats = take();
    uint64_t all = 0;
    for (size_t at = 0; at < GRILLE_STATUS_CODES; at++)
        all += stats->served.ended[at];
    assert_int_equal(stats->served.ended[code], count);
    assert_int_equal(stats->served.started, all + stats->served.in_flight);
    assert_int_equal(stats->served.in_flight, 0);
    grille_stats_free(stats);
}

static grille_time_us clock_us_now;

static grille_time_us test_clock(void) {
    return clock_us_now += 40;
}

/* ---- tests ---- */

static void a_unary_call_from_start_to_end(void **state) {
    static endpoint_pair pair;
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, handlers_of, NULL, 0);
    clock_us_now = pair.now_us;
    grille_endpoint_set_clock(pair.server, test_clock);
    (void)call_start(&pair, &methods[0], "hello", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "answer");
    grille_reply_free(&out.reply);
    assert_told("a.start b.start a.got(5) b.got(5) b.headers(1) a.headers(1) b.sent(6) a.sent(6) b.end(0) a.end(0) ");
    assert_non_null(peer_seen);
    assert_string_equal(peer_seen->set, "parent");
    grille_stats *stats = take();
    assert_int_equal(stats->served.started, 1);
    assert_int_equal(stats->served.ended[GRILLE_OK], 1);
    assert_int_equal(stats->served.bytes_received, 5);
    assert_int_equal(stats->served.bytes_sent, 6);
    assert_int_equal(stats->served.messages_sent, 1);
    assert_in_range(stats->served.latency_sum_us, 40, 400);
    assert_int_equal(stats->method_count, 1);
    assert_ptr_equal(stats->methods[0].method, &methods[0]);
    grille_stats_free(stats);
    endpoint_pair_close(&pair);
}

static void what_interceptors_change_is_what_travels(void **state) {
    static endpoint_pair pair;
    static const grille_metadata_pair tenant = {"tenant", {(const uint8_t *)"blue", 4}};
    const grille_metadata metadata = {&tenant, 1};
    call_outcome out;
    (void)state;
    for (size_t method = 0; method < 3; method += 2) {
        set_up(state);
        changes = true;
        endpoint_pair_open(&pair, &service, handlers_of, NULL, 0);
        (void)call_start(&pair, &methods[method], "hello", &GRILLE_CALL_OPTIONS(.metadata = &metadata), &out);
        endpoint_pair_pump(&pair, 0);
        endpoint_pair_run_tasks(&pair);
        endpoint_pair_pump(&pair, 0);
        call_expect(&out, GRILLE_OK, "answer");
        assert_string_equal(tenant_seen, "green");
        assert_int_equal(out.reply.headers.count, 3);
        assert_string_equal(out.reply.headers.pairs[0].key, "h");
        assert_string_equal(out.reply.headers.pairs[1].key, "by");
        assert_memory_equal(out.reply.headers.pairs[1].value.data, "b", 1);
        assert_memory_equal(out.reply.headers.pairs[2].value.data, "a", 1);
        assert_int_equal(out.reply.trailers.count, 2);
        assert_string_equal(out.reply.trailers.pairs[0].key, "end-by");
        grille_reply_free(&out.reply);
        endpoint_pair_close(&pair);
        if (method == 0) tear_down(state);
    }
}

static void a_failing_handler_is_told_and_its_trailers_travel(void **state) {
    static endpoint_pair pair;
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, handlers_of, NULL, 0);
    (void)call_start(&pair, &methods[0], "fail", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_ABORTED, "told");
    assert_int_equal(out.reply.trailers.count, 1);
    grille_reply_free(&out.reply);
    assert_told("a.start b.start a.got(4) b.got(4) b.headers(1) a.headers(1) b.end(10) a.end(10) ");
    assert_ended(GRILLE_ABORTED, 1);
    endpoint_pair_close(&pair);
}

static void an_interceptor_refuses_and_no_handler_runs(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    refuse_with = GRILLE_RESOURCE_EXHAUSTED;
    call = raw_caller_call(&caller, 0, UNARY, 0);
    raw_caller_send(call, "hello", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "b says no");
    assert_told("a.start b.start a.end(8) ");
    refuse_with = GRILLE_AGAIN;
    changes = false;
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_INTERNAL, "b says no");
    assert_told("a.start b.start a.end(13) ");
    assert_int_equal(handlers_ran, 0);
    grille_stats *stats = take();
    assert_int_equal(stats->refused[GRILLE_REFUSED_INTERCEPTOR], 2);
    grille_stats_free(stats);
    assert_ended(GRILLE_INTERNAL, 1);
    raw_caller_close(&caller);
}

static void a_call_that_is_not_allowed_meets_no_interceptor(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    call = raw_caller_call(&caller, 0, FORBIDDEN, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_PERMISSION_DENIED, "may not call");
    call = raw_caller_call(&caller, 0, UNKNOWN, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_UNIMPLEMENTED, "0x0000004d");
    assert_told("");
    grille_stats *stats = take();
    assert_int_equal(stats->refused[GRILLE_REFUSED_UNAUTHORIZED], 1);
    assert_int_equal(stats->refused[GRILLE_REFUSED_UNIMPLEMENTED], 1);
    assert_int_equal(stats->method_count, 0);
    assert_int_equal(stats->served.started, 0);
    grille_stats_free(stats);
    raw_caller_close(&caller);
}

static void each_message_of_a_stream_is_told_once(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    pause_after = 1;
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_send(call, "1", false);
    raw_caller_send(call, "22", false);
    raw_caller_send(call, "", false);
    raw_caller_pump(&caller);
    grille_call_resume(newest);
    raw_caller_pump(&caller);
    raw_caller_half_close(call);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_string_equal(call->texts, "1|22||");
    grille_stats *stats = take();
    assert_int_equal(stats->served.messages_received, 3);
    assert_int_equal(stats->served.messages_sent, 3);
    assert_int_equal(stats->served.bytes_received, 3);
    assert_int_equal(stats->served.bytes_sent, 3);
    grille_stats_free(stats);
    assert_ended(GRILLE_OK, 1);
    raw_caller_close(&caller);
}

static void ends_that_nobody_answered(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    call = raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    assert_told("a.start b.start b.end(1) a.end(1) ");
    (void)raw_caller_call(&caller, 0, BIDI, 5000);
    raw_caller_pump(&caller);
    raw_caller_wait(&caller, 5000);
    assert_told("a.start b.start b.end(4) a.end(4) ");
    (void)raw_caller_call(&caller, 0, BIDI, 0);
    raw_caller_pump(&caller);
    grille_endpoint_close(caller.pair.server, GRILLE_UNAVAILABLE, "gone");
    assert_told("a.start b.start b.end(14) a.end(14) ");
    assert_ended(GRILLE_UNAVAILABLE, 1);
    raw_caller_close(&caller);
}

/* The handler is on a worker when its caller goes: the end is told at once, and not again when the worker is done. */
static void the_end_does_not_wait_for_a_worker(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    call = raw_caller_call(&caller, 0, OFFLOADED, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_cancel(call);
    raw_caller_pump(&caller);
    assert_told("a.start b.start a.got(1) b.got(1) b.end(1) a.end(1) ");
    endpoint_pair_run_tasks(&caller.pair);
    raw_caller_pump(&caller);
    assert_told("");
    assert_ended(GRILLE_CANCELLED, 1);
    raw_caller_close(&caller);
}

static void a_full_queue_of_workers_is_a_limit(void **state) {
    static raw_caller caller;
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers_of, NULL, 0);
    caller.pair.executor_full = true;
    call = raw_caller_call(&caller, 0, OFFLOADED, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "queue");
    assert_told("a.start b.start a.got(1) b.got(1) b.end(8) a.end(8) ");
    grille_stats *stats = take();
    assert_int_equal(stats->refused[GRILLE_REFUSED_LIMIT], 1);
    grille_stats_free(stats);
    raw_caller_close(&caller);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_unary_call_from_start_to_end),
        CASE(what_interceptors_change_is_what_travels),
        CASE(a_failing_handler_is_told_and_its_trailers_travel),
        CASE(an_interceptor_refuses_and_no_handler_runs),
        CASE(a_call_that_is_not_allowed_meets_no_interceptor),
        CASE(each_message_of_a_stream_is_told_once),
        CASE(ends_that_nobody_answered),
        CASE(the_end_does_not_wait_for_a_worker),
        CASE(a_full_queue_of_workers_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
