/* SPDX-License-Identifier: Apache-2.0
 * Just enough of a reader to look into a document of the simulated NSM; attest/ verifies in full. */
#ifndef GRILLE_TESTS_NSM_DOCUMENT_READER_H
#define GRILLE_TESTS_NSM_DOCUMENT_READER_H

#include "crypto/certificate.h"
#include "nsm/cbor.h"
#include "tests/unit/crypto/crypto_test.h"

enum { cabundle_most = 4 };

typedef struct read_document {
    grille_bytes protected_header, payload, signature;
    grille_bytes module_id, digest, certificate, cabundle[cabundle_most], public_key, user_data, nonce;
    grille_bytes pcrs[32];
    size_t pcr_count;
    uint64_t timestamp_ms;
} read_document;

static inline void expect_key(grille_reader *reader, const char *key) {
    grille_bytes found = grille_nsm_cbor_read_text(reader);
    assert_true(grille_bytes_equal(found, grille_bytes_of_text(key)));
}

static inline void read_payload(read_document *document) {
    grille_reader reader = grille_reader_of(document->payload);
    grille_nsm_cbor_items items;
    size_t count = 0;
    assert_int_equal(0xbf, grille_read_u8(&reader)); /* open, as real ones since August 2025 */
    expect_key(&reader, "module_id");
    document->module_id = grille_nsm_cbor_read_text(&reader);
    expect_key(&reader, "digest");
    document->digest = grille_nsm_cbor_read_text(&reader);
    expect_key(&reader, "timestamp");
    document->timestamp_ms = grille_nsm_cbor_read_unsigned(&reader, UINT64_MAX);
    expect_key(&reader, "pcrs");
    items = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_MAP);
    assert_false(items.open);
    while (grille_nsm_cbor_next(&items, &reader)) {
        uint64_t index = grille_nsm_cbor_read_unsigned(&reader, 31);
        document->pcrs[index] = grille_nsm_cbor_read_bytes(&reader);
        assert_int_equal(48, document->pcrs[index].len);
        document->pcr_count++;
    }
    expect_key(&reader, "certificate");
    document->certificate = grille_nsm_cbor_read_bytes(&reader);
    expect_key(&reader, "cabundle");
    items = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_ARRAY);
    while (grille_nsm_cbor_next(&items, &reader)) {
        assert_true(count < cabundle_most);
        document->cabundle[count++] = grille_nsm_cbor_read_bytes(&reader);
    }
    assert_int_equal(cabundle_most, count);
    expect_key(&reader, "public_key");
    document->public_key = grille_nsm_cbor_read_optional(&reader);
    expect_key(&reader, "user_data");
    document->user_data = grille_nsm_cbor_read_optional(&reader);
    expect_key(&reader, "nonce");
    document->nonce = grille_nsm_cbor_read_optional(&reader);
    assert_int_equal(0xff, grille_read_u8(&reader));
    assert_reason(OK, grille_reader_end(&reader));
}

static inline read_document read_document_of(grille_bytes encoded) {
    read_document document = {.pcr_count = 0};
    grille_reader reader = grille_reader_of(encoded);
    assert_int_equal(0x84, grille_read_u8(&reader));
    document.protected_header = grille_nsm_cbor_read_bytes(&reader);
    assert_int_equal(0xa0, grille_read_u8(&reader));
    document.payload = grille_nsm_cbor_read_bytes(&reader);
    document.signature = grille_nsm_cbor_read_bytes(&reader);
    assert_reason(OK, grille_reader_end(&reader));
    assert_bytes("a1013822", document.protected_header.data, document.protected_header.len);
    assert_int_equal(96, document.signature.len);
    read_payload(&document);
    return document;
}

/* Point of a P-384 certificate, found by the algorithm identifier before it. */
static inline grille_bytes point_of_certificate(grille_bytes certificate) {
    static const uint8_t before[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                     0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
    const uint8_t *found = memmem(certificate.data, certificate.len, before, sizeof before);
    assert_non_null(found);
    assert_true(found + sizeof before + GRILLE_P384_POINT <= certificate.data + certificate.len);
    return grille_bytes_of(found + sizeof before, GRILLE_P384_POINT);
}

/* Does the certificate's key sign the document? RFC 9052 4.4, built apart from the writer's code. */
static inline grille_reason verify_document(const read_document *document, grille_bytes certificate) {
    uint8_t digest[GRILLE_SHA384_BYTES], head[] = "\x84\x6aSignature1\x44\xa1\x01\x38\x22\x40\x59..";
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_bytes parts[2];
    head[sizeof head - 3] = (uint8_t)(document->payload.len >> 8);
    head[sizeof head - 2] = (uint8_t)document->payload.len;
    parts[0] = grille_bytes_of(head, sizeof head - 1);
    parts[1] = document->payload;
    assert_true(document->payload.len > 255);
    assert_reason(OK, crypto->hash(GRILLE_SHA384, parts, 2, digest));
    return crypto->ecdsa_verify(GRILLE_P384, point_of_certificate(certificate), grille_bytes_of(digest, sizeof digest),
                                document->signature);
}

#endif
