/* SPDX-License-Identifier: Apache-2.0
 * Handlers with nanopb messages. */
#include "everything_nano.h"

static grille_code mirror(grille_call *call, const test_matrix_Everything *request, test_matrix_Everything *response,
                          void *user) {
    (void)user;
    if (everything_nano_find(request) == NULL) return grille_fail(call, GRILLE_DATA_LOSS, "no sample looks like this");
    *response = *request;
    return GRILLE_OK;
}

static grille_code turn(grille_call *call, const test_matrix_Blob *request, test_matrix_Blob *response, void *user) {
    uint8_t *out = NULL;
    (void)user;
    if (!turned(call, request->data.data, request->data.len, &out)) return GRILLE_RESOURCE_EXHAUSTED;
    response->data = (grille_bytes){out, request->data.len};
    return GRILLE_OK;
}

static grille_code tell(grille_call *call, const google_protobuf_Empty *request, google_protobuf_Empty *response,
                        void *user) {
    (void)request, (void)response, (void)user;
    return handle_tell(call);
}

static grille_code fail(grille_call *call, const test_matrix_Failure *request, google_protobuf_Empty *response,
                        void *user) {
    (void)response, (void)user;
    return handle_fail(call, request->code, (const char *)request->message.data, request->message.len,
                       request->details);
}

static grille_code wait_call(grille_call *call, const google_protobuf_Empty *request, google_protobuf_Empty *response,
                             void *user) {
    (void)request, (void)response;
    return handle_wait(call, user);
}

grille_code matrix_register_nano(grille_server *server, matrix_counts *counts, grille_error *error) {
    static const nano_test_matrix_matrix_handlers handlers = {
        .mirror = mirror, .turn = turn, .tell = tell, .fail = fail, .wait = wait_call};
    return nano_test_matrix_matrix_register_with_error(server, &handlers, counts, error);
}
