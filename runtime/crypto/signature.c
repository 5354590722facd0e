/* SPDX-License-Identifier: Apache-2.0
 * ECDSA signatures between r ‖ s and Ecdsa-Sig-Value (RFC 3279 2.2.3). */
#include <string.h>

#include "base/bytes.h"
#include "crypto/certificate.h"
#include "crypto/der.h"

grille_reason grille_signature_to_der(grille_bytes raw, uint8_t *out, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    grille_reader halves = grille_reader_of(raw);
    size_t value;
    if (raw.len != 2 * grille_curve_scalar_len(GRILLE_P256) && raw.len != 2 * grille_curve_scalar_len(GRILLE_P384))
        return GRILLE_REASON_BAD_ARGUMENT;
    value = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    grille_der_write_unsigned(&writer, grille_read_bytes(&halves, raw.len / 2));
    grille_der_write_unsigned(&writer, grille_read_rest(&halves));
    grille_der_end(&writer, value);
    return grille_der_finish(&writer, len);
}

grille_reason grille_signature_from_der(grille_curve curve, grille_bytes der, uint8_t raw[GRILLE_RAW_SIGNATURE_MAX],
                                        size_t *len) {
    const grille_reason bad = GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
    grille_reader outer = grille_reader_of(der);
    grille_reader value = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, bad));
    grille_bytes r = grille_der_read_unsigned(&value, bad);
    grille_bytes s = grille_der_read_unsigned(&value, bad);
    size_t width = grille_curve_scalar_len(curve);
    grille_writer writer = grille_writer_into(raw, 2 * width);
    if (grille_reader_end(&outer) != GRILLE_REASON_OK || grille_reader_end(&value) != GRILLE_REASON_OK ||
        r.len > width || s.len > width)
        return bad;
    grille_write_zeros(&writer, width - r.len);
    grille_write_bytes(&writer, r);
    grille_write_zeros(&writer, width - s.len);
    grille_write_bytes(&writer, s);
    *len = writer.len;
    return grille_writer_end(&writer);
}
