/* SPDX-License-Identifier: Apache-2.0 */
#include "call_outcome.h"

#include <string.h>

#include "cmocka_all.h"

void call_keep_reply(grille_call *call, void *user) {
    call_outcome *out = user;
    out->done++;
    grille_client_call_take_reply(call, &out->reply);
    grille_call_unref(call);
}

grille_call *call_start(endpoint_pair *pair, const grille_method *method, const char *text,
                        const grille_call_options *options, call_outcome *out) {
    return call_start_on(pair, pair->client, method, text, options, out);
}

grille_call *call_start_on(endpoint_pair *pair, grille_endpoint *endpoint, const grille_method *method,
                           const char *text, const grille_call_options *options, call_outcome *out) {
    const fake_message message = {text};
    const grille_client_call_request request = {.method = method,
                                                .message = &message,
                                                .options = options,
                                                .max_response_bytes = 4 << 20,
                                                .now_us = pair->now_us,
                                                .done = call_keep_reply,
                                                .user = out};
    grille_call *call = NULL;
    memset(out, 0, sizeof *out);
    assert_int_equal(grille_client_call_new(pair->pool, &request, &call, NULL), GRILLE_OK);
    assert_true(grille_endpoint_start(endpoint, call, pair->now_us));
    return call;
}

void call_expect(const call_outcome *out, grille_code code, const char *text) {
    assert_int_equal(out->done, 1);
    if (out->reply.code != code) {
        fail_msg("code %s, expected %s: %s", grille_code_name(out->reply.code), grille_code_name(code),
                 out->reply.message);
    }
    if (code == GRILLE_OK) {
        assert_string_equal(((const fake_message *)out->reply.response)->text, text);
    } else {
        assert_null(out->reply.response);
        if (strstr(out->reply.message, text) == NULL) fail_msg("\"%s\" lacks \"%s\"", out->reply.message, text);
    }
}
