/* SPDX-License-Identifier: Apache-2.0
 * What an allow-list is made of; shared by who reads it and who asks it. */
#ifndef GRILLE_EGRESS_ALLOW_SETS_H
#define GRILLE_EGRESS_ALLOW_SETS_H

#include "egress/allow.h"
#include "wire/limits.h"

typedef enum grille_allow_rule_kind {
    GRILLE_ALLOW_NETWORK, /* TCP */
    GRILLE_ALLOW_NUMBER,  /* uid, CID */
    GRILLE_ALLOW_ANY,     /* any uid, any CID */
    GRILLE_ALLOW_PARENT,  /* vsock:parent */
    GRILLE_ALLOW_PATH,    /* unix, unix-abstract, hybrid, nitro */
    GRILLE_ALLOW_NAME     /* of TCP: a host */
} grille_allow_rule_kind;

typedef struct grille_allow_rule {
    grille_address_kind of;
    grille_allow_rule_kind kind;
    bool ipv6;
    uint8_t ip[16];
    unsigned prefix_bits;
    uint32_t number;
    char text[GRILLE_LIMIT_HOST_NAME_BYTES + 1]; /* PATH, NAME */
    size_t text_len;
} grille_allow_rule;

/* Both ends belong to it. */
typedef struct grille_allow_ports {
    uint32_t first;
    uint32_t last;
} grille_allow_ports;

typedef struct grille_allow_set {
    char name[GRILLE_LIMIT_ALLOW_NAME_BYTES + 1];
    grille_allow_rule *rules;
    size_t rule_count;
    grille_allow_ports *ports; /* of targets */
    size_t port_count;
    uint64_t to; /* of peers: bits of the target sets */
} grille_allow_set;

struct grille_allow {
    grille_allow_set peers[GRILLE_LIMIT_ALLOW_SETS];
    size_t peer_count;
    grille_allow_set targets[GRILLE_LIMIT_ALLOW_SETS];
    size_t target_count;
};

/* Reads "10.0.0.0/8", "10.0.0.7", "fd00::/8": pure. NULL, or what is wrong with it and what to write. */
const char *grille_network_parse(grille_bytes text, grille_allow_rule *rule);

#endif
