/* SPDX-License-Identifier: Apache-2.0
 * Class E: good evidence in the wrong place. */
#include <stdio.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/key_service.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "matrix.h"
#include "wire/limits.h"

#define LEAF (FORGE_CHAIN - 1)

void matrix_expect_evidence(const char *row, grille_reason expected, const grille_policy *policy,
                            const grille_identity *own, grille_identity_kind kind, const grille_binding *binding,
                            grille_bytes body) {
    const grille_judge judge = {.policy = policy, .crypto = grille_crypto_wolf(), .own = own, .now_ms = FORGE_NOW_MS};
    grille_peer_identity peer, zero = {.epoch = 0};
    grille_error error;
    grille_reason reason = grille_evidence_verify(&judge, kind, binding, body, &peer, NULL, &error);
    if (reason != GRILLE_REASON_OK) assert_memory_equal(&zero, &peer, sizeof zero);
    matrix_expect_verdict(row, expected, reason, &error);
}

static void verify(const char *row, grille_reason expected, grille_policy *policy, grille_identity_kind kind,
                   const grille_binding *binding, grille_bytes body) {
    matrix_expect_evidence(row, expected, policy, NULL, kind, binding, body);
}

grille_bytes matrix_evidence_of(const forge_session *session, const char *prefix) {
    static uint8_t user_data[128];
    forge_document d = matrix_document(matrix_chain());
    grille_writer w = grille_writer_into(user_data, sizeof user_data);
    grille_write_bytes(&w, grille_bytes_of_text(prefix));
    grille_write_u8(&w, (uint8_t)session->binding.prover_role);
    grille_write_bytes(&w, grille_bytes_of(session->binding.binder, sizeof session->binding.binder));
    d.user_data = grille_written(&w);
    d.nonce = session->binding.verifier_nonce;
    d.public_key = session->binding.prover_spki;
    return forge_document_sign(&d, matrix_chain());
}

static grille_policy *nitro_policy(void) {
    forge_document d = matrix_document(matrix_chain());
    char hex[2 * GRILLE_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(d.pcrs[0], GRILLE_PCR_BYTES), hex);
    return forge_policy("insecure_development_root: %s\npeers:\n- name: a\n  kind: nitro\n  pcr0: %s\n",
                        forge_yaml_block(forge_pem(&matrix_chain()->certificates[0]), 2), hex);
}

static void same(forge_session *s) {
    (void)s;
}
static void nonce_of_another_session(forge_session *s) {
    s->nonce[31] ^= 1;
}
static void binder_of_another_session(forge_session *s) {
    s->binding.binder[47] ^= 1;
}
static void another_key(forge_session *s) {
    s->prover_spki[90] ^= 1;
}
static void another_role(forge_session *s) {
    s->binding.prover_role = 'I';
}
/* What was shown in an earlier session: all of it is of that one. */
static void replayed(forge_session *s) {
    forge_session_init(s, 'R', 2);
}
/* Somebody ends TLS on both sides: binder and keys are of his sessions, the nonce he passed on. */
static void relayed(forge_session *s) {
    uint8_t nonce[GRILLE_NONCE_BYTES];
    memcpy(nonce, s->nonce, sizeof nonce);
    forge_session_init(s, 'R', 2);
    memcpy(s->nonce, nonce, sizeof nonce);
}
static void our_own_sent_back(forge_session *s) {
    uint8_t key[sizeof s->prover_spki];
    memcpy(key, s->prover_spki, sizeof key);
    memcpy(s->prover_spki, s->verifier_spki, sizeof key);
    memcpy(s->verifier_spki, key, sizeof key);
    s->binding.prover_role = 'I';
}

void matrix_e_binding(void **state) {
    static const struct {
        const char *name;
        void (*change)(forge_session *of_the_prover);
        const char *prefix;
        grille_reason expected;
    } rows[] = {
        {"this session", same, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_OK},
        {"nonce of another session", nonce_of_another_session, GRILLE_ATTEST_CHANNEL_PREFIX,
         GRILLE_REASON_ATTEST_NONCE_MISMATCH},
        {"binder of another session", binder_of_another_session, GRILLE_ATTEST_CHANNEL_PREFIX,
         GRILLE_REASON_ATTEST_BINDER_MISMATCH},
        {"another TLS key", another_key, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_ATTEST_KEY_MISMATCH},
        {"the other role", another_role, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_ATTEST_ROLE_MISMATCH},
        {"replayed", replayed, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_ATTEST_NONCE_MISMATCH},
        {"relayed", relayed, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_ATTEST_BINDER_MISMATCH},
        {"our own sent back", our_own_sent_back, GRILLE_ATTEST_CHANNEL_PREFIX, GRILLE_REASON_ATTEST_ROLE_MISMATCH},
        {"an application's document", same, GRILLE_ATTEST_APP_PREFIX, GRILLE_REASON_ATTEST_PREFIX_MISMATCH},
        {"a document for a key service", same, GRILLE_ATTEST_KEY_SERVICE_PREFIX, GRILLE_REASON_ATTEST_PREFIX_MISMATCH},
        {"a prefix of the prefix", same, "grille-attest-", GRILLE_REASON_ATTEST_PREFIX_MISMATCH},
        {"a longer prefix", same, "grille-attest-12", GRILLE_REASON_ATTEST_PREFIX_MISMATCH},
        {"no prefix", same, "", GRILLE_REASON_ATTEST_PREFIX_MISMATCH},
    };
    grille_policy *policy = nitro_policy();
    forge_session mine, provers;
    forge_document d;
    (void)state;
    forge_session_init(&mine, 'R', 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forge_session_init(&provers, 'R', 1);
        rows[i].change(&provers);
        verify(rows[i].name, rows[i].expected, policy, GRILLE_IDENTITY_NITRO, &mine.binding,
               matrix_evidence_of(&provers, rows[i].prefix));
    }
    d = matrix_document(matrix_chain());
    d.nonce = mine.binding.verifier_nonce;
    d.public_key = mine.binding.prover_spki;
    verify("no user_data", GRILLE_REASON_ATTEST_PREFIX_MISMATCH, policy, GRILLE_IDENTITY_NITRO, &mine.binding,
           forge_document_sign(&d, matrix_chain()));
    d.nonce = grille_bytes_of(NULL, 0);
    verify("no nonce", GRILLE_REASON_ATTEST_NONCE_MISMATCH, policy, GRILLE_IDENTITY_NITRO, &mine.binding,
           forge_document_sign(&d, matrix_chain()));
    verify("nothing", GRILLE_REASON_ATTEST_SIZE, policy, GRILLE_IDENTITY_NITRO, &mine.binding,
           grille_bytes_of(NULL, 0));
    verify("a kind that the policy does not accept", GRILLE_REASON_ATTEST_KIND_REFUSED, policy, GRILLE_IDENTITY_X509,
           &mine.binding, matrix_evidence_of(&mine, GRILLE_ATTEST_CHANNEL_PREFIX));
    verify("a kind that is none", GRILLE_REASON_ATTEST_KIND_UNSUPPORTED, policy, (grille_identity_kind)9, &mine.binding,
           matrix_evidence_of(&mine, GRILLE_ATTEST_CHANNEL_PREFIX));
    mine.binding.claims = MATRIX_BYTES("\x0a");
    verify("claims that are cut", GRILLE_REASON_ATTEST_CLAIMS, policy, GRILLE_IDENTITY_NITRO, &mine.binding,
           matrix_evidence_of(&mine, GRILLE_ATTEST_CHANNEL_PREFIX));
    grille_policy_free(policy);
}

/* ---- x509 peers ---- */

typedef struct x509_case {
    forge_template root, intermediate, leaf;
    bool without_intermediate;
    bool other_key; /* the signature is by another key than the leaf's */
} x509_case;

static void usual_case(x509_case *c) {
    *c = (x509_case){.root = forge_ca("root", GRILLE_P256),
                     .intermediate = forge_ca("intermediate", GRILLE_P256),
                     .leaf = forge_leaf("leaf", GRILLE_P256, "a.example", NULL)};
}

static void nothing(x509_case *c) {
    (void)c;
}
static void intermediate_missing(x509_case *c) {
    c->without_intermediate = true;
}
static void other_name(x509_case *c) {
    c->leaf = forge_leaf("leaf", GRILLE_P256, "b.example", NULL);
}
static void name_in_other_case(x509_case *c) {
    c->leaf = forge_leaf("leaf", GRILLE_P256, "A.example", NULL);
}
static void wildcard(x509_case *c) {
    c->leaf = forge_leaf("leaf", GRILLE_P256, "*.example", NULL);
}
static void name_as_common_name_only(x509_case *c) {
    c->leaf = forge_leaf("a.example", GRILLE_P256, NULL, NULL);
}
static void name_as_uri(x509_case *c) {
    c->leaf = forge_leaf("leaf", GRILLE_P256, NULL, "a.example");
}
static void for_servers(x509_case *c) {
    c->leaf = forge_template_of("leaf", GRILLE_P256);
    forge_extended_key_usage(&c->leaf, false, true);
    forge_alternative_names(&c->leaf, "a.example", NULL);
}
static void signed_by_another_key(x509_case *c) {
    c->other_key = true;
}
static void expired_ca(x509_case *c) {
    c->root.not_after_ms = FORGE_NOW_MS - 1000;
}
static void rsa_ca(x509_case *c) {
    c->intermediate.rsa_key = true;
}

static void judge_x509(const char *name, void (*change)(x509_case *), grille_reason expected) {
    forge_identity root, intermediate, leaf, other;
    const forge_identity *certificates[] = {&leaf, &intermediate};
    grille_identity *identity = NULL;
    grille_policy *policy;
    grille_error error;
    forge_session session;
    static uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len = 0;
    x509_case c;
    usual_case(&c);
    change(&c);
    forge_certificate(&c.root, NULL, &root);
    forge_certificate(&c.intermediate, &root, &intermediate);
    forge_certificate(&c.leaf, &intermediate, &leaf);
    forge_certificate(&c.leaf, &intermediate, &other);
    policy = forge_policy("peers:\n- name: a\n  kind: x509\n  names: [a.example]\n  ca: %s\n",
                          forge_yaml_block(forge_pem(&root), 4));
    forge_session_init(&session, 'I', 1);
    if (grille_identity_load_x509(forge_chain_file(certificates, c.without_intermediate ? 1 : 2), forge_key_file(&leaf),
                                  &identity, &error) != GRILLE_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body,
                                                             sizeof body, &len, &error));
    if (c.other_key) body[len - 1] ^= 1;
    verify(name, expected, policy, GRILLE_IDENTITY_X509, &session.binding, grille_bytes_of(body, len));
    if (expected == GRILLE_REASON_OK) {
        verify("a byte more", GRILLE_REASON_ATTEST_X509_BODY, policy, GRILLE_IDENTITY_X509, &session.binding,
               grille_bytes_of(body, len + 1));
        verify("a byte less", GRILLE_REASON_ATTEST_X509_BODY, policy, GRILLE_IDENTITY_X509, &session.binding,
               grille_bytes_of(body, len - 1));
        session.binding.binder[0] ^= 1;
        verify("another session", GRILLE_REASON_ATTEST_X509_SIGNATURE, policy, GRILLE_IDENTITY_X509, &session.binding,
               grille_bytes_of(body, len));
        session.binding.binder[0] ^= 1;
        session.binding.prover_role = 'R';
        verify("the other role", GRILLE_REASON_ATTEST_X509_SIGNATURE, policy, GRILLE_IDENTITY_X509, &session.binding,
               grille_bytes_of(body, len));
    }
    grille_identity_free(identity);
    grille_policy_free(policy);
    forge_free(&root);
    forge_free(&intermediate);
    forge_free(&leaf);
    forge_free(&other);
}

void matrix_e_x509(void **state) {
    static const struct {
        const char *name;
        void (*change)(x509_case *);
        grille_reason expected;
    } rows[] = {
        {"a parent", nothing, GRILLE_REASON_OK},
        {"intermediate missing", intermediate_missing, GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER},
        {"another name", other_name, GRILLE_REASON_ATTEST_CERT_NAME},
        {"the name in other case", name_in_other_case, GRILLE_REASON_ATTEST_CERT_NAME},
        {"a wildcard", wildcard, GRILLE_REASON_ATTEST_CERT_NAME},
        {"the name as common name", name_as_common_name_only, GRILLE_REASON_ATTEST_CERT_NAME},
        {"the name as a URI", name_as_uri, GRILLE_REASON_ATTEST_CERT_NAME},
        {"for servers", for_servers, GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE},
        {"signed by another key", signed_by_another_key, GRILLE_REASON_ATTEST_X509_SIGNATURE},
        {"the CA has expired", expired_ca, GRILLE_REASON_ATTEST_CERT_EXPIRED},
        {"an RSA intermediate", rsa_ca, GRILLE_REASON_ATTEST_CERT_ALGORITHM},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        judge_x509(rows[i].name, rows[i].change, rows[i].expected);
}

/* ---- pre-shared keys ---- */

void matrix_e_psk(void **state) {
    grille_policy *policy = forge_policy("peers:\n- name: a\n  kind: psk\n  psk: %s\n",
                                         forge_yaml_block(forge_psk_text("parent", "initiator", 1), 4));
    static const struct {
        const char *name, *id;
        unsigned seed;
        grille_reason expected;
    } rows[] = {
        {"the key", "parent", 1, GRILLE_REASON_OK},
        {"another key", "parent", 2, GRILLE_REASON_ATTEST_PSK_MISMATCH},
        {"another id", "parenT", 1, GRILLE_REASON_ATTEST_PSK_MISMATCH},
    };
    forge_session session, other;
    uint8_t body[1024];
    size_t len = 0;
    grille_error error;
    (void)state;
    forge_session_init(&session, 'I', 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_identity *identity = forge_psk_identity(forge_psk_text(rows[i].id, "initiator", rows[i].seed));
        assert_int_equal(GRILLE_REASON_OK, grille_evidence_prove(identity, grille_crypto_wolf(), &session.binding, body,
                                                                 sizeof body, &len, &error));
        grille_identity_free(identity);
        verify(rows[i].name, rows[i].expected, policy, GRILLE_IDENTITY_PSK, &session.binding,
               grille_bytes_of(body, len));
        if (rows[i].expected != GRILLE_REASON_OK) continue;
        forge_session_init(&other, 'I', 2);
        verify("another session", GRILLE_REASON_ATTEST_PSK_MISMATCH, policy, GRILLE_IDENTITY_PSK, &other.binding,
               grille_bytes_of(body, len));
        forge_session_init(&other, 'R', 1);
        verify("the other role", GRILLE_REASON_ATTEST_PSK_MISMATCH, policy, GRILLE_IDENTITY_PSK, &other.binding,
               grille_bytes_of(body, len));
        verify("a byte less", GRILLE_REASON_ATTEST_PSK_BODY, policy, GRILLE_IDENTITY_PSK, &session.binding,
               grille_bytes_of(body, len - 1));
        body[len] = 0;
        verify("a byte more", GRILLE_REASON_ATTEST_PSK_BODY, policy, GRILLE_IDENTITY_PSK, &session.binding,
               grille_bytes_of(body, len + 1));
    }
    grille_policy_free(policy);
}

/* ---- later epochs ---- */

void matrix_e_later_epochs(void **state) {
    grille_peer_identity before = {.kind = GRILLE_IDENTITY_NITRO, .module_id = FORGE_MODULE, .pcr_mask = 0xffff};
    grille_error error;
    (void)state;
    for (unsigned i = 0; i <= GRILLE_PCR_COUNT + 2; i++) {
        grille_peer_identity after = before;
        after.epoch = 1;
        if (i < GRILLE_PCR_COUNT) after.pcrs[i][0] ^= 1;
        if (i == GRILLE_PCR_COUNT) after.module_id[5] ^= 1;
        if (i == GRILLE_PCR_COUNT + 1) after.kind = GRILLE_IDENTITY_X509;
        grille_error_clear(&error);
        /* 16 to 31 are the application's to extend */
        matrix_expect_verdict("a later epoch",
                              i < 16 || i == GRILLE_PCR_COUNT || i == GRILLE_PCR_COUNT + 1
                                  ? GRILLE_REASON_ATTEST_IDENTITY_CHANGED
                                  : GRILLE_REASON_OK,
                              grille_evidence_same_identity(&before, &after, &error), &error);
    }
}

/* ---- what fails in the middle ---- */

static size_t calls, failing_call;

static bool fails(void) {
    return calls++ == failing_call;
}

static grille_reason failing_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out) {
    return fails() ? GRILLE_REASON_CRYPTO_FAILED : grille_crypto_wolf()->hash(kind, parts, count, out);
}

static grille_reason failing_verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    return fails() ? GRILLE_REASON_CRYPTO_FAILED : grille_crypto_wolf()->ecdsa_verify(curve, point, digest, raw);
}

/* A check that could not be made is one that failed: each use of cryptography fails in turn, with a cache and without.
 */
void matrix_e_failing_crypto(void **state) {
    grille_crypto crypto = *grille_crypto_wolf();
    grille_policy *policy = nitro_policy();
    forge_session session;
    grille_path_cache_counters counters;
    (void)state;
    crypto.hash = failing_hash;
    crypto.ecdsa_verify = failing_verify;
    forge_session_init(&session, 'R', 1);
    for (int cached = 0; cached < 2; cached++) {
        grille_reason reason = GRILLE_REASON_INTERNAL;
        for (failing_call = 0; reason != GRILLE_REASON_OK; failing_call++) {
            grille_judge judge = {.policy = policy, .crypto = &crypto, .now_ms = FORGE_NOW_MS};
            grille_peer_identity peer, zero = {.epoch = 0};
            grille_error error;
            assert_true(failing_call < 100);
            if (cached == 1) assert_int_equal(GRILLE_REASON_OK, grille_path_cache_new(&judge.cache));
            calls = 0;
            reason =
                grille_evidence_verify(&judge, GRILLE_IDENTITY_NITRO, &session.binding,
                                       matrix_evidence_of(&session, GRILLE_ATTEST_CHANNEL_PREFIX), &peer, NULL, &error);
            assert_true((reason == GRILLE_REASON_OK) == (calls <= failing_call));
            if (reason != GRILLE_REASON_OK) {
                assert_memory_equal(&zero, &peer, sizeof zero);
                assert_true(error.name[0] != '\0' && error.text[0] != '\0');
            }
            if (cached == 1) {
                grille_path_cache_get_counters(judge.cache, &counters);
                assert_in_range(counters.entries, 0, 3);
            }
            grille_path_cache_free(judge.cache);
        }
        assert_true(failing_call > 6);
    }
    grille_policy_free(policy);
}
