/* SPDX-License-Identifier: Apache-2.0
 * One entry of a policy's list `peers`. */
#ifndef GRILLE_ATTEST_POLICY_SET_H
#define GRILLE_ATTEST_POLICY_SET_H

#include "attest/policy_source.h"

/* Reads one set, keys and their relations. POLICY_… at file:line:column. */
GRILLE_MUST_USE grille_reason grille_policy_read_set(grille_policy_parser *parser, yaml_node_t *node,
                                                     grille_policy_set *set);

/* A policy file with the text of a key in it is its owner's alone, like a key file. POLICY_PSK. */
GRILLE_MUST_USE grille_reason grille_policy_check_inlined(const grille_policy *policy, const char *path,
                                                          grille_error *error);

#endif
