/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/der.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* X.690 8.1.3: 0x80 | n announces n length bytes; up to 4 are taken. */
enum { long_form = 0x80, length_bytes_most = 4 };

size_t grille_der_begin(grille_writer *writer, unsigned tag) {
    grille_write_u8(writer, (uint8_t)tag);
    grille_write_u8(writer, 0);
    return writer->len;
}

static size_t long_form_bytes(size_t len) {
    size_t count = 1;
    while (count < sizeof len && len >> (8 * count) != 0)
        count++;
    return count;
}

void grille_der_end(grille_writer *writer, size_t mark) {
    uint8_t *content;
    size_t len, extra;
    if (writer->failed != GRILLE_REASON_OK) return;
    content = writer->start + mark;
    len = writer->len - mark;
    if (len < long_form) {
        content[-1] = (uint8_t)len;
        return;
    }
    extra = long_form_bytes(len);
    if (grille_write_space(writer, extra) == NULL) return;
    memmove(content + extra, content, len);
    content[-1] = (uint8_t)(long_form | extra);
    for (size_t i = 0; i < extra; i++)
        content[i] = (uint8_t)(len >> (8 * (extra - 1 - i)));
}

void grille_der_write(grille_writer *writer, unsigned tag, grille_bytes content) {
    size_t mark = grille_der_begin(writer, tag);
    grille_write_bytes(writer, content);
    grille_der_end(writer, mark);
}

void grille_der_write_unsigned(grille_writer *writer, grille_bytes big_endian) {
    grille_reader digits = grille_reader_of(big_endian);
    size_t mark = grille_der_begin(writer, GRILLE_DER_INTEGER);
    while (digits.left > 0 && *digits.at == 0)
        (void)grille_read_u8(&digits);
    if (digits.left == 0 || (*digits.at & 0x80) != 0) grille_write_u8(writer, 0);
    grille_write_bytes(writer, grille_read_rest(&digits));
    grille_der_end(writer, mark);
}

void grille_der_write_small(grille_writer *writer, uint8_t value) {
    grille_der_write_unsigned(writer, grille_bytes_of(&value, 1));
}

void grille_der_write_true(grille_writer *writer) {
    static const uint8_t set = 0xff;
    grille_der_write(writer, GRILLE_DER_BOOLEAN, grille_bytes_of(&set, 1));
}

typedef struct calendar {
    int64_t year;
    int month, day, hour, minute, second;
} calendar;

static bool is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static calendar calendar_of(int64_t seconds) {
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = seconds / 86400;
    int rest = (int)(seconds % 86400);
    calendar date = {.year = 1970, .month = 1, .hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60};
    for (int64_t len; days >= (len = is_leap(date.year) ? 366 : 365); date.year++)
        days -= len;
    for (int len; days >= (len = month_days[date.month - 1] + (date.month == 2 && is_leap(date.year))); date.month++)
        days -= len;
    date.day = (int)days + 1;
    return date;
}

void grille_der_write_time(grille_writer *writer, grille_wall_ms time_ms) {
    static const grille_wall_ms end_of_9999_ms = 253402300800000;
    char text[32];
    calendar date;
    int len;
    bool utc;
    if (time_ms < 0 || time_ms >= end_of_9999_ms) {
        if (writer->failed == GRILLE_REASON_OK) writer->failed = GRILLE_REASON_BAD_ARGUMENT;
        return;
    }
    date = calendar_of(time_ms / 1000);
    utc = date.year < 2050;
    len = snprintf(text, sizeof text, utc ? "%02d%02d%02d%02d%02d%02dZ" : "%04d%02d%02d%02d%02d%02dZ",
                   (int)(utc ? date.year % 100 : date.year), date.month, date.day, date.hour, date.minute, date.second);
    grille_der_write(writer, utc ? GRILLE_DER_UTC_TIME : GRILLE_DER_GENERALIZED_TIME,
                     grille_bytes_of(text, (size_t)len));
}

grille_reason grille_der_finish(const grille_writer *writer, size_t *len) {
    grille_reason reason = grille_writer_end(writer);
    if (reason == GRILLE_REASON_OK) *len = writer->len;
    return reason;
}

unsigned grille_der_peek(const grille_reader *reader) {
    return reader->failed == GRILLE_REASON_OK && reader->left > 0 ? *reader->at : 0;
}

/* False for the indefinite form, a length that a shorter form could say, or one over 4 bytes. */
static bool read_length(grille_reader *reader, size_t *len) {
    uint8_t first = grille_read_u8(reader);
    size_t value = 0, count = first & 0x7fu;
    if (first < long_form) {
        *len = first;
        return true;
    }
    if (count == 0 || count > length_bytes_most) return false;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | grille_read_u8(reader);
    *len = value;
    return value >= long_form && long_form_bytes(value) == count;
}

grille_bytes grille_der_read(grille_reader *reader, unsigned tag, grille_reason reason) {
    grille_reader ahead = *reader;
    size_t len = 0;
    if (reader->failed == GRILLE_REASON_OK && grille_read_u8(&ahead) == tag && read_length(&ahead, &len) &&
        ahead.failed == GRILLE_REASON_OK && len <= ahead.left) {
        *reader = ahead;
        return grille_read_bytes(reader, len);
    }
    grille_reader_fail(reader, reason);
    return grille_bytes_of(NULL, 0);
}

grille_bytes grille_der_read_unsigned(grille_reader *reader, grille_reason reason) {
    grille_bytes content = grille_der_read(reader, GRILLE_DER_INTEGER, reason);
    grille_reader digits = grille_reader_of(content);
    uint8_t first;
    if (content.len < 2) {
        if (content.len == 0 || *content.data >= 0x80) grille_reader_fail(reader, reason);
        return reader->failed == GRILLE_REASON_OK ? content : grille_bytes_of(NULL, 0);
    }
    first = grille_read_u8(&digits);
    if (first >= 0x80 || (first == 0 && *digits.at < 0x80)) {
        grille_reader_fail(reader, reason);
        return grille_bytes_of(NULL, 0);
    }
    return first == 0 ? grille_read_rest(&digits) : content;
}

grille_bytes grille_der_read_bit_string(grille_reader *reader, grille_reason reason) {
    grille_reader bits = grille_reader_of(grille_der_read(reader, GRILLE_DER_BIT_STRING, reason));
    if (reader->failed == GRILLE_REASON_OK && (bits.left == 0 || grille_read_u8(&bits) != 0))
        grille_reader_fail(reader, reason);
    return reader->failed == GRILLE_REASON_OK ? grille_read_rest(&bits) : grille_bytes_of(NULL, 0);
}
