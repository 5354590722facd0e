/* SPDX-License-Identifier: Apache-2.0
 * Flat messages (flat.h) in nanopb's structures: views, booleans and integers. */
#ifndef GRILLE_CODEC_NANOPB_FLAT_H
#define GRILLE_CODEC_NANOPB_FLAT_H

#include <pb.h>

#include "codec/flat.h"

/* Whether a message of this type may be flat, and the encoded one is. */
GRILLE_MUST_USE bool grille_nanopb_flat_scan(const pb_msgdesc_t *descriptor, grille_bytes encoded,
                                             grille_flat_scan *scan);

/* Stores what was scanned in a prepared structure, whose views then point into what was encoded. False: a field is not
 * plain, and `message` may hold a part of it. */
GRILLE_MUST_USE bool grille_nanopb_flat_store(const pb_msgdesc_t *descriptor, const grille_flat_scan *scan,
                                              void *message);

/* Encodes. False: it is not flat or not valid, or does not fit; then `out` may hold a part of it. */
GRILLE_MUST_USE bool grille_nanopb_flat_encode(const pb_msgdesc_t *descriptor, const void *message, grille_writer *out);

#endif
