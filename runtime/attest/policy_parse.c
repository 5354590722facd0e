/* SPDX-License-Identifier: Apache-2.0
 * A policy file's top level, and the functions that make a policy of it. docs/policy.md has the format. */
#include <stdlib.h>
#include <string.h>

#include "attest/policy_development_root.h"
#include "attest/policy_set.h"
#include "attest/policy_value.h"
#include "base/bytes.h"
#include "base/error.h"
#include "grille/log.h"
#include "wire/limits.h"

/* What a policy allocates is bounded by its files, whose sizes are. */
#define POLICY_MEMORY_BYTES ((size_t)64 << 20)

/* Words are in the order of their bool: index 1 sets it. */
static grille_reason read_order(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    static const char *const words[] = {"any", "responder_first"};
    grille_policy_parser *parser = target;
    size_t index = 0;
    grille_reason reason = grille_policy_read_word(&parser->yaml, value, key->key, words, 2, &index);
    parser->policy->responder_first = index == 1;
    return reason;
}

static grille_reason read_schema(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    static const char *const words[] = {"warn", "exact"};
    grille_policy_parser *parser = target;
    size_t index = 0;
    grille_reason reason = grille_policy_read_word(&parser->yaml, value, key->key, words, 2, &index);
    parser->policy->exact_schema = index == 1;
    return reason;
}

static grille_reason read_service(grille_policy_parser *parser, const grille_yaml_key *key, yaml_node_t *value,
                                  grille_policy_word *word) {
    bool allowed = false;
    grille_reason reason = grille_policy_read_bool(&parser->yaml, value, key->key, &allowed);
    *word = allowed ? GRILLE_POLICY_YES : GRILLE_POLICY_NO;
    return reason;
}

static grille_reason read_reflection(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return read_service(parser, key, value, &parser->policy->reflection);
}

static grille_reason read_stats(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return read_service(parser, key, value, &parser->policy->stats);
}

static grille_reason read_max_age(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return grille_policy_read_duration(&parser->yaml, value, key->key, 1, GRILLE_LIMIT_POLICY_MAX_AGE_MS,
                                       &parser->policy->max_age_ms);
}

static grille_reason read_clock_skew(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return grille_policy_read_duration(&parser->yaml, value, key->key, 0, GRILLE_LIMIT_POLICY_CLOCK_SKEW_MS,
                                       &parser->policy->clock_skew_ms);
}

static grille_reason read_reattest(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return grille_policy_read_duration(&parser->yaml, value, key->key, GRILLE_LIMIT_POLICY_REATTEST_LEAST_MS,
                                       GRILLE_LIMIT_POLICY_REATTEST_MOST_MS, &parser->policy->reattest_ms);
}

static grille_reason read_version(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    grille_reason reason = grille_policy_read_unsigned(&parser->yaml, value, key->key, &parser->policy->version);
    if (reason != GRILLE_REASON_OK || parser->policy->version > 0) return reason;
    return grille_yaml_fail(&parser->yaml, value, GRILLE_REASON_POLICY_VALUE,
                            "version 0 says nothing: begin at 1, or leave the key out");
}

static grille_reason read_update_key(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return grille_policy_read_public_key(parser, value, key->key, &parser->policy->update_curve,
                                         &parser->policy->update_point);
}

static grille_reason read_allow_debug(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    return grille_policy_read_bool(&parser->yaml, value, key->key, &parser->policy->insecure_allow_debug);
}

static grille_reason read_development_root(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    (void)key;
    return grille_policy_read_development_root(target, value);
}

static grille_reason check_unique_name(const grille_policy_parser *parser, const yaml_node_t *node,
                                       const grille_policy_set *sets, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(sets[i].name, sets[index].name) != 0) continue;
        return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_VALUE,
                                "the name \"%s\" is used by an earlier set: names are unique", sets[index].name);
    }
    return GRILLE_REASON_OK;
}

static grille_reason read_peers(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_parser *parser = target;
    size_t count = 0;
    grille_policy_set *sets;
    grille_reason reason = grille_yaml_list(&parser->yaml, value, key->key, &count);
    if (reason != GRILLE_REASON_OK) return reason;
    if (count > GRILLE_LIMIT_POLICY_SETS) {
        return grille_yaml_fail(&parser->yaml, value, GRILLE_REASON_POLICY_LENGTH, "%zu sets, expected at most %d",
                                count, GRILLE_LIMIT_POLICY_SETS);
    }
    sets = grille_arena_alloc(&parser->policy->arena, count * sizeof *sets);
    if (sets == NULL) return grille_error_default(parser->yaml.error, GRILLE_REASON_OUT_OF_MEMORY);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++) {
        yaml_node_t *node = grille_yaml_item(&parser->yaml, value, i);
        reason = grille_policy_read_set(parser, node, &sets[i]);
        if (reason == GRILLE_REASON_OK) reason = check_unique_name(parser, node, sets, i);
    }
    parser->policy->sets = sets;
    parser->policy->set_count = count;
    return reason;
}

static const grille_yaml_key keys[] = {
    {"peers", read_peers, 0},
    {"evidence_order", read_order, 0},
    {"max_age", read_max_age, 0},
    {"clock_skew", read_clock_skew, 0},
    {"reattest", read_reattest, 0},
    {"version", read_version, 0},
    {"update_key", read_update_key, 0},
    {"schema", read_schema, 0},
    {"reflection", read_reflection, 0},
    {"stats", read_stats, 0},
    {"insecure_allow_debug", read_allow_debug, 0},
    {"insecure_development_root", read_development_root, 0},
};

static grille_reason read_policy(grille_policy_parser *parser, grille_bytes text, const char *name,
                                 grille_error *error) {
    yaml_node_t *root = NULL;
    grille_reason reason = parser->crypto->hash(GRILLE_SHA384, &text, 1, parser->policy->digest);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    reason = grille_yaml_open(&parser->yaml, text, name, &root, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_yaml_read_map(&parser->yaml, root, "a policy", keys, sizeof keys / sizeof keys[0], parser);
    if (reason == GRILLE_REASON_OK && parser->policy->set_count == 0) {
        reason = grille_yaml_fail(&parser->yaml, root, GRILLE_REASON_POLICY_EMPTY,
                                  "the policy accepts nobody: write peers: with at least one set");
    }
    grille_yaml_close(&parser->yaml);
    if (reason == GRILLE_REASON_OK) reason = grille_policy_find_warnings(parser->policy);
    return reason;
}

static void log_warnings(const grille_policy *policy) {
    for (size_t i = 0; i < policy->warning_count; i++)
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_ATTEST, "%s", policy->warnings[i]);
}

static grille_reason keep_name(grille_policy *policy, const char *name) {
    policy->name = (const char *)grille_arena_copy(&policy->arena, grille_bytes_of_text(name)).data;
    return policy->name == NULL ? GRILLE_REASON_OUT_OF_MEMORY : GRILLE_REASON_OK;
}

static grille_policy *new_policy(void) {
    grille_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) return NULL;
    atomic_init(&policy->owners, 1);
    grille_budget_init(&policy->budget, POLICY_MEMORY_BYTES);
    grille_arena_init(&policy->arena, NULL, 0, &policy->budget);
    policy->max_age_ms = GRILLE_DEFAULT_MAX_AGE_MS;
    policy->clock_skew_ms = GRILLE_DEFAULT_CLOCK_SKEW_MS;
    return policy;
}

grille_code grille_policy_parse(grille_bytes text, const char *name, const char *folder, grille_policy **policy,
                                grille_error *error) {
    grille_policy_parser parser = {.policy = new_policy(), .crypto = grille_crypto_wolf(), .folder = folder};
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    *policy = NULL;
    grille_error_clear(error);
    if (parser.policy != NULL && text.len > GRILLE_LIMIT_POLICY_FILE_BYTES) {
        reason = grille_error_set(error, GRILLE_REASON_POLICY_FILE, "%s has %zu bytes, expected at most %d", name,
                                  text.len, GRILLE_LIMIT_POLICY_FILE_BYTES);
    } else if (parser.policy != NULL) {
        reason = keep_name(parser.policy, name);
        if (reason == GRILLE_REASON_OK) reason = read_policy(&parser, text, name, error);
    }
    if (reason == GRILLE_REASON_OK) {
        log_warnings(parser.policy);
        *policy = parser.policy;
        return GRILLE_OK;
    }
    grille_policy_free(parser.policy);
    return grille_reason_code(grille_error_default(error, reason));
}

/* The folder of a path, with a terminator; empty when out of memory. */
static grille_bytes folder_of(const char *path, grille_arena *arena) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return grille_arena_copy(arena, grille_bytes_of_text("."));
    return grille_arena_copy(arena,
                             slash == path ? grille_bytes_of_text("/") : grille_bytes_of(path, (size_t)(slash - path)));
}

grille_code grille_policy_load(const char *path, grille_policy **policy, grille_error *error) {
    grille_budget budget;
    grille_arena arena;
    grille_bytes text, folder;
    grille_code code;
    grille_reason reason;
    *policy = NULL;
    grille_error_clear(error);
    grille_budget_init(&budget, (size_t)2 * GRILLE_LIMIT_POLICY_FILE_BYTES);
    grille_arena_init(&arena, NULL, 0, &budget);
    reason = grille_policy_read_file(path, GRILLE_LIMIT_POLICY_FILE_BYTES, &arena, &text, error);
    folder = folder_of(path, &arena);
    if (reason == GRILLE_REASON_OK && folder.data == NULL) reason = GRILLE_REASON_OUT_OF_MEMORY;
    code = reason == GRILLE_REASON_OK ? grille_policy_parse(text, path, (const char *)folder.data, policy, error)
                                      : grille_reason_code(grille_error_default(error, reason));
    grille_arena_reset(&arena);
    if (code == GRILLE_OK) code = grille_reason_code(grille_policy_check_inlined(*policy, path, error));
    if (code == GRILLE_OK) return code;
    grille_policy_free(*policy);
    *policy = NULL;
    return code;
}
