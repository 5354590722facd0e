/* SPDX-License-Identifier: Apache-2.0
 * The policy key insecure_development_root: a root in place of AWS Nitro Enclaves G1. Two files implement it, of which
 * the build links one: release builds refuse the key. */
#ifndef GRILLE_ATTEST_POLICY_DEVELOPMENT_ROOT_H
#define GRILLE_ATTEST_POLICY_DEVELOPMENT_ROOT_H

#include "attest/policy_source.h"

/* Reads exactly one certificate as the policy's root, or answers POLICY_DEVELOPMENT_ROOT in a release build. */
GRILLE_MUST_USE grille_reason grille_policy_read_development_root(grille_policy_parser *parser,
                                                                  const yaml_node_t *node);

/* True unless this is a release build: for a root that is given without a policy. */
bool grille_attest_accepts_development_root(void);

#endif
