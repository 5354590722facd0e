/* SPDX-License-Identifier: Apache-2.0
 * What the simulated NSM needs of its module beside simulated.h. */
#ifndef GRILLE_NSM_SIMULATED_MODULE_H
#define GRILLE_NSM_SIMULATED_MODULE_H

#include "nsm/simulated.h"

/* DER of the root certificate; lives as long as the module. */
grille_bytes grille_nsm_simulated_module_root(const grille_nsm_simulated_module *module);

#endif
