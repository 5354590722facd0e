/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/certificate.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/der.h"

enum {
    version_3 = 2,
    common_name_most = 64, /* RFC 5280 A.1, ub-common-name */
    san_most = 255,
    signed_part_most = GRILLE_CERTIFICATE_MAX,
};

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_key_usage[] = {0x55, 0x1d, 0x0f};
static const uint8_t oid_subject_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_basic_constraints[] = {0x55, 0x1d, 0x13};
static const uint8_t oid_ext_key_usage[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t oid_client_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
static const uint8_t oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t oid_ecdsa_sha384[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};

#define OID(name) grille_bytes_of(oid_##name, sizeof oid_##name)

static bool is_text(const char *text, size_t most) {
    size_t len = text == NULL ? 0 : strnlen(text, most + 1);
    return len > 0 && len <= most;
}

static bool is_optional_text(const char *text) {
    return text == NULL || is_text(text, san_most);
}

static bool is_valid(const grille_certificate_template *said) {
    return is_text(said->subject_common_name, common_name_most) &&
           (said->issuer_common_name == NULL || is_text(said->issuer_common_name, common_name_most)) &&
           said->not_before_ms <= said->not_after_ms && is_optional_text(said->san_dns) &&
           is_optional_text(said->san_uri) && (said->with_basic_constraints || !said->is_ca) &&
           (said->is_ca ? said->path_len >= -1 && said->path_len <= UINT8_MAX : said->path_len <= 0) &&
           !grille_bytes_all_zero(grille_bytes_of(said->serial, sizeof said->serial));
}

static void write_name(grille_writer *writer, const char *common_name) {
    size_t name = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    size_t relative = grille_der_begin(writer, GRILLE_DER_SET);
    size_t attribute = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_der_write(writer, GRILLE_DER_OID, OID(common_name));
    grille_der_write(writer, GRILLE_DER_UTF8_STRING, grille_bytes_of_text(common_name));
    grille_der_end(writer, attribute);
    grille_der_end(writer, relative);
    grille_der_end(writer, name);
}

static void write_validity(grille_writer *writer, const grille_certificate_template *said) {
    size_t validity = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_der_write_time(writer, said->not_before_ms);
    grille_der_write_time(writer, said->not_after_ms);
    grille_der_end(writer, validity);
}

/* The two marks of an extension: the SEQUENCE and the OCTET STRING around its value. */
typedef struct extension {
    size_t outer, value;
} extension;

static extension begin_extension(grille_writer *writer, grille_bytes oid, bool critical) {
    extension opened;
    opened.outer = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_der_write(writer, GRILLE_DER_OID, oid);
    if (critical) grille_der_write_true(writer);
    opened.value = grille_der_begin(writer, GRILLE_DER_OCTET_STRING);
    return opened;
}

static void end_extension(grille_writer *writer, extension opened) {
    grille_der_end(writer, opened.value);
    grille_der_end(writer, opened.outer);
}

static void write_basic_constraints(grille_writer *writer, const grille_certificate_template *said) {
    extension opened = begin_extension(writer, OID(basic_constraints), true);
    size_t constraints = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    if (said->is_ca) grille_der_write_true(writer);
    if (said->is_ca && said->path_len >= 0) grille_der_write_small(writer, (uint8_t)said->path_len);
    grille_der_end(writer, constraints);
    end_extension(writer, opened);
}

/* A named BIT STRING has no trailing zero bits (X.690 11.2.2). */
static void write_key_usage(grille_writer *writer, const grille_certificate_template *said) {
    extension opened = begin_extension(writer, OID(key_usage), said->is_ca);
    size_t bits = grille_der_begin(writer, GRILLE_DER_BIT_STRING);
    uint8_t unused = 0;
    while ((said->key_usage >> unused & 1) == 0)
        unused++;
    grille_write_u8(writer, unused);
    grille_write_u8(writer, said->key_usage);
    grille_der_end(writer, bits);
    end_extension(writer, opened);
}

static void write_extended_key_usage(grille_writer *writer, const grille_certificate_template *said) {
    extension opened = begin_extension(writer, OID(ext_key_usage), false);
    size_t purposes = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    if (said->server_auth) grille_der_write(writer, GRILLE_DER_OID, OID(server_auth));
    if (said->client_auth) grille_der_write(writer, GRILLE_DER_OID, OID(client_auth));
    grille_der_end(writer, purposes);
    end_extension(writer, opened);
}

/* RFC 5280 4.2.1.6: dNSName is [2], uniformResourceIdentifier is [6]. */
static void write_subject_alt_name(grille_writer *writer, const grille_certificate_template *said) {
    extension opened = begin_extension(writer, OID(subject_alt_name), false);
    size_t names = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    if (said->san_dns != NULL) grille_der_write(writer, GRILLE_DER_CONTEXT(2), grille_bytes_of_text(said->san_dns));
    if (said->san_uri != NULL) grille_der_write(writer, GRILLE_DER_CONTEXT(6), grille_bytes_of_text(said->san_uri));
    grille_der_end(writer, names);
    end_extension(writer, opened);
}

static void write_extensions(grille_writer *writer, const grille_certificate_template *said) {
    bool extended_key_usage = said->server_auth || said->client_auth;
    bool subject_alt_name = said->san_dns != NULL || said->san_uri != NULL;
    size_t wrapper, list;
    if (!said->with_basic_constraints && said->key_usage == 0 && !extended_key_usage && !subject_alt_name) return;
    wrapper = grille_der_begin(writer, GRILLE_DER_CONTEXT_CONSTRUCTED(3));
    list = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    if (said->with_basic_constraints) write_basic_constraints(writer, said);
    if (said->key_usage != 0) write_key_usage(writer, said);
    if (extended_key_usage) write_extended_key_usage(writer, said);
    if (subject_alt_name) write_subject_alt_name(writer, said);
    grille_der_end(writer, list);
    grille_der_end(writer, wrapper);
}

static void write_signature_algorithm(grille_writer *writer, grille_curve issuer_curve) {
    size_t algorithm = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_der_write(writer, GRILLE_DER_OID, issuer_curve == GRILLE_P256 ? OID(ecdsa_sha256) : OID(ecdsa_sha384));
    grille_der_end(writer, algorithm);
}

/* TBSCertificate, RFC 5280 4.1. */
static void write_signed_part(grille_writer *writer, const grille_certificate_template *said, grille_curve issuer_curve,
                              grille_bytes spki) {
    size_t signed_part = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    size_t version = grille_der_begin(writer, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    grille_der_write_small(writer, version_3);
    grille_der_end(writer, version);
    grille_der_write_unsigned(writer, grille_bytes_of(said->serial, sizeof said->serial));
    write_signature_algorithm(writer, issuer_curve);
    write_name(writer, said->issuer_common_name != NULL ? said->issuer_common_name : said->subject_common_name);
    write_validity(writer, said);
    write_name(writer, said->subject_common_name);
    grille_write_bytes(writer, spki);
    write_extensions(writer, said);
    grille_der_end(writer, signed_part);
}

static grille_reason sign(const grille_crypto *crypto, const grille_private_key *issuer, grille_bytes signed_part,
                          uint8_t *out, size_t capacity, size_t *len) {
    uint8_t digest[GRILLE_HASH_MAX_BYTES], raw[GRILLE_RAW_SIGNATURE_MAX];
    grille_hash_kind kind = crypto->key_curve(issuer) == GRILLE_P256 ? GRILLE_SHA256 : GRILLE_SHA384;
    size_t raw_len = 0;
    grille_reason reason = crypto->hash(kind, &signed_part, 1, digest);
    if (reason == GRILLE_REASON_OK)
        reason = crypto->key_sign(issuer, grille_bytes_of(digest, grille_hash_len(kind)), raw, sizeof raw, &raw_len);
    if (reason == GRILLE_REASON_OK) reason = grille_signature_to_der(grille_bytes_of(raw, raw_len), out, capacity, len);
    return reason;
}

grille_reason grille_certificate_write(const grille_crypto *crypto, const grille_certificate_template *template_,
                                       grille_curve subject_curve, grille_bytes subject_point,
                                       const grille_private_key *issuer, uint8_t *out, size_t capacity, size_t *len) {
    uint8_t spki[GRILLE_SPKI_MAX], buffer[signed_part_most], signature[GRILLE_SIGNATURE_DER_MAX];
    grille_curve issuer_curve = crypto->key_curve(issuer);
    grille_writer signed_part = grille_writer_into(buffer, sizeof buffer), writer = grille_writer_into(out, capacity);
    size_t spki_len = 0, signature_len = 0, certificate, bits;
    grille_reason reason;

    if (!is_valid(template_)) return GRILLE_REASON_BAD_ARGUMENT;
    reason = grille_spki_write(subject_curve, subject_point, spki, sizeof spki, &spki_len);
    if (reason != GRILLE_REASON_OK) return reason;
    write_signed_part(&signed_part, template_, issuer_curve, grille_bytes_of(spki, spki_len));
    reason = grille_writer_end(&signed_part);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = sign(crypto, issuer, grille_written(&signed_part), signature, sizeof signature, &signature_len);
    if (reason != GRILLE_REASON_OK) return reason;

    certificate = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    grille_write_bytes(&writer, grille_written(&signed_part));
    write_signature_algorithm(&writer, issuer_curve);
    bits = grille_der_begin(&writer, GRILLE_DER_BIT_STRING);
    grille_write_u8(&writer, 0);
    grille_write_bytes(&writer, grille_bytes_of(signature, signature_len));
    grille_der_end(&writer, bits);
    grille_der_end(&writer, certificate);
    return grille_der_finish(&writer, len);
}
