/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/evidence.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "forge_session.h"
#include "wire/limits.h"

#define NAME "spiffe://acme/parent"

typedef struct fixture {
    forge_identity root, intermediate, leaf;
    grille_identity *identity;
    grille_policy *policy;
    forge_session session;
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len;
} fixture;

static fixture f;
static grille_evidence_facts facts;

static const grille_crypto *crypto(void) {
    return grille_crypto_wolf();
}

static grille_identity *load(const forge_identity *const *chain, size_t count, const forge_identity *key) {
    grille_identity *identity = NULL;
    grille_error error;
    const char *chain_path = forge_chain_file(chain, count);
    if (grille_identity_load_x509(chain_path, forge_key_file(key), &identity, &error) != GRILLE_OK) {
        fail_msg("%s: %s", error.name, error.text);
    }
    assert_int_equal(GRILLE_IDENTITY_X509, grille_identity_get_kind(identity));
    return identity;
}

static grille_policy *policy_for(const forge_identity *ca, const char *more) {
    return forge_policy("peers:\n"
                        "  - name: parents\n"
                        "    kind: x509\n"
                        "    ca: %s"
                        "    names: [other.example, \"" NAME "\"]\n"
                        "%s",
                        forge_yaml_block(forge_pem(ca), 6), more);
}

static void prove(void) {
    grille_error error;
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(f.identity, crypto(), &f.session.binding, f.body,
                                                             sizeof f.body, &f.len, &error));
}

static int setup_with(grille_curve curve) {
    forge_template root = forge_ca("root", curve);
    forge_template intermediate = forge_ca("intermediate", curve);
    forge_template leaf = forge_leaf("parent-7", curve, "parent.example", NAME);
    const forge_identity *chain[] = {&f.leaf, &f.intermediate};
    memset(&f, 0, sizeof f);
    forge_certificate(&root, NULL, &f.root);
    forge_certificate(&intermediate, &f.root, &f.intermediate);
    forge_certificate(&leaf, &f.intermediate, &f.leaf);
    f.identity = load(chain, 2, &f.leaf);
    f.policy = policy_for(&f.root, "");
    forge_session_init(&f.session, 'I', 1);
    prove();
    return 0;
}

static int setup(void **state) {
    (void)state;
    return setup_with(GRILLE_P256);
}

static int setup_p384(void **state) {
    (void)state;
    return setup_with(GRILLE_P384);
}

static int teardown(void **state) {
    (void)state;
    grille_identity_free(f.identity);
    grille_policy_free(f.policy);
    forge_free(&f.root);
    forge_free(&f.intermediate);
    forge_free(&f.leaf);
    return 0;
}

static grille_reason verify_at(grille_wall_ms now_ms, grille_peer_identity *peer) {
    grille_error error;
    const grille_judge judge = {.policy = f.policy, .crypto = crypto(), .now_ms = now_ms};
    grille_reason reason = grille_evidence_verify(&judge, GRILLE_IDENTITY_X509, &f.session.binding,
                                                  grille_bytes_of(f.body, f.len), peer, &facts, &error);
    if (reason == GRILLE_REASON_OK) {
        assert_string_equal("", error.name);
    } else {
        grille_peer_identity zero = {.epoch = 0};
        assert_string_equal(grille_reason_name(reason), error.name);
        assert_true(strlen(error.text) > 20);
        assert_memory_equal(&zero, peer, sizeof zero);
        assert_int_equal(0, facts.chain.len);
        assert_int_equal(0, facts.verified_ms);
    }
    return reason;
}

static grille_reason verify(void) {
    grille_peer_identity peer;
    return verify_at(FORGE_NOW_MS, &peer);
}

static void accepts_and_tells_who_it_is(void **state) {
    grille_peer_identity peer;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, verify_at(FORGE_NOW_MS, &peer));
    assert_int_equal(GRILLE_IDENTITY_X509, peer.kind);
    assert_string_equal("parents", peer.set);
    assert_string_equal(NAME, peer.name);
    assert_string_equal("parent-7", peer.subject);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, peer.expires_ms);
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, facts.evidence_expires_ms);
    assert_true(GRILLE_WALL_NEVER == facts.set_expires_ms);
    assert_int_equal(FORGE_NOW_MS, facts.verified_ms);
    assert_int_equal('I', facts.prover_role);
    assert_ptr_equal(f.body, facts.chain.data);
    assert_int_equal(1 + 2 + f.leaf.len + 2 + f.intermediate.len, facts.chain.len);
    assert_false(peer.insecure);
    assert_false(peer.debug);
}

static void another_session_or_role_is_refused(void **state) {
    (void)state;
    f.session.binding.binder[47] ^= 1;
    assert_int_equal(GRILLE_REASON_ATTEST_X509_SIGNATURE, verify());
    f.session.binding.binder[47] ^= 1;
    f.session.binding.prover_role = 'R'; /* the leaf has both usages, so the signature is what differs */
    assert_int_equal(GRILLE_REASON_ATTEST_X509_SIGNATURE, verify());
}

static void every_prefix_and_every_flipped_byte_is_refused(void **state) {
    size_t len = f.len;
    (void)state;
    for (f.len = 0; f.len < len; f.len++)
        assert_int_not_equal(GRILLE_REASON_OK, verify());
    for (size_t i = 0; i < len; i++) {
        f.body[i] ^= 0x01;
        assert_int_not_equal(GRILLE_REASON_OK, verify());
        f.body[i] ^= 0x01;
    }
    f.body[f.len++] = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, verify());
}

static void counts_and_sizes_have_limits(void **state) {
    (void)state;
    f.body[0] = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, verify());
    f.body[0] = GRILLE_LIMIT_X509_CHAIN + 1;
    assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, verify());
    f.body[0] = 1;
    f.body[1] = (GRILLE_LIMIT_PEER_CERTIFICATE_BYTES + 1) >> 8;
    f.body[2] = (GRILLE_LIMIT_PEER_CERTIFICATE_BYTES + 1) & 0xff;
    f.len = 8000;
    assert_int_equal(GRILLE_REASON_ATTEST_X509_BODY, verify());
    f.len = 0;
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE, verify());
}

static void evidence_over_a_frame_is_refused(void **state) {
    static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES + 1];
    const grille_judge judge = {.policy = f.policy, .crypto = crypto(), .now_ms = FORGE_NOW_MS};
    grille_peer_identity peer;
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_REASON_ATTEST_SIZE,
                     grille_evidence_verify(&judge, GRILLE_IDENTITY_X509, &f.session.binding,
                                            grille_bytes_of(body, sizeof body), &peer, NULL, &error));
}

static void kinds_without_a_set_are_refused(void **state) {
    const grille_judge judge = {.policy = f.policy, .crypto = crypto(), .now_ms = FORGE_NOW_MS};
    grille_peer_identity peer;
    grille_error error;
    const grille_bytes body = grille_bytes_of(f.body, f.len);
    (void)state;
    assert_int_equal(
        GRILLE_REASON_ATTEST_KIND_REFUSED,
        grille_evidence_verify(&judge, GRILLE_IDENTITY_NITRO, &f.session.binding, body, &peer, NULL, &error));
    assert_int_equal(
        GRILLE_REASON_ATTEST_KIND_REFUSED,
        grille_evidence_verify(&judge, GRILLE_IDENTITY_PSK, &f.session.binding, body, &peer, NULL, &error));
    assert_int_equal(GRILLE_REASON_ATTEST_KIND_REFUSED,
                     grille_evidence_verify(&judge, GRILLE_IDENTITY_ANONYMOUS, &f.session.binding,
                                            grille_bytes_of(NULL, 0), &peer, NULL, &error));
    for (int kind = 0; kind < 256; kind++) {
        if (kind >= GRILLE_IDENTITY_NITRO && kind <= GRILLE_IDENTITY_ANONYMOUS) continue;
        assert_int_equal(
            GRILLE_REASON_ATTEST_KIND_UNSUPPORTED,
            grille_evidence_verify(&judge, (grille_identity_kind)kind, &f.session.binding, body, &peer, NULL, &error));
    }
}

static void malformed_claims_are_refused(void **state) {
    (void)state;
    f.session.binding.claims = grille_bytes_of("\xff", 1);
    assert_int_equal(GRILLE_REASON_ATTEST_CLAIMS, verify());
}

static void claims_reach_the_peer_and_min_build_holds(void **state) {
    grille_peer_identity peer;
    uint8_t digest[48];
    (void)state;
    memset(digest, 0x77, sizeof digest);
    forge_session_claims(&f.session, 41, grille_bytes_of(digest, sizeof digest));
    assert_int_equal(GRILLE_REASON_OK, verify_at(FORGE_NOW_MS, &peer));
    assert_int_equal(41, peer.build);
    assert_memory_equal(digest, peer.policy_digest, sizeof digest);
    grille_policy_free(f.policy);
    f.policy = policy_for(&f.root, "    min_build: 42\n");
    assert_int_equal(GRILLE_REASON_ATTEST_BUILD_TOO_OLD, verify());
    forge_session_claims(&f.session, 42, grille_bytes_of(NULL, 0));
    assert_int_equal(GRILLE_REASON_OK, verify());
}

static void not_after_ends_a_set_and_the_identity(void **state) {
    grille_peer_identity peer;
    (void)state;
    grille_policy_free(f.policy);
    f.policy = policy_for(&f.root, "    not_after: 2026-06-01T12:00:01Z\n");
    assert_int_equal(GRILLE_REASON_OK, verify_at(FORGE_NOW_MS + 1000, &peer));
    assert_int_equal(FORGE_NOW_MS + 1000, peer.expires_ms);
    assert_int_equal(GRILLE_REASON_ATTEST_SET_EXPIRED, verify_at(FORGE_NOW_MS + 1001, &peer));
}

static void another_ca_is_refused(void **state) {
    forge_template root = forge_ca("another root", GRILLE_P256), namesake = forge_ca("root", GRILLE_P256);
    forge_identity other;
    (void)state;
    grille_policy_free(f.policy);
    forge_certificate(&root, NULL, &other);
    f.policy = policy_for(&other, "");
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER, verify());
    forge_free(&other);
    grille_policy_free(f.policy);
    forge_certificate(&namesake, NULL, &other);
    f.policy = policy_for(&other, "");
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify());
    forge_free(&other);
}

/* What a peer proves with this leaf under the fixture's policy. */
static grille_reason verify_chain(const forge_identity *const *chain, size_t count, const forge_identity *leaf) {
    grille_reason reason;
    grille_identity_free(f.identity);
    f.identity = load(chain, count, leaf);
    prove();
    reason = verify();
    return reason;
}

static void the_root_may_be_sent_too(void **state) {
    const forge_identity *chain[] = {&f.leaf, &f.intermediate, &f.root};
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, verify_chain(chain, 3, &f.leaf));
}

static void a_missing_intermediate_is_refused(void **state) {
    const forge_identity *chain[] = {&f.leaf};
    (void)state;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER, verify_chain(chain, 1, &f.leaf));
}

static void a_clone_of_the_ca_with_another_key_is_refused(void **state) {
    /* A self-signed CA of the same name: sent along, it must not become an anchor. */
    forge_template clone_template = forge_ca("root", GRILLE_P256);
    forge_template leaf_template = forge_leaf("parent-7", GRILLE_P256, NULL, NAME);
    forge_identity clone, leaf;
    const forge_identity *chain[] = {&leaf, &clone};
    (void)state;
    forge_certificate(&clone_template, NULL, &clone);
    forge_certificate(&leaf_template, &clone, &leaf);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify_chain(chain, 2, &leaf));
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify_chain(chain, 1, &leaf));
    forge_free(&clone);
    forge_free(&leaf);
}

static void a_self_signed_leaf_is_refused(void **state) {
    forge_template template_ = forge_leaf("root", GRILLE_P256, NULL, NAME);
    forge_identity leaf;
    const forge_identity *chain[] = {&leaf};
    (void)state;
    forge_certificate(&template_, NULL, &leaf);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify_chain(chain, 1, &leaf));
    forge_free(&leaf);
}

static void names_are_compared_exactly(void **state) {
    static const struct {
        const char *dns, *uri;
        grille_reason expected;
    } rows[] = {
        {NULL, NAME, GRILLE_REASON_OK},
        {"other.example", NULL, GRILLE_REASON_OK},
        {"OTHER.example", NULL, GRILLE_REASON_ATTEST_CERT_NAME},
        {"x.other.example", NULL, GRILLE_REASON_ATTEST_CERT_NAME},
        {"*.example", NULL, GRILLE_REASON_ATTEST_CERT_NAME},
        {NULL, "other.example", GRILLE_REASON_ATTEST_CERT_NAME}, /* a URI is no DNS name */
        {NAME, NULL, GRILLE_REASON_ATTEST_CERT_NAME},
        {NULL, NAME "/", GRILLE_REASON_ATTEST_CERT_NAME},
        {NULL, "spiffe://acme/paren", GRILLE_REASON_ATTEST_CERT_NAME},
        {NULL, NULL, GRILLE_REASON_ATTEST_CERT_NAME},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* The common name never counts. */
        forge_template template_ = forge_leaf("other.example", GRILLE_P256, rows[i].dns, rows[i].uri);
        forge_identity leaf;
        const forge_identity *chain[] = {&leaf};
        forge_certificate(&template_, &f.root, &leaf);
        assert_int_equal(rows[i].expected, verify_chain(chain, 1, &leaf));
        forge_free(&leaf);
    }
}

static void the_role_must_be_in_the_extended_key_usage(void **state) {
    static const struct {
        bool client, server;
        char role;
        grille_reason expected;
    } rows[] = {
        {true, false, 'I', GRILLE_REASON_OK},
        {false, true, 'R', GRILLE_REASON_OK},
        {true, false, 'R', GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE},
        {false, true, 'I', GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE},
        {false, false, 'I', GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forge_template template_ = forge_template_of("leaf", GRILLE_P256);
        forge_identity leaf;
        const forge_identity *chain[] = {&leaf};
        forge_extended_key_usage(&template_, rows[i].client, rows[i].server);
        forge_alternative_names(&template_, NULL, NAME);
        forge_certificate(&template_, &f.root, &leaf);
        f.session.binding.prover_role = rows[i].role;
        assert_int_equal(rows[i].expected, verify_chain(chain, 1, &leaf));
        forge_free(&leaf);
    }
}

static void an_identity_needs_room_for_its_evidence(void **state) {
    grille_error error;
    size_t len = 1;
    (void)state;
    for (size_t capacity = 0; capacity < f.len; capacity += 97) {
        assert_int_equal(GRILLE_REASON_NO_SPACE, grille_evidence_prove(f.identity, crypto(), &f.session.binding, f.body,
                                                                       capacity, &len, &error));
        assert_int_equal(0, len);
        assert_string_equal("NO-SPACE", error.name);
    }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(accepts_and_tells_who_it_is),
        cmocka_unit_test_setup_teardown(another_session_or_role_is_refused, setup_p384, teardown),
        CASE(another_session_or_role_is_refused),
        CASE(every_prefix_and_every_flipped_byte_is_refused),
        CASE(counts_and_sizes_have_limits),
        CASE(evidence_over_a_frame_is_refused),
        CASE(kinds_without_a_set_are_refused),
        CASE(malformed_claims_are_refused),
        CASE(claims_reach_the_peer_and_min_build_holds),
        CASE(not_after_ends_a_set_and_the_identity),
        CASE(another_ca_is_refused),
        CASE(the_root_may_be_sent_too),
        CASE(a_missing_intermediate_is_refused),
        CASE(a_clone_of_the_ca_with_another_key_is_refused),
        CASE(a_self_signed_leaf_is_refused),
        CASE(names_are_compared_exactly),
        CASE(the_role_must_be_in_the_extended_key_usage),
        CASE(an_identity_needs_room_for_its_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
