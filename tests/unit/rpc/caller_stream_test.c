/* SPDX-License-Identifier: Apache-2.0
 * Goal: a caller's stream in callback form gets headers, messages, writable and exactly one done, in order, and done
 * last; what it sends arrives in order and never waits without a bound; pausing keeps the peer's credit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "rpc/client_call_private.h"
#include "streaming_service.h"
#include "wire/limits.h"

static void every_kind_of_stream_is_carried(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    assert_int_equal(send_text(call, "a"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "b"), GRILLE_OK);
    assert_int_equal(send_text(call, ""), GRILLE_OK);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "dOK;");
    assert_string_equal(book.answer, "3");

    (void)open_stream(&world, METHOD_SERVER, "3", NULL, &book);
    hand_channel_run(&world.channel);
    expect_log(&book, "m0;m1;m2;dOK;");
    (void)open_stream(&world, METHOD_SERVER, "0", NULL, &book);
    hand_channel_run(&world.channel);
    expect_log(&book, "dOK;");

    call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    assert_int_equal(send_text(call, "x"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "twice"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "mx;mtwice;mtwice;dOK;");
    assert_int_equal(world.server.ended, 4);
    streaming_world_close(&world);
}

static void the_peer_s_errors_end_it(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    (void)open_stream(&world, METHOD_SERVER, "fail", NULL, &book);
    hand_channel_run(&world.channel);
    expect_log(&book, "dNOT_FOUND;");
    assert_string_equal(book.text, "no such thing");
    grille_call *call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    (void)grille_call_ref(call);
    assert_int_equal(send_text(call, "a"), GRILLE_OK);
    assert_int_equal(send_text(call, "stop"), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "ma;dABORTED;");
    /* Nothing can be done with it any more. */
    assert_int_equal(send_text(call, "late"), GRILLE_CLOSED);
    assert_int_equal(grille_call_half_close(call), GRILLE_CLOSED);
    grille_call_cancel(call);
    grille_call_pause(call);
    grille_call_resume(call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.done, 1);
    grille_call_unref(call);
    streaming_world_close(&world);
}

static void functions_of_the_other_form_are_refused(void **state) {
    const fake_message message = {"x"};
    const void *received = NULL;
    streaming_world world;
    event_book book = {0};
    grille_reply reply;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_SERVER, "hold", NULL, &book);
    assert_int_equal(send_text(call, "x"), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_half_close(call), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_write(call, &message), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_read(call, &received), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_send_headers(call), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_finish(call, &reply), GRILLE_FAILED_PRECONDITION);
    hand_channel_run(&world.channel);
    expect_log(&book, "h");
    grille_call_cancel(call);
    hand_channel_run(&world.channel);
    expect_log(&book, "hdCANCELLED;");
    streaming_world_close(&world);
}

static void it_is_half_closed_once(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    assert_int_equal(grille_call_half_close(call), GRILLE_CLOSED);
    assert_int_equal(send_text(call, "late"), GRILLE_CLOSED);
    hand_channel_run(&world.channel);
    assert_string_equal(book.answer, "0");
    streaming_world_close(&world);
}

/* ---- sending ---- */

/* A server that does not read: the window, then the session's queue, then the outbox are full; AGAIN takes nothing, and
 * writable comes once when there is room. */
static void a_full_window_is_again_and_writable_comes_once(void **state) {
    static char text[1001];
    streaming_world world;
    event_book book = {0};
    size_t taken = 0;
    (void)state;
    memset(text, 'x', 1000);
    streaming_world_open(&world, -1);
    world.server.holds_reading = true;
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    hand_channel_run(&world.channel);
    for (;;) {
        grille_code code = send_text(call, text);
        if (code == GRILLE_AGAIN) break;
        assert_int_equal(code, GRILLE_OK);
        taken++;
        if (taken % 16 == 0) hand_channel_run(&world.channel);
        assert_true(taken < 5000);
    }
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, text), GRILLE_AGAIN);
    assert_int_equal(send_text(call, text), GRILLE_AGAIN);
    /* The window is 1 MiB; two queues of 64 KiB wait behind it. */
    assert_in_range(taken * 1008, GRILLE_DEFAULT_STREAM_WINDOW_BYTES,
                    GRILLE_DEFAULT_STREAM_WINDOW_BYTES + 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES);
    assert_true(grille_send_queue_waiting(&grille_client_call_of(call)->outbox) <= GRILLE_LIMIT_SEND_QUEUE_BYTES);
    assert_int_equal(book.writables, 0);
    grille_call_resume(world.server.call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.writables, 1);
    assert_int_equal(send_text(call, text), GRILLE_OK);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "wdOK;");
    assert_int_equal(strtoul(book.answer, NULL, 10), taken + 1);
    streaming_world_close(&world);
}

/* A message of any length is taken when nothing waits, another one only then. */
static void a_long_message_waits_for_an_empty_queue(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    world.server.holds_reading = true;
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "huge:2000000"), GRILLE_OK);
    assert_int_equal(send_text(call, "huge:2000000"), GRILLE_AGAIN);
    hand_channel_run(&world.channel);
    /* The peer assembles the first one, whatever its window; the session holds the second, the outbox the third. */
    assert_int_equal(book.writables, 1);
    assert_int_equal(send_text(call, "huge:2000000"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "huge:2000000"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "x"), GRILLE_AGAIN);
    assert_int_equal(send_text(call, "huge:2000000"), GRILLE_AGAIN);
    hand_channel_run(&world.channel);
    assert_int_equal(book.writables, 1);
    grille_call_resume(world.server.call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.writables, 2);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_string_equal(book.answer, "3");
    streaming_world_close(&world);
}

static void send_in_callback(grille_call *call, const char *text, event_book *book) {
    size_t *left = book->user;
    (void)text;
    if (*left == 0) return;
    --*left;
    assert_int_equal(send_text(call, "x"), GRILLE_OK);
    /* On the loop, with nothing before it: it is in the session already. */
    assert_int_equal(grille_send_queue_waiting(&grille_client_call_of(call)->outbox), 0);
    if (*left == 0) assert_int_equal(grille_call_half_close(call), GRILLE_OK);
}

static void on_the_loop_a_message_goes_straight_to_the_session(void **state) {
    streaming_world world;
    size_t left = 20;
    event_book book = {.on_message = send_in_callback, .user = &left};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    assert_int_equal(send_text(call, "x"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 21);
    assert_int_equal(book.code, GRILLE_OK);
    streaming_world_close(&world);
}

static void a_message_that_can_not_be_sent_ends_the_call(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    hand_channel_run(&world.channel);
    assert_int_equal(send_text(call, "a"), GRILLE_OK);
    assert_int_equal(send_text(call, "huge:5000000"), GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(send_text(call, "b"), GRILLE_CLOSED);
    assert_int_equal(grille_call_half_close(call), GRILLE_CLOSED);
    hand_channel_run(&world.channel);
    expect_log(&book, "dRESOURCE_EXHAUSTED;");
    assert_non_null(strstr(book.text, "5000000"));
    assert_non_null(strstr(book.text, "4194304"));
    assert_int_equal(world.server.why, GRILLE_CALL_END_CANCELLED);

    /* Before the call has a stream, and before its limit is known. */
    call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    assert_int_equal(send_text(call, "unencodable"), GRILLE_INVALID_ARGUMENT);
    grille_call_cancel(call);
    hand_channel_run(&world.channel);
    expect_log(&book, "dINVALID_ARGUMENT;");
    assert_non_null(strstr(book.text, "field text"));
    call = open_stream(&world, METHOD_CLIENT, NULL, NULL, &book);
    assert_int_equal(send_text(call, "huge:5000000"), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "dRESOURCE_EXHAUSTED;");
    assert_non_null(strstr(book.text, "5000000"));
    assert_non_null(strstr(book.text, "4194304"));
    streaming_world_close(&world);
}

/* ---- receiving ---- */

static void pause_at_first(grille_call *call, const char *text, event_book *book) {
    (void)text;
    if (book->messages == 1) grille_call_pause(call);
}

/* What is not read keeps its credit: the peer stops after a window. */
static void pausing_holds_messages_back_and_the_peer_up(void **state) {
    streaming_world world;
    event_book book = {.on_message = pause_at_first};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_SERVER, "4000:1000", NULL, &book);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 1);
    assert_in_range(world.server.flow.next * 1008, GRILLE_DEFAULT_STREAM_WINDOW_BYTES,
                    GRILLE_DEFAULT_STREAM_WINDOW_BYTES + 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 1);
    /* Counted. */
    grille_call_pause(call);
    grille_call_resume(call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 1);
    grille_call_resume(call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 4000);
    assert_int_equal(book.code, GRILLE_OK);
    assert_int_equal(book.done, 1);
    streaming_world_close(&world);
}

/* The status comes while messages wait: done comes after them. */
static void done_waits_for_messages_that_are_held_back(void **state) {
    streaming_world world;
    event_book book = {.on_message = pause_at_first};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_SERVER, "3", NULL, &book);
    hand_channel_run(&world.channel);
    assert_int_equal(world.server.ended, 1);
    expect_log(&book, "m0;");
    grille_call_resume(call);
    hand_channel_run(&world.channel);
    expect_log(&book, "m0;m1;m2;dOK;");
    /* A cancellation drops them. */
    call = open_stream(&world, METHOD_SERVER, "3", NULL, &book);
    hand_channel_run(&world.channel);
    grille_call_cancel(call);
    hand_channel_run(&world.channel);
    expect_log(&book, "m0;dCANCELLED;");
    /* The end of the connection as well. */
    (void)open_stream(&world, METHOD_SERVER, "3", NULL, &book);
    hand_channel_run(&world.channel);
    grille_endpoint_close(world.pair.client, GRILLE_UNAVAILABLE, "lost");
    expect_log(&book, "m0;dUNAVAILABLE;");
    assert_string_equal(book.text, "lost");
    streaming_world_close(&world);
}

static void cancel_at_second(grille_call *call, const char *text, event_book *book) {
    (void)text;
    if (book->messages == 2) grille_call_cancel(call);
}

static void a_cancellation_inside_a_callback_ends_it_at_once(void **state) {
    streaming_world world;
    event_book book = {.on_message = cancel_at_second};
    (void)state;
    streaming_world_open(&world, -1);
    (void)open_stream(&world, METHOD_SERVER, "5", NULL, &book);
    hand_channel_run(&world.channel);
    expect_log(&book, "m0;m1;dCANCELLED;");
    (void)open_stream(&world, METHOD_SERVER, "hold", NULL, &book);
    hand_channel_run(&world.channel);
    grille_call_cancel(book.call);
    grille_call_cancel(book.call);
    hand_channel_run(&world.channel);
    expect_log(&book, "hdCANCELLED;");
    assert_int_equal(world.server.why, GRILLE_CALL_END_CANCELLED);
    streaming_world_close(&world);
}

static void messages_that_are_too_long_or_broken_end_it(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    (void)open_stream(&world, METHOD_SERVER, "2:1000", &GRILLE_CALL_OPTIONS(.max_response_bytes = 999), &book);
    hand_channel_run(&world.channel);
    expect_log(&book, "dRESOURCE_EXHAUSTED;");
    assert_non_null(strstr(book.text, "1000"));
    assert_non_null(strstr(book.text, "999"));
    (void)open_stream(&world, METHOD_SERVER, "2:1000", &GRILLE_CALL_OPTIONS(.max_response_bytes = 1000), &book);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 2);
    grille_call *call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    assert_int_equal(send_text(call, "fine"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(world.server.messages, 1);
    assert_int_equal(grille_call_send(world.server.call, &(fake_message){"undecodable"}), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_log(&book, "mfine;dINTERNAL;");
    assert_non_null(strstr(book.text, "field text"));
    streaming_world_close(&world);
}

/* Each message is decoded into memory that the next one uses again: a million bytes pass through a few thousand. */
static void messages_are_decoded_into_memory_that_is_used_again(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_SERVER, "1000:2000", NULL, &book);
    (void)grille_call_ref(call);
    hand_channel_run(&world.channel);
    assert_int_equal(book.messages, 1000);
    grille_client_inbox *inbox = &grille_client_call_of(call)->inbox;
    assert_in_range(inbox->capacity, 2000, 8192);
    assert_in_range(inbox->budget.peak_bytes, 1, 8192);
    assert_int_equal(inbox->budget.used_bytes, 0);
    grille_call_unref(call);
    streaming_world_close(&world);
}

/* ---- time ---- */

static void the_deadline_holds_for_what_waits_to_be_sent(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    world.server.holds_reading = true;
    grille_call *call = open_stream(&world, METHOD_CLIENT, NULL, &GRILLE_CALL_OPTIONS(.timeout_ms = 100), &book);
    (void)grille_call_ref(call);
    hand_channel_run(&world.channel);
    assert_int_equal(world.server.remaining_ms, 100);
    assert_int_equal(send_text(call, "huge:3000000"), GRILLE_OK);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    endpoint_pair_wait(&world.pair, 100000);
    hand_channel_run(&world.channel);
    expect_log(&book, "dDEADLINE_EXCEEDED;");
    assert_int_equal(world.server.why, GRILLE_CALL_END_DEADLINE);
    assert_int_equal(grille_call_send(call, &(fake_message){"x"}), GRILLE_CLOSED);
    grille_call_unref(call);
    streaming_world_close(&world);
}

static void the_end_of_the_connection_ends_it(void **state) {
    streaming_world world;
    event_book book = {0};
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    assert_int_equal(send_text(call, "a"), GRILLE_OK);
    hand_channel_run(&world.channel);
    grille_endpoint_close(world.pair.client, GRILLE_CANCELLED, "the channel was closed");
    expect_log(&book, "ma;dCANCELLED;");
    streaming_world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_stream_is_carried),
        cmocka_unit_test(the_peer_s_errors_end_it),
        cmocka_unit_test(functions_of_the_other_form_are_refused),
        cmocka_unit_test(it_is_half_closed_once),
        cmocka_unit_test(a_full_window_is_again_and_writable_comes_once),
        cmocka_unit_test(a_long_message_waits_for_an_empty_queue),
        cmocka_unit_test(on_the_loop_a_message_goes_straight_to_the_session),
        cmocka_unit_test(a_message_that_can_not_be_sent_ends_the_call),
        cmocka_unit_test(pausing_holds_messages_back_and_the_peer_up),
        cmocka_unit_test(done_waits_for_messages_that_are_held_back),
        cmocka_unit_test(a_cancellation_inside_a_callback_ends_it_at_once),
        cmocka_unit_test(messages_that_are_too_long_or_broken_end_it),
        cmocka_unit_test(messages_are_decoded_into_memory_that_is_used_again),
        cmocka_unit_test(the_deadline_holds_for_what_waits_to_be_sent),
        cmocka_unit_test(the_end_of_the_connection_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
