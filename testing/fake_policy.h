/* SPDX-License-Identifier: Apache-2.0
 * A policy that lets fake peers of every kind call and serve all that there is. */
#ifndef GRILLE_TESTING_FAKE_POLICY_H
#define GRILLE_TESTING_FAKE_POLICY_H

#include "grille/policy.h"
#include "grille/reasons.h"
#include "grille/services.h"

/* The set that every fake peer has passed. */
#define GRILLE_INSECURE_FAKE_SET "insecure-fake"

/* For the methods of these services. The caller's; grille_policy_free. OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_insecure_fake_policy(const grille_services *services, grille_policy **policy);

#endif
