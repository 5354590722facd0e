/* SPDX-License-Identifier: Apache-2.0
 * The PCRs that an enclave will have, computed from its files: the formulas of Nitro's own measurements, where a
 * register starts as 48 zeros and PCR0, 1, 2 and 8 hash first what they extend by. */
#ifndef GRILLE_NSM_MEASURE_H
#define GRILLE_NSM_MEASURE_H

#include "crypto/crypto.h"
#include "nsm/nsm.h"

/* SHA384(0^48 ‖ data): PCR3 of a role ARN, PCR4 of an instance id. */
GRILLE_MUST_USE grille_reason grille_measure_pcr(const grille_crypto *crypto, grille_bytes data,
                                                 uint8_t pcr[GRILLE_NSM_PCR_BYTES]);
/* SHA384(0^48 ‖ SHA384(data)): PCR0, 1, 2 of image parts, PCR8 of a signing certificate. */
GRILLE_MUST_USE grille_reason grille_measure_image(const grille_crypto *crypto, grille_bytes data,
                                                   uint8_t pcr[GRILLE_NSM_PCR_BYTES]);

/* What the simulated NSM says of an enclave program: PCR0 = PCR1 of the file's bytes, PCR2 that of an image with one
 * ramdisk, which is the measurement of nothing. SYSTEM when the file can't be read. */
GRILLE_MUST_USE grille_reason grille_measure_executable(const char *path, uint8_t pcr0[GRILLE_NSM_PCR_BYTES],
                                                        uint8_t pcr2[GRILLE_NSM_PCR_BYTES], grille_error *error);

#endif
