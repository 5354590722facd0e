/* SPDX-License-Identifier: Apache-2.0
 * Civil dates (proleptic Gregorian, UTC) and milliseconds since 1970: certificates, documents, policies. Pure. */
#ifndef GRILLE_ATTEST_CALENDAR_H
#define GRILLE_ATTEST_CALENDAR_H

#include "base/reader.h"
#include "base/time.h"

typedef struct grille_civil {
    int year, month, day, hour, minute, second;
} grille_civil;

/* False for a date that does not exist (leap seconds included) or outside the years 1950 to 9999. */
GRILLE_MUST_USE bool grille_civil_to_wall_ms(const grille_civil *civil, grille_wall_ms *wall_ms);

/* Reads `digits` decimal digits; fails the reader with BAD_ARGUMENT when there are others. */
int grille_read_decimal(grille_reader *reader, size_t digits);

/* Reads exactly "2027-01-31T12:00:00Z" (RFC 3339, UTC only, no fractions). */
GRILLE_MUST_USE bool grille_civil_parse_rfc3339(grille_bytes text, grille_wall_ms *wall_ms);

/* "2027-01-31T12:00:00Z" for messages, milliseconds cut; a time outside the years 0 to 9999 as milliseconds. */
#define GRILLE_CIVIL_TEXT_BYTES 32
typedef struct grille_civil_text {
    char text[GRILLE_CIVIL_TEXT_BYTES];
} grille_civil_text;
grille_civil_text grille_civil_format(grille_wall_ms wall_ms);

#endif
