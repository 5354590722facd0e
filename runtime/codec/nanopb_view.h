/* SPDX-License-Identifier: Apache-2.0
 * Unbounded bytes and text in nanopb's structures: views of the encoded message (grille/bytes.h). */
#ifndef GRILLE_CODEC_NANOPB_VIEW_H
#define GRILLE_CODEC_NANOPB_VIEW_H

#include <pb_decode.h>

#include "grille/bytes.h"

/* A stream over an encoded message whose views may point into it; the bytes must outlive the decoded message. */
pb_istream_t grille_view_stream(grille_bytes encoded);

/* What nanopb calls for each view when it decodes and when it encodes; generated structures name it as their
 * callback_function. It accepts streams of grille_view_stream only: nanopb copies a value with a wrong wire type to its
 * stack and offers that. */
bool grille_view_field(pb_istream_t *input, pb_ostream_t *output, const pb_field_t *field);

/* Is this field of a structure such a view? */
bool grille_is_view(const pb_field_t *field);

#endif
