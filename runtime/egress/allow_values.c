/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/allow_values.h"

#include <string.h>

#include "attest/policy_value.h"
#include "base/bytes.h"

/* VMADDR_CID_ANY, VMADDR_PORT_ANY and (uid_t)-1 are no values. */
#define NUMBER_MAX (UINT32_MAX - 1)

static bool is_word(const yaml_node_t *node, const char *word) {
    return node->type == YAML_SCALAR_NODE &&
           grille_bytes_equal(grille_bytes_of(node->data.scalar.value, node->data.scalar.length),
                              grille_bytes_of_text(word));
}

static grille_reason read_network(const grille_yaml *yaml, const yaml_node_t *node, grille_allow_rule *rule) {
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, "an address of tcp", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    const char *wrong = grille_network_parse(text, rule);
    rule->kind = GRILLE_ALLOW_NETWORK;
    if (wrong == NULL) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "\"%.*s\" %s", text.len < 64 ? (int)text.len : 64,
                            (const char *)text.data, wrong);
}

static grille_reason read_number(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                 grille_allow_rule *rule) {
    uint64_t value = 0;
    grille_reason reason = grille_policy_read_unsigned(yaml, node, what, &value);
    if (reason != GRILLE_REASON_OK) return reason;
    if (value > NUMBER_MAX) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is above 4294967294", what);
    }
    rule->kind = GRILLE_ALLOW_NUMBER;
    rule->number = (uint32_t)value;
    return GRILLE_REASON_OK;
}

static grille_reason read_path(const grille_yaml *yaml, const yaml_node_t *node, grille_allow_rule *rule) {
    grille_bytes text;
    grille_reason reason =
        grille_policy_read_label(yaml, node, "the path or name of a socket", GRILLE_ADDRESS_PATH_BYTES - 1, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    rule->kind = GRILLE_ALLOW_PATH;
    memcpy(rule->text, text.data, text.len);
    rule->text_len = text.len;
    return GRILLE_REASON_OK;
}

grille_reason grille_allow_value_host(const grille_yaml *yaml, const yaml_node_t *node, grille_allow_rule *rule) {
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, "a host's name", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    *rule = (grille_allow_rule){.of = GRILLE_ADDRESS_TCP, .kind = GRILLE_ALLOW_NAME};
    const char *wrong = grille_host_name_read(text, rule->text);
    rule->text_len = strlen(rule->text);
    if (wrong == NULL) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "\"%.*s\" %s", text.len < 64 ? (int)text.len : 64,
                            (const char *)text.data, wrong);
}

grille_reason grille_allow_value_target(const grille_yaml *yaml, const yaml_node_t *node, grille_allow_rule *rule) {
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, "address", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    *rule = (grille_allow_rule){.of = GRILLE_ADDRESS_TCP};
    return grille_host_is_name(text) ? grille_allow_value_host(yaml, node, rule) : read_network(yaml, node, rule);
}

grille_reason grille_allow_value_rule(const grille_yaml *yaml, const yaml_node_t *node, bool of_peer,
                                      grille_address_kind of, grille_allow_rule *rule) {
    *rule = (grille_allow_rule){.of = of};
    if (of == GRILLE_ADDRESS_TCP) return read_network(yaml, node, rule);
    if (of == GRILLE_ADDRESS_VSOCK && !of_peer && is_word(node, "parent")) {
        rule->kind = GRILLE_ALLOW_PARENT;
        return GRILLE_REASON_OK;
    }
    if (of_peer && is_word(node, "any")) {
        rule->kind = GRILLE_ALLOW_ANY;
        return GRILLE_REASON_OK;
    }
    if (of == GRILLE_ADDRESS_VSOCK) {
        return read_number(yaml, node, of_peer ? "a CID (or any)" : "a CID (or parent)", rule);
    }
    if (of_peer) return read_number(yaml, node, "a user id (or any)", rule);
    return read_path(yaml, node, rule);
}

/* Decimal, without leading zeros, at most NUMBER_MAX. */
static bool parse_port(grille_bytes text, uint32_t *port) {
    uint64_t value = 0;
    if (text.len == 0 || text.len > 10 || (text.len > 1 && text.data[0] == '0')) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *port = (uint32_t)value;
    return value <= NUMBER_MAX;
}

grille_reason grille_allow_value_ports(const grille_yaml *yaml, const yaml_node_t *node, grille_allow_ports *ports) {
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, "a port", &text);
    if (reason != GRILLE_REASON_OK) return reason;
    const uint8_t *dash = text.len == 0 ? NULL : memchr(text.data, '-', text.len);
    const size_t first_len = dash == NULL ? text.len : (size_t)(dash - text.data);
    bool good = parse_port(grille_bytes_of(text.data, first_len), &ports->first);
    ports->last = ports->first;
    if (good && dash != NULL) good = parse_port(grille_bytes_of(dash + 1, text.len - first_len - 1), &ports->last);
    if (good && ports->first <= ports->last) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                            "a port is not a number, or a range as 8000-8010, from 0 to 4294967294");
}

static bool is_name_byte(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_' || byte == '.';
}

grille_reason grille_allow_value_name(const grille_yaml *yaml, const yaml_node_t *node,
                                      char name[GRILLE_LIMIT_ALLOW_NAME_BYTES + 1]) {
    grille_bytes text;
    grille_reason reason =
        grille_policy_read_label(yaml, node, "the name of a set", GRILLE_LIMIT_ALLOW_NAME_BYTES, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    for (size_t i = 0; i < text.len; i++) {
        if (is_name_byte(text.data[i])) continue;
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                                "the name of a set has a character that is no letter, digit, '-', '_' or '.'");
    }
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    return GRILLE_REASON_OK;
}
