/* SPDX-License-Identifier: Apache-2.0
 * A development root on disk. */
#ifndef GRILLE_NSM_SIMULATED_ROOT_H
#define GRILLE_NSM_SIMULATED_ROOT_H

#include "nsm/simulated_chain.h"

/* Loads what grille_sim_init_insecure wrote into a zeroed link. Refuses a key that others may read and a certificate of
 * another key. `path` of the open folder is for error texts. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_root_load(const grille_crypto *crypto, int folder, const char *path,
                                                             grille_nsm_simulated_link *root, grille_error *error);

#endif
