/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/ber.h"

#include "base/bytes.h"

enum { long_form = 0x80, number_mask = 0x1f, length_bytes_most = 4 };

/* Identifier and length octets (X.690 8.1.2, 8.1.3). */
typedef struct header {
    unsigned tag;
    bool is_indefinite;
    size_t len;
} header;

static bool is_end_marker(const header *found) {
    return found->tag == 0 && !found->is_indefinite && found->len == 0;
}

static size_t long_form_bytes(size_t value) {
    size_t count = 1;
    while (value > 0xff) {
        value >>= 8;
        count++;
    }
    return count;
}

/* False for a tag of several bytes, a length that a shorter form could say, and one that says more than there is. */
static bool read_header(grille_reader *reader, header *found) {
    size_t value = 0, count;
    uint8_t first;
    found->tag = grille_read_u8(reader);
    first = grille_read_u8(reader);
    found->is_indefinite = first == long_form;
    if (reader->failed != GRILLE_REASON_OK || (found->tag & number_mask) == number_mask) return false;
    if (found->is_indefinite) return (found->tag & GRILLE_BER_CONSTRUCTED) != 0;
    if (first < long_form) {
        found->len = first;
        return found->len <= reader->left;
    }
    count = first & 0x7fu;
    if (count > length_bytes_most) return false;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | grille_read_u8(reader);
    found->len = value;
    return value >= long_form && long_form_bytes(value) == count && value <= reader->left;
}

/* The bytes up to the end marker, which is taken too. Elements of definite length are passed over whole. */
static bool read_indefinite(grille_reader *reader, grille_bytes *content) {
    const grille_reader start = *reader;
    unsigned depth = 1;
    for (;;) {
        const size_t left = reader->left;
        header next;
        if (!read_header(reader, &next)) return false;
        if (next.is_indefinite) {
            if (++depth > GRILLE_LIMIT_BER_DEPTH) return false;
        } else if (is_end_marker(&next)) {
            if (--depth > 0) continue;
            *content = grille_bytes_of(start.at, start.left - left);
            return true;
        } else if (next.tag == 0) {
            return false;
        } else {
            (void)grille_read_bytes(reader, next.len);
        }
    }
}

grille_bytes grille_ber_read(grille_reader *reader, unsigned tag, grille_reason reason) {
    grille_bytes content = grille_bytes_of(NULL, 0);
    grille_reader ahead = *reader;
    header found;
    if (reader->failed != GRILLE_REASON_OK) return content;
    if (!read_header(&ahead, &found) || found.tag != tag || tag == 0 ||
        (found.is_indefinite && !read_indefinite(&ahead, &content))) {
        grille_reader_fail(reader, reason);
        return grille_bytes_of(NULL, 0);
    }
    if (!found.is_indefinite) content = grille_read_bytes(&ahead, found.len);
    *reader = ahead;
    return content;
}

unsigned grille_ber_peek(const grille_reader *reader) {
    return reader->failed == GRILLE_REASON_OK && reader->left > 0 ? *reader->at : 0;
}

/* Opens the octet string that is next; its only segment, or one level more. */
static bool open_octets(grille_ber_octets *octets, grille_reader *reader, unsigned tag, grille_reason reason) {
    const unsigned constructed = tag | GRILLE_BER_CONSTRUCTED;
    if (grille_ber_peek(reader) != constructed) {
        octets->primitive = grille_ber_read(reader, tag, reason);
        octets->is_primitive = reader->failed == GRILLE_REASON_OK;
        return octets->is_primitive;
    }
    if (octets->depth == GRILLE_LIMIT_BER_DEPTH) return false;
    octets->levels[octets->depth] = grille_reader_of(grille_ber_read(reader, constructed, reason));
    octets->depth++;
    return reader->failed == GRILLE_REASON_OK;
}

grille_ber_octets grille_ber_read_octets(grille_reader *reader, unsigned tag, grille_reason reason) {
    grille_ber_octets octets = {.depth = 0};
    octets.bad = !open_octets(&octets, reader, tag, reason);
    return octets;
}

bool grille_ber_octets_next(grille_ber_octets *octets, grille_bytes *segment) {
    while (!octets->bad && !octets->is_primitive && octets->depth > 0) {
        grille_reader *level = &octets->levels[octets->depth - 1];
        if (level->left == 0)
            octets->depth--;
        else
            octets->bad = !open_octets(octets, level, GRILLE_BER_OCTET_STRING, GRILLE_REASON_KMS_MESSAGE);
    }
    if (octets->bad || !octets->is_primitive) return false;
    octets->is_primitive = false;
    *segment = octets->primitive;
    return true;
}
