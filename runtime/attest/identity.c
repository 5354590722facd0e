/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "attest/evidence.h"
#include "attest/identity_state.h"
#include "base/bytes.h"
#include "base/error.h"

grille_identity *grille_identity_new(grille_identity_kind kind) {
    grille_identity *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    atomic_init(&made->owners, 1);
    made->kind = kind;
    return made;
}

grille_identity *grille_identity_ref(const grille_identity *identity) {
    grille_identity *owned = (grille_identity *)identity;
    (void)atomic_fetch_add_explicit(&owned->owners, 1, memory_order_relaxed);
    return owned;
}

static grille_reason read_own_pcrs(grille_identity *identity, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    for (uint16_t i = 0; i < GRILLE_SELF_PCRS && reason == GRILLE_REASON_OK; i++) {
        bool locked = false;
        reason = identity->nsm->functions->describe_pcr(identity->nsm, i, identity->own_pcrs[i], &locked, error);
    }
    return reason;
}

grille_code grille_identity_from_nsm(struct grille_nsm *nsm, grille_identity **identity, grille_error *error) {
    grille_identity *made = grille_identity_new(GRILLE_IDENTITY_NITRO);
    grille_reason reason;
    *identity = NULL;
    grille_error_clear(error);
    if (made == NULL) {
        nsm->functions->close(nsm);
        return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    }
    reason = grille_identity_take_nsm(made, nsm, error);
    if (reason == GRILLE_REASON_OK) reason = read_own_pcrs(made, error);
    if (reason != GRILLE_REASON_OK) {
        grille_identity_free(made);
        return grille_reason_code(grille_error_default(error, reason));
    }
    *identity = made;
    return GRILLE_OK;
}

void grille_identity_free(grille_identity *identity) {
    if (identity == NULL) return;
    if (atomic_fetch_sub_explicit(&identity->owners, 1, memory_order_acq_rel) > 1) return;
    grille_identity_drop_nsm(identity);
    if (identity->key != NULL) identity->crypto->key_free(identity->key);
    free(identity->chain);
    grille_wipe(&identity->psk, sizeof identity->psk);
    free(identity);
}

grille_identity_kind grille_identity_get_kind(const grille_identity *identity) {
    return identity->kind;
}

const char *grille_identity_kind_name(grille_identity_kind kind) {
    switch (kind) {
    case GRILLE_IDENTITY_NITRO:
        return "nitro";
    case GRILLE_IDENTITY_X509:
        return "x509";
    case GRILLE_IDENTITY_PSK:
        return "psk";
    case GRILLE_IDENTITY_ANONYMOUS:
        return "anonymous";
    default:
        return "unknown";
    }
}
