/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_facts.h"

#include <stdio.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "policy_tests.h"

static key_policy_facts facts;

static size_t count_of(const char *name) {
    size_t at = 0, count = 0;
    grille_bytes value;
    while (key_policy_facts_next(&facts, grille_bytes_of_text(name), &at, &value))
        count++;
    return count;
}

static void assert_only(const char *name, const char *expected) {
    size_t at = 0;
    grille_bytes value;
    assert_true(key_policy_facts_next(&facts, grille_bytes_of_text(name), &at, &value));
    assert_int_equal(strlen(expected), value.len);
    assert_memory_equal(expected, value.data, value.len);
    assert_false(key_policy_facts_next(&facts, grille_bytes_of_text(name), &at, &value));
}

static void pcrs_are_lower_case_hex_and_pcr0_is_the_image(void **state) {
    static const uint8_t pcr0[] = {0xab, 0x01}, pcr31[] = {0xfe};
    uint8_t long_pcr[65] = {0};
    (void)state;
    key_policy_facts_init(&facts);
    assert_true(key_policy_facts_add_pcr(&facts, 0, grille_bytes_of(pcr0, sizeof pcr0)));
    assert_true(key_policy_facts_add_pcr(&facts, 31, grille_bytes_of(pcr31, sizeof pcr31)));
    assert_only("kms:RecipientAttestation:PCR0", "ab01");
    assert_only("kms:RecipientAttestation:ImageSha384", "ab01");
    assert_only("kms:RecipientAttestation:PCR31", "fe");
    assert_int_equal(3, facts.count);
    assert_true(key_policy_facts_add_pcr(&facts, 1, grille_bytes_of(long_pcr, 64)));
    assert_false(key_policy_facts_add_pcr(&facts, 2, grille_bytes_of(long_pcr, 65)));
}

static void a_pair_of_the_context_is_a_key_and_a_value_of_the_keys(void **state) {
    (void)state;
    key_policy_facts_init(&facts);
    assert_true(key_policy_facts_add_context(&facts, grille_bytes_of_text("App"), grille_bytes_of_text("Vault")));
    assert_only("kms:EncryptionContext:App", "Vault");
    assert_only("kms:EncryptionContextKeys", "App");
    assert_true(key_policy_facts_add_context(&facts, grille_bytes_of_text("Zone"), grille_bytes_of_text("1")));
    assert_int_equal(2, count_of("kms:EncryptionContextKeys"));
}

static void names_ignore_case_and_empty_values_are_absent(void **state) {
    (void)state;
    key_policy_facts_init(&facts);
    assert_true(key_policy_facts_add(&facts, grille_bytes_of_text("kms:ViaService"), grille_bytes_of_text("")));
    assert_int_equal(0, count_of("kms:ViaService"));
    assert_true(key_policy_facts_add(&facts, grille_bytes_of_text("kms:ViaService"), grille_bytes_of_text("s3")));
    assert_only("KMS:viaservice", "s3");
    assert_int_equal(0, count_of("kms:ViaServic"));
}

static void facts_begin_empty(void **state) {
    (void)state;
    memset(&facts, 1, sizeof facts);
    key_policy_facts_init(&facts);
    assert_false(facts.identity_policy_allows);
    assert_int_equal(0, facts.caller_arn.len + facts.caller_account.len + facts.action.len + facts.key_arn.len);
    assert_int_equal(0, count_of("kms:ViaService"));
}

static void facts_have_limits(void **state) {
    static uint8_t most[KEY_POLICY_FACT_BYTES];
    const grille_bytes name = grille_bytes_of_text("a:b"), one = grille_bytes_of_text("1");
    (void)state;
    memset(most, 'x', sizeof most);
    key_policy_facts_init(&facts);
    for (size_t i = 0; i < KEY_POLICY_FACTS; i++)
        assert_true(key_policy_facts_add(&facts, name, one));
    assert_false(key_policy_facts_add(&facts, name, one));
    assert_int_equal(KEY_POLICY_FACTS, count_of("a:b"));
    key_policy_facts_init(&facts);
    assert_false(key_policy_facts_add(&facts, name, grille_bytes_of(most, sizeof most - 2)));
    assert_int_equal(0, facts.used);
    assert_true(key_policy_facts_add(&facts, name, grille_bytes_of(most, sizeof most - 3)));
    assert_false(key_policy_facts_add(&facts, name, one));
    assert_int_equal(1, facts.count);
}

/* The largest encryption context of AWS KMS, in many pairs, beside all PCRs. */
static void a_whole_request_fits(void **state) {
    static const uint8_t pcr[48];
    char key[16], value[32];
    (void)state;
    key_policy_facts_init(&facts);
    for (unsigned i = 0; i < 32; i++)
        assert_true(key_policy_facts_add_pcr(&facts, i, grille_bytes_of(pcr, sizeof pcr)));
    for (unsigned i = 0; i < 230; i++) {
        (void)snprintf(key, sizeof key, "key%012u", i);
        (void)snprintf(value, sizeof value, "value%015u", i);
        assert_true(key_policy_facts_add_context(&facts, grille_bytes_of_text(key), grille_bytes_of_text(value)));
    }
}

int policy_facts_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcrs_are_lower_case_hex_and_pcr0_is_the_image),
        cmocka_unit_test(a_pair_of_the_context_is_a_key_and_a_value_of_the_keys),
        cmocka_unit_test(names_ignore_case_and_empty_values_are_absent),
        cmocka_unit_test(facts_begin_empty),
        cmocka_unit_test(facts_have_limits),
        cmocka_unit_test(a_whole_request_fits),
    };
    return cmocka_run_group_tests_name("policy_facts", tests, NULL, NULL);
}
