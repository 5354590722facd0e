/* SPDX-License-Identifier: Apache-2.0
 * The simulated NSM's documents through the verifier, under policies as a build writes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/x509.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "forge.h"
#include "forge_session.h"
#include "nsm/measure.h"
#include "nsm/simulated.h"
#include "wire/limits.h"

static grille_wall_ms fixed_clock(void *user) {
    (void)user;
    return FORGE_NOW_MS;
}

static grille_nsm *nsm;
static grille_identity *identity;
static char root_pem[4096];

static int open_simulated(bool debug_mode) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_error error;
    grille_bytes root;
    size_t len = 0;
    options.now = fixed_clock;
    options.debug_mode = debug_mode;
    options.role_arn = "arn:aws:iam::123456789012:role/tester";
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_open_simulated_insecure(&options, &nsm, &error));
    root = grille_nsm_simulated_root(nsm);
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_CERTIFICATE, root, root_pem, sizeof root_pem - 1, &len));
    root_pem[len] = '\0';
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(nsm, &identity, &error));
    return 0;
}

static int setup(void **state) {
    (void)state;
    return open_simulated(false);
}

static int setup_debug(void **state) {
    (void)state;
    return open_simulated(true);
}

static int teardown(void **state) {
    (void)state;
    grille_identity_free(identity);
    return 0;
}

/* measurements.json of this very program, as a build writes it of an enclave's executable. */
static void write_measurements(void) {
    uint8_t pcr0[GRILLE_PCR_BYTES], pcr2[GRILLE_PCR_BYTES];
    char hex0[2 * GRILLE_PCR_BYTES + 1], hex2[2 * GRILLE_PCR_BYTES + 1], text[1024];
    grille_error error;
    assert_int_equal(GRILLE_REASON_OK, grille_measure_executable("/proc/self/exe", pcr0, pcr2, &error));
    grille_hex_encode(grille_bytes_of(pcr0, sizeof pcr0), hex0);
    grille_hex_encode(grille_bytes_of(pcr2, sizeof pcr2), hex2);
    (void)snprintf(text, sizeof text,
                   "{\n \"Measurements\": {\n  \"HashAlgorithm\": \"Sha384 { ... }\",\n  \"PCR0\": \"%s\",\n"
                   "  \"PCR1\": \"%s\",\n  \"PCR2\": \"%s\"\n }\n}\n",
                   hex0, hex0, hex2);
    (void)forge_file("measurements.json", grille_bytes_of_text(text));
}

static grille_policy *policy_of_the_build(const char *top) {
    write_measurements();
    return forge_policy("insecure_development_root: %s%speers:\n- name: enclave\n  kind: nitro\n"
                        "  measurements: measurements.json\n  role: arn:aws:iam::123456789012:role/tester\n",
                        forge_yaml_block(root_pem, 2), top);
}

static grille_reason round_trip(grille_policy *policy, const forge_session *prover, const forge_session *verifier,
                                grille_peer_identity *peer) {
    static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    const grille_judge judge = {.policy = policy, .crypto = grille_crypto_wolf(), .now_ms = FORGE_NOW_MS};
    size_t len = 0;
    grille_error error;
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &prover->binding, body,
                                                             sizeof body, &len, &error));
    return grille_evidence_verify(&judge, GRILLE_IDENTITY_NITRO, &verifier->binding, grille_bytes_of(body, len), peer,
                                  NULL, &error);
}

static void evidence_is_accepted_under_the_builds_measurements(void **state) {
    grille_policy *policy = policy_of_the_build("");
    grille_peer_identity peer;
    forge_session session;
    (void)state;
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_OK, round_trip(policy, &session, &session, &peer));
    assert_string_equal("enclave", peer.set);
    assert_true(peer.insecure);
    assert_memory_equal(peer.pcrs[0], peer.pcrs[1], GRILLE_PCR_BYTES);
    assert_int_equal(FORGE_NOW_MS, peer.document_time_ms);
    grille_policy_free(policy);
}

static void another_sessions_evidence_is_refused_by_name(void **state) {
    grille_policy *policy = policy_of_the_build("");
    grille_peer_identity peer;
    forge_session mine, other;
    (void)state;
    forge_session_init(&mine, 'R', 1);
    other = mine;
    forge_session_init(&other, 'R', 1);
    other.nonce[0] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_NONCE_MISMATCH, round_trip(policy, &mine, &other, &peer));
    forge_session_init(&other, 'R', 1);
    other.binding.binder[0] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_BINDER_MISMATCH, round_trip(policy, &mine, &other, &peer));
    forge_session_init(&other, 'R', 1);
    other.prover_spki[0] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_KEY_MISMATCH, round_trip(policy, &mine, &other, &peer));
    forge_session_init(&other, 'I', 1);
    assert_int_equal(GRILLE_REASON_ATTEST_ROLE_MISMATCH, round_trip(policy, &mine, &other, &peer));
    grille_policy_free(policy);
}

static void a_simulated_debug_enclave_needs_leave(void **state) {
    grille_policy *strict = policy_of_the_build(""), *lenient = policy_of_the_build("insecure_allow_debug: true\n");
    grille_peer_identity peer;
    forge_session session;
    (void)state;
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_ATTEST_DEBUG, round_trip(strict, &session, &session, &peer));
    assert_int_equal(GRILLE_REASON_OK, round_trip(lenient, &session, &session, &peer));
    assert_true(peer.debug);
    grille_policy_free(strict);
    grille_policy_free(lenient);
}

static void an_owner_checks_an_applications_document(void **state) {
    static uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    const grille_bytes nonce = grille_bytes_of_text("fresh, 16 bytes!"), key = grille_bytes_of_text("a public key");
    grille_attest_options options = grille_attest_options_default();
    grille_policy *policy = policy_of_the_build("");
    grille_attest_facts facts;
    grille_error error;
    size_t len = 0;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_attest_document(identity, grille_bytes_of_text("seal"), nonce, key, document,
                                                       sizeof document, &len, &error));
    options.policy = policy;
    options.nonce = nonce;
    assert_int_equal(GRILLE_OK,
                     grille_attest_verify_live(grille_bytes_of(document, len), &options, FORGE_NOW_MS, &facts, &error));
    assert_true(grille_bytes_equal(grille_bytes_of_text("seal"), facts.user_data));
    assert_true(grille_bytes_equal(key, facts.public_key));
    assert_string_equal("enclave", facts.set);
    grille_policy_free(policy);
}

static void a_policy_for_real_enclaves_refuses_a_simulated_one(void **state) {
    grille_policy *policy;
    grille_peer_identity peer;
    forge_session session;
    (void)state;
    write_measurements();
    policy = forge_policy("peers:\n- name: enclave\n  kind: nitro\n  measurements: measurements.json\n");
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_ATTEST_ROOT_MISMATCH, round_trip(policy, &session, &session, &peer));
    grille_policy_free(policy);
}

static void another_program_is_refused(void **state) {
    grille_policy *policy = NULL;
    grille_peer_identity peer;
    forge_session session;
    (void)state;
    policy = forge_policy("insecure_development_root: %speers:\n- name: enclave\n  kind: nitro\n  pcr0: "
                          "0102030405060708091011121314151617181920212223242526272829303132333435363738394041424344"
                          "45464748\n",
                          forge_yaml_block(root_pem, 2));
    forge_session_init(&session, 'R', 1);
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, round_trip(policy, &session, &session, &peer));
    grille_policy_free(policy);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(evidence_is_accepted_under_the_builds_measurements),
        CASE(another_sessions_evidence_is_refused_by_name),
        cmocka_unit_test_setup_teardown(a_simulated_debug_enclave_needs_leave, setup_debug, teardown),
        CASE(an_owner_checks_an_applications_document),
        CASE(a_policy_for_real_enclaves_refuses_a_simulated_one),
        CASE(another_program_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
