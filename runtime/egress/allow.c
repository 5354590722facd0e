/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/allow.h"

#include <stdlib.h>
#include <string.h>

#include "egress/allow_sets.h"

static bool network_has(const grille_allow_rule *rule, bool ipv6, const uint8_t *ip) {
    const unsigned whole = rule->prefix_bits / 8, rest = rule->prefix_bits % 8;
    if (rule->ipv6 != ipv6 || memcmp(rule->ip, ip, whole) != 0) return false;
    if (rest == 0) return true;
    const unsigned mask = 0xffU << (8 - rest) & 0xff;
    return (rule->ip[whole] & mask) == (ip[whole] & mask);
}

static bool rule_has_peer(const grille_allow_rule *rule, const grille_allow_peer *peer) {
    if (rule->of != peer->kind) return false;
    switch (rule->kind) {
    case GRILLE_ALLOW_NETWORK:
        return network_has(rule, peer->ipv6, peer->ip);
    case GRILLE_ALLOW_NUMBER:
        return rule->number == peer->number;
    case GRILLE_ALLOW_ANY:
        return true;
    case GRILLE_ALLOW_PARENT:
    case GRILLE_ALLOW_PATH:
    case GRILLE_ALLOW_NAME:
        break;
    }
    return false;
}

static bool rule_has_text(const grille_allow_rule *rule, const char *text, size_t len) {
    return rule->text_len == len && memcmp(rule->text, text, len) == 0;
}

static bool rule_has_address(const grille_allow_rule *rule, const grille_address *target) {
    if (rule->of != target->kind) return false;
    switch (rule->kind) {
    case GRILLE_ALLOW_NETWORK:
        return network_has(rule, target->ipv6, target->ip);
    case GRILLE_ALLOW_NUMBER:
        return target->cid_kind == GRILLE_VSOCK_CID_NUMBER && rule->number == target->cid;
    case GRILLE_ALLOW_PARENT:
        return target->cid_kind == GRILLE_VSOCK_CID_PARENT;
    case GRILLE_ALLOW_PATH:
        return rule_has_text(rule, target->path, target->path_len);
    case GRILLE_ALLOW_ANY:
    case GRILLE_ALLOW_NAME:
        break;
    }
    return false;
}

/* `host` NULL: the address itself. */
static bool rule_has(const grille_allow_rule *rule, const char *host, const grille_address *address) {
    if (host == NULL) return rule_has_address(rule, address);
    return rule->kind == GRILLE_ALLOW_NAME && rule_has_text(rule, host, strlen(host));
}

static bool set_has_port(const grille_allow_set *set, const grille_address *target) {
    if (target->kind == GRILLE_ADDRESS_UNIX || target->kind == GRILLE_ADDRESS_UNIX_ABSTRACT) return true;
    for (size_t i = 0; i < set->port_count; i++) {
        if (set->ports[i].first <= target->port && target->port <= set->ports[i].last) return true;
    }
    return false;
}

static bool set_has_target(const grille_allow_set *set, const char *host, const grille_address *address) {
    if (!set_has_port(set, address)) return false;
    for (size_t i = 0; i < set->rule_count; i++) {
        if (rule_has(&set->rules[i], host, address)) return true;
    }
    return false;
}

/* A bit for each set of targets that has this one. */
static uint64_t sets_of(const grille_allow *allow, const char *host, const grille_address *address) {
    uint64_t found = 0;
    for (size_t i = 0; i < allow->target_count; i++) {
        if (set_has_target(&allow->targets[i], host, address)) found |= UINT64_C(1) << i;
    }
    return found;
}

static uint64_t sets_of_target(const grille_allow *allow, const grille_egress_target *target) {
    return sets_of(allow, grille_egress_target_is_name(target) ? target->host : NULL, &target->address);
}

bool grille_allow_has_target(const grille_allow *allow, const grille_egress_target *target) {
    return sets_of_target(allow, target) != 0;
}

bool grille_allow_has_address(const grille_allow *allow, const grille_address *address) {
    return sets_of(allow, NULL, address) != 0;
}

bool grille_allow_takes_any_peer(const grille_allow *allow) {
    return allow->peer_count == 0;
}

static bool set_has_peer(const grille_allow_set *set, const grille_allow_peer *peer) {
    for (size_t i = 0; i < set->rule_count; i++) {
        if (rule_has_peer(&set->rules[i], peer)) return true;
    }
    return false;
}

bool grille_allow_passes(const grille_allow *allow, const grille_allow_peer *peer, const grille_egress_target *target,
                         const char **set) {
    const uint64_t targets = sets_of_target(allow, target);
    *set = NULL;
    if (allow->peer_count == 0) return targets != 0;
    for (size_t i = 0; i < allow->peer_count; i++) {
        if ((allow->peers[i].to & targets) == 0 || !set_has_peer(&allow->peers[i], peer)) continue;
        *set = allow->peers[i].name;
        return true;
    }
    return false;
}

static void free_set(grille_allow_set *set) {
    free(set->rules);
    free(set->ports);
}

void grille_allow_free(grille_allow *allow) {
    if (allow == NULL) return;
    for (size_t i = 0; i < GRILLE_LIMIT_ALLOW_SETS; i++) {
        free_set(&allow->peers[i]);
        free_set(&allow->targets[i]);
    }
    free(allow);
}
