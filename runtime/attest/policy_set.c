/* SPDX-License-Identifier: Apache-2.0
 * What all sets have; policy_set_KIND.c have the rest. */
#include <string.h>

#include "attest/policy_set_kinds.h"
#include "attest/policy_value.h"
#include "base/error.h"

grille_reason grille_policy_set_out_of_memory(const grille_policy_set_reader *reader) {
    return grille_error_default(reader->parser->yaml.error, GRILLE_REASON_OUT_OF_MEMORY);
}

grille_reason grille_policy_set_keep(const grille_policy_set_reader *reader, grille_bytes text, grille_bytes *kept) {
    *kept = grille_arena_copy(&reader->parser->policy->arena, text);
    return kept->data == NULL ? grille_policy_set_out_of_memory(reader) : GRILLE_REASON_OK;
}

static grille_reason read_name(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_bytes name;
    grille_reason reason = grille_policy_read_label(&reader->parser->yaml, value, key->key, GRILLE_NAME_MAX - 1, &name);
    if (reason == GRILLE_REASON_OK) reason = grille_policy_set_keep(reader, name, &name);
    if (reason == GRILLE_REASON_OK) reader->set->name = (const char *)name.data;
    return reason;
}

/* `kind` chose this table already. */
static grille_reason read_kind(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    (void)target;
    (void)key;
    (void)value;
    return GRILLE_REASON_OK;
}

static grille_reason read_not_after(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    return grille_policy_read_time(&reader->parser->yaml, value, key->key, &reader->set->not_after_ms);
}

static grille_reason read_min_build(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    return grille_policy_read_unsigned(&reader->parser->yaml, value, key->key, &reader->set->min_build);
}

static grille_reason read_methods(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    bool may_call = key->argument == 0;
    grille_policy_methods *methods = may_call ? &reader->set->may_call : &reader->set->serves;
    size_t count = 0;
    grille_bytes *patterns;
    grille_reason reason = grille_yaml_list(&reader->parser->yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    patterns = grille_arena_alloc(&reader->parser->policy->arena, count * sizeof *patterns);
    if (patterns == NULL) return grille_policy_set_out_of_memory(reader);
    for (size_t i = 0; i < count; i++) {
        reason = grille_policy_read_method(&reader->parser->yaml, grille_yaml_item(&reader->parser->yaml, value, i),
                                           &patterns[i]);
        if (reason == GRILLE_REASON_OK) reason = grille_policy_set_keep(reader, patterns[i], &patterns[i]);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    *methods = (grille_policy_methods){.patterns = patterns, .count = count};
    return GRILLE_REASON_OK;
}

static const grille_yaml_key common_keys[] = {
    {"name", read_name, 0},
    {"kind", read_kind, 0},
    {"not_after", read_not_after, 0},
    {"min_build", read_min_build, 0},
    {"may_call", read_methods, 0},
    {"serves", read_methods, 1},
    {"refuse", grille_policy_set_read_refuse, 0},
    {"policy_digest", grille_policy_set_read_digests, 0},
};

enum { COMMON_KEYS = sizeof common_keys / sizeof common_keys[0] };

static grille_reason find_kind(grille_yaml *yaml, yaml_node_t *node, const grille_policy_set_kind **kind) {
    static const char *const words[] = {"nitro", "x509", "psk", "anonymous"};
    static const grille_policy_set_kind *const kinds[] = {&grille_policy_nitro_sets, &grille_policy_x509_sets,
                                                          &grille_policy_psk_sets, &grille_policy_anonymous_sets};
    const yaml_node_t *value = grille_yaml_find(yaml, node, "kind");
    size_t index = 0;
    grille_reason reason;
    if (value == NULL) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                "this set lacks \"kind\": write kind: nitro, x509, psk or anonymous");
    }
    reason = grille_policy_read_word(yaml, value, "kind", words, 4, &index);
    if (reason == GRILLE_REASON_OK) *kind = kinds[index];
    return reason;
}

static grille_reason read_keys(grille_policy_set_reader *reader, const yaml_node_t *node,
                               const grille_policy_set_kind *kind) {
    grille_yaml_key keys[GRILLE_YAML_KEYS_MAX];
    memcpy(keys, common_keys, sizeof common_keys);
    if (kind->key_count > 0) memcpy(&keys[COMMON_KEYS], kind->keys, kind->key_count * sizeof keys[0]);
    return grille_yaml_read_map(&reader->parser->yaml, node, "a set", keys, COMMON_KEYS + kind->key_count, reader);
}

grille_reason grille_policy_read_set(grille_policy_parser *parser, yaml_node_t *node, grille_policy_set *set) {
    grille_policy_set_reader reader = {.parser = parser, .set = set};
    const grille_policy_set_kind *kind = NULL;
    grille_reason reason;
    *set = (grille_policy_set){
        .not_after_ms = GRILLE_WALL_NEVER, .line = node->start_mark.line + 1, .column = node->start_mark.column + 1};
    if (node->type != YAML_MAPPING_NODE) {
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_TYPE,
                                "a set is a map of \"key: value\" lines");
    }
    reason = find_kind(&parser->yaml, node, &kind);
    if (reason != GRILLE_REASON_OK) return reason;
    set->kind = kind->kind;
    reason = read_keys(&reader, node, kind);
    if (reason == GRILLE_REASON_OK && set->name == NULL) {
        reason = grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                  "this set lacks \"name\", which logs and errors call it by");
    }
    return reason == GRILLE_REASON_OK ? kind->check(&reader, node) : reason;
}
