/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* methods of single keys */
#include "https_certificates.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "cmocka_all.h"

/* Of three or four primes, which takes a moment only; to whom it serves it is like any other. */
static EVP_PKEY *make_rsa(int bits) {
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    EVP_PKEY *key = NULL;
    assert_true(maker != NULL && EVP_PKEY_keygen_init(maker) == 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(maker, bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(maker, bits >= 4096 ? 4 : bits >= 1024 ? 3 : 2), 1);
    assert_int_equal(EVP_PKEY_keygen(maker, &key), 1);
    EVP_PKEY_CTX_free(maker);
    return key;
}

static EVP_PKEY *make_key(https_key kind) {
    switch (kind) {
    case HTTPS_P256:
        return EVP_EC_gen("P-256");
    case HTTPS_P384:
        return EVP_EC_gen("P-384");
    case HTTPS_RSA_1024:
        return make_rsa(1024);
    case HTTPS_RSA_2048:
        return make_rsa(2048);
    case HTTPS_RSA_3072:
        return make_rsa(3072);
    default:
        return make_rsa(4096);
    }
}

/* Two of each kind, for as long as the process lives. */
static EVP_PKEY *key_of(https_key kind, bool second) {
    static EVP_PKEY *keys[HTTPS_KEYS][2];
    EVP_PKEY **key = &keys[kind][second];
    if (*key == NULL) *key = make_key(kind);
    assert_non_null(*key);
    return *key;
}

static void extend(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *begin(const char *subject, EVP_PKEY *key, X509 *issuer, grille_wall_ms moved_ms) {
    const time_t now = (time_t)((HTTPS_NOW_MS + moved_ms) / 1000), hour = HTTPS_HOUR_MS / 1000;
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    static long serial = 1000;
    assert_true(certificate != NULL && name != NULL && X509_set_version(certificate, 2) == 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_subject_name(certificate, name), 1);
    assert_int_equal(X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : name), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), now - hour));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), now + hour));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    extend(certificate, issuer, NID_subject_key_identifier, "hash");
    X509_NAME_free(name);
    return certificate;
}

static void sign(X509 *certificate, EVP_PKEY *key) {
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static void comment(X509 *certificate, size_t len) {
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    extend(certificate, NULL, NID_netscape_comment, text);
    free(text);
}

static X509 *make_authority(const char *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, size_t bulk) {
    X509 *made = begin(subject, key, issuer, 0);
    if (bulk > 0) comment(made, bulk);
    extend(made, issuer, NID_basic_constraints, issuer != NULL ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE");
    extend(made, issuer, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    sign(made, issuer_key);
    return made;
}

static X509 *make_leaf(const https_options *options, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key) {
    X509 *made = begin("a service", key, issuer, options->moved_ms);
    char names[300];
    (void)snprintf(names, sizeof names, "DNS:%s,DNS:other.example", options->name != NULL ? options->name : HTTPS_NAME);
    extend(made, issuer, NID_basic_constraints, "critical,CA:FALSE");
    extend(made, issuer, NID_key_usage, "critical,digitalSignature");
    extend(made, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    extend(made, issuer, NID_subject_alt_name, names);
    sign(made, issuer_key);
    return made;
}

static int sign_wrongly_rsa(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding) {
    const int made = RSA_meth_get_priv_enc(RSA_PKCS1_OpenSSL())(len, from, to, rsa, padding);
    if (made > 0) to[made - 1] ^= 1;
    return made;
}

static ECDSA_SIG *sign_wrongly_ec(const unsigned char *digest, int len, const BIGNUM *k, const BIGNUM *r, EC_KEY *key) {
    unsigned char other[64];
    assert_true(len > 0 && len <= (int)sizeof other && k == NULL && r == NULL);
    memcpy(other, digest, (size_t)len);
    other[len - 1] ^= 1;
    EC_KEY_set_method(key, EC_KEY_OpenSSL());
    return ECDSA_do_sign(other, len, key);
}

/* The same key, whose signatures are no good. */
static EVP_PKEY *spoil(EVP_PKEY *key) {
    EVP_PKEY *spoilt = EVP_PKEY_new();
    assert_non_null(spoilt);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        static RSA_METHOD *method;
        RSA *rsa = RSAPrivateKey_dup(EVP_PKEY_get0_RSA(key));
        if (method == NULL) method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
        assert_true(RSA_meth_set_priv_enc(method, sign_wrongly_rsa) == 1 && RSA_set_method(rsa, method) == 1);
        assert_int_equal(EVP_PKEY_assign_RSA(spoilt, rsa), 1);
    } else {
        static EC_KEY_METHOD *method;
        EC_KEY *ec = EC_KEY_dup(EVP_PKEY_get0_EC_KEY(key));
        int (*sign_it)(int, const unsigned char *, int, unsigned char *, unsigned int *, const BIGNUM *, const BIGNUM *,
                       EC_KEY *) = NULL;
        int (*prepare)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;
        if (method == NULL) method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
        EC_KEY_METHOD_get_sign(EC_KEY_OpenSSL(), &sign_it, &prepare, NULL);
        EC_KEY_METHOD_set_sign(method, sign_it, prepare, sign_wrongly_ec);
        assert_int_equal(EC_KEY_set_method(ec, method), 1);
        assert_int_equal(EVP_PKEY_assign_EC_KEY(spoilt, ec), 1);
    }
    return spoilt;
}

static void write_anchor(https_certificates *made, X509 *root) {
    unsigned char *at = made->anchor;
    const int len = i2d_X509(root, NULL);
    assert_true(len > 0 && (size_t)len <= sizeof made->anchor);
    made->anchor_len = (size_t)i2d_X509(root, &at);
}

void https_certificates_make(const https_options *options, https_certificates *made) {
    EVP_PKEY *root_key = key_of(options->authorities, false), *middle_key = key_of(options->authorities, true);
    EVP_PKEY *leaf_key = key_of(options->leaf, options->leaf == options->authorities);
    memset(made, 0, sizeof *made);
    made->root = make_authority("root", root_key, NULL, root_key, options->bulk);
    write_anchor(made, made->root);
    if (options->other_root) {
        root_key = key_of(HTTPS_P384, true);
        X509_free(made->root);
        made->root = make_authority("root", root_key, NULL, root_key, options->bulk);
    }
    made->middle = make_authority("authority", middle_key, made->root, root_key, 0);
    made->leaf = options->self_signed ? make_leaf(options, leaf_key, NULL, leaf_key)
                                      : make_leaf(options, leaf_key, made->middle, middle_key);
    if (!options->alone) made->sent[made->sent_count++] = made->middle;
    if (options->root_too) made->sent[made->sent_count++] = made->root;
    for (size_t i = 0; i < options->copies; i++)
        made->sent[made->sent_count++] = made->root;
    made->signer = options->bad_signature ? spoil(leaf_key) : leaf_key;
    if (!options->bad_signature) EVP_PKEY_up_ref(made->signer);
}

void https_certificates_free(https_certificates *made) {
    X509_free(made->root);
    X509_free(made->middle);
    X509_free(made->leaf);
    EVP_PKEY_free(made->signer);
}
