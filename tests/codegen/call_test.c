/* Generated stubs and handlers of both codecs in one program: protobuf-c calls nanopb and the other way round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acme/v1/cryptor.grille-nano.h"
#include "acme/v1/cryptor.grille-pb.h"
#include "fake_runtime.h"

static int forgotten;

static grille_code decrypt_nano(grille_call *call, const acme_v1_DecryptRequest *request,
                                acme_v1_DecryptResponse *response, void *user) {
    assert_ptr_equal(user, &forgotten);
    if (request->blob.len == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "no %s", "blob");
    assert_int_equal(request->key.has, 1);
    assert_int_equal(request->which_way, acme_v1_DecryptRequest_nonce_tag);
    assert_memory_equal(request->way.nonce.data, "nonce", 5);
    assert_int_equal(request->labels_count, 1);
    assert_memory_equal(request->labels[0].key.data, "one", request->labels[0].key.len);
    assert_int_equal(request->labels[0].value, 1);
    assert_int_equal(request->parts.count, 2);
    response->plain = request->parts.items[1];
    return GRILLE_OK;
}

static grille_code forget_pb(grille_call *call, const Google__Protobuf__Empty *request,
                             Google__Protobuf__Empty *response, void *user) {
    (void)call, (void)request, (void)response, (void)user;
    forgotten++;
    return GRILLE_OK;
}

static const enclave_acme_v1_cryptor_handlers nano_handlers = {.decrypt = decrypt_nano};
static const acme_v1_cryptor_handlers pb_handlers = {.forget = forget_pb};

static int start_nano(void **state) {
    (void)state;
    fake_reset();
    return enclave_acme_v1_cryptor_register(fake_server(), &nano_handlers, &forgotten) != GRILLE_OK;
}

static int start_pb(void **state) {
    (void)state;
    fake_reset();
    forgotten = 0;
    return acme_v1_cryptor_register(fake_server(), &pb_handlers, NULL) != GRILLE_OK;
}

static int stop(void **state) {
    (void)state;
    int held = fake_replies_held();
    fake_reset();
    return held != 0;
}

/* A request with something in every field. */
typedef struct full_request {
    Acme__V1__DecryptRequest message;
    Acme__V1__DecryptRequest__LabelsEntry label;
    Acme__V1__DecryptRequest__LabelsEntry *labels[1];
    ProtobufCBinaryData parts[2];
} full_request;

static void fill(full_request *full) {
    acme__v1__decrypt_request__init(&full->message);
    acme__v1__decrypt_request__labels_entry__init(&full->label);
    full->message.blob = (ProtobufCBinaryData){4, (uint8_t *)"blob"};
    full->message._key_case = ACME__V1__DECRYPT_REQUEST___KEY_KEY;
    full->message.key = "";
    full->message.way_case = ACME__V1__DECRYPT_REQUEST__WAY_NONCE;
    full->message.nonce = (ProtobufCBinaryData){5, (uint8_t *)"nonce"};
    full->label.key = "one";
    full->label.value = 1;
    full->labels[0] = &full->label;
    full->message.n_labels = 1;
    full->message.labels = full->labels;
    full->parts[0] = (ProtobufCBinaryData){0, NULL};
    full->parts[1] = (ProtobufCBinaryData){5, (uint8_t *)"plain"};
    full->message.n_parts = 2;
    full->message.parts = full->parts;
}

static void test_protobuf_c_calls_nanopb(void **state) {
    full_request full;
    acme_v1_cryptor_decrypt_reply reply;
    (void)state;
    fill(&full);
    grille_code code =
        acme_v1_cryptor_decrypt(fake_channel(), &full.message, &GRILLE_CALL_OPTIONS(.timeout_ms = 7), &reply);
    assert_int_equal(code, GRILLE_OK);
    assert_int_equal(reply.code, GRILLE_OK);
    assert_int_equal(reply.response->plain.len, 5);
    assert_memory_equal(reply.response->plain.data, "plain", 5);
    assert_string_equal(fake_last_method()->path, "/acme.v1.Cryptor/Decrypt");
    assert_int_equal(fake_last_timeout_ms(), 7);
    acme_v1_cryptor_decrypt_reply_free(&reply);
    assert_null(reply.response);
    assert_null(reply.owner);
    acme_v1_cryptor_decrypt_reply_free(&reply);
    acme_v1_cryptor_decrypt_reply_free(NULL);
}

static void test_failing_handler(void **state) {
    Acme__V1__DecryptRequest request = ACME__V1__DECRYPT_REQUEST__INIT;
    acme_v1_cryptor_decrypt_reply reply;
    (void)state;
    assert_int_equal(acme_v1_cryptor_decrypt(fake_channel(), &request, NULL, &reply), GRILLE_INVALID_ARGUMENT);
    assert_string_equal(reply.message, "no blob");
    assert_null(reply.response);
    acme_v1_cryptor_decrypt_reply_free(&reply);
}

static void test_handler_that_is_null(void **state) {
    Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
    acme_v1_cryptor_forget_reply reply;
    (void)state;
    assert_int_equal(acme_v1_cryptor_forget(fake_channel(), &request, NULL, &reply), GRILLE_UNIMPLEMENTED);
    assert_string_equal(reply.message, "/acme.v1.Cryptor/Forget is not implemented here");
    acme_v1_cryptor_forget_reply_free(&reply);
}

static void note_reply(const enclave_acme_v1_cryptor_forget_reply *reply, void *user) {
    assert_int_equal(reply->code, GRILLE_OK);
    assert_non_null(reply->response);
    ++*(int *)user;
}

static void test_nanopb_calls_protobuf_c_asynchronously(void **state) {
    google_protobuf_Empty request = {0};
    int delivered = 0;
    grille_call *call = NULL;
    (void)state;
    assert_int_equal(
        enclave_acme_v1_cryptor_forget_async(fake_channel(), &request, NULL, note_reply, &delivered, &call), GRILLE_OK);
    assert_non_null(call);
    assert_int_equal(delivered, 0);
    fake_run();
    assert_int_equal(delivered, 1);
    assert_int_equal(forgotten, 1);
}

static void test_both_codecs_have_one_schema(void **state) {
    const grille_service *pb = &acme_v1_cryptor_service, *nano = &enclave_acme_v1_cryptor_service;
    (void)state;
    assert_string_equal(pb->name, "acme.v1.Cryptor");
    assert_int_equal(pb->id, nano->id);
    assert_memory_equal(pb->schema_digest, nano->schema_digest, sizeof(pb->schema_digest));
    assert_int_equal(pb->method_count, 2);
    for (size_t i = 0; i < pb->method_count; i++) {
        assert_string_equal(pb->methods[i].path, nano->methods[i].path);
        assert_int_equal(pb->methods[i].id, nano->methods[i].id);
        assert_int_equal(pb->methods[i].flags, nano->methods[i].flags);
        assert_int_equal(pb->methods[i].default_timeout_ms, nano->methods[i].default_timeout_ms);
        assert_int_equal(pb->methods[i].max_request_bytes, nano->methods[i].max_request_bytes);
        assert_int_equal(pb->methods[i].max_response_bytes, nano->methods[i].max_response_bytes);
        assert_int_equal(pb->methods[i].identity_kinds, nano->methods[i].identity_kinds);
    }
    assert_int_equal(pb->methods[0].flags, GRILLE_METHOD_OFFLOAD);
    assert_int_equal(pb->methods[0].default_timeout_ms, 500);
    assert_int_equal(pb->methods[1].flags, GRILLE_METHOD_IDEMPOTENT);
    assert_int_equal(pb->methods[0].identity_kinds, 0);
    assert_int_equal(pb->methods[1].max_request_bytes, 1024);
    assert_int_equal(pb->methods[1].max_response_bytes, 2048);
    assert_int_equal(pb->methods[1].identity_kinds, 1u << GRILLE_IDENTITY_NITRO | 1u << GRILLE_IDENTITY_X509);
}

static void test_registration_explains(void **state) {
    grille_error error;
    (void)state;
    assert_int_equal(acme_v1_cryptor_register_with_error(NULL, &pb_handlers, NULL, &error), GRILLE_RESOURCE_EXHAUSTED);
    assert_string_equal(error.text, "no room for acme.v1.Cryptor");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_protobuf_c_calls_nanopb, start_nano, stop),
        cmocka_unit_test_setup_teardown(test_failing_handler, start_nano, stop),
        cmocka_unit_test_setup_teardown(test_handler_that_is_null, start_nano, stop),
        cmocka_unit_test_setup_teardown(test_nanopb_calls_protobuf_c_asynchronously, start_pb, stop),
        cmocka_unit_test(test_both_codecs_have_one_schema),
        cmocka_unit_test_setup_teardown(test_registration_explains, start_pb, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
