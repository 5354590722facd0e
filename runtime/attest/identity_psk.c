/* SPDX-License-Identifier: Apache-2.0
 * Identities of kind psk and anonymous. */
#include "attest/evidence.h"
#include "attest/identity_state.h"
#include "base/error.h"

grille_code grille_identity_load_psk(const char *path, grille_identity **identity, grille_error *error) {
    grille_identity *made = grille_identity_new(GRILLE_IDENTITY_PSK);
    grille_error cause = {.code = GRILLE_OK};
    grille_reason reason;
    *identity = NULL;
    grille_error_clear(error);
    if (made == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    reason = grille_psk_load(grille_crypto_wolf(), path, NULL, NULL, &made->psk, &cause);
    if (reason == GRILLE_REASON_OK) {
        *identity = made;
        return GRILLE_OK;
    }
    grille_identity_free(made);
    return grille_reason_code(
        grille_error_set(error, GRILLE_REASON_ATTEST_IDENTITY,
                         "observed in the psk identity: %.250s; expected a key file of the one form", cause.text));
}

grille_code grille_identity_new_anonymous(grille_identity **identity, grille_error *error) {
    grille_error_clear(error);
    *identity = grille_identity_new(GRILLE_IDENTITY_ANONYMOUS);
    if (*identity != NULL) return GRILLE_OK;
    return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
}

grille_reason grille_identity_check_role(const grille_identity *identity, char role, grille_error *error) {
    const char *what_we_do = role == 'I' ? "opens" : "answers";
    if (identity->kind == GRILLE_IDENTITY_ANONYMOUS && role != 'I') {
        return grille_error_set(error, GRILLE_REASON_ATTEST_IDENTITY,
                                "observed an anonymous identity at an end that answers connections, expected one of "
                                "another kind: nobody accepts an anonymous end that it called");
    }
    if (identity->kind == GRILLE_IDENTITY_PSK && role != identity->psk.role) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_IDENTITY,
            "observed a key of psk id \"%.100s\" for who %s connections, expected one for this end, "
            "which %s them: a key proves one role",
            identity->psk.id, identity->psk.role == 'I' ? "opens" : "answers", what_we_do);
    }
    return GRILLE_REASON_OK;
}
