/* SPDX-License-Identifier: Apache-2.0
 * Pre-shared keys made to order. */
#ifndef GRILLE_TESTS_FORGE_PSK_H
#define GRILLE_TESTS_FORGE_PSK_H

#include "attest/psk.h"

/* The text of a key file; equal seeds give equal keys. Good until the next call but seven. */
const char *forge_psk_text(const char *id, const char *role, unsigned seed);

/* A file NAME in the test's folder with this text and mode 0600; its path is good until the next call but three. */
const char *forge_psk_file(const char *name, const char *text);

/* An identity of this text. */
grille_identity *forge_psk_identity(const char *text);

#endif
