/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "codec.h"
#include "tests/conformance/conformance.grille-nano.h"

_Static_assert(sizeof(test_conformance_Request) <= sizeof(conf_message), "room for a request");
_Static_assert(sizeof(test_conformance_Response) <= sizeof(conf_message), "room for a response");

static void make_request(conf_message *request, grille_bytes script, grille_bytes data) {
    test_conformance_Request *typed = (void *)request;
    *typed = (test_conformance_Request){.script = script, .data = data};
}

static void make_response(void *response, grille_bytes seen, grille_bytes data) {
    test_conformance_Response *typed = response;
    typed->seen = seen;
    typed->data = data;
}

static void init_response(conf_message *response) {
    test_conformance_Response *typed = (void *)response;
    *typed = (test_conformance_Response){0};
}

static conf_view read_request(const void *request) {
    const test_conformance_Request *typed = request;
    return (conf_view){typed->script, typed->data};
}

static conf_view read_response(const void *response) {
    const test_conformance_Response *typed = response;
    return (conf_view){typed->seen, typed->data};
}

const conf_codec conf_nanopb = {"nanopb",
                                &nano_test_conformance_conformance_service,
                                &nano_test_conformance_unregistered_service,
                                make_request,
                                make_response,
                                init_response,
                                read_request,
                                read_response};
