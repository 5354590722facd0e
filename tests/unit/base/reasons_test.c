/* SPDX-License-Identifier: Apache-2.0
 * The table of reasons: each has a name of its own in one alphabet, a status and a text. */
#include "grille/reasons.h"

#include <stdbool.h>
#include <string.h>

#include "cmocka_all.h"

static void test_ok_is_zero(void **state) {
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, 0);
    assert_int_equal(grille_reason_code(GRILLE_REASON_OK), GRILLE_OK);
}

static void test_names_are_unique_and_well_formed(void **state) {
    (void)state;
    for (int i = 0; i < GRILLE_REASON_COUNT; i++) {
        const char *name = grille_reason_name((grille_reason)i);
        assert_true(strlen(name) > 0 && strlen(name) < GRILLE_ERROR_NAME_BYTES);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"), strlen(name));
        assert_true(strlen(grille_reason_text((grille_reason)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, grille_reason_name((grille_reason)j));
    }
}

/* A failure that claims success would be taken for one. */
static void test_only_ok_has_code_ok(void **state) {
    (void)state;
    for (int i = 1; i < GRILLE_REASON_COUNT; i++) {
        assert_int_not_equal(grille_reason_code((grille_reason)i), GRILLE_OK);
        assert_string_not_equal(grille_code_name(grille_reason_code((grille_reason)i)), "UNKNOWN_CODE");
    }
}

static void test_unknown_reason(void **state) {
    (void)state;
    assert_string_equal(grille_reason_name(GRILLE_REASON_COUNT), "UNKNOWN-REASON");
    assert_string_equal(grille_reason_name((grille_reason)-1), "UNKNOWN-REASON");
    assert_int_equal(grille_reason_code((grille_reason)100000), GRILLE_INTERNAL);
}

/* An operator learns of every refusal of evidence and of a bad ground why it is likely and what to do. */
static void reasons_for_operators_have_advice_and_others_none(void **state) {
    (void)state;
    for (int i = 0; i < GRILLE_REASON_COUNT; i++) {
        grille_reason reason = (grille_reason)i;
        bool advised = strncmp(grille_reason_name(reason), "ATTEST-", 7) == 0 ||
                       strncmp(grille_reason_name(reason), "BOOT-", 5) == 0;
        if (advised != (grille_reason_cause(reason)[0] != '\0') || advised != (grille_reason_next(reason)[0] != '\0')) {
            fail_msg("%s: a row of base/advice.h is missing, or one too many", grille_reason_name(reason));
        }
    }
    assert_string_equal(grille_reason_cause((grille_reason)-1), "");
    assert_string_equal(grille_reason_next(GRILLE_REASON_COUNT), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok_is_zero),
        cmocka_unit_test(test_names_are_unique_and_well_formed),
        cmocka_unit_test(test_only_ok_has_code_ok),
        cmocka_unit_test(test_unknown_reason),
        cmocka_unit_test(reasons_for_operators_have_advice_and_others_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
