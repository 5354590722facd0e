/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/device.h"

grille_reason grille_nsm_open(const char *path, grille_nsm **nsm, grille_error *error) {
    return grille_nsm_open_device(path != NULL ? path : GRILLE_NSM_DEVICE_PATH, nsm, error);
}

bool grille_nsm_is_device(void) {
    return true;
}
