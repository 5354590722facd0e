/* SPDX-License-Identifier: Apache-2.0
 * Verified peers judged again: evidence, the policy that accepted it, another policy or another time, and what becomes
 * of it. Judging again must say what verifying the same evidence under the new policy would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "grille/log.h"
#include "wire/claims.h"
#include "wire/limits.h"

#define HEX96(two)                                                                                                     \
    two two two two two two two two two two two two two two two two two two two two two two two two two two two two    \
        two two two two two two two two two two two two two two two two two two two two
#define D1 HEX96("d1")
#define D2 HEX96("d2")
/* PCRs of a forged document. */
#define PCR0 "    pcr0: " HEX96("a0") "\n"
#define PCR3 "    pcr3: " HEX96("a3") "\n"
#define PCR8 "    pcr8: " HEX96("a8") "\n"

static forge_chain chain, other_chain;
static forge_identity ca, intermediate, other_ca, leaf, client_leaf;

static const grille_crypto *crypto(void) {
    return grille_crypto_wolf();
}

static void ignore_warnings(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)module;
    (void)line;
    (void)user;
}

static int setup(void **state) {
    forge_template templates[FORGE_CHAIN], authority = forge_ca("root", GRILLE_P256),
                                           below = forge_ca("intermediate", GRILLE_P256),
                                           other = forge_ca("root", GRILLE_P256),
                                           end = forge_leaf("parent-7", GRILLE_P256, "parent.example", "urn:parent"),
                                           client = forge_template_of("client", GRILLE_P256);
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    forge_chain_make(templates, &other_chain);
    forge_certificate(&authority, NULL, &ca);
    forge_certificate(&below, &ca, &intermediate);
    forge_certificate(&other, NULL, &other_ca);
    forge_certificate(&end, &intermediate, &leaf);
    forge_key_usage(&client, true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
    forge_extended_key_usage(&client, true, false);
    forge_alternative_names(&client, "parent.example", NULL);
    forge_certificate(&client, &intermediate, &client_leaf);
    grille_log_set(ignore_warnings, NULL, GRILLE_LOG_WARNING);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_chain_free(&chain);
    forge_chain_free(&other_chain);
    forge_free(&ca);
    forge_free(&intermediate);
    forge_free(&other_ca);
    forge_free(&leaf);
    forge_free(&client_leaf);
    return 0;
}

/* ---- Evidence, and what was kept of it ---- */

/* Claims: build 7, policy digest d1, logs off, metrics on, reflection not told, debug off. */
static void make_session(forge_session *session, char role) {
    uint8_t digest[GRILLE_SHA384_BYTES] = {0};
    const grille_claims claims = {.build = 7,
                                  .policy_digest = grille_bytes_of(digest, sizeof digest),
                                  .logs = GRILLE_FEATURE_STATE_OFF,
                                  .metrics = GRILLE_FEATURE_STATE_ON,
                                  .debug = GRILLE_FEATURE_STATE_OFF};
    grille_writer writer;
    memset(digest, 0xd1, sizeof digest);
    forge_session_init(session, role, 1);
    writer = grille_writer_into(session->claims, sizeof session->claims);
    grille_claims_write(&writer, &claims);
    assert_int_equal(GRILLE_REASON_OK, grille_writer_end(&writer));
    session->binding.claims = grille_written(&writer);
}

typedef struct evidence {
    grille_identity_kind kind;
    forge_session session;
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len;
    grille_identity *identity;
    forge_nsm nsm; /* nitro */
} evidence;

static void prove(evidence *made, char role) {
    grille_error error;
    make_session(&made->session, role);
    made->kind = grille_identity_get_kind(made->identity);
    if (grille_evidence_prove(made->identity, crypto(), &made->session.binding, made->body, sizeof made->body,
                              &made->len, &error) != GRILLE_REASON_OK) {
        fail_msg("%s", error.text);
    }
}

static void make_nitro(evidence *made, bool debug) {
    static const unsigned zero_in_debug[] = {0, 1, 2, 8};
    grille_error error;
    forge_nsm_init(&made->nsm, &chain);
    for (size_t i = 0; debug && i < 4; i++)
        memset(made->nsm.document.pcrs[zero_in_debug[i]], 0, GRILLE_PCR_BYTES);
    assert_int_equal(GRILLE_OK, grille_identity_from_nsm(&made->nsm.nsm, &made->identity, &error));
    prove(made, 'R');
}

static void make_x509(evidence *made, const forge_identity *end, char role) {
    const forge_identity *const certificates[] = {end, &intermediate};
    grille_error error;
    const char *path = forge_chain_file(certificates, 2);
    assert_int_equal(GRILLE_OK, grille_identity_load_x509(path, forge_key_file(end), &made->identity, &error));
    prove(made, role);
}

/* What stays when evidence was accepted: the chain in memory of exactly its size. */
typedef struct kept {
    grille_peer_identity peer;
    grille_evidence_facts facts;
    uint8_t *chain;
} kept;

static grille_error error;

static grille_reason verify(const evidence *made, const grille_policy *policy, grille_wall_ms now_ms,
                            grille_peer_identity *peer, grille_evidence_facts *facts) {
    const grille_judge judge = {.policy = policy, .crypto = crypto(), .own = made->identity, .now_ms = now_ms};
    return grille_evidence_verify(&judge, made->kind, &made->session.binding, grille_bytes_of(made->body, made->len),
                                  peer, facts, &error);
}

static kept keep(const evidence *made, const grille_policy *policy) {
    kept stays = {.chain = NULL};
    if (verify(made, policy, FORGE_NOW_MS, &stays.peer, &stays.facts) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    stays.peer.epoch = 3;
    if (stays.facts.chain.len > 0) {
        stays.chain = malloc(stays.facts.chain.len);
        assert_non_null(stays.chain);
        memcpy(stays.chain, stays.facts.chain.data, stays.facts.chain.len);
        stays.facts.chain.data = stays.chain;
    }
    return stays;
}

static grille_reason judge_again(const evidence *made, const grille_policy *policy, grille_wall_ms now_ms,
                                 kept *stays) {
    const grille_judge judge = {.policy = policy, .crypto = crypto(), .own = made->identity, .now_ms = now_ms};
    const kept before = *stays;
    grille_reason reason = grille_evidence_judge_again(&judge, &stays->facts, &stays->peer, &error);
    if (reason == GRILLE_REASON_OK) {
        assert_string_equal("", error.name);
        assert_int_equal(3, stays->peer.epoch);
        assert_int_equal(before.facts.verified_ms, stays->facts.verified_ms);
        assert_memory_equal(before.facts.anchor, stays->facts.anchor, sizeof before.facts.anchor);
        assert_ptr_equal(before.facts.chain.data, stays->facts.chain.data);
        assert_int_equal(before.facts.chain.len, stays->facts.chain.len);
    } else {
        assert_string_equal(grille_reason_name(reason), error.name);
        assert_true(strlen(error.text) > 20);
        assert_memory_equal(&before, stays, sizeof before); /* a refusal changes nothing */
    }
    return reason;
}

/* ---- The table ---- */

typedef struct again {
    const char *what, *policy; /* from `peers:` on, or with more before it */
    int64_t later_ms;          /* when it is judged */
    grille_reason reason;
    const char *set;        /* OK: the set that accepts */
    int64_t set_expires_ms; /* OK; 0: never */
} again;

#define OK(set)      GRILLE_REASON_OK, set, 0
#define REFUSED(why) GRILLE_REASON_ATTEST_##why, NULL, 0

/* Judged at the time when it was verified, evidence has the answer that verifying it anew would have. */
static void compare_with_verifying(const evidence *made, const grille_policy *policy, const kept *stays,
                                   const again *row, grille_reason reason) {
    grille_peer_identity peer;
    grille_evidence_facts facts;
    if (row->later_ms != 0) return;
    assert_int_equal(reason, verify(made, policy, FORGE_NOW_MS, &peer, &facts));
    if (reason != GRILLE_REASON_OK) return;
    peer.epoch = 3;
    assert_memory_equal(&peer, &stays->peer, sizeof peer);
    assert_true(facts.evidence_expires_ms == stays->facts.evidence_expires_ms);
    assert_true(facts.set_expires_ms == stays->facts.set_expires_ms);
}

static void play(const evidence *made, const char *prefix, const char *old, const again *rows, size_t count) {
    grille_policy *accepted = forge_policy("%s%s", prefix, old);
    for (size_t i = 0; i < count; i++) {
        const again *row = &rows[i];
        kept stays = keep(made, accepted);
        bool own_root = strstr(row->policy, "insecure_development_root") != NULL || row->policy[0] == '-';
        grille_policy *policy = forge_policy("%s%s", own_root ? "" : prefix, &row->policy[row->policy[0] == '-']);
        grille_reason reason = judge_again(made, policy, FORGE_NOW_MS + row->later_ms, &stays);
        if (reason != row->reason) {
            fail_msg("%s: expected %s, observed %s: %s", row->what, grille_reason_name(row->reason),
                     grille_reason_name(reason), error.text);
        }
        if (reason == GRILLE_REASON_OK) {
            int64_t set_expires_ms = row->set_expires_ms != 0 ? row->set_expires_ms : GRILLE_WALL_NEVER;
            int64_t least =
                stays.facts.evidence_expires_ms < set_expires_ms ? stays.facts.evidence_expires_ms : set_expires_ms;
            assert_string_equal(row->set, stays.peer.set);
            assert_true(set_expires_ms == stays.facts.set_expires_ms);
            assert_true(least == stays.peer.expires_ms);
        }
        compare_with_verifying(made, policy, &stays, row, reason);
        grille_policy_free(policy);
        free(stays.chain);
    }
    grille_policy_free(accepted);
    print_message("%zu policies that came later\n", count);
}

#define PEERS                 "peers:\n"
#define SET(name, kind, more) "  - name: " name "\n    kind: " kind "\n" more
#define X509_SET(name, more)  SET(name, "x509", "    ca: ca.pem\n" more)

/* 2026-06-01T12:00:00Z is FORGE_NOW_MS. */
#define BEFORE_NOW "    not_after: 2026-06-01T11:59:59Z\n"
#define AFTER_NOW  "    not_after: 2026-06-01T12:00:01Z\n"

static void an_enclave_is_judged_again(void **state) {
    static const again rows[] = {
        {"the same", PEERS SET("enclave", "nitro", PCR0), 0, OK("enclave")},
        {"another set", PEERS SET("signed", "nitro", PCR8), 0, OK("signed")},
        {"two pins of which one differs", PEERS SET("a", "nitro", PCR0 "    pcr8: " D1 "\n"), 0, REFUSED(PCR_MISMATCH)},
        {"another image", PEERS SET("a", "nitro", "    pcr0: " D1 "\n"), 0, REFUSED(PCR_MISMATCH)},
        {"a PCR that was not locked", PEERS SET("a", "nitro", PCR0 "    pcr20: " D1 "\n"), 0, REFUSED(PCR_MISSING)},
        {"alternatives", PEERS SET("a", "nitro", "    pcr0: " D1 "\n") SET("b", "nitro", PCR0 PCR3), 0, OK("b")},
        {"a build old enough", PEERS SET("a", "nitro", PCR0 "    min_build: 7\n"), 0, OK("a")},
        {"a build too old", PEERS SET("a", "nitro", PCR0 "    min_build: 8\n"), 0, REFUSED(BUILD_TOO_OLD)},
        {"features that are off", PEERS SET("a", "nitro", PCR0 "    refuse: [logs, debug]\n"), 0, OK("a")},
        {"one that is on", PEERS SET("a", "nitro", PCR0 "    refuse: [metrics]\n"), 0, REFUSED(FEATURE_REFUSED)},
        {"one not told", PEERS SET("a", "nitro", PCR0 "    refuse: [logs, reflection]\n"), 0, REFUSED(FEATURE_REFUSED)},
        {"its policy", PEERS SET("a", "nitro", PCR0 "    policy_digest: [" D2 ", " D1 "]\n"), 0, OK("a")},
        {"another policy", PEERS SET("a", "nitro", PCR0 "    policy_digest: [" D2 "]\n"), 0, REFUSED(POLICY_DIGEST)},
        {"claims of one set, pins of the next",
         PEERS SET("a", "nitro", PCR0 "    refuse: [metrics]\n") SET("b", "nitro", PCR8), 0, OK("b")},
        {"a set that ended", PEERS SET("a", "nitro", PCR0 BEFORE_NOW), 0, REFUSED(SET_EXPIRED)},
        {"a set that ends", PEERS SET("a", "nitro", PCR0 AFTER_NOW), 0, GRILLE_REASON_OK, "a", FORGE_NOW_MS + 1000},
        {"in its last millisecond", PEERS SET("a", "nitro", PCR0 AFTER_NOW), 1000, GRILLE_REASON_OK, "a",
         FORGE_NOW_MS + 1000},
        {"and after it", PEERS SET("a", "nitro", PCR0 AFTER_NOW), 1001, REFUSED(SET_EXPIRED)},
        {"after it, with a set that stays", PEERS SET("a", "nitro", PCR0 AFTER_NOW) SET("b", "nitro", PCR0), 1001,
         OK("b")},
        {"only callers", PEERS X509_SET("a", "    names: [a]\n"), 0, REFUSED(KIND_REFUSED)},
        {"AWS's root", "-" PEERS SET("enclave", "nitro", PCR0), 0, REFUSED(ROOT_MISMATCH)},
        {"another simulated root", "insecure_development_root: other-root.pem\n" PEERS SET("enclave", "nitro", PCR0), 0,
         REFUSED(ROOT_MISMATCH)},
        {"the last millisecond of the evidence", PEERS SET("a", "nitro", PCR0), FORGE_HOUR_MS, OK("a")},
        {"after the evidence", PEERS SET("a", "nitro", PCR0), FORGE_HOUR_MS + 1, REFUSED(CERT_EXPIRED)},
        {"our own image", PEERS SET("a", "nitro", "    peer: self\n"), 0, OK("a")},
        {"our own image with another role", PEERS SET("a", "nitro", "    peer: self\n    pcr3: " D1 "\n"), 0,
         REFUSED(PCR_MISMATCH)},
        {"a stricter age does not look back", "max_age: 1s\n" PEERS SET("a", "nitro", PCR0), 600000, OK("a")},
    };
    evidence made = {.identity = NULL};
    (void)state;
    (void)forge_file("root.pem", grille_bytes_of_text(forge_pem(&chain.certificates[0])));
    (void)forge_file("other-root.pem", grille_bytes_of_text(forge_pem(&other_chain.certificates[0])));
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    make_nitro(&made, false);
    play(&made, "insecure_development_root: root.pem\n", PEERS SET("enclave", "nitro", PCR0), rows,
         sizeof rows / sizeof rows[0]);
    grille_identity_free(made.identity);
}

static void a_debug_enclave_is_judged_again(void **state) {
    static const again rows[] = {
        {"still allowed", "insecure_allow_debug: true\n" PEERS SET("b", "nitro", PCR0 PCR3), 0, OK("b")},
        {"not any more", PEERS SET("enclave", "nitro", PCR0 PCR3), 0, REFUSED(DEBUG)},
        {"another role", "insecure_allow_debug: true\n" PEERS SET("b", "nitro", PCR0 "    pcr3: " D1 "\n"), 0,
         REFUSED(PCR_MISMATCH)},
    };
    evidence made = {.identity = NULL};
    grille_policy *policy = NULL;
    kept stays;
    (void)state;
    (void)forge_file("root.pem", grille_bytes_of_text(forge_pem(&chain.certificates[0])));
    make_nitro(&made, true);
    play(&made, "insecure_development_root: root.pem\n",
         "insecure_allow_debug: true\n" PEERS SET("enclave", "nitro", PCR0 PCR3), rows, sizeof rows / sizeof rows[0]);
    policy = forge_policy(
        "insecure_development_root: root.pem\ninsecure_allow_debug: true\n" PEERS SET("enclave", "nitro", PCR0));
    stays = keep(&made, policy);
    assert_int_equal(GRILLE_REASON_OK, judge_again(&made, policy, FORGE_NOW_MS, &stays));
    assert_true(stays.peer.debug && stays.peer.insecure);
    grille_policy_free(policy);
    grille_identity_free(made.identity);
}

static void a_caller_is_judged_again(void **state) {
#define NAMED "    names: [\"urn:parent\"]\n"
    static const again rows[] = {
        {"the same", PEERS X509_SET("parents", NAMED), 0, OK("parents")},
        {"another set", PEERS X509_SET("owners", NAMED), 0, OK("owners")},
        {"its other name", PEERS X509_SET("a", "    names: [other.example, parent.example]\n"), 0, OK("a")},
        {"another name", PEERS X509_SET("a", "    names: [other.example]\n"), 0, REFUSED(CERT_NAME)},
        {"a name in a part of another", PEERS X509_SET("a", "    names: [example]\n"), 0, REFUSED(CERT_NAME)},
        {"a CA of the same name", PEERS SET("a", "x509", "    ca: other.pem\n" NAMED), 0, REFUSED(CERT_SIGNATURE)},
        {"another CA", PEERS SET("a", "x509", "    ca: regional.pem\n" NAMED), 0, REFUSED(CERT_UNKNOWN_ISSUER)},
        {"the CA below", PEERS SET("a", "x509", "    ca: intermediate.pem\n" NAMED), 0, OK("a")},
        {"both CAs of one name", PEERS SET("a", "x509", "    ca: both.pem\n" NAMED), 0, OK("a")},
        {"the new CA first", PEERS SET("a", "x509", "    ca: other.pem\n" NAMED) X509_SET("b", NAMED), 0, OK("b")},
        {"a build too old", PEERS X509_SET("a", NAMED "    min_build: 8\n"), 0, REFUSED(BUILD_TOO_OLD)},
        {"one feature on", PEERS X509_SET("a", NAMED "    refuse: [metrics]\n"), 0, REFUSED(FEATURE_REFUSED)},
        {"another policy", PEERS X509_SET("a", NAMED "    policy_digest: [" D2 "]\n"), 0, REFUSED(POLICY_DIGEST)},
        {"a set that ended", PEERS X509_SET("a", NAMED BEFORE_NOW), 0, REFUSED(SET_EXPIRED)},
        {"a set that ends", PEERS X509_SET("a", NAMED AFTER_NOW), 1000, GRILLE_REASON_OK, "a", FORGE_NOW_MS + 1000},
        {"and after it", PEERS X509_SET("a", NAMED AFTER_NOW), 1001, REFUSED(SET_EXPIRED)},
        {"only enclaves", PEERS SET("a", "nitro", PCR0), 0, REFUSED(KIND_REFUSED)},
        {"the certificate's last millisecond", PEERS X509_SET("a", NAMED), FORGE_HOUR_MS, OK("a")},
        {"after the certificate", PEERS X509_SET("a", NAMED), FORGE_HOUR_MS + 1, REFUSED(CERT_EXPIRED)},
        {"before the certificate", "clock_skew: 0s\n" PEERS X509_SET("a", NAMED), -FORGE_HOUR_MS - 1,
         REFUSED(CERT_NOT_YET_VALID)},
    };
    char both[8192];
    evidence made = {.identity = NULL};
    size_t len;
    (void)state;
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    (void)forge_file("other.pem", grille_bytes_of_text(forge_pem(&other_ca)));
    (void)forge_file("intermediate.pem", grille_bytes_of_text(forge_pem(&intermediate)));
    (void)forge_file("regional.pem", grille_bytes_of_text(forge_pem(&chain.certificates[1])));
    len = (size_t)snprintf(both, sizeof both, "%s", forge_pem(&other_ca));
    (void)snprintf(&both[len], sizeof both - len, "%s", forge_pem(&ca));
    (void)forge_file("both.pem", grille_bytes_of_text(both));
    make_x509(&made, &leaf, 'I');
    play(&made, "", PEERS X509_SET("parents", NAMED), rows, sizeof rows / sizeof rows[0]);
    grille_identity_free(made.identity);
}

#define PSK_SET(name, more)     SET(name, "psk", more)
#define NO_NAME_SET(name, more) SET(name, "anonymous", "    may_call: [/a.B/C]\n" more)

static void a_holder_of_a_key_is_judged_again(void **state) {
    static const again rows[] = {
        {"the same", PEERS PSK_SET("robots", "    psk: a.psk\n"), 0, OK("robots")},
        {"another set", PEERS PSK_SET("b", "    psk: [b.psk, a.psk]\n"), 0, OK("b")},
        {"only another key", PEERS PSK_SET("b", "    psk: b.psk\n"), 0, REFUSED(PSK_MISMATCH)},
        {"the key was replaced", PEERS PSK_SET("a", "    psk: a-new.psk\n"), 0, REFUSED(PSK_MISMATCH)},
        {"the key of another id", PEERS PSK_SET("a", "    psk: a-renamed.psk\n"), 0, REFUSED(PSK_MISMATCH)},
        {"the key of the other role", PEERS PSK_SET("a", "    psk: a-responder.psk\n"), 0, REFUSED(PSK_MISMATCH)},
        {"a build too old", PEERS PSK_SET("a", "    psk: a.psk\n    min_build: 8\n"), 0, REFUSED(BUILD_TOO_OLD)},
        {"one feature on", PEERS PSK_SET("a", "    psk: a.psk\n    refuse: [metrics]\n"), 0, REFUSED(FEATURE_REFUSED)},
        {"a set that ends", PEERS PSK_SET("a", "    psk: a.psk\n" AFTER_NOW), 1000, GRILLE_REASON_OK, "a",
         FORGE_NOW_MS + 1000},
        {"and after it", PEERS PSK_SET("a", "    psk: a.psk\n" AFTER_NOW), 1001, REFUSED(SET_EXPIRED)},
        {"keys have no end", PEERS PSK_SET("a", "    psk: a.psk\n"), INT64_C(1000000) * FORGE_HOUR_MS, OK("a")},
        {"anybody", PEERS NO_NAME_SET("a", ""), 0, REFUSED(KIND_REFUSED)},
    };
    evidence made = {.identity = NULL};
    (void)state;
    (void)forge_psk_file("a.psk", forge_psk_text("robot-1", "initiator", 1));
    (void)forge_psk_file("b.psk", forge_psk_text("robot-2", "initiator", 2));
    (void)forge_psk_file("a-new.psk", forge_psk_text("robot-1", "initiator", 3));
    (void)forge_psk_file("a-renamed.psk", forge_psk_text("robot-3", "initiator", 1));
    (void)forge_psk_file("a-responder.psk", forge_psk_text("robot-1", "responder", 1));
    made.identity = forge_psk_identity(forge_psk_text("robot-1", "initiator", 1));
    prove(&made, 'I');
    play(&made, "", PEERS PSK_SET("robots", "    psk: a.psk\n"), rows, sizeof rows / sizeof rows[0]);
    grille_identity_free(made.identity);
}

static void nobody_is_judged_again(void **state) {
    static const again rows[] = {
        {"the same", PEERS NO_NAME_SET("anybody", ""), 0, OK("anybody")},
        {"another set", PEERS NO_NAME_SET("b", ""), 0, OK("b")},
        {"not any more", PEERS PSK_SET("a", "    psk: a.psk\n"), 0, REFUSED(KIND_REFUSED)},
        {"after the set", PEERS NO_NAME_SET("a", AFTER_NOW), 1001, REFUSED(SET_EXPIRED)},
        {"nothing else ends", PEERS NO_NAME_SET("a", ""), INT64_C(1000000) * FORGE_HOUR_MS, OK("a")},
    };
    evidence made = {.identity = NULL};
    (void)state;
    (void)forge_psk_file("a.psk", forge_psk_text("robot-1", "initiator", 1));
    assert_int_equal(GRILLE_OK, grille_identity_new_anonymous(&made.identity, &error));
    prove(&made, 'I');
    play(&made, "", PEERS NO_NAME_SET("anybody", ""), rows, sizeof rows / sizeof rows[0]);
    grille_identity_free(made.identity);
}

/* The role for which a certificate was good stays the one that is asked for. */
static void the_role_is_kept(void **state) {
    evidence made = {.identity = NULL};
    grille_policy *policy;
    kept stays;
    (void)state;
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    policy = forge_policy(PEERS X509_SET("a", "    names: [parent.example]\n"));
    make_x509(&made, &client_leaf, 'I');
    stays = keep(&made, policy);
    assert_int_equal('I', stays.facts.prover_role);
    assert_int_equal(GRILLE_REASON_OK, judge_again(&made, policy, FORGE_NOW_MS, &stays));
    stays.facts.prover_role = 'R';
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE, judge_again(&made, policy, FORGE_NOW_MS, &stays));
    free(stays.chain);
    grille_policy_free(policy);
    grille_identity_free(made.identity);
}

/* What was kept is read as strictly as what came: cut, longer, of no certificates. */
static void a_damaged_chain_accepts_nobody(void **state) {
    evidence made = {.identity = NULL};
    grille_policy *policy;
    kept stays;
    size_t whole;
    (void)state;
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    policy = forge_policy(PEERS X509_SET("a", "    names: [parent.example]\n"));
    make_x509(&made, &leaf, 'I');
    stays = keep(&made, policy);
    whole = stays.facts.chain.len;
    for (size_t cut = 0; cut < whole; cut++) {
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, stays.chain, cut);
        stays.facts.chain = grille_bytes_of(exact, cut);
        assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, judge_again(&made, policy, FORGE_NOW_MS, &stays));
        free(exact);
    }
    stays.facts.chain = grille_bytes_of(made.body, whole + 1); /* with a byte of the signature's length */
    assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, judge_again(&made, policy, FORGE_NOW_MS, &stays));
    free(stays.chain);
    grille_policy_free(policy);
    grille_identity_free(made.identity);
}

/* Refused once, a peer is accepted again when a later policy says so. */
static void a_refusal_is_not_for_ever(void **state) {
    evidence made = {.identity = NULL};
    grille_policy *accepts, *refuses;
    kept stays;
    (void)state;
    (void)forge_file("root.pem", grille_bytes_of_text(forge_pem(&chain.certificates[0])));
    accepts = forge_policy("insecure_development_root: root.pem\n" PEERS SET("a", "nitro", PCR0));
    refuses = forge_policy("insecure_development_root: root.pem\n" PEERS SET("a", "nitro", "    pcr0: " D1 "\n"));
    make_nitro(&made, false);
    stays = keep(&made, accepts);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(GRILLE_REASON_ATTEST_PCR_MISMATCH, judge_again(&made, refuses, FORGE_NOW_MS, &stays));
        assert_int_equal(GRILLE_REASON_OK, judge_again(&made, accepts, FORGE_NOW_MS, &stays));
    }
    grille_policy_free(accepts);
    grille_policy_free(refuses);
    grille_identity_free(made.identity);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enclave_is_judged_again),     cmocka_unit_test(a_debug_enclave_is_judged_again),
        cmocka_unit_test(a_caller_is_judged_again),       cmocka_unit_test(a_holder_of_a_key_is_judged_again),
        cmocka_unit_test(nobody_is_judged_again),         cmocka_unit_test(the_role_is_kept),
        cmocka_unit_test(a_damaged_chain_accepts_nobody), cmocka_unit_test(a_refusal_is_not_for_ever),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
