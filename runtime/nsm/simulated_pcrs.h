/* SPDX-License-Identifier: Apache-2.0
 * The PCRs of a simulated NSM. */
#ifndef GRILLE_NSM_SIMULATED_PCRS_H
#define GRILLE_NSM_SIMULATED_PCRS_H

#include "nsm/simulated.h"

/* Caller's storage. */
typedef struct grille_nsm_simulated_pcrs {
    uint8_t values[GRILLE_NSM_PCR_COUNT][GRILLE_NSM_PCR_BYTES];
    uint32_t locked; /* bit n: PCR n */
} grille_nsm_simulated_pcrs;

/* Measures what the options name, without the PCRs that they choose; PCR0 to 15 are locked. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_pcrs_init(grille_nsm_simulated_pcrs *pcrs,
                                                             const grille_nsm_simulated_options *options,
                                                             const char *instance_id, grille_error *error);

/* Values from the start, whatever was measured. BAD_ARGUMENT: no such PCR. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_pcrs_choose(grille_nsm_simulated_pcrs *pcrs,
                                                               const grille_nsm_simulated_pcr *chosen, size_t count,
                                                               grille_error *error);

/* NULL, or the NSM's name of the error: "InvalidIndex", "ReadOnlyIndex", "InternalError". */
const char *grille_nsm_simulated_pcrs_extend(grille_nsm_simulated_pcrs *pcrs, const grille_crypto *crypto,
                                             uint16_t index, grille_bytes data);
const char *grille_nsm_simulated_pcrs_lock(grille_nsm_simulated_pcrs *pcrs, uint16_t index);
/* Locks [0, range); what is locked already stays so. */
const char *grille_nsm_simulated_pcrs_lock_range(grille_nsm_simulated_pcrs *pcrs, uint16_t range);

#endif
