/* SPDX-License-Identifier: Apache-2.0
 * Goal: an enclave learns the time from its NSM and from nobody else, and its application's PCRs are in its documents
 * once they are locked. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attest/document.h"
#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "forge.h"
#include "forge_session.h"
#include "nsm/managed.h"
#include "nsm/simulated.h"

enum { MS = 1000, SECOND = 1000 * MS, ASKERS = 4, FIGURE_DOCUMENTS = 200 };

/* The NSM's clock and this machine's, as the test has them. */
static _Atomic grille_wall_ms nsm_ms;
static _Atomic grille_time_us mono_us;

static grille_wall_ms nsm_now(void *user) {
    (void)user;
    return atomic_load(&nsm_ms);
}

static grille_time_us mono_now(void *user) {
    (void)user;
    return atomic_load(&mono_us);
}

static grille_identity *identity;
static grille_error error;

static int setup(void **state) {
    const grille_nsm_managed_options managed_options = {.now = mono_now};
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm *nsm = NULL, *managed = NULL;
    (void)state;
    atomic_store(&nsm_ms, FORGE_NOW_MS);
    atomic_store(&mono_us, 77 * SECOND);
    options.now = nsm_now;
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(&options, &nsm, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_manage(nsm, &managed_options, &managed, &error));
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(managed, &identity, &error));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_identity_free(identity);
    return 0;
}

static void pass(uint32_t nsm_s, uint32_t mono_s) {
    atomic_fetch_add(&nsm_ms, nsm_s * 1000);
    atomic_fetch_add(&mono_us, (grille_time_us)mono_s * SECOND);
}

static uint64_t documents_made(void) {
    grille_nsm_counters counters;
    assert_int_equal(GRILLE_OK, grille_attest_nsm_counters(identity, &counters, &error));
    return counters.application_documents;
}

static void assert_time(uint32_t max_age_s, int64_t expected_s, uint32_t expected_age_s) {
    int64_t time_ms = 0;
    uint32_t age_ms = 1;
    assert_int_equal(GRILLE_OK, grille_attest_time(identity, max_age_s * 1000, &time_ms, &age_ms, &error));
    assert_int_equal(FORGE_NOW_MS + expected_s * 1000, time_ms);
    assert_int_equal(expected_age_s * 1000, age_ms);
}

static void time_is_the_documents_and_has_an_age(void **state) {
    uint64_t before = documents_made();
    (void)state;
    assert_time(10, 0, 0);
    assert_int_equal(before + 1, documents_made());
    pass(7, 5); /* the machine's clock is slow */
    assert_time(10, 5, 5);
    assert_time(5, 5, 5);
    assert_int_equal(before + 1, documents_made());
    assert_time(4, 7, 0);
    assert_int_equal(before + 2, documents_made());
    pass(3600, 3601); /* and fast */
    assert_time(UINT32_MAX / 1000, 3608, 3601);
    assert_time(0, 3608, 0);
    pass(1, 0);
    assert_int_equal(before + 3, documents_made());
    assert_time(0, 3608, 0); /* of this very moment already */
    assert_int_equal(before + 3, documents_made());
}

static void evidence_and_applications_documents_are_samples(void **state) {
    static uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    const grille_bytes none = grille_bytes_of(NULL, 0);
    forge_session session;
    uint64_t made = 0;
    size_t len = 0;
    (void)state;
    assert_time(0, 0, 0);
    pass(20, 10);
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, document,
                                                             sizeof document, &len, &error));
    made = documents_made();
    assert_time(1, 20, 0);
    pass(20, 10);
    assert_int_equal(GRILLE_OK, grille_attest_document(identity, grille_bytes_of_text("mine"), none, none, document,
                                                       sizeof document, &len, &error));
    assert_time(1, 40, 0);
    assert_int_equal(made + 1, documents_made());
}

static void an_nsm_whose_clock_goes_back_tells_no_time(void **state) {
    int64_t time_ms = 1;
    uint32_t age_ms = 1;
    (void)state;
    assert_time(0, 0, 0);
    pass(0, 30);
    atomic_fetch_sub(&nsm_ms, 1);
    assert_int_equal(GRILLE_UNAVAILABLE, grille_attest_time(identity, 1000, &time_ms, &age_ms, &error));
    assert_string_equal("NSM-NO-TIME", error.name);
    assert_non_null(strstr(error.text, "before the one of an earlier document"));
    assert_int_equal(0, time_ms + age_ms);
    assert_time(30, 30, 30);
}

/* What the loop asks: without ever waiting. */
static void a_loop_has_the_time_once_there_is_a_document(void **state) {
    grille_wall_ms now_ms = 0;
    (void)state;
    assert_false(grille_identity_wall_ms(identity, mono_us, &now_ms));
    assert_time(0, 0, 0);
    assert_true(grille_identity_wall_ms(identity, mono_us + 2 * SECOND, &now_ms));
    assert_int_equal(FORGE_NOW_MS + 2000, now_ms);
    assert_time(0, 2, 0); /* never before what was answered */
}

static void *ask_time(void *argument) {
    int64_t time_ms = 0;
    uint32_t age_ms = 1;
    grille_error own_error;
    *(bool *)argument = grille_attest_time(identity, 1000, &time_ms, &age_ms, &own_error) == GRILLE_OK &&
                        time_ms == FORGE_NOW_MS && age_ms == 0;
    return NULL;
}

static void threads_that_ask_at_once_share_a_document(void **state) {
    pthread_t threads[ASKERS];
    bool right[ASKERS] = {false};
    (void)state;
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_time, &right[i]));
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_true(right[i]);
    }
    assert_int_equal(1, documents_made());
}

/* ---- PCRs ---- */

static void read_document(grille_document *document) {
    static uint8_t encoded[GRILLE_ATTEST_DOCUMENT_MAX];
    const grille_bytes none = grille_bytes_of(NULL, 0);
    size_t len = 0;
    assert_int_equal(GRILLE_OK,
                     grille_attest_document(identity, none, none, none, encoded, sizeof encoded, &len, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_document_read(grille_bytes_of(encoded, len), document, &error));
}

static void a_pcr_is_extended_until_it_is_locked_and_then_attested(void **state) {
    uint8_t value[GRILLE_PCR_BYTES], expected[GRILLE_SHA384_BYTES] = {0};
    grille_document document;
    bool locked = true;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_attest_pcr_read(identity, 16, value, &locked, &error));
    assert_false(locked);
    assert_true(grille_bytes_all_zero(grille_bytes_of(value, sizeof value)));
    for (int i = 0; i < 2; i++) {
        const grille_bytes parts[] = {grille_bytes_of(expected, sizeof expected),
                                      grille_bytes_of_text(i == 0 ? "config" : "")};
        uint8_t next[GRILLE_SHA384_BYTES];
        assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA384, parts, 2, next));
        memcpy(expected, next, sizeof expected);
        assert_int_equal(GRILLE_OK, grille_attest_pcr_extend(identity, 16, parts[1], i == 0 ? value : NULL, &error));
        if (i == 0) assert_memory_equal(expected, value, sizeof value);
    }
    read_document(&document);
    assert_int_equal(0xffff, document.pcr_mask);

    assert_int_equal(GRILLE_OK, grille_attest_pcr_lock(identity, 16, &error));
    read_document(&document);
    assert_int_equal(0x1ffff, document.pcr_mask);
    assert_true(grille_bytes_equal(grille_bytes_of(expected, sizeof expected), document.pcrs[16]));
    assert_int_equal(GRILLE_OK, grille_attest_pcr_read(identity, 16, value, NULL, &error));
    assert_memory_equal(expected, value, sizeof value);
    assert_int_equal(GRILLE_OK, grille_attest_pcr_lock(identity, 31, &error));
    read_document(&document);
    assert_int_equal(0x8001ffff, document.pcr_mask);
    assert_true(grille_bytes_all_zero(document.pcrs[31]));
}

static void assert_error(grille_code expected, grille_code code, const char *name, const char *text) {
    assert_int_equal(expected, code);
    assert_string_equal(name, error.name);
    if (strstr(error.text, text) == NULL) fail_msg("%s", error.text);
}

static void what_a_pcr_refuses_is_named(void **state) {
    static const uint8_t long_data[GRILLE_ATTEST_PCR_DATA_MAX + 1];
    const grille_bytes data = grille_bytes_of_text("x");
    uint8_t value[GRILLE_PCR_BYTES];
    bool locked = false;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_attest_pcr_read(identity, 15, value, &locked, &error));
    assert_true(locked);
    assert_int_equal(GRILLE_OK, grille_attest_pcr_lock(identity, 20, &error));
    for (uint16_t index = 0; index < 32; index++) {
        if (index == 16) index = 20;
        if (index == 21) break;
        assert_error(GRILLE_FAILED_PRECONDITION, grille_attest_pcr_extend(identity, index, data, value, &error),
                     "NSM-READ-ONLY-INDEX", "the PCR is locked");
        assert_error(GRILLE_FAILED_PRECONDITION, grille_attest_pcr_lock(identity, index, &error), "NSM-READ-ONLY-INDEX",
                     "LockPCR");
    }
    for (uint32_t index = 32; index <= UINT16_MAX; index = index == 32 ? 256 + 16 : index == 272 ? UINT16_MAX : 65536) {
        const uint16_t bad = (uint16_t)index;
        assert_error(GRILLE_INVALID_ARGUMENT, grille_attest_pcr_read(identity, bad, value, &locked, &error),
                     "NSM-INVALID-INDEX", "expected 0 to 31");
        assert_error(GRILLE_INVALID_ARGUMENT, grille_attest_pcr_extend(identity, bad, data, value, &error),
                     "NSM-INVALID-INDEX", "expected 0 to 31");
        assert_error(GRILLE_INVALID_ARGUMENT, grille_attest_pcr_lock(identity, bad, &error), "NSM-INVALID-INDEX",
                     "expected 0 to 31");
    }
    assert_error(GRILLE_INVALID_ARGUMENT,
                 grille_attest_pcr_extend(identity, 17, grille_bytes_of(long_data, sizeof long_data), value, &error),
                 "BAD-ARGUMENT", "give their hash");
    assert_int_equal(GRILLE_OK, grille_attest_pcr_extend(identity, 17, grille_bytes_of(long_data, sizeof long_data - 1),
                                                         value, &error));
}

static void other_identities_have_no_nsm(void **state) {
    const forge_template about = forge_leaf("leaf", GRILLE_P256, "a.example", NULL);
    const forge_template authority = forge_ca("ca", GRILLE_P256);
    forge_identity ca, leaf;
    const forge_identity *const certificates[] = {&leaf};
    grille_identity *other = NULL;
    uint8_t value[GRILLE_PCR_BYTES];
    grille_nsm_counters counters;
    grille_wall_ms now_ms = 0;
    int64_t time_ms = 0;
    uint32_t age_ms = 0;
    (void)state;
    forge_certificate(&authority, NULL, &ca);
    forge_certificate(&about, &ca, &leaf);
    assert_int_equal(
        GRILLE_OK, grille_identity_load_x509(forge_chain_file(certificates, 1), forge_key_file(&leaf), &other, &error));
#define REFUSED(call) assert_error(GRILLE_FAILED_PRECONDITION, call, "ATTEST-IDENTITY", "kind x509, expected nitro")
    REFUSED(grille_attest_time(other, 0, &time_ms, &age_ms, &error));
    REFUSED(grille_attest_pcr_read(other, 0, value, NULL, &error));
    REFUSED(grille_attest_pcr_extend(other, 16, grille_bytes_of_text("x"), value, &error));
    REFUSED(grille_attest_pcr_lock(other, 16, &error));
    REFUSED(grille_attest_nsm_counters(other, &counters, &error));
    assert_false(grille_identity_wall_ms(other, 1, &now_ms));
    grille_identity_free(other);
    forge_free(&leaf);
    forge_free(&ca);
}

/* ---- Figures ---- */

typedef struct awaited {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done;
} awaited;

static void count_done(void *user) {
    awaited *awaited_jobs = user;
    pthread_mutex_lock(&awaited_jobs->lock);
    awaited_jobs->done++;
    pthread_cond_signal(&awaited_jobs->changed);
    pthread_mutex_unlock(&awaited_jobs->lock);
}

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double per_second_of(grille_nsm *nsm, int count) {
    const grille_nsm_request request = {.nonce = grille_bytes_of_text("nonce")};
    static uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    double started = seconds();
    size_t len = 0;
    for (int i = 0; i < count; i++)
        assert_int_equal(GRILLE_REASON_OK,
                         nsm->functions->attest(nsm, &request, document, sizeof document, &len, &error));
    return count / (seconds() - started);
}

static double per_second_of_jobs(grille_nsm *managed, int count) {
    const grille_nsm_request request = {.nonce = grille_bytes_of_text("nonce")};
    awaited jobs_done = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    grille_nsm_job *jobs[FIGURE_DOCUMENTS];
    double started = seconds();
    for (int i = 0; i < count; i++)
        assert_int_equal(GRILLE_REASON_OK,
                         grille_nsm_attest_later(managed, &request, count_done, &jobs_done, &jobs[i], &error));
    pthread_mutex_lock(&jobs_done.lock);
    while (jobs_done.done < count)
        pthread_cond_wait(&jobs_done.changed, &jobs_done.lock);
    pthread_mutex_unlock(&jobs_done.lock);
    for (int i = 0; i < count; i++)
        grille_nsm_job_free(jobs[i]);
    return count / (seconds() - started);
}

/* Printed, not judged. */
static void documents_per_second(void **state) {
    grille_nsm *nsm = NULL, *managed = NULL;
    double bare = 0, calls = 0, jobs = 0;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(NULL, &nsm, &error));
    (void)per_second_of(nsm, 1); /* makes the chain */
    bare = per_second_of(nsm, FIGURE_DOCUMENTS);
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_manage(nsm, NULL, &managed, &error));
    calls = per_second_of(managed, FIGURE_DOCUMENTS);
    jobs = per_second_of_jobs(managed, FIGURE_DOCUMENTS);
    managed->functions->close(managed);
    print_message("documents per second of the simulated NSM: %.0f bare, %.0f through its thread, %.0f as jobs\n", bare,
                  calls, jobs);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(time_is_the_documents_and_has_an_age),
        CASE(evidence_and_applications_documents_are_samples),
        CASE(an_nsm_whose_clock_goes_back_tells_no_time),
        CASE(a_loop_has_the_time_once_there_is_a_document),
        CASE(threads_that_ask_at_once_share_a_document),
        CASE(a_pcr_is_extended_until_it_is_locked_and_then_attested),
        CASE(what_a_pcr_refuses_is_named),
        CASE(other_identities_have_no_nsm),
        cmocka_unit_test(documents_per_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
