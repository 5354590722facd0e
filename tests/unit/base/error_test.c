/* SPDX-License-Identifier: Apache-2.0
 * grille_error takes code and name from the reason and never overflows. */
#include "base/error.h"

#include <string.h>

#include "cmocka_all.h"

static void test_set(void **state) {
    grille_error error;
    (void)state;
    memset(&error, 0x55, sizeof error);
    assert_int_equal(grille_error_set(&error, GRILLE_REASON_WIRE_LIMIT, "%s is %d", "limit", 7),
                     GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(error.code, GRILLE_RESOURCE_EXHAUSTED);
    assert_string_equal(error.name, "WIRE-LIMIT");
    assert_string_equal(error.text, "limit is 7");
    grille_error_clear(&error);
    assert_int_equal(error.code, GRILLE_OK);
    assert_string_equal(error.name, "");
    assert_string_equal(error.text, "");
}

static void test_long_text_is_cut(void **state) {
    grille_error error;
    char text[2 * GRILLE_ERROR_TEXT_BYTES];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)grille_error_set(&error, GRILLE_REASON_INTERNAL, "%s", text);
    assert_int_equal(strlen(error.text), GRILLE_ERROR_TEXT_BYTES - 1);
}

static void test_default_keeps_a_text_that_is_there(void **state) {
    grille_error error;
    (void)state;
    grille_error_clear(&error);
    assert_int_equal(grille_error_default(&error, GRILLE_REASON_TRUNCATED), GRILLE_REASON_TRUNCATED);
    assert_string_equal(error.name, "TRUNCATED");
    assert_string_equal(error.text, grille_reason_text(GRILLE_REASON_TRUNCATED));
    assert_int_equal(grille_error_default(&error, GRILLE_REASON_INTERNAL), GRILLE_REASON_INTERNAL);
    assert_string_equal(error.name, "TRUNCATED");
}

static void test_null_error(void **state) {
    (void)state;
    grille_error_clear(NULL);
    assert_int_equal(grille_error_set(NULL, GRILLE_REASON_INTERNAL, "x"), GRILLE_REASON_INTERNAL);
    assert_int_equal(grille_error_default(NULL, GRILLE_REASON_INTERNAL), GRILLE_REASON_INTERNAL);
}

/* A name that is cut would be another name. */
static void test_every_name_fits(void **state) {
    (void)state;
    for (int reason = 0; reason < GRILLE_REASON_COUNT; reason++) {
        grille_error error;
        grille_error_clear(&error);
        (void)grille_error_default(&error, (grille_reason)reason);
        assert_string_equal(error.name, grille_reason_name((grille_reason)reason));
        assert_memory_equal(error.text, grille_reason_text((grille_reason)reason),
                            strlen(grille_reason_text((grille_reason)reason)));
        assert_true(strlen(error.text) < sizeof error.text - 1);
    }
}

static void describes_in_one_line(void **state) {
    grille_error error;
    char line[64];
    (void)state;
    grille_error_clear(&error);
    grille_error_describe(&error, line, sizeof line);
    assert_string_equal(line, "");
    (void)grille_error_set(&error, GRILLE_REASON_BUDGET, "%d bytes", 7);
    grille_error_describe(&error, line, sizeof line);
    assert_string_equal(line, "BUDGET: 7 bytes");
    grille_error_describe(&error, line, 9);
    assert_string_equal(line, "BUDGET: ");
}

static void advice_follows_what_was_observed(void **state) {
    grille_error error;
    (void)state;
    (void)grille_error_set(&error, GRILLE_REASON_ATTEST_BUILD_TOO_OLD, "observed %d, expected %d", 1, 2);
    assert_string_equal(error.text, "observed 1, expected 2. Likely an old build still runs. Next: update it");
    (void)grille_error_set(&error, GRILLE_REASON_ATTEST_BUILD_TOO_OLD, "observed 1, expected 2. Likely a joke");
    assert_string_equal(error.text, "observed 1, expected 2. Likely a joke. Next: update it");
    grille_error_clear(&error);
    (void)grille_error_default(&error, GRILLE_REASON_ATTEST_BUILD_TOO_OLD);
    assert_string_equal(error.text, "the peer's build is older than the policy allows. Likely an old build still runs. "
                                    "Next: update it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advice_follows_what_was_observed),
        cmocka_unit_test(describes_in_one_line),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_default_keeps_a_text_that_is_there),
        cmocka_unit_test(test_null_error),
        cmocka_unit_test(test_every_name_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
