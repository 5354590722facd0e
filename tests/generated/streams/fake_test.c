/* SPDX-License-Identifier: Apache-2.0
 * Generated fakes: how a caller is tested without its service, and a handler without its callers. Compiled for each
 * message library. */
#include <string.h>

#include "cmocka_all.h"
#include "codec.h"

#ifdef NANO
#include "tests/generated/streams/streams.grille-nano-fake.h"
#define SUM_INIT                                                                                                       \
    { 0 }
#else
#include "tests/generated/streams/streams.grille-pb-fake.h"
#define SUM_INIT TEST__STREAMS__SUM__INIT
#endif

typedef METHOD(fake) streams_fake;

enum { MESSAGES = 200, BYTES = 2000 };

static const grille_call_options *options(void) {
    static grille_call_options with;
    with = grille_call_options_default();
    with.timeout_ms = 20000;
    return &with;
}

static int start(void **state) {
    grille_error error;
    *state = METHOD(fake_new)(&error);
    if (*state == NULL) print_error("%s: %s\n", error.name, error.text);
    return *state == NULL;
}

static int stop(void **state) {
    METHOD(fake_free)(*state);
    return 0;
}

/* Runs a whole call of a kind in blocking form. */
#define CALL_CHAT(name, fake, count, reply, received)                                                                  \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        const item *message = NULL;                                                                                    \
        grille_error why;                                                                                              \
        item_own each;                                                                                                 \
        assert_int_equal(METHOD(name##_begin)(METHOD(fake_channel)(fake), options(), &stream, &why), GRILLE_OK);       \
        for (int sent = 0; sent < (count); sent++) {                                                                   \
            assert_true(CODEC(item_own_fill)(&each, (uint32_t)sent, 10));                                              \
            (void)!METHOD(name##_write)(stream, &each.message);                                                        \
            CODEC(item_own_free)(&each);                                                                               \
        }                                                                                                              \
        (void)!METHOD(name##_half_close)(stream);                                                                      \
        for ((received) = 0; METHOD(name##_read)(stream, &message) == GRILLE_OK; (received)++)                         \
            assert_true(CODEC(item_is)(message, received));                                                            \
        (void)METHOD(name##_finish)(stream, reply);                                                                    \
    } while (0)

#define CALL_COLLECT(name, fake, count, reply)                                                                         \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        grille_error why;                                                                                              \
        item_own each;                                                                                                 \
        assert_int_equal(METHOD(name##_begin)(METHOD(fake_channel)(fake), options(), &stream, &why), GRILLE_OK);       \
        for (int sent = 0; sent < (count); sent++) {                                                                   \
            assert_true(CODEC(item_own_fill)(&each, (uint32_t)sent, 10));                                              \
            assert_int_equal(METHOD(name##_write)(stream, &each.message), GRILLE_OK);                                  \
            CODEC(item_own_free)(&each);                                                                               \
        }                                                                                                              \
        (void)METHOD(name##_finish)(stream, reply);                                                                    \
    } while (0)

#define CALL_SPREAD(name, fake, reply, received)                                                                       \
    do {                                                                                                               \
        METHOD(name##_stream) *stream = NULL;                                                                          \
        const plan request = CODEC(plan_of)(3, 4, 5);                                                                  \
        const item *message = NULL;                                                                                    \
        grille_error why;                                                                                              \
        assert_int_equal(METHOD(name##_begin)(METHOD(fake_channel)(fake), &request, options(), &stream, &why),         \
                         GRILLE_OK);                                                                                   \
        for ((received) = 0; METHOD(name##_read)(stream, &message) == GRILLE_OK; (received)++)                         \
            assert_true(CODEC(item_is)(message, received));                                                            \
        (void)METHOD(name##_finish)(stream, reply);                                                                    \
    } while (0)

static grille_code ask(streams_fake *fake, uint32_t count, METHOD(later_reply) * reply) {
    const plan request = CODEC(plan_of)(count, 0, 0);
    return METHOD(later)(METHOD(fake_channel)(fake), &request, options(), reply);
}

static void test_a_method_that_was_told_nothing(void **state) {
    METHOD(later_reply) reply;
    METHOD(spread_reply) spread_reply;
    uint32_t received = 0;
    assert_int_equal(METHOD(later_fake_calls)(*state), 0);
    assert_null(METHOD(later_fake_request)(*state));
    assert_int_equal(ask(*state, 1, &reply), GRILLE_UNIMPLEMENTED);
    assert_string_equal(reply.message, "nobody told the fake what /test.streams.Streams/Later answers");
    METHOD(later_reply_free)(&reply);
    CALL_SPREAD(spread, *state, &spread_reply, received);
    assert_int_equal(spread_reply.code, GRILLE_UNIMPLEMENTED);
    METHOD(spread_reply_free)(&spread_reply);
}

static void test_a_canned_answer(void **state) {
    METHOD(later_reply) reply;
    sum response = SUM_INIT;
    response.count = 7;
    response.bytes = (uint64_t)1 << 40;
    METHOD(later_fake_answer)(*state, GRILLE_OK, NULL, &response);
    response.count = 8; /* it was copied */
    for (uint32_t at = 1; at <= 3; at++) {
        assert_int_equal(ask(*state, at, &reply), GRILLE_OK);
        assert_int_equal(reply.response->count, 7);
        assert_true(reply.response->bytes == (uint64_t)1 << 40);
        METHOD(later_reply_free)(&reply);
        assert_int_equal(METHOD(later_fake_calls)(*state), at);
        assert_int_equal(METHOD(later_fake_request)(*state)->count, at);
    }
    METHOD(later_fake_answer)(*state, GRILLE_OK, NULL, NULL);
    assert_int_equal(ask(*state, 1, &reply), GRILLE_OK);
    assert_int_equal(reply.response->count, 0);
    METHOD(later_reply_free)(&reply);
    METHOD(later_fake_answer)(*state, GRILLE_NOT_FOUND, "nothing there: 100 %s", NULL);
    assert_int_equal(ask(*state, 1, &reply), GRILLE_NOT_FOUND);
    assert_string_equal(reply.message, "nothing there: 100 %s");
    METHOD(later_reply_free)(&reply);
}

/* More than fits a window. */
static void test_canned_responses(void **state) {
    static item_own own[MESSAGES];
    const item *responses[MESSAGES];
    METHOD(spread_reply) reply;
    METHOD(spread_slowly_reply) slow_reply;
    uint32_t received = 0;
    for (uint32_t at = 0; at < MESSAGES; at++) {
        assert_true(CODEC(item_own_fill)(&own[at], at, BYTES));
        responses[at] = &own[at].message;
    }
    METHOD(spread_fake_answer)(*state, GRILLE_OUT_OF_RANGE, "that was all", responses, MESSAGES);
    METHOD(spread_slowly_fake_answer)(*state, GRILLE_OK, NULL, responses, MESSAGES);
    for (uint32_t at = 0; at < MESSAGES; at++)
        CODEC(item_own_free)(&own[at]);
    CALL_SPREAD(spread, *state, &reply, received);
    assert_int_equal(received, MESSAGES);
    assert_int_equal(reply.code, GRILLE_OUT_OF_RANGE);
    assert_string_equal(reply.message, "that was all");
    METHOD(spread_reply_free)(&reply);
    CALL_SPREAD(spread_slowly, *state, &slow_reply, received);
    assert_int_equal(received, MESSAGES);
    assert_int_equal(slow_reply.code, GRILLE_OK);
    METHOD(spread_slowly_reply_free)(&slow_reply);
    assert_int_equal(METHOD(spread_fake_request)(*state)->bytes, 4);
    assert_int_equal(METHOD(spread_slowly_fake_request)(*state)->code, 5);
}

static void test_canned_answer_to_a_stream(void **state) {
    METHOD(collect_reply) reply;
    METHOD(collect_slowly_reply) slow_reply;
    sum response = SUM_INIT;
    response.count = 9;
    METHOD(collect_fake_answer)(*state, GRILLE_OK, NULL, &response);
    METHOD(collect_slowly_fake_answer)(*state, GRILLE_ABORTED, "no more", NULL);
    CALL_COLLECT(collect, *state, 3, &reply);
    assert_int_equal(reply.code, GRILLE_OK);
    assert_int_equal(reply.response->count, 9);
    METHOD(collect_reply_free)(&reply);
    CALL_COLLECT(collect_slowly, *state, 5, &slow_reply);
    assert_int_equal(slow_reply.code, GRILLE_ABORTED);
    assert_string_equal(slow_reply.message, "no more");
    METHOD(collect_slowly_reply_free)(&slow_reply);
    assert_int_equal(METHOD(collect_fake_calls)(*state), 1);
    assert_true(CODEC(item_is)(METHOD(collect_fake_request)(*state), 2));
    assert_true(CODEC(item_is)(METHOD(collect_slowly_fake_request)(*state), 4));
}

static void test_canned_both_ways(void **state) {
    METHOD(chat_reply) reply;
    METHOD(chat_slowly_reply) slow_reply;
    item_own own[2];
    uint32_t received = 0;
    assert_true(CODEC(item_own_fill)(&own[0], 0, 5) && CODEC(item_own_fill)(&own[1], 1, 6));
    const item *responses[] = {&own[0].message, &own[1].message};
    METHOD(chat_fake_answer)(*state, GRILLE_OK, NULL, responses, 2);
    METHOD(chat_slowly_fake_answer)(*state, GRILLE_OK, NULL, responses, 2);
    CALL_CHAT(chat, *state, 3, &reply, received);
    assert_int_equal(reply.code, GRILLE_OK);
    assert_int_equal(received, 2);
    METHOD(chat_reply_free)(&reply);
    CALL_CHAT(chat_slowly, *state, 3, &slow_reply, received);
    assert_int_equal(slow_reply.code, GRILLE_OK);
    assert_int_equal(received, 2);
    METHOD(chat_slowly_reply_free)(&slow_reply);
    /* Anything but OK does not wait for the caller. */
    METHOD(chat_fake_answer)(*state, GRILLE_ABORTED, "enough", responses, 1);
    CALL_CHAT(chat, *state, 0, &reply, received);
    assert_int_equal(reply.code, GRILLE_ABORTED);
    assert_int_equal(received, 1);
    METHOD(chat_reply_free)(&reply);
    CODEC(item_own_free)(&own[0]);
    CODEC(item_own_free)(&own[1]);
}

/* ---- handlers of one's own ---- */

static grille_code doubles(grille_call *call, const plan *request, sum *response, void *user) {
    ++*(int *)user;
    if (request->count == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "nothing to double");
    response->count = request->count * 2;
    return GRILLE_OK;
}

static void echo(METHOD(chat_server_stream) * stream, const item *message, void *user) {
    ++*(int *)user;
    assert_int_equal(METHOD(chat_server_send)(stream, message), GRILLE_OK);
}

static void leave(METHOD(chat_server_stream) * stream, void *user) {
    (void)user;
    assert_int_equal(METHOD(chat_server_finish)(stream, GRILLE_OK), GRILLE_OK);
}

static void test_a_handler_of_ones_own(void **state) {
    const METHOD(chat_server_events) events = {.message = echo, .half_close = leave};
    METHOD(later_reply) reply;
    METHOD(chat_reply) chat_reply;
    uint32_t received = 0;
    int calls = 0;
    METHOD(later_fake_handle)(*state, doubles, &calls);
    assert_int_equal(ask(*state, 21, &reply), GRILLE_OK);
    assert_int_equal(reply.response->count, 42);
    METHOD(later_reply_free)(&reply);
    assert_int_equal(ask(*state, 0, &reply), GRILLE_INVALID_ARGUMENT);
    assert_string_equal(reply.message, "nothing to double");
    METHOD(later_reply_free)(&reply);
    METHOD(chat_fake_handle)(*state, &events, &calls);
    CALL_CHAT(chat, *state, 4, &chat_reply, received);
    assert_int_equal(chat_reply.code, GRILLE_OK);
    assert_int_equal(received, 4);
    METHOD(chat_reply_free)(&chat_reply);
    assert_int_equal(calls, 6);
    assert_true(CODEC(item_is)(METHOD(chat_fake_request)(*state), 3));
    /* And back to a canned one. */
    METHOD(later_fake_answer)(*state, GRILLE_DATA_LOSS, NULL, NULL);
    assert_int_equal(ask(*state, 21, &reply), GRILLE_DATA_LOSS);
    METHOD(later_reply_free)(&reply);
    assert_int_equal(METHOD(later_fake_calls)(*state), 3);
}

/* ---- handlers under test, called by whoever the test says ---- */

static grille_code who(grille_call *call, const plan *request, sum *response, void *user) {
    const grille_peer_identity *peer = grille_peer(call);
    (void)request, (void)user;
    if (peer->kind != GRILLE_IDENTITY_NITRO) return grille_fail(call, GRILLE_PERMISSION_DENIED, "%s", peer->name);
    response->count = peer->pcrs[0][0];
    return GRILLE_OK;
}

static void test_a_handler_and_its_caller(void **state) {
    static const METHOD(handlers) handlers = {.later = who};
    static grille_peer_identity caller = {.kind = GRILLE_IDENTITY_NITRO, .pcr_mask = 1, .pcrs = {{33}}};
    METHOD(later_reply) reply;
    METHOD(collect_reply) collect_reply;
    grille_error error;
    (void)state;
    for (int at = 0; at < 2; at++) {
        streams_fake *fake = METHOD(fake_serving)(&handlers, NULL, at == 0 ? &caller : NULL, &error);
        assert_non_null(fake);
        assert_int_equal(ask(fake, 1, &reply), at == 0 ? GRILLE_OK : GRILLE_PERMISSION_DENIED);
        if (at == 0) assert_int_equal(reply.response->count, 33);
        if (at == 1) assert_string_equal(reply.message, "spiffe://test/caller");
        METHOD(later_reply_free)(&reply);
        CALL_COLLECT(collect, fake, 0, &collect_reply);
        assert_int_equal(collect_reply.code, GRILLE_UNIMPLEMENTED);
        METHOD(collect_reply_free)(&collect_reply);
        assert_int_equal(METHOD(later_fake_calls)(fake), 1);
        METHOD(fake_free)(fake);
    }
    METHOD(fake_free)(NULL);
}

static void test_a_response_that_can_not_be_encoded(void **state) {
    METHOD(spread_reply) reply;
    item broken;
    const item *responses[] = {&broken};
    uint32_t received = 0;
    memset(&broken, 0, sizeof broken);
#ifdef NANO
    broken.data.len = 3;
#else
    test__streams__item__init(&broken);
    broken.data.len = 3;
#endif
    METHOD(spread_fake_answer)(*state, GRILLE_OK, NULL, responses, 1);
    CALL_SPREAD(spread, *state, &reply, received);
    assert_int_equal(received, 0);
    assert_int_equal(reply.code, GRILLE_INTERNAL);
    assert_non_null(strstr(reply.message, "the fake's response 0 for /test.streams.Streams/Spread: "));
    METHOD(spread_reply_free)(&reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_method_that_was_told_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_a_canned_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_canned_responses, start, stop),
        cmocka_unit_test_setup_teardown(test_canned_answer_to_a_stream, start, stop),
        cmocka_unit_test_setup_teardown(test_canned_both_ways, start, stop),
        cmocka_unit_test_setup_teardown(test_a_handler_of_ones_own, start, stop),
        cmocka_unit_test(test_a_handler_and_its_caller),
        cmocka_unit_test_setup_teardown(test_a_response_that_can_not_be_encoded, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
