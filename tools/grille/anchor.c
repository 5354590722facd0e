/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor.h"

#include <string.h>

#include "attest/document.h"
#include "attest/policy_development_root.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "input.h"

static bool refuse(const char *path, const char *why, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s %s", path, why);
    return false;
}

/* PEM of one certificate, decoded over the text. */
static bool decode_pem(grille_bytes text, anchor *root, grille_bytes *der) {
    uint8_t decoded[sizeof root->bytes];
    grille_reader reader = grille_reader_of(text);
    grille_pem_label label = GRILLE_PEM_PRIVATE_KEY;
    size_t len = 0;
    bool read = grille_pem_read(&reader, &label, decoded, sizeof decoded, &len) == GRILLE_REASON_OK &&
                label == GRILLE_PEM_CERTIFICATE && !grille_pem_more(&reader);
    if (read) {
        memcpy(root->bytes, decoded, len);
        *der = grille_bytes_of(root->bytes, len);
    }
    grille_wipe(decoded, sizeof decoded); /* somebody may have named a private key */
    return read;
}

static bool is_pem(grille_bytes text) {
    return text.len > 5 && memcmp(text.data, "-----", 5) == 0;
}

bool anchor_read(const char *path, anchor *root, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t digest[GRILLE_SHA256_BYTES];
    grille_x509 certificate;
    grille_bytes der;
    size_t len = 0;
    bool more = false;
    if (!input_read(path, root->bytes, sizeof root->bytes, &len, &more, error)) return false;
    der = grille_bytes_of(root->bytes, len);
    if (more || (is_pem(der) && !decode_pem(der, root, &der)) ||
        grille_x509_read(der, &certificate) != GRILLE_REASON_OK) {
        return refuse(path, "is not one certificate, in PEM or DER", error);
    }
    if (crypto->hash(GRILLE_SHA256, &der, 1, digest) != GRILLE_REASON_OK) return refuse(path, "can't be hashed", error);
    root->development_root = grille_bytes_of(NULL, 0);
    if (memcmp(digest, grille_aws_root_g1_sha256, sizeof digest) == 0) return true;
    if (!grille_attest_accepts_development_root()) {
        return refuse(path, "is not AWS Nitro Enclaves G1, the only root that this release build trusts", error);
    }
    if (!certificate.is_ca || !certificate.has_ec_key || certificate.curve != GRILLE_P384) {
        return refuse(path, "is no CA with a P-384 key", error);
    }
    root->development_root = der;
    return true;
}
