/* SPDX-License-Identifier: Apache-2.0
 * IP addresses and networks in CIDR notation (RFC 4632 3.1, RFC 4291 2.3), strictly. */
#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "egress/allow_sets.h"

/* "0" to `most`, without leading zeros. */
static bool parse_prefix(grille_bytes text, unsigned most, unsigned *bits) {
    unsigned value = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0')) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    *bits = value;
    return value <= most;
}

static bool host_bits_are_zero(const grille_allow_rule *rule) {
    const unsigned bytes = rule->ipv6 ? 16 : 4;
    for (unsigned bit = rule->prefix_bits; bit < bytes * 8; bit++) {
        if ((rule->ip[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
}

static bool parse_ip(grille_bytes text, grille_allow_rule *rule) {
    char terminated[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof terminated || memchr(text.data, 0, text.len) != NULL) return false;
    memcpy(terminated, text.data, text.len);
    terminated[text.len] = '\0';
    rule->ipv6 = memchr(text.data, ':', text.len) != NULL;
    return inet_pton(rule->ipv6 ? AF_INET6 : AF_INET, terminated, rule->ip) == 1;
}

const char *grille_network_parse(grille_bytes text, grille_allow_rule *rule) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    const size_t ip_len = slash == NULL ? text.len : (size_t)(slash - text.data);
    if (!parse_ip(grille_bytes_of(text.data, ip_len), rule)) {
        return "is no IP address: write 10.0.0.7, 10.0.0.0/8, \"fd00::7\" or \"fd00::/8\"";
    }
    if (rule->ipv6 && memcmp(rule->ip, mapped, sizeof mapped) == 0) {
        return "is an IPv4 address inside IPv6: write it as IPv4, as peers on either kind of socket are compared";
    }
    const unsigned most = rule->ipv6 ? 128 : 32;
    rule->prefix_bits = most;
    if (slash != NULL && !parse_prefix(grille_bytes_of(slash + 1, text.len - ip_len - 1), most, &rule->prefix_bits)) {
        return rule->ipv6 ? "has no prefix from /0 to /128" : "has no prefix from /0 to /32";
    }
    if (!host_bits_are_zero(rule)) return "has bits set behind its prefix: write the network's first address";
    return NULL;
}
