/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_development_root.h"

#include "base/bytes.h"

#define KEY "insecure_development_root"

grille_reason grille_policy_read_development_root(grille_policy_parser *parser, const yaml_node_t *node) {
    size_t count = 0;
    grille_x509 root;
    grille_reason reason =
        grille_policy_read_certificates(parser, node, KEY, &parser->policy->development_root, 1, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_x509_read(parser->policy->development_root, &root);
    if (reason == GRILLE_REASON_OK && root.is_ca && root.has_ec_key && root.curve == GRILLE_P384) return reason;
    return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_CERTIFICATE,
                            KEY " is no CA with a P-384 key: give root.pem of the simulated NSM");
}

bool grille_attest_accepts_development_root(void) {
    return true;
}
