/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/defence.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

typedef bool compare_fn(grille_bytes left, grille_bytes right);

static void comparisons_are_exact_and_empty_never_matches(void **state) {
    static compare_fn *const comparisons[] = {grille_defence_binder_matches, grille_defence_key_matches,
                                              grille_defence_nonce_matches,  grille_defence_root_matches,
                                              grille_defence_pcr_matches,    grille_defence_confirm_matches};
    const grille_bytes empty = grille_bytes_of(NULL, 0);
    (void)state;
    for (size_t c = 0; c < sizeof comparisons / sizeof comparisons[0]; c++) {
        uint8_t left[48], right[48];
        grille_bytes l = grille_bytes_of(left, sizeof left), r = grille_bytes_of(right, sizeof right);
        memset(left, 0x5a, sizeof left);
        memset(right, 0x5a, sizeof right);
        assert_true(comparisons[c](l, r));
        for (size_t i = 0; i < sizeof left * 8; i++) {
            right[i / 8] ^= (uint8_t)(1u << i % 8);
            assert_false(comparisons[c](l, r));
            right[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        assert_false(comparisons[c](grille_bytes_of(left, 47), r));
        assert_false(comparisons[c](l, grille_bytes_of(right, 47)));
        assert_false(comparisons[c](empty, r));
        assert_false(comparisons[c](l, empty));
        assert_false(comparisons[c](empty, empty));
    }
}

static void a_key_of_ours_or_none_is_refused(void **state) {
    const grille_bytes ours = grille_bytes_of_text("ours"), theirs = grille_bytes_of_text("they");
    (void)state;
    assert_true(grille_defence_key_is_not_ours(theirs, ours));
    assert_false(grille_defence_key_is_not_ours(ours, ours));
    assert_false(grille_defence_key_is_not_ours(grille_bytes_of(NULL, 0), ours));
}

static void only_a_pcr_with_a_bit_set_is_not_debug(void **state) {
    uint8_t pcr[48] = {0};
    (void)state;
    assert_false(grille_defence_not_debug(grille_bytes_of(NULL, 0)));
    assert_false(grille_defence_not_debug(grille_bytes_of(pcr, sizeof pcr)));
    for (size_t i = 0; i < sizeof pcr; i++) {
        pcr[i] = 0x01;
        assert_true(grille_defence_not_debug(grille_bytes_of(pcr, sizeof pcr)));
        pcr[i] = 0;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_exact_and_empty_never_matches),
        cmocka_unit_test(a_key_of_ours_or_none_is_refused),
        cmocka_unit_test(only_a_pcr_with_a_bit_set_is_not_debug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
