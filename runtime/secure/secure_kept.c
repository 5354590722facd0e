/* SPDX-License-Identifier: Apache-2.0
 * Bytes that a channel end keeps for its whole life, for later epochs: certificates and claims. Each in a block of its
 * own length, since an idle connection is mostly these. */
#include <string.h>

#include "base/bytes.h"
#include "secure/secure_private.h"

static void drop(grille_secure *secure, grille_bytes *kept) {
    grille_budget_free(secure->budget, (uint8_t *)(uintptr_t)kept->data, kept->len);
    *kept = grille_bytes_of(NULL, 0);
}

grille_reason grille_secure_keep(grille_secure *secure, grille_bytes *kept, grille_bytes bytes) {
    uint8_t *copy = NULL;
    if (bytes.len > 0) {
        copy = grille_budget_alloc(secure->budget, bytes.len);
        if (copy == NULL) return GRILLE_REASON_BUDGET;
        memcpy(copy, bytes.data, bytes.len);
    }
    drop(secure, kept);
    *kept = grille_bytes_of(copy, bytes.len);
    return GRILLE_REASON_OK;
}

void grille_secure_drop_kept(grille_secure *secure) {
    drop(secure, &secure->claims);
    drop(secure, &secure->own_leaf);
    drop(secure, &secure->own_spki);
    drop(secure, &secure->peer_leaf);
    secure->peer_spki = grille_bytes_of(NULL, 0);
}
