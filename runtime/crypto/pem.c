/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include <string.h>

#include "base/bytes.h"
#include "base/writer.h"

enum { line_characters = 64, line_bytes = 48, line_most = 80 };

static const char *const labels[] = {
    [GRILLE_PEM_CERTIFICATE] = "CERTIFICATE",
    [GRILLE_PEM_PRIVATE_KEY] = "PRIVATE KEY",
    [GRILLE_PEM_EC_PRIVATE_KEY] = "EC PRIVATE KEY",
    [GRILLE_PEM_PUBLIC_KEY] = "PUBLIC KEY",
};
enum { label_count = sizeof labels / sizeof *labels };

static const char begin_text[] = "-----BEGIN ", end_text[] = "-----END ", dashes[] = "-----";

/* All ones when lower <= value <= upper, else 0; the arguments are below 256. */
static unsigned in_range(unsigned value, unsigned lower, unsigned upper) {
    return ~((value - lower) >> 8) & ~((upper - value) >> 8) & 0xffffffu;
}

/* Character of six bits, without a table that the cache would tell about. */
static uint8_t character_of(unsigned sextet) {
    return (uint8_t)((in_range(sextet, 0, 25) & (sextet + 'A')) | (in_range(sextet, 26, 51) & (sextet - 26 + 'a')) |
                     (in_range(sextet, 52, 61) & (sextet - 52 + '0')) | (in_range(sextet, 62, 62) & '+') |
                     (in_range(sextet, 63, 63) & '/'));
}

/* Six bits of a character, or 0x80 for one that is not in the alphabet. */
static unsigned sextet_of(unsigned character) {
    unsigned upper = in_range(character, 'A', 'Z'), lower = in_range(character, 'a', 'z');
    unsigned digit = in_range(character, '0', '9'), plus = in_range(character, '+', '+');
    unsigned slash = in_range(character, '/', '/');
    return (upper & (character - 'A')) | (lower & (character - 'a' + 26)) | (digit & (character - '0' + 52)) |
           (plus & 62) | (slash & 63) | (~(upper | lower | digit | plus | slash) & 0x80);
}

static void encode_line(grille_writer *text, grille_bytes bytes) {
    grille_reader left = grille_reader_of(bytes);
    while (left.left > 0) {
        size_t count = left.left < 3 ? left.left : 3;
        unsigned group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < count ? grille_read_u8(&left) : 0u);
        for (size_t i = 0; i < 4; i++)
            grille_write_u8(text, i <= count ? character_of(group >> (18 - 6 * i) & 63) : (uint8_t)'=');
    }
    grille_write_u8(text, '\n');
}

static void write_boundary(grille_writer *text, const char *start, grille_pem_label label) {
    grille_write_bytes(text, grille_bytes_of_text(start));
    grille_write_bytes(text, grille_bytes_of_text(labels[label]));
    grille_write_bytes(text, grille_bytes_of_text(dashes));
    grille_write_u8(text, '\n');
}

size_t grille_pem_len(grille_pem_label label, size_t der_len) {
    size_t boundary = 2 * (strlen(labels[label]) + strlen(dashes) + 1) + strlen(begin_text) + strlen(end_text);
    size_t lines = der_len / line_bytes + (der_len % line_bytes != 0);
    return boundary + (der_len / 3 + (der_len % 3 != 0)) * 4 + lines;
}

grille_reason grille_pem_write(grille_pem_label label, grille_bytes der, char *text, size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into((uint8_t *)text, capacity);
    grille_reader left = grille_reader_of(der);
    if ((unsigned)label >= label_count || der.len == 0) return GRILLE_REASON_BAD_ARGUMENT;
    write_boundary(&writer, begin_text, label);
    while (left.left > 0)
        encode_line(&writer, grille_read_bytes(&left, left.left < line_bytes ? left.left : line_bytes));
    write_boundary(&writer, end_text, label);
    if (grille_writer_end(&writer) == GRILLE_REASON_OK)
        *len = writer.len;
    else
        grille_wipe(text, capacity);
    return grille_writer_end(&writer);
}

/* Takes a line with its end and gives its characters without; an overlong line fails the reader. */
static grille_bytes read_line(grille_reader *text) {
    size_t len = 0, most = text->left < line_most ? text->left : line_most;
    grille_bytes line;
    while (len < most && text->at[len] != '\n')
        len++;
    if (len == line_most) grille_reader_fail(text, GRILLE_REASON_CRYPTO_BAD_PEM);
    line = grille_read_bytes(text, len);
    if (text->left > 0) (void)grille_read_u8(text);
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    return line;
}

bool grille_pem_more(grille_reader *text) {
    while (text->left > 0 && (*text->at == '\n' || *text->at == '\r'))
        (void)grille_read_u8(text);
    return text->left > 0;
}

static bool is_boundary(grille_bytes line, const char *start, grille_pem_label label) {
    uint8_t buffer[line_most];
    grille_writer wanted = grille_writer_into(buffer, sizeof buffer);
    write_boundary(&wanted, start, label);
    return grille_writer_end(&wanted) == GRILLE_REASON_OK &&
           grille_bytes_equal(line, grille_bytes_of(buffer, wanted.len - 1));
}

static bool read_begin(grille_reader *text, grille_pem_label *label) {
    grille_bytes line = read_line(text);
    for (unsigned i = 0; i < label_count; i++)
        if (is_boundary(line, begin_text, (grille_pem_label)i)) {
            *label = (grille_pem_label)i;
            return true;
        }
    return false;
}

/* How many '=' end the line: 0 to 2. Their number is public, it follows from the length. */
static size_t padding_of(grille_bytes line) {
    size_t count = 0;
    while (count < 2 && line.data[line.len - 1 - count] == '=')
        count++;
    return count;
}

/* Decodes one line; false for a foreign character or bits set after the last byte. */
static bool decode_line(grille_bytes line, grille_writer *der) {
    size_t padding = padding_of(line);
    unsigned bad = 0;
    for (size_t at = 0; at < line.len; at += 4) {
        size_t characters = at + 4 == line.len ? 4 - padding : 4;
        unsigned group = 0;
        for (size_t i = 0; i < 4; i++) {
            unsigned sextet = i < characters ? sextet_of(line.data[at + i]) : 0;
            bad |= sextet & 0x80;
            group = group << 6 | (sextet & 63);
        }
        for (size_t i = 0; i + 1 < characters; i++)
            grille_write_u8(der, (uint8_t)(group >> (16 - 8 * i)));
        if (characters < 4) bad |= group & (characters == 3 ? 0xffu : 0xffffu);
    }
    return bad == 0;
}

static grille_reason read_block(grille_reader *text, grille_pem_label *label, grille_writer *der) {
    bool last = false, any = false;
    if (!read_begin(text, label)) return GRILLE_REASON_CRYPTO_BAD_PEM;
    while (text->left > 0 && text->failed == GRILLE_REASON_OK) {
        grille_bytes line = read_line(text);
        if (any && is_boundary(line, end_text, *label)) return grille_writer_end(der);
        if (last || line.len == 0 || line.len > line_characters || line.len % 4 != 0) break;
        last = line.len < line_characters || padding_of(line) > 0;
        any = true;
        if (!decode_line(line, der)) break;
    }
    return GRILLE_REASON_CRYPTO_BAD_PEM;
}

grille_reason grille_pem_read(grille_reader *text, grille_pem_label *label, uint8_t *der, size_t capacity,
                              size_t *len) {
    grille_writer writer = grille_writer_into(der, capacity);
    grille_reason reason = read_block(text, label, &writer);
    if (reason == GRILLE_REASON_OK) {
        *len = writer.len;
        return GRILLE_REASON_OK;
    }
    grille_wipe(der, capacity);
    grille_reader_fail(text, reason);
    return reason;
}
