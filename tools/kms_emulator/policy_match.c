/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_match.h"

static uint8_t folded(uint8_t byte, key_policy_case letters) {
    return letters == KEY_POLICY_IGNORE_CASE && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool continues_character(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at `at`; 0 at the end and inside a character. */
static size_t character_bytes(grille_bytes text, size_t at) {
    size_t end = at + 1;
    if (at >= text.len || continues_character(text.data[at])) return 0;
    while (end < text.len && continues_character(text.data[end]))
        end++;
    return end - at;
}

/* Bytes of text that one byte of the pattern, which is no run, takes; 0: it does not match. */
static size_t taken(uint8_t expected, grille_bytes text, size_t at, key_policy_case letters) {
    if (expected == KEY_POLICY_ANY_CHARACTER) return character_bytes(text, at);
    return at < text.len && folded(expected, letters) == folded(text.data[at], letters) ? 1 : 0;
}

/* A later run makes the earlier ones final: only the last needs to be tried with more. */
bool key_policy_match(grille_bytes pattern, grille_bytes text, key_policy_case letters) {
    size_t p = 0, t = 0, run = SIZE_MAX, run_end = 0;
    while (t < text.len || p < pattern.len) {
        if (p < pattern.len && pattern.data[p] == KEY_POLICY_ANY_RUN) {
            run = p++;
            run_end = t;
            continue;
        }
        const size_t step = p < pattern.len ? taken(pattern.data[p], text, t, letters) : 0;
        if (step > 0) {
            p++;
            t += step;
        } else if (run != SIZE_MAX && run_end < text.len) {
            p = run + 1;
            t = ++run_end;
        } else {
            return false;
        }
    }
    return true;
}

bool key_policy_equal(grille_bytes left, grille_bytes right, key_policy_case letters) {
    if (left.len != right.len) return false;
    for (size_t i = 0; i < left.len; i++) {
        if (folded(left.data[i], letters) != folded(right.data[i], letters)) return false;
    }
    return true;
}

void key_policy_make_pattern(uint8_t *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '*') text[i] = KEY_POLICY_ANY_RUN;
        if (text[i] == '?') text[i] = KEY_POLICY_ANY_CHARACTER;
    }
}
