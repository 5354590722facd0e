/* SPDX-License-Identifier: Apache-2.0
 * Attestation documents: COSE, payload and, with every signature taken for good and the presented root for the pinned
 * one, all of their verification. Whatever is refused has a name and an explanation. */
#include "accept_any.h"
#include "attest/document.h"
#include "base/bytes.h"
#include "tests/fuzz/crypto/fuzz_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_document document;
    grille_document_check check = {.now_ms = INT64_C(1767268800000),
                                   .clock_skew_ms = INT64_C(100) * 365 * 86400000,
                                   .max_age_ms = -1,
                                   .any_pcr4 = true};
    grille_wall_ms expires_ms = 0;
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason = grille_document_read(grille_bytes_of(data, size), &document, &error);
    if (reason == GRILLE_REASON_OK) {
        FUZZ_CHECK(document.cabundle_count >= 1 && document.pcr_mask != 0 && document.module_id.len > 0);
        check.root = document.cabundle[0];
        reason = grille_document_verify(crypto_that_accepts_any_signature(), &document, &check, &expires_ms, &error);
    }
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    return 0;
}
