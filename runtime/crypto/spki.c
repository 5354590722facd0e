/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/spki.h"

#include "base/bytes.h"
#include "crypto/certificate.h"

/* 1.2.840.10045.2.1, 1.2.840.10045.3.1.7, 1.3.132.0.34 */
static const uint8_t oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_secp384r1[] = {0x2b, 0x81, 0x04, 0x00, 0x22};

enum { uncompressed = 0x04 };

grille_bytes grille_curve_oid(grille_curve curve) {
    return curve == GRILLE_P256 ? grille_bytes_of(oid_prime256v1, sizeof oid_prime256v1)
                                : grille_bytes_of(oid_secp384r1, sizeof oid_secp384r1);
}

bool grille_curve_of_oid(grille_bytes oid, grille_curve *curve) {
    *curve = grille_bytes_equal(oid, grille_curve_oid(GRILLE_P256)) ? GRILLE_P256 : GRILLE_P384;
    return grille_bytes_equal(oid, grille_curve_oid(*curve));
}

void grille_ec_algorithm_write(grille_writer *writer, grille_curve curve) {
    size_t algorithm = grille_der_begin(writer, GRILLE_DER_SEQUENCE);
    grille_der_write(writer, GRILLE_DER_OID, grille_bytes_of(oid_ec_public_key, sizeof oid_ec_public_key));
    grille_der_write(writer, GRILLE_DER_OID, grille_curve_oid(curve));
    grille_der_end(writer, algorithm);
}

void grille_ec_algorithm_read(grille_reader *reader, grille_curve *curve) {
    grille_reader algorithm =
        grille_reader_of(grille_der_read(reader, GRILLE_DER_SEQUENCE, GRILLE_REASON_CRYPTO_BAD_KEY));
    grille_bytes kind = grille_der_read(&algorithm, GRILLE_DER_OID, GRILLE_REASON_CRYPTO_BAD_KEY);
    grille_bytes named = grille_der_read(&algorithm, GRILLE_DER_OID, GRILLE_REASON_CRYPTO_BAD_KEY);
    bool known = grille_curve_of_oid(named, curve);
    if (grille_reader_end(&algorithm) != GRILLE_REASON_OK || !known ||
        !grille_bytes_equal(kind, grille_bytes_of(oid_ec_public_key, sizeof oid_ec_public_key)))
        grille_reader_fail(reader, GRILLE_REASON_CRYPTO_BAD_KEY);
}

static bool has_form_of_point(grille_curve curve, grille_bytes point) {
    return point.len == grille_curve_point_len(curve) && *point.data == uncompressed;
}

grille_reason grille_spki_write(grille_curve curve, grille_bytes point, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    size_t info, bits;
    if (!has_form_of_point(curve, point)) return GRILLE_REASON_BAD_ARGUMENT;
    info = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    grille_ec_algorithm_write(&writer, curve);
    bits = grille_der_begin(&writer, GRILLE_DER_BIT_STRING);
    grille_write_u8(&writer, 0);
    grille_write_bytes(&writer, point);
    grille_der_end(&writer, bits);
    grille_der_end(&writer, info);
    return grille_der_finish(&writer, len);
}

grille_reason grille_spki_read(grille_bytes spki, grille_curve *curve, grille_bytes *point) {
    grille_reader outer = grille_reader_of(spki);
    grille_reader info = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, GRILLE_REASON_CRYPTO_BAD_KEY));
    grille_curve found_curve = GRILLE_P256;
    grille_bytes found;
    grille_ec_algorithm_read(&info, &found_curve);
    found = grille_der_read_bit_string(&info, GRILLE_REASON_CRYPTO_BAD_KEY);
    if (grille_reader_end(&outer) != GRILLE_REASON_OK || grille_reader_end(&info) != GRILLE_REASON_OK ||
        !has_form_of_point(found_curve, found))
        return GRILLE_REASON_CRYPTO_BAD_KEY;
    *curve = found_curve;
    *point = found;
    return GRILLE_REASON_OK;
}
