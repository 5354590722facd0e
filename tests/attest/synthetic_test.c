/* SPDX-License-Identifier: Apache-2.0
 * Every document of synthetic/ with its verdict, and the reason of each refusal. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "document_files.h"
#include "grille/attest.h"

#define OK NULL

/* name, the stable name of the refusal (OK: accepted), hours from SYNTHETIC_AT_MS */
static const struct row {
    const char *file;
    const char *refusal;
    int hours;
} rows[] = {
    {"bad_alg_es256.cose", "ATTEST-COSE-ALGORITHM", 0},
    {"bad_alg_unprotected_only.cose", "ATTEST-COSE-ALGORITHM", 0},
    {"bad_cabundle_missing_mid.cose", "ATTEST-CERT-NAME-CHAIN", 0},
    {"bad_cabundle_reversed.cose", "ATTEST-ROOT-MISMATCH", 0},
    {"bad_cabundle_trailing.cose", "ATTEST-CERT-FORMAT", 0},
    {"bad_detached.cose", "ATTEST-COSE-STRUCTURE", 0},
    {"bad_digest_sha256.cose", "ATTEST-DOCUMENT-DIGEST", 0},
    {"bad_dup_pcr.cose", "ATTEST-CBOR-DUPLICATE-KEY", 0},
    {"bad_expired_reg.cose", "ATTEST-CERT-EXPIRED", 0},
    {"bad_indef_no_break.cose", "ATTEST-CBOR", 0},
    {"bad_leaf_as_root.cose", "ATTEST-ROOT-MISMATCH", 0},
    {"bad_leaf_p256.cose", "ATTEST-CERT-ALGORITHM", 0},
    {"bad_leaf_signer.cose", "ATTEST-CERT-SIGNATURE", 0},
    {"bad_missing_module_id.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_missing_timestamp.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_module_empty.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_nested_bombs.cose", "ATTEST-CBOR", 0},
    {"bad_nesting.cose", "ATTEST-CBOR-DEPTH", 0},
    {"bad_nonce_1025.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_not_yet.cose", "ATTEST-CERT-NOT-YET-VALID", -2},
    {"bad_sig_aad.cose", "ATTEST-COSE-SIGNATURE", 0},
    {"bad_sig_flip.cose", "ATTEST-COSE-SIGNATURE", 0},
    {"bad_sig_r_plus_n.cose", "ATTEST-COSE-SIGNATURE", 0},
    {"bad_tag17.cose", "ATTEST-COSE-STRUCTURE", 0},
    {"bad_tpm_key.cose", "ATTEST-DOCUMENT-NITROTPM", 0},
    {"bad_truncated.cose", "ATTEST-COSE-STRUCTURE", 0},
    {"bad_ts_negative.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_ts_outside_leaf.cose", "ATTEST-DOCUMENT-TIME", 0},
    {"bad_ts_text.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_userdata_1025.cose", "ATTEST-DOCUMENT-FIELD", 0},
    {"bad_zonal_no_certsign.cose", "ATTEST-CERT-KEY-USAGE", 0},
    {"bad_zonal_not_ca.cose", "ATTEST-CERT-NOT-CA", 0},
    {"ok_high_s.cose", OK, 0}, /* the signature's twin (r, n - s): bytes of a document are no unique name of it */
    {"ok_indef_map.cose", OK, 0},
    {"ok_pubkey_empty.cose", OK, 0},
    {"ok_untagged.cose", OK, 0},
    {"pol_debug.cose", "ATTEST-DEBUG", 0},
    {"pol_userdata_600.cose", OK, 0},
};

static grille_attest_options options(void) {
    static uint8_t root[1024];
    grille_attest_options made = grille_attest_options_default();
    grille_bytes file = document_file("test_root.der");
    assert_true(file.len < sizeof root);
    memcpy(root, file.data, file.len);
    made.insecure_development_root = grille_bytes_of(root, file.len);
    made.any_user_data = true;
    return made;
}

static void each_document_gets_its_verdict(void **state) {
    const grille_attest_options o = options();
    size_t accepted = 0, refused = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_bytes document = document_file(rows[i].file);
        grille_attest_facts facts;
        grille_error error;
        grille_code code =
            grille_attest_verify_stored(document, &o, SYNTHETIC_AT_MS + rows[i].hours * 3600000, &facts, &error);
        const char *expected = rows[i].refusal == OK ? "" : rows[i].refusal;
        if (strcmp(expected, error.name) != 0) {
            fail_msg("%s: expected \"%s\", observed \"%s\": %s", rows[i].file, expected, error.name, error.text);
        }
        assert_int_equal(rows[i].refusal == OK ? GRILLE_OK : GRILLE_UNAUTHENTICATED, code);
        code == GRILLE_OK ? accepted++ : refused++;
    }
    print_message("synthetic documents: %zu accepted, %zu refused, all as expected\n", accepted, refused);
    assert_int_equal(5, accepted);
    assert_int_equal(33, refused);
}

static void facts_are_those_of_the_document(void **state) {
    const grille_attest_options o = options();
    grille_bytes document = document_file("ok_untagged.cose");
    grille_attest_facts facts;
    grille_error error;
    (void)state;
    if (grille_attest_verify_stored(document, &o, SYNTHETIC_AT_MS, &facts, &error) != GRILLE_OK)
        fail_msg("%s", error.text);
    assert_true(grille_bytes_equal(facts.module_id, grille_bytes_of_text("i-0123456789abcdef0-enc0123456789abcdef")));
    assert_int_equal(SYNTHETIC_AT_MS, facts.timestamp_ms);
    assert_int_equal(SYNTHETIC_AT_MS + 9000000, facts.expires_ms); /* 14:30 */
    assert_int_equal(0xffff, facts.pcr_mask);
    assert_int_equal(48, facts.pcrs[0].len);
    assert_int_equal(0xf9, facts.pcrs[0].data[0]);
    assert_int_equal(0, facts.public_key.len);
    assert_int_equal(2, facts.user_data.len);
    assert_int_equal(32, facts.nonce.len);
    assert_false(facts.debug);
    assert_true(facts.insecure);
}

static void a_debug_document_needs_leave(void **state) {
    grille_attest_options o = options();
    grille_bytes document = document_file("pol_debug.cose");
    grille_attest_facts facts;
    grille_error error;
    (void)state;
    o.insecure_allow_debug = true;
    assert_int_equal(GRILLE_OK, grille_attest_verify_stored(document, &o, SYNTHETIC_AT_MS, &facts, &error));
    assert_true(facts.debug);
    assert_true(facts.insecure);
}

static void without_a_root_it_is_the_one_of_aws(void **state) {
    grille_attest_options o = grille_attest_options_default();
    grille_attest_facts facts, zero = {.debug = false};
    grille_error error;
    (void)state;
    o.any_user_data = true;
    assert_int_equal(GRILLE_UNAUTHENTICATED, grille_attest_verify_stored(document_file("ok_untagged.cose"), &o,
                                                                         SYNTHETIC_AT_MS, &facts, &error));
    assert_string_equal("ATTEST-ROOT-MISMATCH", error.name);
    assert_memory_equal(&zero, &facts, sizeof zero);
}

static void other_applications_documents_need_leave(void **state) {
    grille_attest_options o = options();
    grille_attest_facts facts;
    grille_error error;
    (void)state;
    o.any_user_data = false;
    assert_int_equal(GRILLE_UNAUTHENTICATED, grille_attest_verify_stored(document_file("ok_untagged.cose"), &o,
                                                                         SYNTHETIC_AT_MS, &facts, &error));
    assert_string_equal("ATTEST-PREFIX-MISMATCH", error.name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_document_gets_its_verdict),
        cmocka_unit_test(facts_are_those_of_the_document),
        cmocka_unit_test(a_debug_document_needs_leave),
        cmocka_unit_test(without_a_root_it_is_the_one_of_aws),
        cmocka_unit_test(other_applications_documents_need_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
