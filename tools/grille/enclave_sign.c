/* SPDX-License-Identifier: Apache-2.0
 * The signature of grille enclave build. */
#include "base/bytes.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "enclave_parts.h"
#include "input.h"
#include "wall_time.h"

static bool read_pem(enclave_parts *b, const char *path, uint8_t *content, size_t capacity, size_t *len) {
    bool more = false;
    if (!input_read(path, content, capacity, len, &more, &b->error)) return false;
    return !more || enclave_refuse_part(b, "it is too long for PEM of one key or certificate", path);
}

static grille_private_key *read_key(enclave_parts *b, const char *path) {
    uint8_t text[PEM_FILE_MAX], der[PEM_FILE_MAX];
    size_t text_len = 0, der_len = 0;
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    grille_private_key *key = NULL;
    if (read_pem(b, path, text, sizeof text, &text_len)) {
        grille_reader reader = grille_reader_of(grille_bytes_of(text, text_len));
        if (!grille_pem_more(&reader) ||
            grille_pem_read(&reader, &label, der, sizeof der, &der_len) != GRILLE_REASON_OK ||
            (label != GRILLE_PEM_PRIVATE_KEY && label != GRILLE_PEM_EC_PRIVATE_KEY) ||
            grille_crypto_wolf()->key_import(grille_bytes_of(der, der_len), &key) != GRILLE_REASON_OK) {
            (void)enclave_refuse_part(b, "no private key of P-256 or P-384 in PEM", path);
        }
    }
    grille_wipe(text, sizeof text);
    grille_wipe(der, sizeof der);
    return key;
}

/* nitro-cli does not run an image whose certificate is not valid at that time. */
static bool check_dates(enclave_parts *b) {
    const grille_wall_ms now_ms = wall_time_now();
    if (now_ms < b->signer.x509.not_before_ms || now_ms > b->signer.x509.not_after_ms) {
        return enclave_refuse_part(b, "the certificate is not valid now", b->request.signing_certificate);
    }
    return true;
}

bool enclave_add_signature(enclave_parts *b) {
    const grille_crypto *crypto = grille_crypto_wolf();
    size_t pem_len = 0, len = 0;
    grille_private_key *key = NULL;
    bool good = false;
    if (b->request.private_key == NULL) return true;
    if (!read_pem(b, b->request.signing_certificate, b->pem, sizeof b->pem, &pem_len) ||
        !eif_signer_read(grille_bytes_of(b->pem, pem_len), &b->signer, &b->error) || !check_dates(b)) {
        return false;
    }
    key = read_key(b, b->request.private_key);
    if (key == NULL) return false;
    good = eif_signature_write(crypto, &b->signer, grille_bytes_of(b->pem, pem_len), key, b->measured.pcr0,
                               b->signature, sizeof b->signature, &len, &b->error) &&
           eif_signer_measure(crypto, &b->signer, &b->measured) == GRILLE_REASON_OK;
    crypto->key_free(key);
    if (good) enclave_add_section(b, EIF_SIGNATURE, grille_bytes_of(b->signature, len));
    return good;
}
