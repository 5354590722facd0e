/* SPDX-License-Identifier: Apache-2.0
 * Keys of maps: known, nearest, twice. */
#include <string.h>

#include "attest/policy_yaml.h"
#include "base/bytes.h"

#define NEAREST_KEY_MAX 32

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) from `text` to `key`: Wagner and Fischer, one row at a time. */
static size_t edit_distance(grille_bytes text, grille_bytes key) {
    size_t row[NEAREST_KEY_MAX + 1];
    for (size_t k = 0; k <= key.len; k++)
        row[k] = k;
    for (size_t t = 0; t < text.len; t++) {
        size_t diagonal = row[0];
        row[0] = t + 1;
        for (size_t k = 0; k < key.len; k++) {
            size_t above = row[k + 1];
            size_t replaced = diagonal + (text.data[t] == key.data[k] ? 0 : 1);
            row[k + 1] = least(replaced, least(above, row[k]) + 1);
            diagonal = above;
        }
    }
    return row[key.len];
}

static const char *nearest_key(grille_bytes text, const grille_yaml_key *keys, size_t key_count) {
    const char *nearest = keys[0].key;
    size_t smallest = SIZE_MAX;
    grille_bytes compared = grille_bytes_of(text.data, least(text.len, NEAREST_KEY_MAX));
    for (size_t i = 0; i < key_count; i++) {
        size_t distance = edit_distance(compared, grille_bytes_of_text(keys[i].key));
        if (distance < smallest) nearest = keys[i].key;
        smallest = least(smallest, distance);
    }
    return nearest;
}

static const grille_yaml_key *known_key(grille_bytes text, const grille_yaml_key *keys, size_t key_count) {
    for (size_t i = 0; i < key_count; i++) {
        if (grille_bytes_equal(text, grille_bytes_of_text(keys[i].key))) return &keys[i];
    }
    return NULL;
}

/* The text of a pair's key; empty for a key that is no scalar. */
static grille_bytes key_text(grille_yaml *yaml, const yaml_node_pair_t *pair) {
    const yaml_node_t *node = yaml_document_get_node(&yaml->document, pair->key);
    if (node->type != YAML_SCALAR_NODE) return grille_bytes_of(NULL, 0);
    return grille_bytes_of(node->data.scalar.value, node->data.scalar.length);
}

yaml_node_t *grille_yaml_find(grille_yaml *yaml, const yaml_node_t *map, const char *key) {
    if (map == NULL || map->type != YAML_MAPPING_NODE) return NULL;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
        if (grille_bytes_equal(key_text(yaml, pair), grille_bytes_of_text(key))) {
            return yaml_document_get_node(&yaml->document, pair->value);
        }
    }
    return NULL;
}

bool grille_yaml_keys_unique(grille_yaml *yaml, const yaml_node_t *map) {
    yaml_node_pair_t *start, *top;
    if (map == NULL || map->type != YAML_MAPPING_NODE) return false;
    start = map->data.mapping.pairs.start;
    top = map->data.mapping.pairs.top;
    if (top - start > GRILLE_YAML_KEYS_MAX) return false;
    for (yaml_node_pair_t *pair = start; pair < top; pair++) {
        if (key_text(yaml, pair).len == 0) return false;
        for (yaml_node_pair_t *earlier = start; earlier < pair; earlier++) {
            if (grille_bytes_equal(key_text(yaml, earlier), key_text(yaml, pair))) return false;
        }
    }
    return true;
}

static grille_reason read_pair(grille_yaml *yaml, const yaml_node_pair_t *pair, const grille_yaml_key *keys,
                               size_t key_count, uint64_t *seen, void *target) {
    const yaml_node_t *key_node = yaml_document_get_node(&yaml->document, pair->key);
    const grille_yaml_key *key;
    grille_bytes text;
    uint64_t bit;
    grille_reason reason = grille_yaml_text(yaml, key_node, "a key", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    key = known_key(text, keys, key_count);
    if (key == NULL) {
        return grille_yaml_fail(yaml, key_node, GRILLE_REASON_POLICY_UNKNOWN_KEY,
                                "unknown key \"%.*s\"; the nearest valid key here is \"%s\"",
                                (int)least(text.len, NEAREST_KEY_MAX), (const char *)text.data,
                                nearest_key(text, keys, key_count));
    }
    bit = UINT64_C(1) << (key - keys);
    if ((*seen & bit) != 0) {
        return grille_yaml_fail(yaml, key_node, GRILLE_REASON_POLICY_DUPLICATE_KEY,
                                "the key \"%s\" comes a second time: keep one of them", key->key);
    }
    *seen |= bit;
    return key->read(target, key, yaml_document_get_node(&yaml->document, pair->value));
}

grille_reason grille_yaml_read_map(grille_yaml *yaml, const yaml_node_t *map, const char *what,
                                   const grille_yaml_key *keys, size_t key_count, void *target) {
    grille_reason reason = GRILLE_REASON_OK;
    uint64_t seen = 0;
    if (map->type != YAML_MAPPING_NODE) {
        return grille_yaml_fail(yaml, map, GRILLE_REASON_POLICY_TYPE, "%s is not a map of \"key: value\" lines", what);
    }
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top && reason == GRILLE_REASON_OK; pair++) {
        reason = read_pair(yaml, pair, keys, key_count, &seen, target);
    }
    return reason;
}
