/* SPDX-License-Identifier: Apache-2.0
 * HPKE base mode, single shot (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Built on the functions
 * beside it instead of wc_Hpke*: those copy `info` into a fixed buffer without looking at its length, take encapsulated
 * keys off the curve and leave secrets on the stack. */
#include "crypto/wolf.h"

#include "base/bytes.h"
#include "base/writer.h"

enum {
    kem_p256 = 0x0010,    /* RFC 9180 7.1 */
    kdf_sha256 = 0x0001,  /* 7.2 */
    aead_aes256 = 0x0002, /* 7.3 */
    mode_base = 0x00,
    key_bytes = 32,
    nonce_bytes = 12,
    digest_bytes = GRILLE_SHA256_BYTES,
    context_bytes = 1 + 2 * digest_bytes,
    kem_context_bytes = 2 * GRILLE_P256_POINT,
    expand_most = 160, /* length, version, suite, label and the KEM context */
    extract_parts = 4,
};

static const uint8_t kem_suite[] = {'K', 'E', 'M', 0, kem_p256};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0, kem_p256, 0, kdf_sha256, 0, aead_aes256};

static grille_bytes suite_of_kem(void) {
    return grille_bytes_of(kem_suite, sizeof kem_suite);
}
static grille_bytes suite_of_hpke(void) {
    return grille_bytes_of(hpke_suite, sizeof hpke_suite);
}
static grille_bytes version(void) {
    return grille_bytes_of_text("HPKE-v1");
}

/* RFC 9180 4, LabeledExtract; HKDF-Extract is HMAC with the salt as key. */
static grille_reason labeled_extract(grille_bytes suite, grille_bytes salt, const char *label, grille_bytes secret,
                                     uint8_t out[digest_bytes]) {
    const grille_bytes parts[extract_parts] = {version(), suite, grille_bytes_of_text(label), secret};
    return grille_wolf_hmac(GRILLE_SHA256, salt, parts, extract_parts, out);
}

/* RFC 9180 4, LabeledExpand. */
static grille_reason labeled_expand(grille_bytes suite, const uint8_t prk[digest_bytes], const char *label,
                                    grille_bytes info, uint8_t *out, size_t out_len) {
    uint8_t buffer[expand_most];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_write_u16(&writer, (uint16_t)out_len);
    grille_write_bytes(&writer, version());
    grille_write_bytes(&writer, suite);
    grille_write_bytes(&writer, grille_bytes_of_text(label));
    grille_write_bytes(&writer, info);
    if (grille_writer_end(&writer) != GRILLE_REASON_OK) return GRILLE_REASON_INTERNAL;
    return grille_wolf_hkdf_expand(GRILLE_SHA256, grille_bytes_of(prk, digest_bytes), grille_written(&writer), out,
                                   out_len);
}

/* RFC 9180 4.1, ExtractAndExpand of the shared point with both public keys. */
static grille_reason kem_secret(const grille_private_key *own, grille_bytes peer, grille_bytes enc,
                                grille_bytes recipient, uint8_t secret[digest_bytes]) {
    const grille_bytes none = {NULL, 0};
    uint8_t shared[32] = {0}, prk[digest_bytes] = {0}, context[kem_context_bytes];
    grille_writer writer = grille_writer_into(context, sizeof context);
    grille_reason reason = grille_wolf_shared_secret(own, peer, shared);
    grille_write_bytes(&writer, enc);
    grille_write_bytes(&writer, recipient);
    if (reason == GRILLE_REASON_OK) reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK)
        reason = labeled_extract(suite_of_kem(), none, "eae_prk", grille_bytes_of(shared, sizeof shared), prk);
    if (reason == GRILLE_REASON_OK)
        reason = labeled_expand(suite_of_kem(), prk, "shared_secret", grille_written(&writer), secret, digest_bytes);
    grille_wipe(shared, sizeof shared);
    grille_wipe(prk, sizeof prk);
    return reason;
}

/* RFC 9180 5.1, KeySchedule in mode_base. The nonce of message 0 is the base nonce itself. */
static grille_reason key_schedule(const uint8_t kem[digest_bytes], grille_bytes info, uint8_t key[key_bytes],
                                  uint8_t nonce[nonce_bytes]) {
    const grille_bytes none = {NULL, 0};
    uint8_t psk_id_hash[digest_bytes], info_hash[digest_bytes], secret[digest_bytes] = {0}, context[context_bytes];
    grille_writer writer = grille_writer_into(context, sizeof context);
    grille_reason reason = labeled_extract(suite_of_hpke(), none, "psk_id_hash", none, psk_id_hash);
    if (reason == GRILLE_REASON_OK) reason = labeled_extract(suite_of_hpke(), none, "info_hash", info, info_hash);
    if (reason == GRILLE_REASON_OK)
        reason = labeled_extract(suite_of_hpke(), grille_bytes_of(kem, digest_bytes), "secret", none, secret);
    if (reason == GRILLE_REASON_OK) {
        grille_write_u8(&writer, mode_base);
        grille_write_bytes(&writer, grille_bytes_of(psk_id_hash, sizeof psk_id_hash));
        grille_write_bytes(&writer, grille_bytes_of(info_hash, sizeof info_hash));
        reason = labeled_expand(suite_of_hpke(), secret, "key", grille_written(&writer), key, key_bytes);
    }
    if (reason == GRILLE_REASON_OK)
        reason = labeled_expand(suite_of_hpke(), secret, "base_nonce", grille_written(&writer), nonce, nonce_bytes);
    grille_wipe(secret, sizeof secret);
    return reason;
}

grille_reason grille_wolf_hpke_seal_with(const grille_private_key *ephemeral, grille_bytes recipient_point,
                                         grille_bytes info, grille_bytes aad, grille_bytes plain,
                                         uint8_t enc[GRILLE_P256_POINT], uint8_t *out, size_t capacity, size_t *len) {
    uint8_t secret[digest_bytes] = {0}, key[key_bytes] = {0}, nonce[nonce_bytes] = {0};
    size_t enc_len = 0;
    grille_reason reason = grille_wolf_key_point(ephemeral, enc, GRILLE_P256_POINT, &enc_len);
    if (reason == GRILLE_REASON_OK)
        reason = kem_secret(ephemeral, recipient_point, grille_bytes_of(enc, enc_len), recipient_point, secret);
    if (reason == GRILLE_REASON_OK) reason = key_schedule(secret, info, key, nonce);
    if (reason == GRILLE_REASON_OK)
        reason = grille_wolf_aead_seal(grille_bytes_of(key, sizeof key), grille_bytes_of(nonce, sizeof nonce), aad,
                                       plain, out, capacity, len);
    grille_wipe(secret, sizeof secret);
    grille_wipe(key, sizeof key);
    return reason;
}

grille_reason grille_wolf_hpke_seal(grille_bytes recipient_point, grille_bytes info, grille_bytes aad,
                                    grille_bytes plain, uint8_t enc[GRILLE_P256_POINT], uint8_t *out, size_t capacity,
                                    size_t *len) {
    grille_private_key *ephemeral = NULL;
    grille_reason reason = grille_wolf_key_generate(GRILLE_P256, &ephemeral);
    if (reason == GRILLE_REASON_OK)
        reason = grille_wolf_hpke_seal_with(ephemeral, recipient_point, info, aad, plain, enc, out, capacity, len);
    grille_wolf_key_free(ephemeral);
    return reason;
}

/* Whatever the sender chose wrongly has one answer. */
static grille_reason answer_of_open(grille_reason reason) {
    return reason == GRILLE_REASON_CRYPTO_BAD_KEY ? GRILLE_REASON_CRYPTO_NOT_AUTHENTIC : reason;
}

grille_reason grille_wolf_hpke_open(const grille_private_key *recipient, grille_bytes enc, grille_bytes info,
                                    grille_bytes aad, grille_bytes sealed, uint8_t *out, size_t capacity, size_t *len) {
    uint8_t secret[digest_bytes] = {0}, key[key_bytes] = {0}, nonce[nonce_bytes] = {0}, own[GRILLE_P256_POINT];
    size_t own_len = 0;
    grille_reason reason = grille_wolf_key_point(recipient, own, sizeof own, &own_len);
    if (reason == GRILLE_REASON_NO_SPACE) return GRILLE_REASON_BAD_ARGUMENT; /* a P-384 key */
    if (reason == GRILLE_REASON_OK) reason = kem_secret(recipient, enc, enc, grille_bytes_of(own, own_len), secret);
    if (reason == GRILLE_REASON_OK) reason = key_schedule(secret, info, key, nonce);
    if (reason == GRILLE_REASON_OK)
        reason = grille_wolf_aead_open(grille_bytes_of(key, sizeof key), grille_bytes_of(nonce, sizeof nonce), aad,
                                       sealed, out, capacity, len);
    grille_wipe(secret, sizeof secret);
    grille_wipe(key, sizeof key);
    return answer_of_open(reason);
}
