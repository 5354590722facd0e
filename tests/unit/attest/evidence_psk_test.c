/* SPDX-License-Identifier: Apache-2.0
 * Goal: only who has the key of a listed id, in its role and this session, is accepted, and a stranger learns nothing
 * else; nobody is accepted only where the policy says so. */
#include <stdio.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "wire/limits.h"

static forge_session session;
static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
static size_t len;
static grille_peer_identity peer;
static grille_evidence_facts facts;
static grille_error error;

/* How often each function was used. */
static size_t hashes, hmacs, hkdfs;

static grille_reason count_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out) {
    hashes++;
    return grille_crypto_wolf()->hash(kind, parts, count, out);
}

static grille_reason count_hmac(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                                uint8_t *out) {
    hmacs++;
    return grille_crypto_wolf()->hmac(kind, key, parts, count, out);
}

static grille_reason count_expand(grille_hash_kind kind, grille_bytes prk, grille_bytes info, uint8_t *out,
                                  size_t out_len) {
    hkdfs++;
    return grille_crypto_wolf()->hkdf_expand(kind, prk, info, out, out_len);
}

static grille_crypto counting_crypto(void) {
    grille_crypto crypto = *grille_crypto_wolf();
    crypto.hash = count_hash;
    crypto.hmac = count_hmac;
    crypto.hkdf_expand = count_expand;
    return crypto;
}

static grille_reason judge_as(grille_policy *policy, grille_identity_kind kind, grille_wall_ms now_ms) {
    const grille_crypto crypto = counting_crypto();
    const grille_judge judge = {.policy = policy, .crypto = &crypto, .now_ms = now_ms};
    grille_reason reason;
    hashes = hmacs = hkdfs = 0;
    reason = grille_evidence_verify(&judge, kind, &session.binding, grille_bytes_of(body, len), &peer, &facts, &error);
    assert_string_equal(reason == GRILLE_REASON_OK ? "" : grille_reason_name(reason), error.name);
    if (reason != GRILLE_REASON_OK) {
        const grille_peer_identity zero = {.epoch = 0};
        assert_memory_equal(&zero, &peer, sizeof zero);
        assert_int_equal(0, facts.verified_ms);
        assert_true(strlen(error.text) > 20);
    }
    return reason;
}

/* Under this policy, which it frees. */
static grille_reason judge(grille_policy *policy) {
    const grille_reason reason = judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS);
    grille_policy_free(policy);
    return reason;
}

static void prove(const char *text) {
    grille_identity *identity = forge_psk_identity(text);
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body,
                                                             sizeof body, &len, &error));
    grille_identity_free(identity);
}

/* Two sets: one key each of an initiator and a responder, inline. */
static grille_policy *policy_with(const char *more) {
    return forge_policy("peers:\n"
                        "  - name: callers\n"
                        "    kind: psk\n"
                        "    psk: %s"
                        "%s"
                        "  - name: servers\n"
                        "    kind: psk\n"
                        "    psk: %s",
                        forge_yaml_block(forge_psk_text("parent", "initiator", 1), 6), more,
                        forge_yaml_block(forge_psk_text("gateway", "responder", 2), 6));
}

static int setup(void **state) {
    (void)state;
    forge_session_init(&session, 'I', 1);
    prove(forge_psk_text("parent", "initiator", 1));
    return 0;
}

static void accepts_and_tells_who_it_is(void **state) {
    grille_policy *policy = policy_with("    not_after: 2027-01-31T12:00:00Z\n");
    (void)state;
    assert_int_equal(1 + 6 + GRILLE_PSK_MAC_BYTES, len);
    assert_int_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    assert_int_equal(GRILLE_IDENTITY_PSK, peer.kind);
    assert_string_equal("parent", peer.psk_id);
    assert_string_equal("callers", peer.set);
    assert_int_equal(INT64_C(1801396800000), peer.expires_ms);
    assert_true(GRILLE_WALL_NEVER == facts.evidence_expires_ms);
    assert_int_equal(INT64_C(1801396800000), facts.set_expires_ms);
    assert_int_equal('I', facts.prover_role);
    assert_int_equal(FORGE_NOW_MS, facts.verified_ms);
    assert_memory_equal(policy->psks->psk.anchor, facts.anchor, sizeof facts.anchor);
    assert_false(peer.insecure);
    assert_int_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, INT64_C(1801396800000)));
    assert_int_equal(GRILLE_REASON_ATTEST_SET_EXPIRED, judge_as(policy, GRILLE_IDENTITY_PSK, INT64_C(1801396800001)));
    grille_policy_free(policy);
    forge_session_init(&session, 'R', 1);
    prove(forge_psk_text("gateway", "responder", 2));
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("")));
    assert_string_equal("servers", peer.set);
    assert_true(GRILLE_WALL_NEVER == peer.expires_ms);
}

static void claims_are_judged_too(void **state) {
    (void)state;
    assert_int_equal(GRILLE_REASON_ATTEST_BUILD_TOO_OLD, judge(policy_with("    min_build: 7\n")));
    forge_session_claims(&session, 7, grille_bytes_of(NULL, 0));
    prove(forge_psk_text("parent", "initiator", 1));
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("    min_build: 7\n")));
    assert_int_equal(7, peer.build);
}

static void every_flipped_bit_prefix_and_deletion_is_refused(void **state) {
    grille_policy *policy = policy_with("");
    const size_t whole = len;
    uint8_t good[128];
    (void)state;
    memcpy(good, body, whole);
    for (size_t bit = 0; bit < 8 * whole; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (len = 0; len < whole; len++)
        assert_int_not_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    for (size_t gone = 0; gone < whole; gone++) {
        memcpy(body, good, gone);
        memcpy(&body[gone], &good[gone + 1], whole - gone - 1);
        len = whole - 1;
        assert_int_not_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    }
    memcpy(body, good, whole);
    body[whole] = 0;
    len = whole + 1;
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_BODY, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    len = whole;
    assert_int_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    grille_policy_free(policy);
}

static void ids_are_printable(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const bool printable = byte > 0x20 && byte < 0x7f;
        body[1] = (uint8_t)byte;
        if (byte == 'p') continue;
        assert_int_equal(printable ? GRILLE_REASON_ATTEST_PSK_MISMATCH : GRILLE_REASON_ATTEST_PSK_BODY,
                         judge(policy_with("")));
    }
    memset(body, 'a', 1 + 255 + GRILLE_PSK_MAC_BYTES);
    body[0] = 255;
    len = 1 + 255 + GRILLE_PSK_MAC_BYTES;
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge(policy_with("")));
    body[0] = 0;
    len = 1 + GRILLE_PSK_MAC_BYTES;
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_BODY, judge(policy_with("")));
}

static void another_session_or_role_is_refused(void **state) {
    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof session.binding.binder; bit++) {
        session.binding.binder[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge(policy_with("")));
        session.binding.binder[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    session.binding.prover_role = 'R';
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge(policy_with("")));
    session.binding.prover_role = 'I';
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("")));
}

/* MACs that are right, by keys that are not for this. */
static void a_key_proves_its_own_role_only(void **state) {
    grille_psk psk;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_psk_read(grille_crypto_wolf(),
                                                       grille_bytes_of_text(forge_psk_text("gateway", "responder", 2)),
                                                       "k", &psk, &error));
    body[0] = 7;
    memcpy(&body[1], "gateway", 7);
    len = 1 + 7 + GRILLE_PSK_MAC_BYTES;
    assert_int_equal(GRILLE_REASON_OK, grille_psk_mac(grille_crypto_wolf(), psk.mac_key, &session.binding, &body[8]));
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge(policy_with("")));
    assert_non_null(strstr(error.text, "as initiator, expected one that the policy lists for that role"));
    /* the same MAC for the role of the key */
    session.binding.prover_role = 'R';
    assert_int_equal(GRILLE_REASON_OK, grille_psk_mac(grille_crypto_wolf(), psk.mac_key, &session.binding, &body[8]));
    assert_int_equal(GRILLE_REASON_OK, judge(policy_with("")));
}

static void an_end_of_the_other_role_can_not_prove(void **state) {
    grille_identity *identity = forge_psk_identity(forge_psk_text("parent", "initiator", 1));
    (void)state;
    session.binding.prover_role = 'R';
    assert_int_equal(
        GRILLE_REASON_ATTEST_IDENTITY,
        grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body, sizeof body, &len, &error));
    assert_int_equal(0, len);
    grille_identity_free(identity);
}

/* The same name and the same cryptographic work for every refusal; what is wrong stands in the local text only. */
static void a_stranger_can_not_tell_unknown_ids_from_wrong_keys(void **state) {
    static const struct {
        const char *id, *part;
        unsigned seed;
    } rows[] = {
        {"parent", "expected a MAC by our key", 9},          /* known, wrong key */
        {"parent", "expected a MAC by our key", 2},          /* another one's key */
        {"nobody", "expected one that the policy lists", 1}, /* unknown, with a right key of another id */
        {"nobody", "expected one that the policy lists", 9},
        {"parent2", "expected one that the policy lists", 1}, /* one that begins like a known one */
        {"paren", "expected one that the policy lists", 1},
        {"gateway", "expected one that the policy lists", 2}, /* of the other role */
    };
    grille_policy *policy = policy_with("");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prove(forge_psk_text(rows[i].id, "initiator", rows[i].seed));
        assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
        if (strstr(error.text, rows[i].part) == NULL) fail_msg("%s: %s", rows[i].id, error.text);
        assert_int_equal(1, hmacs);
        assert_int_equal(0, hashes);
        assert_int_equal(0, hkdfs);
    }
    prove(forge_psk_text("parent", "initiator", 1));
    assert_int_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_PSK, FORGE_NOW_MS));
    assert_int_equal(1, hmacs + hashes + hkdfs);
    grille_policy_free(policy);
}

/* What an unknown id is compared with is no key: its MAC proves nothing. */
static void the_key_of_unknown_ids_opens_nothing(void **state) {
    static const uint8_t zeros[GRILLE_PSK_MAC_BYTES];
    (void)state;
    body[0] = 6;
    memcpy(&body[1], "nobody", 6);
    assert_int_equal(GRILLE_REASON_OK, grille_psk_mac(grille_crypto_wolf(), zeros, &session.binding, &body[7]));
    assert_int_equal(GRILLE_REASON_ATTEST_PSK_MISMATCH, judge(policy_with("")));
}

static grille_reason failing_hmac(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                                  uint8_t *out) {
    (void)kind, (void)key, (void)parts, (void)count, (void)out;
    return GRILLE_REASON_CRYPTO_FAILED;
}

static void a_failing_hmac_is_reported(void **state) {
    grille_policy *policy = policy_with("");
    grille_crypto crypto = *grille_crypto_wolf();
    const grille_judge judging = {.policy = policy, .crypto = &crypto, .now_ms = FORGE_NOW_MS};
    grille_identity *identity = forge_psk_identity(forge_psk_text("parent", "initiator", 1));
    (void)state;
    crypto.hmac = failing_hmac;
    assert_int_equal(GRILLE_REASON_CRYPTO_FAILED,
                     grille_evidence_verify(&judging, GRILLE_IDENTITY_PSK, &session.binding, grille_bytes_of(body, len),
                                            &peer, &facts, &error));
    assert_int_equal(GRILLE_REASON_CRYPTO_FAILED,
                     grille_evidence_prove(identity, &crypto, &session.binding, body, sizeof body, &len, &error));
    assert_int_equal(GRILLE_REASON_NO_SPACE, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding,
                                                                   body, 1 + 6 + 47, &len, &error));
    grille_identity_free(identity);
    grille_policy_free(policy);
}

/* ---- anonymous ---- */

#define ANYBODY "  - {name: anybody, kind: anonymous, may_call: [/a.B/C], not_after: 2027-01-31T12:00:00Z}\n"

static void an_anonymous_initiator_needs_a_set(void **state) {
    grille_policy *without = policy_with(""), *with = forge_policy("peers:\n" ANYBODY);
    grille_identity *identity = NULL;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&identity, &error));
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body,
                                                             sizeof body, &len, &error));
    assert_int_equal(0, len);
    assert_int_equal(GRILLE_REASON_ATTEST_KIND_REFUSED, judge_as(without, GRILLE_IDENTITY_ANONYMOUS, FORGE_NOW_MS));
    assert_int_equal(GRILLE_REASON_OK, judge_as(with, GRILLE_IDENTITY_ANONYMOUS, FORGE_NOW_MS));
    assert_int_equal(GRILLE_IDENTITY_ANONYMOUS, peer.kind);
    assert_string_equal("anybody", peer.set);
    assert_int_equal(INT64_C(1801396800000), peer.expires_ms);
    assert_true(GRILLE_WALL_NEVER == facts.evidence_expires_ms);
    assert_true(grille_policy_may_call(with, &peer, "/a.B/C"));
    assert_false(grille_policy_may_call(with, &peer, "/a.B/D"));
    assert_false(grille_policy_serves_listed(with, &peer, "/a.B/C"));
    assert_int_equal(GRILLE_REASON_ATTEST_SET_EXPIRED,
                     judge_as(with, GRILLE_IDENTITY_ANONYMOUS, INT64_C(1801396800001)));
    len = 1;
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE, judge_as(with, GRILLE_IDENTITY_ANONYMOUS, FORGE_NOW_MS));
    grille_identity_free(identity);
    grille_policy_free(without);
    grille_policy_free(with);
}

/* Whatever the policy says. */
static void an_anonymous_responder_is_never_accepted(void **state) {
    grille_policy *policy = forge_policy("peers:\n" ANYBODY);
    grille_identity *identity = NULL;
    (void)state;
    len = 0;
    session.binding.prover_role = 'R';
    assert_int_equal(GRILLE_REASON_ATTEST_KIND_REFUSED, judge_as(policy, GRILLE_IDENTITY_ANONYMOUS, FORGE_NOW_MS));
    assert_non_null(strstr(error.text, "expected one that proves who it is"));
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&identity, &error));
    assert_int_equal(
        GRILLE_REASON_ATTEST_IDENTITY,
        grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body, sizeof body, &len, &error));
    grille_identity_free(identity);
    grille_policy_free(policy);
}

static void the_second_set_of_nobody_counts_when_the_first_is_over(void **state) {
    grille_policy *policy = forge_policy("peers:\n" ANYBODY "  - {name: later, kind: anonymous, may_call: [/a.B/D]}\n");
    (void)state;
    len = 0;
    assert_int_equal(GRILLE_REASON_OK, judge_as(policy, GRILLE_IDENTITY_ANONYMOUS, INT64_C(1801396800001)));
    assert_string_equal("later", peer.set);
    grille_policy_free(policy);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        CASE(accepts_and_tells_who_it_is),
        CASE(claims_are_judged_too),
        CASE(every_flipped_bit_prefix_and_deletion_is_refused),
        CASE(ids_are_printable),
        CASE(another_session_or_role_is_refused),
        CASE(a_key_proves_its_own_role_only),
        CASE(an_end_of_the_other_role_can_not_prove),
        CASE(a_stranger_can_not_tell_unknown_ids_from_wrong_keys),
        CASE(the_key_of_unknown_ids_opens_nothing),
        CASE(a_failing_hmac_is_reported),
        CASE(an_anonymous_initiator_needs_a_set),
        CASE(an_anonymous_responder_is_never_accepted),
        CASE(the_second_set_of_nobody_counts_when_the_first_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
