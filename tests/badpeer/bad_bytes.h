/* SPDX-License-Identifier: Apache-2.0
 * Bytes that are not what a peer should say, by name. */
#ifndef GRILLE_TESTS_BADPEER_BAD_BYTES_H
#define GRILLE_TESTS_BADPEER_BAD_BYTES_H

#include "grille/bytes.h"

/* Static storage; asserts that the name is known. */
grille_bytes bad_bytes(const char *name);

#endif
