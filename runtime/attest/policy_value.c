/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_value.h"

#include <stdio.h>

#include "attest/calendar.h"
#include "base/bytes.h"
#include "wire/limits.h"

grille_reason grille_policy_read_hex(const grille_yaml *yaml, const yaml_node_t *node, const char *what, uint8_t *out,
                                     size_t len) {
    grille_bytes text;
    size_t decoded = 0;
    grille_reason reason = grille_yaml_text(yaml, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (text.len != 2 * len) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_LENGTH,
                                "%s has %zu characters, expected %zu hex digits", what, text.len, 2 * len);
    }
    if (!grille_hex_decode((const char *)text.data, text.len, out, len, &decoded)) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s has a character that is no hex digit",
                                what);
    }
    return GRILLE_REASON_OK;
}

grille_reason grille_policy_read_word(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                      const char *const *words, size_t count, size_t *out) {
    char list[128] = "";
    size_t used = 0;
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    for (size_t i = 0; i < count; i++) {
        int written = snprintf(&list[used], sizeof list - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += written < 0 || (size_t)written >= sizeof list - used ? 0 : (size_t)written;
        if (!grille_bytes_equal(text, grille_bytes_of_text(words[i]))) continue;
        *out = i;
        return GRILLE_REASON_OK;
    }
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is not one of: %s", what, list);
}

grille_reason grille_policy_read_bool(const grille_yaml *yaml, const yaml_node_t *node, const char *what, bool *out) {
    static const char *const words[] = {"false", "true"};
    size_t index = 0;
    grille_reason reason = grille_policy_read_word(yaml, node, what, words, 2, &index);
    *out = index == 1;
    return reason;
}

/* Digits from the front of `reader`: false when there are none, a leading zero, or 10^18 and more. */
static bool read_digits(grille_reader *reader, uint64_t *value) {
    size_t digits = 0;
    *value = 0;
    while (reader->left > 0) {
        grille_reader ahead = *reader;
        uint8_t digit = grille_read_u8(&ahead);
        if (digit < '0' || digit > '9') break;
        if (digits == 18 || (digits == 1 && *value == 0)) return false;
        *value = *value * 10 + (uint64_t)(digit - '0');
        digits++;
        *reader = ahead;
    }
    return digits > 0;
}

grille_reason grille_policy_read_unsigned(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                          uint64_t *out) {
    grille_bytes text;
    grille_reader reader;
    grille_reason reason = grille_yaml_text(yaml, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    reader = grille_reader_of(text);
    if (read_digits(&reader, out) && reader.left == 0) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is not a number of at most 18 decimal digits",
                            what);
}

static int64_t unit_ms(grille_bytes unit) {
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (grille_bytes_equal(unit, grille_bytes_of_text(units[i].name))) return units[i].ms;
    }
    return 0;
}

grille_reason grille_policy_read_duration(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                          int64_t least_ms, int64_t most_ms, int64_t *out_ms) {
    grille_bytes text;
    grille_reader reader;
    uint64_t value = 0;
    int64_t unit;
    grille_reason reason = grille_yaml_text(yaml, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    reader = grille_reader_of(text);
    unit = read_digits(&reader, &value) ? unit_ms(grille_read_rest(&reader)) : 0;
    if (unit == 0) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                                "%s is not a duration: write a number and ms, s, m, h or d, like 90s", what);
    }
    if (value > (uint64_t)(most_ms / unit)) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is longer than %lld s", what,
                                (long long)(most_ms / 1000));
    }
    if ((int64_t)value * unit < least_ms) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE, "%s is shorter than %lld ms", what,
                                (long long)least_ms);
    }
    *out_ms = (int64_t)value * unit;
    return GRILLE_REASON_OK;
}

grille_reason grille_policy_read_time(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                      grille_wall_ms *out_ms) {
    grille_bytes text;
    grille_reason reason = grille_yaml_text(yaml, node, what, &text);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_civil_parse_rfc3339(text, out_ms)) return GRILLE_REASON_OK;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                            "%s is not a time: write it in UTC, like 2027-01-31T12:00:00Z", what);
}

grille_reason grille_policy_read_label(const grille_yaml *yaml, const yaml_node_t *node, const char *what, size_t most,
                                       grille_bytes *out) {
    grille_reason reason = grille_yaml_text(yaml, node, what, out);
    if (reason != GRILLE_REASON_OK) return reason;
    if (out->len == 0 || out->len > most) {
        return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_LENGTH, "%s has %zu characters, expected 1 to %zu",
                                what, out->len, most);
    }
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] < 0x20 || out->data[i] > 0x7e) {
            return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_VALUE,
                                    "%s has a character that is not printable "
                                    "ASCII",
                                    what);
        }
    }
    return GRILLE_REASON_OK;
}

static bool is_name_byte(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Bytes of a name from the front, dots inside it as `dots` says; 0 when there is no name. */
static size_t take_name(grille_reader *reader, bool dots) {
    size_t taken = 0;
    bool after_dot = true;
    while (reader->left > 0) {
        grille_reader ahead = *reader;
        uint8_t byte = grille_read_u8(&ahead);
        bool dot = byte == '.' && dots && !after_dot;
        if (!dot && !is_name_byte(byte)) break;
        after_dot = dot;
        taken++;
        *reader = ahead;
    }
    return after_dot ? 0 : taken;
}

static bool is_method_pattern(grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    if (text.len > GRILLE_LIMIT_METHOD_NAME_BYTES) return false;
    if (grille_read_u8(&reader) != '/' || take_name(&reader, true) == 0 || grille_read_u8(&reader) != '/') return false;
    if (reader.left == 1 && *reader.at == '*') return true;
    return take_name(&reader, false) > 0 && reader.left == 0;
}

grille_reason grille_policy_read_method(const grille_yaml *yaml, const yaml_node_t *node, grille_bytes *out) {
    grille_reason reason = grille_yaml_text(yaml, node, "a method", out);
    if (reason != GRILLE_REASON_OK || is_method_pattern(*out)) return reason;
    return grille_yaml_fail(yaml, node, GRILLE_REASON_POLICY_METHOD,
                            "this is no method: write \"/package.Service/Method\", or \"/package.Service/*\" for all "
                            "of a service");
}
