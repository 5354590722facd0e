/* SPDX-License-Identifier: Apache-2.0
 * Public key info has one spelling: what is read is written again byte for byte. */
#include "base/bytes.h"
#include "crypto/certificate.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t out[GRILLE_SPKI_MAX];
    grille_curve curve;
    grille_bytes point;
    size_t len = 0;
    if (grille_spki_read(grille_bytes_of(data, size), &curve, &point) != GRILLE_REASON_OK) return 0;
    FUZZ_CHECK(grille_spki_write(curve, point, out, sizeof out, &len) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_bytes_equal(grille_bytes_of(data, size), grille_bytes_of(out, len)));
    return 0;
}
