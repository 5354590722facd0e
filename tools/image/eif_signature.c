/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif_signature.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "crypto/pem.h"
#include "image/eif_cose.h"
#include "nsm/cbor.h"
#include "nsm/measure.h"

static const char certificate_key[] = "signing_certificate";
static const char signature_key[] = "signature";

static bool refuse(grille_error *error, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_EIF_SIGNATURE, "%s", what);
    return false;
}

bool eif_signer_read(grille_bytes pem, eif_signer *signer, grille_error *error) {
    grille_reader text = grille_reader_of(pem);
    grille_pem_label label = GRILLE_PEM_PRIVATE_KEY;
    grille_reason reason = GRILLE_REASON_OK;
    if (!grille_pem_more(&text)) return refuse(error, "the signing certificate is empty");
    reason = grille_pem_read(&text, &label, signer->certificate, sizeof signer->certificate, &signer->certificate_len);
    if (reason != GRILLE_REASON_OK || label != GRILLE_PEM_CERTIFICATE) {
        return refuse(error, "the signing certificate is no certificate in PEM");
    }
    if (grille_pem_more(&text)) return refuse(error, "something follows the signing certificate: one is signed by");
    reason = grille_x509_read(grille_bytes_of(signer->certificate, signer->certificate_len), &signer->x509);
    if (reason != GRILLE_REASON_OK) return refuse(error, "the signing certificate is malformed");
    if (!signer->x509.has_ec_key) return refuse(error, "the signing certificate's key is not on P-256 or P-384");
    return true;
}

grille_reason eif_signer_measure(const grille_crypto *crypto, const eif_signer *signer, eif_measurements *measured) {
    const grille_reason reason =
        grille_measure_image(crypto, grille_bytes_of(signer->certificate, signer->certificate_len), measured->pcr8);
    measured->is_signed = reason == GRILLE_REASON_OK;
    return reason;
}

/* ---- Bytes as arrays of numbers, as serde writes Vec<u8> ---- */

static void write_numbers(grille_writer *writer, grille_bytes bytes) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_ARRAY, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, bytes.data[i]);
}

static void read_numbers(grille_reader *reader, grille_writer *bytes) {
    grille_nsm_cbor_items items = grille_nsm_cbor_begin(reader, GRILLE_NSM_CBOR_ARRAY);
    while (grille_nsm_cbor_next(&items, reader))
        grille_write_u8(bytes, (uint8_t)grille_nsm_cbor_read_unsigned(reader, UINT8_MAX));
}

/* ---- The section ---- */

typedef struct section_parts {
    uint8_t pem[2 * EIF_CERTIFICATE_MAX];
    size_t pem_len;
    uint8_t cose[EIF_COSE_MAX];
    size_t cose_len;
} section_parts;

/* One of the map's two; each comes once. */
static void read_part(grille_reader *reader, section_parts *parts) {
    const grille_bytes key = grille_nsm_cbor_read_text(reader);
    const bool is_certificate = grille_bytes_equal(key, grille_bytes_of_text(certificate_key));
    const bool is_signature = grille_bytes_equal(key, grille_bytes_of_text(signature_key));
    size_t *len = is_certificate ? &parts->pem_len : &parts->cose_len;
    grille_writer bytes = is_certificate ? grille_writer_into(parts->pem, sizeof parts->pem)
                                         : grille_writer_into(parts->cose, sizeof parts->cose);
    if ((!is_certificate && !is_signature) || *len > 0) {
        grille_reader_fail(reader, GRILLE_REASON_EIF_SIGNATURE);
        return;
    }
    read_numbers(reader, &bytes);
    if (grille_writer_end(&bytes) != GRILLE_REASON_OK) grille_reader_fail(reader, GRILLE_REASON_EIF_SIGNATURE);
    *len = grille_written(&bytes).len;
}

static bool read_section(grille_bytes section, section_parts *parts) {
    grille_reader reader = grille_reader_of(section);
    grille_nsm_cbor_items list = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_ARRAY);
    unsigned signers = 0;
    while (grille_nsm_cbor_next(&list, &reader)) {
        grille_nsm_cbor_items map = grille_nsm_cbor_begin(&reader, GRILLE_NSM_CBOR_MAP);
        /* PCR8 is of the first one: a second would be seen and mean nothing. */
        if (++signers > 1) return false;
        while (grille_nsm_cbor_next(&map, &reader))
            read_part(&reader, parts);
    }
    return reader.failed == GRILLE_REASON_OK && reader.left == 0 && signers == 1 && parts->pem_len > 0 &&
           parts->cose_len > 0;
}

bool eif_signature_check(const grille_crypto *crypto, grille_bytes section, eif_signer *signer,
                         eif_measurements *measured, grille_error *error) {
    section_parts parts = {.pem_len = 0};
    if (!read_section(section, &parts)) return refuse(error, "the signature section is not that of one signer");
    if (!eif_signer_read(grille_bytes_of(parts.pem, parts.pem_len), signer, error)) return false;
    if (!eif_cose_verify(crypto, grille_bytes_of(parts.cose, parts.cose_len), signer->x509.curve, signer->x509.point,
                         measured->pcr0, error)) {
        return false;
    }
    if (eif_signer_measure(crypto, signer, measured) == GRILLE_REASON_OK) return true;
    return refuse(error, "the signing certificate could not be measured");
}

bool eif_signature_write(const grille_crypto *crypto, const eif_signer *signer, grille_bytes pem,
                         const grille_private_key *key, const uint8_t pcr0[GRILLE_NSM_PCR_BYTES], uint8_t *section,
                         size_t capacity, size_t *len, grille_error *error) {
    uint8_t cose[EIF_COSE_MAX], point[GRILLE_POINT_MAX];
    size_t cose_len = 0, point_len = 0;
    grille_writer writer = grille_writer_into(section, capacity);
    if (crypto->key_point(key, point, sizeof point, &point_len) != GRILLE_REASON_OK ||
        !grille_bytes_equal(grille_bytes_of(point, point_len), signer->x509.point)) {
        return refuse(error, "the private key is not that of the signing certificate");
    }
    if (eif_cose_sign(crypto, key, pcr0, cose, sizeof cose, &cose_len) != GRILLE_REASON_OK) {
        return refuse(error, "the image could not be signed");
    }
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, 1);
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_MAP, 2);
    grille_nsm_cbor_write_text(&writer, certificate_key);
    write_numbers(&writer, pem);
    grille_nsm_cbor_write_text(&writer, signature_key);
    write_numbers(&writer, grille_bytes_of(cose, cose_len));
    if (grille_writer_end(&writer) != GRILLE_REASON_OK) return refuse(error, "the signing certificate is too long");
    *len = grille_written(&writer).len;
    return true;
}
