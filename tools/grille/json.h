/* SPDX-License-Identifier: Apache-2.0
 * Writing JSON (RFC 8259) on one line. */
#ifndef GRILLE_TOOLS_JSON_H
#define GRILLE_TOOLS_JSON_H

#include <stdio.h>

#include "grille/bytes.h"

/* A string: quoted, escaped; each byte that is no part of valid UTF-8 becomes U+FFFD. */
void json_quoted(FILE *out, grille_bytes text);
/* The same of a C string. */
void json_text(FILE *out, const char *text);
/* Lower-case hex as a string. */
void json_hex(FILE *out, grille_bytes bytes);
/* `null` for a view of no bytes, else as json_hex. */
void json_hex_or_null(FILE *out, grille_bytes bytes);

#endif
