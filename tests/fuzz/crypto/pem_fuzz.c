/* SPDX-License-Identifier: Apache-2.0
 * Each PEM block that is read is, but for line ends, what the writer makes of its bytes. */
#include "crypto/pem.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/fuzz/crypto/fuzz_check.h"

enum { der_most = 4096, text_most = 8192 };

/* Compares `written` with the taken text, passing over CR before LF and a missing last LF. */
static void check_same(grille_bytes taken, const char *written, size_t len) {
    size_t at = 0;
    for (size_t i = 0; i < taken.len; i++) {
        if (taken.data[i] == '\r' && i + 1 < taken.len && taken.data[i + 1] == '\n') continue;
        if (taken.data[i] == '\r' && i + 1 == taken.len) continue;
        FUZZ_CHECK(at < len && (uint8_t)written[at] == taken.data[i]);
        at++;
    }
    FUZZ_CHECK(at == len || at + 1 == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t der[der_most];
    static char text[text_most];
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    while (grille_pem_more(&reader)) {
        grille_pem_label label;
        const uint8_t *start = reader.at;
        size_t left = reader.left, der_len = 0, len = 0;
        if (grille_pem_read(&reader, &label, der, sizeof der, &der_len) != GRILLE_REASON_OK) {
            FUZZ_CHECK(reader.failed != GRILLE_REASON_OK);
            break;
        }
        FUZZ_CHECK(grille_pem_write(label, grille_bytes_of(der, der_len), text, sizeof text, &len) == GRILLE_REASON_OK);
        FUZZ_CHECK(len == grille_pem_len(label, der_len));
        check_same(grille_bytes_of(start, left - reader.left), text, len);
    }
    return 0;
}
