/* SPDX-License-Identifier: Apache-2.0
 * CBOR items. What passes is exactly one item: no prefix of it and nothing longer passes. */
#include "attest/cbor.h"
#include "base/bytes.h"
#include "no_heap.h"

static void check(const uint8_t *data, size_t size) {
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    grille_cbor_skip(&reader);
    if (grille_cbor_check(grille_bytes_of(data, size)) != GRILLE_REASON_OK) {
        FUZZ_CHECK(reader.failed != GRILLE_REASON_OK || reader.left > 0);
        return;
    }
    FUZZ_CHECK(reader.failed == GRILLE_REASON_OK && reader.left == 0);
    FUZZ_CHECK(grille_cbor_check(grille_bytes_of(data, size - 1)) != GRILLE_REASON_OK);
    FUZZ_CHECK(grille_cbor_check(grille_bytes_of(data, size / 2)) != GRILLE_REASON_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    no_heap_begin();
    check(data, size);
    no_heap_end();
    return 0;
}
