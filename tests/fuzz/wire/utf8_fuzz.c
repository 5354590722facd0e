/* SPDX-License-Identifier: Apache-2.0
 * First byte: where to cut the rest. The cut is a valid prefix, and the longest one. */
#include "fuzz_check.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_bytes text = {0};
    grille_bytes cut = {0};
    size_t most = 0;
    if (size == 0 || size > 300) return 0;
    most = data[0];
    text = grille_bytes_of(data + 1, size - 1);
    cut = grille_utf8_cut(text, most);
    FUZZ_CHECK(cut.len <= most && cut.len <= text.len && grille_utf8_valid(cut));
    for (size_t len = cut.len + 1; len <= most && len <= text.len; len++) {
        FUZZ_CHECK(!grille_utf8_valid(grille_bytes_of(text.data, len)));
    }
    return 0;
}
