/* SPDX-License-Identifier: Apache-2.0
 * StatusHeader: codes 0 to 16, texts in UTF-8, limits. */
#include "wire/status_header.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"
#include "wire/limits.h"

static grille_bytes encode(const grille_status_header *header) {
    static uint8_t buffer[32768];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_status_header_write(&writer, header);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_int_equal(grille_written(&writer).len, grille_status_header_size(header));
    return sample_copy(grille_written(&writer));
}

static void test_bytes(void **state) {
    grille_status_header header = {.code = GRILLE_OK};
    grille_status_header decoded;
    (void)state;
    assert_int_equal(encode(&header).len, 0);
    assert_int_equal(grille_status_header_decode(encode(&header), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.code, GRILLE_OK);
    header.code = GRILLE_NOT_FOUND;
    header.message = grille_bytes_of_text("no \xc3\xbc");
    header.details = grille_bytes_of("\0\xff", 2);
    assert_int_equal(grille_metadata_view_of(sample_hex("7a 06 0a 01 61 12 01 62"), &header.trailers),
                     GRILLE_REASON_OK);
    assert_true(
        grille_bytes_equal(encode(&header), sample_hex("08 05 12 05 6e6f20c3bc 1a 02 00ff 7a 06 0a 01 61 12 01 62")));
    assert_int_equal(grille_status_header_decode(encode(&header), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.code, GRILLE_NOT_FOUND);
    assert_true(grille_bytes_equal(decoded.message, header.message));
    assert_true(grille_bytes_equal(decoded.details, header.details));
    assert_int_equal(decoded.trailers.count, 1);
}

static void test_every_code(void **state) {
    (void)state;
    for (uint8_t code = 0; code < 128; code++) {
        const uint8_t encoded[] = {0x08, code};
        grille_status_header decoded;
        grille_reason reason = grille_status_header_decode(grille_bytes_of(encoded, 2), &decoded);
        assert_int_equal(reason, code <= 16 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
        if (code <= 16) assert_int_equal(decoded.code, code);
    }
}

static grille_reason decode_with(grille_bytes message, grille_bytes details) {
    grille_status_header header = {.code = GRILLE_INTERNAL, .message = message, .details = details};
    grille_status_header decoded;
    return grille_status_header_decode(encode(&header), &decoded);
}

/* Message and details at their limits and one over. */
static void test_limits(void **state) {
    grille_bytes none = {0};
    (void)state;
    assert_int_equal(decode_with(sample_fill('m', GRILLE_LIMIT_STATUS_MESSAGE_BYTES), none), GRILLE_REASON_OK);
    assert_int_equal(decode_with(sample_fill('m', GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1), none),
                     GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(decode_with(none, sample_fill('d', GRILLE_LIMIT_STATUS_DETAILS_BYTES)), GRILLE_REASON_OK);
    assert_int_equal(decode_with(none, sample_fill('d', GRILLE_LIMIT_STATUS_DETAILS_BYTES + 1)),
                     GRILLE_REASON_WIRE_LIMIT);
}

/* Code, message, details and trailers all at their limits: one frame holds them. */
static void test_largest_fits_a_frame(void **state) {
    static uint8_t buffer[GRILLE_LIMIT_METADATA_BYTES];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_metadata_entry entry = {.key = grille_bytes_of_text("k"),
                                   .value = sample_fill('v', GRILLE_LIMIT_METADATA_BYTES - 9)};
    grille_status_header header = {.code = GRILLE_UNAUTHENTICATED,
                                   .message = sample_fill('m', GRILLE_LIMIT_STATUS_MESSAGE_BYTES),
                                   .details = sample_fill('d', GRILLE_LIMIT_STATUS_DETAILS_BYTES)};
    grille_status_header decoded;
    (void)state;
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_written(&writer).len, GRILLE_LIMIT_METADATA_BYTES);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &header.trailers), GRILLE_REASON_OK);
    assert_true(grille_status_header_size(&header) + sizeof(uint16_t) <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
    assert_int_equal(grille_status_header_decode(encode(&header), &decoded), GRILLE_REASON_OK);
}

static void test_malformed(void **state) {
    static const char *const rows[] = {
        "08 11",             /* code 17 */
        "08 e8 07",          /* code 1000 */
        "08 05 08 05",       /* code twice */
        "0d 05000000",       /* code as fixed32 */
        "12 01 ff",          /* no UTF-8 */
        "12 02 c080",        /* an overlong NUL */
        "12 01 00",          /* NUL */
        "12 01 61 12 01 61", /* message twice */
        "1a 00 1a 00",       /* details twice */
        "1a 02 61",          /* cut */
        "7a 01 61",          /* a malformed trailer */
        "0b 0c",             /* a group */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_status_header decoded = {.code = GRILLE_ABORTED};
        assert_int_equal(grille_status_header_decode(sample_hex(rows[i]), &decoded), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(decoded.code, GRILLE_ABORTED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),     cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_largest_fits_a_frame),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
