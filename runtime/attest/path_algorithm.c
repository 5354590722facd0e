/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path_algorithm.h"

#include "base/bytes.h"

#define FINDING(...) ((grille_path_finding){__VA_ARGS__})

static const grille_path_finding nothing = {.reason = GRILLE_REASON_OK};

static bool is_signed_by_rsa(const grille_x509 *certificate) {
    return certificate->signature_kind == GRILLE_X509_RSA_SHA256 ||
           certificate->signature_kind == GRILLE_X509_RSA_SHA384 ||
           certificate->signature_kind == GRILLE_X509_RSA_SHA512;
}

static grille_path_finding judge_key(const grille_path_algorithms *allowed, const grille_x509 *certificate) {
    grille_reason read = GRILLE_REASON_CRYPTO_BAD_KEY;
    grille_rsa_key key;
    if (certificate->has_ec_key && (certificate->curve == GRILLE_P384 || allowed->allows_p256)) return nothing;
    if (allowed->rsa == NULL)
        return FINDING(GRILLE_REASON_ATTEST_CERT_ALGORITHM, "another key algorithm or curve",
                       allowed->allows_p256 ? "an EC key on P-256 or P-384" : "an EC key on P-384",
                       "an RSA certificate, or one of another system");
    read = allowed->rsa->key_read(certificate->spki, &key);
    if (read == GRILLE_REASON_OK) return nothing;
    if (read == GRILLE_REASON_CRYPTO_RSA_LIMIT)
        return FINDING(GRILLE_REASON_ATTEST_CERT_RSA_KEY, "an RSA key outside of the limits",
                       "2048 to 4096 bits and an odd exponent of 65537 to 32 bits", "a key that is too weak to trust");
    return FINDING(GRILLE_REASON_ATTEST_CERT_ALGORITHM, "another key algorithm or curve, or a malformed key",
                   "an EC key on P-256 or P-384, or an RSA key", "a certificate of another system");
}

static grille_path_finding judge_signature(const grille_path_algorithms *allowed, const grille_x509 *certificate) {
    const grille_x509_signature kind = certificate->signature_kind;
    if (kind == GRILLE_X509_ECDSA_SHA384 || (kind == GRILLE_X509_ECDSA_SHA256 && allowed->allows_sha256))
        return nothing;
    if (allowed->rsa == NULL)
        return FINDING(GRILLE_REASON_ATTEST_CERT_ALGORITHM, "another signature algorithm",
                       allowed->allows_sha256 ? "ecdsa-with-SHA256 or -SHA384" : "ecdsa-with-SHA384",
                       "an RSA CA, or one of another system");
    if (is_signed_by_rsa(certificate)) return nothing;
    return FINDING(GRILLE_REASON_ATTEST_CERT_ALGORITHM,
                   kind == GRILLE_X509_RSA_PSS ? "RSASSA-PSS" : "another signature algorithm",
                   "ecdsa-with-SHA256 or -SHA384, or RSA (PKCS #1 v1.5) with SHA-256, -384 or -512",
                   "an old certificate (SHA-1, MD5), or one of another system");
}

grille_path_finding grille_path_algorithms_judge(const grille_path_algorithms *allowed,
                                                 const grille_x509 *certificate) {
    const grille_path_finding found = judge_key(allowed, certificate);
    return found.reason == GRILLE_REASON_OK ? judge_signature(allowed, certificate) : found;
}

grille_path_finding grille_path_issuer_judge(const grille_x509 *issuer, const grille_x509 *certificate) {
    if (is_signed_by_rsa(certificate) != issuer->has_ec_key) return nothing;
    return FINDING(GRILLE_REASON_ATTEST_CERT_ALGORITHM,
                   issuer->has_ec_key ? "an RSA signature below an EC key" : "an ECDSA signature below an RSA key",
                   "an algorithm that fits the key of the certificate above", "a forged certificate");
}

static grille_reason verify_ecdsa(const grille_crypto *crypto, const grille_x509 *issuer,
                                  const grille_x509 *certificate) {
    grille_hash_kind hash = certificate->signature_kind == GRILLE_X509_ECDSA_SHA384 ? GRILLE_SHA384 : GRILLE_SHA256;
    uint8_t digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX];
    size_t raw_len = 0;
    grille_reason reason = grille_signature_from_der(issuer->curve, certificate->signature, raw, &raw_len);
    if (reason == GRILLE_REASON_OK) reason = crypto->hash(hash, &certificate->to_be_signed, 1, digest);
    if (reason != GRILLE_REASON_OK) return reason;
    return crypto->ecdsa_verify(issuer->curve, issuer->point, grille_bytes_of(digest, grille_hash_len(hash)),
                                grille_bytes_of(raw, raw_len));
}

static grille_reason verify_rsa(const grille_rsa *rsa, const grille_x509 *issuer, const grille_x509 *certificate) {
    const grille_rsa_hash hash = certificate->signature_kind == GRILLE_X509_RSA_SHA256   ? GRILLE_RSA_SHA256
                                 : certificate->signature_kind == GRILLE_X509_RSA_SHA384 ? GRILLE_RSA_SHA384
                                                                                         : GRILLE_RSA_SHA512;
    grille_rsa_key key;
    grille_reason reason = rsa->key_read(issuer->spki, &key);
    if (reason != GRILLE_REASON_OK) return reason;
    return rsa->verify(&key, hash, certificate->to_be_signed, certificate->signature);
}

grille_reason grille_path_signature_verify(const grille_crypto *crypto, const grille_rsa *rsa,
                                           const grille_x509 *issuer, const grille_x509 *certificate) {
    if (!is_signed_by_rsa(certificate)) return verify_ecdsa(crypto, issuer, certificate);
    return rsa != NULL ? verify_rsa(rsa, issuer, certificate) : GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
}
