/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/base64.h"

#include "base/bytes.h"
#include "base/reader.h"

void grille_base64_write(grille_writer *text, grille_bytes bytes) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    grille_reader input = grille_reader_of(bytes);
    if (grille_base64_len(bytes.len) > text->capacity - text->len) grille_writer_fail(text, GRILLE_REASON_NO_SPACE);
    while (text->failed == GRILLE_REASON_OK && input.left > 0) {
        const size_t count = input.left < 3 ? input.left : 3;
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < count ? grille_read_u8(&input) : 0);
        for (size_t i = 0; i < 4; i++)
            grille_write_u8(text, i <= count ? (uint8_t)alphabet[bits >> (18 - 6 * i) & 63] : '=');
    }
}

static int value_of(uint8_t character) {
    if (character >= 'A' && character <= 'Z') return character - 'A';
    if (character >= 'a' && character <= 'z') return character - 'a' + 26;
    if (character >= '0' && character <= '9') return character - '0' + 52;
    if (character == '+') return 62;
    if (character == '/') return 63;
    return -1;
}

/* How many bytes four characters stand for, 0 for none; padding only where the text ends. */
static size_t read_group(grille_reader *text, uint32_t *bits) {
    const grille_bytes group = grille_read_bytes(text, 4);
    size_t characters = group.len;
    if (characters == 4 && text->left == 0)
        while (characters > 2 && group.data[characters - 1] == '=')
            characters--;
    *bits = 0;
    for (size_t i = 0; i < 4; i++) {
        const int value = i < characters ? value_of(group.data[i]) : 0;
        if (value < 0) return 0;
        *bits = *bits << 6 | (uint32_t)value;
    }
    if (characters < 2) return 0;
    return (*bits & (UINT32_C(0xffffff) >> 8 * (characters - 1))) == 0 ? characters - 1 : 0;
}

grille_reason grille_base64_read(grille_bytes text, grille_writer *bytes) {
    const size_t before = bytes->len;
    grille_reader input = grille_reader_of(text);
    if (bytes->failed != GRILLE_REASON_OK) return bytes->failed;
    while (input.left > 0) {
        uint32_t bits = 0;
        const size_t count = read_group(&input, &bits);
        grille_reason reason = count == 0 ? GRILLE_REASON_KMS_BASE64 : GRILLE_REASON_OK;
        if (reason == GRILLE_REASON_OK && count > bytes->capacity - bytes->len) reason = GRILLE_REASON_NO_SPACE;
        if (reason != GRILLE_REASON_OK) {
            bytes->len = before;
            return reason;
        }
        for (size_t i = 0; i < count; i++)
            grille_write_u8(bytes, (uint8_t)(bits >> (16 - 8 * i)));
    }
    return GRILLE_REASON_OK;
}
