/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/header.h"

#include "base/reader.h"

static bool is_letter(uint8_t character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_word(uint8_t character) {
    return is_letter(character) || (character >= '0' && character <= '9') || character == '-' || character == '_';
}

static bool is_name(const char *name) {
    for (const char *at = name; *at != '\0'; at++)
        if (!is_word((uint8_t)*at) || *at == '_' || (*at >= 'A' && *at <= 'Z')) return false;
    return *name != '\0';
}

static bool is_value(grille_bytes value) {
    grille_reader reader = grille_reader_of(value);
    uint8_t before = ' ';
    if (value.len == 0) return true;
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if (character < ' ' || character > '~' || (character == ' ' && before == ' ')) return false;
        before = character;
    }
    return before != ' ';
}

bool grille_kms_header_valid(const grille_kms_header *header) {
    return is_name(header->name) && is_value(header->value);
}

bool grille_kms_word_valid(grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    while (reader.left > 0)
        if (!is_word(grille_read_u8(&reader))) return false;
    return text.len > 0;
}
