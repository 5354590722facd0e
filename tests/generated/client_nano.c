/* SPDX-License-Identifier: Apache-2.0
 * Calls with nanopb messages. */
#include <string.h>

#include "everything_nano.h"

static void mirror(grille_channel *channel, const sample *with, const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_mirror_reply reply;
    test_matrix_Everything request;
    everything_nano_fill(&request, with);
    (void)nano_test_matrix_matrix_mirror(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL && everything_nano_is(reply.response, with);
    nano_test_matrix_matrix_mirror_reply_free(&reply);
}

static void mirrored(const nano_test_matrix_matrix_mirror_reply *reply, void *user) {
    outcome *of = user;
    OUTCOME_TAKE(of, reply);
    of->same = reply->response != NULL && everything_nano_is(reply->response, of->expected);
    (void)sem_post(&of->done);
}

static grille_code mirror_async(grille_channel *channel, const sample *with, const grille_call_options *options,
                                outcome *of) {
    test_matrix_Everything request;
    everything_nano_fill(&request, with);
    of->expected = with;
    return nano_test_matrix_matrix_mirror_async(channel, &request, options, mirrored, of, NULL);
}

static void turn(grille_channel *channel, grille_bytes data, const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_turn_reply reply;
    size_t at = 0;
    const test_matrix_Blob request = {.data = data};
    (void)nano_test_matrix_matrix_turn(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL && reply.response->data.len == data.len;
    for (at = 0; of->same && at < data.len; at++)
        of->same = reply.response->data.data[at] == data.data[data.len - 1 - at];
    nano_test_matrix_matrix_turn_reply_free(&reply);
}

static void tell(grille_channel *channel, const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_tell_reply reply;
    const google_protobuf_Empty request = {0};
    (void)nano_test_matrix_matrix_tell(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL;
    nano_test_matrix_matrix_tell_reply_free(&reply);
}

static void fail(grille_channel *channel, uint32_t code, const char *message, grille_bytes details,
                 const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_fail_reply reply;
    const test_matrix_Failure request = {
        .code = code, .message = {(const uint8_t *)message, strlen(message)}, .details = details};
    (void)nano_test_matrix_matrix_fail(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    of->same = reply.response != NULL;
    nano_test_matrix_matrix_fail_reply_free(&reply);
}

static void wait_call(grille_channel *channel, const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_wait_reply reply;
    const google_protobuf_Empty request = {0};
    (void)nano_test_matrix_matrix_wait(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    nano_test_matrix_matrix_wait_reply_free(&reply);
}

static void waited(const nano_test_matrix_matrix_wait_reply *reply, void *user) {
    outcome *of = user;
    OUTCOME_TAKE(of, reply);
    (void)sem_post(&of->done);
}

static grille_code wait_async(grille_channel *channel, const grille_call_options *options, outcome *of,
                              grille_call **call) {
    const google_protobuf_Empty request = {0};
    return nano_test_matrix_matrix_wait_async(channel, &request, options, waited, of, call);
}

static void missing(grille_channel *channel, const grille_call_options *options, outcome *of) {
    nano_test_matrix_matrix_missing_reply reply;
    const google_protobuf_Empty request = {0};
    (void)nano_test_matrix_matrix_missing(channel, &request, options, &reply);
    OUTCOME_TAKE(of, &reply);
    nano_test_matrix_matrix_missing_reply_free(&reply);
}

const matrix_client client_nano = {.name = "nanopb",
                                   .mirror = mirror,
                                   .mirror_async = mirror_async,
                                   .turn = turn,
                                   .tell = tell,
                                   .fail_with = fail,
                                   .wait = wait_call,
                                   .wait_async = wait_async,
                                   .missing = missing};
