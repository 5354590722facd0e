/* SPDX-License-Identifier: Apache-2.0
 * Goal: the time is that of the newest document of our own NSM and never runs backwards; no other document moves it. */
#include "attest/trusted_clock.h"

#include <pthread.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "forge_document.h"
#include "nsm/managed.h"

enum { MS = 1000, READERS = 3, READS = 20000 };

static forge_chain chain;
static grille_trusted_clock trusted;
static uint8_t nonce[32];

static int make_chain(void **state) {
    forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    return 0;
}

static int free_chain(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

static int setup(void **state) {
    (void)state;
    memset(nonce, 0x55, sizeof nonce);
    grille_trusted_clock_init(&trusted);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_trusted_clock_deinit(&trusted);
    return 0;
}

static grille_nsm_request asked(void) {
    return (grille_nsm_request){.user_data = grille_bytes_of_text("use"),
                                .nonce = grille_bytes_of(nonce, sizeof nonce),
                                .public_key = grille_bytes_of_text("key")};
}

/* The answer to `asked`, right but for what the caller changes. */
static forge_document answer(uint64_t timestamp_ms) {
    forge_document document;
    forge_document_init(&document, &chain);
    document.timestamp_ms = timestamp_ms;
    document.user_data = asked().user_data;
    document.nonce = asked().nonce;
    document.public_key = asked().public_key;
    return document;
}

static grille_reason take(const forge_document *document, grille_time_us done_us, grille_error *error) {
    const grille_nsm_request request = asked();
    return grille_trusted_clock_take(&trusted, &request, forge_document_sign(document, &chain), done_us, error);
}

static void sample(uint64_t timestamp_ms, grille_time_us done_us) {
    forge_document document = answer(timestamp_ms);
    grille_error error;
    assert_int_equal(GRILLE_REASON_OK, take(&document, done_us, &error));
}

static void assert_time(grille_time_us now_us, grille_wall_ms expected_ms) {
    grille_wall_ms now_ms = 0;
    assert_true(grille_trusted_clock_read(&trusted, now_us, &now_ms));
    assert_int_equal(expected_ms, now_ms);
}

static void assert_age(grille_time_us now_us, uint64_t expected_us) {
    uint64_t age_us = 0;
    assert_true(grille_trusted_clock_age(&trusted, now_us, &age_us));
    assert_int_equal(expected_us, age_us);
}

static void without_a_sample_there_is_no_time(void **state) {
    grille_wall_ms now_ms = 0;
    uint64_t age_us = 0;
    (void)state;
    assert_false(grille_trusted_clock_read(&trusted, 5 * MS, &now_ms));
    assert_false(grille_trusted_clock_age(&trusted, 5 * MS, &age_us));
}

static void time_goes_on_from_the_sample(void **state) {
    (void)state;
    sample(FORGE_NOW_MS, 7000 * MS);
    assert_time(7000 * MS, FORGE_NOW_MS);
    assert_time(7000 * MS + 999, FORGE_NOW_MS);
    assert_time(7001 * MS, FORGE_NOW_MS + 1);
    assert_time(93400 * MS, FORGE_NOW_MS + 86400);
    assert_age(93400 * MS, 86400 * MS);
    sample(FORGE_NOW_MS + 86405, 93400 * MS);
    assert_time(93400 * MS, FORGE_NOW_MS + 86405);
    assert_age(93401 * MS, 1 * MS);
    assert_age(93000 * MS, 0);
}

static void time_never_runs_backwards(void **state) {
    grille_wall_ms now_ms = 0;
    (void)state;
    sample(FORGE_NOW_MS, 1000 * MS);
    assert_time(61000 * MS, FORGE_NOW_MS + 60000);
    assert_time(60000 * MS, FORGE_NOW_MS + 60000); /* another thread's slightly older now */
    /* Our monotonic clock ran 10 s ahead of the NSM's: the time waits until the NSM's has caught up. */
    sample(FORGE_NOW_MS + 50000, 61000 * MS);
    assert_time(61000 * MS, FORGE_NOW_MS + 60000);
    assert_time(70000 * MS, FORGE_NOW_MS + 60000);
    assert_time(71000 * MS, FORGE_NOW_MS + 60000);
    assert_time(71001 * MS, FORGE_NOW_MS + 60001);
    assert_false(grille_trusted_clock_read(&trusted, UINT64_MAX, &now_ms));
    assert_time(71001 * MS, FORGE_NOW_MS + 60001);
}

static void assert_refused(const forge_document *document, const char *why) {
    grille_error error;
    assert_int_equal(GRILLE_REASON_NSM_NO_TIME, take(document, 9000 * MS, &error));
    assert_string_equal("NSM-NO-TIME", error.name);
    if (strstr(error.text, why) == NULL) fail_msg("%s", error.text);
    assert_time(1000 * MS, FORGE_NOW_MS);
    assert_age(1000 * MS, 0);
}

static void a_document_that_is_not_the_answer_is_no_sample(void **state) {
    uint8_t other[32] = {0};
    forge_document document;
    (void)state;
    sample(FORGE_NOW_MS, 1000 * MS);
    document = answer(FORGE_NOW_MS + 5000);
    memcpy(other, nonce, sizeof other);
    other[31] ^= 1;
    document.nonce = grille_bytes_of(other, sizeof other);
    assert_refused(&document, "nonce of 32 bytes that is not the one of 32");
    document.nonce = grille_bytes_of(nonce, 31);
    assert_refused(&document, "nonce of 31 bytes");
    document.nonce = grille_bytes_of(NULL, 0);
    assert_refused(&document, "nonce of 0 bytes");
    document = answer(FORGE_NOW_MS + 5000);
    document.user_data = grille_bytes_of_text("usf");
    assert_refused(&document, "another user_data or public_key");
    document = answer(FORGE_NOW_MS + 5000);
    document.public_key = grille_bytes_of(NULL, 0);
    assert_refused(&document, "another user_data or public_key");
}

static void another_modules_document_is_no_sample(void **state) {
    forge_document document = answer(FORGE_NOW_MS + 5000);
    const grille_nsm_request request = asked();
    grille_error error;
    (void)state;
    sample(FORGE_NOW_MS, 1000 * MS);
    document.module_id = FORGE_INSTANCE "-enc0123456789abcdee";
    assert_refused(&document, "expected " FORGE_MODULE);
    assert_int_equal(GRILLE_REASON_NSM_NO_TIME,
                     grille_trusted_clock_check(&trusted, &request, forge_document_sign(&document, &chain), &error));
    document = answer(FORGE_NOW_MS - 1);
    assert_refused(&document, "before the one of an earlier document");
    document = answer(FORGE_NOW_MS);
    assert_int_equal(GRILLE_REASON_OK,
                     grille_trusted_clock_check(&trusted, &request, forge_document_sign(&document, &chain), &error));
    sample(FORGE_NOW_MS, 2000 * MS); /* the same millisecond again */
    assert_age(2000 * MS, 0);
}

static void what_is_no_document_is_no_sample(void **state) {
    forge_document document = answer(FORGE_NOW_MS + 5000);
    const grille_nsm_request request = asked();
    grille_bytes encoded = forge_document_sign(&document, &chain);
    grille_error error;
    (void)state;
    sample(FORGE_NOW_MS, 1000 * MS);
    for (size_t len = 0; len < encoded.len; len++) {
        assert_int_equal(
            GRILLE_REASON_NSM_NO_TIME,
            grille_trusted_clock_take(&trusted, &request, grille_bytes_of(encoded.data, len), 2000 * MS, &error));
    }
    document.nitrotpm = true;
    document.module_id = FORGE_NITROTPM;
    assert_refused(&document, "ATTEST-DOCUMENT-NITROTPM");
    document = answer(UINT64_C(253402300800000));
    assert_refused(&document, "");
    document = answer(0);
    assert_refused(&document, "ATTEST-DOCUMENT-FIELD");
}

/* Readers while samples come that jump back and forth. */
static void *read_often(void *argument) {
    grille_wall_ms before = 0, now_ms = 0;
    bool *went_back = argument;
    for (grille_time_us i = 0; i < READS; i++) {
        if (!grille_trusted_clock_read(&trusted, 1000 * MS + i, &now_ms)) continue;
        if (now_ms < before) *went_back = true;
        before = now_ms;
    }
    return NULL;
}

static void many_threads_see_no_step_back(void **state) {
    pthread_t threads[READERS];
    bool went_back[READERS] = {false};
    (void)state;
    for (int i = 0; i < READERS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, read_often, &went_back[i]));
    for (uint64_t i = 0; i < 20; i++)
        sample(FORGE_NOW_MS + i, (i % 2 == 0 ? 1000 : 5000) * MS);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_false(went_back[i]);
    }
}

/* ---- Of an identity ---- */

static void every_document_of_an_identity_is_a_sample(void **state) {
    forge_nsm nsm;
    grille_identity *identity = NULL;
    const grille_binding binding = {.prover_role = 'R',
                                    .verifier_nonce = grille_bytes_of(nonce, sizeof nonce),
                                    .prover_spki = grille_bytes_of_text("spki"),
                                    .verifier_spki = grille_bytes_of_text("spki")};
    static uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    grille_error error;
    size_t len = 0;
    grille_wall_ms now_ms = 0;
    grille_time_us now_us = 0;
    (void)state;
    forge_nsm_init(&nsm, &chain);
    nsm.document.timestamp_ms = FORGE_NOW_MS;
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&nsm.nsm, &identity, &error));
    now_us = (grille_time_us)1 << 61; /* far after the sample, whenever that is taken */
    assert_false(grille_identity_wall_ms(identity, 1, &now_ms));
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &binding, document,
                                                             sizeof document, &len, &error));
    assert_true(grille_identity_wall_ms(identity, 1, &now_ms));
    assert_true(now_ms <= FORGE_NOW_MS);
    nsm.document.timestamp_ms = FORGE_NOW_MS + 3600000;
    assert_int_equal(GRILLE_OK,
                     grille_attest_document(identity, grille_bytes_of_text("x"), grille_bytes_of(NULL, 0),
                                            grille_bytes_of(NULL, 0), document, sizeof document, &len, &error));
    assert_true(grille_identity_wall_ms(identity, now_us, &now_ms));
    assert_true(now_ms >= FORGE_NOW_MS + 3600000);
    grille_identity_free(identity);
    assert_int_equal(1, nsm.closed);
}

/* An NSM that is managed already stays as it is managed. */
static void a_managed_nsm_is_not_managed_twice(void **state) {
    forge_nsm nsm;
    grille_nsm *managed = NULL;
    grille_identity *identity = NULL;
    grille_nsm_counters counters;
    static uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    grille_error error;
    size_t len = 0;
    (void)state;
    forge_nsm_init(&nsm, &chain);
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_manage(&nsm.nsm, NULL, &managed, &error));
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(managed, &identity, &error));
    assert_int_equal(GRILLE_OK,
                     grille_attest_document(identity, grille_bytes_of_text("x"), grille_bytes_of(NULL, 0),
                                            grille_bytes_of(NULL, 0), document, sizeof document, &len, &error));
    grille_nsm_get_counters(managed, &counters);
    assert_int_equal(1, counters.application_documents);
    grille_identity_free(identity);
    assert_int_equal(1, nsm.closed);
}

/* An NSM that answers with a document for another nonce, or with none at all. */
static forge_nsm honest;

static grille_reason lie(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                         size_t *len, grille_error *error) {
    grille_nsm_request changed = *request;
    (void)nsm;
    changed.nonce = grille_bytes_of(nonce, sizeof nonce);
    return honest.nsm.functions->attest(&honest.nsm, &changed, document, capacity, len, error);
}

static grille_reason honest_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                grille_error *error) {
    (void)nsm;
    return honest.nsm.functions->describe_pcr(&honest.nsm, index, value, locked, error);
}

static void close_nothing(grille_nsm *nsm) {
    (void)nsm;
}

static void time_is_not_taken_from_an_nsm_that_lies_or_fails(void **state) {
    static grille_nsm_functions functions = {.close = close_nothing};
    static grille_nsm liar = {.functions = &functions};
    grille_identity *identity = NULL;
    grille_error error;
    int64_t time_ms = 0;
    uint32_t age_ms = 0;
    grille_wall_ms now_ms = 0;
    (void)state;
    forge_nsm_init(&honest, &chain);
    functions = *honest.nsm.functions;
    functions.attest = lie;
    functions.describe_pcr = honest_pcr;
    functions.close = close_nothing;
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&liar, &identity, &error));
    assert_int_equal(GRILLE_UNAVAILABLE, grille_attest_time(identity, UINT32_MAX, &time_ms, &age_ms, &error));
    assert_string_equal("NSM-NO-TIME", error.name);
    assert_non_null(strstr(error.text, "nonce of 32 bytes that is not the one of 32"));
    assert_false(grille_identity_wall_ms(identity, 1, &now_ms));
    honest.fails = true;
    assert_int_equal(GRILLE_UNAVAILABLE, grille_attest_time(identity, UINT32_MAX, &time_ms, &age_ms, &error));
    assert_string_equal("NSM-FAILED", error.name);
    grille_identity_free(identity);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(without_a_sample_there_is_no_time),
        CASE(time_goes_on_from_the_sample),
        CASE(time_never_runs_backwards),
        CASE(a_document_that_is_not_the_answer_is_no_sample),
        CASE(another_modules_document_is_no_sample),
        CASE(what_is_no_document_is_no_sample),
        CASE(many_threads_see_no_step_back),
        CASE(every_document_of_an_identity_is_a_sample),
        CASE(a_managed_nsm_is_not_managed_twice),
        CASE(time_is_not_taken_from_an_nsm_that_lies_or_fails),
    };
    return cmocka_run_group_tests(tests, make_chain, free_chain);
}
