/* SPDX-License-Identifier: Apache-2.0
 * COSE_Sign1. What is read has one encoding, apart from its tag: its parts and their heads are all of the input. With
 * the signature taken for good, and with the real one under a fixed key. */
#include <string.h>

#include "accept_any.h"
#include "attest/cose.h"
#include "base/bytes.h"
#include "no_heap.h"
#include "wire/limits.h"

/* The base point of P-384 (FIPS 186-5): a key that everybody has, and a point on the curve. */
static const uint8_t point[GRILLE_P384_POINT] = {
    0x04, 0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55,
    0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7, 0x36, 0x17,
    0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29, 0xf8, 0xf4, 0x1d,
    0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0, 0x0a, 0x60, 0xb1, 0xce,
    0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f};

static size_t head_len(size_t len) {
    return len < 24 ? 1 : len <= 0xff ? 2 : 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_cose cose;
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason;
    no_heap_begin();
    reason = grille_cose_read(grille_bytes_of(data, size), &cose, &error);
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    if (reason == GRILLE_REASON_OK) {
        size_t tag = data[0] == 0xd2 ? 1 : 0;
        FUZZ_CHECK(cose.protected_header.len == 4 && cose.signature.len == GRILLE_COSE_SIGNATURE_BYTES);
        FUZZ_CHECK(cose.payload.len > 0 && cose.payload.len <= GRILLE_LIMIT_DOCUMENT_BYTES);
        FUZZ_CHECK(size == tag + 1 + 5 + 1 + head_len(cose.payload.len) + cose.payload.len + 2 + cose.signature.len);
        FUZZ_CHECK(grille_cose_verify(crypto_that_accepts_any_signature(), &cose, grille_bytes_of(point, sizeof point),
                                      &error) == GRILLE_REASON_OK);
        reason = grille_cose_verify(grille_crypto_wolf(), &cose, grille_bytes_of(point, sizeof point), &error);
        FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    }
    no_heap_end();
    return 0;
}
