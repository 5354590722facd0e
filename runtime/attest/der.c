/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/der.h"

#include "attest/calendar.h"
#include "base/bytes.h"

#define REFUSED GRILLE_REASON_ATTEST_CERT_FORMAT

grille_bytes grille_der_take(grille_reader *reader, unsigned tag) {
    return grille_der_read(reader, tag, REFUSED);
}

grille_bytes grille_der_take_optional(grille_reader *reader, unsigned tag, bool *present) {
    *present = grille_der_peek(reader) == tag;
    return *present ? grille_der_take(reader, tag) : grille_bytes_of(NULL, 0);
}

grille_bytes grille_der_take_whole(grille_reader *reader, unsigned tag) {
    grille_reader start = *reader;
    (void)grille_der_take(reader, tag);
    return reader->failed ? grille_bytes_of(NULL, 0) : grille_bytes_of(start.at, start.left - reader->left);
}

unsigned grille_der_take_any(grille_reader *reader, grille_bytes *content) {
    unsigned tag = grille_der_peek(reader);
    bool long_form = (tag & 0x1fu) == 0x1fu;
    if (tag == 0 || long_form) grille_reader_fail(reader, REFUSED);
    *content = grille_der_take(reader, tag);
    return reader->failed ? 0 : tag;
}

bool grille_der_take_default_false(grille_reader *reader) {
    bool present;
    grille_bytes content = grille_der_take_optional(reader, GRILLE_DER_BOOLEAN, &present);
    if (!present) return false;
    if (content.len != 1 || content.data[0] != 0xff) grille_reader_fail(reader, REFUSED);
    return !reader->failed;
}

uint8_t grille_der_take_small(grille_reader *reader) {
    grille_bytes content = grille_der_read_unsigned(reader, REFUSED);
    if (content.len != 1) grille_reader_fail(reader, REFUSED);
    return reader->failed ? 0 : content.data[0];
}

grille_bytes grille_der_take_oid(grille_reader *reader) {
    grille_bytes oid = grille_der_take(reader, GRILLE_DER_OID);
    bool arc_begins = true;
    for (size_t i = 0; i < oid.len; i++) {
        if (arc_begins && oid.data[i] == 0x80) grille_reader_fail(reader, REFUSED);
        arc_begins = (oid.data[i] & 0x80u) == 0;
    }
    if (oid.len == 0 || !arc_begins) grille_reader_fail(reader, REFUSED);
    return oid;
}

uint8_t grille_der_take_named_bits(grille_reader *reader) {
    grille_reader content = grille_reader_of(grille_der_take(reader, GRILLE_DER_BIT_STRING));
    uint8_t unused = grille_read_u8(&content);
    uint8_t first = grille_read_u8(&content);
    uint8_t last = content.left > 0 ? grille_read_u8(&content) : first;
    bool lowest_used_bit_set = unused < 8 && (last >> unused & 1u) == 1;
    bool unused_bits_clear = unused < 8 && (last & ((1u << unused) - 1u)) == 0;
    if (!lowest_used_bit_set || !unused_bits_clear) grille_reader_fail(&content, REFUSED);
    grille_der_leave(&content, reader);
    return reader->failed ? 0 : first;
}

grille_wall_ms grille_der_take_time(grille_reader *reader) {
    bool general = grille_der_peek(reader) == GRILLE_DER_GENERALIZED_TIME;
    grille_reader text =
        grille_reader_of(grille_der_take(reader, general ? GRILLE_DER_GENERALIZED_TIME : GRILLE_DER_UTC_TIME));
    grille_wall_ms time_ms = 0;
    grille_civil civil;
    civil.year = grille_read_decimal(&text, general ? 4 : 2);
    if (!general) civil.year += civil.year < 50 ? 2000 : 1900;
    civil.month = grille_read_decimal(&text, 2);
    civil.day = grille_read_decimal(&text, 2);
    civil.hour = grille_read_decimal(&text, 2);
    civil.minute = grille_read_decimal(&text, 2);
    civil.second = grille_read_decimal(&text, 2);
    if (grille_read_u8(&text) != 'Z') grille_reader_fail(&text, REFUSED);
    if (general != (civil.year >= 2050)) grille_reader_fail(&text, REFUSED);
    grille_der_leave(&text, reader);
    if (!grille_civil_to_wall_ms(&civil, &time_ms)) grille_reader_fail(reader, REFUSED);
    return reader->failed ? 0 : time_ms;
}

void grille_der_leave(const grille_reader *inner, grille_reader *outer) {
    grille_reason reason = grille_reader_end(inner);
    if (reason == GRILLE_REASON_OK) return;
    if (reason == GRILLE_REASON_TRUNCATED || reason == GRILLE_REASON_TRAILING || reason == GRILLE_REASON_BAD_ARGUMENT) {
        reason = REFUSED;
    }
    grille_reader_fail(outer, reason);
}
