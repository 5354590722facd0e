/* SPDX-License-Identifier: Apache-2.0
 * Shows that the defences are what stops the attacks: each attack succeeds when the smallest set that stops it is off,
 * and fails when any one of that set is on. */
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

static bool has_canary(const attack *a) {
    return a->stopped_by != NO_DEFENCE && a->stopped_by != DEFENCE(built_out);
}

static void without_their_defences_attacks_succeed(void **state) {
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; attack_at(i) != NULL; i++) {
        const attack *a = attack_at(i);
        if (!has_canary(a)) continue;
        canary_switch_off(a->stopped_by);
        if (attack_succeeds(a)) continue;
        print_message("%s: stopped by %s\n", a->name, attack_last_reason());
        failed++;
    }
    canary_switch_off(0);
    assert_int_equal(failed, 0);
}

static void any_one_of_them_is_enough(void **state) {
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; attack_at(i) != NULL; i++) {
        const attack *a = attack_at(i);
        for (defence_set bit = 1; has_canary(a) && bit < ALL_DEFENCES; bit <<= 1) {
            if ((a->stopped_by & bit) == 0 || a->stopped_by == bit) continue;
            canary_switch_off(a->stopped_by & ~bit);
            if (!attack_succeeds(a)) continue;
            print_message("%s: succeeded with defence %#llx on\n", a->name, (unsigned long long)bit);
            failed++;
        }
    }
    canary_switch_off(0);
    assert_int_equal(failed, 0);
}

/* The linker has replaced them all. */
static void every_defence_is_asked(void **state) {
    (void)state;
    (void)canary_asked();
    for (size_t i = 0; attack_at(i) != NULL; i++)
        if (attack_at(i)->stopped_by != DEFENCE(built_out)) (void)attack_succeeds(attack_at(i));
    assert_int_equal(canary_asked() | DEFENCE(built_out), ALL_DEFENCES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_their_defences_attacks_succeed),
        cmocka_unit_test(any_one_of_them_is_enough),
        cmocka_unit_test(every_defence_is_asked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
