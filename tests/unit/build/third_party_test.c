/* Proves the build chain: cmocka runs, and each third-party library links and works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <protobuf-c/protobuf-c.h>
#include <uv.h>
#include <wolfssl/ssl.h>
#include <yaml.h>

static void test_libuv_runs_an_empty_loop(void **state) {
    uv_loop_t loop;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_libyaml_parses(void **state) {
    static const unsigned char text[] = "key: value\n";
    yaml_parser_t parser;
    yaml_document_t document;
    (void)state;
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_string(&parser, text, sizeof text - 1);
    assert_int_equal(yaml_parser_load(&parser, &document), 1);
    assert_int_equal(yaml_document_get_root_node(&document)->type, YAML_MAPPING_NODE);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
}

static void test_protobuf_c_links(void **state) {
    (void)state;
    assert_int_equal(protobuf_c_version_number(), PROTOBUF_C_VERSION_NUMBER);
}

static void test_nanopb_has_32_bit_fields_and_buffers_only(void **state) {
    uint8_t buffer[10];
    uint64_t value = 0;
    pb_ostream_t out = pb_ostream_from_buffer(buffer, sizeof buffer);
    (void)state;
    assert_int_equal(sizeof(pb_size_t), 4);
    assert_true(pb_encode_varint(&out, 1234567));
    pb_istream_t in = pb_istream_from_buffer(buffer, out.bytes_written);
    assert_true(pb_decode_varint(&in, &value));
    assert_int_equal(value, 1234567);
}

static void test_wolfssl_makes_contexts(void **state) {
    (void)state;
    assert_int_equal(wolfSSL_Init(), WOLFSSL_SUCCESS);
    WOLFSSL_CTX *client = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    WOLFSSL_CTX *server = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    assert_non_null(client);
    assert_non_null(server);
    wolfSSL_CTX_free(client);
    wolfSSL_CTX_free(server);
    assert_int_equal(wolfSSL_Cleanup(), WOLFSSL_SUCCESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libuv_runs_an_empty_loop),
        cmocka_unit_test(test_libyaml_parses),
        cmocka_unit_test(test_protobuf_c_links),
        cmocka_unit_test(test_nanopb_has_32_bit_fields_and_buffers_only),
        cmocka_unit_test(test_wolfssl_makes_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
