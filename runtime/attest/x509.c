/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/x509.h"

#include "attest/der.h"
#include "attest/x509_extensions.h"
#include "base/bytes.h"

#define REFUSED GRILLE_REASON_ATTEST_CERT_FORMAT

static bool oid_is(grille_bytes oid, const char *content, size_t len) {
    return grille_bytes_equal(oid, grille_bytes_of(content, len));
}

/* Content of identifiers: 1.2.840.10045.4.3.n of ECDSA, 1.2.840.113549.1.1.n of RSA. */
static const struct {
    const char *oid;
    size_t oid_len;
    bool has_null; /* as parameters; else none */
    grille_x509_signature kind;
} signature_kinds[] = {
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02", 8, false, GRILLE_X509_ECDSA_SHA256},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03", 8, false, GRILLE_X509_ECDSA_SHA384},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9, true, GRILLE_X509_RSA_SHA256},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9, true, GRILLE_X509_RSA_SHA384},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9, true, GRILLE_X509_RSA_SHA512},
};

/* AlgorithmIdentifier: without parameters for ECDSA (RFC 5758 3.2), with NULL for RSA (RFC 4055 5). */
static grille_x509_signature signature_kind_of(grille_bytes identifier, grille_reader *outer) {
    const grille_bytes null = grille_bytes_of("\x05\x00", 2);
    grille_reader reader = grille_reader_of(identifier);
    grille_reader content = grille_reader_of(grille_der_take(&reader, GRILLE_DER_SEQUENCE));
    grille_bytes oid = grille_der_take_oid(&content), parameters;
    if (content.failed) grille_reader_fail(outer, REFUSED);
    parameters = grille_read_rest(&content);
    if (oid_is(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9)) return GRILLE_X509_RSA_PSS;
    for (size_t i = 0; i < sizeof signature_kinds / sizeof signature_kinds[0]; i++) {
        if (!oid_is(oid, signature_kinds[i].oid, signature_kinds[i].oid_len)) continue;
        if (signature_kinds[i].has_null ? grille_bytes_equal(parameters, null) : parameters.len == 0)
            return signature_kinds[i].kind;
    }
    return GRILLE_X509_SIGNATURE_OTHER;
}

/* AttributeTypeAndValue; the common name (2.5.4.3) is kept, a second one is refused. */
static void read_attribute(grille_reader *set, grille_bytes *common_name) {
    grille_reader attribute = grille_reader_of(grille_der_take(set, GRILLE_DER_SEQUENCE));
    grille_bytes type = grille_der_take_oid(&attribute);
    grille_bytes value;
    (void)grille_der_take_any(&attribute, &value);
    grille_der_leave(&attribute, set);
    if (!oid_is(type, "\x55\x04\x03", 3)) return;
    if (common_name->len != 0) grille_reader_fail(set, REFUSED);
    *common_name = value;
}

/* Name ::= SEQUENCE OF SET OF AttributeTypeAndValue. Returns the whole element. */
static grille_bytes read_name(grille_reader *reader, grille_bytes *common_name) {
    grille_bytes whole = grille_der_take_whole(reader, GRILLE_DER_SEQUENCE);
    grille_reader element = grille_reader_of(whole);
    grille_reader names = grille_reader_of(grille_der_take(&element, GRILLE_DER_SEQUENCE));
    while (!names.failed && names.left > 0) {
        grille_reader set = grille_reader_of(grille_der_take(&names, GRILLE_DER_SET));
        do {
            read_attribute(&set, common_name);
        } while (!set.failed && set.left > 0);
        grille_der_leave(&set, &names);
    }
    grille_der_leave(&names, reader);
    return whole;
}

static void read_validity(grille_reader *reader, grille_x509 *certificate) {
    grille_reader validity = grille_reader_of(grille_der_take(reader, GRILLE_DER_SEQUENCE));
    certificate->not_before_ms = grille_der_take_time(&validity);
    certificate->not_after_ms = grille_der_take_time(&validity);
    if (certificate->not_after_ms < certificate->not_before_ms) grille_reader_fail(&validity, REFUSED);
    grille_der_leave(&validity, reader);
}

static void read_key(grille_reader *reader, grille_x509 *certificate) {
    certificate->spki = grille_der_take_whole(reader, GRILLE_DER_SEQUENCE);
    certificate->has_ec_key =
        grille_spki_read(certificate->spki, &certificate->curve, &certificate->point) == GRILLE_REASON_OK;
}

/* [0] EXPLICIT INTEGER 2: version 3. */
static void read_version(grille_reader *reader) {
    grille_reader version = grille_reader_of(grille_der_take(reader, GRILLE_DER_CONTEXT_CONSTRUCTED(0)));
    if (grille_der_take_small(&version) != 2) grille_reader_fail(&version, REFUSED);
    grille_der_leave(&version, reader);
}

/* Positive and at most 20 bytes (RFC 5280 4.1.2.2). */
static void read_serial(grille_reader *reader) {
    grille_bytes serial = grille_der_read_unsigned(reader, REFUSED);
    if (serial.len > 20) grille_reader_fail(reader, REFUSED);
}

/* TBSCertificate; issuerUniqueID and subjectUniqueID are refused, as RFC 5280 4.1.2.8 wants of issuers. */
static void read_to_be_signed(grille_bytes element, grille_bytes *algorithm, grille_x509 *certificate,
                              grille_reader *outer) {
    grille_reader reader = grille_reader_of(element);
    grille_reader fields = grille_reader_of(grille_der_take(&reader, GRILLE_DER_SEQUENCE));
    grille_bytes ignored_name = {NULL, 0};
    read_version(&fields);
    read_serial(&fields);
    *algorithm = grille_der_take_whole(&fields, GRILLE_DER_SEQUENCE);
    certificate->issuer = read_name(&fields, &ignored_name);
    read_validity(&fields, certificate);
    certificate->subject = read_name(&fields, &certificate->common_name);
    read_key(&fields, certificate);
    if (!fields.failed && fields.left > 0) grille_x509_read_extensions(&fields, certificate);
    grille_der_leave(&fields, outer);
}

grille_reason grille_x509_read(grille_bytes der, grille_x509 *certificate) {
    grille_reader reader = grille_reader_of(der);
    grille_reader parts = grille_reader_of(grille_der_take(&reader, GRILLE_DER_SEQUENCE));
    grille_bytes inner_algorithm = {NULL, 0}, outer_algorithm;
    grille_x509 read = {.path_len = -1};
    grille_reason reason;
    grille_der_leave(&reader, &parts);
    read.to_be_signed = grille_der_take_whole(&parts, GRILLE_DER_SEQUENCE);
    if (!parts.failed) read_to_be_signed(read.to_be_signed, &inner_algorithm, &read, &parts);
    outer_algorithm = grille_der_take_whole(&parts, GRILLE_DER_SEQUENCE);
    if (!grille_bytes_equal(inner_algorithm, outer_algorithm)) grille_reader_fail(&parts, REFUSED);
    read.signature_kind = signature_kind_of(outer_algorithm, &parts);
    read.signature = grille_der_read_bit_string(&parts, REFUSED);
    reason = grille_reader_end(&parts);
    if (reason == GRILLE_REASON_TRUNCATED || reason == GRILLE_REASON_TRAILING) reason = REFUSED;
    *certificate = reason == GRILLE_REASON_OK ? read : (grille_x509){.path_len = -1};
    return reason;
}

void grille_x509_text(grille_bytes name, char *text, size_t capacity) {
    size_t len = name.len < capacity - 1 ? name.len : capacity - 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = name.data[i];
        text[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    }
    text[len] = '\0';
}
