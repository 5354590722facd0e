/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/calendar.h"

#include <inttypes.h>
#include <stdio.h>

#define DAY_SECONDS 86400

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool exists(const grille_civil *c) {
    if (c->year < 1950 || c->year > 9999 || c->month < 1 || c->month > 12) return false;
    if (c->day < 1 || c->day > days_in_month(c->year, c->month)) return false;
    return c->hour >= 0 && c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 59;
}

/* Leap days before the first of January of a year after 1 AD. */
static int64_t leap_days_before(int64_t year) {
    int64_t past = year - 1;
    return past / 4 - past / 100 + past / 400;
}

static int64_t days_since_1970(int year, int month, int day) {
    int64_t days = ((int64_t)year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days + day - 1;
}

bool grille_civil_to_wall_ms(const grille_civil *civil, grille_wall_ms *wall_ms) {
    int64_t seconds;
    if (!exists(civil)) return false;
    seconds = days_since_1970(civil->year, civil->month, civil->day) * DAY_SECONDS;
    seconds += civil->hour * 3600 + civil->minute * 60 + civil->second;
    *wall_ms = seconds * 1000;
    return true;
}

int grille_read_decimal(grille_reader *reader, size_t digits) {
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t digit = grille_read_u8(reader);
        if (digit < '0' || digit > '9') grille_reader_fail(reader, GRILLE_REASON_BAD_ARGUMENT);
        value = reader->failed ? 0 : value * 10 + (digit - '0');
    }
    return value;
}

static void read_literal(grille_reader *reader, char expected) {
    if (grille_read_u8(reader) != (uint8_t)expected) grille_reader_fail(reader, GRILLE_REASON_BAD_ARGUMENT);
}

bool grille_civil_parse_rfc3339(grille_bytes text, grille_wall_ms *wall_ms) {
    grille_reader reader = grille_reader_of(text);
    grille_civil civil;
    civil.year = grille_read_decimal(&reader, 4);
    read_literal(&reader, '-');
    civil.month = grille_read_decimal(&reader, 2);
    read_literal(&reader, '-');
    civil.day = grille_read_decimal(&reader, 2);
    read_literal(&reader, 'T');
    civil.hour = grille_read_decimal(&reader, 2);
    read_literal(&reader, ':');
    civil.minute = grille_read_decimal(&reader, 2);
    read_literal(&reader, ':');
    civil.second = grille_read_decimal(&reader, 2);
    read_literal(&reader, 'Z');
    return grille_reader_end(&reader) == GRILLE_REASON_OK && grille_civil_to_wall_ms(&civil, wall_ms);
}

grille_civil_text grille_civil_format(grille_wall_ms wall_ms) {
    grille_civil_text out;
    int64_t seconds = wall_ms >= 0 ? wall_ms / 1000 : -1 - (-1 - wall_ms) / 1000;
    int64_t days = seconds >= 0 ? seconds / DAY_SECONDS : -1 - (-1 - seconds) / DAY_SECONDS;
    int64_t of_day = seconds - days * DAY_SECONDS;
    int year = 1970, month = 1;
    if (days < -700000 || days > 2932896) {
        (void)snprintf(out.text, sizeof out.text, "%" PRId64 " ms", wall_ms);
        return out;
    }
    year = (int)(1970 + days / 366);
    while (days_since_1970(year + 1, 1, 1) <= days)
        year++;
    while (days_since_1970(year, 1, 1) > days)
        year--;
    while (month < 12 && days_since_1970(year, month + 1, 1) <= days)
        month++;
    (void)snprintf(out.text, sizeof out.text, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month,
                   (int)(days - days_since_1970(year, month, 1)) + 1, (int)(of_day / 3600), (int)(of_day / 60 % 60),
                   (int)(of_day % 60));
    return out;
}
