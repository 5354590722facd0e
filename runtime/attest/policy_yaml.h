/* SPDX-License-Identifier: Apache-2.0
 * Strict YAML: the part of it that a policy may use, and errors with file:line:column. Over libyaml's document tree.
 * One document of maps, lists and scalars; no anchors, aliases, tags or further documents; at most
 * GRILLE_POLICY_YAML_DEPTH levels. A policy comes from its reader's own side, so memory is not budgeted beyond the
 * limit on the file. */
#ifndef GRILLE_ATTEST_POLICY_YAML_H
#define GRILLE_ATTEST_POLICY_YAML_H

#include <stdbool.h>
#include <yaml.h>

#include "grille/reasons.h"

#define GRILLE_POLICY_YAML_DEPTH 8

/* Caller's storage; nodes and texts live until grille_yaml_close. One thread. */
typedef struct grille_yaml {
    yaml_document_t document;
    const char *name; /* the file, in errors */
    grille_error *error;
} grille_yaml;

/* Reads `text`; *root is its top node. POLICY_SYNTAX, POLICY_STRUCTURE, or POLICY_EMPTY when there is none; then
 * nothing is open. `name` is borrowed until close. */
GRILLE_MUST_USE grille_reason grille_yaml_open(grille_yaml *yaml, grille_bytes text, const char *name,
                                               yaml_node_t **root, grille_error *error);
void grille_yaml_close(grille_yaml *yaml);

/* Sets the error to "name:line:column: …" of the node's start; returns the reason. */
grille_reason grille_yaml_fail(const grille_yaml *yaml, const yaml_node_t *node, grille_reason reason,
                               const char *format, ...) GRILLE_PRINTF(4, 5);

/* The text of a scalar; POLICY_TYPE for anything else, with `what` as the name of the value. */
GRILLE_MUST_USE grille_reason grille_yaml_text(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                               grille_bytes *text);

/* The nodes of a list that is not empty; POLICY_TYPE, or POLICY_EMPTY. */
GRILLE_MUST_USE grille_reason grille_yaml_list(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                               size_t *count);
yaml_node_t *grille_yaml_item(grille_yaml *yaml, const yaml_node_t *list, size_t index);

/* The value of a key, NULL when the node is no map or has no such key. */
yaml_node_t *grille_yaml_find(grille_yaml *yaml, const yaml_node_t *map, const char *key);

/* True when every key of the map is a scalar and none comes twice: for maps that are read by grille_yaml_find alone. */
bool grille_yaml_keys_unique(grille_yaml *yaml, const yaml_node_t *map);

/* One key that a map may have, and who reads its value. */
typedef struct grille_yaml_key {
    const char *key;
    grille_reason (*read)(void *target, const struct grille_yaml_key *key, yaml_node_t *value);
    unsigned argument; /* for the reader's use */
} grille_yaml_key;

#define GRILLE_YAML_KEYS_MAX 64

/* Reads a map by its table: each key known and at most once, in the order of the file. POLICY_TYPE, POLICY_UNKNOWN_KEY
 * (which names the nearest valid key), POLICY_DUPLICATE_KEY, or what a reader answered. */
GRILLE_MUST_USE grille_reason grille_yaml_read_map(grille_yaml *yaml, const yaml_node_t *map, const char *what,
                                                   const grille_yaml_key *keys, size_t key_count, void *target);

#endif
