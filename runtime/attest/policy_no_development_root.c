/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_development_root.h"

grille_reason grille_policy_read_development_root(grille_policy_parser *parser, const yaml_node_t *node) {
    return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_DEVELOPMENT_ROOT,
                            "insecure_development_root is refused by this release build, which trusts AWS Nitro "
                            "Enclaves G1 only: take the key out, or use a development build");
}

bool grille_attest_accepts_development_root(void) {
    return false;
}
