/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

bool grille_bytes_equal(grille_bytes left, grille_bytes right) {
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

/* Keeps the optimiser from ending a loop early once it knows the result. */
static uint8_t hidden(uint8_t value) {
    __asm__ __volatile__("" : "+r"(value));
    return value;
}

void grille_wipe(void *memory, size_t len) {
    if (len == 0) return;
    memset(memory, 0, len);
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

bool grille_bytes_equal_constant_time(grille_bytes left, grille_bytes right) {
    uint8_t difference = 0;
    if (left.len != right.len) return false;
    for (size_t i = 0; i < left.len; i++)
        difference = hidden(difference | (left.data[i] ^ right.data[i]));
    return difference == 0;
}

bool grille_bytes_all_zero(grille_bytes bytes) {
    uint8_t seen = 0;
    for (size_t i = 0; i < bytes.len; i++)
        seen = hidden(seen | bytes.data[i]);
    return seen == 0;
}

void grille_hex_encode(grille_bytes bytes, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.len] = '\0';
}

static int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

bool grille_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *len) {
    *len = 0;
    if (text_len % 2 != 0 || text_len / 2 > capacity) return false;
    for (size_t i = 0; i < text_len / 2; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *len = text_len / 2;
    return true;
}
