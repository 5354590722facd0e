/* SPDX-License-Identifier: Apache-2.0
 * Handlers with protobuf-c messages. */
#include <string.h>

#include "everything_pb.h"

static grille_code mirror(grille_call *call, const Test__Matrix__Everything *request,
                          Test__Matrix__Everything *response, void *user) {
    (void)user;
    if (everything_pb_find(request) == NULL) return grille_fail(call, GRILLE_DATA_LOSS, "no sample looks like this");
    *response = *request;
    return GRILLE_OK;
}

static grille_code turn(grille_call *call, const Test__Matrix__Blob *request, Test__Matrix__Blob *response,
                        void *user) {
    (void)user;
    if (!turned(call, request->data.data, request->data.len, &response->data.data)) return GRILLE_RESOURCE_EXHAUSTED;
    response->data.len = request->data.len;
    return GRILLE_OK;
}

static grille_code tell(grille_call *call, const Google__Protobuf__Empty *request, Google__Protobuf__Empty *response,
                        void *user) {
    (void)request, (void)response, (void)user;
    return handle_tell(call);
}

static grille_code fail(grille_call *call, const Test__Matrix__Failure *request, Google__Protobuf__Empty *response,
                        void *user) {
    (void)response, (void)user;
    return handle_fail(call, request->code, request->message, strlen(request->message),
                       (grille_bytes){request->details.data, request->details.len});
}

static grille_code wait_call(grille_call *call, const Google__Protobuf__Empty *request,
                             Google__Protobuf__Empty *response, void *user) {
    (void)request, (void)response;
    return handle_wait(call, user);
}

grille_code matrix_register_pb(grille_server *server, matrix_counts *counts, grille_error *error) {
    static const test_matrix_matrix_handlers handlers = {
        .mirror = mirror, .turn = turn, .tell = tell, .fail = fail, .wait = wait_call};
    return test_matrix_matrix_register_with_error(server, &handlers, counts, error);
}
