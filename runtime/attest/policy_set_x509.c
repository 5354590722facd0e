/* SPDX-License-Identifier: Apache-2.0
 * Sets of kind x509: who issues and who is meant. */
#include <string.h>

#include "attest/policy_set_kinds.h"
#include "attest/policy_value.h"
#include "base/error.h"
#include "wire/limits.h"

static grille_reason read_authorities(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_bytes *authorities =
        grille_arena_alloc(&reader->parser->policy->arena, GRILLE_LIMIT_POLICY_AUTHORITIES * sizeof *authorities);
    grille_reason reason;
    if (authorities == NULL) return grille_policy_set_out_of_memory(reader);
    reason = grille_policy_read_certificates(reader->parser, value, key->key, authorities,
                                             GRILLE_LIMIT_POLICY_AUTHORITIES, &reader->set->authority_count);
    for (size_t i = 0; i < reader->set->authority_count && reason == GRILLE_REASON_OK; i++) {
        grille_x509 ca;
        reason = grille_x509_read(authorities[i], &ca);
        if (reason != GRILLE_REASON_OK || !ca.is_ca || !ca.has_ec_key) {
            return grille_yaml_fail(&reader->parser->yaml, value, GRILLE_REASON_POLICY_CERTIFICATE,
                                    "certificate %zu is no CA with a P-256 or P-384 key: give the CA's own certificate",
                                    i + 1);
        }
    }
    reader->set->authorities = authorities;
    return reason;
}

static grille_reason read_one_name(grille_policy_set_reader *reader, const yaml_node_t *item,
                                   grille_policy_name *name) {
    grille_reason reason =
        grille_policy_read_label(&reader->parser->yaml, item, "a name", GRILLE_NAME_MAX - 1, &name->text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (memchr(name->text.data, '*', name->text.len) != NULL) {
        return grille_yaml_fail(&reader->parser->yaml, item, GRILLE_REASON_POLICY_VALUE,
                                "wildcards are not allowed in names: list each name");
    }
    name->kind = memchr(name->text.data, ':', name->text.len) != NULL ? GRILLE_X509_URI : GRILLE_X509_DNS;
    return grille_policy_set_keep(reader, name->text, &name->text);
}

static grille_reason read_names(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    size_t count = 0;
    grille_policy_name *names;
    grille_reason reason = grille_yaml_list(&reader->parser->yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    names = grille_arena_alloc(&reader->parser->policy->arena, count * sizeof *names);
    if (names == NULL) return grille_policy_set_out_of_memory(reader);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        reason = read_one_name(reader, grille_yaml_item(&reader->parser->yaml, value, i), &names[i]);
    }
    reader->set->names = names;
    reader->set->name_count = count;
    return reason;
}

static const grille_yaml_key keys[] = {
    {"ca", read_authorities, 0},
    {"names", read_names, 0},
};

static grille_reason check_x509(const grille_policy_set_reader *reader, yaml_node_t *node) {
    if (reader->set->authority_count > 0 && reader->set->name_count > 0) return GRILLE_REASON_OK;
    return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                            "this set lacks \"%s\": an x509 set needs ca (who issues) and names (who is meant)",
                            reader->set->authority_count == 0 ? "ca" : "names");
}

const grille_policy_set_kind grille_policy_x509_sets = {
    .kind = GRILLE_IDENTITY_X509, .keys = keys, .key_count = sizeof keys / sizeof keys[0], .check = check_x509};
