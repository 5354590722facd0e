/* SPDX-License-Identifier: Apache-2.0
 * CallHeader: no timeout and a timeout of 0 differ; a method id is always there. Headers carry at least one entry. */
#include "wire/call_header.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"

static grille_bytes encode(const grille_call_header *header) {
    uint8_t buffer[1024];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_call_header_write(&writer, header);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_int_equal(grille_written(&writer).len, grille_call_header_size(header));
    return sample_copy(grille_written(&writer));
}

static void round_trip(const grille_call_header *header, const char *hex) {
    grille_call_header decoded;
    grille_bytes encoded = encode(header);
    assert_true(grille_bytes_equal(encoded, sample_hex(hex)));
    assert_int_equal(grille_call_header_decode(encoded, &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.method_id, header->method_id);
    assert_int_equal(decoded.has_timeout, header->has_timeout);
    assert_true(decoded.timeout_us == header->timeout_us);
    assert_int_equal(decoded.metadata.count, header->metadata.count);
    assert_int_equal(decoded.metadata.encoded_bytes, header->metadata.encoded_bytes);
}

static void test_bytes(void **state) {
    grille_call_header header = {.method_id = 0x12345678};
    (void)state;
    round_trip(&header, "0d 78563412");
    header.has_timeout = true;
    round_trip(&header, "0d 78563412 10 00");
    header.timeout_us = 500000;
    round_trip(&header, "0d 78563412 10 a0c21e");
    header.timeout_us = UINT64_MAX;
    round_trip(&header, "0d 78563412 10 ffffffffffffffffff01");
    assert_int_equal(grille_metadata_view_of(sample_hex("7a 06 0a 01 61 12 01 62"), &header.metadata),
                     GRILLE_REASON_OK);
    round_trip(&header, "0d 78563412 10 ffffffffffffffffff01 7a 06 0a 01 61 12 01 62");
    header.has_timeout = false;
    header.timeout_us = 0;
    round_trip(&header, "0d 78563412 7a 06 0a 01 61 12 01 62");
}

static void test_fields_in_any_order(void **state) {
    grille_call_header decoded;
    (void)state;
    assert_int_equal(
        grille_call_header_decode(sample_hex("7a 03 0a 01 61 10 07 18 05 7a 03 0a 01 62 0d 01000000"), &decoded),
        GRILLE_REASON_OK);
    assert_int_equal(decoded.method_id, 1);
    assert_true(decoded.has_timeout && decoded.timeout_us == 7);
    assert_int_equal(decoded.metadata.count, 2);
}

static void test_malformed(void **state) {
    static const char *const rows[] = {
        "",                           /* no method */
        "0d 00000000",                /* method 0 */
        "10 05",                      /* a timeout alone */
        "08 01",                      /* method as varint */
        "0d 010000",                  /* cut */
        "0d 01000000 0d 01000000",    /* method twice */
        "0d 01000000 10 05 10 05",    /* timeout twice */
        "0d 01000000 15 05000000",    /* timeout as fixed32 */
        "0d 01000000 10 85 00",       /* timeout padded */
        "0d 01000000 7a 00",          /* metadata without a key */
        "0d 01000000 7a 03 0a 01 20", /* a blank in a key */
        "0d 01000000 00",             /* trailing */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_call_header decoded = {.method_id = 77};
        assert_int_equal(grille_call_header_decode(sample_hex(rows[i]), &decoded), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(decoded.method_id, 77);
    }
}

static void test_headers(void **state) {
    uint8_t buffer[64];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_bytes encoded = sample_hex("7a 03 0a 01 61 7a 03 0a 01 62");
    grille_metadata_view view = {0};
    (void)state;
    assert_int_equal(grille_headers_decode(encoded, &view), GRILLE_REASON_OK);
    assert_int_equal(view.count, 2);
    grille_headers_write(&writer, &view);
    assert_true(grille_bytes_equal(grille_written(&writer), encoded));
    view.count = 77;
    assert_int_equal(grille_headers_decode(grille_bytes_of(NULL, 0), &view), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(grille_headers_decode(sample_hex("08 01"), &view), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(grille_headers_decode(sample_hex("7a 03 0a 01"), &view), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(view.count, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_fields_in_any_order),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
