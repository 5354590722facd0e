/* Grille's own builds of wolfSSL and nanopb reach another workspace with their settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pb_decode.h>
#include <wolfssl/ssl.h>

static void test_nanopb_reads_a_varint(void **state) {
    static const uint8_t bytes[] = {0x87, 0xad, 0x4b};
    pb_istream_t in = pb_istream_from_buffer(bytes, sizeof bytes);
    uint64_t value = 0;
    (void)state;
    assert_true(pb_decode_varint(&in, &value));
    assert_int_equal(value, 1234567);
    assert_int_equal(sizeof(pb_size_t), 4);
}

static void test_wolfssl_has_our_settings(void **state) {
    char names[256];
    (void)state;
    assert_int_equal(wolfSSL_get_ciphers(names, sizeof names), WOLFSSL_SUCCESS);
    assert_string_equal(names, "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nanopb_reads_a_varint),
        cmocka_unit_test(test_wolfssl_has_our_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
