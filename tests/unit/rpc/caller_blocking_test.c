/* SPDX-License-Identifier: Apache-2.0
 * Goal: a stream in blocking form reads, writes and waits for its end while its own thread turns the loop; whatever
 * ends the call ends the wait; a finish gives the handle back and tells everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "rpc/client_call_private.h"
#include "streaming_service.h"
#include "wire/limits.h"

static grille_call *begin(streaming_world *world, int method, const char *request, const grille_call_options *options) {
    const fake_message message = {request};
    grille_call *call = NULL;
    grille_error error;
    grille_code code = grille_call_begin_stream(&world->channel.base, &streaming_methods[method],
                                                request != NULL ? &message : NULL, options, &call, &error);
    if (code != GRILLE_OK) fail_msg("%s", error.text);
    return call;
}

static grille_code write_text(grille_call *call, const char *text) {
    const fake_message message = {text};
    return grille_call_write(call, &message);
}

static void expect_read(grille_call *call, const char *text) {
    const void *message = NULL;
    assert_int_equal(grille_call_read(call, &message), GRILLE_OK);
    assert_string_equal(((const fake_message *)message)->text, text);
}

static grille_code read_code(grille_call *call) {
    const void *message = call;
    grille_code code = grille_call_read(call, &message);
    if (code != GRILLE_OK) assert_null(message);
    return code;
}

static void expect_finish(grille_call *call, grille_code code, const char *text) {
    grille_reply reply;
    assert_int_equal(grille_call_finish(call, &reply), code);
    if (code == GRILLE_OK && text != NULL) {
        assert_string_equal(((const fake_message *)reply.response)->text, text);
    } else if (text != NULL) {
        if (strstr(reply.message, text) == NULL) fail_msg("\"%s\" lacks \"%s\"", reply.message, text);
    }
    grille_reply_free(&reply);
}

static void every_kind_of_stream_is_carried(void **state) {
    streaming_world world;
    char text[16];
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_CLIENT, NULL, NULL);
    assert_int_equal(world.server.opened, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(write_text(call, "x"), GRILLE_OK);
    expect_finish(call, GRILLE_OK, "100");

    call = begin(&world, METHOD_SERVER, "5", NULL);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        expect_read(call, text);
    }
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_OK, NULL);

    call = begin(&world, METHOD_BIDI, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_int_equal(write_text(call, text), GRILLE_OK);
        expect_read(call, text);
    }
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    assert_int_equal(grille_call_half_close(call), GRILLE_CLOSED);
    assert_int_equal(write_text(call, "late"), GRILLE_CLOSED);
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_OK, NULL);
    assert_int_equal(world.channel.inside, 0);
    streaming_world_close(&world);
}

static void a_finish_half_closes_drops_what_is_unread_and_waits(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    expect_finish(begin(&world, METHOD_SERVER, "3000:1000", NULL), GRILLE_OK, NULL);
    assert_int_equal(world.server.flow.next, 3000);
    grille_call *call = begin(&world, METHOD_BIDI, NULL, NULL);
    assert_int_equal(write_text(call, "a"), GRILLE_OK);
    assert_int_equal(write_text(call, "b"), GRILLE_OK);
    expect_read(call, "a");
    expect_finish(call, GRILLE_OK, NULL);
    expect_finish(NULL, GRILLE_CANCELLED, "never begun");
    streaming_world_close(&world);
}

/* What was not asked for stays with the peer. */
static void messages_wait_for_their_reader(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_SERVER, "4000:1000", NULL);
    hand_channel_run(&world.channel);
    assert_in_range(world.server.flow.next * 1008, GRILLE_DEFAULT_STREAM_WINDOW_BYTES,
                    GRILLE_DEFAULT_STREAM_WINDOW_BYTES + 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(read_code(call), GRILLE_OK);
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_OK, NULL);
    streaming_world_close(&world);
}

static void the_last_message_lives_until_the_next_read(void **state) {
    const void *message = NULL;
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_SERVER, "2", NULL);
    assert_int_equal(grille_call_read(call, &message), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_string_equal(((const fake_message *)message)->text, "0");
    assert_int_equal(grille_call_read(call, &message), GRILLE_OK);
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_OK, NULL);
    streaming_world_close(&world);
}

static void resume_reading(hand_channel *channel, void *user) {
    streaming_server *server = user;
    channel->stuck = NULL;
    grille_call_resume(server->call);
}

static void a_write_waits_for_room(void **state) {
    static char text[1001];
    streaming_world world;
    (void)state;
    memset(text, 'x', 1000);
    streaming_world_open(&world, -1);
    world.server.holds_reading = true;
    world.channel.stuck = resume_reading;
    world.channel.stuck_user = &world.server;
    grille_call *call = begin(&world, METHOD_CLIENT, NULL, NULL);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(write_text(call, text), GRILLE_OK);
    assert_null(world.channel.stuck);
    expect_finish(call, GRILLE_OK, "3000");
    streaming_world_close(&world);
}

static void let_time_pass(hand_channel *channel, void *user) {
    (void)user;
    endpoint_pair_wait(channel->pair, 100000);
}

static void the_deadline_ends_what_waits(void **state) {
    static char text[100001];
    streaming_world world;
    grille_code code = GRILLE_OK;
    (void)state;
    memset(text, 'x', 100000);
    streaming_world_open(&world, -1);
    world.server.holds_reading = true;
    world.channel.stuck = let_time_pass;
    grille_call *call = begin(&world, METHOD_CLIENT, NULL, &GRILLE_CALL_OPTIONS(.timeout_ms = 100));
    for (int i = 0; i < 100 && code == GRILLE_OK; i++)
        code = write_text(call, text);
    assert_int_equal(code, GRILLE_DEADLINE_EXCEEDED);
    assert_int_equal(write_text(call, text), GRILLE_DEADLINE_EXCEEDED);
    expect_finish(call, GRILLE_DEADLINE_EXCEEDED, "");

    call = begin(&world, METHOD_SERVER, "hold", &GRILLE_CALL_OPTIONS(.timeout_ms = 100));
    assert_int_equal(read_code(call), GRILLE_DEADLINE_EXCEEDED);
    expect_finish(call, GRILLE_DEADLINE_EXCEEDED, "");
    expect_finish(begin(&world, METHOD_SERVER, "hold", &GRILLE_CALL_OPTIONS(.timeout_ms = 100)),
                  GRILLE_DEADLINE_EXCEEDED, "");
    streaming_world_close(&world);
}

static void cancel_it(hand_channel *channel, void *user) {
    (void)channel;
    grille_call_cancel(*(grille_call **)user);
}

static void a_cancellation_ends_what_waits(void **state) {
    streaming_world world;
    grille_call *call = NULL;
    (void)state;
    streaming_world_open(&world, -1);
    world.channel.stuck = cancel_it;
    world.channel.stuck_user = &call;
    call = begin(&world, METHOD_SERVER, "hold", NULL);
    assert_int_equal(read_code(call), GRILLE_CANCELLED);
    expect_finish(call, GRILLE_CANCELLED, "cancelled");
    call = begin(&world, METHOD_BIDI, NULL, NULL);
    grille_call_cancel(call);
    assert_int_equal(write_text(call, "x"), GRILLE_CANCELLED);
    assert_int_equal(read_code(call), GRILLE_CANCELLED);
    expect_finish(call, GRILLE_CANCELLED, "cancelled");
    streaming_world_close(&world);
}

static void end_the_connection(hand_channel *channel, void *user) {
    (void)user;
    grille_endpoint_close(channel->pair->client, GRILLE_UNAVAILABLE, "lost");
}

static void the_end_of_the_connection_ends_what_waits(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    world.channel.stuck = end_the_connection;
    grille_call *call = begin(&world, METHOD_SERVER, "hold", NULL);
    assert_int_equal(read_code(call), GRILLE_UNAVAILABLE);
    expect_finish(call, GRILLE_UNAVAILABLE, "lost");
    streaming_world_close(&world);
}

/* What came whole can be read when the connection has gone. */
static void an_answer_that_came_is_read_to_its_end(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_SERVER, "5", NULL);
    expect_read(call, "0");
    hand_channel_run(&world.channel);
    end_the_connection(&world.channel, NULL);
    expect_read(call, "1");
    expect_read(call, "2");
    expect_read(call, "3");
    expect_read(call, "4");
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_OK, NULL);
    streaming_world_close(&world);
    /* One that nobody reads to its end takes nothing along. */
    streaming_world_open(&world, -1);
    call = begin(&world, METHOD_SERVER, "5:100", NULL);
    hand_channel_run(&world.channel);
    end_the_connection(&world.channel, NULL);
    assert_int_equal(read_code(call), GRILLE_OK);
    expect_finish(call, GRILLE_OK, NULL);
    streaming_world_close(&world);
}

/* The call may outlive its channel. */
static void a_stream_whose_channel_is_gone_can_still_be_finished(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *unread = begin(&world, METHOD_SERVER, "3", NULL);
    grille_call *open = begin(&world, METHOD_BIDI, NULL, NULL);
    hand_channel_run(&world.channel);
    streaming_world_close(&world);
    memset(&world, 0xa5, sizeof world);
    assert_int_equal(read_code(unread), GRILLE_CANCELLED);
    assert_int_equal(write_text(open, "x"), GRILLE_CANCELLED);
    assert_int_equal(grille_call_half_close(open), GRILLE_CLOSED);
    expect_finish(unread, GRILLE_CANCELLED, "closed");
    expect_finish(open, GRILLE_CANCELLED, "closed");
}

static void the_peer_s_status_is_told_by_finish(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_SERVER, "fail", NULL);
    assert_int_equal(read_code(call), GRILLE_END_OF_STREAM);
    expect_finish(call, GRILLE_NOT_FOUND, "no such thing");
    call = begin(&world, METHOD_CLIENT, NULL, NULL);
    assert_int_equal(write_text(call, "stop"), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(write_text(call, "x"), GRILLE_CLOSED);
    expect_finish(call, GRILLE_ABORTED, "stopped as asked");
    streaming_world_close(&world);
}

static void what_can_not_be_sent_or_read_ends_it(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_BIDI, NULL, NULL);
    assert_int_equal(write_text(call, "huge:5000000"), GRILLE_RESOURCE_EXHAUSTED);
    expect_finish(call, GRILLE_RESOURCE_EXHAUSTED, "5000000");
    call = begin(&world, METHOD_BIDI, NULL, NULL);
    assert_int_equal(write_text(call, "unencodable"), GRILLE_INVALID_ARGUMENT);
    expect_finish(call, GRILLE_INVALID_ARGUMENT, "field text");
    call = begin(&world, METHOD_BIDI, NULL, NULL);
    assert_int_equal(write_text(call, "undecodable"), GRILLE_OK);
    hand_channel_run(&world.channel);
    expect_finish(call, GRILLE_INVALID_ARGUMENT, "");
    call = begin(&world, METHOD_SERVER, "hold", NULL);
    assert_int_equal(grille_call_send(world.server.call, &(fake_message){"undecodable"}), GRILLE_OK);
    assert_int_equal(read_code(call), GRILLE_INTERNAL);
    expect_finish(call, GRILLE_INTERNAL, "field text");
    call = begin(&world, METHOD_SERVER, "1:1000", &GRILLE_CALL_OPTIONS(.max_response_bytes = 999));
    assert_int_equal(read_code(call), GRILLE_RESOURCE_EXHAUSTED);
    expect_finish(call, GRILLE_RESOURCE_EXHAUSTED, "1000");
    streaming_world_close(&world);
}

static void functions_of_the_other_form_are_refused(void **state) {
    streaming_world world;
    (void)state;
    streaming_world_open(&world, -1);
    grille_call *call = begin(&world, METHOD_SERVER, "0", NULL);
    assert_int_equal(send_text(call, "x"), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(write_text(call, "x"), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(grille_call_half_close(call), GRILLE_FAILED_PRECONDITION);
    grille_call_pause(call);
    expect_finish(call, GRILLE_OK, NULL);
    call = begin(&world, METHOD_CLIENT, NULL, NULL);
    assert_int_equal(read_code(call), GRILLE_FAILED_PRECONDITION);
    expect_finish(call, GRILLE_OK, "0");
    streaming_world_close(&world);
}

static void nothing_blocks_on_the_loop(void **state) {
    streaming_world world;
    grille_call *call = NULL;
    grille_call *refused = NULL;
    grille_error error;
    grille_reply reply;
    (void)state;
    streaming_world_open(&world, -1);
    call = begin(&world, METHOD_BIDI, NULL, NULL);
    world.channel.in_loop = true;
    assert_int_equal(write_text(call, "x"), GRILLE_WOULD_DEADLOCK);
    assert_int_equal(read_code(call), GRILLE_WOULD_DEADLOCK);
    assert_int_equal(grille_call_finish(call, &reply), GRILLE_WOULD_DEADLOCK);
    assert_int_equal(
        grille_call_begin_stream(&world.channel.base, &streaming_methods[METHOD_BIDI], NULL, NULL, &refused, &error),
        GRILLE_WOULD_DEADLOCK);
    assert_null(refused);
    assert_int_equal(
        grille_call_unary(&world.channel.base, &streaming_methods[METHOD_UNARY], &(fake_message){"x"}, NULL, &reply),
        GRILLE_WOULD_DEADLOCK);
    grille_reply_free(&reply);
    assert_int_equal(grille_channel_wait_ready(&world.channel.base, 1, &error), GRILLE_WOULD_DEADLOCK);
    /* It says so, and does not wait. */
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    world.channel.in_loop = false;
    expect_finish(call, GRILLE_OK, NULL);
    streaming_world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_stream_is_carried),
        cmocka_unit_test(a_finish_half_closes_drops_what_is_unread_and_waits),
        cmocka_unit_test(messages_wait_for_their_reader),
        cmocka_unit_test(the_last_message_lives_until_the_next_read),
        cmocka_unit_test(a_write_waits_for_room),
        cmocka_unit_test(the_deadline_ends_what_waits),
        cmocka_unit_test(a_cancellation_ends_what_waits),
        cmocka_unit_test(the_end_of_the_connection_ends_what_waits),
        cmocka_unit_test(an_answer_that_came_is_read_to_its_end),
        cmocka_unit_test(a_stream_whose_channel_is_gone_can_still_be_finished),
        cmocka_unit_test(the_peer_s_status_is_told_by_finish),
        cmocka_unit_test(what_can_not_be_sent_or_read_ends_it),
        cmocka_unit_test(functions_of_the_other_form_are_refused),
        cmocka_unit_test(nothing_blocks_on_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
