/* SPDX-License-Identifier: Apache-2.0
 * What a set asks of the peer's claims. */
#include "attest/policy_set_kinds.h"
#include "attest/policy_value.h"
#include "base/bytes.h"
#include "wire/limits.h"

static const char *const feature_names[] = {
    [GRILLE_POLICY_LOGS] = "logs",
    [GRILLE_POLICY_METRICS] = "metrics",
    [GRILLE_POLICY_REFLECTION] = "reflection",
    [GRILLE_POLICY_DEBUG] = "debug",
};

const char *grille_policy_feature_name(grille_policy_feature feature) {
    return feature_names[feature];
}

grille_reason grille_policy_set_read_refuse(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_yaml *yaml = &reader->parser->yaml;
    size_t count = 0;
    grille_reason reason = grille_yaml_list(yaml, value, key->key, &count);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        const yaml_node_t *item = grille_yaml_item(yaml, value, i);
        size_t feature = 0;
        reason = grille_policy_read_word(yaml, item, "a feature", feature_names, GRILLE_POLICY_FEATURE_COUNT, &feature);
        if (reason != GRILLE_REASON_OK) return reason;
        if ((reader->set->refused_features & 1u << feature) != 0) {
            return grille_yaml_fail(yaml, item, GRILLE_REASON_POLICY_VALUE, "%s comes a second time: keep one of them",
                                    feature_names[feature]);
        }
        reader->set->refused_features |= 1u << feature;
    }
    return reason;
}

static grille_reason read_digest(grille_yaml *yaml, const yaml_node_t *item, uint8_t digest[GRILLE_SHA384_BYTES]) {
    grille_reason reason = grille_policy_read_hex(yaml, item, "a policy digest", digest, GRILLE_SHA384_BYTES);
    if (reason != GRILLE_REASON_OK || !grille_bytes_all_zero(grille_bytes_of(digest, GRILLE_SHA384_BYTES))) {
        return reason;
    }
    return grille_yaml_fail(yaml, item, GRILLE_REASON_POLICY_VALUE,
                            "a policy digest is all zero: it would accept peers that tell none. grille policy check "
                            "prints a policy's digest");
}

grille_reason grille_policy_set_read_digests(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_yaml *yaml = &reader->parser->yaml;
    size_t count = 0;
    uint8_t(*digests)[GRILLE_SHA384_BYTES];
    grille_reason reason = grille_yaml_list(yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    if (count > GRILLE_LIMIT_POLICY_DIGESTS) {
        return grille_yaml_fail(yaml, value, GRILLE_REASON_POLICY_LENGTH, "%s has %zu digests, expected at most %d",
                                key->key, count, GRILLE_LIMIT_POLICY_DIGESTS);
    }
    digests = grille_arena_alloc(&reader->parser->policy->arena, count * sizeof *digests);
    if (digests == NULL) return grille_policy_set_out_of_memory(reader);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        reason = read_digest(yaml, grille_yaml_item(yaml, value, i), digests[i]);
    }
    reader->set->policy_digests = (const uint8_t(*)[GRILLE_SHA384_BYTES])digests;
    reader->set->policy_digest_count = count;
    return reason;
}
