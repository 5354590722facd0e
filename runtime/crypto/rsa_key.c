/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa_key.h"

#include "base/bytes.h"
#include "crypto/der.h"
#include "wire/limits.h"

#define BAD GRILLE_REASON_CRYPTO_BAD_KEY

/* 1.2.840.113549.1.1.1 */
static const uint8_t oid_rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

static size_t bits_of(grille_bytes number) {
    size_t bits = 8 * number.len;
    if (number.len == 0) return 0;
    for (unsigned mask = 0x80; mask != 0 && (*number.data & mask) == 0; mask >>= 1)
        bits--;
    return bits;
}

static bool is_odd(grille_bytes number) {
    return number.len > 0 && (number.data[number.len - 1] & 1) == 1;
}

static bool exponent_is_within_limits(grille_bytes exponent) {
    grille_reader reader = grille_reader_of(exponent);
    uint32_t value = 0;
    if (!is_odd(exponent) || bits_of(exponent) > GRILLE_LIMIT_RSA_EXPONENT_MOST_BITS) return false;
    while (reader.left > 0)
        value = value << 8 | grille_read_u8(&reader);
    return value >= GRILLE_LIMIT_RSA_EXPONENT_LEAST;
}

grille_reason grille_rsa_key_check(const grille_rsa_key *key) {
    size_t bits = bits_of(key->modulus);
    if (!is_odd(key->modulus)) return BAD;
    if (bits < GRILLE_LIMIT_RSA_LEAST_BITS || bits > GRILLE_LIMIT_RSA_MOST_BITS) return GRILLE_REASON_CRYPTO_RSA_LIMIT;
    return exponent_is_within_limits(key->exponent) ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_RSA_LIMIT;
}

/* SEQUENCE { rsaEncryption, NULL } */
static bool is_rsa_algorithm(grille_reader *reader) {
    grille_reader algorithm = grille_reader_of(grille_der_read(reader, GRILLE_DER_SEQUENCE, BAD));
    grille_bytes kind = grille_der_read(&algorithm, GRILLE_DER_OID, BAD);
    grille_bytes none = grille_der_read(&algorithm, GRILLE_DER_NULL, BAD);
    return grille_reader_end(&algorithm) == GRILLE_REASON_OK && none.len == 0 &&
           grille_bytes_equal(kind, grille_bytes_of(oid_rsa_encryption, sizeof oid_rsa_encryption));
}

grille_reason grille_rsa_key_read(grille_bytes spki, grille_rsa_key *key) {
    grille_reader outer = grille_reader_of(spki);
    grille_reader info = grille_reader_of(grille_der_read(&outer, GRILLE_DER_SEQUENCE, BAD));
    bool is_rsa = is_rsa_algorithm(&info);
    grille_reader bits = grille_reader_of(grille_der_read_bit_string(&info, BAD));
    grille_reader numbers = grille_reader_of(grille_der_read(&bits, GRILLE_DER_SEQUENCE, BAD));
    grille_rsa_key found;
    grille_reason reason;
    found.modulus = grille_der_read_unsigned(&numbers, BAD);
    found.exponent = grille_der_read_unsigned(&numbers, BAD);
    if (!is_rsa || grille_reader_end(&outer) != GRILLE_REASON_OK || grille_reader_end(&info) != GRILLE_REASON_OK ||
        grille_reader_end(&bits) != GRILLE_REASON_OK || grille_reader_end(&numbers) != GRILLE_REASON_OK)
        return BAD;
    reason = grille_rsa_key_check(&found);
    if (reason == GRILLE_REASON_OK) *key = found;
    return reason;
}
