/* SPDX-License-Identifier: Apache-2.0
 * Samples as nanopb messages. */
#ifndef GRILLE_TESTS_GENERATED_EVERYTHING_NANO_H
#define GRILLE_TESTS_GENERATED_EVERYTHING_NANO_H

#include "matrix.h"
#include "tests/generated/matrix.grille-nano.h"

void everything_nano_fill(test_matrix_Everything *message, const sample *with);
bool everything_nano_is(const test_matrix_Everything *message, const sample *expected);
/* The sample that a message is, or NULL. */
const sample *everything_nano_find(const test_matrix_Everything *message);

#endif
