/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/private_key_der.h"

#include "base/bytes.h"
#include "crypto/der.h"
#include "crypto/spki.h"

static const grille_reason bad = GRILLE_REASON_CRYPTO_BAD_KEY;

enum { sec1_version = 1, pkcs8_version_1 = 0, pkcs8_version_2 = 1 };

static uint8_t read_version(grille_reader *reader) {
    grille_bytes version = grille_der_read_unsigned(reader, bad);
    if (version.len == 1) return *version.data;
    grille_reader_fail(reader, bad);
    return 0;
}

/* ECPrivateKey after its version. Inside PKCS#8 the outer algorithm names the curve, alone it must be named here. */
static void read_sec1(grille_reader *key, bool curve_known, grille_private_key_parts *parts) {
    parts->scalar = grille_der_read(key, GRILLE_DER_OCTET_STRING, bad);
    if (grille_der_peek(key) == GRILLE_DER_CONTEXT_CONSTRUCTED(0)) {
        grille_reader wrapped = grille_reader_of(grille_der_read(key, GRILLE_DER_CONTEXT_CONSTRUCTED(0), bad));
        grille_bytes oid = grille_der_read(&wrapped, GRILLE_DER_OID, bad);
        grille_curve named = GRILLE_P256;
        if (grille_reader_end(&wrapped) != GRILLE_REASON_OK || !grille_curve_of_oid(oid, &named) ||
            (curve_known && named != parts->curve))
            grille_reader_fail(key, bad);
        parts->curve = named;
    } else if (!curve_known) {
        grille_reader_fail(key, bad);
    }
    if (grille_der_peek(key) == GRILLE_DER_CONTEXT_CONSTRUCTED(1)) {
        grille_reader wrapped = grille_reader_of(grille_der_read(key, GRILLE_DER_CONTEXT_CONSTRUCTED(1), bad));
        parts->point = grille_der_read_bit_string(&wrapped, bad);
        if (grille_reader_end(&wrapped) != GRILLE_REASON_OK) grille_reader_fail(key, bad);
    }
}

/* OneAsymmetricKey after its version. */
static void read_pkcs8(grille_reader *info, uint8_t version, grille_private_key_parts *parts) {
    grille_reader wrapped, key;
    grille_ec_algorithm_read(info, &parts->curve);
    wrapped = grille_reader_of(grille_der_read(info, GRILLE_DER_OCTET_STRING, bad));
    key = grille_reader_of(grille_der_read(&wrapped, GRILLE_DER_SEQUENCE, bad));
    if (read_version(&key) != sec1_version) grille_reader_fail(&key, bad);
    read_sec1(&key, true, parts);
    if (grille_reader_end(&wrapped) != GRILLE_REASON_OK || grille_reader_end(&key) != GRILLE_REASON_OK)
        grille_reader_fail(info, bad);
    if (version == pkcs8_version_2) {
        grille_reader bits = grille_reader_of(grille_der_read(info, GRILLE_DER_CONTEXT(1), bad));
        if (grille_read_u8(&bits) != 0 || bits.left == 0) grille_reader_fail(info, bad);
        parts->second_point = grille_read_rest(&bits);
    }
}

static bool has_form_of_point(grille_bytes point, grille_curve curve) {
    return point.len == 0 || point.len == grille_curve_point_len(curve);
}

grille_reason grille_private_key_der_read(grille_bytes der, grille_private_key_parts *parts) {
    grille_reader outer = grille_reader_of(der);
    grille_reader info = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, bad));
    grille_private_key_parts found = {.curve = GRILLE_P256};
    uint8_t version = read_version(&info);
    if (grille_der_peek(&info) == GRILLE_DER_SEQUENCE && version <= pkcs8_version_2)
        read_pkcs8(&info, version, &found);
    else if (version == sec1_version)
        read_sec1(&info, false, &found);
    else
        return bad;
    if (grille_reader_end(&outer) != GRILLE_REASON_OK || grille_reader_end(&info) != GRILLE_REASON_OK ||
        found.scalar.len != grille_curve_scalar_len(found.curve) || !has_form_of_point(found.point, found.curve) ||
        !has_form_of_point(found.second_point, found.curve))
        return bad;
    *parts = found;
    return GRILLE_REASON_OK;
}

grille_reason grille_private_key_der_write(grille_curve curve, grille_bytes scalar, grille_bytes point, uint8_t *out,
                                           size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into(out, capacity);
    size_t key = grille_der_begin(&writer, GRILLE_DER_SEQUENCE), wrapped, bits;
    grille_der_write_small(&writer, sec1_version);
    grille_der_write(&writer, GRILLE_DER_OCTET_STRING, scalar);
    wrapped = grille_der_begin(&writer, GRILLE_DER_CONTEXT_CONSTRUCTED(0));
    grille_der_write(&writer, GRILLE_DER_OID, grille_curve_oid(curve));
    grille_der_end(&writer, wrapped);
    wrapped = grille_der_begin(&writer, GRILLE_DER_CONTEXT_CONSTRUCTED(1));
    bits = grille_der_begin(&writer, GRILLE_DER_BIT_STRING);
    grille_write_u8(&writer, 0);
    grille_write_bytes(&writer, point);
    grille_der_end(&writer, bits);
    grille_der_end(&writer, wrapped);
    grille_der_end(&writer, key);
    return grille_der_finish(&writer, len);
}
