/* SPDX-License-Identifier: Apache-2.0
 * Class A: COSE_Sign1. */
#include <string.h>

#include "base/bytes.h"
#include "crypto/der.h"
#include "matrix.h"

/* The order of P-384 (FIPS 186-5). */
static const uint8_t order[48] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
                                  0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

/* number := order - number, both of 48 bytes */
static void subtract_from_order(uint8_t *number) {
    int borrow = 0;
    for (int i = 47; i >= 0; i--) {
        int digit = order[i] - number[i] - borrow;
        borrow = digit < 0;
        number[i] = (uint8_t)digit;
    }
}

static void short_by_one(uint8_t *signature, size_t *len) {
    (void)signature;
    *len = 95;
}
static void long_by_one(uint8_t *signature, size_t *len) {
    (void)signature;
    *len = 97;
}
static void of_no_bytes(uint8_t *signature, size_t *len) {
    (void)signature;
    *len = 0;
}
static void of_64_bytes(uint8_t *signature, size_t *len) {
    (void)signature;
    *len = 64;
}
static void r_is_zero(uint8_t *signature, size_t *len) {
    memset(signature, 0, *len / 2);
}
static void s_is_zero(uint8_t *signature, size_t *len) {
    memset(&signature[48], 0, *len / 2);
}
static void both_are_zero(uint8_t *signature, size_t *len) {
    memset(signature, 0, *len);
}
static void r_is_the_order(uint8_t *signature, size_t *len) {
    memcpy(signature, order, *len / 2);
}
static void s_is_the_order(uint8_t *signature, size_t *len) {
    memcpy(&signature[48], order, *len / 2);
}
static void s_is_over_the_order(uint8_t *signature, size_t *len) {
    memset(&signature[48], 0xff, *len / 2);
}
static void r_is_over_the_order(uint8_t *signature, size_t *len) {
    memset(signature, 0xff, *len / 2);
}
static void r_and_s_swapped(uint8_t *signature, size_t *len) {
    uint8_t r[48];
    memcpy(r, signature, *len / 2);
    memcpy(signature, &signature[48], sizeof r);
    memcpy(&signature[48], r, sizeof r);
}
static void in_der(uint8_t *signature, size_t *len) {
    uint8_t raw[GRILLE_RAW_SIGNATURE_MAX];
    memcpy(raw, signature, sizeof raw);
    if (grille_signature_to_der(grille_bytes_of(raw, sizeof raw), signature, FORGE_SIGNATURE_MAX, len) !=
        GRILLE_REASON_OK) {
        *len = 0;
    }
}
static void last_bit(uint8_t *signature, size_t *len) {
    signature[*len - 1] ^= 1;
}
static void twin(uint8_t *signature, size_t *len) {
    (void)len;
    subtract_from_order(&signature[48]);
}

static const struct {
    const char *name;
    void (*edit)(uint8_t *, size_t *);
    grille_reason expected;
} signatures[] = {
    {"95 bytes", short_by_one, GRILLE_REASON_ATTEST_COSE_STRUCTURE},
    {"97 bytes", long_by_one, GRILLE_REASON_ATTEST_COSE_STRUCTURE},
    {"0 bytes", of_no_bytes, GRILLE_REASON_ATTEST_COSE_STRUCTURE},
    {"64 bytes, as of P-256", of_64_bytes, GRILLE_REASON_ATTEST_COSE_STRUCTURE},
    {"in DER", in_der, GRILLE_REASON_ATTEST_COSE_STRUCTURE},
    {"r = 0", r_is_zero, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"s = 0", s_is_zero, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"r = s = 0", both_are_zero, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"r = n", r_is_the_order, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"s = n", s_is_the_order, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"r > n", r_is_over_the_order, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"s > n", s_is_over_the_order, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"s, r", r_and_s_swapped, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"last bit", last_bit, GRILLE_REASON_ATTEST_COSE_SIGNATURE},
    {"the twin n - s", twin, GRILLE_REASON_OK},
};

typedef enum place { HEAD, PROTECTED, UNPROTECTED, SIGNATURE, TAIL, SIGNED_HEADER, AAD } place;
static const char *const places[] = {"head",
                                     "protected header",
                                     "unprotected header",
                                     "signature",
                                     "after it",
                                     "header in what is signed",
                                     "external_aad in what is signed"};

static const struct {
    place where;
    grille_bytes bytes;
    grille_reason expected;
} parts[] = {
#define R(where, literal, expected)                                                                                    \
    { where, {(const uint8_t *)("" literal), sizeof literal - 1}, GRILLE_REASON_##expected }
    R(HEAD, "\x84", OK),
    R(HEAD, "\xd2\x84", OK),
    R(HEAD, "\xd1\x84", ATTEST_COSE_STRUCTURE),     /* COSE_Mac0 */
    R(HEAD, "\xd8\x62\x84", ATTEST_COSE_STRUCTURE), /* COSE_Sign */
    R(HEAD, "\xd8\x12\x84", ATTEST_COSE_STRUCTURE), /* 18 in two bytes */
    R(HEAD, "\xd2\xd2\x84", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\xd9\xd9\xf7\x84", ATTEST_COSE_STRUCTURE), /* self-described CBOR */
    R(HEAD, "\x83", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\x85", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\x98\x04", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\x9f", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\x9a\xff\xff\xff\xff", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\xa2", ATTEST_COSE_STRUCTURE),
    R(HEAD, "\x59\x10\x00", ATTEST_COSE_STRUCTURE), /* wrapped in a byte string */
    R(PROTECTED, "\x40", ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\x41\xa0", ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\x43\xa1\x01\x26", ATTEST_COSE_ALGORITHM),     /* -7 */
    R(PROTECTED, "\x44\xa1\x01\x38\x23", ATTEST_COSE_ALGORITHM), /* -36 */
    R(PROTECTED, "\x44\xa1\x01\x38\x24", ATTEST_COSE_ALGORITHM), /* -37, RSA */
    R(PROTECTED, "\x43\xa1\x01\x05", ATTEST_COSE_ALGORITHM),     /* HMAC */
    R(PROTECTED, "\x43\xa1\x01\x00", ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\x47\xa2\x01\x38\x22\x01\x26", ATTEST_COSE_ALGORITHM),     /* twice */
    R(PROTECTED, "\x48\xa2\x01\x38\x22\x01\x38\x22", ATTEST_COSE_ALGORITHM), /* the same twice */
    R(PROTECTED, "\x47\xa2\x01\x38\x22\x02\x80", ATTEST_COSE_ALGORITHM),     /* crit */
    R(PROTECTED, "\x49\xa2\x01\x38\x22\x04\x43kid", ATTEST_COSE_ALGORITHM),
    R(PROTECTED,
      "\x48\xa1\x01\x65"
      "ES384",
      ATTEST_COSE_ALGORITHM), /* as text */
    R(PROTECTED,
      "\x48\xa1\x63"
      "alg\x38\x22",
      ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\x45\xa1\x01\x39\x00\x22", ATTEST_COSE_ALGORITHM), /* not minimal */
    R(PROTECTED, "\x45\xbf\x01\x38\x22\xff", ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\x45\xa1\x01\x38\x22\x00", ATTEST_COSE_ALGORITHM),
    R(PROTECTED, "\xa1\x01\x38\x22", ATTEST_COSE_STRUCTURE), /* no byte string */
    R(PROTECTED, "\x64\xa1\x01\x38\x22", ATTEST_COSE_STRUCTURE),
    R(PROTECTED, "\xf6", ATTEST_COSE_STRUCTURE),
    R(PROTECTED, "\x58\x04\xa1\x01\x38\x22", ATTEST_COSE_STRUCTURE),
    R(PROTECTED, "\x5f\x44\xa1\x01\x38\x22\xff", ATTEST_COSE_STRUCTURE),
    R(UNPROTECTED, "\xa1\x01\x38\x22", ATTEST_COSE_UNPROTECTED),
    R(UNPROTECTED, "\xa1\x04\x43kid", ATTEST_COSE_UNPROTECTED),
    R(UNPROTECTED, "\xbf\xff", ATTEST_COSE_UNPROTECTED),
    R(UNPROTECTED, "\xb8\x00", ATTEST_COSE_STRUCTURE),
    R(UNPROTECTED, "\x40", ATTEST_COSE_STRUCTURE),
    R(UNPROTECTED, "\x80", ATTEST_COSE_STRUCTURE),
    R(UNPROTECTED, "\xf6", ATTEST_COSE_STRUCTURE),
    R(SIGNATURE, "\xf6", ATTEST_COSE_STRUCTURE),
    R(SIGNATURE, "\x00", ATTEST_COSE_STRUCTURE),
    R(SIGNATURE, "\x81\x40", ATTEST_COSE_STRUCTURE),
    R(SIGNATURE, "\x58\x60", ATTEST_COSE_STRUCTURE), /* cut */
    R(TAIL, "\x00", ATTEST_COSE_STRUCTURE),
    R(TAIL, "\xf6", ATTEST_COSE_STRUCTURE),
    R(TAIL, "\xff", ATTEST_COSE_STRUCTURE),
    R(SIGNED_HEADER, "\x40", ATTEST_COSE_SIGNATURE),
    R(SIGNED_HEADER, "\x43\xa1\x01\x26", ATTEST_COSE_SIGNATURE),
    R(AAD, "x", ATTEST_COSE_SIGNATURE),
#undef R
};

static grille_bytes *place_in(forge_document *document, place where) {
    grille_bytes *const fields[] = {[HEAD] = &document->head,
                                    [PROTECTED] = &document->protected_header,
                                    [UNPROTECTED] = &document->unprotected,
                                    [SIGNATURE] = &document->signature_item,
                                    [TAIL] = &document->tail,
                                    [SIGNED_HEADER] = &document->signed_header,
                                    [AAD] = &document->aad};
    return fields[where];
}

void matrix_a_cose(void **state) {
    static const char *const contexts[] = {"Signature", "CounterSignature", "Signature2", "MAC0", "signature1", ""};
    const matrix_judgement usual = matrix_judgement_of(matrix_chain());
    forge_document d;
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        d = matrix_document(usual.chain);
        *place_in(&d, parts[i].where) = parts[i].bytes;
        matrix_expect(places[parts[i].where], parts[i].expected, &d, &usual);
    }
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        d = matrix_document(usual.chain);
        d.edit_signature = signatures[i].edit;
        matrix_expect(signatures[i].name, signatures[i].expected, &d, &usual);
    }
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        d = matrix_document(usual.chain);
        d.context = contexts[i];
        matrix_expect(contexts[i], GRILLE_REASON_ATTEST_COSE_SIGNATURE, &d, &usual);
    }
    d = matrix_document(usual.chain);
    d.detached = true;
    matrix_expect("detached", GRILLE_REASON_ATTEST_COSE_STRUCTURE, &d, &usual);
    for (size_t i = 0; i < FORGE_CHAIN - 1; i++) {
        d = matrix_document(usual.chain);
        d.other_signer = usual.chain->certificates[i].key;
        matrix_expect("signed by a CA's key", GRILLE_REASON_ATTEST_COSE_SIGNATURE, &d, &usual);
    }
    d = matrix_document(usual.chain);
    d.protected_header = MATRIX_BYTES("\x40");
    d.unprotected = MATRIX_BYTES("\xa1\x01\x38\x22");
    matrix_expect("algorithm unprotected only", GRILLE_REASON_ATTEST_COSE_ALGORITHM, &d, &usual);
    matrix_expect_bytes("of no bytes", GRILLE_REASON_ATTEST_SIZE, grille_bytes_of(NULL, 0), &usual);
    {
        static uint8_t noise[16385] = {0x84};
        matrix_expect_bytes("16,385 bytes", GRILLE_REASON_ATTEST_SIZE, grille_bytes_of(noise, sizeof noise), &usual);
        matrix_expect_bytes("16,384 bytes", GRILLE_REASON_ATTEST_COSE_STRUCTURE,
                            grille_bytes_of(noise, sizeof noise - 1), &usual);
    }
}
