/* SPDX-License-Identifier: Apache-2.0
 * Addresses that lead to inside. */
#include <string.h>

#include "egress/target.h"

typedef struct network {
    uint8_t bytes[4];
    unsigned bits;
} network;

static bool is_inside_ipv4(const uint8_t ip[4]) {
    static const network inside[] = {
        {{0}, 8},          /* this host on this network */
        {{10}, 8},         /* private */
        {{100, 64}, 10},   /* shared (RFC 6598) */
        {{127}, 8},        /* loopback */
        {{169, 254}, 16},  /* link-local: metadata services */
        {{172, 16}, 12},   /* private */
        {{192, 0, 0}, 24}, /* protocol assignments */
        {{192, 168}, 16},  /* private */
        {{198, 18}, 15},   /* benchmarks */
        {{224}, 4},        /* multicast */
        {{240}, 4},        /* reserved, broadcast */
    };
    const uint32_t value = (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        const uint8_t *net = inside[i].bytes;
        const uint32_t first = (uint32_t)net[0] << 24 | (uint32_t)net[1] << 16 | (uint32_t)net[2] << 8 | net[3];
        if ((value ^ first) >> (32 - inside[i].bits) == 0) return true;
    }
    return false;
}

/* Where IPv6 carries an IPv4 address: mapped and compatible (RFC 4291 2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056). */
static const uint8_t *ipv4_inside(const uint8_t ip[16]) {
    static const uint8_t zeros[12] = {0}, mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(ip, zeros, 12) == 0 || memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0) return ip + 12;
    return ip[0] == 0x20 && ip[1] == 0x02 ? ip + 2 : NULL;
}

/* Global unicast addresses begin with 001 (RFC 4291 2.4): what is outside of 2000::/3 is no way to the world, with
 * loopback, link-local fe80::/10, unique local fc00::/7 and multicast ff00::/8 among it; Teredo's 2001::/32 hides an
 * IPv4 address. */
static bool is_inside_ipv6(const uint8_t ip[16]) {
    static const uint8_t teredo[4] = {0x20, 0x01};
    const uint8_t *ipv4 = ipv4_inside(ip);
    if (ipv4 != NULL) return is_inside_ipv4(ipv4);
    return ip[0] >> 5 != 1 || memcmp(ip, teredo, sizeof teredo) == 0;
}

bool grille_address_is_inside(const grille_address *address) {
    return address->ipv6 ? is_inside_ipv6(address->ip) : is_inside_ipv4(address->ip);
}
