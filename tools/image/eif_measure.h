/* SPDX-License-Identifier: Apache-2.0
 * What Nitro measures of an image: PCR0 of kernel, command line and all ramdisks, PCR1 of the same up to the first
 * ramdisk, PCR2 of the other ramdisks, PCR8 of the signing certificate. Nothing marks where one part ends, so that
 * different parts can have the same measurement (a byte moved from the kernel's end to the command line): pin all
 * three. */
#ifndef GRILLE_TOOLS_IMAGE_EIF_MEASURE_H
#define GRILLE_TOOLS_IMAGE_EIF_MEASURE_H

#include <stdio.h>

#include "crypto/crypto.h"
#include "image/eif.h"
#include "nsm/nsm.h"

typedef struct eif_measurements {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES];
    uint8_t pcr1[GRILLE_NSM_PCR_BYTES];
    uint8_t pcr2[GRILLE_NSM_PCR_BYTES];
    bool is_signed;
    uint8_t pcr8[GRILLE_NSM_PCR_BYTES]; /* with is_signed */
} eif_measurements;

/* PCR0, 1 and 2; is_signed is set false. */
GRILLE_MUST_USE grille_reason eif_measure(const grille_crypto *crypto, const eif *image, eif_measurements *measured);

/* The lines of `"Measurements": {…}` as nitro-cli build-enclave prints them, indented by two, without an end of line.
 */
void eif_print_measurements(const eif_measurements *measured, FILE *out);

#endif
