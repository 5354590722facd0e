/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/cms.h"

#include "base/bytes.h"

#define BAD GRILLE_REASON_KMS_MESSAGE

enum { version_by_key_identifier = 2 };

typedef struct oid {
    uint8_t len;
    uint8_t bytes[9];
} oid;

static const oid enveloped_data = {9,
                                   {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03}}; /* 1.2.840.113549.1.7.3 */
static const oid data = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}};        /* 1.2.840.113549.1.7.1 */
static const oid rsaes_oaep = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07}};  /* 1.2.840.113549.1.1.7 */
static const oid mgf1 = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08}};        /* 1.2.840.113549.1.1.8 */
static const oid sha256 = {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}};      /* 2.16.840.1.101.3.4.2.1 */
static const oid aes256_cbc = {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a}}; /* 2.16.840.1.101.3.4.1.42 */

/* The inside of a constructed element. When there is none of this tag, its first read fails. */
static grille_reader inside(grille_reader *reader, unsigned tag) {
    return grille_reader_of(grille_ber_read(reader, tag, BAD));
}

/* Takes an OBJECT IDENTIFIER, which must be this one. */
static void read_oid(grille_reader *reader, const oid *expected) {
    const grille_bytes found = grille_ber_read(reader, GRILLE_BER_OID, BAD);
    if (!grille_bytes_equal(found, grille_bytes_of(expected->bytes, expected->len))) grille_reader_fail(reader, BAD);
}

/* Takes a primitive element of so many bytes. */
static grille_bytes read_exactly(grille_reader *reader, unsigned tag, size_t len) {
    const grille_bytes found = grille_ber_read(reader, tag, BAD);
    if (found.len != len) grille_reader_fail(reader, BAD);
    return found;
}

static void read_version(grille_reader *reader) {
    grille_reader version = grille_reader_of(read_exactly(reader, GRILLE_BER_INTEGER, 1));
    if (grille_read_u8(&version) != version_by_key_identifier) grille_reader_fail(reader, BAD);
}

/* All of `inner` was taken and was right, or else `outer` is wrong. */
static void close_into(grille_reader *outer, const grille_reader *inner) {
    if (grille_reader_end(inner) != GRILLE_REASON_OK) grille_reader_fail(outer, BAD);
}

/* AlgorithmIdentifier of SHA-256, whose parameters are NULL or absent (RFC 4055 2.1). */
static void read_sha256(grille_reader *reader) {
    grille_reader algorithm = inside(reader, GRILLE_BER_SEQUENCE);
    read_oid(&algorithm, &sha256);
    if (algorithm.left > 0) (void)read_exactly(&algorithm, GRILLE_BER_NULL, 0);
    close_into(reader, &algorithm);
}

/* AlgorithmIdentifier of RSAES-OAEP: RSAES-OAEP-params with hashFunc and maskGenFunc, and the label that has to be left
 * out when it is empty (RFC 4055 4.1). */
static void read_rsaes_oaep(grille_reader *reader) {
    grille_reader algorithm = inside(reader, GRILLE_BER_SEQUENCE);
    grille_reader parameters, hash, mask, mask_algorithm;
    read_oid(&algorithm, &rsaes_oaep);
    parameters = inside(&algorithm, GRILLE_BER_SEQUENCE);
    hash = inside(&parameters, GRILLE_BER_CONTEXT(0) | GRILLE_BER_CONSTRUCTED);
    read_sha256(&hash);
    close_into(&parameters, &hash);
    mask = inside(&parameters, GRILLE_BER_CONTEXT(1) | GRILLE_BER_CONSTRUCTED);
    mask_algorithm = inside(&mask, GRILLE_BER_SEQUENCE);
    read_oid(&mask_algorithm, &mgf1);
    read_sha256(&mask_algorithm);
    close_into(&mask, &mask_algorithm);
    close_into(&parameters, &mask);
    close_into(&algorithm, &parameters);
    close_into(reader, &algorithm);
}

/* RecipientInfos with one KeyTransRecipientInfo (RFC 5652 6.2.1). */
static void read_recipients(grille_reader *reader, grille_cms *cms) {
    grille_reader recipients = inside(reader, GRILLE_BER_SET);
    grille_reader recipient = inside(&recipients, GRILLE_BER_SEQUENCE);
    read_version(&recipient);
    cms->recipient = read_exactly(&recipient, GRILLE_BER_CONTEXT(0), GRILLE_CMS_RECIPIENT_BYTES);
    read_rsaes_oaep(&recipient);
    cms->encrypted_key = read_exactly(&recipient, GRILLE_BER_OCTET_STRING, GRILLE_CMS_ENCRYPTED_KEY_BYTES);
    close_into(&recipients, &recipient);
    close_into(reader, &recipients);
}

/* The length of all segments, over which `octets`, a copy, goes. */
static bool content_len_of(grille_ber_octets octets, size_t *len) {
    grille_bytes segment;
    *len = 0;
    while (grille_ber_octets_next(&octets, &segment))
        *len += segment.len;
    return !octets.bad && *len > 0 && *len % GRILLE_CMS_BLOCK_BYTES == 0;
}

/* EncryptedContentInfo (RFC 5652 6.1). */
static void read_content(grille_reader *reader, grille_cms *cms) {
    grille_reader info = inside(reader, GRILLE_BER_SEQUENCE);
    grille_reader algorithm;
    read_oid(&info, &data);
    algorithm = inside(&info, GRILLE_BER_SEQUENCE);
    read_oid(&algorithm, &aes256_cbc);
    cms->iv = read_exactly(&algorithm, GRILLE_BER_OCTET_STRING, GRILLE_CMS_IV_BYTES);
    close_into(&info, &algorithm);
    cms->content = grille_ber_read_octets(&info, GRILLE_BER_CONTEXT(0), BAD);
    if (!content_len_of(cms->content, &cms->content_len)) grille_reader_fail(&info, BAD);
    close_into(reader, &info);
}

grille_reason grille_cms_read(grille_bytes message, grille_cms *cms) {
    grille_reader outer = grille_reader_of(message);
    grille_reader info, explicit_content, enveloped;
    grille_cms found;
    if (message.len > GRILLE_LIMIT_KMS_RECIPIENT_BYTES) return BAD;
    info = inside(&outer, GRILLE_BER_SEQUENCE);
    read_oid(&info, &enveloped_data);
    explicit_content = inside(&info, GRILLE_BER_CONTEXT(0) | GRILLE_BER_CONSTRUCTED);
    enveloped = inside(&explicit_content, GRILLE_BER_SEQUENCE);
    read_version(&enveloped);
    read_recipients(&enveloped, &found);
    read_content(&enveloped, &found);
    close_into(&explicit_content, &enveloped);
    close_into(&info, &explicit_content);
    close_into(&outer, &info);
    if (grille_reader_end(&outer) != GRILLE_REASON_OK) return BAD;
    *cms = found;
    return GRILLE_REASON_OK;
}
