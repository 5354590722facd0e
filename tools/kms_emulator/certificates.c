/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/json_file.h"

enum {
    key_bits = 2048,
    serial_bytes = 16,
    name_bytes_most = 253, /* RFC 1035 2.3.4 */
    label_bytes_most = 63,
    days = 3650,
    seconds_a_day = 86400,
    backdated_seconds = 300 /* a client's clock may be behind */
};

/* Who signs what. */
typedef struct issue {
    X509 *certificate;
    EVP_PKEY *key;
    X509 *issuer; /* itself for a root */
    EVP_PKEY *issuer_key;
} issue;

static bool library_failed(const char *what, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "libcrypto can't %s: %s", what,
                           ERR_reason_error_string(ERR_get_error()));
    return false;
}

static bool is_address(const char *name) {
    uint8_t address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* RFC 1123 2.1, in small letters: verifiers compare byte for byte. */
static bool is_dns_name(const char *name) {
    size_t label = 0;
    if (strlen(name) > name_bytes_most) return false;
    for (const char *at = name; *at != '\0'; at++) {
        const bool ends = at[1] == '\0' || at[1] == '.';
        if (*at == '.') {
            if (label == 0) return false;
            label = 0;
            continue;
        }
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *at) == NULL) return false;
        if (*at == '-' && (label == 0 || ends)) return false;
        if (++label > label_bytes_most) return false;
    }
    return label > 0;
}

static bool set_serial(X509 *certificate) {
    uint8_t bytes[serial_bytes];
    BIGNUM *number = NULL;
    bool set = false;
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and of full length */
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool set_name(X509_NAME *name, const char *common_name) {
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"insecure development only", -1,
                                      -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0) == 1;
}

static bool add_extension(const issue *of, int kind, const char *value) {
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;
    bool added = false;
    X509V3_set_ctx(&context, of->issuer, of->certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    added = extension != NULL && X509_add_ext(of->certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool begin(const issue *of, const char *common_name) {
    return X509_set_version(of->certificate, X509_VERSION_3) == 1 && set_serial(of->certificate) &&
           set_name(X509_get_subject_name(of->certificate), common_name) &&
           X509_set_issuer_name(of->certificate, X509_get_subject_name(of->issuer)) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(of->certificate), -backdated_seconds) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(of->certificate), (long)days * seconds_a_day) != NULL &&
           X509_set_pubkey(of->certificate, of->key) == 1 && add_extension(of, NID_subject_key_identifier, "hash");
}

static bool issue_authority(const issue *of) {
    return begin(of, "kms-emulator development CA") &&
           add_extension(of, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(of, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           X509_sign(of->certificate, of->issuer_key, EVP_sha256()) > 0;
}

static bool issue_server(const issue *of, const char *alternative_names) {
    return begin(of, "kms-emulator") && add_extension(of, NID_authority_key_identifier, "keyid:always") &&
           add_extension(of, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(of, NID_key_usage, "critical,digitalSignature") &&
           add_extension(of, NID_ext_key_usage, "serverAuth") &&
           add_extension(of, NID_subject_alt_name, alternative_names) &&
           X509_sign(of->certificate, of->issuer_key, EVP_sha256()) > 0;
}

/* "DNS:…,IP:…", from malloc; NULL: no memory. The names hold no comma. */
static char *list_names(const char *const *names, size_t count) {
    size_t capacity = 1;
    char *list = NULL, *at = NULL;
    for (size_t i = 0; i < count; i++)
        capacity += strlen(",DNS:") + strlen(names[i]);
    at = list = malloc(capacity);
    for (size_t i = 0; list != NULL && i < count; i++) {
        if (i > 0) at = stpcpy(at, ",");
        at = stpcpy(at, is_address(names[i]) ? "IP:" : "DNS:");
        at = stpcpy(at, names[i]);
    }
    return list;
}

/* What a writer made, as text from malloc; NULL: it failed. */
static char *text_of(BIO *bio, bool written) {
    char *data = NULL, *text = NULL;
    const long len = written && bio != NULL ? BIO_get_mem_data(bio, &data) : 0;
    if (len > 0) text = kms_text_of(grille_bytes_of(data, (size_t)len));
    BIO_free(bio);
    return text;
}

static char *certificate_text(X509 *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    return text_of(bio, bio != NULL && PEM_write_bio_X509(bio, certificate) == 1);
}

/* Memory that libcrypto wipes when it is freed. */
static char *key_text(EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_secmem());
    return text_of(bio, bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
}

static bool make(const char *alternative_names, kms_certificates *made, grille_error *error) {
    issue root = {.certificate = X509_new(), .key = EVP_RSA_gen(key_bits)};
    issue server = {.certificate = X509_new(), .key = EVP_RSA_gen(key_bits)};
    bool done = false;
    root.issuer = server.issuer = root.certificate;
    root.issuer_key = server.issuer_key = root.key;
    if (root.certificate == NULL || root.key == NULL || server.certificate == NULL || server.key == NULL)
        (void)library_failed("make a key", error);
    else if (!issue_authority(&root) || !issue_server(&server, alternative_names))
        (void)library_failed("issue a certificate", error);
    else {
        made->authority = certificate_text(root.certificate);
        made->server = certificate_text(server.certificate);
        made->private_key = key_text(server.key);
        done = made->authority != NULL && made->server != NULL && made->private_key != NULL;
        if (!done) (void)library_failed("write PEM", error);
    }
    X509_free(root.certificate);
    X509_free(server.certificate);
    EVP_PKEY_free(root.key);
    EVP_PKEY_free(server.key);
    if (!done) kms_certificates_free(made);
    return done;
}

bool kms_certificates_make(const char *const *names, size_t count, kms_certificates *made, grille_error *error) {
    char *alternative_names = NULL;
    bool done = false;
    *made = (kms_certificates){.authority = NULL};
    for (size_t i = 0; i < count; i++) {
        if (is_address(names[i]) || is_dns_name(names[i])) continue;
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "observed the name \"%.80s\", expected a DNS name in small letters or an IP address",
                               names[i]);
        return false;
    }
    alternative_names = list_names(names, count);
    if (count == 0 || alternative_names == NULL) {
        (void)grille_error_set(error, count == 0 ? GRILLE_REASON_BAD_ARGUMENT : GRILLE_REASON_OUT_OF_MEMORY,
                               "a certificate needs a name, and memory for it");
    } else {
        done = make(alternative_names, made, error);
    }
    free(alternative_names);
    return done;
}

void kms_certificates_free(kms_certificates *made) {
    free(made->authority);
    free(made->server);
    if (made->private_key != NULL) grille_wipe(made->private_key, strlen(made->private_key));
    free(made->private_key);
    *made = (kms_certificates){.authority = NULL};
}
