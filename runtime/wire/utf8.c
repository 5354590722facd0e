/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

#include "base/bytes.h"
#include "base/reader.h"

/* RFC 3629, 4: bytes of the character that `lead` begins, and the range of its second byte; 0 for no lead byte. */
static size_t character_bytes(uint8_t lead, uint8_t *second_least, uint8_t *second_most) {
    *second_least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *second_most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead >= 0x01 && lead <= 0x7f) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

/* Moves past one character; false when what is left does not begin with a whole, valid one. */
static bool take_character(grille_reader *reader) {
    uint8_t least = 0;
    uint8_t most = 0;
    size_t len = character_bytes(grille_read_u8(reader), &least, &most);
    if (len == 0) return false;
    for (size_t i = 1; i < len; i++, least = 0x80, most = 0xbf) {
        uint8_t byte = grille_read_u8(reader);
        if (byte < least || byte > most) return false;
    }
    return true;
}

grille_bytes grille_utf8_cut(grille_bytes text, size_t most_bytes) {
    grille_reader reader = grille_reader_of(text);
    size_t len = 0;
    while (reader.left > 0 && take_character(&reader) && text.len - reader.left <= most_bytes) {
        len = text.len - reader.left;
    }
    return grille_bytes_of(text.data, len);
}

bool grille_utf8_valid(grille_bytes text) {
    return grille_utf8_cut(text, text.len).len == text.len;
}
