/* SPDX-License-Identifier: Apache-2.0
 * Bytes for decoder tests. */
#ifndef GRILLE_TESTS_SAMPLES_H
#define GRILLE_TESTS_SAMPLES_H

#include "base/writer.h"

/* Bytes from hex with spaces between; a wrong text fails the test. Each result stands in a heap block of exactly its
 * size, so that ASan sees any read past it. */
grille_bytes sample_hex(const char *hex);
/* A copy like that. */
grille_bytes sample_copy(grille_bytes bytes);
/* `count` times the byte `fill`. */
grille_bytes sample_fill(uint8_t fill, size_t count);
/* All of them one after the other; the list ends with NULL data and length 0. */
grille_bytes sample_join(const grille_bytes *parts, size_t count);

/* Frees every sample: a cmocka teardown. */
int samples_free(void **state);

#endif
