/* SPDX-License-Identifier: Apache-2.0
 * A signature's DER has one spelling: what is read is written again byte for byte. */
#include "base/bytes.h"
#include "crypto/certificate.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (unsigned curve = GRILLE_P256; curve <= GRILLE_P384; curve++) {
        uint8_t raw[GRILLE_RAW_SIGNATURE_MAX], der[GRILLE_SIGNATURE_DER_MAX];
        size_t raw_len = 0, len = 0;
        if (grille_signature_from_der((grille_curve)curve, grille_bytes_of(data, size), raw, &raw_len) !=
            GRILLE_REASON_OK)
            continue;
        FUZZ_CHECK(raw_len == 2 * grille_curve_scalar_len((grille_curve)curve));
        FUZZ_CHECK(grille_signature_to_der(grille_bytes_of(raw, raw_len), der, sizeof der, &len) == GRILLE_REASON_OK);
        FUZZ_CHECK(grille_bytes_equal(grille_bytes_of(data, size), grille_bytes_of(der, len)));
    }
    return 0;
}
