/* SPDX-License-Identifier: Apache-2.0
 * grille identity: a development CA and x509 identities under it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "command.h"
#include "crypto/certificate.h"
#include "crypto/pem.h"
#include "files.h"

static const char usage[] =
    "usage: grille identity new ca DIR [--name NAME] [--days N]\n"
    "         makes DIR/ca.pem (give it to policies) and DIR/ca.key (keep it)\n"
    "       grille identity new x509 DIR --ca CADIR --name NAME [--days N]\n"
    "         makes DIR/identity.pem (chain) and DIR/identity.key; NAME is a URI (spiffe://…) or a DNS name\n";

enum { DEFAULT_DAYS = 365, LONGEST_DAYS = 36500, CA_NAME_MAX = 64, FILE_MAX = 16384, KEY_DER_MAX = 256 };

#define DAY_MS ((grille_wall_ms)86400 * 1000)
/* A verifier's clock may be behind. */
#define BACKDATE_MS ((grille_wall_ms)300 * 1000)

typedef struct identity_options {
    const char *folder;
    const char *ca_folder;
    const char *name;
    int days;
} identity_options;

static bool parse_days(const char *text, int *days) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end != 0 || value < 1 || value > LONGEST_DAYS) return false;
    *days = (int)value;
    return true;
}

static int parse(int argc, char **argv, identity_options *options) {
    int at = 0;
    options->days = DEFAULT_DAYS;
    for (at = 0; at < argc; at++) {
        if (strncmp(argv[at], "--", 2) != 0) {
            if (options->folder != NULL) return usage_error(usage, "identity: one folder, not \"%s\" too", argv[at]);
            options->folder = argv[at];
            continue;
        }
        if (at + 1 >= argc) return usage_error(usage, "identity: %s needs a value", argv[at]);
        if (strcmp(argv[at], "--ca") == 0) {
            options->ca_folder = argv[++at];
        } else if (strcmp(argv[at], "--name") == 0) {
            options->name = argv[++at];
        } else if (strcmp(argv[at], "--days") == 0) {
            if (!parse_days(argv[++at], &options->days)) {
                return usage_error(usage, "identity: --days is a number from 1 to %d, not \"%s\"", LONGEST_DAYS,
                                   argv[at]);
            }
        } else {
            return usage_error(usage, "identity: there is no option %s", argv[at]);
        }
    }
    if (options->folder == NULL) return usage_error(usage, "identity: which folder?");
    return EXIT_DONE;
}

static bool ok(grille_reason reason, grille_error *error) {
    if (reason == GRILLE_REASON_OK) return true;
    (void)grille_error_default(error, reason);
    return false;
}

static bool write_pem(const char *folder, const char *name, grille_pem_label label, const grille_bytes *ders,
                      size_t count, grille_error *error) {
    char text[FILE_MAX];
    size_t len = 0;
    size_t at = 0;
    bool written = false;
    for (at = 0; at < count; at++) {
        size_t block = 0;
        if (!ok(grille_pem_write(label, ders[at], text + len, sizeof text - len, &block), error)) goto out;
        len += block;
    }
    written = file_write_new(folder, name, grille_bytes_of(text, len), label == GRILLE_PEM_CERTIFICATE, error);
out:
    grille_wipe(text, sizeof text);
    return written;
}

static bool write_key(const grille_crypto *crypto, const grille_private_key *key, const char *folder, const char *name,
                      grille_error *error) {
    uint8_t der[KEY_DER_MAX];
    size_t len = 0;
    bool written = false;
    if (ok(crypto->key_export(key, der, sizeof der, &len), error)) {
        const grille_bytes bytes = grille_bytes_of(der, len);
        written = write_pem(folder, name, GRILLE_PEM_EC_PRIVATE_KEY, &bytes, 1, error);
    }
    grille_wipe(der, sizeof der);
    return written;
}

/* Reads the first block of a PEM file. */
static bool read_pem(const char *folder, const char *name, uint8_t *der, size_t capacity, size_t *len,
                     grille_error *error) {
    uint8_t text[FILE_MAX];
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    size_t text_len = 0;
    bool read = file_read(folder, name, text, sizeof text, &text_len, error);
    if (read) {
        grille_reader reader = grille_reader_of(grille_bytes_of(text, text_len));
        grille_reason reason = grille_pem_more(&reader) ? grille_pem_read(&reader, &label, der, capacity, len)
                                                        : GRILLE_REASON_TRUNCATED;
        read = reason == GRILLE_REASON_OK;
        if (!read) (void)grille_error_set(error, reason, "%s/%s: %s", folder, name, grille_reason_text(reason));
    }
    grille_wipe(text, sizeof text);
    return read;
}

static bool issue(const grille_crypto *crypto, grille_certificate_template *template_, int days,
                  const grille_private_key *subject, const grille_private_key *issuer,
                  uint8_t der[GRILLE_CERTIFICATE_MAX], size_t *len, grille_error *error) {
    uint8_t point[GRILLE_POINT_MAX];
    size_t point_len = 0;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    template_->not_before_ms = (grille_wall_ms)now.tv_sec * 1000 - BACKDATE_MS;
    template_->not_after_ms = template_->not_before_ms + days * DAY_MS;
    if (!ok(crypto->random(template_->serial, sizeof template_->serial), error)) return false;
    template_->serial[0] &= 0x7f;
    template_->serial[0] |= 0x40; /* positive, and of full length */
    if (!ok(crypto->key_point(subject, point, sizeof point, &point_len), error)) return false;
    return ok(grille_certificate_write(crypto, template_, crypto->key_curve(subject),
                                       grille_bytes_of(point, point_len), issuer, der, GRILLE_CERTIFICATE_MAX, len),
              error);
}

static bool new_ca(const grille_crypto *crypto, const identity_options *options, grille_error *error) {
    grille_certificate_template template_ = {.subject_common_name =
                                                 options->name != NULL ? options->name : "grille development CA",
                                             .is_ca = true,
                                             .path_len = 0,
                                             .with_basic_constraints = true,
                                             .key_usage = GRILLE_KEY_USAGE_CERT_SIGN};
    grille_private_key *key = NULL;
    uint8_t der[GRILLE_CERTIFICATE_MAX];
    grille_bytes certificate = {der, 0};
    bool made = ok(crypto->key_generate(GRILLE_P256, &key), error) &&
                issue(crypto, &template_, options->days, key, key, der, &certificate.len, error) &&
                write_key(crypto, key, options->folder, "ca.key", error) &&
                write_pem(options->folder, "ca.pem", GRILLE_PEM_CERTIFICATE, &certificate, 1, error);
    crypto->key_free(key);
    if (made) (void)printf("%s/ca.pem and %s/ca.key made\n", options->folder, options->folder);
    return made;
}

/* The issuer's name stands in its certificate: `identity new ca` wrote it as the only common name. */
static bool ca_name(const uint8_t *der, size_t len, char name[CA_NAME_MAX + 1]) {
    static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03, 0x0c};
    const uint8_t *found = memmem(der, len, common_name, sizeof common_name);
    grille_reader reader = {0};
    grille_bytes text = {0};
    if (found == NULL) return false;
    reader = grille_reader_of(grille_bytes_of(found, len - (size_t)(found - der)));
    (void)grille_read_bytes(&reader, sizeof common_name);
    text = grille_read_bytes(&reader, grille_read_u8(&reader));
    if (text.len == 0 || text.len > CA_NAME_MAX) return false;
    memcpy(name, text.data, text.len);
    name[text.len] = 0;
    return true;
}

static bool issue_under_ca(const grille_crypto *crypto, const identity_options *options, grille_private_key *ca,
                           grille_private_key *key, grille_error *error) {
    uint8_t ca_der[FILE_MAX];
    size_t ca_len = 0;
    char issuer[CA_NAME_MAX + 1];
    uint8_t der[GRILLE_CERTIFICATE_MAX];
    grille_bytes chain = {der, 0};
    bool is_uri = strstr(options->name, "://") != NULL;
    grille_certificate_template template_ = {.subject_common_name = is_uri ? "grille identity" : options->name,
                                             .issuer_common_name = issuer,
                                             .path_len = -1,
                                             .with_basic_constraints = true,
                                             .key_usage = GRILLE_KEY_USAGE_DIGITAL_SIGNATURE,
                                             .client_auth = true,
                                             .server_auth = true,
                                             .san_uri = is_uri ? options->name : NULL,
                                             .san_dns = is_uri ? NULL : options->name};
    if (!read_pem(options->ca_folder, "ca.pem", ca_der, sizeof ca_der, &ca_len, error)) return false;
    if (!ca_name(ca_der, ca_len, issuer)) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "%s/ca.pem has no common name of at most %d bytes; make it with grille identity new ca",
                               options->ca_folder, CA_NAME_MAX);
        return false;
    }
    return issue(crypto, &template_, options->days, key, ca, der, &chain.len, error) &&
           write_key(crypto, key, options->folder, "identity.key", error) &&
           write_pem(options->folder, "identity.pem", GRILLE_PEM_CERTIFICATE, &chain, 1, error);
}

static bool new_x509(const grille_crypto *crypto, const identity_options *options, grille_error *error) {
    grille_private_key *ca = NULL;
    grille_private_key *key = NULL;
    uint8_t ca_key[KEY_DER_MAX];
    size_t len = 0;
    bool made = read_pem(options->ca_folder, "ca.key", ca_key, sizeof ca_key, &len, error) &&
                ok(crypto->key_import(grille_bytes_of(ca_key, len), &ca), error) &&
                ok(crypto->key_generate(GRILLE_P256, &key), error) &&
                issue_under_ca(crypto, options, ca, key, error);
    grille_wipe(ca_key, sizeof ca_key);
    crypto->key_free(ca);
    crypto->key_free(key);
    if (made) (void)printf("%s/identity.pem and %s/identity.key made\n", options->folder, options->folder);
    return made;
}

int command_identity(int argc, char **argv) {
    identity_options options = {0};
    grille_error error = {0};
    bool made = false;
    int parsed = 0;
    bool is_ca = argc >= 3 && strcmp(argv[2], "ca") == 0;
    if (argc < 3 || strcmp(argv[1], "new") != 0 || (!is_ca && strcmp(argv[2], "x509") != 0)) {
        return usage_error(usage, "identity: write \"new ca\" or \"new x509\"");
    }
    parsed = parse(argc - 3, argv + 3, &options);
    if (parsed != EXIT_DONE) return parsed;
    if (is_ca && options.ca_folder != NULL) return usage_error(usage, "identity: a new CA has no --ca");
    if (options.name != NULL && (options.name[0] == 0 || strlen(options.name) > CA_NAME_MAX)) {
        return usage_error(usage, "identity: --name has 1 to %d characters", CA_NAME_MAX);
    }
    if (!is_ca && (options.ca_folder == NULL || options.name == NULL)) {
        return usage_error(usage, "identity: new x509 needs --ca and --name");
    }
    made = is_ca ? new_ca(grille_crypto_wolf(), &options, &error) : new_x509(grille_crypto_wolf(), &options, &error);
    if (made) return EXIT_DONE;
    (void)fprintf(stderr, "grille: identity: %s: %s\n", error.name, error.text);
    return EXIT_FAILED;
}
