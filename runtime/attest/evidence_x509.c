/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/evidence_kinds.h"
#include "attest/x509_chain.h"
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

/* The chain, then a length and the signature, then nothing. */
static grille_reason read_body(grille_bytes encoded, grille_x509_chain *chain, grille_bytes *signature,
                               grille_error *error) {
    grille_reader reader = grille_reader_of(encoded);
    grille_reason reason = grille_x509_chain_read(&reader, chain, error);
    if (reason != GRILLE_REASON_OK) return reason;
    *signature = grille_read_block_u16(&reader);
    if (grille_reader_end(&reader) == GRILLE_REASON_OK) return grille_x509_chain_parse(chain, error);
    return grille_x509_chain_refuse(error, "a signature and nothing after it");
}

/* The leaf's key signed this session and this role. */
static grille_reason check_signature(const grille_evidence *evidence, const grille_x509 *leaf, grille_bytes signature,
                                     grille_error *error) {
    uint8_t digest[GRILLE_HASH_MAX_BYTES];
    grille_reason reason = digest_of(evidence->judge->crypto, hash_of(leaf->curve), evidence->binding, digest);
    if (reason == GRILLE_REASON_OK) {
        reason = evidence->judge->crypto->ecdsa_verify(
            leaf->curve, leaf->point, grille_bytes_of(digest, grille_hash_len(hash_of(leaf->curve))), signature);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_X509_SIGNATURE,
        "observed a signature that does not verify, expected one by the leaf's key for this session and "
        "role %c",
        evidence->binding->prover_role);
}

grille_reason grille_evidence_verify_x509(const grille_evidence *evidence, grille_peer_identity *peer,
                                          grille_evidence_facts *facts, grille_error *error) {
    grille_x509_chain chain = {.count = 0};
    grille_bytes signature = grille_bytes_of(NULL, 0);
    grille_reason reason = read_body(evidence->body, &chain, &signature, error);
    if (reason == GRILLE_REASON_OK) reason = grille_x509_chain_judge(evidence->judge, &chain, peer, facts, error);
    if (reason == GRILLE_REASON_OK) reason = check_signature(evidence, &chain.leaf, signature, error);
    return reason;
}
