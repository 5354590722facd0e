/* SPDX-License-Identifier: Apache-2.0
 * Sets of kind psk and anonymous: which keys, or nobody in particular. */
#include <string.h>
#include <sys/stat.h>

#include "attest/policy_set_kinds.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "wire/limits.h"

static grille_reason fold(void *user, grille_bytes content) {
    return grille_policy_fold_digest(user, content);
}

/* A value is the text of a key file, or the path of one. */
static grille_reason read_text_or_file(grille_policy_parser *parser, const yaml_node_t *node, grille_policy_psk *made) {
    static const char head[] = "grille-psk";
    grille_error cause = {.code = GRILLE_OK};
    char path[GRILLE_POLICY_PATH_BYTES];
    grille_bytes text;
    grille_reader reader;
    grille_reason reason = grille_yaml_text(&parser->yaml, node, "psk", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    reader = grille_reader_of(text);
    made->inlined = grille_bytes_equal(grille_read_bytes(&reader, sizeof head - 1), grille_bytes_of_text(head));
    if (made->inlined) {
        reason = grille_psk_read(parser->crypto, text, "psk", &made->psk, &cause);
    } else {
        reason = grille_policy_named_path(parser, node, "psk", text, path);
        if (reason != GRILLE_REASON_OK) return reason;
        reason = grille_psk_load(parser->crypto, path, fold, parser, &made->psk, &cause);
    }
    return reason == GRILLE_REASON_OK ? reason : grille_yaml_fail(&parser->yaml, node, reason, "%s", cause.text);
}

/* Ids and keys are unique in a policy: one key has one id and one role. */
static grille_reason check_unique(const grille_policy_parser *parser, const yaml_node_t *node, const grille_psk *psk) {
    for (const grille_policy_psk *at = parser->policy->psks; at != NULL; at = at->next) {
        if (strcmp(at->psk.id, psk->id) == 0) {
            return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_PSK,
                                    "the id \"%.100s\" is listed already: an id has one key, one role and one set",
                                    psk->id);
        }
        if (memcmp(at->psk.anchor, psk->anchor, sizeof psk->anchor) == 0) {
            return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_PSK,
                                    "the key of \"%.100s\" is that of \"%.100s\" too: a key has one id and one role. "
                                    "Make a second one with grille identity new psk",
                                    psk->id, at->psk.id);
        }
    }
    if (parser->policy->psk_count < GRILLE_LIMIT_POLICY_PSKS) return GRILLE_REASON_OK;
    return grille_yaml_fail(&parser->yaml, node, GRILLE_REASON_POLICY_LENGTH,
                            "more than %d keys: expected at most so many in a policy", GRILLE_LIMIT_POLICY_PSKS);
}

static grille_reason read_one(grille_policy_set_reader *reader, const yaml_node_t *node) {
    grille_policy *policy = reader->parser->policy;
    grille_policy_psk *made = grille_arena_alloc(&policy->arena, sizeof *made);
    grille_policy_psk **end = &policy->psks;
    grille_reason reason;
    if (made == NULL) return grille_policy_set_out_of_memory(reader);
    *made = (grille_policy_psk){.set = reader->set};
    reason = read_text_or_file(reader->parser, node, made);
    if (reason == GRILLE_REASON_OK) reason = check_unique(reader->parser, node, &made->psk);
    if (reason != GRILLE_REASON_OK) return reason;
    while (*end != NULL)
        end = &(*end)->next;
    *end = made;
    policy->psk_count++;
    return GRILLE_REASON_OK;
}

/* One, or a list. */
static grille_reason read_psk(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    grille_policy_set_reader *reader = target;
    grille_yaml *yaml = &reader->parser->yaml;
    size_t count = 0;
    grille_reason reason;
    if (value->type != YAML_SEQUENCE_NODE) return read_one(reader, value);
    reason = grille_yaml_list(yaml, value, key->key, &count);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++)
        reason = read_one(reader, grille_yaml_item(yaml, value, i));
    return reason;
}

static const grille_yaml_key psk_keys[] = {
    {"psk", read_psk, 0},
};

static grille_reason check_psk(const grille_policy_set_reader *reader, yaml_node_t *node) {
    if (grille_yaml_find(&reader->parser->yaml, node, "psk") != NULL) return GRILLE_REASON_OK;
    return grille_yaml_fail(&reader->parser->yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                            "this set lacks \"psk\": the key file of each peer that it accepts");
}

const grille_policy_set_kind grille_policy_psk_sets = {.kind = GRILLE_IDENTITY_PSK,
                                                       .keys = psk_keys,
                                                       .key_count = sizeof psk_keys / sizeof psk_keys[0],
                                                       .check = check_psk};

/* What needs a peer that can be told from others. */
static const char *const for_somebody[] = {"min_build", "refuse", "policy_digest", "serves"};

static grille_reason check_anonymous(const grille_policy_set_reader *reader, yaml_node_t *node) {
    grille_yaml *yaml = &reader->parser->yaml;
    for (size_t i = 0; i < sizeof for_somebody / sizeof for_somebody[0]; i++) {
        const yaml_node_t *value = grille_yaml_find(yaml, node, for_somebody[i]);
        if (value == NULL) continue;
        return grille_yaml_fail(yaml, value, GRILLE_REASON_POLICY_VALUE,
                                "%s says nothing of an anonymous peer, which may be anybody: leave it out",
                                for_somebody[i]);
    }
    if (reader->set->may_call.count > 0) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                            "this set lacks \"may_call\": the methods that anybody may call");
}

const grille_policy_set_kind grille_policy_anonymous_sets = {.kind = GRILLE_IDENTITY_ANONYMOUS,
                                                             .check = check_anonymous};

grille_reason grille_policy_check_inlined(const grille_policy *policy, const char *path, grille_error *error) {
    struct stat status;
    const grille_policy_psk *at = policy->psks;
    while (at != NULL && !at->inlined)
        at = at->next;
    if (at == NULL || (stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0)) {
        return GRILLE_REASON_OK;
    }
    return grille_error_set(error, GRILLE_REASON_POLICY_PSK,
                            "%s:%zu:%zu: the key of \"%.100s\" stands in this file, which is open to others: who reads "
                            "it can be the peer. Run chmod 600 %s, or name a key file",
                            path, at->set->line, at->set->column, at->psk.id, path);
}
