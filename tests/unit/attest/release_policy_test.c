/* SPDX-License-Identifier: Apache-2.0
 * What a release build does with roots of development: this test links policy_no_development_root.c in place of the
 * other. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "grille/attest.h"

#define PIN "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"

static void a_policy_with_a_development_root_is_refused(void **state) {
    static const char text[] = "peers:\n- name: a\n  kind: nitro\n  pcr0: " PIN "\n"
                               "insecure_development_root: root.pem\n";
    grille_policy *policy = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_policy_parse(grille_bytes_of_text(text), "p.yaml", "/", &policy, &error));
    assert_null(policy);
    assert_string_equal("POLICY-DEVELOPMENT-ROOT", error.name);
    assert_non_null(strstr(error.text, "p.yaml:5:28: "));
    assert_int_equal(GRILLE_OK, grille_policy_parse(grille_bytes_of(text, (size_t)(strstr(text, "insecure") - text)),
                                                    "p.yaml", "/", &policy, &error));
    grille_policy_free(policy);
}

static void a_root_without_a_policy_is_refused(void **state) {
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts;
    grille_error error;
    (void)state;
    options.insecure_development_root = grille_bytes_of_text("any");
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_attest_verify_stored(grille_bytes_of_text("any"), &options, FORGE_NOW_MS, &facts, &error));
    assert_string_equal("POLICY-DEVELOPMENT-ROOT", error.name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_with_a_development_root_is_refused),
        cmocka_unit_test(a_root_without_a_policy_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
