/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "codec.h"
#include "tests/conformance/conformance.grille-pb.h"

_Static_assert(sizeof(Test__Conformance__Request) <= sizeof(conf_message), "room for a request");
_Static_assert(sizeof(Test__Conformance__Response) <= sizeof(conf_message), "room for a response");

static ProtobufCBinaryData binary(grille_bytes bytes) {
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.data};
}

static void make_request(conf_message *request, grille_bytes script, grille_bytes data) {
    Test__Conformance__Request *typed = (void *)request;
    test__conformance__request__init(typed);
    typed->script = binary(script);
    typed->data = binary(data);
}

static void make_response(void *response, grille_bytes seen, grille_bytes data) {
    Test__Conformance__Response *typed = response;
    typed->seen = binary(seen);
    typed->data = binary(data);
}

static void init_response(conf_message *response) {
    test__conformance__response__init((void *)response);
}

static conf_view read_request(const void *request) {
    const Test__Conformance__Request *typed = request;
    return (conf_view){{typed->script.data, typed->script.len}, {typed->data.data, typed->data.len}};
}

static conf_view read_response(const void *response) {
    const Test__Conformance__Response *typed = response;
    return (conf_view){{typed->seen.data, typed->seen.len}, {typed->data.data, typed->data.len}};
}

const conf_codec conf_protobuf_c = {"protobuf-c",
                                    &test_conformance_conformance_service,
                                    &test_conformance_unregistered_service,
                                    make_request,
                                    make_response,
                                    init_response,
                                    read_request,
                                    read_response};
