/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/cms_write.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "crypto/der.h"

#define CONTENT_KEY_BYTES 32
#define BLOCK_BYTES       16
/* What encoders of Java cut constructed octet strings into. */
#define SEGMENT_BYTES 1000

static const uint8_t version_2[] = {0x02, 0x01, 0x02};
static const uint8_t enveloped_data[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03};
static const uint8_t data_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
/* RSAES-OAEP-params with SHA-256 and MGF1 of SHA-256, each SHA-256 with NULL. */
static const uint8_t oaep[] = {0x30, 0x3c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07,
                               0x30, 0x2f, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                               0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a,
                               0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60,
                               0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00};
static const uint8_t aes_256_cbc[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a};

#define BYTES_OF(array) ((grille_bytes){.data = (array), .len = sizeof(array)})

static void open_indefinite(grille_writer *writer, unsigned tag) {
    grille_write_u8(writer, (uint8_t)tag);
    grille_write_u8(writer, 0x80);
}

static void close_indefinite(grille_writer *writer) {
    grille_write_u16(writer, 0);
}

/* The one KeyTransRecipientInfo, in definite lengths. */
static void write_recipient(grille_writer *writer, grille_bytes identifier, grille_bytes encrypted_key) {
    const size_t set = grille_der_begin(writer, GRILLE_DER_SET);
    const size_t info = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_write_bytes(writer, BYTES_OF(version_2));
    grille_der_write(writer, GRILLE_DER_CONTEXT(0), identifier);
    grille_write_bytes(writer, BYTES_OF(oaep));
    grille_der_write(writer, GRILLE_DER_OCTET_STRING, encrypted_key);
    grille_der_end(writer, info);
    grille_der_end(writer, set);
}

static void write_algorithm(grille_writer *writer, grille_bytes iv) {
    const size_t algorithm = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_write_bytes(writer, BYTES_OF(aes_256_cbc));
    grille_der_write(writer, GRILLE_DER_OCTET_STRING, iv);
    grille_der_end(writer, algorithm);
}

static void write_content(grille_writer *writer, kms_content_form form, grille_bytes encrypted) {
    grille_reader reader = grille_reader_of(encrypted);
    if (form == KMS_CONTENT_PRIMITIVE) {
        grille_der_write(writer, GRILLE_DER_CONTEXT(0), encrypted);
        return;
    }
    open_indefinite(writer, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    for (size_t left = encrypted.len; left > 0;) {
        const size_t len = left < SEGMENT_BYTES ? left : SEGMENT_BYTES;
        grille_der_write(writer, GRILLE_DER_OCTET_STRING, grille_read_bytes(&reader, len));
        left -= len;
    }
    close_indefinite(writer);
}

static void write_message(grille_writer *writer, kms_content_form form, grille_bytes identifier,
                          grille_bytes encrypted_key, grille_bytes iv, grille_bytes encrypted) {
    open_indefinite(writer, GRILLE_DER_SEQUENCE); /* ContentInfo */
    grille_write_bytes(writer, BYTES_OF(enveloped_data));
    open_indefinite(writer, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    open_indefinite(writer, GRILLE_DER_SEQUENCE); /* EnvelopedData */
    grille_write_bytes(writer, BYTES_OF(version_2));
    write_recipient(writer, identifier, encrypted_key);
    open_indefinite(writer, GRILLE_DER_SEQUENCE); /* EncryptedContentInfo */
    grille_write_bytes(writer, BYTES_OF(data_oid));
    write_algorithm(writer, iv);
    write_content(writer, form, encrypted);
    for (unsigned level = 0; level < 4; level++)
        close_indefinite(writer);
}

static bool encrypt_key(EVP_PKEY *recipient, const uint8_t key[CONTENT_KEY_BYTES], uint8_t *encrypted, size_t *len) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(recipient, NULL);
    const bool done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_encrypt(context, encrypted, len, key, CONTENT_KEY_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* With PKCS#7 padding, which is EVP's own. */
static bool encrypt_content(const uint8_t key[CONTENT_KEY_BYTES], const uint8_t iv[BLOCK_BYTES], grille_bytes plain,
                            uint8_t *encrypted, size_t *len) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int whole = 0;
    int last = 0;
    const bool done =
        cipher != NULL && EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv) == 1 &&
        (plain.len == 0 || EVP_EncryptUpdate(cipher, encrypted, &whole, plain.data, (int)plain.len) == 1) &&
        EVP_EncryptFinal_ex(cipher, &encrypted[whole], &last) == 1;
    EVP_CIPHER_CTX_free(cipher);
    *len = (size_t)whole + (size_t)last;
    return done;
}

static const char *problem_of(const EVP_PKEY *key) {
    BIGNUM *exponent = NULL;
    const char *problem = NULL;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return "its public_key is no RSA key";
    if (EVP_PKEY_get_bits(key) < KMS_RECIPIENT_KEY_LEAST_BITS) return "its public_key is an RSA key below 2,048 bits";
    if (EVP_PKEY_get_bits(key) > KMS_RECIPIENT_KEY_BITS) return "its public_key is an RSA key above 4,096 bits";
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 || !BN_is_odd(exponent) ||
        BN_is_one(exponent))
        problem = "its public_key has no exponent of RSA";
    BN_free(exponent);
    return problem;
}

/* OpenSSL reads more than one encoding of a key; the message names its key by a hash of the encoding. */
static bool is_the_encoding(const EVP_PKEY *key, grille_bytes spki) {
    uint8_t *encoded = NULL;
    const int len = i2d_PUBKEY(key, &encoded);
    const bool same = len > 0 && grille_bytes_equal((grille_bytes){.data = encoded, .len = (size_t)len}, spki);
    OPENSSL_free(encoded);
    return same;
}

EVP_PKEY *kms_recipient_key_read(grille_bytes spki, const char **problem) {
    const unsigned char *at = spki.data;
    EVP_PKEY *key = spki.len == 0 ? NULL : d2i_PUBKEY(NULL, &at, (long)spki.len);
    ERR_clear_error();
    *problem = spki.len == 0 ? "it has no public_key" : "its public_key is no SubjectPublicKeyInfo in DER";
    if (key != NULL && is_the_encoding(key, spki)) *problem = problem_of(key);
    if (*problem == NULL) return key;
    EVP_PKEY_free(key);
    return NULL;
}

bool kms_cms_write(EVP_PKEY *recipient, grille_bytes spki, kms_content_form form, grille_bytes plain, uint8_t *message,
                   size_t *len) {
    const size_t capacity = KMS_RECIPIENT_MESSAGE_BYTES(plain.len);
    grille_writer writer = grille_writer_into(message, capacity);
    uint8_t secret[CONTENT_KEY_BYTES];
    uint8_t iv[BLOCK_BYTES];
    uint8_t identifier[SHA256_DIGEST_LENGTH];
    uint8_t encrypted_key[KMS_RECIPIENT_KEY_BITS / 8];
    size_t key_len = sizeof encrypted_key;
    uint8_t *encrypted = malloc(plain.len + BLOCK_BYTES);
    size_t encrypted_len = 0;
    const bool done = encrypted != NULL && RAND_priv_bytes(secret, sizeof secret) == 1 &&
                      RAND_bytes(iv, sizeof iv) == 1 && SHA256(spki.data, spki.len, identifier) != NULL &&
                      encrypt_key(recipient, secret, encrypted_key, &key_len) &&
                      encrypt_content(secret, iv, plain, encrypted, &encrypted_len);
    if (done) {
        write_message(&writer, form, BYTES_OF(identifier), (grille_bytes){.data = encrypted_key, .len = key_len},
                      BYTES_OF(iv), (grille_bytes){.data = encrypted, .len = encrypted_len});
    }
    OPENSSL_cleanse(secret, sizeof secret);
    free(encrypted);
    return done && grille_der_finish(&writer, len) == GRILLE_REASON_OK;
}
