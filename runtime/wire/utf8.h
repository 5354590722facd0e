/* SPDX-License-Identifier: Apache-2.0
 * UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF, and no NUL because texts
 * become C strings. Pure functions, any thread. */
#ifndef GRILLE_WIRE_UTF8_H
#define GRILLE_WIRE_UTF8_H

#include <stdbool.h>

#include "grille/bytes.h"

bool grille_utf8_valid(grille_bytes text);

/* The longest valid prefix of at most `most_bytes` that ends between two characters. */
grille_bytes grille_utf8_cut(grille_bytes text, size_t most_bytes);

#endif
