/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/renewal.h"

#include <stdlib.h>

grille_renewal *grille_renewal_new(grille_policy *policy, const grille_identity *identity) {
    grille_renewal *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    grille_list_init(&made->link);
    if (policy != NULL) made->policy = grille_policy_ref(policy);
    if (identity != NULL) made->identity = grille_identity_ref(identity);
    return made;
}

void grille_renewal_free(grille_renewal *renewal) {
    grille_policy_free(renewal->policy);
    grille_identity_free(renewal->identity);
    free(renewal);
}

void grille_renewal_keep(const grille_renewal *renewal, grille_policy **policy, grille_identity **identity) {
    if (renewal->policy != NULL) {
        grille_policy_free(*policy);
        *policy = grille_policy_ref(renewal->policy);
    }
    if (renewal->identity != NULL) {
        grille_identity_free(*identity);
        *identity = grille_identity_ref(renewal->identity);
    }
}
