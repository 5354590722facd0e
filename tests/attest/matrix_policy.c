/* SPDX-License-Identifier: Apache-2.0
 * Class F: what a policy says of a good document. */
#include <stdio.h>
#include <string.h>

#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_session.h"
#include "matrix.h"
#include "wire/claims.h"

static char pins[4096];

/* "  pcrN: …" of a document, with one bit changed unless `bit` is -1. */
static const char *pin(unsigned index, int bit) {
    static char lines[8][128];
    static unsigned next;
    char *line = lines[next++ % 8];
    char hex[2 * GRILLE_PCR_BYTES + 1];
    forge_document d = matrix_document(matrix_chain());
    if (bit >= 0) d.pcrs[index][bit / 8] ^= (uint8_t)(1 << bit % 8);
    grille_hex_encode(grille_bytes_of(d.pcrs[index], GRILLE_PCR_BYTES), hex);
    (void)snprintf(line, sizeof lines[0], "  pcr%u: %s\n", index, hex);
    return line;
}

static grille_policy *policy_of(const char *top, const char *sets) {
    return forge_policy("insecure_development_root: %s\n%speers:\n%s",
                        forge_yaml_block(forge_pem(&matrix_chain()->certificates[0]), 2), top, sets);
}

static void judge(const char *row, grille_reason expected, const char *top, const char *sets,
                  const forge_document *document) {
    grille_policy *policy = policy_of(top, sets);
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts;
    grille_error error;
    grille_code code;
    grille_reason observed = GRILLE_REASON_OK;
    options.policy = policy;
    options.any_user_data = true;
    code = grille_attest_verify_stored(forge_document_sign(document, matrix_chain()), &options, FORGE_NOW_MS, &facts,
                                       &error);
    for (int i = 1; i < GRILLE_REASON_COUNT && code != GRILLE_OK; i++) {
        if (strcmp(error.name, grille_reason_name((grille_reason)i)) == 0) observed = (grille_reason)i;
    }
    matrix_expect_verdict(row, expected, observed, &error);
    grille_policy_free(policy);
}

static const char *one_set(const char *first, const char *second) {
    (void)snprintf(pins, sizeof pins, "- name: a\n  kind: nitro\n%s%s", first, second);
    return pins;
}

#define MISMATCH GRILLE_REASON_ATTEST_PCR_MISMATCH
#define MISSING  GRILLE_REASON_ATTEST_PCR_MISSING

void matrix_f_pcrs(void **state) {
    static const unsigned pinned[] = {1, 2, 3, 4, 5, 8, 15};
    forge_document d = matrix_document(matrix_chain());
    char name[48];
    (void)state;
    judge("PCR0", GRILLE_REASON_OK, "", one_set(pin(0, -1), ""), &d);
    for (int bit = 0; bit < 8 * GRILLE_PCR_BYTES; bit++) {
        (void)snprintf(name, sizeof name, "bit %d of PCR0", bit);
        judge(name, MISMATCH, "", one_set(pin(0, bit), ""), &d);
    }
    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0]; i++) {
        unsigned pcr = pinned[i];
        (void)snprintf(name, sizeof name, "PCR%u", pcr);
        judge(name, GRILLE_REASON_OK, "", one_set(pin(0, -1), pin(pcr, -1)), &d);
        judge(name, MISMATCH, "", one_set(pin(0, -1), pin(pcr, 383)), &d);
        if (pcr == 4) continue; /* the root is a simulated one: its PCR4 may be missing too */
        d.pcr_mask &= ~(UINT32_C(1) << pcr);
        judge(name, MISSING, "", one_set(pin(0, -1), pin(pcr, -1)), &d);
        d.pcr_mask = 0xffff;
        memset(d.pcrs[pcr], 0, GRILLE_PCR_BYTES);
        judge(name, MISMATCH, "", one_set(pin(0, -1), pin(pcr, -1)), &d);
        d = matrix_document(matrix_chain());
    }
    d.pcr_mask &= ~UINT32_C(0x10);
    judge("PCR4 is not there", MISSING, "", one_set(pin(0, -1), pin(4, -1)), &d);
    d = matrix_document(matrix_chain());
    judge("signer alone", GRILLE_REASON_OK, "", one_set(pin(8, -1), ""), &d);
    judge("another signer", MISMATCH, "", one_set(pin(8, 0), ""), &d);
    d.nitrotpm = true;
    judge("a NitroTPM's PCRs of the same values", GRILLE_REASON_ATTEST_DOCUMENT_NITROTPM, "", one_set(pin(0, -1), ""),
          &d);
    /* a debug enclave: 0, 1, 2 and 8 are zero, 3 and 4 are real */
    d = matrix_document(matrix_chain());
    for (unsigned i = 0; i < 3; i++)
        memset(d.pcrs[i], 0, GRILLE_PCR_BYTES);
    memset(d.pcrs[8], 0, GRILLE_PCR_BYTES);
    judge("debug", GRILLE_REASON_ATTEST_DEBUG, "", one_set(pin(0, -1), ""), &d);
    judge("debug, by its signer", GRILLE_REASON_ATTEST_DEBUG, "", one_set(pin(8, -1), ""), &d);
    judge("debug with leave", GRILLE_REASON_OK, "insecure_allow_debug: true\n", one_set(pin(0, -1), ""), &d);
    judge("debug with leave, of another role", MISMATCH, "insecure_allow_debug: true\n", one_set(pin(0, -1), pin(3, 0)),
          &d);
}

static char many[8192];
static const char *two_sets(const char *first, const char *more_of_first, const char *second,
                            const char *more_of_second) {
    (void)snprintf(many, sizeof many, "- name: a\n  kind: nitro\n%s%s- name: b\n  kind: nitro\n%s%s", first,
                   more_of_first, second, more_of_second);
    return many;
}

void matrix_f_sets(void **state) {
    const char *const past = "  not_after: 2026-06-01T11:59:59Z\n", *const future =
                                                                        "  not_after: 2026-06-01T12:00:01Z\n";
    const forge_document d = matrix_document(matrix_chain());
    char both[256], mixed[256];
    (void)state;
    judge("the first of two", GRILLE_REASON_OK, "", two_sets(pin(0, -1), "", pin(0, 7), ""), &d);
    judge("the second of two", GRILLE_REASON_OK, "", two_sets(pin(0, 7), "", pin(0, -1), ""), &d);
    judge("neither", MISMATCH, "", two_sets(pin(0, 7), "", pin(0, 8), ""), &d);
    /* half of one and half of the other are no whole */
    judge("halves of two", MISMATCH, "", two_sets(pin(0, -1), pin(1, 0), pin(0, 0), pin(1, -1)), &d);
    judge("expired", GRILLE_REASON_ATTEST_SET_EXPIRED, "", one_set(pin(0, -1), past), &d);
    judge("not yet expired", GRILLE_REASON_OK, "", one_set(pin(0, -1), future), &d);
    judge("an expired one and another", GRILLE_REASON_OK, "", two_sets(pin(0, -1), past, pin(0, -1), ""), &d);
    judge("an expired one and a wrong one", GRILLE_REASON_ATTEST_SET_EXPIRED, "",
          two_sets(pin(0, -1), past, pin(0, 0), ""), &d);
    (void)snprintf(both, sizeof both, "%s", pin(3, -1));
    (void)snprintf(mixed, sizeof mixed, "%s%s", pin(3, -1), pin(4, 0));
    judge("image and role", GRILLE_REASON_OK, "", one_set(pin(0, -1), both), &d);
    judge("image and role, another instance", MISMATCH, "", one_set(pin(0, -1), mixed), &d);
    judge("a document has no build claim", GRILLE_REASON_ATTEST_BUILD_TOO_OLD, "",
          one_set(pin(0, -1), "  min_build: 1\n"), &d);
}

static void shown(const char *row, grille_reason expected, const grille_policy *policy, const grille_identity *own,
                  const grille_claims *claims) {
    forge_session session;
    grille_writer w;
    forge_session_init(&session, 'R', 1);
    w = grille_writer_into(session.claims, sizeof session.claims);
    grille_claims_write(&w, claims);
    session.binding.claims = grille_written(&w);
    matrix_expect_evidence(row, expected, policy, own, GRILLE_IDENTITY_NITRO, &session.binding,
                           matrix_evidence_of(&session, GRILLE_ATTEST_CHANNEL_PREFIX));
}

#define A5 "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"

void matrix_f_claims(void **state) {
    static const char *const features[] = {"logs", "metrics", "reflection", "debug"};
    static uint8_t digest[GRILLE_POLICY_DIGEST_BYTES];
    grille_claims claims = {.build = 7};
    grille_policy *policy;
    (void)state;
    policy = policy_of("", one_set(pin(0, -1), "  min_build: 7\n"));
    shown("build 7", GRILLE_REASON_OK, policy, NULL, &claims);
    claims.build = 6;
    shown("build 6", GRILLE_REASON_ATTEST_BUILD_TOO_OLD, policy, NULL, &claims);
    claims.build = UINT64_MAX;
    shown("the last build", GRILLE_REASON_OK, policy, NULL, &claims);
    grille_policy_free(policy);
    for (unsigned i = 0; i < 4; i++) {
        char refuse[64];
        (void)snprintf(refuse, sizeof refuse, "  refuse: [%s]\n", features[i]);
        policy = policy_of("", one_set(pin(0, -1), refuse));
        for (unsigned told = GRILLE_FEATURE_STATE_NOT_TOLD; told <= GRILLE_FEATURE_STATE_ON; told++) {
            grille_claims of_one = {.logs = GRILLE_FEATURE_STATE_ON,
                                    .metrics = GRILLE_FEATURE_STATE_ON,
                                    .reflection = GRILLE_FEATURE_STATE_ON,
                                    .debug = GRILLE_FEATURE_STATE_ON};
            grille_feature_state *const fields[] = {&of_one.logs, &of_one.metrics, &of_one.reflection, &of_one.debug};
            *fields[i] = (grille_feature_state)told;
            shown(features[i],
                  told == GRILLE_FEATURE_STATE_OFF ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_FEATURE_REFUSED, policy,
                  NULL, &of_one);
        }
        grille_policy_free(policy);
    }
    policy = policy_of("", one_set(pin(0, -1), "  policy_digest: [" A5 "]\n"));
    claims = (grille_claims){.build = 0};
    shown("no digest", GRILLE_REASON_ATTEST_POLICY_DIGEST, policy, NULL, &claims);
    memset(digest, 0xa5, sizeof digest);
    claims.policy_digest = grille_bytes_of(digest, sizeof digest);
    shown("the digest", GRILLE_REASON_OK, policy, NULL, &claims);
    digest[47] ^= 1;
    shown("another digest", GRILLE_REASON_ATTEST_POLICY_DIGEST, policy, NULL, &claims);
    grille_policy_free(policy);
}

/* `peer: self` at an end that is no enclave accepts nobody; what an enclave makes of it is evidence_nitro_test's. */
void matrix_f_self(void **state) {
    const grille_claims claims = {.build = 0};
    grille_policy *policy = policy_of("", one_set("  peer: self\n", ""));
    (void)state;
    shown("no self", GRILLE_REASON_ATTEST_NO_SELF, policy, NULL, &claims);
    grille_policy_free(policy);
}

/* An empty policy is an error, never leave for everybody. */
void matrix_f_empty_policies(void **state) {
    static const struct {
        const char *text;
        const char *name;
    } rows[] = {
        {"", "POLICY-EMPTY"},
        {"{}\n", "POLICY-EMPTY"},
        {"peers: []\n", "POLICY-EMPTY"},
        {"peers:\n- name: a\n  kind: nitro\n", "POLICY-EMPTY"},
        {"peers:\n- name: a\n  kind: nitro\n  pcr0:\n", NULL},
        {"peers:\n- name: a\n  kind: nitro\n  pcr3: " /* role alone */
         "a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3\n",
         "POLICY-WEAK-SET"},
        {"peers:\n- name: a\n  kind: nitro\n  pcr0: "
         "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n",
         "POLICY-ZERO-PCR"},
        {"peers:\n- name: a\n  kind: x509\n  names: [a.example]\n", NULL},
    };
    const grille_policy empty = {.set_count = 0};
    forge_document d = matrix_document(matrix_chain());
    grille_document document;
    const grille_policy_set *set = NULL;
    grille_error error;
    bool debug = false;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_policy *policy = NULL;
        if (grille_policy_parse(grille_bytes_of_text(rows[i].text), "p.yaml", NULL, &policy, &error) == GRILLE_OK) {
            fail_msg("accepted: %s", rows[i].text);
        }
        assert_null(policy);
        if (rows[i].name != NULL) assert_string_equal(rows[i].name, error.name);
    }
    /* And if one came into being in another way, it would accept nobody. */
    assert_int_equal(GRILLE_REASON_OK,
                     grille_document_read(forge_document_sign(&d, matrix_chain()), &document, &error));
    matrix_expect_verdict("a policy without sets", GRILLE_REASON_ATTEST_KIND_REFUSED,
                          grille_policy_judge_nitro(&empty, NULL, &document, 0, FORGE_NOW_MS, &set, &debug, &error),
                          &error);
    assert_null(set);
}
