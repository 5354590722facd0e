/* SPDX-License-Identifier: Apache-2.0
 * What a build measured. */
#ifndef GRILLE_TOOLS_MEASUREMENTS_H
#define GRILLE_TOOLS_MEASUREMENTS_H

#include <stdbool.h>

#include "grille/identity.h"

typedef struct measurements {
    uint32_t mask; /* bit n: pcrs[n]; 0, 1, 2, and 8 of a signed image */
    uint8_t pcrs[GRILLE_PCR_COUNT][GRILLE_PCR_BYTES];
} measurements;

/* Reads what nitro-cli build-enclave (or grille_measure) prints, by the rules of a policy's `measurements`. An
 * attestation document is refused: pins come from the build, never from the peer that they are to judge. */
GRILLE_MUST_USE bool measurements_read(const char *path, measurements *measured, grille_error *error);

#endif
