/* SPDX-License-Identifier: Apache-2.0
 * x509 identities from PEM files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/identity_state.h"
#include "attest/x509.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/pem.h"

/* A chain's DER and its base64, labels and line ends. */
#define CHAIN_BYTES ((size_t)GRILLE_LIMIT_X509_CHAIN * GRILLE_LIMIT_PEER_CERTIFICATE_BYTES)
#define FILE_BYTES  (2 * CHAIN_BYTES)

static grille_reason fail(grille_error *error, const char *path, const char *why) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_IDENTITY,
                            "observed in %s: %s; expected an x509 identity's chain, or its leaf's key", path, why);
}

/* The whole file into a buffer of FILE_BYTES, which the caller wipes: it may be a private key. */
static grille_reason read_file(const char *path, uint8_t *buffer, grille_bytes *content, grille_error *error) {
    FILE *file = fopen(path, "rbe");
    size_t len;
    grille_reason reason = GRILLE_REASON_OK;
    if (file == NULL) return fail(error, path, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no second copy of a key */
    len = fread(buffer, 1, FILE_BYTES, file);
    if (ferror(file)) {
        reason = fail(error, path, strerror(errno));
    } else if (len == FILE_BYTES) {
        reason = fail(error, path, "the file is too long");
    }
    (void)fclose(file);
    *content = grille_bytes_of(buffer, len);
    return reason;
}

static grille_reason read_chain(grille_identity *identity, const char *path, grille_bytes text, grille_error *error) {
    grille_reader reader = grille_reader_of(text);
    size_t used = 0;
    while (grille_pem_more(&reader)) {
        grille_pem_label label;
        size_t len = 0;
        if (identity->certificate_count == GRILLE_LIMIT_X509_CHAIN) {
            return fail(error, path, "more than 4 certificates: give the leaf and its intermediates");
        }
        if (grille_pem_read(&reader, &label, &identity->chain[used], GRILLE_LIMIT_PEER_CERTIFICATE_BYTES, &len) !=
                GRILLE_REASON_OK ||
            label != GRILLE_PEM_CERTIFICATE) {
            return fail(error, path, "expected PEM certificates of at most 4096 bytes, leaf first, and nothing else");
        }
        identity->certificates[identity->certificate_count++] = grille_bytes_of(&identity->chain[used], len);
        used += len;
    }
    return identity->certificate_count > 0 ? GRILLE_REASON_OK : fail(error, path, "there is no certificate in it");
}

/* Each certificate reads and is issued by the next. */
static grille_reason check_chain(const grille_identity *identity, const char *path, grille_x509 *leaf,
                                 grille_error *error) {
    grille_x509 below = {.path_len = -1};
    for (size_t i = 0; i < identity->certificate_count; i++) {
        grille_x509 certificate;
        if (grille_x509_read(identity->certificates[i], &certificate) != GRILLE_REASON_OK) {
            return fail(error, path, "a certificate is not strict DER as RFC 5280 wants it");
        }
        if (i == 0) {
            *leaf = certificate;
        } else if (!grille_bytes_equal(below.issuer, certificate.subject)) {
            return fail(error, path, "the certificates are not in order: leaf first, then each one's issuer");
        }
        below = certificate;
    }
    if (!leaf->has_ec_key) return fail(error, path, "the leaf's key is not on P-256 or P-384");
    return leaf->is_ca ? fail(error, path, "the first certificate is a CA, expected the leaf") : GRILLE_REASON_OK;
}

static grille_reason read_key(grille_identity *identity, const char *path, grille_bytes text, const grille_x509 *leaf,
                              grille_error *error) {
    uint8_t der[256], point[GRILLE_POINT_MAX];
    size_t len = 0, point_len = 0;
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    grille_reader reader = grille_reader_of(text);
    grille_reason reason = grille_pem_more(&reader) ? grille_pem_read(&reader, &label, der, sizeof der, &len)
                                                    : GRILLE_REASON_CRYPTO_BAD_PEM;
    bool private_key = label == GRILLE_PEM_PRIVATE_KEY || label == GRILLE_PEM_EC_PRIVATE_KEY;
    if (reason == GRILLE_REASON_OK && (!private_key || grille_pem_more(&reader))) {
        reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    }
    if (reason == GRILLE_REASON_OK) reason = identity->crypto->key_import(grille_bytes_of(der, len), &identity->key);
    grille_wipe(der, sizeof der);
    if (reason != GRILLE_REASON_OK) {
        return fail(error, path, "expected one PEM block PRIVATE KEY or EC PRIVATE KEY with a P-256 or P-384 key");
    }
    reason = identity->crypto->key_point(identity->key, point, sizeof point, &point_len);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    if (identity->crypto->key_curve(identity->key) == leaf->curve &&
        grille_bytes_equal(grille_bytes_of(point, point_len), leaf->point)) {
        return GRILLE_REASON_OK;
    }
    return fail(error, path, "the key is not the one of the leaf certificate");
}

static grille_reason load(grille_identity *identity, const char *chain_path, const char *key_path, uint8_t *buffer,
                          grille_error *error) {
    grille_bytes text;
    grille_x509 leaf = {.path_len = -1};
    grille_reason reason = read_file(chain_path, buffer, &text, error);
    if (reason == GRILLE_REASON_OK) reason = read_chain(identity, chain_path, text, error);
    if (reason == GRILLE_REASON_OK) reason = check_chain(identity, chain_path, &leaf, error);
    if (reason == GRILLE_REASON_OK) reason = read_file(key_path, buffer, &text, error);
    if (reason == GRILLE_REASON_OK) reason = read_key(identity, key_path, text, &leaf, error);
    return reason;
}

grille_code grille_identity_load_x509(const char *chain_path, const char *key_path, grille_identity **identity,
                                      grille_error *error) {
    grille_identity *made = grille_identity_new(GRILLE_IDENTITY_X509);
    uint8_t *buffer = malloc(FILE_BYTES);
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    *identity = NULL;
    grille_error_clear(error);
    if (made != NULL) {
        made->crypto = grille_crypto_wolf();
        made->chain = malloc(CHAIN_BYTES);
    }
    if (made != NULL && made->chain != NULL && buffer != NULL) {
        reason = load(made, chain_path, key_path, buffer, error);
    }
    if (buffer != NULL) grille_wipe(buffer, FILE_BYTES);
    free(buffer);
    if (reason == GRILLE_REASON_OK) {
        *identity = made;
        return GRILLE_OK;
    }
    grille_identity_free(made);
    return grille_reason_code(grille_error_default(error, reason));
}
