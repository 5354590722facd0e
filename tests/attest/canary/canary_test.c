/* SPDX-License-Identifier: Apache-2.0
 * Shows that the defences are what stops the attacks: each attack succeeds when the smallest set that stops it is off,
 * and any one of that set stops it alone, with all the others off. */
#include "attacks.h"
#include "canary.h"
#include "cmocka_all.h"

static int setup(void **state) {
    (void)state;
    canary_switch_off(0);
    attacks_begin();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    canary_switch_off(0);
    attacks_end();
    return 0;
}

static void without_their_defences_attacks_succeed(void **state) {
    (void)state;
    for (size_t i = 0; i < attack_count; i++) {
        canary_switch_off(attacks[i].stopped_by);
        if (!attacks[i].succeeds()) fail_msg("%s: stopped by %s", attacks[i].name, attack_last_reason());
    }
}

static void any_one_of_them_is_enough(void **state) {
    (void)state;
    for (size_t i = 0; i < attack_count; i++)
        for (unsigned bit = 1; bit < defence_all; bit <<= 1) {
            if ((attacks[i].stopped_by & bit) == 0) continue;
            canary_switch_off(defence_all & ~bit);
            if (attacks[i].succeeds()) fail_msg("%s: succeeded with defence %#x on", attacks[i].name, bit);
        }
}

static void with_all_of_them_off_all_succeed(void **state) {
    (void)state;
    canary_switch_off(defence_all);
    for (size_t i = 0; i < attack_count; i++)
        if (!attacks[i].succeeds()) fail_msg("%s: stopped by %s", attacks[i].name, attack_last_reason());
}

static void x509_evidence_needs_no_comparison(void **state) {
    (void)state;
    canary_switch_off(defence_all);
    assert_false(attack_relay_of_x509_evidence());
    assert_string_equal(attack_last_reason(), "ATTEST-X509-SIGNATURE");
}

/* The linker has replaced them all, and each is on the way of some attack. */
static void every_defence_is_asked(void **state) {
    (void)state;
    canary_switch_off(defence_all);
    (void)canary_asked();
    for (size_t i = 0; i < attack_count; i++)
        (void)attacks[i].succeeds();
    assert_int_equal(canary_asked(), defence_all);
}

static void with_all_of_them_on_none_succeeds(void **state) {
    (void)state;
    canary_switch_off(0);
    for (size_t i = 0; i < attack_count; i++) {
        if (attacks[i].succeeds()) fail_msg("%s succeeded", attacks[i].name);
        assert_string_equal(attack_last_reason(), attacks[i].reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_their_defences_attacks_succeed), cmocka_unit_test(any_one_of_them_is_enough),
        cmocka_unit_test(with_all_of_them_off_all_succeed),       cmocka_unit_test(every_defence_is_asked),
        cmocka_unit_test(x509_evidence_needs_no_comparison),      cmocka_unit_test(with_all_of_them_on_none_succeeds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
