/* SPDX-License-Identifier: Apache-2.0
 * Goal: a call over a channel answers once, in its form, and never before the function that made it has returned, even
 * when its whole life passes inside that function. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "rpc/call.h"
#include "streaming_service.h"

typedef struct answer {
    int count;
    grille_code code;
    char text[64];
    bool too_early; /* a callback now would be */
    grille_channel *closes;
} answer;

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    answer *out = user;
    (void)callback;
    assert_false(out->too_early);
    out->count++;
    out->code = reply->code;
    (void)snprintf(out->text, sizeof out->text, "%s",
                   reply->response != NULL ? ((const fake_message *)reply->response)->text : reply->message);
    if (out->closes != NULL) grille_channel_close(out->closes);
}

static grille_code call_async(streaming_world *world, const char *text, const grille_call_options *options, answer *out,
                              grille_call **call) {
    const fake_message request = {text};
    memset(out, 0, sizeof *out);
    out->too_early = true;
    grille_code code = grille_call_unary_async(&world->channel.base, &streaming_methods[METHOD_UNARY], &request,
                                               options, deliver, NULL, out, call);
    out->too_early = false;
    return code;
}

static void a_blocking_call_turns_the_loop_itself(void **state) {
    const fake_message request = {"hello"};
    streaming_world world;
    grille_reply reply;
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(grille_call_unary(&world.channel.base, &streaming_methods[METHOD_UNARY], &request, NULL, &reply),
                     GRILLE_OK);
    assert_string_equal(((const fake_message *)reply.response)->text, "hello");
    grille_reply_free(&reply);
    assert_int_equal(world.channel.done, 1);
    streaming_world_close(&world);
}

static void an_asynchronous_call_answers_once(void **state) {
    streaming_world world;
    grille_call *call = NULL;
    answer out;
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(call_async(&world, "hello", NULL, &out, &call), GRILLE_OK);
    assert_non_null(call);
    assert_int_equal(out.count, 0);
    hand_channel_run(&world.channel);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.text, "hello");
    assert_int_equal(world.channel.holds, 0);
    streaming_world_close(&world);
}

/* The channel starts the call, gets its answer and works off everything while the caller's function is on its way out.
 */
static void no_callback_comes_before_the_function_has_returned(void **state) {
    streaming_world world;
    answer out;
    (void)state;
    streaming_world_open(&world, -1);
    world.channel.eager = true;
    assert_int_equal(call_async(&world, "hello", NULL, &out, NULL), GRILLE_OK);
    assert_int_equal(world.server.opened, 1);
    assert_int_equal(world.channel.done, 1);
    assert_true(world.channel.holds >= 1);
    assert_int_equal(out.count, 0);
    hand_channel_run(&world.channel);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.code, GRILLE_OK);
    /* A call that fails at once, the same. */
    endpoint_pair_serves = false;
    assert_int_equal(call_async(&world, "hello", NULL, &out, NULL), GRILLE_OK);
    assert_int_equal(out.count, 0);
    hand_channel_run(&world.channel);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.code, GRILLE_PERMISSION_DENIED);
    streaming_world_close(&world);
}

/* Every event of a stream, not only its end. */
static void no_event_comes_before_the_function_has_returned(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    world.channel.eager = true;
    (void)open_stream(&world, METHOD_SERVER, "3", NULL, &book);
    assert_int_equal(world.server.flow.next, 3);
    expect_log(&book, "");
    hand_channel_run(&world.channel);
    expect_log(&book, "m0;m1;m2;dOK;");
    (void)open_stream(&world, METHOD_SERVER, "hold", NULL, &book);
    assert_int_equal(world.server.opened, 2);
    expect_log(&book, "");
    hand_channel_run(&world.channel);
    expect_log(&book, "h");
    grille_call_cancel(book.call);
    hand_channel_run(&world.channel);
    expect_log(&book, "hdCANCELLED;");
    /* Headers that come with the end come before it. */
    world.server.answers_at_once = true;
    for (int method = METHOD_CLIENT; method <= METHOD_BIDI; method++) {
        (void)open_stream(&world, method, method == METHOD_SERVER ? "1" : NULL, NULL, &book);
        expect_log(&book, "");
        hand_channel_run(&world.channel);
        expect_log(&book, "hdABORTED;");
    }
    streaming_world_close(&world);
}

static void a_call_that_waits_can_be_cancelled(void **state) {
    streaming_world world;
    grille_call *call = NULL;
    answer out;
    (void)state;
    streaming_world_open(&world, -1);
    endpoint_pair_exact_schema = false;
    assert_int_equal(call_async(&world, "hello", NULL, &out, &call), GRILLE_OK);
    grille_call_cancel(call);
    hand_channel_run(&world.channel);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.code, GRILLE_CANCELLED);
    assert_int_equal(world.server.opened, 0);
    streaming_world_close(&world);
}

static void a_closed_channel_takes_no_call(void **state) {
    const fake_message request = {"hello"};
    streaming_world world;
    event_book book = {0};
    grille_call *call = NULL;
    grille_reply reply;
    grille_error error;
    answer out;
    (void)state;
    streaming_world_open(&world, -1);
    (void)grille_channel_ref(&world.channel.base);
    grille_channel_close(&world.channel.base);
    assert_int_equal(grille_channel_get_state(&world.channel.base), GRILLE_CHANNEL_READY);
    grille_channel_close(&world.channel.base);
    grille_channel_close(NULL);
    assert_int_equal(grille_channel_get_state(&world.channel.base), GRILLE_CHANNEL_CLOSED);
    assert_int_equal(call_async(&world, "hello", NULL, &out, NULL), GRILLE_CLOSED);
    assert_int_equal(grille_call_unary(&world.channel.base, &streaming_methods[METHOD_UNARY], &request, NULL, &reply),
                     GRILLE_CANCELLED);
    grille_reply_free(&reply);
    assert_int_equal(grille_call_open_stream(&world.channel.base, &streaming_methods[METHOD_BIDI], NULL, NULL,
                                             &event_book_dispatch, NULL, &book, &call),
                     GRILLE_CLOSED);
    assert_null(call);
    assert_int_equal(
        grille_call_begin_stream(&world.channel.base, &streaming_methods[METHOD_BIDI], NULL, NULL, &call, &error),
        GRILLE_CANCELLED);
    assert_string_equal(error.text, "the channel was closed");
    grille_channel_ref(&world.channel.base);
    streaming_world_close(&world);
    assert_int_equal(out.count, 0);
}

static void forms_and_kinds_must_match(void **state) {
    const fake_message request = {"hello"};
    streaming_world world;
    event_book book = {0};
    grille_call *call = NULL;
    grille_reply reply;
    grille_error error;
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(grille_call_unary(&world.channel.base, &streaming_methods[METHOD_SERVER], &request, NULL, &reply),
                     GRILLE_INVALID_ARGUMENT);
    grille_reply_free(&reply);
    assert_int_equal(grille_call_open_stream(&world.channel.base, &streaming_methods[METHOD_UNARY], &request, NULL,
                                             &event_book_dispatch, NULL, &book, &call),
                     GRILLE_INVALID_ARGUMENT);
    assert_int_equal(
        grille_call_begin_stream(&world.channel.base, &streaming_methods[METHOD_UNARY], &request, NULL, &call, &error),
        GRILLE_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "is a unary method"));
    assert_int_equal(world.channel.inside, 0);
    streaming_world_close(&world);
}

/* ---- calls on behalf of a handler's ---- */

static void the_parent_s_deadline_and_end_are_the_child_s(void **state) {
    streaming_world world;
    answer parent, out, late;
    grille_call *handler = NULL;
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(call_async(&world, "hold", &GRILLE_CALL_OPTIONS(.timeout_ms = 300), &parent, NULL), GRILLE_OK);
    hand_channel_run(&world.channel);
    handler = world.server.call;
    assert_int_equal(
        call_async(&world, "hold", &GRILLE_CALL_OPTIONS(.timeout_ms = 5000, .parent = handler), &out, NULL), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(world.server.remaining_ms, 300);
    grille_call *child = world.server.call;
    assert_int_equal(grille_call_answer(handler, GRILLE_OK, &(fake_message){"done"}), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_string_equal(parent.text, "done");
    assert_int_equal(out.count, 1);
    assert_int_equal(out.code, GRILLE_CANCELLED);
    assert_int_equal(grille_call_answer(child, GRILLE_OK, &(fake_message){"done"}), GRILLE_CANCELLED);
    (void)late;
    streaming_world_close(&world);
}

static void only_a_handler_s_call_is_a_parent(void **state) {
    streaming_world world;
    answer out, second;
    grille_call *call = NULL;
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(call_async(&world, "hello", NULL, &out, &call), GRILLE_OK);
    assert_int_equal(call_async(&world, "hello", &GRILLE_CALL_OPTIONS(.parent = call), &second, NULL),
                     GRILLE_INVALID_ARGUMENT);
    hand_channel_run(&world.channel);
    assert_int_equal(out.count, 1);
    streaming_world_close(&world);
}

/* Many children, some of which have ended before, one made when it is too late. */
static void a_parent_ends_the_children_that_are_left(void **state) {
    enum { CHILDREN = 6 };
    streaming_world world;
    answer parent, out[CHILDREN], late;
    grille_call *handler = NULL;
    grille_call *held[CHILDREN];
    (void)state;
    streaming_world_open(&world, -1);
    assert_int_equal(call_async(&world, "hold", NULL, &parent, NULL), GRILLE_OK);
    hand_channel_run(&world.channel);
    handler = world.server.call;
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(
            call_async(&world, i % 2 == 0 ? "hello" : "hold", &GRILLE_CALL_OPTIONS(.parent = handler), &out[i], NULL),
            GRILLE_OK);
        hand_channel_run(&world.channel);
        held[i] = world.server.call;
    }
    grille_call_family_end(handler);
    grille_call_family_end(handler);
    assert_int_equal(call_async(&world, "hello", &GRILLE_CALL_OPTIONS(.parent = handler), &late, NULL),
                     GRILLE_CANCELLED);
    hand_channel_run(&world.channel);
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(out[i].count, 1);
        assert_int_equal(out[i].code, i % 2 == 0 ? GRILLE_OK : GRILLE_CANCELLED);
    }
    assert_int_equal(late.count, 0);
    for (int i = 1; i < CHILDREN; i += 2)
        assert_int_equal(grille_call_answer(held[i], GRILLE_OK, &(fake_message){"late"}), GRILLE_CANCELLED);
    assert_int_equal(grille_call_answer(handler, GRILLE_OK, &(fake_message){"parent"}), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(parent.code, GRILLE_OK);
    streaming_world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocking_call_turns_the_loop_itself),
        cmocka_unit_test(an_asynchronous_call_answers_once),
        cmocka_unit_test(no_callback_comes_before_the_function_has_returned),
        cmocka_unit_test(no_event_comes_before_the_function_has_returned),
        cmocka_unit_test(a_call_that_waits_can_be_cancelled),
        cmocka_unit_test(a_closed_channel_takes_no_call),
        cmocka_unit_test(forms_and_kinds_must_match),
        cmocka_unit_test(the_parent_s_deadline_and_end_are_the_child_s),
        cmocka_unit_test(only_a_handler_s_call_is_a_parent),
        cmocka_unit_test(a_parent_ends_the_children_that_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
