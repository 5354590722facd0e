/* SPDX-License-Identifier: Apache-2.0
 * Every attack against the defences as they are built: refused, with its own reason. */
#include "attacks.h"
#include "cmocka_all.h"

static int setup(void **state) {
    (void)state;
    attacks_begin();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    attacks_end();
    return 0;
}

static void each_attack_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < attack_count; i++) {
        if (attacks[i].succeeds()) fail_msg("%s succeeded", attacks[i].name);
        print_message("%s: %s\n", attacks[i].name, attack_last_reason());
        assert_string_equal(attack_last_reason(), attacks[i].reason);
    }
}

static void a_relay_of_x509_evidence_fails_by_its_signature(void **state) {
    (void)state;
    assert_false(attack_relay_of_x509_evidence());
    assert_string_equal(attack_last_reason(), "ATTEST-X509-SIGNATURE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attack_is_refused),
        cmocka_unit_test(a_relay_of_x509_evidence_fails_by_its_signature),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
