/* SPDX-License-Identifier: Apache-2.0
 * Goal: a caller's call is made whole or refused with a reply that says why; it is reused without a trace of the last
 * one, and a reply may be freed after its channel. */
#include "rpc/client_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/turn.h"
#include "fake_codec.h"
#include "rpc/client_call_private.h"

static const grille_method unary = {
    .path = "/p.A/One", .id = 1, .default_timeout_ms = 250, .request = &fake_type, .response = &fake_type};
static const grille_method streaming = {.path = "/p.A/Flow",
                                        .id = 2,
                                        .kind = GRILLE_METHOD_SERVER_STREAMING,
                                        .request = &fake_type,
                                        .response = &fake_type};

static void count_done(grille_call *call, void *user) {
    (void)call;
    ++*(int *)user;
}

static grille_client_call_request request_of(const fake_message *message, const grille_call_options *options,
                                             int *done) {
    return (grille_client_call_request){.method = &unary,
                                        .message = message,
                                        .options = options,
                                        .max_response_bytes = 4096,
                                        .now_us = 1000,
                                        .done = count_done,
                                        .user = done};
}

static void encodes_the_request_and_sets_the_deadline(void **state) {
    const fake_message message = {"hello"};
    grille_call_pool *pool = NULL;
    grille_call *call = NULL;
    grille_reply reply;
    int done = 0;
    grille_client_call_request request = request_of(&message, &GRILLE_CALL_OPTIONS(.timeout_ms = 500), &done);
    (void)state;
    assert_int_equal(grille_call_pool_new(4, &pool), GRILLE_REASON_OK);
    assert_int_equal(grille_client_call_new(pool, &request, &call, &reply), GRILLE_OK);
    assert_int_equal(grille_client_call_deadline(call), 501000);
    assert_memory_equal(grille_client_call_of(call)->encoded.data, "hello", 5);
    assert_int_equal(grille_client_call_of(call)->encoded.len, 5);
    assert_false(grille_client_call_is_done(call));
    assert_ptr_equal(grille_client_call_of_link(grille_client_call_link(call)), call);

    grille_client_call_fail(call, GRILLE_UNAVAILABLE, "gone");
    assert_int_equal(done, 1);
    assert_true(grille_client_call_is_done(call));
    grille_client_call_take_reply(call, &reply);
    grille_call_unref(call);
    /* The reply alone keeps the call, and the call its pool. */
    grille_call_pool_unref(pool);
    assert_int_equal(reply.code, GRILLE_UNAVAILABLE);
    assert_string_equal(reply.message, "gone");
    assert_null(reply.response);
    grille_reply_free(&reply);
    grille_reply_free(&reply);
    grille_reply_free(NULL);
}

static void takes_the_default_deadline_of_the_method(void **state) {
    const fake_message message = {"x"};
    grille_call_pool *pool = NULL;
    grille_call *call = NULL;
    int done = 0;
    grille_client_call_request request = request_of(&message, NULL, &done);
    (void)state;
    assert_int_equal(grille_call_pool_new(0, &pool), GRILLE_REASON_OK);
    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    assert_int_equal(grille_client_call_deadline(call), 251000);
    grille_call_unref(call);
    grille_call_pool_unref(pool);
}

typedef struct refusal {
    const char *text;
    grille_call_options options;
    const grille_method *method;
    grille_code code;
    const char *says;
} refusal;

static void refuses_with_a_reply_that_says_why(void **state) {
    static const grille_metadata_pair bad_key = {.key = "grille-mine"};
    static const grille_metadata bad_metadata = {.pairs = &bad_key, .count = 1};
    static const refusal refusals[] = {
        {"x", {.size = 0}, &unary, GRILLE_INVALID_ARGUMENT, "GRILLE_CALL_OPTIONS"},
        {"x", {.size = 7}, &unary, GRILLE_INVALID_ARGUMENT, "size 7"},
        {"x", {.size = sizeof(grille_call_options)}, &streaming, GRILLE_INVALID_ARGUMENT, "streaming"},
        {"unencodable", {.size = sizeof(grille_call_options)}, &unary, GRILLE_INVALID_ARGUMENT, "field text"},
        {"huge:1073741825", {.size = sizeof(grille_call_options)}, &unary, GRILLE_RESOURCE_EXHAUSTED, "1073741825"},
        {"x",
         {.size = sizeof(grille_call_options), .metadata = &bad_metadata},
         &unary,
         GRILLE_INVALID_ARGUMENT,
         "grille-mine"},
    };
    grille_call_pool *pool = NULL;
    size_t at = 0;
    (void)state;
    assert_int_equal(grille_call_pool_new(1, &pool), GRILLE_REASON_OK);
    for (at = 0; at < sizeof refusals / sizeof *refusals; at++) {
        const refusal *row = &refusals[at];
        const fake_message message = {row->text};
        int done = 0;
        grille_call *call = NULL;
        grille_reply reply;
        grille_client_call_request request = request_of(&message, &row->options, &done);
        request.method = row->method;
        assert_int_equal(grille_client_call_new(pool, &request, &call, &reply), row->code);
        assert_null(call);
        assert_int_equal(reply.code, row->code);
        if (strstr(reply.message, row->says) == NULL) fail_msg("\"%s\" lacks \"%s\"", reply.message, row->says);
        assert_int_equal(done, 0);
        grille_reply_free(&reply);
    }
    grille_call_pool_unref(pool);
}

/* A pooled call shows nothing of the one before: buffers wiped, flags and reply fresh. */
static void forgets_the_call_before(void **state) {
    const fake_message secret = {"4111111111111111"};
    const fake_message small = {"x"};
    grille_call_pool *pool = NULL;
    grille_call *call = NULL;
    grille_client_call *own = NULL;
    int done = 0;
    grille_client_call_request request = request_of(&secret, NULL, &done);
    (void)state;
    assert_int_equal(grille_call_pool_new(1, &pool), GRILLE_REASON_OK);
    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    own = grille_client_call_of(call);
    memset(grille_client_call_owner_space(call), 7, GRILLE_CLIENT_CALL_OWNER_BYTES);
    grille_call_cancel(call);
    grille_client_call_fail(call, GRILLE_CANCELLED, "first");
    grille_call_unref(call);
    assert_null(memmem(own->request, own->request_capacity, "4111", 4));
    assert_null(memmem(own->first, sizeof own->first, "first", 5));
    request.message = &small;
    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    assert_ptr_equal(grille_client_call_of(call), own);
    assert_false(grille_client_call_cancel_requested(call));
    assert_false(grille_client_call_is_done(call));
    assert_true(
        grille_bytes_all_zero(grille_bytes_of(grille_client_call_owner_space(call), GRILLE_CLIENT_CALL_OWNER_BYTES)));
    grille_call_unref(call);
    grille_call_pool_unref(pool);
}

/* Calls made in turns of the pool's loop come back to these, those of other threads to all. Whatever is out or idle
 * when the owner goes is freed once, and an address that another loop has got since is nothing to an old pool (ASan).
 */
static void calls_of_turns_stay_with_their_loop(void **state) {
    const fake_message message = {"x"};
    static const char loop;
    grille_call_pool *pool = NULL;
    grille_call *inside = NULL;
    grille_call *outside = NULL;
    grille_call *kept = NULL;
    int done = 0;
    grille_client_call_request request = request_of(&message, NULL, &done);
    (void)state;
    assert_int_equal(grille_call_pool_new(2, &pool), GRILLE_REASON_OK);
    grille_call_pool_set_loop(pool, &loop);
    assert_int_equal(grille_client_call_new(pool, &request, &outside, NULL), GRILLE_OK);
    grille_turn_of = &loop;
    for (int round = 0; round < 3; round++) {
        grille_call *again = NULL;
        assert_int_equal(grille_client_call_new(pool, &request, &again, NULL), GRILLE_OK);
        assert_true(inside == NULL || again == inside);
        inside = again;
        grille_call_unref(again);
    }
    grille_call_unref(outside);
    assert_int_equal(grille_client_call_new(pool, &request, &kept, NULL), GRILLE_OK);
    assert_ptr_equal(kept, inside);
    assert_int_equal(grille_client_call_new(pool, &request, &inside, NULL), GRILLE_OK);
    assert_ptr_equal(inside, outside);
    grille_call_unref(inside);
    grille_turn_of = NULL;
    assert_int_equal(grille_client_call_new(pool, &request, &outside, NULL), GRILLE_OK);
    grille_call_pool_unref(pool);
    grille_call_unref(outside);
    grille_turn_of = &loop;
    grille_call_unref(kept);
    grille_turn_of = NULL;
}

static void count_notice(grille_call *call, void *user) {
    (void)call;
    ++*(int *)user;
}

static void tells_of_a_cancellation_once_and_never_after_the_end(void **state) {
    const fake_message message = {"x"};
    grille_call_pool *pool = NULL;
    grille_call *call = NULL;
    int done = 0;
    int notices = 0;
    grille_client_call_request request = request_of(&message, NULL, &done);
    (void)state;
    assert_int_equal(grille_call_pool_new(1, &pool), GRILLE_REASON_OK);
    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    grille_client_call_on_notice(call, count_notice, &notices);
    grille_call_cancel(call);
    grille_call_cancel(call);
    assert_int_equal(notices, 1);
    assert_true(grille_call_cancelled(call));
    grille_client_call_fail(call, GRILLE_CANCELLED, "cancelled");
    grille_call_unref(call);

    assert_int_equal(grille_client_call_new(pool, &request, &call, NULL), GRILLE_OK);
    grille_client_call_on_notice(call, count_notice, &notices);
    (void)grille_call_ref(call);
    grille_client_call_fail(call, GRILLE_UNAVAILABLE, "gone");
    grille_call_unref(call);
    grille_call_cancel(call);
    assert_int_equal(notices, 1);
    grille_call_unref(call);
    grille_call_cancel(NULL);
    grille_call_pool_unref(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_the_request_and_sets_the_deadline),
        cmocka_unit_test(calls_of_turns_stay_with_their_loop),
        cmocka_unit_test(takes_the_default_deadline_of_the_method),
        cmocka_unit_test(refuses_with_a_reply_that_says_why),
        cmocka_unit_test(forgets_the_call_before),
        cmocka_unit_test(tells_of_a_cancellation_once_and_never_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
