/* SPDX-License-Identifier: Apache-2.0 */
#include "identity_make.h"

#include <string.h>
#include <time.h>

#include "attest/x509.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "files.h"

enum { COMMON_NAME_MAX = 64, FILE_MAX = 16384, KEY_DER_MAX = 256 };

#define DAY_MS ((grille_wall_ms)86400 * 1000)
/* A verifier's clock may be behind. */
#define BACKDATE_MS ((grille_wall_ms)300 * 1000)

/* A CA that was read back. */
typedef struct issuer {
    uint8_t der[FILE_MAX];
    grille_x509 certificate; /* views into der */
    char common_name[COMMON_NAME_MAX + 1];
    grille_private_key *key;
} issuer;

static bool ok(grille_reason reason, grille_error *error) {
    if (reason == GRILLE_REASON_OK) return true;
    (void)grille_error_default(error, reason);
    return false;
}

static grille_wall_ms now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (grille_wall_ms)now.tv_sec * 1000;
}

static bool write_pem(const char *folder, const char *name, grille_pem_label label, grille_bytes der,
                      grille_error *error) {
    char text[FILE_MAX];
    size_t len = 0;
    bool written = ok(grille_pem_write(label, der, text, sizeof text, &len), error) &&
                   file_write_new(folder, name, grille_bytes_of(text, len), label == GRILLE_PEM_CERTIFICATE, error);
    grille_wipe(text, sizeof text);
    return written;
}

static bool write_key(const grille_crypto *crypto, const grille_private_key *key, const char *folder, const char *name,
                      grille_error *error) {
    uint8_t der[KEY_DER_MAX];
    size_t len = 0;
    bool written = ok(crypto->key_export(key, der, sizeof der, &len), error) &&
                   write_pem(folder, name, GRILLE_PEM_EC_PRIVATE_KEY, grille_bytes_of(der, len), error);
    grille_wipe(der, sizeof der);
    return written;
}

/* Key and certificate, or nothing. */
static bool write_pair(const grille_crypto *crypto, const grille_private_key *key, grille_bytes certificate,
                       const char *folder, const char *key_name, const char *certificate_name, grille_error *error) {
    if (!write_key(crypto, key, folder, key_name, error)) return false;
    if (write_pem(folder, certificate_name, GRILLE_PEM_CERTIFICATE, certificate, error)) return true;
    file_remove(folder, key_name);
    return false;
}

/* Signs a certificate of `subject`; the template lacks only its serial. */
static bool issue(const grille_crypto *crypto, grille_certificate_template *template_,
                  const grille_private_key *subject, const grille_private_key *signer,
                  uint8_t der[GRILLE_CERTIFICATE_MAX], grille_bytes *certificate, grille_error *error) {
    uint8_t point[GRILLE_POINT_MAX];
    size_t point_len = 0;
    size_t len = 0;
    bool issued = false;
    if (!ok(crypto->random(template_->serial, sizeof template_->serial), error)) return false;
    template_->serial[0] &= 0x7f;
    template_->serial[0] |= 0x40; /* positive, and of full length */
    issued = ok(crypto->key_point(subject, point, sizeof point, &point_len), error) &&
             ok(grille_certificate_write(crypto, template_, crypto->key_curve(subject),
                                         grille_bytes_of(point, point_len), signer, der, GRILLE_CERTIFICATE_MAX, &len),
                error);
    *certificate = grille_bytes_of(der, len);
    return issued;
}

bool identity_make_ca(const identity_request *request, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_wall_ms now = now_ms();
    grille_certificate_template template_ = {.subject_common_name =
                                                 request->name != NULL ? request->name : "grille development CA",
                                             .not_before_ms = now - BACKDATE_MS,
                                             .not_after_ms = now + request->days * DAY_MS,
                                             .is_ca = true,
                                             .path_len = 0,
                                             .with_basic_constraints = true,
                                             .key_usage = GRILLE_KEY_USAGE_CERT_SIGN};
    grille_private_key *key = NULL;
    uint8_t der[GRILLE_CERTIFICATE_MAX];
    grille_bytes certificate = {0};
    bool made = ok(crypto->key_generate(GRILLE_P256, &key), error) &&
                issue(crypto, &template_, key, key, der, &certificate, error) &&
                write_pair(crypto, key, certificate, request->folder, "ca.key", "ca.pem", error);
    crypto->key_free(key);
    return made;
}

/* Reads the first block of a PEM file; `what` it should be goes to the error. */
static bool read_pem(const char *folder, const char *name, const char *what, uint8_t *der, size_t capacity, size_t *len,
                     grille_error *error) {
    uint8_t text[FILE_MAX];
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    size_t text_len = 0;
    bool read = file_read(folder, name, text, sizeof text, &text_len, error);
    if (read) {
        grille_reader reader = grille_reader_of(grille_bytes_of(text, text_len));
        read = grille_pem_more(&reader) && grille_pem_read(&reader, &label, der, capacity, len) == GRILLE_REASON_OK;
        if (!read) {
            (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s/%s is no PEM file of %s", folder, name, what);
        }
    }
    grille_wipe(text, sizeof text);
    return read;
}

static bool unfit(const char *folder, const char *why, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s/ca.pem %s; make a CA with: grille identity new ca",
                           folder, why);
    return false;
}

static bool read_issuer_certificate(const char *folder, issuer *ca, grille_error *error) {
    size_t len = 0;
    if (!read_pem(folder, "ca.pem", "a certificate", ca->der, sizeof ca->der, &len, error)) return false;
    if (grille_x509_read(grille_bytes_of(ca->der, len), &ca->certificate) != GRILLE_REASON_OK) {
        return unfit(folder, "is no certificate of the expected form (RFC 5280, DER)", error);
    }
    if (!ca->certificate.is_ca || !ca->certificate.has_ec_key) {
        return unfit(folder, "is no CA with a P-256 or P-384 key", error);
    }
    if (ca->certificate.not_after_ms <= now_ms()) return unfit(folder, "has expired", error);
    if (ca->certificate.common_name.len == 0 || ca->certificate.common_name.len > COMMON_NAME_MAX) {
        return unfit(folder, "has no common name of at most 64 bytes", error);
    }
    memcpy(ca->common_name, ca->certificate.common_name.data, ca->certificate.common_name.len);
    ca->common_name[ca->certificate.common_name.len] = 0;
    return true;
}

static bool read_issuer_key(const grille_crypto *crypto, const char *folder, issuer *ca, grille_error *error) {
    static const char key_of_ca[] = "a P-256 or P-384 key";
    uint8_t der[KEY_DER_MAX];
    uint8_t point[GRILLE_POINT_MAX];
    size_t len = 0;
    size_t point_len = 0;
    bool read = read_pem(folder, "ca.key", key_of_ca, der, sizeof der, &len, error);
    if (read && crypto->key_import(grille_bytes_of(der, len), &ca->key) != GRILLE_REASON_OK) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s/ca.key is no PEM file of %s", folder, key_of_ca);
        read = false;
    }
    grille_wipe(der, sizeof der);
    if (!read || !ok(crypto->key_point(ca->key, point, sizeof point, &point_len), error)) return false;
    if (crypto->key_curve(ca->key) == ca->certificate.curve &&
        grille_bytes_equal(grille_bytes_of(point, point_len), ca->certificate.point)) {
        return true;
    }
    return unfit(folder, "is not the certificate of ca.key", error);
}

static bool make_under(const grille_crypto *crypto, const identity_request *request, const issuer *ca,
                       const grille_private_key *key, grille_error *error) {
    grille_wall_ms now = now_ms();
    grille_wall_ms end = now + request->days * DAY_MS;
    bool short_dns = !request->name_is_uri && strlen(request->name) <= COMMON_NAME_MAX;
    grille_certificate_template template_ = {
        .subject_common_name = short_dns ? request->name : "grille identity",
        .issuer_common_name = ca->common_name,
        .not_before_ms = now - BACKDATE_MS,
        .not_after_ms = end < ca->certificate.not_after_ms ? end : ca->certificate.not_after_ms,
        .path_len = -1,
        .with_basic_constraints = true,
        .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE,
        .client_auth = true,
        .server_auth = true,
        .san_uri = request->name_is_uri ? request->name : NULL,
        .san_dns = request->name_is_uri ? NULL : request->name};
    uint8_t der[GRILLE_CERTIFICATE_MAX];
    grille_bytes certificate = {0};
    grille_x509 made;
    if (!issue(crypto, &template_, key, ca->key, der, &certificate, error) ||
        !ok(grille_x509_read(certificate, &made), error)) {
        return false;
    }
    if (!grille_bytes_equal(made.issuer, ca->certificate.subject)) {
        return unfit(request->ca_folder, "has a subject that is more than a common name in UTF-8", error);
    }
    return write_pair(crypto, key, certificate, request->folder, "identity.key", "identity.pem", error);
}

bool identity_make_x509(const identity_request *request, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_private_key *key = NULL;
    issuer ca = {.key = NULL};
    bool made = read_issuer_certificate(request->ca_folder, &ca, error) &&
                read_issuer_key(crypto, request->ca_folder, &ca, error) &&
                ok(crypto->key_generate(GRILLE_P256, &key), error) && make_under(crypto, request, &ca, key, error);
    crypto->key_free(ca.key);
    crypto->key_free(key);
    return made;
}
