/* SPDX-License-Identifier: Apache-2.0
 * Another policy, another identity, or both, on their way to a loop. */
#ifndef GRILLE_LOOP_RENEWAL_H
#define GRILLE_LOOP_RENEWAL_H

#include "base/list.h"
#include "grille/policy.h"

typedef struct grille_renewal {
    grille_link link;          /* its owner's */
    grille_policy *policy;     /* a reference; NULL: as before */
    grille_identity *identity; /* the same */
    uint64_t number;           /* rises; its owner's */
} grille_renewal;

/* Takes references; NULL without memory. */
grille_renewal *grille_renewal_new(grille_policy *policy, const grille_identity *identity);
void grille_renewal_free(grille_renewal *renewal);

/* Puts references to what it brings in place of those that are there. */
void grille_renewal_keep(const grille_renewal *renewal, grille_policy **policy, grille_identity **identity);

#endif
