/* SPDX-License-Identifier: Apache-2.0
 * Goal: a unary call of one endpoint reaches the right handler of the other once, authorized, and its answer, whatever
 * it is, reaches the caller exactly once. */
#include "rpc/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "fake_codec.h"

/* What the handlers saw. */
typedef struct seen {
    int calls;
    char text[64];
    char metadata[64];
    uint64_t remaining_ms;
    bool cancelled;
} seen;

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const fake_message *in = request;
    fake_message *out = response;
    seen *saw = user;
    grille_bytes value = grille_metadata_get(grille_call_metadata(call), "who", 0);
    (void)handlers;
    saw->calls++;
    (void)snprintf(saw->text, sizeof saw->text, "%.60s", in->text);
    (void)snprintf(saw->metadata, sizeof saw->metadata, "%.*s", (int)value.len, (const char *)value.data);
    saw->remaining_ms = grille_call_remaining_ms(call);
    saw->cancelled = grille_call_cancelled(call);
    if (strcmp(in->text, "fail") == 0) {
        assert_int_equal(grille_call_set_details(call, grille_bytes_of_text("details")), GRILLE_OK);
        return grille_fail(call, GRILLE_NOT_FOUND, "no %s here", in->text);
    }
    if (strcmp(in->text, "own code") == 0) return GRILLE_AGAIN;
    if (strcmp(in->text, "bad text") == 0) return grille_fail(call, GRILLE_ABORTED, "a\xff%s", "b");
    if (strcmp(in->text, "trailers") == 0) {
        assert_int_equal(grille_call_add_header(call, "head", grille_bytes_of_text("h")), GRILLE_OK);
        assert_int_equal(grille_call_add_trailer(call, "tail", grille_bytes_of_text("1")), GRILLE_OK);
        assert_int_equal(grille_call_add_trailer(call, "tail", grille_bytes_of_text("2")), GRILLE_OK);
        assert_int_equal(grille_call_add_trailer(call, "Bad Key", grille_bytes_of_text("2")), GRILLE_INVALID_ARGUMENT);
    }
    out->text = in->text;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Slow", .id = 2, .flags = GRILLE_METHOD_OFFLOAD, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Later", .id = 3, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 3};
static const grille_method_handler invoke[] = {{.invoke = echo}, {.invoke = echo}, {0}};
static const grille_method unknown = {.path = "/p.A/None", .id = 77, .request = &fake_type, .response = &fake_type};

static void carries_a_call_whole_and_in_pieces(void **state) {
    static const grille_metadata_pair pair_of_metadata = {"who", {(const uint8_t *)"me", 2}};
    static const grille_metadata metadata = {&pair_of_metadata, 1};
    static const size_t pieces[] = {0, 1, 2, 7, 13};
    size_t at = 0;
    (void)state;
    for (at = 0; at < sizeof pieces / sizeof *pieces; at++) {
        endpoint_pair pair;
        seen saw = {0};
        call_outcome out;
        endpoint_pair_open(&pair, &service, invoke, &saw, 0);
        (void)call_start(&pair, &methods[0], "hello", &GRILLE_CALL_OPTIONS(.timeout_ms = 500, .metadata = &metadata),
                         &out);
        endpoint_pair_pump(&pair, pieces[at]);
        call_expect(&out, GRILLE_OK, "hello");
        assert_int_equal(saw.calls, 1);
        assert_string_equal(saw.text, "hello");
        assert_string_equal(saw.metadata, "me");
        assert_int_equal(saw.remaining_ms, 500);
        grille_reply_free(&out.reply);
        endpoint_pair_close(&pair);
    }
}

/* One frame and one write each way. */
static void a_small_call_is_one_write_each_way(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    memset(pair.writes, 0, sizeof pair.writes);
    (void)call_start(&pair, &methods[0], "hello", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "hello");
    assert_int_equal(pair.writes[0], 1);
    assert_int_equal(pair.writes[1], 1);
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void carries_status_details_and_metadata(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    (void)call_start(&pair, &methods[0], "fail", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_NOT_FOUND, "no fail here");
    assert_true(grille_bytes_equal(out.reply.details, grille_bytes_of_text("details")));
    assert_int_equal(saw.remaining_ms, UINT64_MAX);
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[0], "own code", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_INTERNAL, "");
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[0], "bad text", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_ABORTED, "a?b");
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[0], "trailers", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "trailers");
    assert_true(grille_bytes_equal(grille_metadata_get(&out.reply.headers, "head", 0), grille_bytes_of_text("h")));
    assert_true(grille_bytes_equal(grille_metadata_get(&out.reply.trailers, "tail", 0), grille_bytes_of_text("1")));
    assert_true(grille_bytes_equal(grille_metadata_get(&out.reply.trailers, "tail", 1), grille_bytes_of_text("2")));
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void refuses_before_any_handler_runs(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    (void)call_start(&pair, &unknown, "x", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_UNIMPLEMENTED, "0x0000004d");
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[2], "x", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_UNIMPLEMENTED, "not served");
    grille_reply_free(&out.reply);
    (void)call_start(&pair, &methods[0], "undecodable", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_INVALID_ARGUMENT, "field text");
    grille_reply_free(&out.reply);
    endpoint_pair_may_call = false;
    (void)call_start(&pair, &methods[0], "x", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_PERMISSION_DENIED, "/p.A/Echo");
    grille_reply_free(&out.reply);
    assert_int_equal(saw.calls, 0);
    endpoint_pair_close(&pair);
}

static void carries_messages_longer_than_window_and_frame(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 8 << 20);
    (void)call_start(&pair, &methods[0], "huge:4000000", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    assert_int_equal(out.done, 1);
    assert_int_equal(out.reply.code, GRILLE_OK);
    assert_int_equal(strlen(((const fake_message *)out.reply.response)->text), 4000000);
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void names_the_limit_and_the_size_of_a_message_too_long(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 100000);
    (void)call_start(&pair, &methods[0], "huge:100001", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_RESOURCE_EXHAUSTED, "100000");
    assert_non_null(strstr(out.reply.message, "100001"));
    assert_int_equal(saw.calls, 0);
    grille_reply_free(&out.reply);
    /* The answer over the caller's own limit. */
    (void)call_start(&pair, &methods[0], "huge:90000", &GRILLE_CALL_OPTIONS(.max_response_bytes = 80000), &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_RESOURCE_EXHAUSTED, "90000");
    assert_non_null(strstr(out.reply.message, "80000"));
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void an_offloaded_call_is_answered_when_its_task_is_done(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    (void)call_start(&pair, &methods[1], "later", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    assert_int_equal(out.done, 0);
    assert_false(grille_endpoint_is_idle(pair.server));
    endpoint_pair_run_tasks(&pair);
    assert_true(grille_endpoint_is_idle(pair.server));
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "later");
    grille_reply_free(&out.reply);
    pair.executor_full = true;
    (void)call_start(&pair, &methods[1], "never", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_RESOURCE_EXHAUSTED, "worker pool");
    assert_int_equal(saw.calls, 1);
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void deadline_and_cancellation_reach_both_ends(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    grille_call *call = NULL;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    (void)call_start(&pair, &methods[1], "too slow", &GRILLE_CALL_OPTIONS(.timeout_ms = 100), &out);
    endpoint_pair_pump(&pair, 0);
    endpoint_pair_wait(&pair, 100001);
    call_expect(&out, GRILLE_DEADLINE_EXCEEDED, "");
    grille_reply_free(&out.reply);
    endpoint_pair_pump(&pair, 0);
    endpoint_pair_run_tasks(&pair);
    assert_int_equal(saw.calls, 0);

    call = call_start(&pair, &methods[1], "cancelled", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    grille_endpoint_cancel(pair.client, call, pair.now_us);
    call_expect(&out, GRILLE_CANCELLED, "cancelled");
    grille_reply_free(&out.reply);
    endpoint_pair_pump(&pair, 0);
    endpoint_pair_run_tasks(&pair);
    assert_int_equal(saw.calls, 0);
    assert_true(grille_endpoint_is_idle(pair.server));
    endpoint_pair_close(&pair);
}

/* Each waiting call ends once, with what the owner says; a task that still runs keeps the endpoint busy. */
static void closing_ends_every_call_once(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome outs[5];
    size_t at = 0;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    for (at = 0; at < 5; at++)
        (void)call_start(&pair, &methods[1], "waiting", NULL, &outs[at]);
    endpoint_pair_pump(&pair, 0);
    grille_endpoint_close(pair.client, GRILLE_UNAVAILABLE, "the connection was lost: test");
    grille_endpoint_close(pair.client, GRILLE_CANCELLED, "again");
    assert_false(grille_endpoint_can_start(pair.client));
    for (at = 0; at < 5; at++) {
        call_expect(&outs[at], GRILLE_UNAVAILABLE, "lost: test");
        grille_reply_free(&outs[at].reply);
    }
    grille_endpoint_close(pair.server, GRILLE_UNAVAILABLE, "lost");
    assert_false(grille_endpoint_is_idle(pair.server));
    endpoint_pair_run_tasks(&pair);
    assert_true(grille_endpoint_is_idle(pair.server));
    assert_int_equal(saw.calls, 0);
    endpoint_pair_close(&pair);
}

static void starts_no_more_calls_than_the_peer_allows(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome outs[17];
    const fake_message message = {"x"};
    grille_call *call = NULL;
    size_t at = 0;
    grille_client_call_request request = {.method = &methods[1],
                                          .message = &message,
                                          .max_response_bytes = 4096,
                                          .done = call_keep_reply,
                                          .user = &outs[16]};
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    for (at = 0; at < 16; at++)
        (void)call_start(&pair, &methods[1], "x", NULL, &outs[at]);
    endpoint_pair_pump(&pair, 0);
    memset(&outs[16], 0, sizeof outs[16]);
    assert_int_equal(grille_client_call_new(pair.pool, &request, &call, NULL), GRILLE_OK);
    assert_false(grille_endpoint_start(pair.client, call, pair.now_us));
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    assert_true(grille_endpoint_start(pair.client, call, pair.now_us));
    endpoint_pair_pump(&pair, 0);
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    for (at = 0; at < 17; at++) {
        call_expect(&outs[at], GRILLE_OK, "x");
        grille_reply_free(&outs[at].reply);
    }
    endpoint_pair_close(&pair);
}

static void a_draining_server_finishes_what_runs(void **state) {
    endpoint_pair pair;
    seen saw = {0};
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, &saw, 0);
    (void)call_start(&pair, &methods[1], "running", NULL, &out);
    endpoint_pair_pump(&pair, 0);
    grille_endpoint_drain(pair.server, GRILLE_DRAIN_SHUTDOWN, pair.now_us);
    endpoint_pair_pump(&pair, 0);
    assert_true(grille_endpoint_peer_drains(pair.client));
    assert_false(grille_endpoint_can_start(pair.client));
    assert_false(grille_endpoint_is_drained(pair.server));
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, "running");
    assert_true(grille_endpoint_is_drained(pair.server));
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_a_call_whole_and_in_pieces),
        cmocka_unit_test(a_small_call_is_one_write_each_way),
        cmocka_unit_test(carries_status_details_and_metadata),
        cmocka_unit_test(refuses_before_any_handler_runs),
        cmocka_unit_test(carries_messages_longer_than_window_and_frame),
        cmocka_unit_test(names_the_limit_and_the_size_of_a_message_too_long),
        cmocka_unit_test(an_offloaded_call_is_answered_when_its_task_is_done),
        cmocka_unit_test(deadline_and_cancellation_reach_both_ends),
        cmocka_unit_test(closing_ends_every_call_once),
        cmocka_unit_test(starts_no_more_calls_than_the_peer_allows),
        cmocka_unit_test(a_draining_server_finishes_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
