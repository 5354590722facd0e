/* SPDX-License-Identifier: Apache-2.0
 * Goal: a channel is told of the end of each attempt, and may start the call again from what was kept: the request of a
 * unary call, the first messages of a stream up to GRILLE_LIMIT_REPLAY_BYTES, until something of an answer comes. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "rpc/client_call_private.h"
#include "streaming_service.h"
#include "wire/limits.h"

/* Two connections, one after the other. */
typedef struct two_worlds {
    streaming_world world;
    endpoint_pair second;
    streaming_server second_server;
} two_worlds;

static void open_two(two_worlds *two, int retries) {
    memset(two, 0, sizeof *two);
    endpoint_pair_open(&two->second, &streaming_service, streaming_handlers, &two->second_server, 0);
    streaming_world_open(&two->world, retries);
}

static void close_two(two_worlds *two) {
    two->world.channel.pair = &two->second;
    grille_endpoint_close(two->second.client, GRILLE_CANCELLED, "closed");
    streaming_world_close(&two->world);
    endpoint_pair_close(&two->second);
}

/* The connection under way is lost; attempts go to the other one from now on. */
static void lose_first(two_worlds *two) {
    grille_endpoint_close(two->world.pair.client, GRILLE_UNAVAILABLE, "lost");
    two->world.channel.pair = &two->second;
    hand_channel_run(&two->world.channel);
}

static void a_unary_call_starts_again_from_its_request(void **state) {
    const fake_message request = {"hello"};
    two_worlds two;
    grille_reply reply;
    (void)state;
    open_two(&two, 1);
    assert_int_equal(
        grille_call_unary(&two.world.channel.base, &streaming_methods[METHOD_UNARY], &request, NULL, &reply),
        GRILLE_OK);
    grille_reply_free(&reply);
    assert_int_equal(two.world.channel.told, 1);
    assert_int_equal(two.world.channel.facts.code, GRILLE_OK);
    assert_true(two.world.channel.facts.answered);
    assert_int_equal(grille_call_unary(&two.world.channel.base, &streaming_methods[METHOD_UNARY],
                                       &(fake_message){"fail"}, NULL, &reply),
                     GRILLE_NOT_FOUND);
    grille_reply_free(&reply);
    /* Told of both attempts, and started twice. */
    assert_int_equal(two.world.channel.told, 3);
    assert_int_equal(two.world.server.opened, 3);
    assert_false(two.world.channel.facts.answered);
    assert_false(two.world.channel.facts.never_sent);
    close_two(&two);
}

static void a_stream_sends_its_first_messages_again(void **state) {
    two_worlds two;
    event_book book = {0};
    (void)state;
    open_two(&two, 1);
    grille_call *call = open_stream(&two.world, METHOD_CLIENT, NULL, NULL, &book);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(send_text(call, "x"), GRILLE_OK);
        hand_channel_run(&two.world.channel);
    }
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    /* The half-close has not left. */
    lose_first(&two);
    assert_int_equal(two.world.server.messages, 5);
    assert_int_equal(two.second_server.messages, 5);
    expect_log(&book, "dOK;");
    assert_string_equal(book.answer, "5");
    assert_true(two.world.channel.facts.answered);
    close_two(&two);
}

/* One byte over what is kept: the call ends with the attempt. */
static void a_stream_that_sent_too_much_is_not_started_again(void **state) {
    enum { FIT = GRILLE_LIMIT_REPLAY_BYTES / 1024 };
    static char text[1021];
    (void)state;
    memset(text, 'x', 1024 - GRILLE_SEND_QUEUE_RECORD_BYTES);
    for (int over = 0; over < 2; over++) {
        two_worlds two;
        event_book book = {0};
        open_two(&two, 1);
        grille_call *call = open_stream(&two.world, METHOD_CLIENT, NULL, NULL, &book);
        for (int i = 0; i < FIT; i++) {
            assert_int_equal(send_text(call, text), GRILLE_OK);
            hand_channel_run(&two.world.channel);
        }
        if (over == 1) assert_int_equal(send_text(call, ""), GRILLE_OK);
        hand_channel_run(&two.world.channel);
        lose_first(&two);
        assert_int_equal(two.world.channel.facts.no_retry, over == 1);
        if (over == 1) {
            expect_log(&book, "dUNAVAILABLE;");
        } else {
            assert_int_equal(two.second_server.messages, FIT);
            assert_int_equal(grille_call_half_close(call), GRILLE_OK);
            hand_channel_run(&two.world.channel);
            expect_log(&book, "dOK;");
        }
        close_two(&two);
    }
}

static void a_stream_that_was_answered_is_not_started_again(void **state) {
    two_worlds two;
    event_book book = {0};
    (void)state;
    open_two(&two, 1);
    grille_call *call = open_stream(&two.world, METHOD_BIDI, NULL, NULL, &book);
    assert_int_equal(send_text(call, "x"), GRILLE_OK);
    hand_channel_run(&two.world.channel);
    assert_false(grille_client_call_of(call)->outbox.keeps);
    lose_first(&two);
    assert_true(two.world.channel.facts.answered);
    expect_log(&book, "mx;dUNAVAILABLE;");
    close_two(&two);
}

static void a_caller_may_want_one_attempt(void **state) {
    two_worlds two;
    event_book book = {0};
    (void)state;
    open_two(&two, 1);
    (void)open_stream(&two.world, METHOD_CLIENT, NULL, &GRILLE_CALL_OPTIONS(.no_retry = true), &book);
    hand_channel_run(&two.world.channel);
    lose_first(&two);
    assert_true(two.world.channel.facts.no_retry);
    expect_log(&book, "dUNAVAILABLE;");
    close_two(&two);
}

/* A cancelled call is not offered, one that waits for its next attempt can be cancelled. */
static void a_cancelled_call_is_not_started_again(void **state) {
    two_worlds two;
    event_book book = {0};
    (void)state;
    open_two(&two, 2);
    grille_call *call = open_stream(&two.world, METHOD_SERVER, "hold", NULL, &book);
    (void)hand_channel_step(&two.world.channel);
    grille_endpoint_close(two.world.pair.client, GRILLE_UNAVAILABLE, "lost");
    assert_int_equal(two.world.channel.told, 1);
    assert_true(two.world.channel.facts.never_sent);
    assert_true(two.world.channel.facts.never_processed);
    expect_log(&book, "");
    grille_call_cancel(call);
    hand_channel_run(&two.world.channel);
    expect_log(&book, "dCANCELLED;");
    assert_int_equal(two.world.channel.told, 1);
    close_two(&two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unary_call_starts_again_from_its_request),
        cmocka_unit_test(a_stream_sends_its_first_messages_again),
        cmocka_unit_test(a_stream_that_sent_too_much_is_not_started_again),
        cmocka_unit_test(a_stream_that_was_answered_is_not_started_again),
        cmocka_unit_test(a_caller_may_want_one_attempt),
        cmocka_unit_test(a_cancelled_call_is_not_started_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
