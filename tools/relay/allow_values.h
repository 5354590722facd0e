/* SPDX-License-Identifier: Apache-2.0
 * Values of an allow-list: scalars into rules, ports and names. Each refuses with file:line:column: POLICY_TYPE,
 * POLICY_VALUE, POLICY_LENGTH. */
#ifndef GRILLE_TOOLS_RELAY_ALLOW_VALUES_H
#define GRILLE_TOOLS_RELAY_ALLOW_VALUES_H

#include "attest/policy_yaml.h"
#include "relay/allow_sets.h"

/* The rule of a peer, or of a target, of this family. */
GRILLE_MUST_USE grille_reason relay_value_rule(const grille_yaml *yaml, const yaml_node_t *node, bool of_peer,
                                               grille_address_kind of, relay_rule *rule);
/* "443" or "8000-8010". */
GRILLE_MUST_USE grille_reason relay_value_ports(const grille_yaml *yaml, const yaml_node_t *node, relay_ports *ports);
/* Letters, digits and "-_." */
GRILLE_MUST_USE grille_reason relay_value_name(const grille_yaml *yaml, const yaml_node_t *node,
                                               char name[RELAY_LIMIT_NAME_BYTES + 1]);

#endif
