/* SPDX-License-Identifier: Apache-2.0
 * The simulated NSM behind the seam: its messages pass through the same encoding as the device's. */
#include "nsm/simulated.h"

#include "nsm/client.h"
#include "nsm/simulated_module.h"

static grille_reason exchange(void *channel, grille_bytes request, bool repeatable, uint8_t *response, size_t *len,
                              grille_error *error) {
    (void)repeatable;
    (void)error;
    *len = grille_nsm_simulated_module_process(channel, request, response);
    return GRILLE_REASON_OK;
}

static void close_module(void *channel) {
    grille_nsm_simulated_module_close(channel);
}

static const grille_nsm_channel_functions module_functions = {.exchange = exchange, .close = close_module};

grille_reason grille_nsm_open_simulated_insecure(const grille_nsm_simulated_options *options, grille_nsm **nsm,
                                                 grille_error *error) {
    grille_nsm_simulated_module *module = NULL;
    grille_reason reason = grille_nsm_simulated_module_open_insecure(options, &module, error);
    *nsm = NULL;
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_client_open("the simulated NSM", &module_functions, module, nsm, error);
    if (reason != GRILLE_REASON_OK) {
        grille_nsm_simulated_module_close(module);
        return reason;
    }
    return GRILLE_REASON_OK;
}

grille_bytes grille_nsm_simulated_root(grille_nsm *nsm) {
    return grille_nsm_simulated_module_root(grille_nsm_client_channel(nsm));
}
