/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "base/bytes.h"
#include "base/reader.h"

/* Bytes that follow a first byte of UTF-8 (RFC 3629 4), -1 for a byte that begins nothing. */
static int continuation_of(uint8_t first) {
    if (first < 0x80) return 0;
    if (first >= 0xc2 && first <= 0xdf) return 1;
    if (first >= 0xe0 && first <= 0xef) return 2;
    if (first >= 0xf0 && first <= 0xf4) return 3;
    return -1;
}

/* No overlong forms, surrogates or values above U+10FFFF. */
static bool second_byte_fits(uint8_t first, uint8_t second) {
    uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= least && second <= most;
}

/* Takes one character of several bytes: its bytes, or an empty view and nothing taken. */
static grille_bytes take_character(grille_reader *reader, uint8_t first, int more) {
    grille_reader ahead = *reader;
    grille_bytes whole;
    if (more < 0 || reader->left < (size_t)more + 1) return grille_bytes_of(NULL, 0);
    whole = grille_read_bytes(&ahead, (size_t)more + 1);
    if (!second_byte_fits(first, whole.data[1])) return grille_bytes_of(NULL, 0);
    for (size_t i = 2; i < whole.len; i++) {
        if ((whole.data[i] & 0xc0) != 0x80) return grille_bytes_of(NULL, 0);
    }
    *reader = ahead;
    return whole;
}

void json_quoted(FILE *out, grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    (void)fputc('"', out);
    while (reader.left > 0) {
        uint8_t byte = *reader.at;
        if (byte >= 0x80) {
            grille_bytes character = take_character(&reader, byte, continuation_of(byte));
            if (character.len != 0) {
                (void)fwrite(character.data, 1, character.len, out);
                continue;
            }
            (void)fputs("\\ufffd", out);
        } else if (byte == '"' || byte == '\\') {
            (void)fprintf(out, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            (void)fprintf(out, "\\u%04x", byte);
        } else {
            (void)fputc(byte, out);
        }
        (void)grille_read_u8(&reader);
    }
    (void)fputc('"', out);
}

void json_text(FILE *out, const char *text) {
    json_quoted(out, grille_bytes_of_text(text));
}

void json_hex(FILE *out, grille_bytes bytes) {
    (void)fputc('"', out);
    for (size_t i = 0; i < bytes.len; i++)
        (void)fprintf(out, "%02x", bytes.data[i]);
    (void)fputc('"', out);
}

void json_hex_or_null(FILE *out, grille_bytes bytes) {
    if (bytes.len == 0) {
        (void)fputs("null", out);
    } else {
        json_hex(out, bytes);
    }
}
