/* SPDX-License-Identifier: Apache-2.0
 * Sums of times stop before "never" instead of wrapping. */
#include "base/time.h"

#include "cmocka_all.h"

static void test_after(void **state) {
    (void)state;
    assert_true(grille_time_after(5, 7) == 12);
    assert_true(grille_time_after(0, GRILLE_TIME_NEVER) == GRILLE_TIME_NEVER - 1);
    assert_true(grille_time_after(GRILLE_TIME_NEVER - 2, 1) == GRILLE_TIME_NEVER - 1);
    assert_true(grille_time_after(GRILLE_TIME_NEVER - 2, 2) == GRILLE_TIME_NEVER - 1);
    assert_true(grille_time_after(GRILLE_TIME_NEVER - 1, UINT64_MAX) == GRILLE_TIME_NEVER - 1);
    assert_true(grille_time_after(GRILLE_TIME_NEVER - 3, 1) == GRILLE_TIME_NEVER - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_after)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
