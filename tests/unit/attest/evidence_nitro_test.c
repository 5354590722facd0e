/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "forge_session.h"
#include "grille/log.h"
#include "wire/limits.h"

static forge_chain chain;
static forge_nsm nsm;
static grille_identity *identity;
static forge_session session;
static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
static size_t len;
static char logged[512];
static int lines_logged;

static const grille_crypto *crypto(void) {
    return grille_crypto_wolf();
}

static void remember(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)user;
    assert_int_equal(GRILLE_LOG_WARNING, level);
    lines_logged++;
    (void)snprintf(logged, sizeof logged, "%s", line);
}

static int make_chain(void **state) {
    forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    grille_log_set(remember, NULL, GRILLE_LOG_WARNING);
    return 0;
}

static int free_chain(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

static int setup(void **state) {
    grille_error error;
    (void)state;
    forge_nsm_init(&nsm, &chain);
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&nsm.nsm, &identity, &error));
    assert_int_equal(GRILLE_IDENTITY_NITRO, grille_identity_get_kind(identity));
    forge_session_init(&session, 'R', 1);
    logged[0] = '\0';
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_identity_free(identity);
    assert_int_equal(1, nsm.closed);
    return 0;
}

static void prove(void) {
    grille_error error;
    if (grille_evidence_prove(identity, crypto(), &session.binding, body, sizeof body, &len, &error) !=
        GRILLE_REASON_OK) {
        fail_msg("%s", error.text);
    }
}

static const char *pin(unsigned index) {
    static char lines[4][160];
    static unsigned next;
    char *line = lines[next++ % 4];
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(nsm.document.pcrs[index], GRILLE_PCR_BYTES), hex);
    (void)snprintf(line, sizeof lines[0], "    pcr%u: %s\n", index, hex);
    return line;
}

static grille_policy *policy_with(const char *top, const char *pins) {
    return forge_policy("insecure_development_root: %s%s"
                        "peers:\n"
                        "  - name: enclave\n"
                        "    kind: nitro\n%s",
                        forge_yaml_block(forge_pem(&chain.certificates[0]), 2), top, pins);
}

static grille_error refusal;
static grille_evidence_facts facts;

/* Verifies the body under this policy, which it frees. */
static grille_reason judge(grille_policy *policy, grille_wall_ms now_ms, grille_peer_identity *peer) {
    const grille_judge judging = {.policy = policy, .crypto = crypto(), .now_ms = now_ms};
    grille_reason reason = grille_evidence_verify(&judging, GRILLE_IDENTITY_NITRO, &session.binding,
                                                  grille_bytes_of(body, len), peer, &facts, &refusal);
    grille_policy_free(policy);
    assert_string_equal(reason == GRILLE_REASON_OK ? "" : grille_reason_name(reason), refusal.name);
    if (reason != GRILLE_REASON_OK) {
        grille_peer_identity zero = {.epoch = 0};
        grille_evidence_facts none = {.verified_ms = 0};
        assert_memory_equal(&zero, peer, sizeof zero);
        assert_memory_equal(&none, &facts, sizeof none);
        assert_true(strlen(refusal.text) > 20);
    }
    return reason;
}

static grille_reason verify(void) {
    grille_peer_identity peer;
    return judge(policy_with("", pin(0)), FORGE_NOW_MS, &peer);
}

static void accepts_and_tells_who_it_is(void **state) {
    const grille_bytes root = forge_chain_der(&chain, 0);
    uint8_t anchor[GRILLE_SHA256_BYTES];
    grille_peer_identity peer;
    (void)state;
    prove();
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("", pin(0)), FORGE_NOW_MS, &peer));
    assert_int_equal(GRILLE_IDENTITY_NITRO, peer.kind);
    assert_string_equal("enclave", peer.set);
    assert_string_equal(FORGE_MODULE, peer.module_id);
    assert_int_equal(0xffff, peer.pcr_mask);
    assert_memory_equal(nsm.document.pcrs, peer.pcrs, 16 * GRILLE_PCR_BYTES);
    assert_int_equal(FORGE_NOW_MS, peer.document_time_ms);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, peer.expires_ms);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, facts.evidence_expires_ms);
    assert_true(GRILLE_WALL_NEVER == facts.set_expires_ms);
    assert_int_equal(FORGE_NOW_MS, facts.verified_ms);
    assert_int_equal('R', facts.prover_role);
    assert_int_equal(GRILLE_REASON_OK, crypto()->hash(GRILLE_SHA256, &root, 1, anchor));
    assert_memory_equal(anchor, facts.anchor, sizeof anchor);
    assert_int_equal(0, facts.chain.len);
    assert_true(peer.insecure);
    assert_false(peer.debug);
    assert_non_null(strstr(logged, "insecure peer accepted: set \"enclave\""));
}

static void definite_maps_and_tag_18_are_taken_too(void **state) {
    (void)state;
    nsm.document.definite = true;
    nsm.document.head = grille_bytes_of("\xd2\x84", 2);
    prove();
    assert_int_equal(GRILLE_REASON_OK, verify());
}

/* What was bound to another session, role, key or nonce has a name of its own each. */
static void each_binding_is_compared(void **state) {
    (void)state;
    prove();
    session.nonce[31] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_NONCE_MISMATCH, verify());
    session.nonce[31] ^= 1;
    session.binding.binder[0] ^= 0x80;
    assert_int_equal(GRILLE_REASON_ATTEST_BINDER_MISMATCH, verify());
    session.binding.binder[0] ^= 0x80;
    session.prover_spki[90] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_KEY_MISMATCH, verify());
    session.prover_spki[90] ^= 1;
    session.binding.prover_role = 'I';
    assert_int_equal(GRILLE_REASON_ATTEST_ROLE_MISMATCH, verify());
    session.binding.prover_role = 'R';
    assert_int_equal(GRILLE_REASON_OK, verify());
}

static void a_document_of_an_application_is_no_evidence(void **state) {
    grille_error error;
    uint8_t user_data[1 + GRILLE_BINDER_BYTES];
    (void)state;
    user_data[0] = 'R';
    memcpy(&user_data[1], session.binding.binder, GRILLE_BINDER_BYTES);
    assert_int_equal(GRILLE_OK, grille_attest_document(identity, grille_bytes_of(user_data, sizeof user_data),
                                                       session.binding.verifier_nonce, session.binding.prover_spki,
                                                       body, sizeof body, &len, &error));
    assert_int_equal(GRILLE_REASON_ATTEST_PREFIX_MISMATCH, verify());
}

static void fields_that_are_missing_match_nothing(void **state) {
    grille_bytes document;
    (void)state;
    document = forge_document_sign(&nsm.document, &chain); /* all three null */
    memcpy(body, document.data, document.len);
    len = document.len;
    assert_int_equal(GRILLE_REASON_ATTEST_NONCE_MISMATCH, verify());
    session.binding.verifier_nonce = grille_bytes_of(NULL, 0);
    assert_int_equal(GRILLE_REASON_ATTEST_NONCE_MISMATCH, verify());
}

static void any_pinned_pcr_must_match(void **state) {
    static const unsigned pinned[] = {0, 1, 2, 3, 4, 8, 15};
    char pins[1200];
    grille_peer_identity peer;
    (void)state;
    pins[0] = '\0';
    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0]; i++)
        strcat(pins, pin(pinned[i]));
    prove();
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0]; i++) {
        uint8_t *pcr = nsm.document.pcrs[pinned[i]];
        char observed[2 * GRILLE_PCR_BYTES + 1];
        pcr[47] ^= 1;
        prove();
        grille_hex_encode(grille_bytes_of(pcr, GRILLE_PCR_BYTES), observed);
        assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
        assert_non_null(strstr(refusal.text, observed));
        pcr[47] ^= 1;
    }
}

static void a_pinned_pcr_must_be_there(void **state) {
    grille_peer_identity peer;
    char pins[400];
    (void)state;
    (void)snprintf(pins, sizeof pins, "%s%s", pin(0), pin(17));
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISSING, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
    nsm.document.pcr_mask |= 1u << 17;
    prove();
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
}

static void sets_are_alternatives_and_the_closest_is_named(void **state) {
    grille_peer_identity peer;
    char pins[1200];
    char other[] = "    pcr0: "
                   "0101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101"
                   "01\n";
    (void)state;
    prove();
    (void)snprintf(pins, sizeof pins, "%s  - name: second\n    kind: nitro\n%s", other, pin(0));
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
    assert_string_equal("second", peer.set);
    (void)snprintf(pins, sizeof pins, "%s  - name: second\n    kind: nitro\n%s%s", other, other, pin(1));
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
    assert_non_null(strstr(refusal.text, "\"second\""));
}

static void a_debug_enclave_needs_leave(void **state) {
    grille_peer_identity peer;
    const char *pins;
    char both[400];
    (void)state;
    (void)snprintf(both, sizeof both, "%s%s", pin(0), pin(3));
    pins = both;
    memset(nsm.document.pcrs[0], 0, GRILLE_PCR_BYTES);
    memset(nsm.document.pcrs[1], 0, GRILLE_PCR_BYTES);
    memset(nsm.document.pcrs[2], 0, GRILLE_PCR_BYTES);
    memset(nsm.document.pcrs[8], 0, GRILLE_PCR_BYTES);
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_DEBUG, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
    assert_int_equal(GRILLE_REASON_ATTEST_DEBUG,
                     judge(policy_with("insecure_allow_debug: false\n", pins), FORGE_NOW_MS, &peer));
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("insecure_allow_debug: true\n", pins), FORGE_NOW_MS, &peer));
    assert_true(peer.debug && peer.insecure);
    assert_non_null(strstr(logged, "debug enclave"));
    nsm.document.pcrs[3][0] ^= 1; /* the others are compared all the same */
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH,
                     judge(policy_with("insecure_allow_debug: true\n", pins), FORGE_NOW_MS, &peer));
    nsm.document.pcr_mask &= ~1u; /* no PCR0 at all */
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_DEBUG, judge(policy_with("", pins), FORGE_NOW_MS, &peer));
}

static void age_and_skew_hold_to_the_millisecond(void **state) {
    static const struct {
        int64_t document_after_now_ms;
        grille_reason expected;
    } rows[] = {
        {-10000, GRILLE_REASON_OK},
        {-10001, GRILLE_REASON_ATTEST_DOCUMENT_STALE},
        {2000, GRILLE_REASON_OK},
        {2001, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_peer_identity peer;
        nsm.document.timestamp_ms = (uint64_t)(FORGE_NOW_MS + rows[i].document_after_now_ms);
        prove();
        assert_int_equal(rows[i].expected,
                         judge(policy_with("max_age: 10s\nclock_skew: 2s\n", pin(0)), FORGE_NOW_MS, &peer));
    }
}

static void another_root_is_refused(void **state) {
    forge_template templates[FORGE_CHAIN];
    forge_chain other;
    grille_peer_identity peer;
    char pins[160];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &other); /* the same names, other keys: clones of every CA */
    nsm.chain = &other;
    (void)snprintf(pins, sizeof pins, "%s", pin(0));
    forge_document_init(&nsm.document, &other);
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_ROOT_MISMATCH, verify());
    nsm.document.cabundle[0] = forge_chain_der(&chain, 0); /* the pinned root in front of the clones */
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify());
    assert_int_equal(GRILLE_REASON_ATTEST_ROOT_MISMATCH,
                     judge(forge_policy("peers:\n  - name: enclave\n    kind: nitro\n%s", pins), FORGE_NOW_MS, &peer));
    forge_chain_free(&other);
}

/* As judge, by an end with this identity. */
static grille_reason judge_as(const grille_identity *own, const char *top, const char *pins) {
    grille_policy *policy = policy_with(top, pins);
    const grille_judge judging = {.policy = policy, .crypto = crypto(), .own = own, .now_ms = FORGE_NOW_MS};
    grille_peer_identity peer;
    const grille_reason reason = grille_evidence_verify(&judging, GRILLE_IDENTITY_NITRO, &session.binding,
                                                        grille_bytes_of(body, len), &peer, &facts, &refusal);
    grille_policy_free(policy);
    return reason;
}

#define SELF "    peer: self\n"

/* The identity of this test is the prover's and the verifier's: one image in two enclaves. */
static void peer_self_is_the_same_image(void **state) {
    char pins[400];
    (void)state;
    prove();
    assert_int_equal(GRILLE_REASON_OK, judge_as(identity, "", SELF));
    (void)snprintf(pins, sizeof pins, SELF "%s", pin(3));
    assert_int_equal(GRILLE_REASON_OK, judge_as(identity, "", pins));
    nsm.document.pcrs[3][0] ^= 1;
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge_as(identity, "", pins));
    assert_int_equal(GRILLE_REASON_OK, judge_as(identity, "", SELF)); /* another role is no other image */
    for (unsigned i = 0; i < 3; i++) {
        char observed[2 * GRILLE_PCR_BYTES + 1];
        nsm.document.pcrs[i][47] ^= 1;
        prove();
        grille_hex_encode(grille_bytes_of(nsm.document.pcrs[i], GRILLE_PCR_BYTES), observed);
        assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge_as(identity, "", SELF));
        assert_non_null(strstr(refusal.text, observed));
        nsm.document.pcrs[i][47] ^= 1;
    }
    nsm.document.pcr_mask &= ~UINT32_C(2);
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISSING, judge_as(identity, "", SELF));
}

static void who_is_no_enclave_has_no_self(void **state) {
    grille_identity *anonymous = NULL;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&anonymous, NULL));
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_NO_SELF, judge_as(NULL, "", SELF));
    assert_int_equal(GRILLE_REASON_ATTEST_NO_SELF, judge_as(anonymous, "", SELF));
    assert_int_equal(GRILLE_REASON_ATTEST_NO_SELF, judge_as(NULL, "insecure_allow_debug: true\n", SELF));
    grille_identity_free(anonymous);
}

static grille_identity *identity_of_debug_enclave(void) {
    static forge_nsm debug; /* with its identity */
    grille_identity *made = NULL;
    forge_nsm_init(&debug, &chain);
    for (size_t i = 0; i < 3; i++)
        memset(debug.document.pcrs[i], 0, GRILLE_PCR_BYTES);
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&debug.nsm, &made, NULL));
    return made;
}

/* Every debug enclave has the same zeros. */
static void a_debug_enclave_is_no_self_without_leave(void **state) {
    grille_identity *own = identity_of_debug_enclave();
    (void)state;
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_NO_SELF, judge_as(own, "", SELF));
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge_as(own, "insecure_allow_debug: true\n", SELF));
    for (size_t i = 0; i < 3; i++)
        memset(nsm.document.pcrs[i], 0, GRILLE_PCR_BYTES);
    prove();
    assert_int_equal(GRILLE_REASON_ATTEST_DEBUG, judge_as(own, "", SELF));
    assert_int_equal(GRILLE_REASON_OK, judge_as(own, "insecure_allow_debug: true\n", SELF));
    /* a debug enclave is not what a production one is */
    assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge_as(identity, "insecure_allow_debug: true\n", SELF));
    grille_identity_free(own);
}

static void an_nsm_that_fails_makes_no_identity(void **state) {
    forge_nsm failing;
    grille_identity *made = identity;
    grille_error error;
    (void)state;
    forge_nsm_init(&failing, &chain);
    failing.fails = true;
    assert_int_equal(GRILLE_UNAVAILABLE, grille_identity_from_nsm(&failing.nsm, &made, &error));
    assert_null(made);
    assert_string_equal("NSM-FAILED", error.name);
    assert_int_equal(1, failing.closed);
}

static void a_failing_nsm_is_reported(void **state) {
    grille_error error;
    (void)state;
    nsm.fails = true;
    assert_int_equal(GRILLE_REASON_NSM_FAILED,
                     grille_evidence_prove(identity, crypto(), &session.binding, body, sizeof body, &len, &error));
    assert_int_equal(0, len);
    assert_string_equal("NSM-FAILED", error.name);
    assert_string_equal("the NSM answered InternalError", error.text);
}

static void a_full_frame_of_noise_is_refused(void **state) {
    (void)state;
    memset(body, 0x84, sizeof body);
    len = sizeof body;
    assert_int_equal(GRILLE_REASON_ATTEST_COSE_STRUCTURE, verify());
    len = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE, verify());
}

static int lines_of(int peers, grille_wall_ms now_ms) {
    grille_policy *policy = policy_with("max_age: 1h\n", pin(0));
    const grille_judge judging = {.policy = policy, .crypto = crypto(), .now_ms = now_ms};
    grille_peer_identity peer;
    lines_logged = 0;
    for (int i = 0; i < peers; i++)
        assert_int_equal(GRILLE_REASON_OK, grille_evidence_verify(&judging, GRILLE_IDENTITY_NITRO, &session.binding,
                                                                  grille_bytes_of(body, len), &peer, NULL, NULL));
    grille_policy_free(policy);
    return lines_logged;
}

/* A peer that was accepted once can come back as often as it likes: the burst, then so many lines a second, after one
 * that tells how many were left out. */
static void insecure_peers_do_not_fill_the_log(void **state) {
    const int burst = GRILLE_LIMIT_VERIFIED_LOG_BURST, per_second = GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND;
    const grille_wall_ms later_ms = FORGE_NOW_MS + 20 * 60000; /* than in any test before: the bucket is full */
    (void)state;
    prove();
    assert_int_equal(lines_of(burst + 1, later_ms), burst);
    assert_int_equal(lines_of(1, later_ms + 1000 / per_second - 1), 0);
    assert_int_equal(lines_of(2 * per_second, later_ms + 1000), per_second + 1);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(accepts_and_tells_who_it_is),
        CASE(definite_maps_and_tag_18_are_taken_too),
        CASE(each_binding_is_compared),
        CASE(a_document_of_an_application_is_no_evidence),
        CASE(fields_that_are_missing_match_nothing),
        CASE(any_pinned_pcr_must_match),
        CASE(a_pinned_pcr_must_be_there),
        CASE(sets_are_alternatives_and_the_closest_is_named),
        CASE(a_debug_enclave_needs_leave),
        CASE(age_and_skew_hold_to_the_millisecond),
        CASE(another_root_is_refused),
        CASE(peer_self_is_the_same_image),
        CASE(who_is_no_enclave_has_no_self),
        CASE(a_debug_enclave_is_no_self_without_leave),
        CASE(an_nsm_that_fails_makes_no_identity),
        CASE(a_failing_nsm_is_reported),
        CASE(a_full_frame_of_noise_is_refused),
        CASE(insecure_peers_do_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, make_chain, free_chain);
}
