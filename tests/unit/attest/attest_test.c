/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/attest.h"

#include <stdio.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "forge_session.h"

static forge_chain chain;
static forge_nsm nsm;
static grille_identity *identity;
static grille_error error;
static uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
static size_t len;

static int setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    forge_nsm_init(&nsm, &chain);
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&nsm.nsm, &identity, &error));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_identity_free(identity);
    forge_chain_free(&chain);
    return 0;
}

static const grille_bytes none = {NULL, 0};

static grille_bytes nonce(void) {
    return grille_bytes_of_text("a nonce of the owner's own");
}

static grille_bytes made(grille_bytes user_data, grille_bytes public_key) {
    assert_int_equal(GRILLE_OK, grille_attest_document(identity, user_data, nonce(), public_key, document,
                                                       sizeof document, &len, &error));
    assert_string_equal("", error.name);
    return grille_bytes_of(document, len);
}

static grille_attest_options options(void) {
    grille_attest_options o = grille_attest_options_default();
    o.nonce = nonce();
    o.insecure_development_root = forge_chain_der(&chain, 0);
    return o;
}

static grille_attest_facts facts;

static const char *live(grille_bytes bytes, const grille_attest_options *o) {
    grille_code code = grille_attest_verify_live(bytes, o, FORGE_NOW_MS, &facts, &error);
    grille_attest_facts zero = {.debug = false};
    assert_int_equal(code, error.code);
    if (code != GRILLE_OK) assert_memory_equal(&zero, &facts, sizeof zero);
    return error.name;
}

static void an_owner_checks_a_document_by_its_own_nonce(void **state) {
    const grille_attest_options o = options();
    grille_bytes bytes = made(grille_bytes_of_text("hello"), grille_bytes_of_text("key"));
    (void)state;
    assert_string_equal("", live(bytes, &o));
    assert_true(grille_bytes_equal(facts.user_data, grille_bytes_of_text("hello")));
    assert_true(grille_bytes_equal(facts.public_key, grille_bytes_of_text("key")));
    assert_true(grille_bytes_equal(facts.nonce, nonce()));
    assert_true(grille_bytes_equal(facts.module_id, grille_bytes_of_text(FORGE_MODULE)));
    assert_int_equal(FORGE_NOW_MS, facts.timestamp_ms);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, facts.expires_ms);
    assert_string_equal("", facts.set);
    assert_true(facts.insecure);
}

static void user_data_carries_the_applications_prefix(void **state) {
    grille_attest_options o = options();
    grille_bytes bytes = made(grille_bytes_of_text("grille-attest-1R"), none);
    (void)state;
    assert_string_equal("", live(bytes, &o));
    assert_true(grille_bytes_equal(facts.user_data, grille_bytes_of_text("grille-attest-1R")));
    o.any_user_data = true;
    assert_string_equal("", live(bytes, &o));
    assert_true(grille_bytes_equal(facts.user_data, grille_bytes_of_text("grille-app-1grille-attest-1R")));
}

static void channel_evidence_is_no_document_of_an_application(void **state) {
    grille_attest_options o = options();
    forge_session session;
    (void)state;
    forge_session_init(&session, 'R', 1);
    session.binding.verifier_nonce = nonce();
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, document,
                                                             sizeof document, &len, &error));
    assert_string_equal("ATTEST-PREFIX-MISMATCH", live(grille_bytes_of(document, len), &o));
    o.any_user_data = true;
    assert_string_equal("", live(grille_bytes_of(document, len), &o));
}

static void nonce_and_key_are_compared(void **state) {
    grille_attest_options o = options();
    grille_bytes bytes = made(none, grille_bytes_of_text("key"));
    (void)state;
    o.public_key = grille_bytes_of_text("key");
    assert_string_equal("", live(bytes, &o));
    o.public_key = grille_bytes_of_text("kez");
    assert_string_equal("ATTEST-KEY-MISMATCH", live(bytes, &o));
    o.public_key = none;
    o.nonce = grille_bytes_of_text("another nonce");
    assert_string_equal("ATTEST-NONCE-MISMATCH", live(bytes, &o));
    o.nonce = none;
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    assert_int_equal(GRILLE_OK, grille_attest_verify_stored(bytes, &o, FORGE_NOW_MS, &facts, &error));
}

static void stored_documents_may_be_old_but_not_expired(void **state) {
    const grille_attest_options o = options();
    grille_bytes bytes = made(none, none);
    (void)state;
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_attest_verify_live(bytes, &o, FORGE_NOW_MS + 300001, &facts, &error));
    assert_string_equal("ATTEST-DOCUMENT-STALE", error.name);
    assert_int_equal(GRILLE_OK, grille_attest_verify_live(bytes, &o, FORGE_NOW_MS + 300000, &facts, &error));
    assert_int_equal(GRILLE_OK, grille_attest_verify_stored(bytes, &o, FORGE_NOW_MS + FORGE_HOUR_MS, &facts, &error));
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_attest_verify_stored(bytes, &o, FORGE_NOW_MS + FORGE_HOUR_MS + 1, &facts, &error));
    assert_string_equal("ATTEST-CERT-EXPIRED", error.name);
}

static void a_policy_decides_when_there_is_one(void **state) {
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_attest_options o = options();
    grille_bytes bytes = made(none, none);
    grille_policy *policy;
    (void)state;
    grille_hex_encode(grille_bytes_of(nsm.document.pcrs[0], GRILLE_PCR_BYTES), hex);
    policy = forge_policy("insecure_development_root: %smax_age: 1m\npeers:\n- name: enclave\n  kind: nitro\n"
                          "  pcr0: %s\n  not_after: 2026-06-01T12:30:00Z\n",
                          forge_yaml_block(forge_pem(&chain.certificates[0]), 2), hex);
    o.policy = policy;
    assert_string_equal("", live(bytes, &o)); /* the policy's own root again */
    o.insecure_development_root = grille_bytes_of_text("another root");
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    o.insecure_development_root = none;
    o.insecure_allow_debug = true;
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    o.insecure_allow_debug = false;
    assert_string_equal("", live(bytes, &o));
    assert_string_equal("enclave", facts.set);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS / 2, facts.expires_ms);
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_attest_verify_live(bytes, &o, FORGE_NOW_MS + 60001, &facts, &error));
    assert_string_equal("ATTEST-DOCUMENT-STALE", error.name);
    grille_policy_free(policy);

    hex[0] = hex[0] == '0' ? '1' : '0';
    policy = forge_policy("insecure_development_root: %speers:\n- name: enclave\n  kind: nitro\n  pcr0: %s\n",
                          forge_yaml_block(forge_pem(&chain.certificates[0]), 2), hex);
    o.policy = policy;
    assert_string_equal("ATTEST-PCR-MISMATCH", live(bytes, &o));
    grille_policy_free(policy);
}

static void a_root_may_stand_beside_a_policy_without_one(void **state) {
    grille_attest_options o = options();
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_bytes bytes = made(none, none), root = o.insecure_development_root;
    grille_policy *policy;
    (void)state;
    grille_hex_encode(grille_bytes_of(nsm.document.pcrs[0], GRILLE_PCR_BYTES), hex);
    policy = forge_policy("peers:\n- name: e\n  kind: nitro\n  pcr0: %s\n", hex);
    o.policy = policy;
    assert_string_equal("", live(bytes, &o));
    assert_true(facts.insecure);
    o.insecure_development_root = none;
    assert_string_equal("ATTEST-ROOT-MISMATCH", live(bytes, &o));
    o.policy = NULL;
    o.insecure_development_root = root;
    assert_string_equal("", live(bytes, &o));
    assert_true(facts.insecure);
    grille_policy_free(policy);
}

static void freshness_without_a_nonce_is_asked_for_by_name(void **state) {
    grille_attest_options o = options();
    grille_bytes bytes = made(none, none);
    (void)state;
    o.nonce = none;
    o.insecure_without_nonce = true;
    assert_string_equal("", live(bytes, &o));
    assert_int_equal(GRILLE_UNAUTHENTICATED,
                     grille_attest_verify_live(bytes, &o, FORGE_NOW_MS + 300001, &facts, &error));
    assert_string_equal("ATTEST-DOCUMENT-STALE", error.name);
    o.nonce = grille_bytes_of_text("another nonce");
    assert_string_equal("ATTEST-NONCE-MISMATCH", live(bytes, &o));
}

static void min_build_refuses_what_carries_no_claim(void **state) {
    grille_attest_options o = options();
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_bytes bytes = made(none, none);
    grille_policy *policy;
    (void)state;
    grille_hex_encode(grille_bytes_of(nsm.document.pcrs[8], GRILLE_PCR_BYTES), hex);
    policy = forge_policy("insecure_development_root: %speers:\n- name: e\n  kind: nitro\n  pcr8: %s\n  min_build: 1\n",
                          forge_yaml_block(forge_pem(&chain.certificates[0]), 2), hex);
    o.policy = policy;
    o.insecure_development_root = none;
    assert_string_equal("ATTEST-BUILD-TOO-OLD", live(bytes, &o));
    grille_policy_free(policy);
}

static void fields_have_limits(void **state) {
    static uint8_t bytes[GRILLE_ATTEST_FIELD_MAX + 1];
    static const size_t prefix = sizeof GRILLE_ATTEST_APP_PREFIX - 1;
    const grille_bytes most = grille_bytes_of(bytes, GRILLE_ATTEST_FIELD_MAX);
    const grille_bytes over = grille_bytes_of(bytes, GRILLE_ATTEST_FIELD_MAX + 1);
    (void)state;
    assert_int_equal(GRILLE_OK, grille_attest_document(identity, grille_bytes_of(bytes, 1024 - prefix), most, most,
                                                       document, sizeof document, &len, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_attest_document(identity, grille_bytes_of(bytes, 1025 - prefix), none, none, document,
                                            sizeof document, &len, &error));
    assert_int_equal(0, len);
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_attest_document(identity, none, over, none, document, sizeof document, &len, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_attest_document(identity, none, none, over, document, sizeof document, &len, &error));
    assert_string_equal("BAD-ARGUMENT", error.name);
}

static void options_are_made_by_their_function(void **state) {
    grille_attest_options o = options();
    grille_bytes bytes = made(none, none);
    (void)state;
    o.size = 0;
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    o = options();
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_attest_verify_stored(bytes, &o, -1, &facts, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_attest_verify_stored(bytes, &o, INT64_MAX, &facts, &error));
    assert_int_equal(GRILLE_UNAUTHENTICATED, grille_attest_verify_stored(none, &o, FORGE_NOW_MS, &facts, &error));
    assert_string_equal("ATTEST-SIZE", error.name);
}

static void other_identities_and_failing_modules_have_no_documents(void **state) {
    forge_template ca_template = forge_ca("ca", GRILLE_P256), leaf_template = forge_leaf("l", GRILLE_P256, "a", NULL);
    forge_identity ca, leaf;
    const forge_identity *certificates[] = {&leaf};
    grille_identity *x509 = NULL;
    (void)state;
    forge_certificate(&ca_template, NULL, &ca);
    forge_certificate(&leaf_template, &ca, &leaf);
    assert_int_equal(
        GRILLE_OK, grille_identity_load_x509(forge_chain_file(certificates, 1), forge_key_file(&leaf), &x509, &error));
    assert_int_equal(GRILLE_FAILED_PRECONDITION,
                     grille_attest_document(x509, none, none, none, document, sizeof document, &len, &error));
    assert_string_equal("ATTEST-IDENTITY", error.name);
    grille_identity_free(x509);
    forge_free(&ca);
    forge_free(&leaf);
    nsm.fails = true;
    assert_int_equal(GRILLE_UNAVAILABLE,
                     grille_attest_document(identity, none, none, none, document, sizeof document, &len, &error));
    assert_string_equal("NSM-FAILED", error.name);
    nsm.fails = false;
    assert_int_equal(GRILLE_RESOURCE_EXHAUSTED,
                     grille_attest_document(identity, none, none, none, document, 100, &len, &error));
}

/* Verified in full but for measurements, which the caller compares; an enclave's rules never see it. */
static void a_nitrotpms_document_is_another_kind(void **state) {
    static forge_template templates[FORGE_CHAIN];
    static const uint8_t zeros[GRILLE_PCR_BYTES];
    forge_chain instance;
    forge_document forged;
    grille_policy *policy;
    grille_bytes bytes, of_an_enclave = made(none, none);
    grille_attest_options o = options();
    (void)state;
    forge_chain_templates(templates);
    templates[FORGE_CHAIN - 1].subject = FORGE_NITROTPM ".eu-west-1.aws";
    forge_chain_make(templates, &instance);
    forge_document_init(&forged, &instance);
    forged.module_id = FORGE_NITROTPM;
    forged.nitrotpm = true;
    forged.pcr_mask = 0xffffff;
    memcpy(forged.pcrs[0], zeros, sizeof zeros); /* means nothing in a TPM */
    forged.nonce = nonce();
    bytes = forge_document_sign(&forged, &instance);
    o.insecure_development_root = forge_chain_der(&instance, 0);
    o.any_user_data = true;
    assert_string_equal("ATTEST-DOCUMENT-NITROTPM", live(bytes, &o));
    o.kind = GRILLE_ATTEST_NITROTPM;
    assert_string_equal("", live(bytes, &o));
    assert_int_equal(GRILLE_ATTEST_NITROTPM, facts.kind);
    assert_int_equal(0xffffff, facts.pcr_mask);
    assert_memory_equal(forged.pcrs[4], facts.pcrs[4].data, GRILLE_PCR_BYTES);
    assert_false(facts.debug);
    assert_string_equal("ATTEST-DOCUMENT-ENCLAVE", live(of_an_enclave, &o));
    forged.module_id = FORGE_MODULE;
    assert_string_equal("ATTEST-DOCUMENT-INCONSISTENT", live(forge_document_sign(&forged, &instance), &o));
    forged.module_id = FORGE_NITROTPM;
    forged.timestamp_ms = (uint64_t)FORGE_NOW_MS - 300001;
    assert_string_equal("ATTEST-DOCUMENT-STALE", live(forge_document_sign(&forged, &instance), &o));
    o.insecure_development_root = forge_chain_der(&chain, 0);
    assert_string_equal("ATTEST-ROOT-MISMATCH", live(bytes, &o));
    /* No policy has rules for it. */
    policy = forge_policy("peers:\n- name: a\n  kind: nitro\n  pcr0: %s\n",
                          "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
                          "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0");
    o.insecure_development_root = none;
    o.policy = policy;
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    o.kind = GRILLE_ATTEST_ENCLAVE;
    assert_string_equal("ATTEST-DOCUMENT-NITROTPM", live(bytes, &o));
    o.kind = (grille_attest_kind)2;
    assert_string_equal("BAD-ARGUMENT", live(bytes, &o));
    grille_policy_free(policy);
    forge_chain_free(&instance);
}

typedef grille_code verify_fn(grille_bytes, const grille_attest_options *, int64_t, grille_attest_facts *,
                              grille_error *);

/* 60 s of leeway before notBefore and for the document's own time, none after notAfter; live and stored; to the
 * millisecond, though certificates are exact to the second. */
static void each_bound_of_time_holds_to_the_millisecond(void **state) {
    static const int64_t off_ms[] = {-1000, -1, 0, 1, 1000};
    static const struct {
        int64_t document_ms, now_ms; /* from FORGE_NOW_MS; the leaf is valid for an hour before and after */
        bool moves_now, live, stored;
        int wrong_side; /* of the bound, on which it is refused */
        const char *refusal;
    } bounds[] = {
        {FORGE_HOUR_MS, FORGE_HOUR_MS, true, true, true, 1, "ATTEST-CERT-EXPIRED"},
        {-FORGE_HOUR_MS - 60000, -FORGE_HOUR_MS - 60000, true, true, true, -1, "ATTEST-CERT-NOT-YET-VALID"},
        {60000, 0, false, true, true, 1, "ATTEST-DOCUMENT-FUTURE"},
        {-300000, 0, false, true, false, -1, "ATTEST-DOCUMENT-STALE"},
        {-300000, 0, false, false, true, 0, ""},
        {FORGE_HOUR_MS, FORGE_HOUR_MS - 60000, false, true, true, 1, "ATTEST-DOCUMENT-TIME"},
        {-FORGE_HOUR_MS - 60000, -FORGE_HOUR_MS, false, true, true, -1, "ATTEST-DOCUMENT-TIME"},
    };
    static verify_fn *const verify[] = {grille_attest_verify_live, grille_attest_verify_stored};
    grille_attest_options o = options();
    forge_document forged;
    (void)state;
    o.any_user_data = true;
    forge_document_init(&forged, &chain);
    forged.nonce = nonce();
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0] * 10; i++) {
        size_t row = i / 10, which = i % 2;
        int64_t off = off_ms[i % 10 / 2];
        bool wrong = off * bounds[row].wrong_side > 0;
        int64_t now_ms = FORGE_NOW_MS + bounds[row].now_ms + (bounds[row].moves_now ? off : 0);
        grille_bytes bytes;
        if (which == 0 ? !bounds[row].live : !bounds[row].stored) continue;
        forged.timestamp_ms = (uint64_t)(FORGE_NOW_MS + bounds[row].document_ms + (bounds[row].moves_now ? 0 : off));
        bytes = forge_document_sign(&forged, &chain);
        if (verify[which](bytes, &o, now_ms, &facts, &error) == GRILLE_OK) {
            if (wrong) fail_msg("bound %zu %+d ms: accepted", row, (int)off);
        } else if (!wrong || strcmp(bounds[row].refusal, error.name) != 0) {
            fail_msg("bound %zu %+d ms: %s: %s", row, (int)off, error.name, error.text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_checks_a_document_by_its_own_nonce),
        cmocka_unit_test(user_data_carries_the_applications_prefix),
        cmocka_unit_test(channel_evidence_is_no_document_of_an_application),
        cmocka_unit_test(nonce_and_key_are_compared),
        cmocka_unit_test(stored_documents_may_be_old_but_not_expired),
        cmocka_unit_test(a_policy_decides_when_there_is_one),
        cmocka_unit_test(a_root_may_stand_beside_a_policy_without_one),
        cmocka_unit_test(freshness_without_a_nonce_is_asked_for_by_name),
        cmocka_unit_test(min_build_refuses_what_carries_no_claim),
        cmocka_unit_test(fields_have_limits),
        cmocka_unit_test(options_are_made_by_their_function),
        cmocka_unit_test(other_identities_and_failing_modules_have_no_documents),
        cmocka_unit_test(a_nitrotpms_document_is_another_kind),
        cmocka_unit_test(each_bound_of_time_holds_to_the_millisecond),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
