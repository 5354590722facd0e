/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "attest/evidence_kinds.h"
#include "attest/path.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

#define CONTEXT "grille x509 evidence"

/* 64 spaces and a context, as in TLS 1.3's CertificateVerify (RFC 8446 4.4.3): no signature made elsewhere fits. */
static grille_reason digest_of(const grille_crypto *crypto, grille_hash_kind hash, const grille_binding *binding,
                               uint8_t digest[GRILLE_HASH_MAX_BYTES]) {
    static const char start[] = "                                                                " CONTEXT;
    const uint8_t role = (uint8_t)binding->prover_role;
    /* The array's terminator is the zero byte after the context. */
    const grille_bytes parts[] = {grille_bytes_of(start, sizeof start), grille_bytes_of(&role, 1),
                                  grille_bytes_of(binding->binder, sizeof binding->binder)};
    return crypto->hash(hash, parts, sizeof parts / sizeof parts[0], digest);
}

static grille_hash_kind hash_of(grille_curve curve) {
    return curve == GRILLE_P384 ? GRILLE_SHA384 : GRILLE_SHA256;
}

grille_reason grille_evidence_prove_x509(const grille_identity *identity, const grille_crypto *crypto,
                                         const grille_binding *binding, grille_writer *body, grille_error *error) {
    grille_hash_kind hash = hash_of(crypto->key_curve(identity->key));
    uint8_t digest[GRILLE_HASH_MAX_BYTES], signature[GRILLE_RAW_SIGNATURE_MAX];
    size_t len = 0;
    grille_reason reason = digest_of(crypto, hash, binding, digest);
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->key_sign(identity->key, grille_bytes_of(digest, grille_hash_len(hash)), signature,
                                  sizeof signature, &len);
    }
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    grille_write_u8(body, (uint8_t)identity->certificate_count);
    for (size_t i = 0; i < identity->certificate_count; i++) {
        grille_write_block_u16(body, identity->certificates[i]);
    }
    grille_write_block_u16(body, grille_bytes_of(signature, len));
    return GRILLE_REASON_OK;
}

typedef struct x509_body {
    grille_bytes certificates[GRILLE_LIMIT_X509_CHAIN]; /* leaf first */
    size_t count;
    grille_bytes chain; /* all of them as they stand in the body, and their count */
    grille_bytes signature;
    grille_x509 leaf;
    grille_x509 top; /* the last one sent */
} x509_body;

static grille_reason refuse_body(grille_error *error, const char *expected) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_X509_BODY, "observed malformed x509 evidence, expected %s",
                            expected);
}

static grille_reason read_body(grille_bytes encoded, x509_body *body, grille_error *error) {
    grille_reader reader = grille_reader_of(encoded);
    body->count = grille_read_u8(&reader);
    if (body->count == 0 || body->count > GRILLE_LIMIT_X509_CHAIN) return refuse_body(error, "1 to 4 certificates");
    for (size_t i = 0; i < body->count; i++) {
        body->certificates[i] = grille_read_block_u16(&reader);
        if (reader.failed || body->certificates[i].len > GRILLE_LIMIT_PEER_CERTIFICATE_BYTES) {
            return refuse_body(error, "certificates of at most 4096 bytes");
        }
    }
    body->chain = grille_bytes_of(encoded.data, encoded.len - reader.left);
    body->signature = grille_read_block_u16(&reader);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return refuse_body(error, "a signature and nothing after it");
    return GRILLE_REASON_OK;
}

static grille_reason read_certificates(x509_body *body, grille_error *error) {
    for (size_t i = 0; i < body->count; i++) {
        grille_reason reason = grille_x509_read(body->certificates[i], &body->top);
        if (reason != GRILLE_REASON_OK) {
            return grille_error_set(
                error, reason,
                "certificate %zu of the evidence (1 is the leaf): observed %zu bytes in which %s; expected "
                "strict DER",
                i + 1, body->certificates[i].len, grille_reason_text(reason));
        }
        if (i == 0) body->leaf = body->top;
    }
    return GRILLE_REASON_OK;
}

/* The leaf's key signed this session and this role. */
static grille_reason check_signature(const grille_evidence *evidence, const x509_body *body, grille_error *error) {
    const grille_x509 *leaf = &body->leaf;
    uint8_t digest[GRILLE_HASH_MAX_BYTES];
    grille_reason reason = digest_of(evidence->judge->crypto, hash_of(leaf->curve), evidence->binding, digest);
    if (reason == GRILLE_REASON_OK) {
        reason = evidence->judge->crypto->ecdsa_verify(
            leaf->curve, leaf->point, grille_bytes_of(digest, grille_hash_len(hash_of(leaf->curve))), body->signature);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_X509_SIGNATURE,
        "observed a signature that does not verify, expected one by the leaf's key for this session and "
        "role %c",
        evidence->binding->prover_role);
}

static const grille_policy_name *name_in(const grille_policy_set *set, const grille_x509 *leaf) {
    for (size_t i = 0; i < set->name_count; i++) {
        if (grille_x509_has_name(leaf, set->names[i].kind, set->names[i].text)) return &set->names[i];
    }
    return NULL;
}

/* The chain from this CA down to the leaf; the CA itself, when the peer sent it too, comes once. */
static grille_reason walk_from(const grille_evidence *evidence, const x509_body *body, grille_bytes authority,
                               grille_path *path, grille_error *error) {
    grille_bytes certificates[GRILLE_LIMIT_X509_CHAIN + 1];
    grille_path_request request = {.profile = GRILLE_PATH_PEER,
                                   .purpose =
                                       evidence->binding->prover_role == 'I' ? GRILLE_PATH_CLIENT : GRILLE_PATH_SERVER,
                                   .certificates = certificates,
                                   .now_ms = evidence->judge->now_ms,
                                   .leeway_ms = evidence->judge->policy->clock_skew_ms,
                                   .cache = evidence->judge->cache};
    bool sent_too = grille_bytes_equal(body->certificates[body->count - 1], authority);
    size_t below = sent_too ? body->count - 1 : body->count;
    certificates[request.count++] = authority;
    for (size_t i = below; i > 0; i--)
        certificates[request.count++] = body->certificates[i - 1];
    return grille_path_verify(evidence->judge->crypto, &request, path, error);
}

/* The chain's top is this CA or names it as its issuer. */
static bool may_be_issued_by(const x509_body *body, grille_bytes authority) {
    grille_x509 ca;
    if (grille_bytes_equal(body->certificates[body->count - 1], authority)) return true;
    return grille_x509_read(authority, &ca) == GRILLE_REASON_OK && grille_bytes_equal(body->top.issuer, ca.subject);
}

/* Tries the CAs of one set whose name fits. */
static grille_reason walk_set(const grille_evidence *evidence, const x509_body *body, const grille_policy_set *set,
                              grille_path *path, grille_error *error) {
    grille_reason reason = GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER;
    char name[81];
    for (size_t i = 0; i < set->authority_count; i++) {
        if (!may_be_issued_by(body, set->authorities[i])) continue;
        reason = walk_from(evidence, body, set->authorities[i], path, error);
        if (reason == GRILLE_REASON_OK) return reason;
    }
    if (reason != GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER) return reason;
    grille_x509_text(body->leaf.common_name, name, sizeof name);
    return grille_error_set(
        error, reason,
        "observed a certificate of \"%s\" by another issuer, expected a chain to a CA of the policy's set "
        "\"%.100s\"",
        name, set->name);
}

static grille_reason refuse_name(const x509_body *body, grille_error *error) {
    char name[GRILLE_NAME_MAX];
    grille_bytes first = grille_x509_first_name(&body->leaf);
    grille_x509_text(first, name, sizeof name);
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_CERT_NAME,
        "observed the subjectAltName \"%.150s\"%s, expected one that a set of the policy lists under "
        "names",
        name, first.len == 0 ? " (no URI, no DNS name)" : "");
}

static grille_reason judge(const grille_evidence *evidence, const x509_body *body, grille_path *path,
                           const grille_policy_set **set, const grille_policy_name **name, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; i < evidence->judge->policy->set_count; i++) {
        const grille_policy_set *candidate = &evidence->judge->policy->sets[i];
        if (candidate->kind != GRILLE_IDENTITY_X509) continue;
        *name = name_in(candidate, &body->leaf);
        if (*name == NULL) continue;
        *set = candidate;
        reason = walk_set(evidence, body, candidate, path, error);
        if (reason == GRILLE_REASON_OK) {
            reason = grille_policy_check_set(candidate, evidence->build, evidence->judge->now_ms, error);
        }
        if (reason == GRILLE_REASON_OK) {
            grille_error_clear(error);
            return reason;
        }
    }
    return reason != GRILLE_REASON_OK ? reason : refuse_name(body, error);
}

grille_reason grille_evidence_verify_x509(const grille_evidence *evidence, grille_peer_identity *peer,
                                          grille_evidence_facts *facts, grille_error *error) {
    x509_body body = {.count = 0};
    grille_path path = {.expires_ms = 0};
    const grille_policy_set *set = NULL;
    const grille_policy_name *name = NULL;
    grille_reason reason = read_body(evidence->body, &body, error);
    if (reason == GRILLE_REASON_OK) reason = read_certificates(&body, error);
    if (reason == GRILLE_REASON_OK) reason = judge(evidence, &body, &path, &set, &name, error);
    if (reason == GRILLE_REASON_OK) reason = check_signature(evidence, &body, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)snprintf(peer->set, sizeof peer->set, "%s", set->name);
    (void)snprintf(peer->name, sizeof peer->name, "%.*s", (int)name->text.len, (const char *)name->text.data);
    grille_x509_text(body.leaf.common_name, peer->subject, sizeof peer->subject);
    facts->chain = body.chain;
    facts->evidence_expires_ms = path.expires_ms;
    facts->set_expires_ms = set->not_after_ms;
    return GRILLE_REASON_OK;
}
