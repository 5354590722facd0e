/* SPDX-License-Identifier: Apache-2.0
 * Writing enclave image files. */
#ifndef GRILLE_TOOLS_IMAGE_EIF_WRITE_H
#define GRILLE_TOOLS_IMAGE_EIF_WRITE_H

#include <stdio.h>

#include "image/eif.h"

/* Bytes of the whole file. */
size_t eif_bytes(const eif *image);

/* The header of these parts, with its CRC. `image` has at most EIF_SECTIONS_MAX sections. */
void eif_write_header(const eif *image, uint8_t header[EIF_HEADER_BYTES]);
void eif_write_section_header(const eif_section *section, uint8_t header[EIF_SECTION_HEADER_BYTES]);

/* Writes all of it; false with errno set. */
GRILLE_MUST_USE bool eif_write(const eif *image, FILE *file);

#endif
