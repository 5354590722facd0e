/* SPDX-License-Identifier: Apache-2.0
 * Signed updates of a policy: docs/policy.md, "Signed updates". Big-endian, nothing after the signature:
 *   magic "grilpol1" · u8 algorithm · u64 version · u32 length · text · r ‖ s
 * The signature is over SHA-256 (P-256) or SHA-384 (P-384) of "grille policy update" ‖ 0x00 ‖ all that is before it. */
#include <inttypes.h>
#include <stdio.h>

#include "attest/policy_rules.h"
#include "attest/policy_update.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "crypto/pem.h"
#include "wire/limits.h"

#define MAGIC   "grilpol1"
#define CONTEXT "grille policy update"

static grille_hash_kind hash_of(grille_curve curve) {
    return curve == GRILLE_P384 ? GRILLE_SHA384 : GRILLE_SHA256;
}

static grille_reason digest_of(const grille_crypto *crypto, grille_curve curve, grille_bytes is_signed,
                               uint8_t digest[GRILLE_HASH_MAX_BYTES]) {
    static const char context[] = CONTEXT; /* its terminator is the zero byte */
    const grille_bytes parts[] = {grille_bytes_of(context, sizeof context), is_signed};
    return crypto->hash(hash_of(curve), parts, 2, digest);
}

grille_reason grille_policy_update_decode(grille_bytes encoded, grille_policy_update_parts *parts) {
    grille_reader reader = grille_reader_of(encoded);
    grille_bytes magic = grille_read_bytes(&reader, sizeof MAGIC - 1);
    uint8_t algorithm = grille_read_u8(&reader);
    grille_policy_update_parts read = {.version = grille_read_u64(&reader)};
    uint32_t len = grille_read_u32(&reader);
    read.curve = algorithm == GRILLE_POLICY_UPDATE_P384 ? GRILLE_P384 : GRILLE_P256;
    if (reader.failed != GRILLE_REASON_OK || !grille_bytes_equal(magic, grille_bytes_of_text(MAGIC)) ||
        (algorithm != GRILLE_POLICY_UPDATE_P256 && algorithm != GRILLE_POLICY_UPDATE_P384) || read.version == 0 ||
        len == 0 || len > GRILLE_LIMIT_POLICY_FILE_BYTES) {
        return GRILLE_REASON_POLICY_UPDATE_FORMAT;
    }
    read.text = grille_read_bytes(&reader, len);
    read.signature = grille_read_bytes(&reader, 2 * grille_curve_scalar_len(read.curve));
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) return GRILLE_REASON_POLICY_UPDATE_FORMAT;
    read.is_signed = grille_bytes_of(encoded.data, encoded.len - read.signature.len);
    *parts = read;
    return GRILLE_REASON_OK;
}

static grille_reason check_signature(const grille_policy *current, const grille_policy_update_parts *parts,
                                     grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t digest[GRILLE_HASH_MAX_BYTES];
    grille_reason reason;
    if (parts->curve != current->update_curve) {
        return grille_error_set(
            error, GRILLE_REASON_POLICY_UPDATE_KEY,
            "the update is signed by a %s key, expected a %s key, which update_key of the policy in "
            "force is. Sign it with that key",
            parts->curve == GRILLE_P384 ? "P-384" : "P-256", current->update_curve == GRILLE_P384 ? "P-384" : "P-256");
    }
    reason = digest_of(crypto, parts->curve, parts->is_signed, digest);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    reason = crypto->ecdsa_verify(parts->curve, current->update_point,
                                  grille_bytes_of(digest, grille_hash_len(hash_of(parts->curve))), parts->signature);
    if (reason == GRILLE_REASON_OK) return reason;
    if (reason != GRILLE_REASON_CRYPTO_BAD_SIGNATURE) return grille_error_default(error, reason);
    return grille_error_set(error, GRILLE_REASON_POLICY_UPDATE_SIGNATURE,
                            "the update's signature does not verify under update_key of the policy in force. Likely "
                            "another key signed it, or it was changed on its way");
}

/* Everything that needs no look into the text. */
static grille_reason check_envelope(const grille_policy *current, grille_bytes update,
                                    grille_policy_update_parts *parts, grille_error *error) {
    grille_reason reason;
    if (current->update_point.len == 0) {
        return grille_error_set(error, GRILLE_REASON_POLICY_UPDATE_KEY,
                                "the policy in force has no update_key, so it takes no updates: replace it as a whole");
    }
    reason = grille_policy_update_decode(update, parts);
    if (reason != GRILLE_REASON_OK) {
        return grille_error_set(error, reason, "these %zu bytes are no policy update. Make one with grille policy sign",
                                update.len);
    }
    reason = check_signature(current, parts, error);
    if (reason != GRILLE_REASON_OK || parts->version > current->version) return reason;
    return grille_error_set(error, GRILLE_REASON_POLICY_ROLLBACK,
                            "the update has version %" PRIu64 ", expected one above %" PRIu64
                            ", which is in force. Likely an old update was sent again; else raise its version",
                            parts->version, current->version);
}

static grille_reason wrong_version(const grille_policy *policy, uint64_t expected, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_POLICY_UPDATE_VERSION,
                            "the text says version %" PRIu64 ", the update around it %" PRIu64 ": expected the same",
                            policy->version, expected);
}

grille_code grille_policy_update(const grille_policy *current, grille_bytes update, grille_policy **next,
                                 grille_error *error) {
    grille_policy_update_parts parts = {.version = 0};
    grille_policy *parsed = NULL;
    char name[32];
    grille_code code;
    grille_reason reason;
    *next = NULL;
    grille_error_clear(error);
    reason = check_envelope(current, update, &parts, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    (void)snprintf(name, sizeof name, "update %" PRIu64, parts.version);
    code = grille_policy_parse(parts.text, name, NULL, &parsed, error);
    if (code != GRILLE_OK) return code;
    if (parsed->version != parts.version) {
        reason = wrong_version(parsed, parts.version, error);
        grille_policy_free(parsed);
        return grille_reason_code(reason);
    }
    *next = parsed;
    return GRILLE_OK;
}

/* ---- Signing ---- */

static grille_reason read_key(grille_bytes pem, grille_private_key **key, grille_error *error) {
    uint8_t der[256];
    size_t len = 0;
    grille_pem_label label = GRILLE_PEM_CERTIFICATE;
    grille_reader reader = grille_reader_of(pem);
    grille_reason reason = grille_pem_more(&reader) ? grille_pem_read(&reader, &label, der, sizeof der, &len)
                                                    : GRILLE_REASON_CRYPTO_BAD_PEM;
    bool is_private = label == GRILLE_PEM_PRIVATE_KEY || label == GRILLE_PEM_EC_PRIVATE_KEY;
    if (reason == GRILLE_REASON_OK && (!is_private || grille_pem_more(&reader))) reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    if (reason == GRILLE_REASON_OK) reason = grille_crypto_wolf()->key_import(grille_bytes_of(der, len), key);
    grille_wipe(der, sizeof der);
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(error, GRILLE_REASON_POLICY_KEY,
                            "the key that signs can't be read (%s): expected one PEM block PRIVATE KEY or EC PRIVATE "
                            "KEY with a P-256 or P-384 key",
                            grille_reason_text(reason));
}

static grille_reason write_update(grille_curve curve, uint64_t version, grille_bytes text,
                                  const grille_private_key *key, grille_writer *writer) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t digest[GRILLE_HASH_MAX_BYTES], signature[GRILLE_RAW_SIGNATURE_MAX];
    size_t len = 0;
    grille_reason reason;
    grille_write_bytes(writer, grille_bytes_of_text(MAGIC));
    grille_write_u8(writer, curve == GRILLE_P384 ? GRILLE_POLICY_UPDATE_P384 : GRILLE_POLICY_UPDATE_P256);
    grille_write_u64(writer, version);
    grille_write_block_u32(writer, text);
    reason = grille_writer_end(writer);
    if (reason == GRILLE_REASON_OK) reason = digest_of(crypto, curve, grille_written(writer), digest);
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->key_sign(key, grille_bytes_of(digest, grille_hash_len(hash_of(curve))), signature,
                                  sizeof signature, &len);
    }
    if (reason != GRILLE_REASON_OK) return reason;
    grille_write_bytes(writer, grille_bytes_of(signature, len));
    return grille_writer_end(writer);
}

grille_code grille_policy_update_sign(grille_bytes text, grille_bytes private_key_pem, uint8_t *update, size_t capacity,
                                      size_t *update_len, grille_error *error) {
    grille_writer writer = grille_writer_into(update, capacity);
    grille_policy *policy = NULL;
    grille_private_key *key = NULL;
    grille_reason reason;
    grille_code code;
    uint64_t version;
    *update_len = 0;
    code = grille_policy_parse(text, "update", NULL, &policy, error);
    if (code != GRILLE_OK) return code;
    version = policy->version;
    grille_policy_free(policy);
    if (version == 0) {
        reason = grille_error_set(error, GRILLE_REASON_POLICY_UPDATE_VERSION,
                                  "the policy has no version: write \"version: N\", above the one in force");
        return grille_reason_code(reason);
    }
    reason = read_key(private_key_pem, &key, error);
    if (reason == GRILLE_REASON_OK) {
        reason = write_update(grille_crypto_wolf()->key_curve(key), version, text, key, &writer);
    }
    grille_crypto_wolf()->key_free(key);
    if (reason == GRILLE_REASON_OK) *update_len = grille_written(&writer).len;
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}
