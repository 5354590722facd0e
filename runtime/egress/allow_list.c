/* SPDX-License-Identifier: Apache-2.0
 * Targets one by one: in the form of Nitro's vsock-proxy, and as an application names them. A set has rules and ports
 * that belong together, so those of one port make one set, or several when they are many. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "egress/allow_values.h"

grille_reason grille_allow_new(grille_allow **allow) {
    *allow = calloc(1, sizeof **allow);
    return *allow == NULL ? GRILLE_REASON_OUT_OF_MEMORY : GRILLE_REASON_OK;
}

/* The set that takes a rule for this port, or NULL: there are too many. */
static grille_allow_set *set_of_port(grille_allow *allow, uint32_t port) {
    for (size_t i = 0; i < allow->target_count; i++) {
        grille_allow_set *set = &allow->targets[i];
        if (set->port_count == 1 && set->ports[0].first == port && set->ports[0].last == port &&
            set->rule_count < GRILLE_LIMIT_ALLOW_RULES) {
            return set;
        }
    }
    return allow->target_count < GRILLE_LIMIT_ALLOW_SETS ? &allow->targets[allow->target_count] : NULL;
}

static grille_reason add_rule(grille_allow_set *set, const grille_allow_rule *rule) {
    grille_allow_rule *grown = realloc(set->rules, (set->rule_count + 1) * sizeof *grown);
    if (grown == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    set->rules = grown;
    set->rules[set->rule_count++] = *rule;
    return GRILLE_REASON_OK;
}

/* POLICY_LENGTH: there are too many. */
static grille_reason add(grille_allow *allow, const grille_allow_rule *rule, uint32_t port) {
    grille_allow_set *set = set_of_port(allow, port);
    if (set == NULL) return GRILLE_REASON_POLICY_LENGTH;
    if (set->ports == NULL) {
        set->ports = calloc(1, sizeof *set->ports);
        if (set->ports == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
        set->ports[0] = (grille_allow_ports){port, port};
        set->port_count = 1;
        (void)snprintf(set->name, sizeof set->name, "allowlist-%zu", allow->target_count + 1);
        allow->target_count++;
    }
    return add_rule(set, rule);
}

grille_reason grille_allow_add(grille_allow *allow, const grille_egress_target *target, grille_error *error) {
    const grille_address *address = &target->address;
    grille_allow_rule rule = {.of = GRILLE_ADDRESS_TCP, .kind = GRILLE_ALLOW_NETWORK};
    if (address->kind != GRILLE_ADDRESS_TCP || address->port == 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                                "a way out leads to tcp:HOST:PORT, and to no other kind of address");
    }
    if (grille_egress_target_is_name(target)) {
        rule.kind = GRILLE_ALLOW_NAME;
        rule.text_len = strlen(target->host);
        memcpy(rule.text, target->host, rule.text_len);
    } else {
        rule.ipv6 = address->ipv6;
        rule.prefix_bits = address->ipv6 ? 128 : 32;
        memcpy(rule.ip, address->ip, sizeof rule.ip);
    }
    const grille_reason reason = add(allow, &rule, address->port);
    if (reason == GRILLE_REASON_POLICY_LENGTH) {
        return grille_error_set(error, reason, "more than %d targets, or ports of targets", GRILLE_LIMIT_ALLOW_SETS);
    }
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

/* ---- allowlist: ---- */

typedef struct entry {
    const grille_yaml *yaml;
    grille_allow_rule rule;
    grille_allow_ports ports;
    bool has_address;
    bool has_port;
} entry;

static grille_reason read_address(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    entry *e = target;
    (void)key;
    e->has_address = true;
    return grille_allow_value_target(e->yaml, value, &e->rule);
}

static grille_reason read_port(void *target, const grille_yaml_key *key, yaml_node_t *value) {
    entry *e = target;
    (void)key;
    e->has_port = true;
    const grille_reason reason = grille_allow_value_ports(e->yaml, value, &e->ports);
    if (reason != GRILLE_REASON_OK) return reason;
    if (e->ports.first == e->ports.last && e->ports.first >= 1 && e->ports.last <= UINT16_MAX) return reason;
    return grille_yaml_fail(e->yaml, value, GRILLE_REASON_POLICY_VALUE, "port is one number from 1 to 65535 here");
}

static grille_reason read_entry(grille_yaml *yaml, const yaml_node_t *node, grille_allow *allow) {
    static const grille_yaml_key keys[] = {{"address", read_address, 0}, {"port", read_port, 0}};
    entry e = {.yaml = yaml};
    grille_reason reason = grille_yaml_read_map(yaml, node, "an entry of allowlist", keys, 2, &e);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!e.has_address || !e.has_port) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_MISSING_KEY,
                                "this entry has no %s: write {address: HOST, port: 443}",
                                e.has_address ? "port" : "address");
    }
    reason = add(allow, &e.rule, e.ports.first);
    if (reason == GRILLE_REASON_POLICY_LENGTH) {
        return grille_yaml_fail(yaml, node, reason, "allowlist has more than %d ports, or %d entries of one port each",
                                GRILLE_LIMIT_ALLOW_SETS, GRILLE_LIMIT_ALLOW_RULES);
    }
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(yaml->error, reason);
}

grille_reason grille_allow_read_listed(grille_yaml *yaml, const yaml_node_t *list, grille_allow *allow) {
    size_t count = 0;
    grille_reason reason = grille_yaml_list(yaml, list, "allowlist", &count);
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < count; i++)
        reason = read_entry(yaml, grille_yaml_item(yaml, list, i), allow);
    return reason;
}

/* ---- Files ---- */

grille_reason grille_allow_load(const char *path, grille_allow_use use, grille_allow **allow, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    uint8_t *text = malloc(GRILLE_LIMIT_ALLOW_FILE_BYTES + 1);
    FILE *file = text == NULL ? NULL : fopen(path, "rbe");
    if (text == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    const size_t len = file == NULL ? 0 : fread(text, 1, GRILLE_LIMIT_ALLOW_FILE_BYTES + 1, file);
    if (file == NULL || ferror(file) != 0) {
        reason = grille_error_set(error, GRILLE_REASON_POLICY_FILE, "can't read the allow-list %s: %s", path,
                                  strerror(errno));
    } else if (len > GRILLE_LIMIT_ALLOW_FILE_BYTES) {
        reason = grille_error_set(error, GRILLE_REASON_POLICY_LENGTH, "the allow-list %s has more than %d bytes", path,
                                  GRILLE_LIMIT_ALLOW_FILE_BYTES);
    } else {
        reason = grille_allow_parse(grille_bytes_of(text, len), path, use, allow, error);
    }
    if (file != NULL) (void)fclose(file);
    free(text);
    return reason;
}
