/* SPDX-License-Identifier: Apache-2.0
 * Settings from a folder, and into options. */
#include <string.h>

#include "base/bytes.h"
#include "nsm/simulated_folder.h"
#include "nsm/simulated_settings.h"

grille_reason grille_nsm_simulated_settings_load(int folder, const char *path, grille_nsm_simulated_settings *settings,
                                                 grille_error *error) {
    char text[GRILLE_NSM_SIMULATED_SETTINGS_BYTES];
    size_t len = 0;
    grille_reason reason = grille_nsm_simulated_file_read(folder, path, GRILLE_SIM_SETTINGS_FILE, S_IRWXG | S_IRWXO,
                                                          text, sizeof text, &len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_nsm_simulated_settings_read(grille_bytes_of(text, len), GRILLE_SIM_SETTINGS_FILE, settings, error);
}

static const char *set_or(const char *chosen, const char *setting) {
    return chosen != NULL || setting[0] == 0 ? chosen : setting;
}

void grille_nsm_simulated_settings_complete(const grille_nsm_simulated_settings *settings,
                                            grille_nsm_simulated_options *options) {
    options->region = set_or(options->region, settings->region);
    options->instance_id = set_or(options->instance_id, settings->instance_id);
    options->role_arn = set_or(options->role_arn, settings->role_arn);
    options->executable = set_or(options->executable, settings->executable);
    options->debug_mode = options->debug_mode || settings->debug_mode;
}

grille_reason grille_nsm_simulated_random_instance(const grille_crypto *crypto,
                                                   char id[GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES]) {
    uint8_t random[8];
    grille_reason reason = crypto->random(random, sizeof random);
    memcpy(id, "i-0", 3); /* of the 17 digits the first one is 0 on AWS too */
    if (reason == GRILLE_REASON_OK) grille_hex_encode(grille_bytes_of(random, sizeof random), id + 3);
    return reason;
}
