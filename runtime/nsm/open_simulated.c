/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "nsm/simulated.h"

grille_reason grille_nsm_open(const char *path, grille_nsm **nsm, grille_error *error) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    *nsm = NULL;
    if (path == NULL) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "this program simulates its NSM and needs the folder of one; make it with "
                                "`grille sim init DIR` and give DIR as the NSM");
    }
    options.root_folder = path;
    return grille_nsm_open_simulated_insecure(&options, nsm, error);
}

bool grille_nsm_is_device(void) {
    return false;
}
