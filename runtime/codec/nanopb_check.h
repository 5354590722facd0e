/* SPDX-License-Identifier: Apache-2.0
 * Is a nanopb structure fit to be encoded? */
#ifndef GRILLE_CODEC_NANOPB_CHECK_H
#define GRILLE_CODEC_NANOPB_CHECK_H

#include "grille/method.h"
#include "grille/reasons.h"

/* BAD_ARGUMENT with the number of the field for a count over its maximum, text without an end, a view that has a length
 * and no data. */
GRILLE_MUST_USE grille_reason grille_nanopb_check(const grille_message_type *type, const void *message,
                                                  grille_error *error);

#endif
