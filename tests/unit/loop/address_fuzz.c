/* SPDX-License-Identifier: Apache-2.0
 * grille_address_parse, grille_address_format: what is read is written as text that reads the same. So are networks of
 * the relay's allow-list. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "loop/address.h"
#include "relay/allow_sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_network(grille_bytes input) {
    relay_rule rule = {0}, again = {0};
    char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
    if (relay_network_parse(input, &rule) != NULL) return;
    if (rule.prefix_bits > (rule.ipv6 ? 128U : 32U)) abort();
    if (inet_ntop(rule.ipv6 ? AF_INET6 : AF_INET, rule.ip, ip, sizeof ip) == NULL) abort();
    (void)snprintf(text, sizeof text, "%s/%u", ip, rule.prefix_bits);
    if (relay_network_parse(grille_bytes_of_text(text), &again) != NULL) abort();
    if (again.ipv6 != rule.ipv6 || again.prefix_bits != rule.prefix_bits) abort();
    if (memcmp(again.ip, rule.ip, sizeof rule.ip) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char input[1024], text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address address, again;
    grille_error error;
    if (size >= sizeof input) return 0;
    memcpy(input, data, size);
    input[size] = '\0';
    check_network(grille_bytes_of(data, size));
    if (grille_address_parse(input, &address, &error) != GRILLE_REASON_OK) {
        if (error.code == GRILLE_OK || error.text[0] == '\0') abort();
        return 0;
    }
    grille_address_format(&address, text);
    if (grille_address_parse(text, &again, &error) != GRILLE_REASON_OK) abort();
    if (again.kind != address.kind || again.port != address.port || again.cid != address.cid) abort();
    if (again.path_len != address.path_len || memcmp(again.path, address.path, address.path_len) != 0) abort();
    return 0;
}
