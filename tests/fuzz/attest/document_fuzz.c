/* SPDX-License-Identifier: Apache-2.0
 * Attestation documents of both kinds: COSE, payload and, with the presented root for the pinned one, all of their
 * verification; first with every signature taken for good, so that what is behind them is reached, then with the real
 * ones. Whatever is refused has a name and an explanation. */
#include "accept_any.h"
#include "attest/document.h"
#include "base/bytes.h"
#include "no_heap.h"

static grille_reason judge(const grille_crypto *crypto, const grille_document *document) {
    const grille_document_check check = {.root = document->cabundle[0],
                                         .now_ms = INT64_C(1767268800000),
                                         .clock_skew_ms = INT64_C(100) * 365 * 86400000,
                                         .max_age_ms = -1,
                                         .any_pcr4 = true};
    grille_wall_ms expires_ms = 0;
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason = grille_document_verify(crypto, document, &check, &expires_ms, &error);
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (expires_ms != 0));
    return reason;
}

static bool read_as(grille_attest_kind kind, grille_bytes encoded, grille_document *document) {
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason = grille_document_read_kind(encoded, kind, document, &error);
    FUZZ_CHECK((reason == GRILLE_REASON_OK) == (error.text[0] == '\0'));
    if (reason != GRILLE_REASON_OK) return false;
    FUZZ_CHECK(document->kind == kind && document->cabundle_count >= 1 && document->module_id.len > 0);
    FUZZ_CHECK((document->pcr_mask != 0) == (kind == GRILLE_ATTEST_ENCLAVE));
    FUZZ_CHECK((document->nitrotpm_pcr_mask != 0) == (kind == GRILLE_ATTEST_NITROTPM));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_document document, other;
    grille_bytes encoded = grille_bytes_of(data, size);
    bool enclave, nitrotpm;
    no_heap_begin();
    enclave = read_as(GRILLE_ATTEST_ENCLAVE, encoded, &document);
    nitrotpm = read_as(GRILLE_ATTEST_NITROTPM, encoded, enclave ? &other : &document);
    FUZZ_CHECK(!(enclave && nitrotpm));
    if ((enclave || nitrotpm) && judge(crypto_that_accepts_any_signature(), &document) == GRILLE_REASON_OK) {
        (void)judge(grille_crypto_wolf(), &document);
    }
    no_heap_end();
    return 0;
}
