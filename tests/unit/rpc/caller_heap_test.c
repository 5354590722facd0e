/* SPDX-License-Identifier: Apache-2.0
 * Goal: once warm, a message of a stream makes no heap call at either end, in either form and direction; counted for
 * the whole process that holds both. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "counted.h"
#include "streaming_service.h"

enum { WARM_UP = 200, MESSAGES = 1000 };

static char text[401];

static void echo_in_callbacks(void **state) {
    streaming_world world;
    event_book book = {0};
    unsigned long before = 0;
    (void)state;
    streaming_world_open(&world, 1);
    grille_call *call = open_stream(&world, METHOD_BIDI, NULL, NULL, &book);
    for (int i = 0; i < WARM_UP + MESSAGES; i++) {
        if (i == WARM_UP) before = atomic_load(&counted.heap);
        assert_int_equal(send_text(call, text), GRILLE_OK);
        hand_channel_run(&world.channel);
    }
    assert_int_equal(atomic_load(&counted.heap) - before, 0);
    assert_int_equal(book.messages, WARM_UP + MESSAGES);
    assert_int_equal(grille_call_half_close(call), GRILLE_OK);
    hand_channel_run(&world.channel);
    assert_int_equal(book.code, GRILLE_OK);
    streaming_world_close(&world);
}

static void echo_in_blocking_form(void **state) {
    const fake_message message = {text};
    const void *answer = NULL;
    streaming_world world;
    grille_call *call = NULL;
    grille_error error;
    grille_reply reply;
    unsigned long before = 0;
    (void)state;
    streaming_world_open(&world, 1);
    assert_int_equal(
        grille_call_begin_stream(&world.channel.base, &streaming_methods[METHOD_BIDI], NULL, NULL, &call, &error),
        GRILLE_OK);
    for (int i = 0; i < WARM_UP + MESSAGES; i++) {
        if (i == WARM_UP) before = atomic_load(&counted.heap);
        assert_int_equal(grille_call_write(call, &message), GRILLE_OK);
        assert_int_equal(grille_call_read(call, &answer), GRILLE_OK);
        assert_string_equal(((const fake_message *)answer)->text, text);
    }
    assert_int_equal(atomic_load(&counted.heap) - before, 0);
    assert_int_equal(grille_call_finish(call, &reply), GRILLE_OK);
    grille_reply_free(&reply);
    streaming_world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_in_callbacks),
        cmocka_unit_test(echo_in_blocking_form),
    };
    memset(text, 'x', sizeof text - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
