/* SPDX-License-Identifier: Apache-2.0
 * Calls with protobuf-c messages. */
#include <string.h>

#include "everything_pb.h"

static void mirror(grille_channel *channel, const sample *with, const grille_call_options *options, outcome *of) {
    test_matrix_matrix_mirror_reply reply;
    everything_pb full;
    everything_pb_fill(&full, with);
    (void)test_matrix_matrix_mirror(channel, &full.message, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL && everything_pb_is(reply.response, with);
    test_matrix_matrix_mirror_reply_free(&reply);
}

static void mirrored(const test_matrix_matrix_mirror_reply *reply, void *user) {
    outcome *of = user;
    OUTCOME_TAKE(of, reply);
    of->same = reply->response != NULL && everything_pb_is(reply->response, of->expected);
    (void)sem_post(&of->done);
}

static grille_code mirror_async(grille_channel *channel, const sample *with, const grille_call_options *options,
                                outcome *of) {
    everything_pb full;
    everything_pb_fill(&full, with);
    of->expected = with;
    return test_matrix_matrix_mirror_async(channel, &full.message, options, mirrored, of, NULL);
}

static void turn(grille_channel *channel, grille_bytes data, const grille_call_options *options, outcome *of) {
    test_matrix_matrix_turn_reply reply;
    size_t at = 0;
    Test__Matrix__Blob request = TEST__MATRIX__BLOB__INIT;
    request.data = (ProtobufCBinaryData){.len = data.len, .data = (uint8_t *)(uintptr_t)data.data};
    (void)test_matrix_matrix_turn(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL && reply.response->data.len == data.len;
    for (at = 0; of->same && at < data.len; at++)
        of->same = reply.response->data.data[at] == data.data[data.len - 1 - at];
    test_matrix_matrix_turn_reply_free(&reply);
}

static void tell(grille_channel *channel, const grille_call_options *options, outcome *of) {
    test_matrix_matrix_tell_reply reply;
    const Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
    (void)test_matrix_matrix_tell(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL;
    test_matrix_matrix_tell_reply_free(&reply);
}

static void fail(grille_channel *channel, uint32_t code, const char *message, grille_bytes details,
                 const grille_call_options *options, outcome *of) {
    test_matrix_matrix_fail_reply reply;
    Test__Matrix__Failure request = TEST__MATRIX__FAILURE__INIT;
    request.code = code;
    request.message = (char *)(uintptr_t)message;
    request.details = (ProtobufCBinaryData){.len = details.len, .data = (uint8_t *)(uintptr_t)details.data};
    (void)test_matrix_matrix_fail(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL;
    test_matrix_matrix_fail_reply_free(&reply);
}

static void wait_call(grille_channel *channel, const grille_call_options *options, outcome *of) {
    test_matrix_matrix_wait_reply reply;
    const Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
    (void)test_matrix_matrix_wait(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    test_matrix_matrix_wait_reply_free(&reply);
}

static void waited(const test_matrix_matrix_wait_reply *reply, void *user) {
    outcome *of = user;
    OUTCOME_TAKE(of, reply);
    (void)sem_post(&of->done);
}

static grille_code wait_async(grille_channel *channel, const grille_call_options *options, outcome *of,
                              grille_call **call) {
    const Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
    return test_matrix_matrix_wait_async(channel, &request, options, waited, of, call);
}

static void missing(grille_channel *channel, const grille_call_options *options, outcome *of) {
    test_matrix_matrix_missing_reply reply;
    const Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
    (void)test_matrix_matrix_missing(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    test_matrix_matrix_missing_reply_free(&reply);
}

const matrix_client client_pb = {.name = "protobuf-c",
                                 .mirror = mirror,
                                 .mirror_async = mirror_async,
                                 .turn = turn,
                                 .tell = tell,
                                 .fail_with = fail,
                                 .wait = wait_call,
                                 .wait_async = wait_async,
                                 .missing = missing};
