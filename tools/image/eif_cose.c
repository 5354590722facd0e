/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif_cose.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "nsm/cbor.h"

/* {1: -7} and {1: -35}: RFC 9053 2.1, ES256 and ES384. */
static const uint8_t es256[] = {0xa1, 0x01, 0x26};
static const uint8_t es384[] = {0xa1, 0x01, 0x38, 0x22};

static grille_bytes protected_of(grille_curve curve) {
    return curve == GRILLE_P256 ? grille_bytes_of(es256, sizeof es256) : grille_bytes_of(es384, sizeof es384);
}

static void write_payload(grille_writer *writer, const uint8_t pcr0[GRILLE_NSM_PCR_BYTES]) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, 2);
    grille_nsm_cbor_write_text(writer, "register_index");
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, 0);
    grille_nsm_cbor_write_text(writer, "register_value");
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_ARRAY, GRILLE_NSM_PCR_BYTES);
    for (size_t i = 0; i < GRILLE_NSM_PCR_BYTES; i++)
        grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, pcr0[i]);
}

/* RFC 9052 4.4: the digest of Sig_structure ["Signature1", protected, h'', payload]. */
static grille_reason digest_of(const grille_crypto *crypto, grille_curve curve, grille_bytes payload,
                               uint8_t digest[GRILLE_HASH_MAX_BYTES]) {
    uint8_t signed_bytes[EIF_COSE_MAX];
    grille_writer writer = grille_writer_into(signed_bytes, sizeof signed_bytes);
    grille_bytes structure;
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, 4);
    grille_nsm_cbor_write_text(&writer, "Signature1");
    grille_nsm_cbor_write_bytes(&writer, protected_of(curve));
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_BYTES, 0);
    grille_nsm_cbor_write_bytes(&writer, payload);
    if (grille_writer_end(&writer) != GRILLE_REASON_OK) return GRILLE_REASON_EIF_SIGNATURE;
    structure = grille_written(&writer);
    return crypto->hash(curve == GRILLE_P256 ? GRILLE_SHA256 : GRILLE_SHA384, &structure, 1, digest);
}

static grille_bytes digest_view(grille_curve curve, const uint8_t digest[GRILLE_HASH_MAX_BYTES]) {
    return grille_bytes_of(digest, curve == GRILLE_P256 ? GRILLE_SHA256_BYTES : GRILLE_SHA384_BYTES);
}

static bool refuse(grille_error *error, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_EIF_SIGNATURE, "%s", what);
    return false;
}

bool eif_cose_verify(const grille_crypto *crypto, grille_bytes cose, grille_curve curve, grille_bytes point,
                     const uint8_t pcr0[GRILLE_NSM_PCR_BYTES], grille_error *error) {
    uint8_t expected[EIF_COSE_MAX], digest[GRILLE_HASH_MAX_BYTES];
    grille_reader reader = grille_reader_of(cose);
    grille_writer writer = grille_writer_into(expected, sizeof expected);
    grille_nsm_cbor_items list = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_ARRAY), unprotected;
    const uint64_t members = list.left;
    const grille_bytes header = grille_nsm_cbor_read_bytes(&reader);
    grille_bytes payload, signature;
    unprotected = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_MAP);
    payload = grille_nsm_cbor_read_bytes(&reader);
    signature = grille_nsm_cbor_read_bytes(&reader);
    if (reader.failed != GRILLE_REASON_OK || reader.left > 0 || list.open || members != 4 || unprotected.open ||
        unprotected.left != 0) {
        return refuse(error, "the signature is no COSE_Sign1 with nothing unprotected");
    }
    if (!grille_bytes_equal(header, protected_of(curve))) {
        return refuse(error, "the signature's algorithm is not that of the certificate's curve");
    }
    write_payload(&writer, pcr0);
    if (grille_writer_end(&writer) != GRILLE_REASON_OK || !grille_bytes_equal(payload, grille_written(&writer))) {
        return refuse(error, "what is signed is not this image's PCR0");
    }
    if (digest_of(crypto, curve, payload, digest) != GRILLE_REASON_OK ||
        crypto->ecdsa_verify(curve, point, digest_view(curve, digest), signature) != GRILLE_REASON_OK) {
        return refuse(error, "the signature is not by the certificate's key");
    }
    return true;
}

grille_reason eif_cose_sign(const grille_crypto *crypto, const grille_private_key *key,
                            const uint8_t pcr0[GRILLE_NSM_PCR_BYTES], uint8_t *cose, size_t capacity, size_t *len) {
    uint8_t payload[EIF_COSE_MAX / 2], digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX];
    const grille_curve curve = crypto->key_curve(key);
    grille_writer signed_part = grille_writer_into(payload, sizeof payload);
    grille_writer writer = grille_writer_into(cose, capacity);
    size_t raw_len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    write_payload(&signed_part, pcr0);
    reason = grille_writer_end(&signed_part);
    if (reason == GRILLE_REASON_OK) reason = digest_of(crypto, curve, grille_written(&signed_part), digest);
    if (reason == GRILLE_REASON_OK)
        reason = crypto->key_sign(key, digest_view(curve, digest), raw, sizeof raw, &raw_len);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, 4);
    grille_nsm_cbor_write_bytes(&writer, protected_of(curve));
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_MAP, 0);
    grille_nsm_cbor_write_bytes(&writer, grille_written(&signed_part));
    grille_nsm_cbor_write_bytes(&writer, grille_bytes_of(raw, raw_len));
    *len = grille_written(&writer).len;
    return grille_writer_end(&writer);
}
