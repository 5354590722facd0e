/* SPDX-License-Identifier: Apache-2.0
 * Goal: an enclave's identity takes randomness of its NSM before any key is made, and is none without it. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "grille/identity.h"
#include "nsm/nsm.h"

static size_t drawn_bytes;
static bool random_fails, open_fails;
static int open_count;

static grille_reason fake_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    (void)nsm;
    if (random_fails) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "GetRandom: InternalError");
    memset(out, 7, len);
    drawn_bytes += len;
    return GRILLE_REASON_OK;
}

static void fake_close(grille_nsm *nsm) {
    (void)nsm;
    open_count--;
}

static const grille_nsm_functions functions = {.random = fake_random, .close = fake_close};
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
    assert_int_equal(grille_identity_open_nsm(NULL, &identity, &error), code);
    assert_int_equal(error.code, code);
    assert_string_equal(error.name, name);
    if (code == GRILLE_OK) {
        assert_int_equal(grille_identity_get_kind(identity), GRILLE_IDENTITY_NITRO);
        assert_true(drawn_bytes >= 32);
        assert_int_equal(open_count, 1);
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
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_randomness_is_mixed_in),
        cmocka_unit_test(without_it_there_is_no_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
