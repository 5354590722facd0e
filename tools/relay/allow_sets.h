/* SPDX-License-Identifier: Apache-2.0
 * What an allow-list is made of; shared by who reads it and who asks it. */
#ifndef GRILLE_TOOLS_RELAY_ALLOW_SETS_H
#define GRILLE_TOOLS_RELAY_ALLOW_SETS_H

#include "relay/allow.h"
#include "relay/limits.h"

typedef enum relay_rule_kind {
    RELAY_RULE_NETWORK, /* TCP */
    RELAY_RULE_NUMBER,  /* uid, CID */
    RELAY_RULE_ANY,     /* any uid, any CID */
    RELAY_RULE_PARENT,  /* vsock:parent */
    RELAY_RULE_PATH     /* unix, unix-abstract, hybrid */
} relay_rule_kind;

typedef struct relay_rule {
    grille_address_kind of;
    relay_rule_kind kind;
    bool ipv6;
    uint8_t ip[16];
    unsigned prefix_bits;
    uint32_t number;
    char path[GRILLE_ADDRESS_PATH_BYTES];
    size_t path_len;
} relay_rule;

/* Both ends belong to it. */
typedef struct relay_ports {
    uint32_t first;
    uint32_t last;
} relay_ports;

typedef struct relay_set {
    char name[RELAY_LIMIT_NAME_BYTES + 1];
    relay_rule *rules;
    size_t rule_count;
    relay_ports *ports; /* of targets */
    size_t port_count;
    uint64_t to; /* of peers: bits of the target sets */
} relay_set;

struct relay_allow {
    relay_set peers[RELAY_LIMIT_SETS];
    size_t peer_count;
    relay_set targets[RELAY_LIMIT_SETS];
    size_t target_count;
};

/* Reads "10.0.0.0/8", "10.0.0.7", "fd00::/8": pure. NULL, or what is wrong with it and what to write. */
const char *relay_network_parse(grille_bytes text, relay_rule *rule);

#endif
