/* SPDX-License-Identifier: Apache-2.0
 * Goal: the enclave's handler asks the key service for what its caller says and the pins leave open, and takes a data
 * set whole, in order and under that key, or refuses it. The key service's client is played. */
#include "processing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "examples/kms/records.grille-nano-fake.h"
#include "laboratory.h"
#include "record.h"

enum { SEALED_MOST = 4 };

/* What the played client was asked, and what it answers. */
static struct {
    int calls;
    char dataset[RECORD_DATASET_MAX + 1], wrapped[64];
    uint32_t timeout_ms;
    grille_code code;
    const char *type;
    uint8_t key[64];
    size_t key_len;
    int freed;
} service;

grille_code grille_kms_decrypt(grille_kms *kms, grille_bytes ciphertext, const grille_kms_call_options *options,
                               grille_kms_reply *reply) {
    assert_ptr_equal(kms, &service);
    assert_int_equal(options->size, sizeof *options);
    assert_null(options->key_arn); /* the first of the pinned ones */
    assert_int_equal(options->context_count, 1);
    assert_int_equal(options->context[0].key.len, strlen("dataset"));
    assert_memory_equal(options->context[0].key.data, "dataset", strlen("dataset"));
    assert_true(ciphertext.len < sizeof service.wrapped);
    service.calls++;
    service.timeout_ms = options->timeout_ms;
    (void)snprintf(service.dataset, sizeof service.dataset, "%.*s", (int)options->context[0].value.len,
                   (const char *)options->context[0].value.data);
    (void)snprintf(service.wrapped, sizeof service.wrapped, "%.*s", (int)ciphertext.len, (const char *)ciphertext.data);
    memset(reply, 0, sizeof *reply);
    reply->code = service.code;
    if (service.code == GRILLE_OK) {
        reply->plaintext = (grille_bytes){service.key, service.key_len};
    } else {
        (void)snprintf(reply->error.name, sizeof reply->error.name, "KMS-REFUSED");
        (void)snprintf(reply->error.text, sizeof reply->error.text, "nobody answers");
        (void)snprintf(reply->error_type, sizeof reply->error_type, "%s", service.type);
        (void)snprintf(reply->error_message, sizeof reply->error_message, "not this enclave");
    }
    return service.code;
}

void grille_kms_reply_free(grille_kms_reply *reply) {
    (void)reply;
    service.freed++;
}

/* Four records of the data set "2026-11", sealed in their places. */
typedef struct fixture {
    acme_records_v1_records_fake *fake;
    uint8_t sealed[SEALED_MOST][RECORD_SEALED_MAX];
    size_t lens[SEALED_MOST];
} fixture;

static const char *const lines[SEALED_MOST] = {"Ada,glucose,5.1", "Ben,glucose,4.9", "Cleo,iron,88", ""};

static grille_bytes bytes_of(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    grille_error error;
    assert_non_null(f);
    memset(&service, 0, sizeof service);
    memcpy(service.key, "a key of thirty-two bytes, this", GRILLE_DATA_KEY_BYTES);
    service.key_len = GRILLE_DATA_KEY_BYTES;
    for (uint32_t at = 0; at < SEALED_MOST; at++) {
        const record_place place = {bytes_of("2026-11"), at + 1, at + 1 == SEALED_MOST};
        assert_int_equal(record_seal(service.key, &place, bytes_of(lines[at]), f->sealed[at], &f->lens[at], &error),
                         GRILLE_OK);
    }
    f->fake = acme_records_v1_records_fake_serving(&processing_handlers, &service, NULL, &error);
    assert_non_null(f->fake);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    acme_records_v1_records_fake_free(f->fake);
    free(f);
    return 0;
}

static grille_bytes sealed_of(const fixture *f, size_t at) {
    return (grille_bytes){f->sealed[at], f->lens[at]};
}

/* Sends the first message, unless it is NULL, and records; the reply is the caller's. */
static grille_code send(const fixture *f, const acme_records_v1_ProcessRequest *first, const grille_bytes *records,
                        size_t count, acme_records_v1_records_process_reply *reply) {
    acme_records_v1_records_process_stream *stream = NULL;
    grille_error error;
    grille_code code = acme_records_v1_records_process_begin(
        acme_records_v1_records_fake_channel(f->fake), &GRILLE_CALL_OPTIONS(.timeout_ms = 30000), &stream, &error);
    assert_int_equal(code, GRILLE_OK);
    if (first != NULL) code = acme_records_v1_records_process_write(stream, first);
    for (size_t at = 0; code == GRILLE_OK && at < count; at++) {
        const acme_records_v1_ProcessRequest message = {.record = records[at]};
        code = acme_records_v1_records_process_write(stream, &message);
    }
    return acme_records_v1_records_process_finish(stream, reply);
}

static const acme_records_v1_ProcessRequest good_first = {.dataset = {(const uint8_t *)"2026-11", 7},
                                                          .wrapped_key = {(const uint8_t *)"wrapped", 7}};

static void expect_refused(const fixture *f, const acme_records_v1_ProcessRequest *first, const grille_bytes *records,
                           size_t count, grille_code code, const char *text) {
    acme_records_v1_records_process_reply reply;
    assert_int_equal(send(f, first, records, count, &reply), code);
    assert_string_equal(reply.message, text);
    acme_records_v1_records_process_reply_free(&reply);
}

static void test_a_data_set(void **state) {
    const fixture *f = *state;
    const grille_bytes records[] = {sealed_of(f, 0), sealed_of(f, 1), sealed_of(f, 2), sealed_of(f, 3)};
    static const char expected[] = "test,records,lowest,mean,highest\n"
                                   "glucose,2,4.9,5,5.1\n"
                                   "iron,1,88,88,88\n"
                                   "\n4 records, 1 bad\n"
                                   "record 4: there are fewer than 3 fields: patient,test,value\n";
    uint8_t report[LABORATORY_REPORT_MAX];
    acme_records_v1_records_process_reply reply;
    size_t len = 0;
    grille_error error;
    assert_int_equal(send(f, &good_first, records, 4, &reply), GRILLE_OK);
    assert_int_equal(service.calls, 1);
    assert_int_equal(service.freed, 1);
    assert_string_equal(service.dataset, "2026-11");
    assert_string_equal(service.wrapped, "wrapped");
    assert_in_range(service.timeout_ms, 1, 30000);
    assert_int_equal(record_report_open(service.key, bytes_of("2026-11"), reply.response->report, report, sizeof report,
                                        &len, &error),
                     GRILLE_OK);
    assert_int_equal(len, sizeof expected - 1);
    assert_memory_equal(report, expected, len);
    acme_records_v1_records_process_reply_free(&reply);
}

static void test_what_the_service_refuses(void **state) {
    const fixture *f = *state;
    const grille_bytes records[] = {sealed_of(f, 0)};
    service.code = GRILLE_PERMISSION_DENIED;
    service.type = "AccessDeniedException";
    expect_refused(f, &good_first, records, 1, GRILLE_PERMISSION_DENIED,
                   "no data key: KMS-REFUSED: AccessDeniedException: not this enclave");
    assert_int_equal(service.freed, 1);
    service.type = "";
    expect_refused(f, &good_first, records, 1, GRILLE_PERMISSION_DENIED, "no data key: KMS-REFUSED: nobody answers");
}

static void test_a_key_of_another_length(void **state) {
    const fixture *f = *state;
    const grille_bytes records[] = {sealed_of(f, 0)};
    service.key_len = 31;
    expect_refused(f, &good_first, records, 1, GRILLE_INVALID_ARGUMENT, "the data key has 31 bytes, expected 32");
    service.key_len = 33;
    expect_refused(f, &good_first, records, 1, GRILLE_INVALID_ARGUMENT, "the data key has 33 bytes, expected 32");
}

static void test_another_key(void **state) {
    const fixture *f = *state;
    const grille_bytes records[] = {sealed_of(f, 0), sealed_of(f, 1)};
    service.key[0] ^= 1;
    expect_refused(f, &good_first, records, 2, GRILLE_INVALID_ARGUMENT,
                   "record 1 of data set \"2026-11\" was not sealed with this data key in this place");
}

/* What a caller may leave out, double, move, or bring from elsewhere: every order of up to four records but the one. */
static void test_records_out_of_place(void **state) {
    const fixture *f = *state;
    size_t refused = 0;
    for (size_t count = 1; count <= 4; count++) {
        for (size_t code = 0; code < (size_t)1 << (2 * count); code++) {
            grille_bytes records[4];
            acme_records_v1_records_process_reply reply;
            bool in_order = count == 4;
            for (size_t at = 0; at < count; at++) {
                records[at] = sealed_of(f, code >> (2 * at) & 3);
                in_order = in_order && (code >> (2 * at) & 3) == at;
            }
            const grille_code got = send(f, &good_first, records, count, &reply);
            assert_int_equal(got, in_order ? GRILLE_OK : GRILLE_INVALID_ARGUMENT);
            refused += got != GRILLE_OK;
            acme_records_v1_records_process_reply_free(&reply);
        }
    }
    assert_int_equal(refused, 4 + 16 + 64 + 256 - 1);
    const grille_bytes cut[] = {sealed_of(f, 0), sealed_of(f, 1), sealed_of(f, 2)};
    expect_refused(f, &good_first, cut, 3, GRILLE_INVALID_ARGUMENT,
                   "record 3 of data set \"2026-11\" was not sealed with this data key as the last one");
}

static void test_another_data_set(void **state) {
    const fixture *f = *state;
    const grille_bytes records[] = {sealed_of(f, 0)};
    acme_records_v1_ProcessRequest first = good_first;
    first.dataset = bytes_of("2026-12");
    expect_refused(f, &first, records, 1, GRILLE_INVALID_ARGUMENT,
                   "record 1 of data set \"2026-12\" was not sealed with this data key as the last one");
    assert_string_equal(service.dataset, "2026-12"); /* the service would have refused it before */
}

static void test_first_messages(void **state) {
    static const char text[] = "the first message names a data set and its wrapped key, and has no record";
    static const uint8_t zeros[RECORD_WRAPPED_KEY_MAX + 1];
    const fixture *f = *state;
    acme_records_v1_ProcessRequest first = good_first;
    expect_refused(f, NULL, NULL, 0, GRILLE_INVALID_ARGUMENT, "there is no first message");
    first.dataset.len = 0;
    expect_refused(f, &first, NULL, 0, GRILLE_INVALID_ARGUMENT, text);
    first.dataset = bytes_of("with blank ");
    expect_refused(f, &first, NULL, 0, GRILLE_INVALID_ARGUMENT, text);
    first = good_first;
    first.wrapped_key.len = 0;
    expect_refused(f, &first, NULL, 0, GRILLE_INVALID_ARGUMENT, text);
    first.wrapped_key = (grille_bytes){zeros, sizeof zeros};
    expect_refused(f, &first, NULL, 0, GRILLE_INVALID_ARGUMENT, text);
    first = good_first;
    first.record = sealed_of(f, 0);
    expect_refused(f, &first, NULL, 0, GRILLE_INVALID_ARGUMENT, text);
    assert_int_equal(service.calls, 0);
    expect_refused(f, &good_first, NULL, 0, GRILLE_INVALID_ARGUMENT, "there are no records");
    assert_int_equal(service.calls, 1);
}

static void test_other_messages(void **state) {
    static const uint8_t zeros[RECORD_SEALED_MAX + 1];
    const fixture *f = *state;
    acme_records_v1_records_process_stream *stream = NULL;
    acme_records_v1_records_process_reply reply;
    grille_error error;
    const grille_bytes too_long = {zeros, sizeof zeros};
    const grille_bytes longest = {zeros, sizeof zeros - 1}, shortest = {NULL, 0};
    expect_refused(f, &good_first, &too_long, 1, GRILLE_INVALID_ARGUMENT, "a message has no record, or something else");
    expect_refused(f, &good_first, &longest, 1, GRILLE_INVALID_ARGUMENT,
                   "record 1 of data set \"2026-11\" was not sealed with this data key as the last one");
    expect_refused(f, &good_first, &shortest, 1, GRILLE_INVALID_ARGUMENT,
                   "record 1 of data set \"2026-11\" was not sealed with this data key as the last one");
    /* A second first message. */
    assert_int_equal(
        acme_records_v1_records_process_begin(acme_records_v1_records_fake_channel(f->fake), NULL, &stream, &error),
        GRILLE_OK);
    assert_int_equal(acme_records_v1_records_process_write(stream, &good_first), GRILLE_OK);
    const grille_code written = acme_records_v1_records_process_write(stream, &good_first);
    assert_true(written == GRILLE_OK || written == GRILLE_CLOSED);
    assert_int_equal(acme_records_v1_records_process_finish(stream, &reply), GRILLE_INVALID_ARGUMENT);
    assert_string_equal(reply.message, "a message has no record, or something else");
    acme_records_v1_records_process_reply_free(&reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_data_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_service_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_of_another_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_records_out_of_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_data_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_messages, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
