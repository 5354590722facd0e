/* SPDX-License-Identifier: Apache-2.0
 * Values of an allow-list: scalars into rules, ports and names. Each refuses with file:line:column: POLICY_TYPE,
 * POLICY_VALUE, POLICY_LENGTH. */
#ifndef GRILLE_EGRESS_ALLOW_VALUES_H
#define GRILLE_EGRESS_ALLOW_VALUES_H

#include "attest/policy_yaml.h"
#include "egress/allow_sets.h"

/* The rule of a peer, or of a target, of this family. */
GRILLE_MUST_USE grille_reason grille_allow_value_rule(const grille_yaml *yaml, const yaml_node_t *node, bool of_peer,
                                                      grille_address_kind of, grille_allow_rule *rule);
/* A host's name, as a rule for targets of TCP. */
GRILLE_MUST_USE grille_reason grille_allow_value_host(const grille_yaml *yaml, const yaml_node_t *node,
                                                      grille_allow_rule *rule);
/* A host's name, an address of TCP or a network. */
GRILLE_MUST_USE grille_reason grille_allow_value_target(const grille_yaml *yaml, const yaml_node_t *node,
                                                        grille_allow_rule *rule);
/* "443" or "8000-8010". */
GRILLE_MUST_USE grille_reason grille_allow_value_ports(const grille_yaml *yaml, const yaml_node_t *node,
                                                       grille_allow_ports *ports);
/* Letters, digits and "-_." */
GRILLE_MUST_USE grille_reason grille_allow_value_name(const grille_yaml *yaml, const yaml_node_t *node,
                                                      char name[GRILLE_LIMIT_ALLOW_NAME_BYTES + 1]);

/* `allowlist:` into sets of targets. */
GRILLE_MUST_USE grille_reason grille_allow_read_listed(grille_yaml *yaml, const yaml_node_t *list, grille_allow *allow);

#endif
