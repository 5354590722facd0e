/* SPDX-License-Identifier: Apache-2.0
 * Certificates. What is read is inside the input, and no prefix of it is read. */
#include "attest/x509.h"
#include "base/bytes.h"
#include "no_heap.h"

static void check(const uint8_t *data, size_t size) {
    grille_x509 read;
    char text[32];
    if (grille_x509_read(grille_bytes_of(data, size), &read) != GRILLE_REASON_OK) return;
    FUZZ_CHECK(read.not_before_ms <= read.not_after_ms);
    FUZZ_CHECK(read.is_ca || read.path_len == -1);
    FUZZ_CHECK(!read.has_ec_key || read.point.len == grille_curve_point_len(read.curve));
    grille_x509_text(read.common_name, text, sizeof text);
    grille_x509_text(grille_x509_first_name(&read), text, sizeof text);
    FUZZ_CHECK(!grille_x509_has_name(&read, GRILLE_X509_DNS, grille_bytes_of(NULL, 0)));
    FUZZ_CHECK(grille_x509_read(grille_bytes_of(data, size - 1), &read) != GRILLE_REASON_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    no_heap_begin();
    check(data, size);
    no_heap_end();
    return 0;
}
