/* SPDX-License-Identifier: Apache-2.0
 * Reading an allow-list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "egress/allow_values.h"

/* The list while it is read, and the set while it is. */
typedef struct parser {
    grille_yaml yaml;
    grille_allow *allow;
    grille_allow_set *set;
    grille_allow_use use;
    const yaml_node_t *listed; /* `allowlist:` */
    bool of_peers;
    bool has_addresses;
    bool needs_ports;
    yaml_node_t *to[GRILLE_LIMIT_ALLOW_SETS]; /* of each set of peers; read when all targets are known */
} parser;

/* ---- Keys of one set ---- */

static grille_reason read_name(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    (void)key;
    return grille_allow_value_name(&p->yaml, value, p->set->name);
}

/* The length of a list that makes a set's array `size` bytes per item longer. */
static grille_reason grow(parser *p, const yaml_node_t *list, const char *what, void **array, size_t had, size_t size,
                          size_t *count) {
    grille_reason reason = grille_yaml_list(&p->yaml, list, what, count);
    if (reason != GRILLE_REASON_OK) return reason;
    if (*count > GRILLE_LIMIT_ALLOW_RULES - had) {
        return grille_yaml_fail(&p->yaml, list, GRILLE_REASON_POLICY_LENGTH,
                                "this set would have %zu entries, more than %d: make two sets of it", had + *count,
                                GRILLE_LIMIT_ALLOW_RULES);
    }
    void *grown = realloc(*array, (had + *count) * size);
    if (grown == NULL) return grille_error_default(p->yaml.error, GRILLE_REASON_OUT_OF_MEMORY);
    *array = grown;
    return GRILLE_REASON_OK;
}

static grille_reason read_rules(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    grille_allow_set *set = p->set;
    const grille_address_kind of = (grille_address_kind)key->argument;
    size_t count = 0;
    void *rules = set->rules;
    grille_reason reason = grow(p, value, key->key, &rules, set->rule_count, sizeof *set->rules, &count);
    set->rules = rules;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < count; i++) {
        reason = grille_allow_value_rule(&p->yaml, grille_yaml_item(&p->yaml, value, i), p->of_peers, of,
                                         &set->rules[set->rule_count]);
        if (reason == GRILLE_REASON_OK) set->rule_count++;
    }
    p->has_addresses = true;
    if (of != GRILLE_ADDRESS_UNIX && of != GRILLE_ADDRESS_UNIX_ABSTRACT) p->needs_ports = true;
    return reason;
}

static grille_reason read_names(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    grille_allow_set *set = p->set;
    size_t count = 0;
    void *rules = set->rules;
    grille_reason reason = grow(p, value, key->key, &rules, set->rule_count, sizeof *set->rules, &count);
    set->rules = rules;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < count; i++) {
        reason = grille_allow_value_host(&p->yaml, grille_yaml_item(&p->yaml, value, i), &set->rules[set->rule_count]);
        if (reason == GRILLE_REASON_OK) set->rule_count++;
    }
    p->has_addresses = p->needs_ports = true;
    return reason;
}

static grille_reason read_ports(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    grille_allow_set *set = p->set;
    size_t count = 0;
    void *ports = set->ports;
    grille_reason reason = grow(p, value, key->key, &ports, set->port_count, sizeof *set->ports, &count);
    set->ports = ports;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < count; i++) {
        reason = grille_allow_value_ports(&p->yaml, grille_yaml_item(&p->yaml, value, i), &set->ports[set->port_count]);
        if (reason == GRILLE_REASON_OK) set->port_count++;
    }
    return reason;
}

static grille_reason read_to(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    size_t count = 0;
    p->to[p->set - p->allow->peers] = value;
    return grille_yaml_list(&p->yaml, value, key->key, &count);
}

static const grille_yaml_key peer_keys[] = {
    {"name", read_name, 0},
    {"tcp", read_rules, GRILLE_ADDRESS_TCP},
    {"unix", read_rules, GRILLE_ADDRESS_UNIX},
    {"vsock", read_rules, GRILLE_ADDRESS_VSOCK},
    {"to", read_to, 0},
};

static const grille_yaml_key target_keys[] = {
    {"name", read_name, 0},
    {"names", read_names, 0},
    {"tcp", read_rules, GRILLE_ADDRESS_TCP},
    {"unix", read_rules, GRILLE_ADDRESS_UNIX},
    {"unix-abstract", read_rules, GRILLE_ADDRESS_UNIX_ABSTRACT},
    {"vsock", read_rules, GRILLE_ADDRESS_VSOCK},
    {"hybrid", read_rules, GRILLE_ADDRESS_HYBRID},
    {"nitro", read_rules, GRILLE_ADDRESS_NITRO},
    {"ports", read_ports, 0},
};

/* ---- Sets ---- */

static grille_reason check_set(parser *p, const yaml_node_t *node, const grille_allow_set *sets, size_t before) {
    const grille_yaml *yaml = &p->yaml;
    if (p->set->name[0] == '\0') {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY, "this set has no name: add name: …");
    }
    for (size_t i = 0; i < before; i++) {
        if (strcmp(sets[i].name, p->set->name) != 0) continue;
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_DUPLICATE_KEY,
                                "the name \"%s\" comes a second time: names tell sets apart", p->set->name);
    }
    if (!p->has_addresses) {
        return grille_yaml_fail(
            yaml, node, GRILLE_REASON_POLICY_MISSING_KEY, "the set \"%s\" has no addresses: add %s", p->set->name,
            p->of_peers ? "tcp:, unix: or vsock:" : "tcp:, names:, unix:, unix-abstract:, vsock:, hybrid: or nitro:");
    }
    if (p->of_peers || p->needs_ports == (p->set->port_count > 0)) return GRILLE_REASON_OK;
    if (p->needs_ports) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                "the set \"%s\" has no ports: add ports: [443], or what it needs", p->set->name);
    }
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                            "the set \"%s\" has ports, but only Unix sockets, which have none", p->set->name);
}

static grille_reason read_sets(parser *p, const yaml_node_t *list, bool of_peers) {
    grille_allow_set *sets = of_peers ? p->allow->peers : p->allow->targets;
    size_t *done = of_peers ? &p->allow->peer_count : &p->allow->target_count;
    const char *what = of_peers ? "peers" : "targets";
    const grille_yaml_key *keys = of_peers ? peer_keys : target_keys;
    const size_t key_count =
        of_peers ? sizeof peer_keys / sizeof peer_keys[0] : sizeof target_keys / sizeof target_keys[0];
    size_t count = 0;
    grille_reason reason = grille_yaml_list(&p->yaml, list, what, &count);
    if (reason == GRILLE_REASON_OK && count > GRILLE_LIMIT_ALLOW_SETS) {
        return grille_yaml_fail(&p->yaml, list, GRILLE_REASON_POLICY_LENGTH, "%s has %zu sets, more than %d", what,
                                count, GRILLE_LIMIT_ALLOW_SETS);
    }
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < count; i++) {
        const yaml_node_t *node = grille_yaml_item(&p->yaml, list, i);
        p->set = &sets[i];
        p->of_peers = of_peers;
        p->has_addresses = p->needs_ports = false;
        reason = grille_yaml_read_map(&p->yaml, node, "a set", keys, key_count, p);
        if (reason == GRILLE_REASON_OK) reason = check_set(p, node, sets, i);
        if (reason == GRILLE_REASON_OK) *done = i + 1;
    }
    return reason;
}

static grille_reason read_peers(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    (void)key;
    return read_sets(target, value, true);
}

static grille_reason read_targets(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    (void)key;
    return read_sets(target, value, false);
}

/* ---- Which targets a set of peers may reach ---- */

static grille_reason read_target_name(parser *p, const yaml_node_t *node, uint64_t *to) {
    char name[GRILLE_LIMIT_ALLOW_NAME_BYTES + 1];
    grille_reason reason = grille_allow_value_name(&p->yaml, node, name);
    if (reason != GRILLE_REASON_OK) return reason;
    for (size_t i = 0; i < p->allow->target_count; i++) {
        if (strcmp(p->allow->targets[i].name, name) != 0) continue;
        *to |= UINT64_C(1) << i;
        return GRILLE_REASON_OK;
    }
    return grille_yaml_fail(&p->yaml, node, GRILLE_REASON_POLICY_VALUE, "no set of targets has the name \"%s\"", name);
}

static grille_reason join(parser *p) {
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < p->allow->peer_count; i++) {
        grille_allow_set *set = &p->allow->peers[i];
        size_t count = 0;
        if (p->to[i] == NULL) {
            set->to = UINT64_MAX;
            continue;
        }
        reason = grille_yaml_list(&p->yaml, p->to[i], "to", &count);
        for (size_t k = 0; reason == GRILLE_REASON_OK && k < count; k++)
            reason = read_target_name(p, grille_yaml_item(&p->yaml, p->to[i], k), &set->to);
    }
    return reason;
}

/* ---- The root ---- */

static grille_reason read_listed(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    parser *p = target;
    (void)key;
    p->listed = value;
    return GRILLE_REASON_OK;
}

static grille_reason missing(const parser *p, const yaml_node_t *root, const char *what) {
    return grille_yaml_fail(&p->yaml, root, GRILLE_REASON_POLICY_MISSING_KEY,
                            "the allow-list has no %s: it would let nobody through", what);
}

static grille_reason check_root(const parser *p, const yaml_node_t *root) {
    const grille_allow *allow = p->allow;
    if (p->listed != NULL && allow->target_count > 0) {
        return grille_yaml_fail(&p->yaml, p->listed, GRILLE_REASON_POLICY_VALUE,
                                "the allow-list has targets: and allowlist:, which are two forms of one thing: write "
                                "one of them");
    }
    if (p->use == GRILLE_ALLOW_FOR_TARGETS && allow->peer_count > 0) {
        return grille_yaml_fail(&p->yaml, root, GRILLE_REASON_POLICY_VALUE,
                                "the allow-list has peers:, but who may call is decided by the policy's may_call: "
                                "leave them out here");
    }
    if (p->listed != NULL) return GRILLE_REASON_OK;
    if (p->use == GRILLE_ALLOW_FOR_PEERS && allow->peer_count == 0) return missing(p, root, "peers:");
    return allow->target_count == 0 ? missing(p, root, "targets:") : GRILLE_REASON_OK;
}

static grille_reason read_root(parser *p, const yaml_node_t *root) {
    static const grille_yaml_key keys[] = {
        {"peers", read_peers, 0}, {"targets", read_targets, 0}, {"allowlist", read_listed, 0}};
    grille_reason reason = grille_yaml_read_map(&p->yaml, root, "the allow-list", keys, 3, p);
    if (reason == GRILLE_REASON_OK) reason = check_root(p, root);
    if (reason == GRILLE_REASON_OK && p->listed != NULL) {
        reason = grille_allow_read_listed(&p->yaml, p->listed, p->allow);
    }
    return reason == GRILLE_REASON_OK ? join(p) : reason;
}

/* ---- The whole ---- */

grille_reason grille_allow_parse(grille_bytes text, const char *name, grille_allow_use use, grille_allow **allow,
                                 grille_error *error) {
    parser p = {.use = use};
    yaml_node_t *root = NULL;
    grille_reason reason = grille_allow_new(&p.allow);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    reason = grille_yaml_open(&p.yaml, text, name, &root, error);
    if (reason == GRILLE_REASON_OK) {
        reason = read_root(&p, root);
        grille_yaml_close(&p.yaml);
    }
    if (reason != GRILLE_REASON_OK) {
        grille_allow_free(p.allow);
        return reason;
    }
    *allow = p.allow;
    return GRILLE_REASON_OK;
}
