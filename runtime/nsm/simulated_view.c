/* SPDX-License-Identifier: Apache-2.0
 * A folder as it would open, for people. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "grille/log.h"
#include "nsm/simulated_folder.h"
#include "nsm/simulated_pcrs.h"
#include "nsm/simulated_root.h"
#include "nsm/simulated_settings.h"

_Static_assert(sizeof((grille_sim_view *)NULL)->root == sizeof((grille_nsm_simulated_link *)NULL)->certificate,
               "a root fits the view");

static grille_reason look_at_pcrs(const grille_crypto *crypto, const grille_nsm_simulated_settings *settings,
                                  grille_sim_view *view, grille_error *error) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_pcrs pcrs;
    grille_reason reason;
    options.crypto = crypto;
    grille_nsm_simulated_settings_complete(settings, &options);
    reason = grille_nsm_simulated_pcrs_init(&pcrs, &options, settings->instance_id, error);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_pcrs_choose(&pcrs, settings->pcrs, settings->pcr_count, error);
    if (reason != GRILLE_REASON_OK) return reason;
    view->of_program = settings->executable[0] == 0 && !settings->debug_mode ? 1 << 0 | 1 << 1 : 0;
    for (size_t i = 0; i < settings->pcr_count; i++)
        view->of_program &= ~(UINT32_C(1) << settings->pcrs[i].index);
    for (size_t i = 0; i < GRILLE_NSM_PCR_COUNT; i++)
        if ((view->of_program >> i & 1) == 0) memcpy(view->pcrs[i], pcrs.values[i], GRILLE_NSM_PCR_BYTES);
    return GRILLE_REASON_OK;
}

static void copy_texts(const grille_nsm_simulated_settings *settings, grille_sim_view *view) {
    const char *region = settings->region[0] != 0 ? settings->region : GRILLE_NSM_SIMULATED_REGION;
    memcpy(view->region, region, strlen(region) + 1);
    memcpy(view->instance_id, settings->instance_id, sizeof settings->instance_id);
    memcpy(view->role_arn, settings->role_arn, sizeof settings->role_arn);
    memcpy(view->executable, settings->executable, sizeof settings->executable);
    view->debug_mode = settings->debug_mode;
}

grille_reason grille_sim_read_insecure(const char *folder, grille_sim_view *view, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_nsm_simulated_link root = {.key = NULL};
    grille_nsm_simulated_settings settings;
    int descriptor = -1;
    grille_reason reason;
    memset(view, 0, sizeof *view);
    grille_error_clear(error);
    reason = grille_nsm_simulated_folder_open(folder, &descriptor, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_nsm_simulated_root_load(crypto, descriptor, folder, &root, error);
    if (reason == GRILLE_REASON_OK) reason = grille_nsm_simulated_settings_load(descriptor, folder, &settings, error);
    if (reason == GRILLE_REASON_OK) reason = look_at_pcrs(crypto, &settings, view, error);
    if (reason == GRILLE_REASON_OK) {
        memcpy(view->root, root.certificate, root.certificate_len);
        view->root_len = root.certificate_len;
        copy_texts(&settings, view);
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_NSM, "INSECURE: %s is a simulated NSM; it proves nothing", folder);
    }
    if (root.key != NULL) crypto->key_free(root.key);
    (void)close(descriptor);
    return reason;
}
