/* SPDX-License-Identifier: Apache-2.0
 * SETTINGS: every number at, below and above its bounds, and the list of services. */
#include "wire/settings.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"
#include "wire/limits.h"

static grille_bytes encode(const grille_settings *settings, const grille_service_digest *services, size_t count) {
    static uint8_t buffer[32768];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_settings_write(&writer, settings, services, count);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return sample_copy(grille_written(&writer));
}

static void assert_same_numbers(const grille_settings *left, const grille_settings *right) {
    assert_int_equal(left->max_streams, right->max_streams);
    assert_int_equal(left->max_handlers, right->max_handlers);
    assert_int_equal(left->max_message_bytes, right->max_message_bytes);
    assert_int_equal(left->max_metadata_bytes, right->max_metadata_bytes);
    assert_int_equal(left->stream_window_bytes, right->stream_window_bytes);
    assert_int_equal(left->connection_window_bytes, right->connection_window_bytes);
}

static void test_empty_is_the_minimum(void **state) {
    grille_settings minimum = grille_settings_minimum();
    grille_settings decoded;
    (void)state;
    assert_int_equal(grille_settings_decode(grille_bytes_of(NULL, 0), &decoded), GRILLE_REASON_OK);
    assert_same_numbers(&decoded, &minimum);
    assert_int_equal(encode(&minimum, NULL, 0).len, 0);
    assert_int_equal(grille_settings_decode(sample_hex("08 00 10 00 18 00 20 00 28 00 30 00"), &decoded),
                     GRILLE_REASON_OK);
    assert_same_numbers(&decoded, &minimum);
}

static void test_default_passes_and_survives(void **state) {
    grille_settings defaults = grille_settings_default();
    grille_settings decoded;
    (void)state;
    assert_int_equal(grille_settings_check(&defaults), GRILLE_REASON_OK);
    assert_int_equal(grille_settings_decode(encode(&defaults, NULL, 0), &decoded), GRILLE_REASON_OK);
    assert_same_numbers(&decoded, &defaults);
    assert_int_equal(decoded.service_count, 0);
    assert_null(decoded.services_encoded.data);
}

typedef struct bound {
    size_t offset;
    uint32_t least, most;
} bound;

#define BOUND(field, minimum, limit)                                                                                   \
    { offsetof(grille_settings, field), (minimum), (limit) }

static const bound bounds[] = {
    BOUND(max_streams, GRILLE_MINIMUM_STREAMS, GRILLE_LIMIT_STREAMS),
    BOUND(max_handlers, GRILLE_MINIMUM_HANDLERS, GRILLE_LIMIT_HANDLERS),
    BOUND(max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES, GRILLE_LIMIT_MESSAGE_BYTES),
    BOUND(max_metadata_bytes, GRILLE_MINIMUM_METADATA_BYTES, GRILLE_LIMIT_METADATA_BYTES),
    BOUND(stream_window_bytes, GRILLE_MINIMUM_STREAM_WINDOW_BYTES, GRILLE_LIMIT_STREAM_WINDOW_BYTES),
    BOUND(connection_window_bytes, GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES, GRILLE_LIMIT_CONNECTION_WINDOW_BYTES),
};

/* Settings whose field at `offset` is `value`; windows keep their proportion as far as that field lets them. */
static grille_settings with(size_t offset, uint32_t value) {
    grille_settings settings = grille_settings_minimum();
    if (offset == offsetof(grille_settings, stream_window_bytes)) {
        settings.connection_window_bytes = GRILLE_LIMIT_CONNECTION_WINDOW_BYTES;
    }
    memcpy((uint8_t *)&settings + offset, &value, sizeof value);
    return settings;
}

static void check_both(const grille_settings *settings, grille_reason expected) {
    grille_settings decoded;
    assert_int_equal(grille_settings_check(settings), expected);
    assert_int_equal(grille_settings_decode(encode(settings, NULL, 0), &decoded), expected);
    if (expected == GRILLE_REASON_OK) assert_same_numbers(&decoded, settings);
}

static void test_each_number_at_its_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        grille_settings least = with(bounds[i].offset, bounds[i].least);
        grille_settings below = with(bounds[i].offset, bounds[i].least - 1);
        grille_settings most = with(bounds[i].offset, bounds[i].most);
        grille_settings above = with(bounds[i].offset, bounds[i].most + 1);
        grille_settings extreme = with(bounds[i].offset, UINT32_MAX);
        check_both(&least, GRILLE_REASON_OK);
        check_both(&below, GRILLE_REASON_WIRE_LIMIT);
        check_both(&most, GRILLE_REASON_OK);
        check_both(&above, GRILLE_REASON_WIRE_LIMIT);
        check_both(&extreme, GRILLE_REASON_WIRE_LIMIT);
    }
}

static void test_stream_window_is_a_sixteenth(void **state) {
    grille_settings settings = grille_settings_minimum();
    (void)state;
    settings.connection_window_bytes = 2 * 1048576;
    settings.stream_window_bytes = 131072;
    check_both(&settings, GRILLE_REASON_OK);
    settings.stream_window_bytes = 131073;
    check_both(&settings, GRILLE_REASON_WIRE_LIMIT);
    settings.connection_window_bytes = 2 * 1048576 + 16;
    check_both(&settings, GRILLE_REASON_OK);
}

enum { MANY = GRILLE_LIMIT_SERVICES + 1 };
static grille_service_digest many[MANY];
static uint8_t digests[MANY][GRILLE_SCHEMA_DIGEST_BYTES];

static void fill_many(void) {
    for (uint32_t i = 0; i < MANY; i++) {
        memset(digests[i], (int)i, sizeof digests[i]);
        many[i] = (grille_service_digest){.id = 1 + 7 * i, .digest = grille_bytes_of(digests[i], sizeof digests[i])};
    }
}

/* GRILLE_LIMIT_SERVICES, which fit one frame, and one over it. */
static void test_services(void **state) {
    grille_settings settings = grille_settings_default();
    grille_settings decoded = {0};
    grille_bytes encoded = {0};
    grille_service_iterator iterator;
    grille_service_digest service;
    (void)state;
    fill_many();
    settings.max_message_bytes = GRILLE_LIMIT_MESSAGE_BYTES;
    settings.connection_window_bytes = GRILLE_LIMIT_CONNECTION_WINDOW_BYTES;
    encoded = encode(&settings, many, GRILLE_LIMIT_SERVICES);
    assert_true(encoded.len <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
    assert_int_equal(grille_settings_decode(encoded, &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.service_count, GRILLE_LIMIT_SERVICES);
    iterator = grille_settings_services(&decoded);
    for (size_t i = 0; i < GRILLE_LIMIT_SERVICES; i++) {
        assert_true(grille_service_next(&iterator, &service));
        assert_int_equal(service.id, many[i].id);
        assert_true(grille_bytes_equal(service.digest, many[i].digest));
    }
    assert_false(grille_service_next(&iterator, &service));
}

static void test_one_service_too_many(void **state) {
    uint8_t buffer[32768];
    grille_settings minimum = grille_settings_minimum();
    grille_settings decoded = {0};
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    fill_many();
    grille_settings_write(&writer, &minimum, many, MANY);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_LIMIT);
    {
        const grille_bytes parts[] = {encode(&minimum, many, MANY - 1), encode(&minimum, many + MANY - 1, 1)};
        assert_int_equal(grille_settings_decode(sample_join(parts, 2), &decoded), GRILLE_REASON_WIRE_LIMIT);
    }
    assert_int_equal(decoded.service_count, 0);
}

static void test_ids_must_rise_when_written(void **state) {
    uint8_t buffer[1024];
    grille_settings minimum = grille_settings_minimum();
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_service_digest swapped[2];
    (void)state;
    fill_many();
    swapped[0] = many[1];
    swapped[1] = many[0];
    grille_settings_write(&writer, &minimum, swapped, 2);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_WIRE_BAD_MESSAGE);
}

#define DIGEST_HEX "1220 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_malformed(void **state) {
    static const char *const rows[] = {
        "08 20 08 20",                   /* a number twice */
        "0d 20000000",                   /* a number as fixed32 */
        "08",                            /* cut */
        "38 01",                         /* services as varint */
        "3a 00",                         /* a service without id and digest */
        "3a 05 0d 01000000",             /* without digest */
        "3a 22 " DIGEST_HEX,             /* without id */
        "3a 27 0d 00000000 " DIGEST_HEX, /* id 0 */
        "3a 24 08 01 " DIGEST_HEX,       /* id as varint */
        "3a 26 0d 01000000 121f 00112233445566778899aabbccddeeff00112233445566778899aabbccddee",     /* 31 bytes */
        "3a 28 0d 01000000 1221 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", /* 33 bytes */
        "3a 27 0d 01000000 " DIGEST_HEX " 3a 27 0d 01000000 " DIGEST_HEX, /* the same id twice */
        "3a 27 0d 02000000 " DIGEST_HEX " 3a 27 0d 01000000 " DIGEST_HEX, /* ids that fall */
        "3a 2c 0d 01000000 0d 01000000 " DIGEST_HEX,                      /* id twice in one */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_settings decoded;
        memset(&decoded, 0x55, sizeof decoded);
        assert_int_equal(grille_settings_decode(sample_hex(rows[i]), &decoded), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(decoded.max_streams, 0x55555555);
    }
}

static void test_unknown_fields_are_skipped(void **state) {
    grille_settings decoded;
    (void)state;
    assert_int_equal(grille_settings_decode(sample_hex("40 01 3a 29 0d 01000000 " DIGEST_HEX "18 05 08 20"), &decoded),
                     GRILLE_REASON_OK);
    assert_int_equal(decoded.max_streams, 32);
    assert_int_equal(decoded.service_count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_the_minimum),
        cmocka_unit_test(test_default_passes_and_survives),
        cmocka_unit_test(test_each_number_at_its_bounds),
        cmocka_unit_test(test_stream_window_is_a_sixteenth),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_one_service_too_many),
        cmocka_unit_test(test_ids_must_rise_when_written),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_unknown_fields_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
