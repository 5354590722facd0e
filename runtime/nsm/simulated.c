/* SPDX-License-Identifier: Apache-2.0
 * The simulated NSM behind the seam: its messages pass through the same encoding as the device's. */
#include "nsm/simulated.h"

#include "base/bytes.h"
#include "base/error.h"
#include "grille/log.h"
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

static void warn(const grille_crypto *crypto, grille_bytes root) {
    uint8_t digest[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1] = "?";
    if (crypto->hash(GRILLE_SHA256, &root, 1, digest) == GRILLE_REASON_OK)
        grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_NSM,
               "INSECURE: simulated NSM, its documents prove nothing about this machine; root certificate SHA-256 %s",
               hex);
}

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
    warn(grille_crypto_wolf(), grille_nsm_simulated_module_root(module));
    return GRILLE_REASON_OK;
}

grille_bytes grille_nsm_simulated_root(grille_nsm *nsm) {
    return grille_nsm_simulated_module_root(grille_nsm_client_channel(nsm));
}
