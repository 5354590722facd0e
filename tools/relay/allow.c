/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/allow.h"

#include <stdlib.h>
#include <string.h>

#include "relay/allow_sets.h"

static bool network_has(const relay_rule *rule, bool ipv6, const uint8_t *ip) {
    const unsigned whole = rule->prefix_bits / 8, rest = rule->prefix_bits % 8;
    if (rule->ipv6 != ipv6 || memcmp(rule->ip, ip, whole) != 0) return false;
    if (rest == 0) return true;
    const unsigned mask = 0xffU << (8 - rest) & 0xff;
    return (rule->ip[whole] & mask) == (ip[whole] & mask);
}

static bool rule_has_peer(const relay_rule *rule, const relay_peer *peer) {
    if (rule->of != peer->kind) return false;
    switch (rule->kind) {
    case RELAY_RULE_NETWORK:
        return network_has(rule, peer->ipv6, peer->ip);
    case RELAY_RULE_NUMBER:
        return rule->number == peer->number;
    case RELAY_RULE_ANY:
        return true;
    case RELAY_RULE_PARENT:
    case RELAY_RULE_PATH:
        break;
    }
    return false;
}

static bool rule_has_target(const relay_rule *rule, const grille_address *target) {
    if (rule->of != target->kind) return false;
    switch (rule->kind) {
    case RELAY_RULE_NETWORK:
        return network_has(rule, target->ipv6, target->ip);
    case RELAY_RULE_NUMBER:
        return target->cid_kind == GRILLE_VSOCK_CID_NUMBER && rule->number == target->cid;
    case RELAY_RULE_PARENT:
        return target->cid_kind == GRILLE_VSOCK_CID_PARENT;
    case RELAY_RULE_PATH:
        return rule->path_len == target->path_len && memcmp(rule->path, target->path, target->path_len) == 0;
    case RELAY_RULE_ANY:
        break;
    }
    return false;
}

static bool set_has_port(const relay_set *set, const grille_address *target) {
    if (target->kind == GRILLE_ADDRESS_UNIX || target->kind == GRILLE_ADDRESS_UNIX_ABSTRACT) return true;
    for (size_t i = 0; i < set->port_count; i++) {
        if (set->ports[i].first <= target->port && target->port <= set->ports[i].last) return true;
    }
    return false;
}

static bool set_has_target(const relay_set *set, const grille_address *target) {
    if (!set_has_port(set, target)) return false;
    for (size_t i = 0; i < set->rule_count; i++) {
        if (rule_has_target(&set->rules[i], target)) return true;
    }
    return false;
}

/* A bit for each set of targets that has this one. */
static uint64_t sets_of_target(const relay_allow *allow, const grille_address *target) {
    uint64_t found = 0;
    for (size_t i = 0; i < allow->target_count; i++) {
        if (set_has_target(&allow->targets[i], target)) found |= UINT64_C(1) << i;
    }
    return found;
}

bool relay_allow_has_target(const relay_allow *allow, const grille_address *target) {
    return sets_of_target(allow, target) != 0;
}

static bool set_has_peer(const relay_set *set, const relay_peer *peer) {
    for (size_t i = 0; i < set->rule_count; i++) {
        if (rule_has_peer(&set->rules[i], peer)) return true;
    }
    return false;
}

bool relay_allow_passes(const relay_allow *allow, const relay_peer *peer, const grille_address *target,
                        const char **set) {
    const uint64_t targets = sets_of_target(allow, target);
    for (size_t i = 0; i < allow->peer_count; i++) {
        if ((allow->peers[i].to & targets) == 0 || !set_has_peer(&allow->peers[i], peer)) continue;
        *set = allow->peers[i].name;
        return true;
    }
    return false;
}

static void free_set(relay_set *set) {
    free(set->rules);
    free(set->ports);
}

void relay_allow_free(relay_allow *allow) {
    if (allow == NULL) return;
    for (size_t i = 0; i < RELAY_LIMIT_SETS; i++) {
        free_set(&allow->peers[i]);
        free_set(&allow->targets[i]);
    }
    free(allow);
}
