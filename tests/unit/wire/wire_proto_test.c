/* SPDX-License-Identifier: Apache-2.0
 * Our reader and writer of wire.proto against protobuf-c's: the same bytes and the same meaning, both ways, for random
 * messages; and what protobuf-c writes for malformed ones is never read differently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "samples.h"
#include "wire.pb-c.h"
#include "wire/call_header.h"
#include "wire/claims.h"
#include "wire/limits.h"
#include "wire/settings.h"
#include "wire/status_header.h"

enum { ROUNDS = 2000, MOST_ENTRIES = 6, MOST_SERVICES = 8 };

static uint8_t ours[65536];
static uint64_t random_state;

static uint64_t below(uint64_t bound) {
    return prng_below(&random_state, bound);
}

static uint64_t any_u64(void) {
    return prng_next(&random_state) >> below(64);
}

static uint32_t any_u32(void) {
    return (uint32_t)(prng_next(&random_state) >> (32 + below(32)));
}

/* Protobuf-c's messages borrow these samples. */
static ProtobufCBinaryData borrowed(grille_bytes bytes) {
    return (ProtobufCBinaryData){.len = bytes.len, .data = (uint8_t *)(uintptr_t)bytes.data};
}

static grille_bytes bytes_of(const ProtobufCBinaryData *data) {
    return grille_bytes_of(data->data, data->len);
}

static grille_bytes any_bytes(size_t most) {
    uint8_t bytes[300];
    size_t len = below(most + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)prng_next(&random_state);
    return sample_copy(grille_bytes_of(bytes, len));
}

/* Text with a terminator after its length. */
static grille_bytes any_text(const char *alphabet, size_t least, size_t most, const char *suffix) {
    char text[320];
    size_t len = least + below(most - least + 1);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[below(strlen(alphabet))];
    (void)snprintf(text + len, sizeof text - len, "%s", suffix);
    len += strlen(suffix);
    return grille_bytes_of(sample_copy(grille_bytes_of(text, len + 1)).data, len);
}

static const char key_alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz_.-";
static const char printable[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~";

typedef struct any_metadata {
    size_t count;
    grille_bytes keys[MOST_ENTRIES];
    grille_bytes values[MOST_ENTRIES];
    Grille__V1__Metadata entries[MOST_ENTRIES];
    Grille__V1__Metadata *pointers[MOST_ENTRIES];
    grille_metadata_view view; /* of the same, written by us */
} any_metadata;

static void make_metadata(any_metadata *made) {
    grille_writer writer = grille_writer_into(ours, sizeof ours);
    *made = (any_metadata){.count = below(MOST_ENTRIES + 1)};
    for (size_t i = 0; i < made->count; i++) {
        bool binary = below(2) == 0;
        made->keys[i] = any_text(key_alphabet, 1, binary ? 20 : 124, binary ? "-bin" : "x");
        made->values[i] = binary ? any_bytes(200) : any_text(printable, 0, 200, "");
        grille__v1__metadata__init(&made->entries[i]);
        made->entries[i].key = (char *)(uintptr_t)made->keys[i].data;
        made->entries[i].value = borrowed(made->values[i]);
        made->pointers[i] = &made->entries[i];
        grille_metadata_entry_write(&writer, &(grille_metadata_entry){.key = made->keys[i], .value = made->values[i]});
    }
    assert_int_equal(grille_metadata_view_of(sample_copy(grille_written(&writer)), &made->view), GRILLE_REASON_OK);
}

static void assert_same_metadata(const grille_metadata_view *view, const any_metadata *made) {
    grille_metadata_iterator iterator = grille_metadata_iterate(view);
    grille_metadata_entry entry;
    assert_int_equal(view->count, made->count);
    for (size_t i = 0; i < made->count; i++) {
        assert_true(grille_metadata_next(&iterator, &entry));
        assert_true(grille_bytes_equal(entry.key, made->keys[i]));
        assert_true(grille_bytes_equal(entry.value, made->values[i]));
    }
    assert_false(grille_metadata_next(&iterator, &entry));
}

static grille_bytes packed(const ProtobufCMessage *message) {
    grille_bytes room = sample_fill(0, protobuf_c_message_get_packed_size(message));
    assert_int_equal(protobuf_c_message_pack(message, (uint8_t *)(uintptr_t)room.data), room.len);
    return room;
}

static grille_bytes written(const grille_writer *writer) {
    assert_int_equal(grille_writer_end(writer), GRILLE_REASON_OK);
    return grille_written(writer);
}

static void call_header_round(void) {
    any_metadata metadata;
    grille_call_header header = {.method_id = any_u32() | 1, .has_timeout = below(2) == 0};
    grille_call_header decoded;
    Grille__V1__CallHeader theirs = GRILLE__V1__CALL_HEADER__INIT;
    grille_writer writer;
    make_metadata(&metadata);
    header.metadata = metadata.view;
    theirs.method_id = header.method_id;
    if (header.has_timeout) {
        header.timeout_us = below(4) == 0 ? 0 : any_u64();
        theirs.deadline_case = GRILLE__V1__CALL_HEADER__DEADLINE_TIMEOUT_US;
        theirs.timeout_us = header.timeout_us;
    }
    theirs.n_metadata = metadata.count;
    theirs.metadata = metadata.pointers;
    writer = grille_writer_into(ours, sizeof ours);
    grille_call_header_write(&writer, &header);
    assert_true(grille_bytes_equal(written(&writer), packed(&theirs.base)));
    assert_int_equal(grille_call_header_decode(packed(&theirs.base), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.method_id, header.method_id);
    assert_int_equal(decoded.has_timeout, header.has_timeout);
    assert_true(decoded.timeout_us == header.timeout_us);
    assert_same_metadata(&decoded.metadata, &metadata);
}

static void status_header_round(void) {
    any_metadata metadata;
    grille_status_header header = {.code = (grille_code)below(17),
                                   .message = any_text(printable, 0, 200, below(2) ? "" : "gr\xc3\xbc\xc3\x9f dich"),
                                   .details = any_bytes(300)};
    grille_status_header decoded;
    Grille__V1__StatusHeader theirs = GRILLE__V1__STATUS_HEADER__INIT;
    grille_writer writer;
    make_metadata(&metadata);
    header.trailers = metadata.view;
    theirs.code = header.code;
    theirs.message = (char *)(uintptr_t)header.message.data;
    theirs.details = borrowed(header.details);
    theirs.n_trailers = metadata.count;
    theirs.trailers = metadata.pointers;
    writer = grille_writer_into(ours, sizeof ours);
    grille_status_header_write(&writer, &header);
    assert_true(grille_bytes_equal(written(&writer), packed(&theirs.base)));
    assert_int_equal(grille_status_header_decode(packed(&theirs.base), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.code, header.code);
    assert_true(grille_bytes_equal(decoded.message, header.message));
    assert_true(grille_bytes_equal(decoded.details, header.details));
    assert_same_metadata(&decoded.trailers, &metadata);
}

static uint32_t number_or_minimum(uint32_t minimum, uint32_t limit) {
    return below(3) == 0 ? minimum : minimum + (uint32_t)below((uint64_t)limit - minimum + 1);
}

static uint32_t zero_if(uint32_t value, uint32_t minimum) {
    return value == minimum ? 0 : value;
}

static void settings_round(void) {
    grille_settings settings = {
        .max_streams = number_or_minimum(GRILLE_MINIMUM_STREAMS, GRILLE_LIMIT_STREAMS),
        .max_handlers = number_or_minimum(GRILLE_MINIMUM_HANDLERS, GRILLE_LIMIT_HANDLERS),
        .max_message_bytes = number_or_minimum(GRILLE_MINIMUM_MESSAGE_BYTES, GRILLE_LIMIT_MESSAGE_BYTES),
        .max_metadata_bytes = number_or_minimum(GRILLE_MINIMUM_METADATA_BYTES, GRILLE_LIMIT_METADATA_BYTES),
        .stream_window_bytes = number_or_minimum(GRILLE_MINIMUM_STREAM_WINDOW_BYTES, GRILLE_LIMIT_STREAM_WINDOW_BYTES)};
    grille_service_digest services[MOST_SERVICES];
    Grille__V1__ServiceDigest their_services[MOST_SERVICES];
    Grille__V1__ServiceDigest *pointers[MOST_SERVICES];
    size_t service_count = below(MOST_SERVICES + 1);
    grille_settings decoded;
    grille_service_iterator iterator;
    Grille__V1__Settings theirs = GRILLE__V1__SETTINGS__INIT;
    grille_writer writer = grille_writer_into(ours, sizeof ours);
    settings.connection_window_bytes =
        number_or_minimum(16 * settings.stream_window_bytes, GRILLE_LIMIT_CONNECTION_WINDOW_BYTES);
    theirs.max_streams = zero_if(settings.max_streams, GRILLE_MINIMUM_STREAMS);
    theirs.max_handlers = zero_if(settings.max_handlers, GRILLE_MINIMUM_HANDLERS);
    theirs.max_message_bytes = zero_if(settings.max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES);
    theirs.max_metadata_bytes = zero_if(settings.max_metadata_bytes, GRILLE_MINIMUM_METADATA_BYTES);
    theirs.stream_window_bytes = zero_if(settings.stream_window_bytes, GRILLE_MINIMUM_STREAM_WINDOW_BYTES);
    theirs.connection_window_bytes = zero_if(settings.connection_window_bytes, GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES);
    for (size_t i = 0; i < service_count; i++) {
        services[i].id = (i == 0 ? 0 : services[i - 1].id) + 1 + (uint32_t)below(100000000);
        services[i].digest = sample_fill((uint8_t)below(256), GRILLE_SCHEMA_DIGEST_BYTES);
        grille__v1__service_digest__init(&their_services[i]);
        their_services[i].id = services[i].id;
        their_services[i].digest = borrowed(services[i].digest);
        pointers[i] = &their_services[i];
    }
    theirs.n_services = service_count;
    theirs.services = pointers;
    grille_settings_write(&writer, &settings, services, service_count);
    assert_true(grille_bytes_equal(written(&writer), packed(&theirs.base)));
    assert_int_equal(grille_settings_decode(packed(&theirs.base), &decoded), GRILLE_REASON_OK);
    assert_int_equal(decoded.max_streams, settings.max_streams);
    assert_int_equal(decoded.max_handlers, settings.max_handlers);
    assert_int_equal(decoded.max_message_bytes, settings.max_message_bytes);
    assert_int_equal(decoded.max_metadata_bytes, settings.max_metadata_bytes);
    assert_int_equal(decoded.stream_window_bytes, settings.stream_window_bytes);
    assert_int_equal(decoded.connection_window_bytes, settings.connection_window_bytes);
    assert_int_equal(decoded.service_count, service_count);
    iterator = grille_settings_services(&decoded);
    for (size_t i = 0; i < service_count; i++) {
        grille_service_digest service;
        assert_true(grille_service_next(&iterator, &service));
        assert_int_equal(service.id, services[i].id);
        assert_true(grille_bytes_equal(service.digest, services[i].digest));
    }
}

static void claims_round(void) {
    grille_claims claims = {.build = below(4) == 0 ? 0 : any_u64(),
                            .policy_digest =
                                sample_fill((uint8_t)below(256), below(2) ? 0 : GRILLE_POLICY_DIGEST_BYTES),
                            .logs = (grille_feature_state)below(3),
                            .metrics = (grille_feature_state)below(3),
                            .reflection = (grille_feature_state)below(3),
                            .debug = (grille_feature_state)below(3)};
    grille_claims decoded;
    Grille__V1__Claims theirs = GRILLE__V1__CLAIMS__INIT;
    grille_writer writer = grille_writer_into(ours, sizeof ours);
    theirs.build = claims.build;
    theirs.policy_digest = borrowed(claims.policy_digest);
    theirs.logs = (Grille__V1__FeatureState)claims.logs;
    theirs.metrics = (Grille__V1__FeatureState)claims.metrics;
    theirs.reflection = (Grille__V1__FeatureState)claims.reflection;
    theirs.debug = (Grille__V1__FeatureState)claims.debug;
    grille_claims_write(&writer, &claims);
    assert_true(grille_bytes_equal(written(&writer), packed(&theirs.base)));
    assert_int_equal(grille_claims_decode(packed(&theirs.base), &decoded), GRILLE_REASON_OK);
    assert_true(decoded.build == claims.build);
    assert_true(grille_bytes_equal(decoded.policy_digest, claims.policy_digest));
    assert_int_equal(decoded.logs, claims.logs);
    assert_int_equal(decoded.metrics, claims.metrics);
    assert_int_equal(decoded.reflection, claims.reflection);
    assert_int_equal(decoded.debug, claims.debug);
}

static void headers_round(void) {
    any_metadata metadata;
    grille_metadata_view decoded = {0};
    Grille__V1__Headers theirs = GRILLE__V1__HEADERS__INIT;
    grille_writer writer;
    make_metadata(&metadata);
    theirs.n_metadata = metadata.count;
    theirs.metadata = metadata.pointers;
    writer = grille_writer_into(ours, sizeof ours);
    grille_headers_write(&writer, &metadata.view);
    assert_true(grille_bytes_equal(written(&writer), packed(&theirs.base)));
    assert_int_equal(grille_headers_decode(packed(&theirs.base), &decoded),
                     metadata.count > 0 ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_same_metadata(&decoded, &metadata);
}

static void play(void (*round)(void), uint64_t seed) {
    random_state = seed;
    for (int i = 0; i < ROUNDS; i++) {
        round();
        (void)samples_free(NULL);
    }
}

static void test_call_header(void **state) {
    (void)state;
    play(call_header_round, 1);
}

static void test_status_header(void **state) {
    (void)state;
    play(status_header_round, 2);
}

static void test_settings(void **state) {
    (void)state;
    play(settings_round, 3);
}

static void test_claims(void **state) {
    (void)state;
    play(claims_round, 4);
}

static void test_headers(void **state) {
    (void)state;
    play(headers_round, 5);
}

/* Random damage: whatever we accept, protobuf-c accepts too and understands as we do. We may refuse more. */
static size_t accepted;

static void damaged_round(void) {
    static const char *const seeds[] = {"0d 78563412 10 a0c21e 7a 06 0a 01 61 12 01 62 7a 03 0a 01 63",
                                        "0d 01000000 1a 01 61 7a 0a 0a 05 61 2d 62 69 6e 12 01 ff"};
    grille_bytes seed = sample_hex(seeds[below(2)]);
    uint8_t *bytes = (uint8_t *)(uintptr_t)seed.data;
    grille_call_header header;
    Grille__V1__CallHeader *theirs = NULL;
    for (size_t i = below(3); i < 3; i++)
        bytes[below(seed.len)] ^= (uint8_t)(1u << below(8));
    if (grille_call_header_decode(seed, &header) != GRILLE_REASON_OK) return;
    theirs = grille__v1__call_header__unpack(NULL, seed.len, seed.data);
    assert_non_null(theirs);
    accepted++;
    assert_int_equal(theirs->method_id, header.method_id);
    assert_int_equal(theirs->deadline_case == GRILLE__V1__CALL_HEADER__DEADLINE_TIMEOUT_US, header.has_timeout);
    if (header.has_timeout) assert_true(theirs->timeout_us == header.timeout_us);
    assert_int_equal(theirs->n_metadata, header.metadata.count);
    {
        grille_metadata_iterator iterator = grille_metadata_iterate(&header.metadata);
        grille_metadata_entry entry;
        for (size_t i = 0; i < theirs->n_metadata; i++) {
            assert_true(grille_metadata_next(&iterator, &entry));
            assert_true(grille_bytes_equal(entry.key, grille_bytes_of_text(theirs->metadata[i]->key)));
            assert_true(grille_bytes_equal(entry.value, bytes_of(&theirs->metadata[i]->value)));
        }
    }
    grille__v1__call_header__free_unpacked(theirs, NULL);
}

static void test_damaged(void **state) {
    (void)state;
    for (uint64_t seed = 10; seed < 40; seed++)
        play(damaged_round, seed);
    assert_true(accepted > 5000); /* else the test has nothing to compare */
    assert_true(accepted < 55000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_header), cmocka_unit_test(test_status_header), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_claims),      cmocka_unit_test(test_headers),       cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
