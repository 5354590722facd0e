/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/recipient.h"

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/cbc.h"
#include "kms/cms.h"

_Static_assert(GRILLE_CMS_ENCRYPTED_KEY_BYTES == GRILLE_RSA_PRIVATE_BYTES, "messages are for keys of this size");
_Static_assert(GRILLE_CMS_RECIPIENT_BYTES == GRILLE_SHA256_BYTES, "a key's name is its SHA-256");
_Static_assert(GRILLE_CMS_IV_BYTES == GRILLE_CBC_BLOCK_BYTES && GRILLE_CMS_BLOCK_BYTES == GRILLE_CBC_BLOCK_BYTES,
               "content is AES-256-CBC");

/* The segments one after the other; `plain` has room for all. */
static grille_reason gather(const grille_cms *cms, uint8_t *plain) {
    grille_writer writer = grille_writer_into(plain, cms->content_len);
    grille_ber_octets octets = cms->content;
    grille_bytes segment;
    while (grille_ber_octets_next(&octets, &segment))
        grille_write_bytes(&writer, segment);
    return grille_writer_end(&writer);
}

/* A content key that RSA did not yield is zeros, and decrypts all the same: a failure of one takes as long as one of
 * the other. */
static grille_reason open_content(const grille_rsa_private *rsa, grille_rsa_private_key *key, const grille_cms *cms,
                                  uint8_t *plain, size_t *len) {
    uint8_t content_key[GRILLE_CBC_KEY_BYTES];
    const grille_bytes content_key_view = grille_bytes_of(content_key, sizeof content_key);
    const grille_reason key_reason = rsa->open(key, cms->encrypted_key, content_key, sizeof content_key);
    grille_reason reason = gather(cms, plain);
    size_t found = 0;
    if (reason == GRILLE_REASON_OK)
        reason = grille_cbc_open(content_key_view, cms->iv, plain, cms->content_len, &found);
    if (reason == GRILLE_REASON_OK) reason = key_reason;
    grille_wipe(content_key, sizeof content_key);
    if (reason != GRILLE_REASON_OK) {
        grille_wipe(plain, cms->content_len);
        return GRILLE_REASON_KMS_RECIPIENT;
    }
    *len = found;
    return GRILLE_REASON_OK;
}

grille_reason grille_recipient_open(const grille_rsa_private *rsa, grille_rsa_private_key *key, grille_bytes message,
                                    uint8_t *plain, size_t capacity, size_t *len) {
    grille_cms cms;
    const grille_reason reason = grille_cms_read(message, &cms);
    if (reason != GRILLE_REASON_OK) return reason;
    if (capacity < cms.content_len) return GRILLE_REASON_NO_SPACE;
    if (!grille_bytes_equal(cms.recipient, rsa->spki_sha256(key))) return GRILLE_REASON_KMS_RECIPIENT;
    return open_content(rsa, key, &cms, plain, len);
}
