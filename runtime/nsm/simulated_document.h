/* SPDX-License-Identifier: Apache-2.0
 * Attestation documents as real NSMs write them since August 2025: an untagged COSE_Sign1 (RFC 9052) with ES384 over a
 * payload map of indefinite length. */
#ifndef GRILLE_NSM_SIMULATED_DOCUMENT_H
#define GRILLE_NSM_SIMULATED_DOCUMENT_H

#include "nsm/simulated_chain.h"
#include "nsm/simulated_pcrs.h"

/* Writes a document signed by the chain's leaf. PCRs 0 to 15 and the locked ones above are in it; a field without data
 * is null. NO_SPACE when it does not fit. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_document_write(const grille_nsm_simulated_chain *chain,
                                                                  const grille_nsm_simulated_pcrs *pcrs,
                                                                  const grille_nsm_request *fields,
                                                                  grille_wall_ms now_ms, uint8_t *out, size_t capacity,
                                                                  size_t *len);

#endif
