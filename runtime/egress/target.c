/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/target.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

_Static_assert(GRILLE_EGRESS_TARGET_TEXT_BYTES >= GRILLE_ADDRESS_TEXT_BYTES, "an address fits");

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

static bool is_letter(uint8_t byte) {
    return lower(byte) >= 'a' && lower(byte) <= 'z';
}

bool grille_host_is_name(grille_bytes text) {
    bool letters = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ':') return false;
        letters |= is_letter(text.data[i]);
    }
    return letters;
}

/* ---- Names ---- */

/* As C writes numbers: what inet_aton(3) would read. */
static bool is_number(grille_bytes label) {
    if (label.len >= 2 && label.data[0] == '0' && lower(label.data[1]) == 'x') return true;
    for (size_t i = 0; i < label.len; i++) {
        if (!is_digit(label.data[i])) return false;
    }
    return true;
}

static const char *check_label(grille_bytes label) {
    if (label.len == 0) return "has an empty label: write the name without a dot at its ends";
    if (label.len > 63) return "has a label of more than 63 bytes";
    if (label.data[0] == '-' || label.data[label.len - 1] == '-') return "has a label with a hyphen at its end";
    for (size_t i = 0; i < label.len; i++) {
        const uint8_t byte = label.data[i];
        if (!is_letter(byte) && !is_digit(byte) && byte != '-') {
            return "is no host's name: write letters, digits, hyphens and dots, no pattern";
        }
    }
    return NULL;
}

const char *grille_host_name_read(grille_bytes text, char name[GRILLE_LIMIT_HOST_NAME_BYTES + 1]) {
    grille_bytes label = {NULL, 0};
    name[0] = '\0';
    if (text.len == 0) return "is empty";
    if (text.len > GRILLE_LIMIT_HOST_NAME_BYTES) return "has more than 253 bytes";
    for (size_t at = 0; at <= text.len;) {
        const uint8_t *dot = at == text.len ? NULL : memchr(text.data + at, '.', text.len - at);
        const size_t len = dot == NULL ? text.len - at : (size_t)(dot - text.data) - at;
        label = grille_bytes_of(text.data + at, len);
        const char *wrong = check_label(label);
        if (wrong != NULL) return wrong;
        at += len + 1;
    }
    if (is_number(label)) return "ends in a number, and is no address as 203.0.113.7 either";
    for (size_t i = 0; i < text.len; i++)
        name[i] = (char)lower(text.data[i]);
    name[text.len] = '\0';
    return NULL;
}

/* ---- Targets ---- */

static bool is_localhost(grille_bytes host) {
    static const char name[] = "localhost";
    if (host.len != strlen(name)) return false;
    for (size_t i = 0; i < host.len; i++) {
        if (lower(host.data[i]) != (uint8_t)name[i]) return false;
    }
    return true;
}

/* "1" to "65535". */
static bool parse_port(grille_bytes text, uint32_t *port) {
    uint32_t value = 0;
    if (text.len == 0 || text.len > 5 || text.data[0] == '0') return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i])) return false;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    *port = value;
    return value <= UINT16_MAX;
}

static grille_reason bad(grille_error *error, const char *text, const char *wrong) {
    return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS,
                            "address tcp:…: the host and port \"%.120s\" %s: write tcp:HOST:PORT, for example "
                            "tcp:kms.eu-central-1.amazonaws.com:443",
                            text, wrong);
}

grille_reason grille_egress_target_parse(const char *text, grille_egress_target *target, grille_error *error) {
    static const char scheme[] = "tcp:";
    grille_egress_target parsed = {.host = ""};
    const char *rest = text != NULL && strncmp(text, scheme, strlen(scheme)) == 0 ? text + strlen(scheme) : NULL;
    const char *colon = rest == NULL ? NULL : strrchr(rest, ':');
    const grille_bytes host = {(const uint8_t *)rest, colon == NULL ? 0 : (size_t)(colon - rest)};
    grille_reason reason = GRILLE_REASON_OK;
    if (is_localhost(host)) {
        char numeric[sizeof "tcp:localhost:65535" + 1];
        (void)snprintf(numeric, sizeof numeric, "tcp:localhost%s", colon);
        reason = grille_address_parse(numeric, &parsed.address, error);
    } else if (!grille_host_is_name(host)) {
        reason = grille_address_parse(text, &parsed.address, error);
    } else {
        const char *wrong = grille_host_name_read(host, parsed.host);
        parsed.address = (grille_address){.kind = GRILLE_ADDRESS_TCP, .fd = -1};
        if (wrong == NULL && !parse_port(grille_bytes_of_text(colon + 1), &parsed.address.port)) {
            wrong = "has no port from 1 to 65535";
        }
        if (wrong != NULL) reason = bad(error, rest, wrong);
    }
    if (reason == GRILLE_REASON_OK) *target = parsed;
    return reason;
}

grille_reason grille_egress_target_of(grille_bytes host, uint32_t port, grille_egress_target *target,
                                      grille_error *error) {
    char text[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    if (host.len == 0 || host.len > GRILLE_LIMIT_HOST_NAME_BYTES || memchr(host.data, 0, host.len) != NULL) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS,
                                "a host has %zu bytes or a zero byte, expected a name or an address of 1 to %d bytes",
                                host.len, GRILLE_LIMIT_HOST_NAME_BYTES);
    }
    if (port == 0 || port > UINT16_MAX) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_ADDRESS, "port %u is none of 1 to 65535", port);
    }
    const bool ipv6 = memchr(host.data, ':', host.len) != NULL;
    (void)snprintf(text, sizeof text, ipv6 ? "tcp:[%.*s]:%u" : "tcp:%.*s:%u", (int)host.len, (const char *)host.data,
                   port);
    return grille_egress_target_parse(text, target, error);
}

void grille_egress_target_format(const grille_egress_target *target, char text[GRILLE_EGRESS_TARGET_TEXT_BYTES]) {
    if (grille_egress_target_is_name(target)) {
        (void)snprintf(text, GRILLE_EGRESS_TARGET_TEXT_BYTES, "tcp:%s:%u", target->host, target->address.port);
    } else {
        grille_address_format(&target->address, text);
    }
}
