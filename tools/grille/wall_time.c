/* SPDX-License-Identifier: Apache-2.0 */
#include "wall_time.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "attest/calendar.h"
#include "attest/document.h"
#include "base/bytes.h"

enum { SECONDS_TEXT = 19 }; /* "2027-01-31T12:00:00" */

static bool parse_ms(const char *text, grille_wall_ms *wall_ms) {
    grille_wall_ms value = 0;
    for (; *text != '\0'; text++) {
        if (!isdigit((unsigned char)*text) || value > GRILLE_LATEST_WALL_MS) return false;
        value = value * 10 + (*text - '0');
    }
    *wall_ms = value;
    return true;
}

/* ".123456": milliseconds, further digits cut. */
static bool take_fraction(grille_reader *reader, grille_wall_ms *ms) {
    grille_wall_ms weight = 100;
    size_t digits = 0;
    *ms = 0;
    if (reader->left == 0 || *reader->at != '.') return true;
    (void)grille_read_u8(reader);
    for (; reader->left > 0 && isdigit(*reader->at); digits++) {
        *ms += (grille_read_u8(reader) - '0') * weight;
        weight /= 10;
    }
    return digits > 0;
}

/* "Z", or "+02:00" to the end: what to subtract. */
static bool take_offset(grille_reader *reader, grille_wall_ms *ms) {
    uint8_t sign = grille_read_u8(reader);
    int hours, minutes;
    *ms = 0;
    if (sign == 'Z' || sign == 'z') return reader->left == 0;
    if (sign != '+' && sign != '-') return false;
    hours = grille_read_decimal(reader, 2);
    if (grille_read_u8(reader) != ':') return false;
    minutes = grille_read_decimal(reader, 2);
    if (reader->failed != GRILLE_REASON_OK || reader->left != 0 || hours > 23 || minutes > 59) return false;
    *ms = ((grille_wall_ms)hours * 60 + minutes) * (sign == '-' ? -60000 : 60000);
    return true;
}

static bool parse_rfc3339(const char *text, grille_wall_ms *wall_ms) {
    grille_reader reader = grille_reader_of(grille_bytes_of_text(text));
    grille_bytes civil = grille_read_bytes(&reader, SECONDS_TEXT);
    char whole[SECONDS_TEXT + 2] = "";
    grille_wall_ms fraction_ms = 0, offset_ms = 0;
    if (civil.len != SECONDS_TEXT) return false;
    memcpy(whole, civil.data, civil.len);
    if (whole[10] == 't') whole[10] = 'T';
    whole[SECONDS_TEXT] = 'Z';
    if (!grille_civil_parse_rfc3339(grille_bytes_of_text(whole), wall_ms)) return false;
    if (!take_fraction(&reader, &fraction_ms) || !take_offset(&reader, &offset_ms)) return false;
    *wall_ms += fraction_ms - offset_ms;
    return true;
}

bool wall_time_parse(const char *text, grille_wall_ms *wall_ms) {
    bool only_digits = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    grille_wall_ms parsed = 0;
    if (!(only_digits ? parse_ms(text, &parsed) : parse_rfc3339(text, &parsed))) return false;
    if (parsed < 0 || parsed > GRILLE_LATEST_WALL_MS) return false;
    *wall_ms = parsed;
    return true;
}

grille_wall_ms wall_time_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (grille_wall_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
