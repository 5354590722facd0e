/* SPDX-License-Identifier: Apache-2.0
 * Goal: an enclave's identity takes randomness of its NSM before any key is made, and is none without it; it asks for
 * the time, and does without. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "grille/identity.h"
#include "grille/log.h"
#include "nsm/nsm.h"

static size_t drawn_bytes;
static bool random_fails, open_fails;
static int open_count, documents_asked, lines_logged;
static int pcr_that_fails = -1;

static grille_reason fake_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    (void)nsm;
    if (random_fails) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "GetRandom: InternalError");
    memset(out, 7, len);
    drawn_bytes += len;
    return GRILLE_REASON_OK;
}

/* No document: an enclave starts without a time then, and says so. */
static grille_reason fake_attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                                 size_t *len, grille_error *error) {
    (void)nsm;
    (void)document;
    (void)capacity;
    (void)len;
    documents_asked++;
    assert_int_equal(32, request->nonce.len);
    return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "Attestation: InternalError");
}

static void count_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)user;
    assert_int_equal(GRILLE_LOG_WARNING, level);
    assert_string_equal("nsm", module);
    assert_non_null(strstr(line, "no time from the NSM yet: NSM-FAILED: Attestation: InternalError"));
    lines_logged++;
}

static grille_reason fake_describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                       bool *locked, grille_error *error) {
    (void)nsm;
    if (index == pcr_that_fails) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "no such PCR");
    memset(value, index, GRILLE_NSM_PCR_BYTES);
    *locked = true;
    return GRILLE_REASON_OK;
}

static void fake_close(grille_nsm *nsm) {
    (void)nsm;
    open_count--;
}

static const grille_nsm_functions functions = {
    .attest = fake_attest, .random = fake_random, .describe_pcr = fake_describe_pcr, .close = fake_close};
static grille_nsm fake = {.functions = &functions};

/* In place of the linked NSM. */
grille_reason grille_nsm_open(const char *path, grille_nsm **nsm, grille_error *error) {
    (void)path;
    if (open_fails) return grille_error_set(error, GRILLE_REASON_SYSTEM, "cannot open");
    open_count++;
    *nsm = &fake;
    return GRILLE_REASON_OK;
}

static void check(grille_code code, const char *name) {
    grille_identity *identity = (grille_identity *)(void *)&fake;
    grille_error error;
    memset(&error, 'x', sizeof error);
    drawn_bytes = 0;
    documents_asked = lines_logged = 0;
    assert_int_equal(grille_identity_open_nsm(NULL, &identity, &error), code);
    assert_int_equal(error.code, code);
    assert_string_equal(error.name, name);
    if (code == GRILLE_OK) {
        assert_int_equal(grille_identity_get_kind(identity), GRILLE_IDENTITY_NITRO);
        assert_true(drawn_bytes >= 32);
        assert_int_equal(open_count, 1);
        assert_int_equal(1, documents_asked);
        assert_int_equal(1, lines_logged);
        grille_identity_free(identity);
    } else {
        assert_null(identity);
    }
    assert_int_equal(open_count, 0);
}

static void its_randomness_is_mixed_in(void **state) {
    uint8_t before[32], after[32];
    (void)state;
    assert_int_equal(grille_crypto_wolf()->random(before, sizeof before), GRILLE_REASON_OK);
    check(GRILLE_OK, "");
    assert_int_equal(grille_crypto_wolf()->random(after, sizeof after), GRILLE_REASON_OK);
    assert_memory_not_equal(before, after, sizeof before);
}

static void without_it_there_is_no_identity(void **state) {
    (void)state;
    random_fails = true;
    check(GRILLE_UNAVAILABLE, "NSM-FAILED");
    random_fails = false;
    open_fails = true;
    check(GRILLE_UNAVAILABLE, "SYSTEM");
    open_fails = false;
    for (pcr_that_fails = 0; pcr_that_fails < 3; pcr_that_fails++)
        check(GRILLE_UNAVAILABLE, "NSM-FAILED");
    check(GRILLE_OK, "");
    pcr_that_fails = -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_randomness_is_mixed_in),
        cmocka_unit_test(without_it_there_is_no_identity),
    };
    grille_log_set(count_line, NULL, GRILLE_LOG_WARNING);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
