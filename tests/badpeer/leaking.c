/* SPDX-License-Identifier: Apache-2.0
 * Linked into an enclave whose TLS keys are stolen: each new leaf, with its key, goes into the file that
 * TEST_LEAKED_LEAF names. With -Wl,--wrap=grille_leaf_make. */
#include <stdio.h>
#include <stdlib.h>

#include "secure/leaf.h"

grille_reason __real_grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf);
grille_reason __wrap_grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf);

grille_reason __wrap_grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf) {
    const grille_reason reason = __real_grille_leaf_make(crypto, wall_ms, leaf);
    FILE *file = fopen(getenv("TEST_LEAKED_LEAF"), "wb");
    if (file == NULL || fwrite(leaf, sizeof *leaf, 1, file) != 1 || fclose(file) != 0) abort();
    return reason;
}
