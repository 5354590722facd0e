/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cose.h"

#include "attest/cbor.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "wire/limits.h"

#define COSE_SIGN1_TAG 18

/* {1: -35}: the algorithm is ES384 (RFC 9053 2.1). */
static const uint8_t es384_header[] = {0xa1, 0x01, 0x38, 0x22};

static grille_reason refuse(grille_error *error, const char *observed, const char *expected) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_COSE_STRUCTURE,
                            "the document is no COSE_Sign1: observed %s, expected %s", observed, expected);
}

static grille_reason read_unprotected(grille_reader *reader, grille_error *error) {
    grille_cbor_map map = grille_cbor_read_map(reader);
    if (reader->failed) return refuse(error, "something else", "a map as the second element");
    if (map.indefinite || map.left != 0) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_COSE_UNPROTECTED,
            "observed an unprotected header in the document, which nothing signs; expected an empty map");
    }
    return GRILLE_REASON_OK;
}

static grille_reason read_payload(grille_reader *reader, grille_bytes *payload, grille_error *error) {
    if (grille_cbor_take_null(reader)) return refuse(error, "a detached payload", "the payload inside");
    *payload = grille_cbor_read_bytes(reader);
    if (reader->failed) return refuse(error, "no byte string as payload", "one that ends inside the document");
    if (payload->len == 0 || payload->len > GRILLE_LIMIT_DOCUMENT_BYTES) {
        return refuse(error, "a payload that is empty or too long", "1 to 16384 bytes");
    }
    return GRILLE_REASON_OK;
}

static grille_reason read_signature(grille_reader *reader, grille_bytes *signature, grille_error *error) {
    *signature = grille_cbor_read_bytes(reader);
    if (reader->failed) return refuse(error, "no byte string as signature", "one that ends inside the document");
    if (signature->len != GRILLE_COSE_SIGNATURE_BYTES) return refuse(error, "a signature of another size", "96 bytes");
    if (reader->left != 0) return refuse(error, "bytes after the signature", "the document's end");
    return GRILLE_REASON_OK;
}

static grille_reason read_elements(grille_reader *reader, grille_cose *cose, grille_error *error) {
    grille_reason reason;
    cose->protected_header = grille_cbor_read_bytes(reader);
    if (reader->failed) return refuse(error, "no byte string as protected header", "one");
    if (!grille_bytes_equal(cose->protected_header, grille_bytes_of(es384_header, sizeof es384_header))) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_COSE_ALGORITHM,
                                "observed a protected header of %zu bytes that is not a1013822; expected exactly that, "
                                "{1: -35}, which is ES384",
                                cose->protected_header.len);
    }
    reason = read_unprotected(reader, error);
    if (reason == GRILLE_REASON_OK) reason = read_payload(reader, &cose->payload, error);
    if (reason == GRILLE_REASON_OK) reason = read_signature(reader, &cose->signature, error);
    return reason;
}

grille_reason grille_cose_read(grille_bytes encoded, grille_cose *cose, grille_error *error) {
    grille_reader reader = grille_reader_of(encoded);
    grille_cose read = {.payload = {NULL, 0}};
    size_t count;
    grille_reason reason;
    *cose = read;
    (void)grille_cbor_take_tag(&reader, COSE_SIGN1_TAG);
    if (grille_cbor_peek(&reader) == GRILLE_CBOR_TAG) return refuse(error, "another tag", "tag 18 or none");
    count = grille_cbor_read_array(&reader);
    if (reader.failed || count != 4) return refuse(error, "another structure", "an array of 4 elements");
    reason = read_elements(&reader, &read, error);
    if (reason == GRILLE_REASON_OK) *cose = read;
    return reason;
}

/* The head of a byte string (RFC 8949 3.1, major type 2) of up to 65,535 bytes. */
static void write_bytes_head(grille_writer *writer, size_t len) {
    if (len < 24) {
        grille_write_u8(writer, (uint8_t)(0x40u | len));
    } else if (len <= 0xff) {
        grille_write_u8(writer, 0x58);
        grille_write_u8(writer, (uint8_t)len);
    } else {
        grille_write_u8(writer, 0x59);
        grille_write_u16(writer, (uint16_t)len);
    }
}

grille_reason grille_cose_verify(const grille_crypto *crypto, const grille_cose *cose, grille_bytes point,
                                 grille_error *error) {
    static const uint8_t context[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1'};
    uint8_t protected_bytes[3], payload_bytes[4], digest[GRILLE_SHA384_BYTES];
    grille_writer protected_head = grille_writer_into(protected_bytes, sizeof protected_bytes);
    grille_writer payload_head = grille_writer_into(payload_bytes, sizeof payload_bytes);
    grille_reason reason;
    write_bytes_head(&protected_head, cose->protected_header.len);
    grille_write_u8(&payload_head, 0x40); /* external_aad: empty */
    write_bytes_head(&payload_head, cose->payload.len);
    {
        const grille_bytes parts[] = {grille_bytes_of(context, sizeof context), grille_written(&protected_head),
                                      cose->protected_header, grille_written(&payload_head), cose->payload};
        reason = crypto->hash(GRILLE_SHA384, parts, sizeof parts / sizeof parts[0], digest);
    }
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->ecdsa_verify(GRILLE_P384, point, grille_bytes_of(digest, sizeof digest), cose->signature);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_COSE_SIGNATURE,
        "observed a signature that does not verify (%s); expected one of the document by the key of its "
        "leaf certificate",
        grille_reason_name(reason));
}
