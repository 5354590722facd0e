/* SPDX-License-Identifier: Apache-2.0
 * grille_address_parse, grille_address_format: what is read is written as text that reads the same. So are networks of
 * allow-lists, and targets with names. Then JSON: passing over a value finds the same end as reading it; and
 * nitro-cli's answer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "egress/allow_sets.h"
#include "loop/address.h"
#include "loop/nitro_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_network(grille_bytes input) {
    grille_allow_rule rule = {0}, again = {0};
    char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
    if (grille_network_parse(input, &rule) != NULL) return;
    if (rule.prefix_bits > (rule.ipv6 ? 128U : 32U)) abort();
    if (inet_ntop(rule.ipv6 ? AF_INET6 : AF_INET, rule.ip, ip, sizeof ip) == NULL) abort();
    (void)snprintf(text, sizeof text, "%s/%u", ip, rule.prefix_bits);
    if (grille_network_parse(grille_bytes_of_text(text), &again) != NULL) abort();
    if (again.ipv6 != rule.ipv6 || again.prefix_bits != rule.prefix_bits) abort();
    if (memcmp(again.ip, rule.ip, sizeof rule.ip) != 0) abort();
}

/* Also with localhost, which is read as an address, and names, which are read in lower case. */
static void check_target(const char *input) {
    char text[GRILLE_EGRESS_TARGET_TEXT_BYTES], second[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    grille_egress_target target, again;
    grille_error error;
    if (grille_egress_target_parse(input, &target, &error) != GRILLE_REASON_OK) {
        if (error.code == GRILLE_OK || error.text[0] == '\0') abort();
        return;
    }
    if (grille_egress_target_is_name(&target) && (target.address.port == 0 || target.address.port > UINT16_MAX))
        abort();
    if (target.address.kind == GRILLE_ADDRESS_TCP) (void)!grille_address_is_inside(&target.address);
    grille_egress_target_format(&target, text);
    if (grille_egress_target_parse(text, &again, &error) != GRILLE_REASON_OK) abort();
    grille_egress_target_format(&again, second);
    if (strcmp(text, second) != 0 || strcmp(target.host, again.host) != 0) abort();
}

static grille_json_kind read_all(grille_bytes input) {
    uint8_t room[1024];
    uint64_t number = 0;
    grille_json json = grille_json_of(input);
    grille_json_token token = grille_json_next(&json);
    for (size_t i = 0; token.kind != GRILLE_JSON_BAD && token.kind != GRILLE_JSON_END; i++) {
        grille_writer text = grille_writer_into(room, sizeof room);
        if (i > input.len) abort(); /* every token takes a byte */
        if (grille_json_text(token, &text) && text.len > token.raw.len) abort();
        (void)!grille_json_number(token, UINT64_MAX, &number);
        token = grille_json_next(&json);
    }
    return token.kind;
}

static void check_json(grille_bytes input) {
    uint32_t cid = 0;
    grille_error error;
    grille_json json = grille_json_of(input);
    const bool passed = grille_json_skip(&json, grille_json_next(&json));
    if ((passed && grille_json_next(&json).kind == GRILLE_JSON_END) != (read_all(input) == GRILLE_JSON_END)) abort();
    if (grille_nitro_answer_find(input, grille_bytes_of_text("app"), &cid, &error) == GRILLE_REASON_OK &&
        read_all(input) != GRILLE_JSON_END) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char input[1024], text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address address, again;
    grille_error error;
    if (size >= sizeof input) return 0;
    memcpy(input, data, size);
    input[size] = '\0';
    check_network(grille_bytes_of(data, size));
    check_json(grille_bytes_of(data, size));
    check_target(input);
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
