/* SPDX-License-Identifier: Apache-2.0
 * What the options of a method say holds over a connection: limits of its messages, who may call it. */
#include <string.h>

#include "cmocka_all.h"
#include "party.h"
#include "tests/generated/method_options.grille-nano.h"
#include "tests/generated/method_options.grille-pb.h"

/* 200 bytes of `data`, their tag and length among them, are a request; 300 an answer. */
enum { OVERHEAD = 3, MOST = 1000 };

static uint8_t bytes[MOST];

static grille_code give(grille_call *call, const test_options_Bytes *request, test_options_Bytes *response,
                        void *user) {
    (void)call, (void)user;
    response->data = (grille_bytes){bytes, request->wanted};
    return GRILLE_OK;
}

static grille_code give_each(nano_test_options_options_small_messages_server_stream *stream, void *user) {
    const test_options_Bytes *request = NULL;
    grille_code code = GRILLE_OK;
    (void)user;
    while (code == GRILLE_OK &&
           (code = nano_test_options_options_small_messages_server_read(stream, &request)) == GRILLE_OK) {
        const test_options_Bytes response = {.data = {bytes, request->wanted}};
        code = nano_test_options_options_small_messages_server_write(stream, &response);
    }
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static const nano_test_options_options_handlers handlers = {
    .small = give, .small_messages = give_each, .enclaves_only = give, .certificates_only = give};

static grille_channel *channel;

#define OPTIONS &GRILLE_CALL_OPTIONS(.timeout_ms = 20000)

static Test__Options__Bytes request_of(uint32_t len, uint32_t wanted) {
    Test__Options__Bytes request = TEST__OPTIONS__BYTES__INIT;
    request.wanted = wanted;
    request.data = (ProtobufCBinaryData){len, bytes};
    return request;
}

static const struct {
    uint32_t sent, wanted;
    grille_code code;
    const char *says; /* the limit, and what there was */
} sizes[] = {
    {200 - OVERHEAD, 0, GRILLE_OK, ""},
    {200 - OVERHEAD + 1, 0, GRILLE_RESOURCE_EXHAUSTED, "200"},
    {0, 300 - OVERHEAD, GRILLE_OK, ""},
    {0, 300 - OVERHEAD + 1, GRILLE_RESOURCE_EXHAUSTED, "300"},
};

static void test_limits_of_a_call(void **state) {
    (void)state;
    for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
        const Test__Options__Bytes request = request_of(sizes[at].sent, sizes[at].wanted);
        test_options_options_small_reply reply;
        (void)test_options_options_small(channel, &request, OPTIONS, &reply);
        if (reply.code != sizes[at].code) fail_msg("row %zu: %s: %s", at, grille_code_name(reply.code), reply.message);
        if (strstr(reply.message, sizes[at].says) == NULL) fail_msg("row %zu: %s", at, reply.message);
        test_options_options_small_reply_free(&reply);
    }
}

static void test_limits_of_a_stream(void **state) {
    (void)state;
    for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
        const Test__Options__Bytes good = request_of(1, 1), request = request_of(sizes[at].sent, sizes[at].wanted);
        test_options_options_small_messages_stream *stream = NULL;
        test_options_options_small_messages_reply reply;
        const Test__Options__Bytes *response = NULL;
        grille_error error;
        assert_int_equal(test_options_options_small_messages_begin(channel, OPTIONS, &stream, &error), GRILLE_OK);
        assert_int_equal(test_options_options_small_messages_write(stream, &good), GRILLE_OK);
        assert_int_equal(test_options_options_small_messages_read(stream, &response), GRILLE_OK);
        assert_int_equal(response->data.len, 1);
        (void)!test_options_options_small_messages_write(stream, &request);
        grille_code code = test_options_options_small_messages_read(stream, &response);
        assert_int_equal(code == GRILLE_OK, sizes[at].code == GRILLE_OK);
        (void)test_options_options_small_messages_finish(stream, &reply);
        if (reply.code != sizes[at].code) fail_msg("row %zu: %s: %s", at, grille_code_name(reply.code), reply.message);
        if (strstr(reply.message, sizes[at].says) == NULL) fail_msg("row %zu: %s", at, reply.message);
        test_options_options_small_messages_reply_free(&reply);
    }
}

/* The policy lets this caller call everything. */
static void test_identities(void **state) {
    const Test__Options__Bytes request = request_of(0, 0);
    test_options_options_enclaves_only_reply refused;
    test_options_options_certificates_only_reply taken;
    (void)state;
    assert_int_equal(test_options_options_enclaves_only(channel, &request, OPTIONS, &refused),
                     GRILLE_PERMISSION_DENIED);
    test_options_options_enclaves_only_reply_free(&refused);
    assert_int_equal(test_options_options_certificates_only(channel, &request, OPTIONS, &taken), GRILLE_OK);
    test_options_options_certificates_only_reply_free(&taken);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_of_a_call),
        cmocka_unit_test(test_limits_of_a_stream),
        cmocka_unit_test(test_identities),
    };
    grille_error error;
    party parties;
    if (argc != 2) return 2;
    party_init(&parties, argv[1], "/test.options.Options/*");
    grille_server *server = party_server(&parties);
    party_check(nano_test_options_options_register_with_error(server, &handlers, NULL, &error), &error);
    party_serve(&parties, server, "options");
    channel = party_channel(&parties, grille_server_address(server, 0));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    grille_channel_close(channel);
    grille_server_free(server);
    party_deinit(&parties);
    return failed;
}
