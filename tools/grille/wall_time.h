/* SPDX-License-Identifier: Apache-2.0
 * Times on the command line, and the clock. */
#ifndef GRILLE_TOOLS_WALL_TIME_H
#define GRILLE_TOOLS_WALL_TIME_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/bytes.h"

/* Reads RFC 3339 ("2027-01-31T12:00:00Z", with fractions, cut to milliseconds, and offsets), or decimal milliseconds
 * since 1970. False for anything else, dates that don't exist, leap seconds, and times before 1970 or after 9999. */
GRILLE_MUST_USE bool wall_time_parse(const char *text, grille_wall_ms *wall_ms);

/* Milliseconds since 1970, by this machine's clock. */
grille_wall_ms wall_time_now(void);

#endif
