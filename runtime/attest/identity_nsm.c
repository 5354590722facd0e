/* SPDX-License-Identifier: Apache-2.0
 * In a file of its own, so that only programs that open an NSM need one linked. */
#include "attest/evidence.h"
#include "base/error.h"
#include "nsm/nsm.h"

grille_code grille_identity_open_nsm(const char *path, grille_identity **identity, grille_error *error) {
    grille_nsm *nsm = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    *identity = NULL;
    grille_error_clear(error);
    reason = grille_nsm_open(path, &nsm, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(grille_error_default(error, reason));
    return grille_identity_from_nsm(nsm, identity, error);
}
